//! How does an index differ from a tree?
//!
//! The index's cache-tree extension says which directories are unchanged since their tree was
//! last written; where it names the very subtree that we compare with, nothing below is looked
//! at. git trusts it in the same way: it is what `git commit` writes.

use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};
use gix::index::entry::{Flags, Mode};
use gix::index::extension::Tree as CacheTree;
use gix::index::{Entry as IndexEntry, File, PathStorageRef, decode};

use super::tree::{Change, Entry, Leaf, TREE, joined};
use super::{Error, Id, Repo};

impl Repo {
    /// Every path at which an index differs from a tree, unresolved conflicts included.
    ///
    /// Paths that are only meant to be added (`git add -N`) do not count: git would not commit
    /// them. An index that does not exist is empty.
    pub fn diff_index(&self, index: &Path, tree: Option<Id>) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        if !index.exists() {
            self.diff_into(b"".as_bstr(), tree, None, &mut changes)?;
            return Ok(changes);
        }
        let file = read(index, self.gix.object_hash())?;
        let walk = Walk {
            repo: self,
            paths: file.path_backing(),
        };
        walk.directory(
            b"".as_bstr(),
            file.entries(),
            tree,
            file.tree(),
            &mut changes,
        )?;
        Ok(changes)
    }
}

fn read(index: &Path, hash: gix::hash::Kind) -> Result<File, Error> {
    // One thread: the guard runs in every commit, and starting threads costs more than it saves.
    // The checksum is skipped as git skips it.
    let options = decode::Options {
        thread_limit: Some(1),
        ..Default::default()
    };
    File::at(index, hash, true, options).map_err(|source| Error::Object {
        attempt: "understand",
        what: format!("the index '{}'", index.display()),
        source: source.into(),
    })
}

struct Walk<'a> {
    repo: &'a Repo,
    paths: &'a PathStorageRef,
}

impl<'a> Walk<'a> {
    /// Compares the entries of one directory with its tree.
    fn directory(
        &self,
        prefix: &BStr,
        mut entries: &'a [IndexEntry],
        tree: Option<Id>,
        cache: Option<&CacheTree>,
        changes: &mut Vec<Change>,
    ) -> Result<(), Error> {
        if let (Some(cache), Some(tree)) = (cache, tree)
            && cache.num_entries.is_some()
            && cache.id == tree
        {
            return Ok(());
        }
        let mut before = self.repo.entries(tree)?;
        let skip = if prefix.is_empty() {
            0
        } else {
            prefix.len() + 1
        };
        while let Some(entry) = entries.first() {
            let rest = &entry.path_in(self.paths)[skip..];
            // A sparse index holds whole directories as one entry, their name ending with '/'.
            let name: BString = rest
                .split_once_str("/")
                .map_or(rest.as_bytes(), |(name, _)| name)
                .into();
            let path = joined(prefix, name.as_bstr());
            let old = before.remove(&name);
            if rest.len() == name.len() {
                let same = entries.partition_point(|other| other.path_in(self.paths) <= path);
                let (here, further) = entries.split_at(same.max(1));
                entries = further;
                self.path(path, here, old, changes)?;
            } else {
                let mut below = path.clone();
                below.push(b'/');
                let inside =
                    entries.partition_point(|other| other.path_in(self.paths).starts_with(&below));
                let (here, further) = entries.split_at(inside.max(1));
                entries = further;
                if let Some(leaf) = old.and_then(Entry::leaf) {
                    let (old, new) = (Some(leaf), None);
                    changes.push(Change {
                        path: path.clone(),
                        old,
                        new,
                        unmerged: false,
                    });
                }
                let subtree = old.and_then(Entry::subtree);
                if let [only] = here
                    && only.mode == Mode::DIR
                {
                    self.repo
                        .diff_into(path.as_bstr(), subtree, Some(only.id), changes)?;
                    continue;
                }
                let cache = cache.and_then(|cache| {
                    cache
                        .children
                        .iter()
                        .find(|child| child.name.as_slice() == name.as_slice())
                });
                self.directory(path.as_bstr(), here, subtree, cache, changes)?;
            }
        }
        for (name, entry) in before {
            self.removed(&joined(prefix, name.as_bstr()), entry, changes)?;
        }
        Ok(())
    }

    /// Compares what the index has at one path: one entry, or up to three stages of a conflict.
    fn path(
        &self,
        path: BString,
        here: &[IndexEntry],
        old: Option<Entry>,
        changes: &mut Vec<Change>,
    ) -> Result<(), Error> {
        if let Some(entry) = old.filter(|entry| entry.is_tree()) {
            self.removed(&path, entry, changes)?;
        }
        let old = old.and_then(Entry::leaf);
        let unmerged = here.iter().any(|entry| entry.stage_raw() != 0);
        let new = here
            .iter()
            .find(|entry| entry.stage_raw() == 0 && !entry.flags.contains(Flags::INTENT_TO_ADD))
            .map(|entry| Leaf {
                mode: entry.mode.bits(),
                id: entry.id,
            });
        if unmerged || old != new {
            changes.push(Change {
                path,
                old,
                new,
                unmerged,
            });
        }
        Ok(())
    }

    fn removed(
        &self,
        path: &BString,
        entry: Entry,
        changes: &mut Vec<Change>,
    ) -> Result<(), Error> {
        if entry.mode == TREE {
            return self
                .repo
                .diff_into(path.as_bstr(), Some(entry.id), None, changes);
        }
        let (old, new) = (entry.leaf(), None);
        changes.push(Change {
            path: path.clone(),
            old,
            new,
            unmerged: false,
        });
        Ok(())
    }
}
