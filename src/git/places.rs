//! What do trees hold at a few places?
//!
//! Asked of paths that are in order, each directory is read once, and none that leads to no path.

use bstr::{BStr, ByteSlice as _};

use super::tree::{Entry, Listing};
use super::{Error, Id, Leaf, Repo};

impl Repo {
    /// What a tree holds at each of these paths, in their order; nothing where a directory is.
    pub fn leaves_at(&self, tree: Id, paths: &[&BStr]) -> Result<Vec<Option<Leaf>>, Error> {
        let mut found = Vec::with_capacity(paths.len());
        self.leaves_into(Some(tree), paths, &mut found)?;
        Ok(found)
    }

    fn leaves_into(
        &self,
        tree: Option<Id>,
        paths: &[&BStr],
        found: &mut Vec<Option<Leaf>>,
    ) -> Result<(), Error> {
        let bytes = self.tree_bytes(tree)?;
        let listing = Listing::of(tree, &bytes)?;
        for group in paths.chunk_by(|one, other| first(one) == first(other)) {
            let entry = listing.get(first(group[0]));
            let below: Vec<&BStr> = group.iter().filter_map(|path| rest(path)).collect();
            if below.len() == group.len() {
                self.leaves_into(entry.and_then(Entry::subtree), &below, found)?;
                continue;
            }
            // A file and what would lie below it, if it were a directory.
            for path in group {
                match rest(path) {
                    None => found.push(entry.and_then(Entry::leaf)),
                    Some(rest) => {
                        self.leaves_into(entry.and_then(Entry::subtree), &[rest], found)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether two trees hold something else at one of these paths, or above it.
    pub fn differ_at(
        &self,
        old: Option<Id>,
        new: Option<Id>,
        paths: &[&BStr],
    ) -> Result<bool, Error> {
        if old == new {
            return Ok(false);
        }
        let bytes = (self.tree_bytes(old)?, self.tree_bytes(new)?);
        let (old, new) = (Listing::of(old, &bytes.0)?, Listing::of(new, &bytes.1)?);
        for group in paths.chunk_by(|one, other| first(one) == first(other)) {
            let name = first(group[0]);
            let (before, after) = (old.get(name), new.get(name));
            if before == after {
                continue;
            }
            let below: Vec<&BStr> = group.iter().filter_map(|path| rest(path)).collect();
            let leaf = |entry: Option<Entry>| entry.and_then(Entry::leaf);
            if below.len() < group.len() || leaf(before) != leaf(after) {
                return Ok(true);
            }
            let trees = (
                before.and_then(Entry::subtree),
                after.and_then(Entry::subtree),
            );
            if self.differ_at(trees.0, trees.1, &below)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The first name of a path.
fn first(path: &BStr) -> &BStr {
    path.find_byte(b'/').map_or(path, |at| path[..at].as_bstr())
}

/// What follows the first name of a path.
fn rest(path: &BStr) -> Option<&BStr> {
    path.find_byte(b'/').map(|at| path[at + 1..].as_bstr())
}
