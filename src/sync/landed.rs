//! Which part of a stream is on the base already, whatever way it came there?
//!
//! A forge that squashes makes one commit of many, with another id, another parent and another
//! patch: neither ancestry nor patch ids find it again, and replaying the parts onto the whole is
//! a conflict with oneself. What stays the same is the content: a commit of the base that equals
//! a commit of the stream on every path that the stream had changed by then, where the commit
//! before it did not, has landed that part. What the base did to the same lines afterwards
//! changes nothing about it.
//!
//! # Limits
//!
//! Only the base's first parents are looked at: that is where landings come in, and on a side
//! branch that began long ago a file may look the same by never having changed. A landing that
//! was combined with other changes to the same files is not seen; it is replayed, as by a rebase.
//! So is one that the base has taken back as a whole: there is nothing of it on the base.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice as _};

use super::Error;
use super::line::Pick;
use crate::git::{Change, Commit, Id, Leaf, Repo};

/// The newest part of a stream that the base has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landed {
    /// The stream's commit.
    pub tip: Id,
    /// The base's commit that brought it.
    pub by: Id,
}

/// Looks for it. `fork` is the one merge base of `base` and `tip`.
pub fn landed(repo: &Repo, fork: Id, base: Id, tip: Id) -> Result<Option<Landed>, Error> {
    let start = Some(repo.tree_of(fork)?);
    let net = repo.diff_trees(start, Some(repo.tree_of(base)?))?;
    let net: HashSet<BString> = net.into_iter().map(|change| change.path).collect();
    let mut trunk = None;
    for commit in own_commits(repo, fork, tip)? {
        let changes = repo.diff_trees(start, Some(repo.tree_of(commit)?))?;
        // Most streams have something that the base never touched: a look at the names is enough.
        let Some(telling) = changes.iter().find(|change| net.contains(&change.path)) else {
            continue;
        };
        if trunk.is_none() {
            trunk = Some(Trunk::read(repo, fork, base)?);
        }
        let by = match &mut trunk {
            Some(trunk) => {
                let all: Vec<Wanted<'_>> = changes.iter().map(wanted).collect();
                trunk.has(wanted(telling), &all)?
            }
            None => None,
        };
        if let Some(by) = by {
            return Ok(Some(Landed { tip: commit, by }));
        }
    }
    Ok(None)
}

/// The same for a stream that is one line of commits.
pub(super) fn landed_of_line(
    repo: &Repo,
    fork: Id,
    base: Id,
    line: &[Pick],
) -> Result<Option<Landed>, Error> {
    let mut sum: BTreeMap<&BStr, Difference> = BTreeMap::new();
    for change in line.iter().flat_map(|pick| &pick.changes) {
        let path = change.path.as_bstr();
        let before = change.old;
        sum.entry(path)
            .or_insert(Difference { before, now: None })
            .now = change.new;
    }
    let paths: Vec<&BStr> = sum.keys().copied().collect();
    let there = repo.leaves_at(repo.tree_of(base)?, &paths)?;
    let both = sum.iter().zip(there);
    let met: HashSet<&BStr> = both
        .filter(|((_, since), there)| since.before != *there)
        .map(|((path, _), _)| *path)
        .collect();
    if met.is_empty() {
        return Ok(None);
    }
    let mut trunk = Trunk::read(repo, fork, base)?;
    for pick in line.iter().rev() {
        let changed = || sum.iter().filter(|(_, since)| since.before != since.now);
        let telling = changed().find(|(path, _)| met.contains(*path));
        // What is empty cannot be seen on the base; it stays, as somebody's words.
        if let Some((path, since)) = telling.filter(|_| !pick.is_empty()) {
            let all: Vec<Wanted<'_>> = changed().map(|(path, since)| (*path, since.now)).collect();
            if let Some(by) = trunk.has((path, since.now), &all)? {
                let tip = pick.id;
                return Ok(Some(Landed { tip, by }));
            }
        }
        for change in &pick.changes {
            if let Some(since) = sum.get_mut(change.path.as_bstr()) {
                since.now = change.old;
            }
        }
    }
    Ok(None)
}

/// What a path was at the fork, and what it is at some commit of the stream.
struct Difference {
    before: Option<Leaf>,
    now: Option<Leaf>,
}

/// A path, and what it has to be.
type Wanted<'a> = (&'a BStr, Option<Leaf>);

fn wanted(change: &Change) -> Wanted<'_> {
    (change.path.as_bstr(), change.new)
}

/// The stream's commits that contain the fork and are not empty, newest first, along first
/// parents.
fn own_commits(repo: &Repo, fork: Id, tip: Id) -> Result<Vec<Id>, Error> {
    let mut commits = Vec::new();
    let (mut at, mut behind_merge) = (tip, false);
    while at != fork && (!behind_merge || repo.is_ancestor(fork, at)?) {
        let Commit { parents, tree, .. } = repo.commit(at)?;
        behind_merge |= parents.len() > 1;
        let Some(parent) = parents.first() else { break };
        // What is empty cannot be seen on the base; it stays, as somebody's words.
        if repo.tree_of(*parent)? != tree {
            commits.push(at);
        }
        at = *parent;
    }
    Ok(commits)
}

/// The first parents of the base since the fork.
struct Trunk<'r> {
    repo: &'r Repo,
    /// Commit and tree, oldest first; the first of them is what they began from.
    trees: Vec<(Id, Id)>,
    /// What a path was in each of them.
    leaves: HashMap<BString, Vec<Option<Leaf>>>,
}

impl<'r> Trunk<'r> {
    fn read(repo: &'r Repo, fork: Id, base: Id) -> Result<Trunk<'r>, Error> {
        let since: HashSet<Id> = repo
            .commits_between(&[base], &[fork])?
            .into_iter()
            .collect();
        let mut trees = Vec::new();
        let mut at = Some(base);
        while let Some(commit) = at {
            trees.push((commit, repo.tree_of(commit)?));
            at = None;
            if since.contains(&commit) {
                at = repo.commit(commit)?.parents.first().copied();
            }
        }
        trees.reverse();
        Ok(Trunk {
            repo,
            trees,
            leaves: HashMap::new(),
        })
    }

    /// The oldest commit that has all of this, and brought at least some of it.
    fn has(&mut self, telling: Wanted<'_>, all: &[Wanted<'_>]) -> Result<Option<Id>, Error> {
        let history = self.history(telling.0)?.clone();
        for (at, leaf) in history.iter().enumerate().skip(1) {
            if *leaf == telling.1 && self.equals(at, all)? && !self.equals(at - 1, all)? {
                return Ok(Some(self.trees[at].0));
            }
        }
        Ok(None)
    }

    fn equals(&self, at: usize, all: &[Wanted<'_>]) -> Result<bool, Error> {
        let tree = self.trees[at].1;
        for (path, wanted) in all {
            if self.repo.leaf_at(tree, path)? != *wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn history(&mut self, path: &BStr) -> Result<&Vec<Option<Leaf>>, Error> {
        if !self.leaves.contains_key(path.as_bytes().as_bstr()) {
            let mut leaves = Vec::new();
            for (_, tree) in &self.trees {
                leaves.push(self.repo.leaf_at(*tree, path)?);
            }
            self.leaves.insert(path.to_owned(), leaves);
        }
        Ok(&self.leaves[path])
    }
}
