//! What is in a tree, and how do two trees differ?
//!
//! Differences are raw: a rename is a removal and an addition, modes, symlinks and submodules
//! count, and every path is listed, even where git's configuration would hide it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice as _};
use gix::objs::{Kind, TreeRefIter};
use gix::validate::path::component;

use super::{Error, Id, Repo};

/// git's mode of a directory.
pub(super) const TREE: u32 = 0o040_000;
/// git's mode of an ordinary file.
const FILE: u32 = 0o100_644;
/// git's mode of a symbolic link.
pub const SYMLINK: u32 = 0o120_000;
/// git's mode of a submodule.
pub const GITLINK: u32 = 0o160_000;

/// What a tree or an index holds at a path: anything but a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// git's mode: `0o100644`, `0o100755`, `0o120000` or `0o160000`.
    pub mode: u32,
    /// The blob, or a submodule's commit.
    pub id: Id,
}

/// What a tree holds under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// A directory, by the id of its tree.
    Directory(Id),
    /// Anything else.
    Leaf(Leaf),
}

/// One path at which two trees, or a tree and an index, differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path from the top, with `/`.
    pub path: BString,
    /// What was there.
    pub old: Option<Leaf>,
    /// What is there now.
    pub new: Option<Leaf>,
    /// Whether the index holds an unresolved conflict there.
    pub unmerged: bool,
}

impl Change {
    /// Whether git lets the path into an index wherever it is used: no `.git`, nor `..`, nor what
    /// some system takes for one of them.
    pub fn is_fit(&self) -> bool {
        let is_link = self.new.is_some_and(|leaf| leaf.mode == SYMLINK);
        let kind = is_link.then_some(component::Mode::Symlink);
        let is_fit = |name: &[u8]| {
            let all = component::Options::default();
            component(name.as_bstr(), kind, all).is_ok()
        };
        self.path.split_str("/").all(is_fit)
    }
}

/// A directory in which two trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The path from the top, which itself is empty.
    pub path: BString,
    /// The tree that it was, if it was a directory.
    pub old: Option<Id>,
    /// The tree that it is now.
    pub new: Option<Id>,
}

/// In what two trees differ.
#[derive(Debug, Default)]
pub struct Differences {
    /// The paths, by their bytes.
    pub changes: Vec<Change>,
    /// The directories that hold any of them.
    pub directories: Vec<Directory>,
}

/// One entry of one tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mode: u32,
    pub(super) id: Id,
}

impl Entry {
    pub(super) fn is_tree(self) -> bool {
        self.mode == TREE
    }

    pub(super) fn leaf(self) -> Option<Leaf> {
        (!self.is_tree()).then_some(Leaf {
            mode: self.mode,
            id: self.id,
        })
    }

    pub(super) fn subtree(self) -> Option<Id> {
        self.is_tree().then_some(self.id)
    }
}

pub(super) type Entries = BTreeMap<BString, Entry>;

/// The entries of a tree where it lies in memory, each name once.
pub(super) struct Listing<'t>(Vec<(&'t BStr, Entry)>);

impl<'t> Listing<'t> {
    /// Reads what [`Repo::tree_bytes`] has answered. Of a name that is there twice, the last counts.
    pub(super) fn of(tree: Option<Id>, bytes: &'t [u8]) -> Result<Listing<'t>, Error> {
        let mut entries: Vec<(&BStr, Entry)> = Vec::with_capacity(bytes.len() / 32);
        let Some(tree) = tree else {
            return Ok(Listing(entries));
        };
        let mut is_sorted = true;
        for entry in TreeRefIter::from_bytes(bytes, tree.kind()) {
            let entry = entry.map_err(|source| malformed(tree, source))?;
            let (mode, id) = (u32::from(entry.mode.value()), entry.oid.to_owned());
            is_sorted &= entries.last().is_none_or(|last| last.0 < entry.filename);
            entries.push((entry.filename, Entry { mode, id }));
        }
        if !is_sorted {
            // A directory sorts as if its name ended with '/', so few trees are by name throughout.
            entries.reverse();
            entries.sort_by_key(|(name, _)| *name);
            entries.dedup_by_key(|(name, _)| *name);
        }
        Ok(Listing(entries))
    }

    pub(super) fn get(&self, name: &BStr) -> Option<Entry> {
        let at = self.0.binary_search_by_key(&name, |(other, _)| *other);
        at.ok().map(|at| self.0[at].1)
    }

    /// Both sides' entries by name.
    fn beside<'a>(
        &'a self,
        other: &'a Listing<'t>,
    ) -> impl Iterator<Item = (&'t BStr, Option<Entry>, Option<Entry>)> {
        let (mut old, mut new) = (self.0.iter().peekable(), other.0.iter().peekable());
        std::iter::from_fn(move || {
            let order = match (old.peek(), new.peek()) {
                (Some(one), Some(other)) => one.0.cmp(other.0),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            };
            let before = old.next_if(|_| order.is_le());
            let after = new.next_if(|_| order.is_ge());
            let name = before.or(after)?.0;
            Some((name, before.map(|one| one.1), after.map(|one| one.1)))
        })
    }
}

