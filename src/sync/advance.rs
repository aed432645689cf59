//! How do branch, index and files move together, or not at all?
//!
//! The intent is written down first. Then the index is held, so that nobody can commit half of it;
//! the files go; and the branch moves in the same step as the ledger. Whatever fails before that
//! step is put back.

use super::recover::VERB;
use super::{Error, Replay, obstacle};
use crate::git::{Change, Error as GitError, Id, IndexHold, Linked, Repo};
use crate::ledger::{Actor, Error as LedgerError, Operation, RefMove, What};
use crate::name::StreamName;
use crate::sync::Obstacle;
use crate::workspace::{self, Workspace};

/// Where a stream goes.
pub(super) struct Step<'a> {
    pub(super) stream: &'a StreamName,
    pub(super) linked: &'a Linked,
    pub(super) old: Id,
    pub(super) replay: &'a Replay,
    pub(super) landed: bool,
    /// The commit of the base that it stands on then.
    pub(super) start: Id,
}

/// Moves a stream; or answers what is in the way, before anything has moved.
pub(super) fn advance(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    step: &Step<'_>,
) -> Result<Option<Obstacle>, Error> {
    let repo = workspace.repo;
    let Step {
        stream,
        linked,
        old,
        replay,
        ..
    } = *step;
    let (old_tree, new_tree) = (repo.tree_of(old)?, repo.tree_of(replay.new)?);
    let changes = repo.diff_trees(Some(old_tree), Some(new_tree))?;
    if let Some(found) = obstacle::find(repo, &linked.top, old_tree, &changes)? {
        return Ok(Some(found));
    }
    let moves = vec![RefMove {
        name: stream.branch_ref(),
        old: Some(old),
        new: Some(replay.new),
    }];
    announce(workspace, operation, by, stream, moves.clone())?;
    let result = travel(
        workspace,
        operation,
        by,
        step,
        (old_tree, new_tree),
        &changes,
    );
    let is_there = repo.read_ref(&stream.branch_ref())? == Some(replay.new);
    match result {
        Ok(None) => Ok(None),
        Ok(Some(found)) => {
            call_off(workspace, operation, by, stream)?;
            Ok(Some(found))
        }
        // The files could not be put back: the intent stays, so that the next run goes on.
        Err(error @ (Error::Torn { .. } | Error::HalfWay { .. })) => Err(error),
        // The step was taken, and only the word of it got lost.
        Err(_) if is_there => Ok(None),
        Err(error) => {
            // The first error is the one to tell; an intent that stays is found dead later.
            drop(call_off(workspace, operation, by, stream));
            Err(error)
        }
    }
}

/// What would be in the way.
pub(super) fn foresee(repo: &Repo, step: &Step<'_>) -> Result<Option<Obstacle>, Error> {
    let (old_tree, new_tree) = (repo.tree_of(step.old)?, repo.tree_of(step.replay.new)?);
    let changes = repo.diff_trees(Some(old_tree), Some(new_tree))?;
    obstacle::find(repo, &step.linked.top, old_tree, &changes)
}

/// Moves files and index, then branch and ledger in one step.
fn travel(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    step: &Step<'_>,
    (old_tree, new_tree): (Id, Id),
    changes: &[Change],
) -> Result<Option<Obstacle>, Error> {
    let repo = workspace.repo;
    let (stream, linked) = (step.stream, step.linked);
    let Some(mut hold) = IndexHold::take(repo, linked, operation.id().as_str())? else {
        let worktree = linked.top.clone();
        return Err(Error::IndexBusy { worktree });
    };
    let actual = repo.read_ref(&stream.branch_ref())?;
    if actual != Some(step.old) {
        return Err(moved(step, actual));
    }
    if let Err(error) = hold.go(old_tree, new_tree, operation.lock()) {
        if hold.is_untouched(changes)? {
            hold.release();
            // Most likely somebody has written to a file since it was looked at.
            return match obstacle::find(repo, &linked.top, old_tree, changes)? {
                Some(found) => Ok(Some(found)),
                None => Err(error.into()),
            };
        }
        put_back(workspace, operation, step, hold, (new_tree, old_tree))?;
        return Err(error.into());
    }
    let what = What::Synced {
        stream: stream.clone(),
        start: step.start,
        landed: step.landed,
        commits: step.replay.picked.len(),
    };
    let moves = vec![RefMove {
        name: stream.branch_ref(),
        old: Some(step.old),
        new: Some(step.replay.new),
    }];
    let request = workspace.request(operation.id(), by, what, moves);
    let error = match workspace.submit(&request) {
        Ok(Ok(_)) => return Ok(None),
        Ok(Err(refusal)) => refusal.into(),
        Err(error) => told(error, step),
    };
    if repo.read_ref(&stream.branch_ref())? != Some(step.replay.new) {
        put_back(workspace, operation, step, hold, (new_tree, old_tree))?;
    }
    Err(error)
}

/// Brings the files back to where they were.
fn put_back(
    workspace: &Workspace<'_>,
    operation: &Operation,
    step: &Step<'_>,
    mut hold: IndexHold<'_>,
    way: (Id, Id),
) -> Result<(), Error> {
    let settled = workspace
        .repo
        .diff_trees(Some(way.0), Some(way.1))
        .and_then(|changes| {
            hold.begin()?;
            hold.settle(way, &changes, operation.lock())
        });
    let (stream, worktree) = (step.stream.clone(), step.linked.top.clone());
    match settled {
        Ok(foreign) if foreign.is_empty() => Ok(()),
        Ok(paths) => {
            hold.leave();
            Err(Error::Torn {
                stream,
                worktree,
                paths,
            })
        }
        Err(source) => {
            hold.leave();
            Err(Error::HalfWay {
                stream,
                worktree,
                source,
            })
        }
    }
}

/// Writes down what is about to happen.
pub(super) fn announce(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    intends: Vec<RefMove>,
) -> Result<(), Error> {
    let what = What::Begin {
        stream: stream.clone(),
        verb: VERB.to_owned(),
        intends,
    };
    let request = workspace.request(operation.id(), by, what, Vec::new());
    workspace.submit(&request)??;
    Ok(())
}

/// Takes the intent back.
pub(super) fn call_off(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
) -> Result<(), Error> {
    let what = What::Abandon {
        stream: stream.clone(),
        dead: operation.id().clone(),
    };
    let request = workspace.request(operation.id(), by, what, Vec::new());
    workspace.submit(&request)??;
    Ok(())
}

pub(super) fn moved(step: &Step<'_>, actual: Option<Id>) -> Error {
    Error::Git(GitError::Moved {
        name: step.stream.branch_ref(),
        expected: Some(step.old),
        actual,
    })
}

/// A branch that moved meanwhile is the stream's own news, not a failure of the ledger.
fn told(error: workspace::Error, step: &Step<'_>) -> Error {
    if let workspace::Error::Ledger(LedgerError::Git(GitError::Moved { name, actual, .. })) = &error
        && *name == step.stream.branch_ref()
    {
        return moved(step, *actual);
    }
    error.into()
}
