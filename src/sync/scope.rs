//! Does what a sync gives still stay inside the stream?
//!
//! A rename on the base can carry the stream's edits to a path that is not its own. What was out
//! of scope before the sync is the guard's business, not a consequence of moving.

use std::collections::BTreeSet;

use bstr::BString;

use super::{Error, Replay};
use crate::git::Id;
use crate::name::StreamName;
use crate::rule::{Scope, TreeContent, Why, judge};
use crate::workspace::Workspace;

/// The paths that only the move has brought out of the stream's patterns.
pub(super) fn check_scope(
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
    let outside = |from: Id, to: Id| -> Result<BTreeSet<BString>, Error> {
        let (from, to) = (repo.tree_of(from)?, repo.tree_of(to)?);
        let changes = repo.diff_trees(Some(from), Some(to))?;
        let breaches = judge(&scope, &changes, &TreeContent::new(repo, from))?;
        let is_about_owning = |why: &Why| match why {
            Why::OutOfScope | Why::Shared | Why::Plan => true,
            Why::BadPath(_)
            | Why::CaseCollision { .. }
            | Why::SymlinkOut { .. }
            | Why::Gitlink
            | Why::Unmerged => false,
        };
        let found = breaches.into_iter().filter(|one| is_about_owning(&one.why));
        Ok(found.map(|breach| breach.path).collect())
    };
    let mut found = BTreeSet::new();
    for picked in &replay.picked {
        found.extend(outside(base, picked.new)?);
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    for fork in repo.merge_bases(base, &[tip])? {
        for picked in &replay.picked {
            let before = outside(fork, picked.old)?;
            found.retain(|path| !before.contains(path));
        }
    }
    Ok(found.into_iter().collect())
}
