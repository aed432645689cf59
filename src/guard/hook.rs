//! What happens when git calls one of our hooks?
//!
//! Before a commit, the user's own hook of the same name runs first, with the arguments, the stdin
//! and the environment that git gave us: it may stage files again, and the guard must see them.
//! What it refuses is refused; what it accepts, the guard judges. Before a push it is the other way
//! round, and after the fact nothing can be refused any more.
//!
//! These are active in the worktrees of streams only. In any other, two may be called that are not
//! theirs: [`on_base`] and [`moves`].

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::hooks::{self, Layer};
use super::index::Merging;
use super::moves::{self, Stopped};
use super::{Error, Notice, Verdict, detect, index, intact, memo, on_base, own, push, who};
use crate::git::Repo;
use crate::workspace::{Workspace, is_no_streams};

/// How a hook ended.
#[derive(Debug)]
pub enum Outcome {
    /// git may go on.
    Passed,
    /// The user's own hook has refused, with this status, and said why.
    RefusedByOwn(u8),
    /// The guard refuses, with at least one verdict.
    Refused(Vec<Verdict>),
    /// Something else is refused.
    Stopped(Vec<Stopped>),
    /// git may go on; this is worth a line each.
    Warned(Vec<String>),
    /// It has happened already; the user's own hook ended with this status.
    Noticed {
        /// The status.
        own: u8,
        /// What is to be told.
        notices: Vec<Notice>,
    },
}

/// As which hook git has called us, from the whole command line; and the rest of that.
///
/// A hook of ours is a script that names it, or a link to the program, which then has its name.
pub fn called(arguments: &[OsString]) -> Option<(&'static str, Called<'_>)> {
    let (first, rest) = arguments.split_first()?;
    let file = Path::new(first);
    if let Some(name) = file.file_name().and_then(named) {
        return Some((
            name,
            Called {
                file: Some(file),
                args: rest,
            },
        ));
    }
    let (name, args) = rest.split_first()?;
    Some((named(name)?, Called { file: None, args }))
}

/// How git has called a hook of ours.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    /// The link, where it is one.
    file: Option<&'a Path>,
    /// git's arguments.
    args: &'a [OsString],
}

/// The hook whose name this is, if it is one that we stand in for.
fn named(name: &OsStr) -> Option<&'static str> {
    let mut known = hooks::names().chain([on_base::NAME]);
    known.find(|known| name == *known)
}

/// Runs a hook.
///
/// Where the guard has no part, the process becomes the user's own hook and this returns only if
/// there is none.
pub fn run(name: &str, called: Called<'_>) -> Result<Outcome, Error> {
    let args = called.args;
    match (name, called.file) {
        (moves::NAME, Some(file)) => return moves::run(file, args),
        (on_base::NAME, _) => return Ok(on_base::run()),
        _ => {}
    }
    let layer = hooks::layer(name);
    let repo = match (Repo::here(), layer) {
        (Ok(repo), _) => repo,
        (Err(error), Some(Layer::After)) => {
            let notices = vec![Notice::Failed(error.into())];
            return Ok(Outcome::Noticed { own: 0, notices });
        }
        (Err(error), _) => return Err(error.into()),
    };
    match layer {
        Some(Layer::BeforeCommit) => match own::run(&repo, name, args)? {
            0 => judge(&repo, name),
            status => Ok(Outcome::RefusedByOwn(status)),
        },
        Some(Layer::BeforePush) => push::run(&repo, name, args),
        Some(Layer::After) => Ok(detect::run(&repo, name, args)),
        None => {
            own::become_it(&repo, name, args)?;
            Ok(Outcome::Passed)
        }
    }
}

fn judge(repo: &Repo, name: &str) -> Result<Outcome, Error> {
    if is_no_streams(repo)? {
        return Ok(Outcome::Passed);
    }
    if memo::is_accepted(repo) {
        return Ok(Outcome::Passed);
    }
    intact::have_mended(repo);
    let workspace = Workspace::open(repo)?;
    let stream = who::here(repo, &workspace.state)?;
    let merging = match name {
        "pre-merge-commit" => Merging::AsGitSays,
        _ => Merging::AsRecorded,
    };
    let verdict = index::judge(&workspace, stream, merging)?;
    if verdict.accepts() {
        memo::accept(repo);
        Ok(Outcome::Passed)
    } else {
        Ok(Outcome::Refused(vec![verdict]))
    }
}
