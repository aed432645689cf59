//! Where do an index's entries, its cache-tree and a tree differ?
//!
//! All three list a directory's content in the same order, so one step at a time the smaller name
//! is taken, or both. Every entry and every name of a tree is taken exactly once: where one of
//! them is out of order, there can be a change too many, never one too few.

use std::cmp::Ordering;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};
use gix::hash::oid;
use gix::objs::Kind;

use super::cache::{Below, CacheTree};
use super::entries::{Entries, Entry};
use super::names::{Named, Names};
use super::proof::Proof;
use super::{Damage, Error, Id, Repo};
use crate::git::tree::{Change, Leaf, TREE};

/// How many directories deep a path may be: more than any file system can hold.
pub(super) const DEEPEST: usize = 2048;

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
    /// Whether the trees that the cache-tree names are those of the entries.
    proof: Option<Proof>,
}

/// One directory of the index.
struct Directory<'a> {
    /// Its path with a `/` at the end; empty for the top.
    prefix: &'a BStr,
    /// The same directory in the tree of comparison.
    tree: Option<Id>,
    /// The same directory in the cache-tree.
    node: Option<usize>,
}

/// A directory whose content is being compared.
struct Open<'a> {
    prefix: &'a BStr,
    tree: Option<Id>,
    olds: Names,
    nodes: Below<'a>,
    node: Option<usize>,
    /// What git would write as its tree, as far as it has been compared.
    written: Vec<u8>,
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
            proof: None,
        }
    }

    /// The same, which also finds out whether the index is the tree that it says it is.
    pub(super) fn proving(self) -> Walk<'a> {
        let proof = self.known_tree(self.cache.map(|_| CacheTree::TOP));
        let proof = proof.map(|_| Proof::new(self.repo.gix.object_hash()));
        Walk { proof, ..self }
    }

    /// Every difference between the index and a tree, and which tree the index is, if that was to
    /// be found out and it says so.
    pub(super) fn changes(mut self, tree: Option<Id>) -> Result<(Vec<Change>, Option<Id>), Error> {
        self.next = self.entry(0)?;
        // Not recursive: whoever writes the index chooses how deep its paths are.
        let mut open = Vec::new();
        open.extend(self.enter(&Directory {
            prefix: BStr::new(b""),
            tree,
            node: self.cache.map(|_| CacheTree::TOP),
        })?);
        while let Some(mut innermost) = open.pop() {
            if let Some(below) = self.compare(&mut innermost)? {
                open.push(innermost);
                if open.len() > DEEPEST {
                    return Err(self.damaged(Damage::Depth));
                }
                open.extend(self.enter(&below)?);
            } else {
                let tree = self.known_tree(innermost.node);
                if let Some(proof) = &mut self.proof {
                    proof.directory(&innermost.written, tree);
                }
            }
        }
        if let Some(entry) = self.next {
            return Err(self.damaged(Damage::Order(entry.path.to_owned())));
        }
        let proven = self.proof.as_ref().is_some_and(Proof::holds);
        let top = self.known_tree(self.cache.map(|_| CacheTree::TOP));
        let top = top.filter(|_| proven).map(ToOwned::to_owned);
        Ok((self.changes, top))
    }

    /// The tree that the cache-tree names for one of its directories.
    fn known_tree(&self, node: Option<usize>) -> Option<&'a oid> {
        let known = self.cache?.node(node?).known?;
        Some(known.0)
    }

    /// Begins to compare a directory, unless the cache-tree says all about it.
    fn enter(&mut self, here: &Directory<'a>) -> Result<Option<Open<'a>>, Error> {
        if self.known(here)? {
            return Ok(None);
        }
        let nodes = match (self.cache, here.node) {
            (Some(cache), Some(node)) => cache.below(node).map_err(|damage| self.damaged(damage)),
            _ => Ok(Below::default()),
        };
        let bytes = match here.tree.filter(|tree| !tree.is_empty_tree()) {
            // Who wants to know what git will commit does not look at the commit again.
            Some(tree) if self.proof.is_some() => self.repo.bytes(tree, Kind::Tree)?,
            Some(tree) => self.repo.stored_bytes(tree, Kind::Tree)?,
            None => Vec::new(),
        };
        Ok(Some(Open {
            prefix: here.prefix,
            tree: here.tree,
            olds: Names::new(bytes, self.repo.gix.object_hash()),
            nodes: nodes?,
            node: here.node,
            written: Vec::new(),
        }))
    }

    /// Goes on comparing a directory, up to its end or to a directory below it.
    fn compare(&mut self, here: &mut Open<'a>) -> Result<Option<Directory<'a>>, Error> {
        loop {
            self.pass_unchanged(here)?;
            let old = here.olds.peek();
            let old = old.ok_or_else(|| self.malformed(here.tree))?;
            let new = self.name(here)?;
            let order = match (&new, &old) {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(new), Some(old)) => new.cmp(old),
            };
            let old = old.filter(|_| order.is_ge());
            let end = old.map(|old| old.end());
            let (mut below, mut committed) = (None, None);
            match (new.filter(|_| order.is_le()), old) {
                (Some(new), old) if new.directory => {
                    below = self.below(here, new, old)?;
                    let tree = match &below {
                        Some(below) => self.known_tree(below.node),
                        None => Some(new.entry.id),
                    };
                    committed = Some((new, tree.map(|id| (TREE, id))));
                }
                (Some(new), old) => {
                    let entry = self.file(old)?;
                    committed = Some((new, entry.map(|entry| (entry.mode, entry.id))));
                }
                (None, Some(old)) => self.removed(here, old)?,
                (None, None) => {}
            }
            if let Some(end) = end {
                here.olds.pass(end);
            }
            if let (Some(proof), Some((new, is))) = (&mut self.proof, committed) {
                proof.name(&mut here.written, new.text, is);
            }
            if below.is_some() {
                return Ok(below);
            }
        }
    }

    /// The directory of the index to compare with the tree's one of the same name, if any.
    fn below(
        &mut self,
        here: &Open<'a>,
        new: Name<'a>,
        old: Option<Named<'_>>,
    ) -> Result<Option<Directory<'a>>, Error> {
        let tree = old.and_then(|old| old.subtree());
        let whole = new.entry.path;
        let length = here.prefix.len() + new.text.len();
        if new.entry.is_directory() && whole.len() == length + 1 {
            self.advance()?;
            let (path, id) = (whole[..length].as_bstr(), new.entry.id.to_owned());
            self.repo
                .diff_below(path, tree, Some(id), &mut self.changes)?;
            return Ok(None);
        }
        Ok(Some(Directory {
            prefix: whole[..=length].as_bstr(),
            tree,
            node: here.nodes.position(new.text),
        }))
    }

    /// Compares what the index has at the next path: one entry, or the sides of a conflict. The
    /// entry that git would commit.
    fn file(&mut self, old: Option<Named<'_>>) -> Result<Option<Entry<'a>>, Error> {
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
        let before = old.map(|old| (old.mode, old.id));
        if let Some(path) = path
            && (unmerged || before != new.map(|new| (new.mode, new.id)))
        {
            self.changes.push(Change {
                path: path.to_owned(),
                old: old.map(|old| old.leaf()),
                new: new.map(|new| Leaf {
                    mode: new.mode,
                    id: new.id.to_owned(),
                }),
                unmerged,
            });
        }
        Ok(new.filter(|_| !unmerged))
    }

    /// Notes that nothing of a name of the tree is in the index.
    fn removed(&mut self, here: &Open<'a>, old: Named<'_>) -> Result<(), Error> {
        let path: BString = [here.prefix.as_bytes(), old.name].concat().into();
        if let Some(tree) = old.subtree() {
            let changes = &mut self.changes;
            return self
                .repo
                .diff_below(path.as_bstr(), Some(tree), None, changes);
        }
        self.changes.push(Change {
            path,
            old: Some(old.leaf()),
            new: None,
            unmerged: false,
        });
        Ok(())
    }

    /// Passes over entries that the tree has in the same words: what most entries are.
    fn pass_unchanged(&mut self, here: &mut Open<'a>) -> Result<(), Error> {
        let begin = here.olds.at();
        while let Some(entry) = self.next
            && entry.stage == 0
            && !entry.intent_to_add
            && let Some(name) = entry.path.strip_prefix(here.prefix.as_bytes())
            && !name.is_empty()
            && here.olds.pass_if(entry.mode, name, entry.id)
        {
            self.advance()?;
        }
        if self.proof.is_some() {
            here.written.extend_from_slice(here.olds.since(begin));
        }
        Ok(())
    }

    /// Passes over a directory of which the index knows that it is unchanged.
    fn known(&mut self, here: &Directory<'a>) -> Result<bool, Error> {
        let node = self.cache.zip(here.node);
        // git's diff does not ask about the top either.
        let node = node.filter(|_| !here.prefix.is_empty());
        let known = node.and_then(|(cache, node)| cache.node(node).known);
        match known.zip(here.tree) {
            Some(((id, count), tree)) if *tree == *id => self.skip(here, count).map(|()| true),
            _ => Ok(false),
        }
    }

    /// Goes on after a directory's last entry, which must be where the cache-tree says it is.
    fn skip(&mut self, here: &Directory<'a>, count: usize) -> Result<(), Error> {
        let inside = |entry: Option<Entry<'a>>| {
            entry.is_some_and(|entry| entry.path.starts_with(here.prefix))
        };
        let miscounted = || Damage::Count(here.prefix.to_owned()).of(self.index);
        let end = self.at.checked_add(count).ok_or_else(miscounted)?;
        let last = match count {
            0 => None,
            _ => self.entry(end - 1)?,
        };
        let next = self.entry(end)?;
        if !inside(last) || inside(next) {
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
    fn name(&self, here: &Open<'a>) -> Result<Option<Name<'a>>, Error> {
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

    fn damaged(&self, damage: Damage) -> Error {
        damage.of(self.index)
    }

    fn malformed(&self, tree: Option<Id>) -> Error {
        let id = tree.unwrap_or_else(|| self.repo.null_id());
        Error::Object {
            attempt: "understand",
            what: format!("tree {id}"),
            source: "it is malformed".into(),
        }
    }
}

impl Name<'_> {
    /// The order of names in a directory, where a directory's name ends with `/`.
    fn cmp(&self, old: &Named<'_>) -> Ordering {
        let (one, other) = (self.text.as_bytes(), old.name.as_bytes());
        let common = one.len().min(other.len());
        let end = |name: &[u8], directory| match name.get(common) {
            Some(byte) => *byte,
            None if directory => b'/',
            None => 0,
        };
        let ends = (end(one, self.directory), end(other, old.is_tree()));
        // Names that hold a '/' are no tree's; the lengths keep them from looking equal.
        one[..common]
            .cmp(&other[..common])
            .then(ends.0.cmp(&ends.1))
            .then(one.len().cmp(&other.len()))
    }
}
