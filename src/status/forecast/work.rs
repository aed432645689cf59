//! What would each stream land now?
//!
//! What is committed on its branch, and on top of that what is not committed in its worktree, if
//! that is on this machine.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BString, ByteSlice as _};

use super::super::Error;
use super::super::worktrees::{Found, Here};
use crate::git::{Id, Leaf, Linked, Pending, Repo, Trial};
use crate::ledger::Claim;
use crate::name::StreamName;
use crate::sync::landed;
use crate::workspace::Workspace;

/// The work of one stream.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) tip: Id,
    /// The tree from which it began: the last state of the base that it has.
    pub(super) fork: Id,
    /// The tree of its tip.
    committed: Id,
    pending: Vec<Pending>,
    linked: Option<Linked>,
    /// Every path that differs from the fork, or may.
    pub(super) paths: BTreeSet<BString>,
}

impl Work {
    /// How many paths are not committed; `None` where the worktree cannot be seen.
    pub(super) fn uncommitted(&self) -> Option<usize> {
        self.linked.as_ref().map(|_| self.pending.len())
    }

    /// What it would land.
    pub(super) fn tree(&self, trial: &Trial<'_>) -> Result<Id, Error> {
        let (Some(linked), false) = (&self.linked, self.pending.is_empty()) else {
            return Ok(self.committed);
        };
        let present = trial.present(linked, &self.pending)?;
        Ok(trial.inside()?.overlay(Some(self.committed), &present)?)
    }

    /// The same on a base that has changed none of its paths.
    pub(super) fn carried_to(&self, repo: &Repo, base: Id, tree: Id) -> Result<Id, Error> {
        if self.fork == base {
            return Ok(tree);
        }
        let changes = repo.diff_trees(Some(self.fork), Some(tree))?;
        let leaves = changes.into_iter().map(|one| (one.path, one.new));
        let leaves: BTreeMap<BString, Option<Leaf>> = leaves.collect();
        Ok(repo.overlay(Some(base), &leaves)?)
    }
}

/// The work of a stream that is held, or why it is not known.
pub(super) fn work_of(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    claim: &Claim,
    found: Option<&Found>,
) -> Result<Result<Work, String>, Error> {
    let is_here = claim.machine == workspace.machine.id;
    let Some(tip) = tip(workspace, stream)? else {
        return Ok(Err(if is_here {
            "its branch is gone".to_owned()
        } else {
            format!("its work is on {} alone", claim.machine)
        }));
    };
    let here = match found {
        Some(Found::Here(here)) => Some(here),
        Some(Found::Unreadable(why)) => return Ok(Err(why.clone())),
        Some(Found::Gone) | None => None,
    };
    if let Some(why) = here.and_then(|here| unfit(here, stream)) {
        return Ok(Err(why));
    }
    let (repo, base) = (workspace.repo, workspace.base.commit);
    let fork = match repo.merge_bases(base, &[tip])?.as_slice() {
        [fork] => *fork,
        [] => return Ok(Err("it has no commit in common with the base".to_owned())),
        _ => return Ok(Err("it meets the base in several places".to_owned())),
    };
    // What has landed by a squash is no conflict with itself.
    let fork = match landed(repo, fork, base, tip)? {
        Some(landed) if fork != base => landed.tip,
        _ => fork,
    };
    let (fork, committed) = (repo.tree_of(fork)?, repo.tree_of(tip)?);
    let pending: Vec<Pending> = here.map(Here::pending).unwrap_or_default();
    let changes = repo.diff_trees(Some(fork), Some(committed))?;
    let names = pending
        .iter()
        .map(|one| one.path.trim_end_with(|c| c == '/').into());
    let paths = changes
        .into_iter()
        .map(|one| one.path)
        .chain(names)
        .collect();
    Ok(Ok(Work {
        tip,
        fork,
        committed,
        pending,
        linked: here.map(|here| here.linked.clone()),
        paths,
    }))
}

/// Where the stream's branch is, or was when it was last fetched.
fn tip(workspace: &Workspace<'_>, stream: &StreamName) -> Result<Option<Id>, Error> {
    let repo = workspace.repo;
    let tip = repo.read_ref(&stream.branch_ref())?;
    match (tip, &workspace.base.remote) {
        (None, Some(remote)) => {
            let name = format!("refs/remotes/{remote}/{}", stream.branch());
            Ok(repo.read_ref(&name)?)
        }
        (tip, _) => Ok(tip),
    }
}

/// Why what is in a worktree is no work that could land.
fn unfit(here: &Here, stream: &StreamName) -> Option<String> {
    if let Some(under_way) = here.under_way {
        return Some(format!("a {under_way} is under way in its worktree"));
    }
    if here.uncommitted.iter().any(|one| one.unmerged) {
        return Some("its index holds a conflict".to_owned());
    }
    let is_on_branch = here.branch() == Some(&stream.branch_ref());
    (!is_on_branch).then(|| "its worktree is on another branch".to_owned())
}
