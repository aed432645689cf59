//! Which untracked files does a new worktree need?
//!
//! Those that the plan's `worktrees.copy` names, and those that `.worktreeinclude` at the top of
//! the main worktree matches (a list in the syntax of `.gitignore`). A file that is there already
//! is left alone.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use bstr::{BString, ByteSlice as _};

use super::Error;
use crate::git::{self, Repo};
use crate::path;
use crate::pattern::Matcher;
use crate::workspace::Workspace;

/// The list that other worktree tools read, too.
const INCLUDE: &str = ".worktreeinclude";

/// Copies them; answers a sentence for each that could not be copied.
pub(super) fn copy(workspace: &Workspace<'_>, top: &Path) -> Result<Vec<String>, Error> {
    let Some(main) = workspace.repo.main_top() else {
        return Ok(Vec::new());
    };
    let mut notes = Vec::new();
    for file in wanted(workspace, main)? {
        let relative = Path::new(OsStr::from_bytes(&file));
        let (from, to) = (main.join(relative), top.join(relative));
        if to.symlink_metadata().is_ok() {
            continue;
        }
        if let Err(error) = copy_one(&from, &to) {
            notes.push(format!(
                "{} could not be copied: {error}",
                path::shown(file.as_bstr())
            ));
        }
    }
    Ok(notes)
}

/// Copies those that a worktree of ours lacks, or has in another version.
pub fn refresh(workspace: &Workspace<'_>, top: &Path) -> Result<(), Error> {
    let Some(main) = workspace.repo.main_top() else {
        return Ok(());
    };
    for file in wanted(workspace, main)? {
        let relative = Path::new(OsStr::from_bytes(&file));
        let (from, to) = (main.join(relative), top.join(relative));
        if fs::read(&from).ok() != fs::read(&to).ok() {
            // What a check has left there is nobody's.
            drop(fs::remove_file(&to));
            copy_one(&from, &to)?;
        }
    }
    Ok(())
}

/// The files to copy that exist, relative to the top.
pub(super) fn wanted(workspace: &Workspace<'_>, main: &Path) -> Result<Vec<BString>, Error> {
    let repo = workspace.repo;
    let patterns = &workspace.plan.worktrees.copy;
    let mut files = Vec::new();
    if !patterns.is_empty() {
        let literals: Option<Vec<&str>> = patterns
            .patterns()
            .iter()
            .map(|pattern| pattern.literal())
            .collect();
        match literals {
            Some(literals) => {
                let there = literals
                    .into_iter()
                    .filter(|file| main.join(file).is_file());
                files.extend(there.map(BString::from));
            }
            None => {
                let matcher = Matcher::of_set(patterns);
                let untracked = untracked(repo, main, &[])?;
                files.extend(
                    untracked
                        .into_iter()
                        .filter(|file| matcher.is_match(file.as_bstr())),
                );
            }
        }
    }
    if main.join(INCLUDE).is_file() {
        let list = format!("--exclude-from={INCLUDE}");
        files.extend(untracked(repo, main, &["--ignored", &list])?);
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn untracked(repo: &Repo, main: &Path, more: &[&str]) -> Result<Vec<BString>, Error> {
    let output = repo
        .call_in(main)
        .args(["ls-files", "-z", "--others"])
        .args(more)
        .run()?;
    let files = output
        .stdout
        .split_str("\0")
        .filter(|file| !file.is_empty());
    Ok(files.map(BString::from).collect())
}

fn copy_one(from: &Path, to: &Path) -> Result<(), git::Error> {
    if let Some(directory) = to.parent() {
        fs::create_dir_all(directory).map_err(git::Error::file("create", directory))?;
    }
    let kind = from
        .symlink_metadata()
        .map_err(git::Error::file("read", from))?;
    if kind.is_symlink() {
        let target = fs::read_link(from).map_err(git::Error::file("read", from))?;
        return std::os::unix::fs::symlink(target, to).map_err(git::Error::file("create", to));
    }
    fs::copy(from, to).map_err(git::Error::file("copy", from))?;
    Ok(())
}
