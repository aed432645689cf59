//! How do branch, index and files move together, or not at all?
//!
//! What moves a stream is not asked here: a sync, a resolution, an undo. What they leave behind is
//! kept by a safety ref, which is made in the same step.
//!
//! The intent is written down first. Then the index is held, so that nobody can commit half of it;
//! the files go; and the branch moves in the same step as the ledger. Whatever fails before that
//! step is put back.

use bstr::BString;

use super::aside::Aside;
use super::{Error, obstacle};
use crate::git::{Change, Differences, Error as GitError, Id, IndexHold, Linked, Repo};
use crate::kept;
use crate::ledger::{Actor, Error as LedgerError, Operation, RefMove, What};
use crate::name::StreamName;
use crate::sync::Obstacle;
use crate::workspace::{self, Workspace, now};

/// Where a stream goes.
pub struct Step<'a> {
    /// The stream.
    pub stream: &'a StreamName,
    /// Its worktree.
    pub linked: &'a Linked,
    /// Where its branch is.
    pub old: Id,
    /// Where it goes.
    pub new: Id,
    /// The verb of the intent that is written down first.
    pub verb: &'static str,
    /// What the ledger is told in the step that moves the branch.
    pub then: What,
    /// Uncommitted work that goes along.
    pub aside: Option<&'a Aside>,
}

