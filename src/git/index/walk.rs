//! Where do an index's entries, its cache-tree and a tree differ?
//!
//! All three list a directory's content in the same order, so one step at a time the smaller name
//! is taken, or both. Every entry and every name of a tree is taken exactly once: where one of
//! them is out of order, there can be a change too many, never one too few.

use std::cmp::Ordering;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};
use gix::objs::tree::EntryRef;
use gix::objs::{Kind, TreeRefIter};

use super::cache::{Below, CacheTree};
use super::entries::{Entries, Entry};
use super::{Damage, Error, Id, Repo};
use crate::git::tree::{Change, Leaf, TREE};

/// How many directories deep a path may be: what a stack has room for, and far more than a file
/// system allows.
pub(super) const DEEPEST: usize = 1024;

/// A comparison under way.
pub(super) struct Walk<'a> {
    repo: &'a Repo,
    index: &'a Path,
    entries: &'a Entries<'a>,
    cache: Option<&'a CacheTree<'a>>,
    /// The number of the next entry.
    at: usize,
    /// The next entry; `None` after the last one.
    next: Option<Entry<'a>>,
    changes: Vec<Change>,
}

/// One directory of the index.
struct Directory<'a> {
    /// Its path with a `/` at the end; empty for the top.
    prefix: &'a BStr,
    /// How many directories lie above it.
    depth: usize,
    /// The same directory in the tree of comparison.
    tree: Option<Id>,
    /// The same directory in the cache-tree.
    node: Option<usize>,
}

