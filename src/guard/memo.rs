//! What has the git that is running been told already?
//!
//! `git commit` runs pre-commit, prepare-commit-msg and post-commit, which ask the same three
//! times: may this index be committed, may it still, and is it what was committed? What the first
//! finds out it writes down, bound to the git that is running and to all that the answer depends
//! on; the others believe it while nothing of that differs, and need not even open the repository.
//! Anything that cannot be found out is no memory, and the question is asked again.
//!
//! | believed by          | while these are the same                                           |
//! |----------------------|--------------------------------------------------------------------|
//! | every hook           | the git that runs: where it looks for hooks, it decides once       |
//! | prepare-commit-msg   | HEAD, the index and MERGE_HEAD, down to the time of a file's change |
//! | post-commit          | the branch, the ledger, the base, the directory of our hooks; and the new commit has the tree that was accepted and HEAD of then as its only parent |

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use rustix::fs::OFlags;

use super::behind;
use super::hooks::HOOKS;
use super::index;
use super::own::Own;
use crate::git::{Glimpse, Id, stamp};
use crate::ledger;
use crate::workspace::Workspace;

/// The file in a worktree's admin directory.
const FILE: &str = "git-stream-accepted";
/// How many lines it has.
const LINES: usize = 6;

/// What the running git was told.
pub(super) struct Memo {
    glimpse: Glimpse,
    lines: [Vec<u8>; LINES],
    own: Own,
}

/// The lines, in their order.
enum Line {
    /// This version of ours, and the git that is running.
    Caller,
    /// The directory of the user's own hooks; empty where there is none.
    Own,
    /// The index that was judged, and what it was judged against.
    Asked,
    /// The branch; empty where no commit is foreseen.
    Branch,
    /// The commit that was foreseen: its parent and its tree.
    Foreseen,
    /// All else that the verdict on that commit depends on.
    Given,
}

impl Memo {
    /// What this git was told before.
    pub(super) fn recall() -> Option<Memo> {
        let glimpse = Glimpse::of_environment()?;
        let text = fs::read(glimpse.git_dir().join(FILE)).ok()?;
        let lines: Vec<Vec<u8>> = text.split_str("\n").map(<[u8]>::to_vec).collect();
        let lines = <[Vec<u8>; LINES]>::try_from(lines).ok()?;
        let own = lines[Line::Own as usize].as_slice();
        let own = (!own.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(own)));
        let own = Own::at(own, glimpse.private(HOOKS));
        let memo = Memo {
            glimpse,
            lines,
            own,
        };
        (memo.line(Line::Caller) == caller()?.as_bytes()).then_some(memo)
    }

    /// Where it runs the user's own hooks from.
    pub(super) fn own(&self) -> &Own {
        &self.own
    }

    /// Whether it asks about the very index that was accepted.
    pub(super) fn is_asked_again(&self) -> bool {
        asked(&self.glimpse).is_some_and(|asked| self.line(Line::Asked) == asked.as_bytes())
    }

    /// Whether it has made the very commit that was foreseen, where that would be accepted again.
    pub(super) fn came_true(&self) -> bool {
        self.is_as_foreseen() == Some(true)
    }

    fn is_as_foreseen(&self) -> Option<bool> {
        let branch = self.glimpse.head_branch()?;
        let given = self.line(Line::Given).to_str().ok()?;
        let base = given.split(' ').next()?;
        if self.line(Line::Branch) != branch.as_bytes() || given != given_now(&self.glimpse, base)?
        {
            return Some(false);
        }
        let made = self
            .glimpse
            .loose_commit(self.glimpse.loose_ref(&branch)?)?;
        let [parent] = made.parents.as_slice() else {
            return Some(false);
        };
        Some(self.line(Line::Foreseen) == foreseen(*parent, made.tree).as_bytes())
    }

    fn line(&self, line: Line) -> &[u8] {
        &self.lines[line as usize]
    }
}

/// A question that has not been answered yet. What it is about is looked at before it is answered:
/// what changes meanwhile is another question.
pub(super) struct Question {
    glimpse: Glimpse,
    caller: String,
    asked: String,
}

