//! What is there to remember of a resolution?
//!
//! Every commit of the result is compared with the one that it comes from: put onto the same
//! parent by git alone, did that conflict? Then what the commit holds there is how a person has
//! resolved it. A rebase keeps who wrote a commit and when; what cannot be told apart by that, or
//! was put together, is not remembered.

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice as _};

use super::{Edits, hunks, key, ref_of, text_at};
use crate::git::{Commit, Expect, Id, Leaf, Lock, Merged, Merges, Move, Repo};
use crate::name::StreamName;
use crate::path;
use crate::sync::{Error, Stuck};

/// git's mode of an ordinary file.
const FILE: u32 = 0o100_644;

/// A resolution that has come to its end.
pub(in crate::sync) struct Resolved<'a> {
    pub(in crate::sync) repo: &'a Repo,
    pub(in crate::sync) stream: &'a StreamName,
    /// Where the user's merge drivers run.
    pub(in crate::sync) worktree: &'a std::path::Path,
    pub(in crate::sync) operation: (&'a str, &'a Lock),
    pub(in crate::sync) registering: &'a dyn Fn() -> Result<Lock, Error>,
    /// The stream's commit before, what it was rebased onto, and where it ended.
    pub(in crate::sync) tip: Id,
    pub(in crate::sync) base: Id,
    pub(in crate::sync) result: Id,
}

/// Remembers it; answers in how many commits there was something to remember.
pub(in crate::sync) fn learn(resolved: &Resolved<'_>) -> Result<usize, Error> {
    let repo = resolved.repo;
    let (mut edits, mut count) = (Edits::new(), 0);
    let mut merges = None;
    for (old, new) in pairs(resolved)? {
        if let Some(stuck) = conflict(resolved, &mut merges, old, new)? {
            remember(repo, &stuck, repo.tree_of(new)?, &mut edits)?;
            count += 1;
        }
    }
    if edits.is_empty() {
        return Ok(0);
    }
    let name = ref_of(resolved.stream);
    let known = repo.read_ref(&name)?;
    let tree = known.map(|commit| repo.tree_of(commit)).transpose()?;
    let committer = repo.committer()?;
    let commit = repo.write_commit(&Commit {
        tree: repo.write_tree_holding(tree, &edits)?,
        parents: known.into_iter().collect(),
        author: committer.clone(),
        committer,
        encoding: None,
        message: format!("what was resolved for {}\n", resolved.stream).into(),
    })?;
    let remembered = Move {
        from: Expect::from_read(known),
        to: Some(commit),
        name,
    };
    repo.move_refs(&[remembered], "stream: resolved")?;
    Ok(count)
}

/// The commits of the result, and those that they come from: by author and time of writing, where
/// those are the only ones of both.
fn pairs(resolved: &Resolved<'_>) -> Result<Vec<(Id, Id)>, Error> {
    let repo = resolved.repo;
    let by_author = |tip: Id| -> Result<BTreeMap<BString, Vec<Id>>, Error> {
        let mut found: BTreeMap<BString, Vec<Id>> = BTreeMap::new();
        for id in repo.commits_between(&[tip], &[resolved.base])? {
            let commit = repo.commit(id)?;
            if commit.parents.len() == 1 {
                let subject = commit.subject().to_owned();
                let key = [commit.author.as_slice(), b"\n", &subject].concat();
                found.entry(key.into()).or_default().push(id);
            }
        }
        Ok(found)
    };
    let (before, mut after) = (by_author(resolved.tip)?, by_author(resolved.result)?);
    let pairs = before.into_iter().filter_map(|(key, old)| {
        let new = after.remove(&key)?;
        match (old.as_slice(), new.as_slice()) {
            ([old], [new]) => Some((*old, *new)),
            _ => None,
        }
    });
    Ok(pairs.collect())
}

/// The conflict that git runs into when it puts the old commit where the new one is.
fn conflict(
    resolved: &Resolved<'_>,
    merges: &mut Option<Merges>,
    old: Id,
    new: Id,
) -> Result<Option<Stuck>, Error> {
    let repo = resolved.repo;
    let (commit, made) = (repo.commit(old)?, repo.commit(new)?);
    let (Some(parent), Some(onto)) = (commit.parents.first(), made.parents.first()) else {
        return Ok(None);
    };
    let (parent, onto_tree) = (repo.tree_of(*parent)?, repo.tree_of(*onto)?);
    let Merged { tree, conflict } = if repo.version()?.merges_trees() {
        let mut talk = match merges.take() {
            Some(talk) => talk,
            None => repo.merges(resolved.worktree, resolved.base)?,
        };
        let answer = talk.merge(parent, onto_tree, commit.tree)?;
        if answer.conflict.is_none() {
            *merges = Some(talk);
        }
        answer
    } else {
        let (name, lock) = resolved.operation;
        let mut scratch = repo.scratch(name, *onto, lock, (resolved.registering)()?)?;
        scratch.pick(old)?
    };
    Ok(conflict.map(|conflict| Stuck {
        commit: old,
        subject: commit.subject().to_owned(),
        applied: 0,
        of: 1,
        onto: onto_tree,
        theirs: commit.tree,
        parent,
        tree,
        conflict,
        landed: None,
    }))
}

/// Adds what the paths of a conflict have become.
fn remember(repo: &Repo, stuck: &Stuck, result: Id, edits: &mut Edits) -> Result<(), Error> {
    let place = format!("exact/{}", key(stuck));
    let mut list = String::new();
    for (at, path) in stuck.paths().iter().enumerate() {
        list.push_str(&format!("{}\n", path::shown(path.as_bstr())));
        let leaf = repo.leaf_at(result, path.as_bstr())?;
        edits.insert(format!("{place}/{at}").into(), leaf);
        let (Some(marked), Some(leaf)) = (text_at(repo, stuck.tree, path)?, leaf) else {
            continue;
        };
        if let Some(before) = hunks::conflicted(&repo.blob(marked.id)?) {
            let id = repo.write_blob(&before.text)?;
            let before_leaf = Leaf { mode: FILE, id };
            let place = format!("hunks/{}", before.key);
            edits.insert(format!("{place}/before").into(), Some(before_leaf));
            edits.insert(format!("{place}/after").into(), Some(leaf));
        }
    }
    let id = repo.write_blob(list.as_bytes())?;
    let paths = Leaf { mode: FILE, id };
    edits.insert(format!("{place}/paths").into(), Some(paths));
    Ok(())
}
