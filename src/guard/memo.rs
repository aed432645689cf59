//! Has this very index been judged already by the same git?
//!
//! `git commit` runs pre-commit and then prepare-commit-msg, and both ask the same question: the
//! second is there for commits that skip the first. What the first accepts it writes down, bound
//! to the git that is running and to the index file, down to the time of its last change; the
//! second believes it while nothing of that differs. Anything that cannot be found out is no
//! memory, and the question is asked again.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::index;
use crate::git::Repo;

/// The file in a worktree's admin directory.
const FILE: &str = "git-stream-accepted";

/// Whether this git has been told already that it may commit this index.
pub(super) fn is_accepted(repo: &Repo) -> bool {
    let told = fs::read_to_string(file(repo));
    told.is_ok_and(|told| key(repo).as_ref() == Some(&told))
}

/// Writes down that it may. What cannot be written is asked again.
#[expect(
    clippy::disallowed_methods,
    reason = "half a key is no key, and it is worth nothing after a crash: no rename, no fsync"
)]
pub(super) fn accept(repo: &Repo) {
    if let Some(key) = key(repo) {
        fs::write(file(repo), key).ok();
    }
}

fn file(repo: &Repo) -> PathBuf {
    repo.git_dir().join(FILE)
}

/// The running git, what it commits onto, and the index as it lies there.
fn key(repo: &Repo) -> Option<String> {
    let caller = caller()?;
    let head = repo.head().ok()??;
    let index = index::path(repo).ok()?;
    let about = stamp(&index)?;
    // A merge that was begun or given up meanwhile changes the parents.
    let merge = stamp(&repo.git_dir().join("MERGE_HEAD")).unwrap_or_default();
    Some(format!(
        "{}\n{caller}\n{head}\n{}\n{about}\n{merge}\n",
        env!("CARGO_PKG_VERSION"),
        index.display()
    ))
}

fn stamp(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    Some(format!(
        "{} {} {} {}.{:09} {}.{:09}",
        about.dev(),
        about.ino(),
        about.size(),
        about.mtime(),
        about.mtime_nsec(),
        about.ctime(),
        about.ctime_nsec()
    ))
}

/// The process that started this one, which is git: the shell of the hook became this program.
/// Its number and when it started (proc(5)); a number alone may be given out again.
fn caller() -> Option<String> {
    let parent = rustix::process::getppid()?;
    let number = parent.as_raw_nonzero();
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let started = after_name.split_ascii_whitespace().nth(19)?;
    Some(format!("{number} {started}"))
}
