//! Has a stream's history come to break the rule, whatever way round the other hooks was taken?
//!
//! git runs post-commit, post-merge, post-rewrite and post-checkout when everything has happened:
//! nothing can be refused there. The stream gets a mark in the ledger instead, and a person a
//! question, both once; the mark goes when a later look finds the history clean. Landing asks
//! again and does not rely on the mark.
//!
//! The user's own hook runs first, and its status is the hook's: none of our failures is.
//!
//! # Limits
//!
//! After an ordinary commit only what it brings is judged, unless the stream has the mark. A move
//! of the branch that runs no hook (`git reset`, `git update-ref`) is seen at the next that does.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use super::behind::{self, Behind};
use super::memo::Memo;
use super::own::Own;
use super::taint::{Taint, judge, taint_of};
use super::verify::is_marked;
use super::{Error, Outcome, hooks, intact, own};
use crate::exit::Exit;
use crate::git::{Id, Repo};
use crate::ledger::is_dead;
use crate::name::StreamName;
use crate::workspace::{Workspace, is_no_streams};

/// What is told after the fact.
#[derive(Debug)]
pub enum Notice {
    /// The stream's history breaks the rule.
    Tainted(Box<Taint>),
    /// It is clean again.
    CleanAgain(StreamName),
    /// The base has something that it builds on.
    Behind(Behind),
    /// The ledger does not say so yet.
    NotRecorded(Error),
    /// It could not be looked at.
    Failed(Error),
}

/// Runs the user's own hook, then looks at what has become of the stream.
pub(super) fn run(memo: Option<&Memo>, name: &str, args: &[OsString]) -> Outcome {
    let mut repo = None;
    let own = match memo {
        Some(memo) => own::run(memo.own(), name, args),
        None => open(&mut repo).and_then(|repo| own::run(&Own::of(repo), name, args)),
    };
    let is_foreseen = || name == "post-commit" && memo.is_some_and(Memo::came_true);
    let looked = match &own {
        Ok(_) if !is_foreseen() => open(&mut repo).and_then(|repo| look(repo, name, args)),
        Ok(_) | Err(_) => Ok(Vec::new()),
    };
    let (own, notices) = match (own, looked) {
        (Ok(status), Ok(notices)) => (status, notices),
        (Ok(status), Err(error)) => (status, vec![Notice::Failed(error)]),
        (Err(error), _) => (0, vec![Notice::Failed(error)]),
    };
    Outcome::Noticed { own, notices }
}

fn open(repo: &mut Option<Repo>) -> Result<&Repo, Error> {
    Ok(match repo {
        Some(repo) => repo,
        None => repo.insert(Repo::here()?),
    })
}

fn look(repo: &Repo, name: &str, args: &[OsString]) -> Result<Vec<Notice>, Error> {
    if !may_have_moved(repo, name, args) || is_no_streams(repo)? {
        return Ok(Vec::new());
    }
    intact::have_mended(repo);
    let workspace = Workspace::within_git(repo)?;
    let Some(stream) = workspace.place.stream().cloned() else {
        return Ok(Vec::new());
    };
    if is_being_worked_on(&workspace, &stream)? {
        return Ok(Vec::new());
    }
    let tip = if is_on_branch(repo, &stream, name)? {
        repo.head()?
    } else {
        None
    };
    let Some(tip) = tip else {
        return Ok(Vec::new());
    };
    if name != "post-commit" {
        return tell(&workspace, stream, tip);
    }
    // A note is never worth a failure.
    let behind = behind::look(&workspace, &stream, tip).ok().flatten();
    let mut notices = if brings_nothing_wrong(&workspace, &stream, tip)? {
        Vec::new()
    } else {
        tell(&workspace, stream, tip)?
    };
    notices.extend(behind.map(Notice::Behind));
    Ok(notices)
}

