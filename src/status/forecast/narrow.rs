//! What is the least that git has to merge to tell whether two streams conflict?
//!
//! Where all that both have changed are files that the base has and both still have, the files
//! alone: such a file is neither the one end of a rename nor the other, and no directory is in its
//! way. Everything else comes from one side as it is. The small trees of many pairs are the same
//! ones, and git merges them without a look at the rest of the repository.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bstr::{BStr, BString};

use super::super::Error;
use super::meet;
use crate::git::{GITLINK, Id, Leaf, Repo, SYMLINK};

/// Trees that hold some files only.
pub(super) struct Narrow<'r> {
    repo: &'r Repo,
    known: HashMap<(Id, Vec<BString>), Option<Id>>,
}

impl<'r> Narrow<'r> {
    /// Trees are read from this repository, and written to it.
    pub(super) fn new(repo: &'r Repo) -> Narrow<'r> {
        Narrow {
            repo,
            known: HashMap::new(),
        }
    }

    /// `[base, ours, theirs]`, or as little of them as has the same conflicts, where these are the
    /// paths in which `ours` and `theirs` differ from `base`.
    pub(super) fn of(
        &mut self,
        question: [Id; 3],
        (ours, theirs): (&BTreeSet<BString>, &BTreeSet<BString>),
    ) -> Result<[Id; 3], Error> {
        let Some(common) = meet::common(ours, theirs) else {
            return Ok(question);
        };
        let mut small = question;
        for tree in &mut small {
            let Some(narrowed) = self.tree(*tree, &common)? else {
                return Ok(question);
            };
            *tree = narrowed;
        }
        Ok(small)
    }

    /// A tree that holds of another one only these files, if it has them all.
    fn tree(&mut self, tree: Id, paths: &[&BStr]) -> Result<Option<Id>, Error> {
        let key = (tree, paths.iter().map(|path| (*path).to_owned()).collect());
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let leaves = self.repo.leaves_at(tree, paths)?;
        let narrowed = if leaves.iter().all(|leaf| leaf.is_some_and(is_file)) {
            let held: BTreeMap<BString, Option<Leaf>> = key.1.iter().cloned().zip(leaves).collect();
            Some(self.repo.overlay(None, &held)?)
        } else {
            None
        };
        self.known.insert(key, narrowed);
        Ok(narrowed)
    }
}

fn is_file(leaf: Leaf) -> bool {
    leaf.mode != GITLINK && leaf.mode != SYMLINK
}
