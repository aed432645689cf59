//! Are our hooks still in their place, and what becomes of the files of whoever took it?
//!
//! A hook manager asks git where hooks live and writes there. Run inside a stream's worktree, which
//! is where `npm install` runs it, that is our directory: lefthook and prek put their own file in
//! the place of ours, which they rename. Such a file is moved to where it would have gone without
//! us, among the user's own hooks; from there ours runs it. Then ours are written again.
//!
//! # Limits
//!
//! Somebody must look: any hook of ours that still runs, and the commands that change something.
//! Between a manager's taking all of them and that look, only landing guards.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::hooks::{self, HOOKS, INCLUDED, is_ours};
use super::{Error, moves, outside, own};
use crate::git::{self, Linked, Repo};
use crate::ledger::Ledger;
use crate::workspace::MARKER;

/// The end of the name under which a file stays that has no other place.
const KEPT: &str = ".theirs";

/// Why git may pass by our hooks.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// These are gone, are somebody else's or cannot be executed.
    Changed(Vec<&'static str>),
    /// Our configuration is not included, or somebody's setting would come after it.
    NotIncluded,
    /// A worktree has a setting of its own, which counts more than ours.
    Overridden {
        /// The file that holds it.
        file: PathBuf,
    },
}

/// What is wrong with the hooks. Nothing, where they are not installed.
pub fn trouble(repo: &Repo) -> Result<Vec<Trouble>, git::Error> {
    if !is_installed(repo) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let changed = changed(repo);
    if !changed.is_empty() {
        found.push(Trouble::Changed(changed));
    }
    if !repo.includes_after(INCLUDED, "core")? {
        found.push(Trouble::NotIncluded);
    }
    for linked in repo.linked_worktrees()? {
        found.extend(overridden(repo, &linked)?);
    }
    Ok(found)
}

/// With `extensions.worktreeConfig` a worktree's own file is read after ours.
fn overridden(repo: &Repo, linked: &Linked) -> Result<Option<Trouble>, git::Error> {
    let file = linked.git_dir.join("config.worktree");
    let is_stream = linked.git_dir.join(MARKER).exists();
    if !is_stream || !file.exists() || repo.config_bool("extensions.worktreeConfig") != Some(true) {
        return Ok(None);
    }
    let sets = git::sets(&file, "core.hooksPath")?;
    Ok(sets.then_some(Trouble::Overridden { file }))
}

/// Puts the hooks into their place again, and a pass-through for each that the user has by now;
/// those of ours that git would not have run. Takes the lock only where there is something to do.
pub fn mend(repo: &Repo) -> Result<Vec<&'static str>, Error> {
    if !is_installed(repo) || !hooks::are_stale(repo)? {
        return Ok(Vec::new());
    }
    let lock = Ledger::of(repo).lock()?;
    let changed = changed(repo);
    hooks::install(repo, &lock)?;
    Ok(changed)
}

/// The same from inside a hook, by `git stream verify`, which says what it has done.
///
/// A hook that comes later in the same command of git is ours again by then: git looks for each
/// when its time has come. That this fails is no reason to judge differently.
#[expect(
    clippy::disallowed_methods,
    reason = "this is no git, but a program of ours, in the environment of this one"
)]
pub(super) fn have_mended(repo: &Repo) {
    if !is_installed(repo) || changed(repo).is_empty() {
        return;
    }
    if let Ok(program) = hooks::beside("git-stream-verify") {
        let mut command = Command::new(program);
        command.arg("--quiet").stdin(Stdio::null());
        drop(command.stdout(Stdio::null()).status());
    }
}

/// Whether the hooks are installed.
pub fn is_installed(repo: &Repo) -> bool {
    repo.common_dir().join(INCLUDED).exists()
}

/// The hooks of ours that git would not run as we wrote them.
fn changed(repo: &Repo) -> Vec<&'static str> {
    let directory = repo.private(HOOKS);
    let is_fine = |name: &&str| {
        let path = directory.join(name);
        own::is_runnable(&path) && is_ours(&path)
    };
    let strict = outside::is_strict(repo).then_some(moves::NAME);
    let all = hooks::always().chain(strict);
    all.filter(|name| !is_fine(name)).collect()
}

/// Whether it is what managers write: something that can be executed, and says by what.
fn is_script(path: &Path) -> bool {
    own::is_runnable(path) && beginning(path).starts_with(b"#!")
}

/// The first bytes of a file; none where it cannot be read.
pub(super) fn beginning(path: &Path) -> Vec<u8> {
    let mut begin = Vec::new();
    let file = fs::File::open(path);
    match file.and_then(|file| file.take(64).read_to_end(&mut begin)) {
        Ok(_) => begin,
        Err(_) => Vec::new(),
    }
}

/// Moves what others have put into our directory to where it belongs, and removes what they have
/// made of ours (`pre-commit.old`, `pre-commit.legacy`).
///
/// What cannot be moved, since there is another file or the directory may not be written, stays
/// under another name, which git does not run.
pub(super) fn hand_over(repo: &Repo) -> Result<(), Error> {
    let directory = repo.private(HOOKS);
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(git::Error::file("list", &directory))?,
    };
    let home = own::home(repo)?;
    for entry in entries {
        let entry = entry.map_err(git::Error::file("list", &directory))?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !(is_file || is_ours(&path)) || name.ends_with(KEPT) || name.starts_with('.') {
            continue;
        }
        match (is_ours(&path), hooks::is_name(&name)) {
            (true, false) => fs::remove_file(&path).map_err(git::Error::file("remove", &path))?,
            (false, _) if is_script(&path) => give_home(&path, &home.join(entry.file_name()))?,
            // Ours; or what no manager has written, a damaged file, which is none of the user's.
            (true, true) | (false, _) => {}
        }
    }
    Ok(())
}

fn give_home(path: &Path, home: &Path) -> Result<(), Error> {
    // One of ours that stands there gives way, as it would have to the manager itself.
    let is_there = fs::symlink_metadata(home).is_ok() && !is_ours(home);
    let is_same =
        fs::read(home).is_ok_and(|theirs| fs::read(path).is_ok_and(|this| this == theirs));
    if is_same {
        return Ok(fs::remove_file(path).map_err(git::Error::file("remove", path))?);
    }
    let made = home.parent().map(fs::create_dir_all);
    let moved =
        !is_there && made.is_some_and(|made| made.is_ok()) && fs::rename(path, home).is_ok();
    if moved {
        return Ok(());
    }
    let mut kept = path.as_os_str().to_owned();
    kept.push(KEPT);
    Ok(fs::rename(path, &kept).map_err(git::Error::file("rename", path))?)
}