/// A name in a directory of the index.
#[derive(Clone, Copy)]
struct Name<'a> {
    text: &'a BStr,
    directory: bool,
    /// The first entry with this name.
    entry: Entry<'a>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        repo: &'a Repo,
        index: &'a Path,
        entries: &'a Entries<'a>,
        cache: Option<&'a CacheTree<'a>>,
    ) -> Walk<'a> {
        Walk {
            repo,
            index,
            entries,
            cache,
            at: 0,
            next: None,
            changes: Vec::new(),
        }
    }

    /// Every difference between the index and a tree.
    pub(super) fn changes(mut self, tree: Option<Id>) -> Result<Vec<Change>, Error> {
        self.next = self.entry(0)?;
        let top = Directory {
            prefix: BStr::new(b""),
            depth: 0,
            tree,
            node: self.cache.map(|_| CacheTree::TOP),
        };
        self.directory(&top)?;
        match self.next {
            Some(entry) => Err(self.damaged(Damage::Order(entry.path.to_owned()))),
            None => Ok(self.changes),
        }
    }

    fn directory(&mut self, here: &Directory<'a>) -> Result<(), Error> {
        if here.depth > DEEPEST {
            return Err(self.damaged(Damage::Depth));
        }
        if self.known(here)? {
            return Ok(());
        }
        let nodes = self.nodes_below(here)?;
        let tree = self.tree(here)?;
        let mut olds = TreeRefIter::from_bytes(&tree, self.repo.gix.object_hash());
        let mut old = self.old(&mut olds, here)?;
        loop {
            let new = self.name(here)?;
            let order = match (&new, &old) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(new), Some(old)) => new.cmp(old),
            };
            let taken = old.filter(|_| order.is_ge());
            if taken.is_some() {
                old = self.old(&mut olds, here)?;
            }
            match (new.filter(|_| order.is_le()), taken) {
                (Some(new), taken) if new.directory => self.below(here, new, taken, &nodes)?,
                (Some(_), taken) => self.file(taken)?,
                (None, Some(taken)) => self.removed(here, taken)?,
                (None, None) => {}
            }
        }
    }

    /// Compares a directory of the index with the one of the same name, if there is one.
    fn below(
        &mut self,
        here: &Directory<'a>,
        new: Name<'a>,
        old: Option<EntryRef<'_>>,
        nodes: &Below<'a>,
    ) -> Result<(), Error> {
        let tree = old.map(|old| old.oid.to_owned());
        let whole = new.entry.path;
        let length = here.prefix.len() + new.text.len();
        if new.entry.is_directory() && whole.len() == length + 1 {
            self.advance()?;
            let (path, id) = (whole[..length].as_bstr(), new.entry.id.to_owned());
            return self.repo.diff_into(path, tree, Some(id), &mut self.changes);
        }
        self.directory(&Directory {
            prefix: whole[..=length].as_bstr(),
            depth: here.depth + 1,
            tree,
            node: nodes.position(new.text),
        })
    }

    /// Compares what the index has at the next path: one entry, or the sides of a conflict.
    fn file(&mut self, old: Option<EntryRef<'_>>) -> Result<(), Error> {
        let (mut path, mut new, mut unmerged) = (None, None, false);
        while let Some(entry) = self.next
            && path.is_none_or(|path| path == entry.path)
        {
            self.advance()?;
            path = Some(entry.path);
            unmerged |= entry.stage != 0;
            if entry.stage == 0 && !entry.intent_to_add {
                new = Some(entry);
            }
        }
        let before = old.map(|old| (mode_of(old), old.oid));
        if let Some(path) = path
            && (unmerged || before != new.map(|new| (new.mode, new.id)))
        {
            self.changes.push(Change {
                path: path.to_owned(),
                old: old.map(leaf_of),
                new: new.map(|new| Leaf {
                    mode: new.mode,
                    id: new.id.to_owned(),
                }),
                unmerged,
            });
        }
        Ok(())
    }

    /// Notes that nothing of a name of the tree is in the index.
    fn removed(&mut self, here: &Directory<'a>, old: EntryRef<'_>) -> Result<(), Error> {
        let path: BString = [here.prefix.as_bytes(), old.filename].concat().into();
        if mode_of(old) == TREE {
            let tree = Some(old.oid.to_owned());
            return self
                .repo
                .diff_into(path.as_bstr(), tree, None, &mut self.changes);
        }
        self.changes.push(Change {
            path,
            old: Some(leaf_of(old)),
            new: None,
            unmerged: false,
        });
        Ok(())
    }

    /// Judges a directory by the tree that the index knows of it, if it knows one.
    fn known(&mut self, here: &Directory<'a>) -> Result<bool, Error> {
        let known = self.cache.zip(here.node);
        let Some((id, count)) = known.and_then(|(cache, node)| cache.node(node).known) else {
            return Ok(false);
        };
        if here.tree.is_none_or(|tree| *tree != *id) {
            let id = id.to_owned();
            // Without the object git makes the tree from the entries, and so do we.
            if !id.is_empty_tree() && !self.repo.has(id) {
                return Ok(false);
            }
            let path = here.prefix.strip_suffix(b"/").unwrap_or(here.prefix);
            self.repo
                .diff_into(path.as_bstr(), here.tree, Some(id), &mut self.changes)?;
        }
        self.skip(here, count)?;
        Ok(true)
    }

    /// Goes on after a directory's last entry, which must be where the cache-tree says it is.
    fn skip(&mut self, here: &Directory<'a>, count: usize) -> Result<(), Error> {
        let inside = |entry: Option<Entry<'a>>| {
            entry.is_some_and(|entry| entry.path.starts_with(here.prefix))
        };
        let miscounted = || Damage::Count(here.prefix.to_owned()).of(self.index);
        let end = self.at.checked_add(count).ok_or_else(miscounted)?;
        let next = self.entry(end)?;
        let last = match count {
            0 => None,
            _ => self.entry(end - 1)?,
        };
        let right = match here.depth {
            0 => end == self.entries.len(),
            _ => inside(last) && !inside(next),
        };
        if !right {
            return Err(miscounted());
        }
        (self.at, self.next) = (end, next);
        self.in_order(last)
    }

    fn entry(&self, nth: usize) -> Result<Option<Entry<'a>>, Error> {
        self.entries.get(nth).map_err(|damage| self.damaged(damage))
    }

    /// Goes on to the next entry, and returns the one that was next.
    fn advance(&mut self) -> Result<Option<Entry<'a>>, Error> {
        let taken = self.next;
        self.at += 1;
        self.next = self.entry(self.at)?;
        self.in_order(taken)?;
        Ok(taken)
    }

    /// Refuses a next entry that should have come before the last one.
    fn in_order(&self, last: Option<Entry<'a>>) -> Result<(), Error> {
        match (last, self.next) {
            (Some(last), Some(next)) if (last.path, last.stage) >= (next.path, next.stage) => {
                Err(self.damaged(Damage::Order(next.path.to_owned())))
            }
            _ => Ok(()),
        }
    }

    /// The next entry's name in a directory; `None` where it is in another one.
    fn name(&self, here: &Directory<'a>) -> Result<Option<Name<'a>>, Error> {
        let Some(entry) = self.next else {
            return Ok(None);
        };
        let Some(rest) = entry.path.strip_prefix(here.prefix.as_bytes()) else {
            return Ok(None);
        };
        let (name, directory) = match rest.find_byte(b'/') {
            Some(slash) => (&rest[..slash], true),
            None => (rest, false),
        };
        let ends = directory && name.len() + 1 == rest.len();
        let whole = entry.is_directory() && entry.stage == 0 && directory;
        if name.is_empty() || name.contains(&0) || (ends || entry.is_directory()) && !whole {
            return Err(self.damaged(Damage::Path(entry.path.to_owned())));
        }
        let text = name.as_bstr();
        Ok(Some(Name {
            text,
            directory,
            entry,
        }))
    }

    fn nodes_below(&self, here: &Directory<'a>) -> Result<Below<'a>, Error> {
        match (self.cache, here.node) {
            (Some(cache), Some(node)) => cache.below(node).map_err(|damage| self.damaged(damage)),
            _ => Ok(Below::default()),
        }
    }

    fn tree(&self, here: &Directory<'a>) -> Result<Vec<u8>, Error> {
        match here.tree.filter(|tree| !tree.is_empty_tree()) {
            Some(tree) => self.repo.bytes(tree, Kind::Tree),
            None => Ok(Vec::new()),
        }
    }

    fn old<'t>(
        &self,
        olds: &mut TreeRefIter<'t>,
        here: &Directory<'a>,
    ) -> Result<Option<EntryRef<'t>>, Error> {
        olds.next().transpose().map_err(|source| Error::Object {
            attempt: "understand",
            what: format!("tree {}", here.tree.unwrap_or(self.repo.null_id())),
            source: source.into(),
        })
    }

    fn damaged(&self, damage: Damage) -> Error {
        damage.of(self.index)
    }
}

impl Name<'_> {
    /// The order of names in a directory, where a directory's name ends with `/`.
    fn cmp(&self, old: &EntryRef<'_>) -> Ordering {
        let (one, other) = (self.text.as_bytes(), old.filename.as_bytes());
        let common = one.len().min(other.len());
        let end = |name: &[u8], directory| match name.get(common) {
            Some(byte) => *byte,
            None if directory => b'/',
            None => 0,
        };
        let directory = mode_of(*old) == TREE;
        (&one[..common], end(one, self.directory), one.len()).cmp(&(
            &other[..common],
            end(other, directory),
            other.len(),
        ))
    }
}

fn mode_of(old: EntryRef<'_>) -> u32 {
    u32::from(old.mode.value())
}

fn leaf_of(old: EntryRef<'_>) -> Leaf {
    Leaf {
        mode: mode_of(old),
        id: old.oid.to_owned(),
    }
}
