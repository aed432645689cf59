//! Are our hooks still in their place, and what becomes of the files of whoever took it?
//!
//! A hook manager asks git where hooks live and writes there. Run inside a stream's worktree, which
//! is where `npm install` runs it, that is our directory: lefthook and prek put their own file in
//! the place of ours, which they rename. Such a file gets a name beside ours, `NAME.theirs`, and
//! ours runs it where the user has no hook of that name. Then ours are written again.
//!
//! It is never moved among the user's own hooks. A sandbox that keeps an agent from writing
//! `.git/hooks` may let it write here; what it leaves here runs in the worktrees of streams, where
//! git would have run it anyway, and nowhere else. By its text it cannot be told from a manager's.
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
use crate::workspace::{MARKER, holding, is_probe};

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

/// What was wrong with the hooks, and is no more.
#[derive(Debug, Default)]
pub struct Mended {
    /// Those of ours that git would not have run.
    pub back: Vec<&'static str>,
    /// What others had put there, as it is called now.
    pub kept: Vec<PathBuf>,
}

/// Puts the hooks into their place again, and a pass-through for each that the user has by now.
/// Takes the lock only where there is something to do.
pub fn mend(repo: &Repo) -> Result<Mended, Error> {
    if !is_installed(repo) {
        return Ok(Mended::default());
    }
    let is_marked_again = mark_again(repo)?;
    if !is_marked_again && !hooks::are_stale(repo)? {
        return Ok(Mended::default());
    }
    let lock = Ledger::of(repo).lock()?;
    let back = changed(repo);
    let kept = put_aside(repo)?;
    hooks::install(repo, &lock)?;
    Ok(Mended { back, kept })
}

/// Marks the worktrees that the ledger knows as a stream's and that have lost their mark, as one
/// has that was removed and added again; whether there was any.
fn mark_again(repo: &Repo) -> Result<bool, Error> {
    // A ledger that cannot be read is for whoever needs it to complain about.
    let Ok(state) = Ledger::of(repo).read() else {
        return Ok(false);
    };
    let mut any = false;
    for linked in repo.linked_worktrees()? {
        let Some(stream) = holding(repo, &state, &linked.id) else {
            continue;
        };
        let mark = linked.git_dir.join(MARKER);
        let is_its = linked.branch == Some(stream.branch_ref()) && !linked.half_made;
        if is_its && !mark.exists() {
            git::replace_file(&mark, format!("{stream}\n").as_bytes(), 0o644)?;
            any = true;
        }
    }
    Ok(any)
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
    if !is_installed(repo) || is_probe(repo) || changed(repo).is_empty() {
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
        own::is_runnable(&path) && is_ours(&path) || hooks::is_left_out(repo, name)
    };
    let strict = outside::is_strict(repo).then_some(moves::NAME);
    let all = hooks::always().chain(strict);
    all.filter(|name| !is_fine(name)).collect()
}

/// Whether it is what managers write: something that can be executed, and says by what.
fn is_script(path: &Path) -> bool {
    own::is_runnable(path) && beginning(path).starts_with(b"#!")
}

/// The first bytes of a file, enough for two lines; none where it cannot be read.
pub(super) fn beginning(path: &Path) -> Vec<u8> {
    let mut begin = Vec::new();
    let file = fs::File::open(path);
    match file.and_then(|file| file.take(160).read_to_end(&mut begin)) {
        Ok(_) => begin,
        Err(_) => Vec::new(),
    }
}

/// Gives what others have put into our directory a name that git does not run, and removes what
/// they have made of ours (`pre-commit.old`, `pre-commit.legacy`). The new names.
pub(super) fn put_aside(repo: &Repo) -> Result<Vec<PathBuf>, Error> {
    let mut put_aside = Vec::new();
    for path in files(repo)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(KEPT) || name.starts_with('.') {
            continue;
        }
        match (is_ours(&path), hooks::is_name(&name)) {
            (true, false) => fs::remove_file(&path).map_err(git::Error::file("remove", &path))?,
            (false, _) if is_script(&path) => {
                let mut kept = path.as_os_str().to_owned();
                kept.push(KEPT);
                fs::rename(&path, &kept).map_err(git::Error::file("rename", &path))?;
                put_aside.push(kept.into());
            }
            // Ours; or what no manager has written, a damaged file, which is none of the user's.
            (true, true) | (false, _) => {}
        }
    }
    Ok(put_aside)
}

/// Removes our directory, but for what others have put there; that stays and is named.
pub(super) fn remove_all(repo: &Repo) -> Result<Vec<PathBuf>, Error> {
    put_aside(repo)?;
    let is_kept = |path: &PathBuf| path.to_string_lossy().ends_with(KEPT);
    let (kept, ours): (Vec<_>, Vec<_>) = files(repo)?.into_iter().partition(is_kept);
    for path in ours {
        fs::remove_file(&path).map_err(git::Error::file("remove", &path))?;
    }
    let directory = repo.private(HOOKS);
    if kept.is_empty() && directory.exists() {
        fs::remove_dir_all(&directory).map_err(git::Error::file("remove", &directory))?;
    }
    Ok(kept)
}

/// What another program had put in the place of this hook of our directory, and git would run.
pub(super) fn theirs(directory: &Path, name: &str) -> Option<PathBuf> {
    let path = directory.join(format!("{name}{KEPT}"));
    own::is_runnable(&path).then_some(path)
}

/// The files of our directory, by name; none where there is no such directory.
fn files(repo: &Repo) -> Result<Vec<PathBuf>, Error> {
    let directory = repo.private(HOOKS);
    if directory.is_symlink() {
        // Whoever made it one would have us move and write the files of another directory.
        fs::remove_file(&directory).map_err(git::Error::file("remove", &directory))?;
    }
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(git::Error::file("list", &directory))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(git::Error::file("list", &directory))?;
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
