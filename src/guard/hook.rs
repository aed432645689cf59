//! What happens when git calls one of our hooks?
//!
//! Before a commit, the user's own hook of the same name runs first, with the arguments, the stdin
//! and the environment that git gave us: it may stage files again, and the guard must see them.
//! What it refuses is refused; what it accepts, the guard judges. Before a push it is the other way
//! round, and after the fact nothing can be refused any more.
//!
//! These are active in the worktrees of streams only. In any other, two may be called that are not
//! theirs: `on_base` and `moves`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::hooks::{self, Layer};
use super::index::Merging;
use super::memo::Memo;
use super::moves::{self, Stopped};
use super::own::Own;
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
/// The first argument names it: in a word, or as the file of the hook, whose `#!` we are.
pub fn called(arguments: &[OsString]) -> Option<(&'static str, Called<'_>)> {
    let (first, args) = arguments.get(1..)?.split_first()?;
    if let Some(name) = named(first) {
        return Some((name, Called { file: None, args }));
    }
    let file = Path::new(first);
    let name = file.file_name().and_then(named)?;
    let file = Some(file);
    Some((name, Called { file, args }))
}

/// How git has called a hook of ours.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    /// Its file, where we are its `#!`.
    file: Option<&'a Path>,
    /// git's arguments.
    args: &'a [OsString],
}

/// The hook whose name this is, if it is one that we stand in for.
fn named(name: &OsStr) -> Option<&'static str> {
    let mut known = hooks::names().chain([on_base::NAME, moves::CONFIGURED]);
    known.find(|known| name == *known)
}

/// Runs a hook.
///
/// Where the guard has no part, the process becomes the user's own hook and this returns only if
/// there is none.
pub fn run(name: &str, called: Called<'_>) -> Result<Outcome, Error> {
    let args = called.args;
    match (name, called.file) {
        (moves::NAME, file @ Some(_)) => return moves::run(file, args),
        (moves::CONFIGURED, _) => return moves::run(None, args),
        (on_base::NAME, _) => return Ok(on_base::run()),
        _ => {}
    }
    let memo = Memo::recall();
    match hooks::layer(name) {
        Some(Layer::BeforeCommit) => before_commit(memo.as_ref(), name, args),
        Some(Layer::BeforePush) => push::run(&Repo::here()?, name, args),
        Some(Layer::After) => Ok(detect::run(memo.as_ref(), name, args)),
        None => {
            match &memo {
                Some(memo) => own::become_it(memo.own(), name, args)?,
                None => own::become_it(&Own::of(&Repo::here()?), name, args)?,
            }
            Ok(Outcome::Passed)
        }
    }
}

fn before_commit(memo: Option<&Memo>, name: &str, args: &[OsString]) -> Result<Outcome, Error> {
    // The only hook that asks what another has asked; pre-commit judges what it finds.
    let memo = memo.filter(|memo| name == "prepare-commit-msg" && memo.is_asked_again());
    if let Some(memo) = memo {
        match own::run(memo.own(), name, args)? {
            0 if memo.is_asked_again() => return Ok(Outcome::Passed),
            // The user's own hook has staged something.
            0 => return judge(&Repo::here()?, memo.own(), name),
            status => return Ok(Outcome::RefusedByOwn(status)),
        }
    }
    let repo = Repo::here()?;
    let own = Own::of(&repo);
    match own::run(&own, name, args)? {
        0 => judge(&repo, &own, name),
        status => Ok(Outcome::RefusedByOwn(status)),
    }
}

fn judge(repo: &Repo, own: &Own, name: &str) -> Result<Outcome, Error> {
    if is_no_streams(repo)? {
        return Ok(Outcome::Passed);
    }
    let merging = match name {
        "pre-merge-commit" => Merging::AsGitSays,
        _ => Merging::AsRecorded,
    };
    // Whatever is being merged, the next hook finds it written down, and asks again.
    let is_last_word = merging == Merging::AsRecorded;
    let question = memo::Question::of_environment().filter(|_| is_last_word);
    intact::have_mended(repo);
    let workspace = Workspace::within_git(repo)?;
    let stream = who::here(repo, &workspace.state)?;
    let judged = index::judge(&workspace, stream, merging)?;
    if !judged.verdict.accepts() {
        return Ok(Outcome::Refused(vec![judged.verdict]));
    }
    if let Some(question) = question {
        question.accept(&workspace, own, judged.tree);
    }
    Ok(Outcome::Passed)
}
