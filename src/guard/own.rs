//! Where are the user's own hooks, which the hooks of a stream's worktree hide?
//!
//! `core.hooksPath` as the shared git directory sees it, where our own setting does not apply;
//! looked up each time, since hook managers change it. A relative value counts from the worktree's
//! top, as in git; where it names no directory there, from the main checkout's: managers put what
//! they generate there and tell git to ignore it, so a new worktree lacks it.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::fs::{Access, access};

use super::hooks::{HOOKS, WORKTREE_CONFIG};
use super::{Error, hooks, intact};
use crate::git::Repo;
use crate::workspace::is_probe;

/// Where the user's own hooks are, as far as a worktree runs them.
pub(super) struct Own {
    /// Where git would look for them.
    directory: Option<PathBuf>,
    /// Where ours are, and what hook managers had put in their place.
    ours: PathBuf,
}

impl Own {
    pub(super) fn of(repo: &Repo) -> Own {
        // Where the guard is tried, nothing of anybody's is about to be committed.
        if is_probe(repo) {
            return Own::at(None, repo.git_dir().to_owned());
        }
        Own {
            directory: directories(repo).into_iter().next(),
            ours: repo.private(HOOKS),
        }
    }

    /// The same, where both are known already.
    pub(super) fn at(directory: Option<PathBuf>, ours: PathBuf) -> Own {
        Own { directory, ours }
    }

    /// Where git would look for them.
    pub(super) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The user's own hook of this name, if there is one that git would run; else what a hook
    /// manager had put in the place of ours. One of ours that stands there is for other worktrees.
    fn find(&self, name: &str) -> Option<PathBuf> {
        let hook = self.directory().map(|directory| directory.join(name));
        let hook = hook.filter(|hook| is_runnable(hook) && !hooks::is_ours(hook));
        hook.or_else(|| intact::theirs(&self.ours, name))
    }
}

/// Whether git would run a hook of the user's of this name in the worktree that the repository is
/// seen from, besides ours.
fn has_own(repo: &Repo, name: &str) -> bool {
    repo.configures_hook(name) || Own::of(repo).find(name).is_some()
}

/// The same of the worktree that lies there; one that cannot be read may have one.
pub fn has_own_in(repo: &Repo, top: &Path, name: &str) -> bool {
    if repo.top() == Some(top) {
        return has_own(repo, name);
    }
    Repo::at(top).map_or(true, |there| has_own(&there, name))
}

/// The hooks of ours that a hook manager has found, and runs before its own.
pub fn chained(repo: &Repo) -> Vec<PathBuf> {
    let all = directories(repo).into_iter().flat_map(|directory| {
        hooks::names().map(move |name| directory.join(name).with_extension("legacy"))
    });
    all.filter(|hook| is_runnable(hook) && hooks::is_ours(hook))
        .collect()
}

/// Every directory in which a worktree of the repository may have its own hooks.
pub(super) fn directories(repo: &Repo) -> Vec<PathBuf> {
    let directories = match configured(repo) {
        Some(path) if path.is_relative() => [repo.top(), repo.main_top()]
            .into_iter()
            .flatten()
            .map(|top| top.join(&path))
            .collect(),
        Some(path) => vec![path],
        None => vec![repo.common_dir().join("hooks")],
    };
    directories
        .into_iter()
        .filter(|directory| directory.is_dir() && !is_ours(repo, directory))
        .collect()
}

/// `core.hooksPath` as it would be without our own setting.
pub fn configured(repo: &Repo) -> Option<PathBuf> {
    // git takes an empty value for the current directory.
    let value = repo.config_path_outside("core.hooksPath", &repo.private(WORKTREE_CONFIG))?;
    Some(if value.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        value
    })
}

/// Whether somebody has made our directory their setting: calling it again would never end.
pub(super) fn is_ours(repo: &Repo, directory: &Path) -> bool {
    let ours = repo.private("hooks").canonicalize();
    ours.is_ok_and(|ours| directory.canonicalize().is_ok_and(|theirs| theirs == ours))
}

/// Whether git would run this file as a hook.
pub fn is_runnable(hook: &Path) -> bool {
    hook.is_file() && access(hook, Access::EXEC_OK).is_ok()
}

/// Runs the user's own hook, with everything that git has given us; its status, 0 without one.
pub(super) fn run(own: &Own, name: &str, args: &[OsString]) -> Result<u8, Error> {
    let Some(hook) = own.find(name) else {
        return Ok(0);
    };
    let status = or_shell(&hook, args, Command::status)
        .map_err(|source| Error::OwnHook { path: hook, source })?;
    Ok(code(status))
}

/// The same, with these bytes on its stdin: git's own, which we had to read.
pub(super) fn run_with(
    repo: &Repo,
    name: &str,
    args: &[OsString],
    stdin: &[u8],
) -> Result<u8, Error> {
    match Own::of(repo).find(name) {
        Some(hook) => run_file(&hook, args, stdin, None),
        None => Ok(0),
    }
}

/// Runs this hook with these bytes on its stdin; its status. It finds the variable `marked` set.
pub fn run_file(
    hook: &Path,
    args: &[OsString],
    stdin: &[u8],
    marked: Option<&str>,
) -> Result<u8, Error> {
    let failed = |source| Error::OwnHook {
        path: hook.to_owned(),
        source,
    };
    let start = |command: &mut Command| {
        command.envs(marked.map(|name| (name, "1")));
        command.stdin(Stdio::piped()).spawn()
    };
    let mut child: Child = or_shell(hook, args, start).map_err(failed)?;
    if let Some(mut pipe) = child.stdin.take() {
        match pipe.write_all(stdin) {
            // A hook need not read what it is given.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            other => other.map_err(failed)?,
        }
    }
    Ok(code(child.wait().map_err(failed)?))
}

/// A status as a shell says it: 128+n when signal n ended the hook.
fn code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    u8::try_from(code).unwrap_or(1)
}

/// Becomes the user's own hook. Returns where there is none.
pub(super) fn become_it(own: &Own, name: &str, args: &[OsString]) -> Result<(), Error> {
    let Some(hook) = own.find(name) else {
        return Ok(());
    };
    let Err(source) = or_shell(&hook, args, |command| Err::<(), _>(command.exec())) else {
        return Ok(());
    };
    Err(Error::OwnHook { path: hook, source })
}

/// Starts a hook as git does: one without a `#!` line is read by the shell.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that starts a hook of the user's"
)]
fn or_shell<T>(
    hook: &Path,
    args: &[OsString],
    start: impl Fn(&mut Command) -> io::Result<T>,
) -> io::Result<T> {
    match start(Command::new(hook).args(args)) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            start(Command::new("/bin/sh").arg(hook).args(args))
        }
        answer => answer,
    }
}
