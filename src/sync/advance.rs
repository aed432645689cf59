//! How do branch, index and files move together, or not at all?
//!
//! The intent is written down first. Then the index is held, so that nobody can commit half of it;
//! the files go; and the branch moves in the same step as the ledger. Whatever fails before that
//! step is put back.

use super::aside::Aside;
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
    /// Uncommitted work that goes along.
    pub(super) aside: Option<&'a Aside>,
}

impl Step<'_> {
    /// The trees that the files go from and to.
    fn trees(&self, repo: &Repo) -> Result<(Id, Id), Error> {
        match self.aside {
            Some(aside) => Ok(aside.trees()),
            None => Ok((repo.tree_of(self.old)?, repo.tree_of(self.replay.new)?)),
        }
    }

    /// What is in the way of these changes; what is kept aside is not.
    fn obstacle(&self, repo: &Repo, changes: &[Change]) -> Result<Option<Obstacle>, Error> {
        let (top, old_tree) = (&self.linked.top, self.trees(repo)?.0);
        let Some(aside) = self.aside else {
            // A look at these files alone: git would look at all that there are.
            if repo.is_untouched(self.linked, changes)? {
                return obstacle::unknown(repo, top, old_tree, changes);
            }
            return obstacle::find(repo, top, old_tree, changes);
        };
        let mut met = obstacle::uncommitted(repo, top, changes)?;
        met.retain(|change| !aside.paths.contains(&change.path));
        if met.is_empty() {
            return obstacle::unknown(repo, top, old_tree, changes);
        }
        let paths = met.into_iter().map(|change| change.path).collect();
        let worktree = top.clone();
        Ok(Some(Obstacle::Uncommitted { worktree, paths }))
    }

    /// The refs that change when it has come to nothing.
    fn given_up(&self) -> Vec<RefMove> {
        self.aside.map(Aside::let_go).into_iter().collect()
    }
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
        old,
        replay,
        ..
    } = *step;
    let (old_tree, new_tree) = step.trees(repo)?;
    let changes = repo.diff_trees(Some(old_tree), Some(new_tree))?;
    if let Some(found) = step.obstacle(repo, &changes)? {
        return Ok(Some(found));
    }
    let branch = RefMove {
        name: stream.branch_ref(),
        old: Some(old),
        new: Some(replay.new),
    };
    let kept: Vec<RefMove> = step.aside.map(Aside::kept).into_iter().collect();
    let intends = std::iter::once(branch).chain(kept.clone()).collect();
    announce_keeping(workspace, operation, by, stream, (intends, kept))?;
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
            call_off(workspace, operation, by, stream, step.given_up())?;
            Ok(Some(found))
        }
        // The files could not be put back: the intent stays, so that the next run goes on.
        Err(error @ (Error::Torn { .. } | Error::HalfWay { .. })) => Err(error),
        // The step was taken, and only the word of it got lost.
        Err(_) if is_there => Ok(None),
        Err(error) => {
            // The first error is the one to tell; an intent that stays is found dead later.
            drop(call_off(workspace, operation, by, stream, step.given_up()));
            Err(error)
        }
    }
}

/// What would be in the way.
pub(super) fn foresee(repo: &Repo, step: &Step<'_>) -> Result<Option<Obstacle>, Error> {
    let (old_tree, new_tree) = step.trees(repo)?;
    let changes = repo.diff_trees(Some(old_tree), Some(new_tree))?;
    step.obstacle(repo, &changes)
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
    let gone = match step.aside {
        Some(aside) => {
            hold.stage_in_the_end(aside.staging_after());
            hold.take_in(aside.known())
        }
        None => Ok(()),
    };
    let gone = gone.and_then(|()| hold.go(old_tree, new_tree, operation.lock()));
    if let Err(error) = gone {
        if hold.is_untouched(changes)? {
            hold.release();
            // Most likely somebody has written to a file since it was looked at.
            let found = match obstacle::find(repo, &linked.top, old_tree, changes)? {
                None => obstacle::overlooked(repo, linked, changes)?,
                found => found,
            };
            return found.map(Some).ok_or_else(|| error.into());
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
    let mut moves = vec![RefMove {
        name: stream.branch_ref(),
        old: Some(step.old),
        new: Some(step.replay.new),
    }];
    // What could not be put back stays behind its ref.
    let goes_along = step.aside.filter(|aside| aside.put_back);
    moves.extend(goes_along.map(Aside::let_go));
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
    if let Some(aside) = step.aside {
        hold.stage_in_the_end(aside.staging_before());
    }
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
                kept: step.aside.map(|aside| aside.name.clone()),
            })
        }
        Err(source) => {
            hold.leave();
            Err(Error::HalfWay {
                stream,
                worktree,
                kept: step.aside.map(|aside| aside.name.clone()),
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
    announce_keeping(workspace, operation, by, stream, (intends, Vec::new()))
}

/// The same, together with the refs that keep what could get lost.
fn announce_keeping(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    (intends, kept): (Vec<RefMove>, Vec<RefMove>),
) -> Result<(), Error> {
    let what = What::Begin {
        stream: stream.clone(),
        verb: VERB.to_owned(),
        intends,
    };
    let request = workspace.request(operation.id(), by, what, kept);
    workspace.submit(&request)??;
    Ok(())
}

/// Takes the intent back, and what was made for it.
pub(super) fn call_off(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    moves: Vec<RefMove>,
) -> Result<(), Error> {
    let what = What::Abandon {
        stream: stream.clone(),
        dead: operation.id().clone(),
    };
    let request = workspace.request(operation.id(), by, what, moves);
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
