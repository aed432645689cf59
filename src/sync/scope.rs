//! Does what a sync gives still stay inside the stream?
//!
//! A rename on the base can carry the stream's edits to a path that is not its own. What was out
//! of scope before the sync is the guard's business, not a consequence of moving.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice as _};

use super::{Error, Replay};
use crate::git::{Id, Repo};
use crate::name::StreamName;
use crate::rule::Scope;
use crate::workspace::Workspace;

/// The paths that only the move has brought out of the stream's patterns.
pub fn check_scope(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    (base, tip): (Id, Id),
    replay: &Replay,
) -> Result<Vec<BString>, Error> {
    let repo = workspace.repo;
    let Some(claim) = workspace.state.claim(stream) else {
        return Ok(Vec::new());
    };
    let scope = Scope::new(&claim.territory(), &workspace.plan);
    let mut found = BTreeSet::new();
    let start = repo.tree_of(base)?;
    let mut before = start;
    for picked in &replay.picked {
        let tree = repo.tree_of(picked.new)?;
        // What one of them changes is what all of them change, looked at once.
        found.extend(outside(repo, &scope, start, (before, tree))?);
        before = tree;
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    for fork in repo.merge_bases(base, &[tip])? {
        let fork = repo.tree_of(fork)?;
        for picked in &replay.picked {
            let before = outside(repo, &scope, fork, (fork, repo.tree_of(picked.old)?))?;
            found.retain(|path| !before.contains(path));
        }
    }
    Ok(found.into_iter().collect())
}

/// The paths that a step changes to something else than they were at the start, and that are not
/// the stream's.
fn outside(
    repo: &Repo,
    scope: &Scope,
    start: Id,
    (from, to): (Id, Id),
) -> Result<BTreeSet<BString>, Error> {
    let mut found = BTreeSet::new();
    for change in repo.diff_trees(Some(from), Some(to))? {
        let path = change.path.as_bstr();
        let old = repo.leaf_at(start, path)?;
        if old != change.new && scope.is_foreign(path, old.is_none()) {
            found.insert(change.path);
        }
    }
    Ok(found)
}
