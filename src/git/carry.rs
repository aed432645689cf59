//! Can changes be carried over to another tree without merging anything?
//!
//! They can where that tree has, at each place that they touch, the very thing that they found
//! there. Then there is nothing to decide, and what comes out is what git's merge gives:
//!
//! - A path is *touched* where the change's two sides differ. The other side (from what the changes
//!   were made on to the tree they are carried to) has touched none of these paths, by what is asked
//!   here. So no path is touched by both sides, and git takes each from the side that touched it,
//!   before it looks into any file: no merge driver and no attribute has a say.
//! - git may find that a side has renamed a file: it pairs a path that this side has removed with
//!   one that it has added. Both are touched by it. A rename on the other side therefore is of paths
//!   that the changes leave alone, so there is nothing that could follow it; and one among the
//!   changes has its beginning untouched on the other side, so that it brings nothing to its end.
//! - A whole directory that was renamed would carry new files along; that is switched off in every
//!   sync (`merge.directoryRenames=false`).
//! - A file and a directory of one name are left to git: nothing may lie at, above or below a path
//!   that is new, and nothing takes the place of a directory.
//!
//! # Limits
//!
//! A tree that git would not write (a name twice, a mode of old times) is left to git where it is
//! touched, and stays as it is where it is not.

use std::cmp::Ordering;

use bstr::{BStr, ByteSlice as _};
use gix::objs::{Kind, TreeRefIter};

use super::tree::{Entry, TREE};
use super::{Change, Error, Id, Leaf, Repo};

/// The modes that git writes.
const KNOWN: [u32; 5] = [TREE, 0o100_644, 0o100_755, 0o120_000, 0o160_000];

impl Repo {
    /// The tree that `onto` becomes by these changes, which are in the order of
    /// [`Repo::diff_trees`]; `None` where git has to be asked.
    pub fn carry(&self, changes: &[Change], onto: Id) -> Result<Option<Id>, Error> {
        let changes: Vec<Carried<'_>> = changes.iter().map(Carried::of).collect();
        self.carry_into(Some(onto), &changes)
    }

    fn carry_into(&self, tree: Option<Id>, changes: &[Carried<'_>]) -> Result<Option<Id>, Error> {
        let bytes = self.tree_bytes(tree)?;
        let Some(mut entries) = whole(&bytes, self.null_id().kind()) else {
            return Ok(None);
        };
        for group in changes.chunk_by(|one, other| one.name() == other.name()) {
            let name = group[0].name();
            let found = entries.iter().position(|(other, _)| *other == name);
            let there = found.map(|at| entries[at].1);
            let becomes = match group {
                [
                    Carried {
                        rest: None,
                        old,
                        new,
                        ..
                    },
                ] => {
                    if there.map(Entry::leaf) != old.map(Some) {
                        return Ok(None);
                    }
                    new.map(|Leaf { mode, id }| Entry { mode, id })
                }
                // A file in the place of a directory, or the other way round.
                group if group.iter().any(|one| one.rest.is_none()) => return Ok(None),
                group => {
                    if there.is_some_and(|there| !there.is_tree()) {
                        return Ok(None);
                    }
                    let inside: Vec<Carried<'_>> =
                        group.iter().filter_map(Carried::below).collect();
                    let subtree = there.and_then(Entry::subtree);
                    let Some(id) = self.carry_into(subtree, &inside)? else {
                        return Ok(None);
                    };
                    (!id.is_empty_tree()).then_some(Entry { mode: TREE, id })
                }
            };
            match (found, becomes) {
                (Some(at), Some(entry)) => entries[at].1 = entry,
                (Some(at), None) => drop(entries.remove(at)),
                (None, Some(entry)) => {
                    let at = entries.partition_point(|other| order(other, &(name, entry)).is_lt());
                    entries.insert(at, (name, entry));
                }
                (None, None) => {}
            }
        }
        self.write(Kind::Tree, &written(&entries)).map(Some)
    }
}

/// One change, seen from a directory above it.
#[derive(Clone, Copy)]
struct Carried<'c> {
    /// The name in this directory.
    name: &'c BStr,
    /// What follows it, if that is not all.
    rest: Option<&'c BStr>,
    old: Option<Leaf>,
    new: Option<Leaf>,
}

impl<'c> Carried<'c> {
    fn of(change: &'c Change) -> Carried<'c> {
        Carried::at(change.path.as_bstr(), change.old, change.new)
    }

    fn at(path: &'c BStr, old: Option<Leaf>, new: Option<Leaf>) -> Carried<'c> {
        let (name, rest) = match path.split_once_str("/") {
            Some((name, rest)) => (name.as_bstr(), Some(rest.as_bstr())),
            None => (path, None),
        };
        Carried {
            name,
            rest,
            old,
            new,
        }
    }

    fn name(&self) -> &'c BStr {
        self.name
    }

    /// The same from one directory further down.
    fn below(&self) -> Option<Carried<'c>> {
        Some(Carried::at(self.rest?, self.old, self.new))
    }
}

type Named<'t> = (&'t BStr, Entry);

/// The entries of a tree in its own order, if it is one that git writes.
fn whole(bytes: &[u8], hash: gix::hash::Kind) -> Option<Vec<Named<'_>>> {
    let mut entries: Vec<Named<'_>> = Vec::with_capacity(bytes.len() / 32 + 1);
    for entry in TreeRefIter::from_bytes(bytes, hash) {
        let entry = entry.ok()?;
        let (mode, id) = (u32::from(entry.mode.value()), entry.oid.to_owned());
        let next = (entry.filename, Entry { mode, id });
        let follows = entries.last().is_none_or(|last| order(last, &next).is_lt());
        if !follows || !KNOWN.contains(&mode) {
            return None;
        }
        entries.push(next);
    }
    // Two entries of one name stand apart where a third sorts between the file and the directory.
    let twice = |(at, (name, entry)): (usize, &Named<'_>)| {
        let later = || {
            entries[at + 1..]
                .iter()
                .take_while(|(other, _)| other.starts_with(name))
        };
        !entry.is_tree() && later().any(|(other, _)| other == name)
    };
    (!entries.iter().enumerate().any(twice)).then_some(entries)
}

/// git sorts a directory as if its name ended with '/'.
fn order(one: &Named<'_>, other: &Named<'_>) -> Ordering {
    let shorter = one.0.len().min(other.0.len());
    let next = |(name, entry): &Named<'_>| {
        let end = if entry.is_tree() { b'/' } else { 0 };
        name.get(shorter).copied().unwrap_or(end)
    };
    let beginnings = one.0[..shorter].cmp(&other.0[..shorter]);
    beginnings.then_with(|| next(one).cmp(&next(other)))
}

fn written(entries: &[Named<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, entry) in entries {
        bytes.extend_from_slice(format!("{:o} ", entry.mode).as_bytes());
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(entry.id.as_slice());
    }
    bytes
}
