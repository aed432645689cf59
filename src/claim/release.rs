//! How is a stream given back, so that nothing is lost?
//!
//! Commits that are not on the base stay on the stream's branch. The worktree goes only where
//! everything in it is somewhere else, too, or into the trash ([`super::remove`]). Whatever stays is
//! named.

use std::path::Path;

use bstr::BString;

use super::remove::{Kept, Left, Removal, take_back_dead};
use super::{Error, workplace};
use crate::git::{Id, Linked, Repo};
use crate::guard::hooks;
use crate::kept::{self, Trashed};
use crate::ledger::{Actor, Claim, Operation, RefMove, What, Work};
use crate::name::{AgentName, StreamName};
use crate::rule::{self, Scope};
use crate::workspace::{Workspace, now};

/// A stream that was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The stream.
    pub stream: StreamName,
    /// Who gave it back.
    pub by: AgentName,
    /// Who had it.
    pub agent: AgentName,
    /// Whether the base has all of its work.
    pub landed: bool,
    /// The tip of its branch, where that stays.
    pub branch: Option<Id>,
    /// How many of its commits are not on the base.
    pub unlanded: usize,
    /// The worktree, where it stays, and why.
    pub worktree: Option<Kept>,
    /// The worktree, where it was put into the trash.
    pub trash: Option<Aside>,
    /// Refs that lead to what nothing else would lead to any more: commits of a detached HEAD, and
    /// those that were reset or amended away.
    pub past: Vec<String>,
    /// The refs that moved with it.
    pub moves: Vec<RefMove>,
    /// Nothing was done: a dry run.
    pub dry_run: bool,
}

/// A worktree in the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// Where it is; nowhere yet in a dry run.
    pub trashed: Option<Trashed>,
    /// The files in it that are nowhere else.
    pub files: Vec<BString>,
}

/// How a claim ends.
pub struct Ending<'a> {
    /// The commit with which the operation that is taken back has made the branch: with nothing
    /// added to it, the branch goes.
    pub made: Option<Id>,
    /// The worktree that was there before, and so stays.
    pub stays: Option<&'a Path>,
    /// What the ledger is told: with the work that is left, and whether all of it is on the base.
    pub what: &'a dyn Fn(Option<Work>, bool) -> What,
}

/// Gives a stream back.
pub fn release(
    repo: &Repo,
    named: Option<&StreamName>,
    agent: Option<&AgentName>,
    dry_run: bool,
) -> Result<Released, Error> {
    let mut workspace = Workspace::open(repo)?;
    let by = workspace.caller(agent)?;
    let stream = workspace.stream(named)?;
    let operation = Operation::begin(repo)?;
    let of = stream.clone();
    let what = move |work, landed| What::Released {
        stream: of.clone(),
        work,
        landed,
    };
    let ending = Ending {
        made: None,
        stays: None,
        what: &what,
    };
    give_back(&mut workspace, &operation, &by, &stream, &ending, dry_run)
}

/// Ends a claim: of a release, and of an undo of what has begun it.
pub fn give_back(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    ending: &Ending<'_>,
    dry_run: bool,
) -> Result<Released, Error> {
    if !dry_run {
        take_back_dead(workspace, stream)?;
    }
    let what = What::Begin {
        stream: stream.clone(),
        verb: "release".to_owned(),
        intends: Vec::new(),
    };
    let begin = workspace.request(operation.id(), by, what, Vec::new());
    if dry_run {
        workspace.decide(&begin)?;
    } else {
        workspace.submit(&begin)??;
    }
    let claim = workspace
        .state
        .claim(stream)
        .cloned()
        .ok_or_else(|| Error::Vanished {
            stream: stream.clone(),
        })?;
    let given = Given {
        by,
        stream,
        claim: &claim,
        ending,
    };
    match finish(workspace, operation, &given, dry_run) {
        Err(error) if !dry_run => {
            put_back(workspace, operation, stream);
            let what = What::Abandon {
                stream: stream.clone(),
                dead: operation.id().clone(),
            };
            let abandon = workspace.request(operation.id(), by, what, Vec::new());
            // The first error is the one to tell; an intent that stays is found dead later.
            drop(workspace.submit(&abandon));
            Err(error)
        }
        finished => finished,
    }
}

/// What is given back, by whom and how.
struct Given<'a> {
    by: &'a Actor,
    stream: &'a StreamName,
    claim: &'a Claim,
    ending: &'a Ending<'a>,
}

