//! What does git's merge machinery make of three trees?
//!
//! One `git merge-tree --stdin` process answers line by line, so that a whole chain of picks costs
//! one process. It reads and writes objects only: no index, no file of the worktree, no ref.
//! Attributes are those of a commit that is named, not those of the files that lie around.
//!
//! git before 2.49 flushes an answer only as far as its messages (`diff_warn_rename_limit` does
//! it), and not the NUL that ends it. So messages are always asked for, and the end of an answer
//! is read together with the beginning of the next one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout};

use bstr::{BString, ByteSlice as _};

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
pub struct Merges {
    child: Child,
    /// Whether the messages of the last answer are still to be read.
    has_more: bool,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Where it writes objects.
    place: PathBuf,
}

impl Repo {
    /// Begins a conversation. `directory` is where merge drivers of the user run; `attributes` is
    /// the commit whose `.gitattributes` count.
    ///
    /// Needs a git that [`super::Version::merges_trees`].
    pub fn merges(&self, directory: &Path, attributes: Id) -> Result<Merges, Error> {
        let mut child = self
            .call_in(directory)
            .arg(format!("--attr-source={attributes}"))
            .args(PICKING)
            .args(["merge-tree", "--write-tree", "--messages", "--stdin", "-z"])
            .converse()?;
        let questions = child.stdin.take();
        let answers = child.stdout.take().expect("a conversation has a pipe");
        Ok(Merges {
            child,
            has_more: false,
            questions,
            answers: BufReader::new(answers),
            place: self.common_dir().to_owned(),
        })
    }
}

impl Merges {
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
        if std::mem::replace(&mut self.has_more, false) {
            self.stages()?;
            self.messages()?;
        }
        let status = self.text()?;
        let tree = self.id()?;
        match status.as_str() {
            "1" => {
                self.has_more = true;
                Ok(Merged {
                    tree,
                    conflict: None,
                })
            }
            "0" => {
                // The end of the questions is what flushes the rest of the answer.
                self.questions = None;
                let (stages, messages) = (self.stages()?, self.messages()?);
                let conflict = Some(Conflict { stages, messages });
                Ok(Merged { tree, conflict })
            }
            other => Err(odd(other)),
        }
    }

    fn stages(&mut self) -> Result<Vec<Stage>, Error> {
        let mut stages = Vec::new();
        loop {
            let token = self.token()?;
            if token.is_empty() {
                return Ok(stages);
            }
            stages.push(stage(&token).ok_or_else(|| odd(&token.as_bstr().to_string()))?);
        }
    }

    fn messages(&mut self) -> Result<Vec<String>, Error> {
        let mut messages = Vec::new();
        loop {
            let count = self.text()?;
            if count.is_empty() {
                return Ok(messages);
            }
            let count: usize = count.parse().map_err(|_not_a_number| odd(&count))?;
            for _ in 0..count {
                self.token()?;
            }
            let kind = self.text()?;
            let message = self.text()?;
            // "Auto-merging" is said of paths without a conflict, too.
            if kind != "Auto-merging" {
                messages.push(message.trim_end().to_owned());
            }
        }
    }

    /// What stands before the next NUL.
    fn token(&mut self) -> Result<Vec<u8>, Error> {
        let mut token = Vec::new();
        let read = self.answers.read_until(0, &mut token);
        match read {
            Ok(_) if token.last() == Some(&0) => {
                token.pop();
                Ok(token)
            }
            Ok(_) | Err(_) => Err(self.died()),
        }
    }

    fn text(&mut self) -> Result<String, Error> {
        Ok(self.token()?.to_str_lossy().into_owned())
    }

    fn id(&mut self) -> Result<Id, Error> {
        let hex = self.token()?;
        Id::from_hex(&hex).map_err(|_no_id| odd(&hex.as_bstr().to_string()))
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

/// Reads `<mode> <object> <stage>\t<path>`: the form of `merge-tree` and of `ls-files --unmerged`.
pub(super) fn stage(token: &[u8]) -> Option<Stage> {
    let (about, path) = token.split_once_str("\t")?;
    let mut words = about.to_str().ok()?.split(' ');
    Some(Stage {
        mode: u32::from_str_radix(words.next()?, 8).ok()?,
        id: Id::from_hex(words.next()?.as_bytes()).ok()?,
        stage: words.next()?.parse().ok()?,
        path: path.into(),
    })
}

fn odd(answer: &str) -> Error {
    Error::Odd {
        command: SHOWN.to_owned(),
        answer: answer.chars().take(100).collect(),
    }
}
