//! How does `pre-receive` get into a server, and where is the server's own?
//!
//! ```text
//! hooks/pre-receive        ours: starts `git-stream-receive`
//! hooks/pre-receive.own    the server's own, where there was one; runs after ours has accepted
//! ```
//!
//! Only this one hook changes: a server's other hooks stay where git finds them, also those that
//! are added later. The server's own is put aside by a rename and put back by one, so that it
//! stays what it was to the byte.

use std::fs;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::Error;
use crate::git::{self, Repo, replace_file};
use crate::guard::{hooks, own};

/// The hook.
const NAME: &str = "pre-receive";
/// What the server's own hooks are called beside ours.
const ASIDE: &str = ".own";
/// Set while a server's own hook runs: one that calls us again must not be called again.
const INSIDE: &str = "GIT_STREAM_RECEIVING";
const TEMPLATE: &str = include_str!("../../hooks/pre-receive");

/// What installing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Our hook.
    pub hook: PathBuf,
    /// Whether anything had to change.
    pub changed: bool,
    /// Where the server's own hook is now, if it has one.
    pub own: Option<PathBuf>,
}

/// The directory of the server's hooks.
fn directory(repo: &Repo) -> Result<PathBuf, Error> {
    let path = match repo.config("core.hooksPath") {
        // A relative one counts from the git directory, where git starts these hooks.
        Some(_) => match repo.config_path("core.hooksPath") {
            Some(path) => repo.common_dir().join(path),
            None => repo.common_dir().to_owned(),
        },
        None => repo.common_dir().join("hooks"),
    };
    let real = path.canonicalize().unwrap_or_else(|_| path.clone());
    if real.starts_with(repo.common_dir()) {
        Ok(path)
    } else {
        Err(Error::ForeignHooks { path })
    }
}

fn aside(hook: &Path) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(ASIDE);
    PathBuf::from(name)
}

fn is_ours(hook: &Path) -> bool {
    fs::read(hook).is_ok_and(|text| text.contains_str(hooks::SIGNATURE))
}

/// Puts our hook in place. With `really` false only says what would change.
pub fn install(repo: &Repo, really: bool) -> Result<Installed, Error> {
    let program = hooks::beside("git-stream-receive")?;
    let text = TEMPLATE
        .as_bytes()
        .replace("@RECEIVE@", hooks::inside_quotes(&program));
    let hook = directory(repo)?.join(NAME);
    let own = aside(&hook);
    let theirs = fs::symlink_metadata(&hook).is_ok() && !is_ours(&hook);
    let kept = fs::symlink_metadata(&own).is_ok();
    if theirs && kept {
        return Err(Error::TwoHooks { path: own });
    }
    let changed = fs::read(&hook).map_or(true, |there| there != text) || theirs;
    if really && changed {
        if theirs {
            fs::rename(&hook, &own).map_err(git::Error::file("put aside", &hook))?;
        }
        replace_file(&hook, &text, 0o755)?;
    }
    Ok(Installed {
        hook,
        changed,
        own: (theirs || kept).then_some(own),
    })
}

/// Takes our hook away and puts the server's own back; `None` where ours is not there.
pub fn uninstall(repo: &Repo, really: bool) -> Result<Option<Installed>, Error> {
    let hook = match directory(repo) {
        Ok(directory) => directory.join(NAME),
        // Nothing of ours can be there.
        Err(Error::ForeignHooks { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !is_ours(&hook) {
        return Ok(None);
    }
    let own = aside(&hook);
    let kept = fs::symlink_metadata(&own).is_ok();
    if really {
        let done = if kept {
            fs::rename(&own, &hook)
        } else {
            fs::remove_file(&hook)
        };
        done.map_err(git::Error::file("remove", &hook))?;
    }
    Ok(Some(Installed {
        hook,
        changed: true,
        own: kept.then_some(own),
    }))
}

/// Runs the server's own hook that ours stands in for, with git's stdin; its status, 0 without one.
pub fn run_own(repo: &Repo, stdin: &[u8]) -> Result<u8, Error> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(0);
    }
    let own = match directory(repo) {
        Ok(directory) => aside(&directory.join(NAME)),
        Err(Error::ForeignHooks { .. }) => return Ok(0),
        Err(error) => return Err(error),
    };
    if !own::is_runnable(&own) {
        return Ok(0);
    }
    Ok(own::run_file(&own, &[], stdin, Some(INSIDE))?)
}
