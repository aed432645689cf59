//! What does git's merge machinery make of three trees?
//!
//! One `git merge-tree --stdin` process answers line by line, so that a whole chain of picks costs
//! one process. It reads and writes objects only: no index, no file of the worktree, no ref.
//! Attributes are those of a commit that is named, not those of the files that lie around.
//!
//! git before 2.49 flushes an answer only as far as its messages (`diff_warn_rename_limit` does
//! it), and not the NUL that ends it. So messages are always asked for, and the end of an answer
//! is read together with the beginning of the next one.

mod answer;
mod driver;
mod trial;

use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout};

use bstr::BString;

pub(super) use self::answer::stage;
use self::answer::{Answers, Broken};
pub use self::trial::Trial;
use super::{Error, Id, Repo, file};

/// The options of every pick: what `git rebase` does, except that a renamed directory does not
/// silently carry new files along, and that nobody's recorded resolution is used.
pub(super) const PICKING: [&str; 4] = [
    "-c",
    "merge.directoryRenames=false",
    "-c",
    "rerere.enabled=false",
];
const SHOWN: &str = "git merge-tree --write-tree --stdin";

/// What became of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The result; with conflict markers in its files where there is a conflict.
    pub tree: Id,
    /// What could not be decided, if anything.
    pub conflict: Option<Conflict>,
}

/// What a merge could not decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflict {
    /// What the index would hold at the paths in question.
    pub stages: Vec<Stage>,
    /// git's own words.
    pub messages: Vec<String>,
    /// What each of the words is about: `contents`, `modify/delete`, `rename/rename`, …
    pub kinds: Vec<String>,
}

/// One side of a path in conflict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stage {
    /// The path.
    pub path: BString,
    /// 1 is the common ancestor, 2 what is picked onto, 3 what is picked.
    pub stage: u8,
    /// git's mode.
    pub mode: u32,
    /// The blob.
    pub id: Id,
}

/// A conversation with `git merge-tree`, until it is dropped or a merge has met a conflict.
#[derive(Debug)]
pub struct Merges {
    child: Child,
    /// Whether the messages of the last answer are still to be read.
    has_more: bool,
    questions: Option<ChildStdin>,
    answers: Answers<BufReader<ChildStdout>>,
    /// Where it writes objects.
    place: PathBuf,
}

impl Repo {
    /// Begins a conversation. `directory` is where merge drivers of the user run; `attributes` is
    /// the commit or tree whose `.gitattributes` count.
    ///
    /// Needs a git that [`super::Version::merges_trees`].
    pub fn merges(&self, directory: &Path, attributes: Id) -> Result<Merges, Error> {
        let call = self.with_quiet_drivers(self.call_in(directory));
        let mut child = call
            .arg(format!("--attr-source={attributes}"))
            .args(PICKING)
            .args(["merge-tree", "--write-tree", "--messages", "--stdin", "-z"])
            .flushing()
            .converse()?;
        let questions = child.stdin.take();
        let answers = child.stdout.take().expect("a conversation has a pipe");
        Ok(Merges {
            child,
            has_more: false,
            questions,
            answers: Answers(BufReader::new(answers)),
            place: self.common_dir().to_owned(),
        })
    }
}

impl Merges {
    /// Whether no more can be asked, because a merge has met a conflict.
    pub fn is_over(&self) -> bool {
        self.questions.is_none()
    }

    /// Applies what happened between `base` and `theirs` to `ours`; all of them are trees.
    pub fn merge(&mut self, base: Id, ours: Id, theirs: Id) -> Result<Merged, Error> {
        let question = format!("{base} -- {ours} {theirs}\n");
        let asked = match &mut self.questions {
            Some(pipe) => pipe
                .write_all(question.as_bytes())
                .and_then(|()| pipe.flush()),
            None => Ok(()),
        };
        // A git that has died closed its end; its status says more than the broken pipe.
        if asked.is_err() {
            return Err(self.died());
        }
        let is_end = std::mem::replace(&mut self.has_more, false);
        match self.answer(is_end) {
            Ok(merged) => Ok(merged),
            Err(broken) => Err(self.told(broken)),
        }
    }

    fn answer(&mut self, is_end_of_another_one_left: bool) -> Result<Merged, Broken> {
        if is_end_of_another_one_left {
            self.answers.rest()?;
        }
        let (is_clean, tree) = self.answers.head()?;
        if is_clean {
            self.has_more = true;
            return Ok(Merged {
                tree,
                conflict: None,
            });
        }
        // The end of the questions is what flushes the rest of the answer.
        self.questions = None;
        let conflict = Some(self.answers.rest()?);
        Ok(Merged { tree, conflict })
    }

    fn told(&mut self, broken: Broken) -> Error {
        match broken {
            Broken::Ended => self.died(),
            Broken::Odd(error) => error,
        }
    }

    fn died(&mut self) -> Error {
        self.questions = None;
        let status = self.child.wait().ok().and_then(|status| status.code());
        Error::Failed {
            command: SHOWN.to_owned(),
            how: "ended before it had answered".to_owned(),
            status,
            stderr: String::new(),
            full: file::is_full(&self.place),
        }
    }
}

impl Drop for Merges {
    fn drop(&mut self) {
        // The end of the questions is what ends it.
        self.questions = None;
        drop(self.child.wait());
    }
}
