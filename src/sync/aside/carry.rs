//! What are files and index of uncommitted work on another commit?
//!
//! By git's own merge machinery, as for a pick: once for what is staged, and once for the files.

use super::Way;
use crate::git::{Commit, Id, Merged, Merges};
use crate::sync::Error;

/// The trees afterwards; `None` where there is a conflict.
pub(super) struct Carried {
    pub(super) files: Option<Id>,
    pub(super) index: Option<Id>,
}

/// Carries both over to the new commit.
pub(super) fn carry(way: &Way<'_>, staged: Id, files: Id) -> Result<Carried, Error> {
    let mut merges = None;
    let files_after = one(way, &mut merges, files)?;
    let index = if staged == files {
        files_after
    } else {
        one(way, &mut merges, staged)?
    };
    Ok(Carried {
        files: files_after,
        index,
    })
}

fn one(way: &Way<'_>, merges: &mut Option<Merges>, tree: Id) -> Result<Option<Id>, Error> {
    let repo = way.repo;
    let (old, new) = (repo.tree_of(way.old)?, repo.tree_of(way.new)?);
    if tree == old || old == new {
        return Ok(Some(if tree == old { new } else { tree }));
    }
    let Merged { tree, conflict } = if repo.version()?.merges_trees() {
        // One that has met a conflict answers no more.
        let mut talk = match merges.take() {
            Some(talk) => talk,
            None => repo.merges(&way.linked.top, way.new)?,
        };
        let answer = talk.merge(old, new, tree)?;
        if answer.conflict.is_none() {
            *merges = Some(talk);
        }
        answer
    } else {
        in_scratch(way, tree)?
    };
    Ok(conflict.is_none().then_some(tree))
}

/// The same in a worktree of ours, for a git that cannot do it in memory.
fn in_scratch(way: &Way<'_>, tree: Id) -> Result<Merged, Error> {
    let repo = way.repo;
    let committer = repo.committer()?;
    let commit = repo.write_commit(&Commit {
        tree,
        parents: vec![way.old],
        author: committer.clone(),
        committer,
        encoding: None,
        message: "uncommitted\n".into(),
    })?;
    repo.flush()?;
    let (name, lock) = way.operation;
    let registering = (way.registering)()?;
    let mut scratch = repo.scratch(name.as_str(), way.new, lock, registering)?;
    Ok(scratch.pick(commit)?)
}