fn malformed(tree: Id, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Object {
        attempt: "understand",
        what: format!("tree {tree}"),
        source: source.into(),
    }
}

impl Repo {
    /// The tree of a commit.
    pub fn tree_of(&self, commit: Id) -> Result<Id, Error> {
        Ok(self.commit(commit)?.tree)
    }

    /// The entries of a tree by name; of a name that is there twice, the last.
    pub(super) fn entries(&self, tree: Option<Id>) -> Result<Entries, Error> {
        let listed = tree.map(|tree| self.listed(tree)).transpose()?;
        Ok(listed.into_iter().flatten().collect())
    }

    /// The entries of a tree as they stand in it.
    pub(super) fn listed(&self, tree: Id) -> Result<Vec<(BString, Entry)>, Error> {
        let bytes = self.tree_bytes(Some(tree))?;
        let mut entries = Vec::new();
        for entry in TreeRefIter::from_bytes(&bytes, tree.kind()) {
            let entry = entry.map_err(|source| malformed(tree, source))?;
            let mode = u32::from(entry.mode.value());
            entries.push((
                entry.filename.to_owned(),
                Entry {
                    mode,
                    id: entry.oid.to_owned(),
                },
            ));
        }
        Ok(entries)
    }

    /// What a tree holds at a path, if that is no directory.
    pub fn leaf_at(&self, tree: Id, path: &BStr) -> Result<Option<Leaf>, Error> {
        Ok(self.entry_at(tree, path)?.and_then(Entry::leaf))
    }

