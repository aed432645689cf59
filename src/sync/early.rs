//! What forbids a sync before anything is asked of anybody?

use std::path::PathBuf;

use super::{Error, Obstacle};
use crate::git::{Linked, Repo};
use crate::name::StreamName;
use crate::workspace::Workspace;

/// What git leaves in a worktree's admin directory while an operation is going on: its name, and
/// the commands that end it.
const OPERATIONS: [(&str, &str, &str); 7] = [
    ("rebase-merge", "rebase", "git rebase --abort"),
    ("rebase-apply", "rebase", "git rebase --abort"),
    ("MERGE_HEAD", "merge", "git merge --abort"),
    ("CHERRY_PICK_HEAD", "cherry-pick", "git cherry-pick --abort"),
    ("REVERT_HEAD", "revert", "git revert --abort"),
    ("BISECT_LOG", "bisect", "git bisect reset"),
    (
        "sequencer",
        "cherry-pick or revert",
        "git cherry-pick --abort",
    ),
];

/// The worktree of a stream's claim, or what keeps it from being used.
pub fn worktree(
    workspace: &Workspace<'_>,
    stream: &StreamName,
) -> Result<Result<Linked, Obstacle>, Error> {
    let Some(claim) = workspace.state.claim(stream) else {
        // The ledger has refused that already.
        return Ok(Err(Obstacle::NoWorktree {
            worktree: PathBuf::new(),
        }));
    };
    let all = workspace.repo.linked_worktrees()?;
    let found = all
        .into_iter()
        .find(|linked| linked.id == claim.worktree_id && !linked.half_made && linked.top.is_dir());
    Ok(found.ok_or_else(|| Obstacle::NoWorktree {
        worktree: PathBuf::from(&claim.worktree),
    }))
}

/// What is going on in the worktree that must end first.
pub fn obstacle(
    repo: &Repo,
    linked: &Linked,
    stream: &StreamName,
) -> Result<Option<Obstacle>, Error> {
    let worktree = linked.top.clone();
    for (file, name, abort) in OPERATIONS {
        if linked.git_dir.join(file).exists() {
            return Ok(Some(Obstacle::Operation {
                worktree,
                name,
                abort,
            }));
        }
    }
    if linked.branch.as_deref() != Some(&stream.branch_ref()) {
        return Ok(Some(Obstacle::OtherBranch {
            worktree,
            found: linked.branch.clone(),
            wanted: stream.branch(),
        }));
    }
    let head = repo.read_ref(&stream.branch_ref())?;
    let tree = head.map(|head| repo.tree_of(head)).transpose()?;
    let changes = repo.diff_index(&linked.git_dir.join("index"), tree)?;
    let unmerged = changes.into_iter().filter(|change| change.unmerged);
    let paths: Vec<_> = unmerged.map(|change| change.path).collect();
    Ok((!paths.is_empty()).then_some(Obstacle::Unmerged { worktree, paths }))
}
