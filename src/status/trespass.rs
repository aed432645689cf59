//! What did commits on the base touch of what a stream holds?
//!
//! The guard keeps streams out of one another's files; a person who commits on the base, or merges
//! a pull request of no stream, it does not stop. Whoever holds what was changed there meets it at
//! the next sync, and had better hear of it now. What the stream's branch has already is no news,
//! and neither is what came from it: a path that is the same on both.

use std::collections::HashMap;

use bstr::{BString, ByteSlice as _};

use super::row::Row;
use crate::git::{self, Change, Id, Mention, Repo};
use crate::ledger::Claim;
use crate::name::StreamName;
use crate::rule::Scope;
use crate::workspace::Workspace;

/// What the base changed of what one stream holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trespass {
    /// The paths.
    pub(super) paths: Vec<BString>,
    /// The newest commit on the base that touches them.
    pub(super) commit: Option<Mention>,
}

/// The trespass on each held stream that the base has left behind. Starts one process of git for
/// each stream that there is something to say about.
///
/// A branch that cannot be read is passed over: all the others are still worth a look.
pub(super) fn all(workspace: &Workspace<'_>, rows: &[Row]) -> HashMap<StreamName, Trespass> {
    let mut diffs = Diffs::new(workspace.repo, workspace.base.commit);
    let mut found = HashMap::new();
    for row in rows.iter().filter(|row| row.behind.is_some_and(|n| n > 0)) {
        let claim = workspace.state.claim(&row.name);
        let Some((claim, tip)) = claim.zip(row.tip) else {
            continue;
        };
        if let Ok(Some(trespass)) = on(workspace, claim, tip, &mut diffs) {
            found.insert(row.name.clone(), trespass);
        }
    }
    found
}

fn on(
    workspace: &Workspace<'_>,
    claim: &Claim,
    tip: Id,
    diffs: &mut Diffs<'_>,
) -> Result<Option<Trespass>, git::Error> {
    let (repo, plan) = (workspace.repo, &workspace.plan);
    let changes = diffs.since(tip)?;
    if changes.is_empty() {
        return Ok(None);
    }
    let scope = Scope::new(&claim.territory(), plan);
    let own = repo.tree_of(tip)?;
    let mut paths = Vec::new();
    for change in changes {
        let path = change.path.as_bstr();
        if scope.owns(path) && repo.leaf_at(own, path)? != change.new {
            paths.push(change.path.clone());
        }
    }
    if paths.is_empty() {
        return Ok(None);
    }
    let mentions = repo.mentions(tip, workspace.base.commit, &paths, 1)?;
    let commit = mentions.into_iter().next();
    Ok(Some(Trespass { paths, commit }))
}

/// What the base changed since each commit that a stream stands on: many stand on the same.
struct Diffs<'r> {
    repo: &'r Repo,
    base: Id,
    known: HashMap<Id, Vec<Change>>,
}

impl<'r> Diffs<'r> {
    fn new(repo: &'r Repo, base: Id) -> Diffs<'r> {
        let known = HashMap::new();
        Diffs { repo, base, known }
    }

    /// Nothing where a branch stands on no one commit of the base.
    fn since(&mut self, tip: Id) -> Result<&[Change], git::Error> {
        let bases = self.repo.merge_bases(self.base, &[tip])?;
        let [below] = bases.as_slice() else {
            return Ok(&[]);
        };
        if !self.known.contains_key(below) {
            let (old, new) = (self.repo.tree_of(*below)?, self.repo.tree_of(self.base)?);
            let changes = self.repo.diff_trees(Some(old), Some(new))?;
            self.known.insert(*below, changes);
        }
        Ok(self.known.get(below).map_or(&[], Vec::as_slice))
    }
}
