//! Does what a sync gives still stay inside the stream?
//!
//! A rename on the base can carry the stream's edits to a path that is not its own. What was out
//! of scope before the sync is the guard's business, not a consequence of moving.

use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice as _};

use super::{Error, Replay};
use crate::git::{Change, Id, Repo};
use crate::name::StreamName;
use crate::rule::Scope;
use crate::workspace::Workspace;

/// What each commit of a replay changes at a path, compared with what the base has there.
pub(super) fn brought(repo: &Repo, base: Id, replay: &Replay) -> Result<Vec<Change>, Error> {
    let start = repo.tree_of(base)?;
    let (mut brought, mut before) = (Vec::new(), start);
    for picked in &replay.picked {
        let tree = repo.tree_of(picked.new)?;
        // What one of them changes is what all of them change, looked at once.
        let mut changes = repo.diff_trees(Some(before), Some(tree))?;
        changes.sort_by(|one, other| one.path.cmp(&other.path));
        let paths: Vec<&BStr> = changes.iter().map(|change| change.path.as_bstr()).collect();
        let there = repo.leaves_at(start, &paths)?;
        for (change, old) in changes.into_iter().zip(there) {
            brought.push(Change { old, ..change });
        }
        before = tree;
    }
    Ok(brought)
}

/// The paths that only the move has brought out of the stream's patterns.
pub fn check_scope(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    (base, tip): (Id, Id),
    replay: &Replay,
) -> Result<Vec<BString>, Error> {
    let brought = brought(workspace.repo, base, replay)?;
    carried_out(workspace, stream, (base, tip), (replay, &brought))
}

/// The same, where it is known what the commits change.
pub(super) fn carried_out(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    (base, tip): (Id, Id),
    (replay, brought): (&Replay, &[Change]),
) -> Result<Vec<BString>, Error> {
    let repo = workspace.repo;
    let Some(claim) = workspace.state.claim(stream) else {
        return Ok(Vec::new());
    };
    let scope = Scope::new(&claim.territory(), &workspace.plan);
    let is_outside = |change: &&Change| {
        change.old != change.new && scope.is_foreign(change.path.as_bstr(), change.old.is_none())
    };
    let outside = brought.iter().filter(is_outside);
    let mut found: BTreeSet<BString> = outside.map(|change| change.path.clone()).collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    for fork in repo.merge_bases(base, &[tip])? {
        let fork = repo.tree_of(fork)?;
        for picked in &replay.picked {
            for change in repo.diff_trees(Some(fork), Some(repo.tree_of(picked.old)?))? {
                if is_outside(&&change) {
                    found.remove(&change.path);
                }
            }
        }
    }
    Ok(found.into_iter().collect())
}