fn finish(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    given: &Given<'_>,
    dry_run: bool,
) -> Result<Released, Error> {
    let Given {
        by,
        stream,
        claim,
        ending,
    } = *given;
    let repo = workspace.repo;
    let base = workspace.base.commit;
    let tip = repo.read_ref(&stream.branch_ref())?;
    let unlanded = match tip {
        Some(tip) => {
            let trusted = workspace.trusted_for(stream, tip)?;
            repo.commits_between(&[tip], &[base, trusted])?.len()
        }
        None => 0,
    };
    let landed = match tip {
        Some(tip) if unlanded == 0 => did_work(workspace, claim, tip)?,
        Some(_) | None => false,
    };
    let linked = workplace::of_claim(repo, stream, claim)?;
    let (at, op) = (now(), operation.id());
    let past = repo.past_of(linked.as_ref(), &stream.branch_ref());
    let known: Vec<Id> = tip.into_iter().chain([base]).collect();
    let past = kept::keep(repo, stream, (at, op), past, &known)?;
    let removal = Removal {
        workspace,
        operation,
        stream,
        by: &by.agent,
    };
    let left = removal.leave(linked.as_ref(), ending.stays, dry_run)?;
    let (worktree, trash) = match left {
        Left::Gone => (None, None),
        Left::Stays(kept) => (Some(kept), None),
        Left::Trash { trashed, files } => (None, Some(Aside { trashed, files })),
    };
    // A branch that has nothing of its own goes, unless some worktree that stays is on it.
    let is_used = worktree.is_some() || is_checked_out(repo, stream)?;
    let has_own = unlanded > 0 && tip != ending.made;
    let branch = tip.filter(|_| has_own || (is_used && !dry_run) || worktree.is_some());
    let mut moves = past.clone();
    // What has landed is on the base, as long as nobody rewrites that.
    let has_work = landed || unlanded > 0;
    if let (Some(tip), None, true) = (tip, branch, has_work) {
        moves.push(RefMove {
            name: kept::name(stream, at, op, past.len() + 1),
            old: None,
            new: Some(tip),
        });
    }
    // A commit made at this moment ends the release with status 4; run again, it finishes.
    moves.extend(tip.map(|tip| RefMove {
        name: stream.branch_ref(),
        old: Some(tip),
        new: branch,
    }));
    if !dry_run {
        let work = branch.map(|tip| Work {
            tip,
            start: claim.start,
            agent: claim.agent.clone(),
            worktree: worktree
                .as_ref()
                .map(|kept| kept.path.display().to_string()),
            machine: claim.machine.clone(),
            on: None,
        });
        let what = (ending.what)(work, landed);
        let request = workspace.request(operation.id(), by, what, moves.clone());
        workspace.submit(&request)??;
    }
    let trash = if dry_run {
        trash
    } else {
        trash.and_then(|aside| dispose(workspace, aside))
    };
    Ok(Released {
        stream: stream.clone(),
        by: by.agent.clone(),
        agent: claim.agent.clone(),
        landed,
        branch,
        unlanded,
        worktree,
        trash,
        past: past.into_iter().map(|one| one.name).collect(),
        moves,
        dry_run,
    })
}

/// Whether what the stream has beyond its start is its own work, and not just the base's.
fn did_work(workspace: &Workspace<'_>, claim: &Claim, tip: Id) -> Result<bool, Error> {
    let repo = workspace.repo;
    if repo.commits_between(&[tip], &[claim.start])?.is_empty() {
        return Ok(false);
    }
    let scope = Scope::new(&claim.territory(), &workspace.plan);
    Ok(rule::range(repo, &scope, claim.start, tip)?.is_empty())
}

/// Removes for good what holds nothing of its own, and what has been kept for long enough.
pub(super) fn dispose(workspace: &Workspace<'_>, aside: Aside) -> Option<Aside> {
    // What cannot be removed now is removed by a later command.
    drop(kept::sweep(workspace));
    let trashed = aside.trashed.as_ref();
    if trashed.is_some_and(|trashed| trashed.record.is_disposable) {
        drop(aside.trashed?.discard());
        return None;
    }
    Some(aside)
}

/// Brings back a worktree that was put into the trash for nothing.
fn put_back(workspace: &Workspace<'_>, operation: &Operation, stream: &StreamName) {
    let repo = workspace.repo;
    let Ok(lock) = workspace.ledger().lock() else {
        return;
    };
    // The first error is the one to tell; what stays in the trash is brought back by the next run.
    if kept::take_back(repo, operation.id(), stream).unwrap_or(false) {
        drop(hooks::install(repo, &lock));
    }
}

/// Whether any worktree is on the stream's branch.
pub(super) fn is_checked_out(repo: &Repo, stream: &StreamName) -> Result<bool, Error> {
    let branch = stream.branch_ref();
    let linked = repo.linked_worktrees()?;
    let is_on = |linked: &Linked| linked.branch.as_ref() == Some(&branch) && linked.top.exists();
    Ok(linked.iter().any(is_on) || repo.main_branch().as_ref() == Some(&branch))
}