    fn entry_at(&self, tree: Id, path: &BStr) -> Result<Option<Entry>, Error> {
        let mut at = Entry {
            mode: TREE,
            id: tree,
        };
        for component in path.split_str("/") {
            let Some(directory) = at.subtree() else {
                return Ok(None);
            };
            let bytes = self.tree_bytes(Some(directory))?;
            let listing = Listing::of(Some(directory), &bytes)?;
            match listing.get(component.as_bstr()) {
                Some(entry) => at = entry,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// Whether a tree holds a directory at a path.
    pub fn is_directory(&self, tree: Id, path: &BStr) -> Result<bool, Error> {
        Ok(self.entry_at(tree, path)?.is_some_and(Entry::is_tree))
    }

    /// The tree of a directory, if there is one at a path.
    pub fn tree_at(&self, tree: Id, path: &str) -> Result<Option<Id>, Error> {
        Ok(self.entry_at(tree, path.into())?.and_then(Entry::subtree))
    }

    /// The files directly inside one directory of a tree, by name.
    pub fn files_in(&self, tree: Id, directory: &str) -> Result<Vec<(BString, Id)>, Error> {
        let top = self.entries(Some(tree))?;
        let subtree = top
            .get(BStr::new(directory))
            .copied()
            .and_then(Entry::subtree);
        let entries = self.entries(subtree)?;
        Ok(entries
            .into_iter()
            .filter_map(|(name, entry)| Some((name, entry.leaf()?.id)))
            .collect())
    }

    /// What is directly inside one tree, by name.
    pub fn list(&self, tree: Id) -> Result<Vec<(BString, Node)>, Error> {
        let node = |entry: Entry| match entry.leaf() {
            Some(leaf) => Node::Leaf(leaf),
            None => Node::Directory(entry.id),
        };
        let entries = self.entries(Some(tree))?;
        Ok(entries
            .into_iter()
            .map(|(name, entry)| (name, node(entry)))
            .collect())
    }

    /// Every file below a directory of a tree; `None` where there is no such directory.
    pub fn files_below(&self, tree: Id, directory: &BStr) -> Result<Option<Vec<BString>>, Error> {
        let Some(below) = self.entry_at(tree, directory)?.and_then(Entry::subtree) else {
            return Ok(None);
        };
        let mut found = Differences::default();
        self.diff_into(directory, None, Some(below), &mut found)?;
        let files = found.changes.into_iter();
        Ok(Some(files.map(|file| file.path).collect()))
    }

    /// The content of a file in a tree.
    pub fn blob_at(&self, tree: Id, path: &str) -> Result<Option<Vec<u8>>, Error> {
        self.leaf_at(tree, path.into())?
            .map(|leaf| self.blob(leaf.id))
            .transpose()
    }

    /// Every path at which two trees differ, in the order of their bytes within each directory.
    pub fn diff_trees(&self, old: Option<Id>, new: Option<Id>) -> Result<Vec<Change>, Error> {
        let mut found = Differences::default();
        self.diff_into(b"".as_bstr(), old, new, &mut found)?;
        Ok(found.changes)
    }

    /// The same with the directories, all sorted.
    pub fn differences(&self, old: Id, new: Id) -> Result<Differences, Error> {
        let mut found = Differences::default();
        self.diff_into(b"".as_bstr(), Some(old), Some(new), &mut found)?;
        found
            .changes
            .sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    /// Adds every path below one directory at which two trees differ.
    pub(super) fn diff_below(
        &self,
        prefix: &BStr,
        old: Option<Id>,
        new: Option<Id>,
        changes: &mut Vec<Change>,
    ) -> Result<(), Error> {
        let mut found = Differences::default();
        self.diff_into(prefix, old, new, &mut found)?;
        changes.append(&mut found.changes);
        Ok(())
    }

    fn diff_into(
        &self,
        prefix: &BStr,
        old: Option<Id>,
        new: Option<Id>,
        found: &mut Differences,
    ) -> Result<(), Error> {
        if old == new {
            return Ok(());
        }
        if is_too_deep(prefix) {
            return Err(Error::Object {
                attempt: "compare",
                what: "a tree".to_owned(),
                source: "it is nested deeper than git reads".into(),
            });
        }
        found.directories.push(Directory {
            path: prefix.to_owned(),
            old,
            new,
        });
        let bytes = (self.tree_bytes(old)?, self.tree_bytes(new)?);
        let (old, new) = (Listing::of(old, &bytes.0)?, Listing::of(new, &bytes.1)?);
        for (name, before, after) in old.beside(&new) {
            if before == after {
                continue;
            }
            let path = joined(prefix, name);
            let leaves = (before.and_then(Entry::leaf), after.and_then(Entry::leaf));
            if leaves.0 != leaves.1 {
                let (old, new) = leaves;
                found.changes.push(Change {
                    path: path.clone(),
                    old,
                    new,
                    unmerged: false,
                });
            }
            let trees = (
                before.and_then(Entry::subtree),
                after.and_then(Entry::subtree),
            );
            self.diff_into(path.as_bstr(), trees.0, trees.1, found)?;
        }
        Ok(())
    }

    /// A tree as it is stored; nothing where there is none.
    pub(super) fn tree_bytes(&self, tree: Option<Id>) -> Result<Rc<[u8]>, Error> {
        let Some(tree) = tree.filter(|tree| !tree.is_empty_tree()) else {
            return Ok(Rc::default());
        };
        if let Some(bytes) = self.trees.borrow().get(&tree) {
            return Ok(bytes);
        }
        let bytes: Rc<[u8]> = self.bytes(tree, Kind::Tree)?.into();
        self.trees.borrow_mut().keep(tree, &bytes);
        Ok(bytes)
    }

    /// Writes a tree that is `base` with some files set (`Some(blob)`) or removed (`None`).
    pub fn write_tree_with(
        &self,
        base: Option<Id>,
        edits: &BTreeMap<BString, Option<Id>>,
    ) -> Result<Id, Error> {
        let leaf = |id: &Id| Leaf {
            mode: FILE,
            id: *id,
        };
        let edits = edits.iter();
        let edits = edits.map(|(path, id)| (path.clone(), id.as_ref().map(leaf)));
        self.overlay(base, &edits.collect())
    }

    /// Writes a tree that is `base` with some paths set or removed (`None`).
    ///
    /// What is set replaces whatever was there, a directory with all that is in it as well. A
    /// removal below something that is no directory removes nothing. Empty directories vanish, as
    /// in git.
    pub fn overlay(
        &self,
        base: Option<Id>,
        edits: &BTreeMap<BString, Option<Leaf>>,
    ) -> Result<Id, Error> {
        let mut entries = self.entries(base)?;
        let mut below: BTreeMap<BString, BTreeMap<BString, Option<Leaf>>> = BTreeMap::new();
        for (path, edit) in edits {
            if let Some((directory, rest)) = path.split_once_str("/") {
                let inside = below.entry(directory.into()).or_default();
                inside.insert(rest.into(), *edit);
            } else if let Some(Leaf { mode, id }) = *edit {
                entries.insert(path.clone(), Entry { mode, id });
            } else if entries.get(path).is_some_and(|entry| !entry.is_tree()) {
                entries.remove(path);
            }
        }
        for (directory, edits) in below {
            let entry = entries.get(&directory).copied();
            if entry.is_some_and(|entry| !entry.is_tree()) && edits.values().all(Option::is_none) {
                continue;
            }
            let id = self.overlay(entry.and_then(Entry::subtree), &edits)?;
            if id.is_empty_tree() {
                entries.remove(&directory);
            } else {
                entries.insert(directory, Entry { mode: TREE, id });
            }
        }
        self.write_entries(entries)
    }

    /// Writes a tree that is `base` with what these paths hold instead; nothing, where it is `None`.
    /// A file may come where a directory was, and the other way round.
    pub fn write_tree_holding(
        &self,
        base: Option<Id>,
        edits: &BTreeMap<BString, Option<Leaf>>,
    ) -> Result<Id, Error> {
        let mut entries = self.entries(base)?;
        let mut below: BTreeMap<BString, BTreeMap<BString, Option<Leaf>>> = BTreeMap::new();
        for (path, edit) in edits {
            if let Some((directory, rest)) = path.split_once_str("/") {
                let inside = below.entry(directory.into()).or_default();
                inside.insert(rest.into(), *edit);
            }
        }
        for (directory, edits) in below {
            let subtree = entries.get(&directory).copied().and_then(Entry::subtree);
            let id = self.write_tree_holding(subtree, &edits)?;
            if !id.is_empty_tree() {
                entries.insert(directory, Entry { mode: TREE, id });
            } else if subtree.is_some() {
                entries.remove(&directory);
            }
        }
        for (name, edit) in edits.iter().filter(|(path, _)| !path.contains(&b'/')) {
            let is_directory = entries.get(name).is_some_and(|entry| entry.is_tree());
            match edit {
                Some(Leaf { mode, id }) => {
                    let (mode, id) = (*mode, *id);
                    entries.insert(name.clone(), Entry { mode, id });
                }
                None if is_directory => {}
                None => drop(entries.remove(name)),
            }
        }
        self.write_entries(entries)
    }

    fn write_entries(&self, entries: Entries) -> Result<Id, Error> {
        let mut sorted: Vec<_> = entries.into_iter().collect();
        // git sorts a directory as if its name ended with '/'.
        let end = |entry: &Entry| entry.is_tree().then_some(&b'/');
        sorted.sort_by(|(one, first), (other, second)| {
            let (one, other) = (
                one.iter().chain(end(first)),
                other.iter().chain(end(second)),
            );
            one.cmp(other)
        });
        let mut bytes = Vec::new();
        for (name, entry) in sorted {
            bytes.extend(format!("{:o} ", entry.mode).into_bytes());
            bytes.extend_from_slice(&name);
            bytes.push(0);
            bytes.extend_from_slice(entry.id.as_slice());
        }
        self.write(Kind::Tree, &bytes)
    }
}

pub(super) fn joined(prefix: &BStr, name: &BStr) -> BString {
    if prefix.is_empty() {
        return name.to_owned();
    }
    [prefix.as_bytes(), b"/", name.as_bytes()].concat().into()
}

/// How many levels of directories git reads (`core.maxTreeDepth`), and we follow.
const DEEPEST: usize = 2048;

/// Whether a directory lies deeper than git reads.
pub(super) fn is_too_deep(directory: &BStr) -> bool {
    directory.len() >= DEEPEST && directory.find_iter("/").count() >= DEEPEST
}