impl Step<'_> {
    /// The trees that the files go from and to.
    fn trees(&self, repo: &Repo) -> Result<(Id, Id), Error> {
        match self.aside {
            Some(aside) => Ok(aside.trees()),
            None => Ok((repo.tree_of(self.old)?, repo.tree_of(self.new)?)),
        }
    }

    /// In what the trees differ.
    fn differences(&self, repo: &Repo) -> Result<Differences, Error> {
        let (old_tree, new_tree) = self.trees(repo)?;
        Ok(repo.differences(old_tree, new_tree)?)
    }

    /// Whether the files are surely as they were committed; a look at these alone, where git would
    /// look at all that there are.
    fn is_untouched(&self, repo: &Repo, changes: &[Change]) -> Result<bool, Error> {
        Ok(self.aside.is_none() && repo.is_untouched(self.linked, changes)?)
    }

    /// What is in the way of these changes; what is kept aside is not.
    fn obstacle(
        &self,
        repo: &Repo,
        changes: &[Change],
        is_untouched: bool,
    ) -> Result<Option<Obstacle>, Error> {
        let (top, old_tree) = (&self.linked.top, self.trees(repo)?.0);
        let Some(aside) = self.aside else {
            if is_untouched {
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
pub fn advance(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    step: &Step<'_>,
) -> Result<Option<Obstacle>, Error> {
    let repo = workspace.repo;
    let Step {
        stream,
        old,
        new,
        verb,
        ..
    } = *step;
    let trees = step.trees(repo)?;
    let differences = step.differences(repo)?;
    let is_untouched = step.is_untouched(repo, &differences.changes)?;
    if let Some(found) = step.obstacle(repo, &differences.changes, is_untouched)? {
        return Ok(Some(found));
    }
    let branch = RefMove {
        name: stream.branch_ref(),
        old: Some(old),
        new: Some(new),
    };
    let kept: Vec<RefMove> = step.aside.map(Aside::kept).into_iter().collect();
    let intends = std::iter::once(branch).chain(kept.clone()).collect();
    announce_keeping(workspace, operation, by, (stream, verb), (intends, kept))?;
    let way = (trees, &differences, is_untouched);
    let result = travel(workspace, operation, by, step, way);
    let is_there = repo.read_ref(&stream.branch_ref())? == Some(new);
    match result {
        Ok(None) => Ok(None),
        Ok(Some(found)) => {
            call_off(workspace, operation, by, stream, step.given_up())?;
            Ok(Some(found))
        }
        // The files could not be put back: the intent stays, so that the next run goes on.
        Err(error @ (Error::Torn { .. } | Error::HalfWay { .. })) => Err(error),
        // Somebody else has taken the step.
        Err(error @ Error::Git(GitError::Moved { .. })) => {
            drop(call_off(workspace, operation, by, stream, step.given_up()));
            Err(error)
        }
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
pub fn foresee(repo: &Repo, step: &Step<'_>) -> Result<Option<Obstacle>, Error> {
    let changes = step.differences(repo)?.changes;
    step.obstacle(repo, &changes, step.is_untouched(repo, &changes)?)
}

/// Moves files and index, then branch and ledger in one step.
fn travel(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    step: &Step<'_>,
    ((old_tree, new_tree), differences, is_untouched): ((Id, Id), &Differences, bool),
) -> Result<Option<Obstacle>, Error> {
    let (repo, changes) = (workspace.repo, &differences.changes);
    let (stream, linked) = (step.stream, step.linked);
    let mut moves = keeping(workspace, operation, stream, (step.old, step.new))?;
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
    let gone = gone.and_then(|()| {
        if step.aside.is_none() && hold.go_quickly(differences, is_untouched, operation.lock())? {
            return Ok(());
        }
        hold.go(old_tree, new_tree, operation.lock())
    });
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
        let kept = put_back(workspace, operation, step, hold, (new_tree, old_tree))?;
        // Written to after it was looked at, and left as it is.
        let Some((first, _)) = kept.split_first() else {
            return Err(error.into());
        };
        let (is_new, worktree) = (is_new(changes, first), linked.top.clone());
        return Ok(Some(if is_new {
            Obstacle::InTheWay {
                worktree,
                paths: kept,
            }
        } else {
            Obstacle::Uncommitted {
                worktree,
                paths: kept,
            }
        }));
    }
    // What could not be put back stays behind its ref.
    let goes_along = step.aside.filter(|aside| aside.put_back);
    moves.extend(goes_along.map(Aside::let_go));
    let request = workspace.request(operation.id(), by, step.then.clone(), moves);
    let error = match workspace.submit(&request) {
        Ok(Ok(_)) => return Ok(None),
        Ok(Err(refusal)) => refusal.into(),
        Err(error) => told(error, step),
    };
    if repo.read_ref(&stream.branch_ref())? != Some(step.new) {
        put_back(workspace, operation, step, hold, (new_tree, old_tree))?;
    }
    Err(error)
}

/// The move of a stream's branch, and the safety ref for what it leaves behind.
pub fn keeping(
    workspace: &Workspace<'_>,
    operation: &Operation,
    stream: &StreamName,
    (old, new): (Id, Id),
) -> Result<Vec<RefMove>, Error> {
    let mut moves = vec![RefMove {
        name: stream.branch_ref(),
        old: Some(old),
        new: Some(new),
    }];
    let (made, known) = ((now(), operation.id()), [new, workspace.base.commit]);
    moves.extend(kept::keep(workspace.repo, stream, made, [old], &known)?);
    Ok(moves)
}

/// Whether nothing was at a path before the changes.
fn is_new(changes: &[Change], path: &BString) -> bool {
    let found = changes.iter().find(|change| change.path == *path);
    found.is_some_and(|change| change.old.is_none())
}

/// Brings the files back to where they were. Answers those that somebody has written to meanwhile:
/// they stay, as changes that are not committed.
fn put_back(
    workspace: &Workspace<'_>,
    operation: &Operation,
    step: &Step<'_>,
    mut hold: IndexHold<'_>,
    way: (Id, Id),
) -> Result<Vec<BString>, Error> {
    if let Some(aside) = step.aside {
        hold.stage_in_the_end(aside.staging_before());
    }
    let settled = workspace
        .repo
        .diff_trees(Some(way.0), Some(way.1))
        .and_then(|changes| {
            hold.begin()?;
            hold.settle_others(way, &changes, operation.lock(), step.aside.is_none())
        });
    let (stream, worktree) = (step.stream.clone(), step.linked.top.clone());
    match settled {
        Ok(foreign) if foreign.is_empty() || step.aside.is_none() => Ok(foreign),
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
    (stream, verb): (&StreamName, &str),
    intends: Vec<RefMove>,
) -> Result<(), Error> {
    announce_keeping(
        workspace,
        operation,
        by,
        (stream, verb),
        (intends, Vec::new()),
    )
}

/// The same, together with the refs that keep what could get lost.
fn announce_keeping(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    (stream, verb): (&StreamName, &str),
    (intends, kept): (Vec<RefMove>, Vec<RefMove>),
) -> Result<(), Error> {
    let what = What::Begin {
        stream: stream.clone(),
        verb: verb.to_owned(),
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