/// Whether the branch may be somewhere else since the last look.
fn may_have_moved(repo: &Repo, name: &str, args: &[OsString]) -> bool {
    let word = |at: usize| args.get(at).and_then(|word| word.to_str());
    match name {
        // A squash makes no commit; that is for the commit hooks.
        "post-merge" => word(0) != Some("1"),
        // post-commit has seen what was amended.
        "post-rewrite" => word(0) == Some("rebase"),
        // Files only, or a worktree that is just being made.
        "post-checkout" => word(2) == Some("1") && word(0) != Some(&repo.null_id().to_string()),
        _ => true,
    }
}

/// Whether HEAD is where the stream's branch is, or is about to be.
fn is_on_branch(repo: &Repo, stream: &StreamName, name: &str) -> Result<bool, Error> {
    let full_name = stream.branch_ref();
    match repo.head_branch()? {
        Some(branch) => Ok(branch == full_name),
        // `git rebase --apply` tells what it has rewritten while HEAD is still detached, and
        // moves the branch from where it began afterwards.
        None if name == "post-rewrite" => {
            let began = repo.read_ref("ORIG_HEAD")?;
            Ok(began.is_some() && began == repo.read_ref(&full_name)?)
        }
        None => Ok(false),
    }
}

/// Whether a command of ours moves the branch at this moment: it looks by itself.
fn is_being_worked_on(workspace: &Workspace<'_>, stream: &StreamName) -> Result<bool, Error> {
    let claim = workspace.state.claim(stream);
    match claim.and_then(|claim| claim.intent.as_ref()) {
        Some(intent) => Ok(!is_dead(workspace.repo, &workspace.machine, intent)?),
        None => Ok(false),
    }
}

/// Whether a stream without the mark has been given nothing that breaks the rule by its newest
/// commit: the cheap question after every commit.
fn brings_nothing_wrong(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    tip: Id,
) -> Result<bool, Error> {
    let repo = workspace.repo;
    let trusted = workspace.trusted_for(stream, tip)?;
    let record = workspace.state.stream(stream);
    if record.is_none_or(|record| record.tainted.is_some()) {
        return Ok(false);
    }
    let mut known = vec![trusted];
    known.extend(repo.commit(tip)?.parents.first());
    let new = repo.commits_between(&[tip], &known)?;
    match judge(workspace, stream, trusted, &new) {
        Ok(verdict) => Ok(verdict.accepts()),
        Err(Error::Rule(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Judges the whole history, and has the ledger changed if it must be.
///
/// Only then another program is started: what writes to the ledger would make this one, which
/// starts with every commit, an eighth larger.
fn tell(workspace: &Workspace<'_>, stream: StreamName, tip: Id) -> Result<Vec<Notice>, Error> {
    let taint = taint_of(workspace, &stream, tip)?;
    if taint.is_none() && !is_marked(workspace, &stream) {
        return Ok(Vec::new());
    }
    let recorded = record(&stream, tip);
    let found = match taint {
        Some(taint) => Notice::Tainted(Box::new(taint)),
        None => Notice::CleanAgain(stream),
    };
    let failed = recorded.err().map(Notice::NotRecorded);
    Ok(std::iter::once(found).chain(failed).collect())
}

/// `git stream verify`, which finds the same and writes it down.
#[expect(
    clippy::disallowed_methods,
    reason = "this is no git, but a program of ours, in the environment of this one"
)]
fn record(stream: &StreamName, tip: Id) -> Result<(), Error> {
    let program = hooks::beside("git-stream-verify")?;
    let failed = |said: String| Error::NotRecorded {
        stream: stream.clone(),
        said,
    };
    let output = Command::new(&program)
        .args([stream.as_str(), "--tip", &tip.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("{}: {error}", program.display())))?;
    match output.status.code() {
        Some(0) => Ok(()),
        Some(status) if status == i32::from(Exit::Refused.code()) => Ok(()),
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            let line = said.lines().next().unwrap_or("it said nothing");
            Err(failed(line.trim_start_matches("error: ").to_owned()))
        }
    }
}