impl Question {
    /// What the running git asks, if that can be told.
    pub(super) fn of_environment() -> Option<Question> {
        let glimpse = Glimpse::of_environment()?;
        Some(Question {
            caller: caller()?,
            asked: asked(&glimpse)?,
            glimpse,
        })
    }

    /// Writes down that it may commit; `tree` is what it will commit, where that is certain. What
    /// cannot be written is asked again.
    pub(super) fn accept(self, workspace: &Workspace<'_>, own: &Own, tree: Option<Id>) {
        let own = own.directory();
        let own = own.map_or(&b""[..], |own| own.as_os_str().as_bytes());
        let foreseen = tree.and_then(|tree| self.foreseen(workspace, tree));
        let [branch, commit, given] = foreseen.unwrap_or_default();
        let asked = self.asked.as_bytes();
        let lines = [self.caller.as_bytes(), own, asked, branch.as_bytes()];
        let lines = [&lines[..], &[commit.as_bytes(), given.as_bytes()]].concat();
        if !lines.iter().any(|line| line.contains(&b'\n')) {
            let text = bstr::join("\n", lines);
            write(&self.glimpse.git_dir().join(FILE), &text).ok();
        }
    }

    /// The last three lines, where nothing would be told about the commit afterwards.
    fn foreseen(&self, workspace: &Workspace<'_>, tree: Id) -> Option<[String; 3]> {
        let stream = workspace.place.stream()?;
        let record = workspace.state.stream(stream)?;
        let is_quiet = record.tainted.is_none() && record.claim.as_ref()?.intent.is_none();
        let branch = self.glimpse.head_branch()?;
        if !is_quiet || branch != stream.branch_ref() {
            return None;
        }
        // What the base has got is looked at once, after the commit.
        if behind::last(workspace.repo) != Some(workspace.base.commit) {
            return None;
        }
        let commit = foreseen(self.glimpse.loose_ref(&branch)?, tree);
        let given = given_now(&self.glimpse, &workspace.base.full_name)?;
        Some([branch, commit, given])
    }
}

/// Half of it is no memory, and it is worth nothing after a crash: it is neither renamed into its
/// place nor flushed. A link that somebody has put there leads to a file that is not ours.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let no_link = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true);
    options.custom_flags(no_link).open(path)?.write_all(text)
}

/// What the running git commits onto, and the index as it lies there.
fn asked(glimpse: &Glimpse) -> Option<String> {
    let head = match glimpse.head_branch() {
        Some(branch) => glimpse.mark_of_ref(&branch)?,
        None => fs::read_to_string(glimpse.git_dir().join("HEAD")).ok()?,
    };
    let index = index::path_in(glimpse.git_dir())?;
    let about = stamp(&index)?;
    // A merge that was begun or given up meanwhile changes the parents.
    let merge = stamp(&glimpse.git_dir().join("MERGE_HEAD")).unwrap_or_default();
    let head = head.trim_end();
    Some(format!("{} {about} {head} {merge}", index.display()))
}

/// What stays the same while a commit that was accepted would be accepted again.
fn given_now(glimpse: &Glimpse, base: &str) -> Option<String> {
    let trusted = glimpse.mark_of_ref(base)?;
    let hooks = stamp(&glimpse.private(HOOKS))?;
    let mut given = format!("{base} {trusted} {hooks}");
    for name in ledger::REFS {
        given.push(' ');
        given.push_str(&glimpse.mark_of_ref(name)?);
    }
    Some(given)
}

fn foreseen(parent: Id, tree: Id) -> String {
    format!("{parent} {tree}")
}

/// This version, and the process that started it, which is git: the shell of the hook became this
/// program. Its number and when it started (proc(5)); a number alone may be given out again.
fn caller() -> Option<String> {
    let parent = rustix::process::getppid()?;
    let number = parent.as_raw_nonzero();
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let started = after_name.split_ascii_whitespace().nth(19)?;
    Some(format!("{} {number} {started}", env!("CARGO_PKG_VERSION")))
}
