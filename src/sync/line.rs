//! Which commits does a stream have of its own, and what does each of them change?
//!
//! Most streams are one line of commits that begins at the base. Then the line is read here, each
//! commit is compared with the one before it once, and everything that is asked of the stream's own
//! changes is answered from that. A history with merges in it, or that meets the base in several
//! places, is for git to put in order.

use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice as _};

use super::Error;
use crate::git::{Change, Commit, GITLINK, Id, Leaf, Repo};

/// One commit that is to be applied.
pub(super) struct Pick {
    /// The commit.
    pub(super) id: Id,
    /// The same, read.
    pub(super) commit: Commit,
    /// The tree before it.
    pub(super) parent_tree: Id,
    /// What it changes.
    pub(super) changes: Vec<Change>,
}

impl Pick {
    /// A commit with at most one parent.
    pub(super) fn of(repo: &Repo, id: Id, commit: Commit) -> Result<Pick, Error> {
        let parent_tree = match commit.parents.first() {
            Some(parent) => repo.tree_of(*parent)?,
            None => Id::empty_tree(id.kind()),
        };
        Ok(Pick {
            id,
            changes: repo.diff_trees(Some(parent_tree), Some(commit.tree))?,
            commit,
            parent_tree,
        })
    }

    /// Whether it changes nothing: somebody's words.
    pub(super) fn is_empty(&self) -> bool {
        self.commit.tree == self.parent_tree
    }
}

/// The commits after `fork` up to `tip`, oldest first; `None` where they are no line.
pub(super) fn line(repo: &Repo, fork: Id, tip: Id) -> Result<Option<Vec<Pick>>, Error> {
    let (mut picks, mut at) = (Vec::new(), tip);
    while at != fork {
        let commit = repo.commit(at)?;
        let [parent] = *commit.parents.as_slice() else {
            return Ok(None);
        };
        picks.push(Pick::of(repo, at, commit)?);
        at = parent;
    }
    picks.reverse();
    Ok(Some(picks))
}

/// Whether a commit of the base may make the same change as one of these, by git's patch id: that
/// is made of the paths, without white space in them, and of the lines. Submodules may be left out
/// of it by the user's configuration.
///
/// Where the answer is yes, git has to be asked.
pub(super) fn may_be_repeated(
    repo: &Repo,
    picks: &[Pick],
    (base, tip): (Id, Id),
) -> Result<bool, Error> {
    let mut sets: BTreeSet<Vec<&BStr>> = BTreeSet::new();
    for pick in picks.iter().filter(|pick| !pick.is_empty()) {
        let Some(paths) = plain_paths(&pick.changes) else {
            return Ok(true);
        };
        sets.insert(paths);
    }
    // A commit that makes the same change has changed each of its paths, so one tells.
    let telling: BTreeSet<&BStr> = sets.iter().map(|paths| paths[0]).collect();
    let telling: Vec<&BStr> = telling.into_iter().collect();
    if telling.is_empty() {
        return Ok(false);
    }
    for id in repo.commits_between(&[base], &[tip])? {
        let commit = repo.commit(id)?;
        let before = match commit.parents.as_slice() {
            [] => None,
            [parent] => Some(repo.tree_of(*parent)?),
            // A merge has no patch id.
            _ => continue,
        };
        if !repo.differ_at(before, Some(commit.tree), &telling)? {
            continue;
        }
        let changes = repo.diff_trees(before, Some(commit.tree))?;
        if plain_paths(&changes).is_none_or(|paths| sets.contains(&paths)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The paths of changes, if none of them is a submodule's or has white space in it.
fn plain_paths(changes: &[Change]) -> Option<Vec<&BStr>> {
    let is_gitlink = |leaf: Option<Leaf>| leaf.is_some_and(|leaf| leaf.mode == GITLINK);
    let is_plain = |change: &Change| {
        !is_gitlink(change.old)
            && !is_gitlink(change.new)
            && !change.path.iter().any(u8::is_ascii_whitespace)
    };
    let paths = changes.iter().map(|change| change.path.as_bstr());
    changes.iter().all(is_plain).then(|| paths.collect())
}

/// Whether a file of attributes is among the changes.
pub(super) fn change_attributes(changes: &[Change]) -> bool {
    let is_about = |path: &BString| path.rsplit_str("/").next() == Some(b".gitattributes");
    changes.iter().any(|change| is_about(&change.path))
}
