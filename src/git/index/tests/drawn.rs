//! Which indexes does git write, and which does somebody forge?
//!
//! A case is a tree of comparison and an index that grew out of it by random edits, with a
//! cache-tree that knows some of the directories.

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;
use gix::objs::Kind;

use super::super::{Change, Id, Repo};
use super::chance::Chance;
use super::made::{Item, Made, Node};
use crate::git::tree::{Leaf, TREE};

/// Names that sort next to one another in every way that matters, and names that are odd.
const NAMES: [&[u8]; 12] = [
    b"a", b"a-b", b"a.b", b"a0", b"ab", b"b", b"lib", b"src", b"x\xff", b"z z", b"\n", b"-",
];

/// What a tree holds, by path.
pub(super) type Flat = BTreeMap<Vec<u8>, Leaf>;

/// A tree, an index, and what every tree that was written holds.
pub(super) struct Drawn {
    pub(super) old: Flat,
    pub(super) tree: Option<Id>,
    pub(super) made: Made,
    pub(super) trees: BTreeMap<Id, Flat>,
}

impl Drawn {
    pub(super) fn new(repo: &Repo, chance: &mut Chance) -> Drawn {
        let hash = repo.gix.object_hash();
        let mut old = Flat::new();
        for _ in 0..[0, 1, 5, 40, 40, 80][chance.below(6)] {
            insert(&mut old, path(chance), leaf(hash, chance));
        }
        let mut trees = BTreeMap::new();
        let tree = (!chance.percent(3)).then(|| write(repo, &old, true, &mut trees));
        if tree.is_none() {
            old.clear();
        }
        let mut items = edited(&old, hash, chance);
        let packed = chance.percent(20);
        let extended = items
            .iter()
            .any(|item| item.intent_to_add || item.skip_worktree);
        let version = match (packed, extended) {
            (true, _) => 4,
            (false, true) => 3,
            (false, false) => 2,
        };
        items.sort_by(|one, other| (&one.path, one.stage).cmp(&(&other.path, other.stage)));
        let known = [0, 50, 90, 100][chance.below(4)];
        let cache = (!chance.percent(10)).then(|| {
            let mut grower = Grower {
                repo,
                chance,
                known,
                trees: &mut trees,
            };
            grower.grow(b"", &items)
        });
        let mut extensions = Vec::new();
        if chance.percent(10) {
            extensions.push((b"UNTR", b"anything".to_vec()));
        }
        let made = Made {
            hash,
            version,
            items,
            cache,
            extensions,
        };
        Drawn {
            old,
            tree,
            made,
            trees,
        }
    }

    /// What differs by the entries alone, path by path.
    pub(super) fn by_entries(&self) -> Vec<Change> {
        let mut new = Flat::new();
        let mut unmerged = BTreeSet::new();
        for item in &self.made.items {
            if item.stage != 0 {
                unmerged.insert(item.path.clone());
            } else if !item.intent_to_add {
                new.insert(item.path.clone(), item.leaf());
            }
        }
        differences(&self.old, &new, &unmerged)
    }

    /// What differs if every directory is believed that claims to be what it was.
    pub(super) fn by_claims(&self) -> Vec<Change> {
        let mut new = Flat::new();
        let mut unmerged = BTreeSet::new();
        for item in &self.made.items {
            let mut node = self.made.cache.as_ref();
            let mut rest: &[u8] = &item.path;
            let unchanged = loop {
                let directory = &item.path[..item.path.len() - rest.len()];
                if node.is_some_and(|node| self.claims_unchanged(node, directory)) {
                    break Some(directory);
                }
                let Some(slash) = rest.iter().position(|byte| *byte == b'/') else {
                    break None;
                };
                let name = &rest[..slash];
                node = node.and_then(|node| node.children.iter().find(|n| n.name == name));
                rest = &rest[slash + 1..];
            };
            if let Some(directory) = unchanged {
                new.extend(below(&self.old, directory).map(|(path, leaf)| (path.clone(), *leaf)));
            } else if item.stage != 0 {
                unmerged.insert(item.path.clone());
            } else if !item.intent_to_add {
                new.insert(item.path.clone(), item.leaf());
            }
        }
        differences(&self.old, &new, &unmerged)
    }

    fn claims_unchanged(&self, node: &Node, directory: &[u8]) -> bool {
        let cut = |(path, leaf): (&Vec<u8>, &Leaf)| (path[directory.len()..].to_vec(), *leaf);
        let old: Flat = below(&self.old, directory).map(cut).collect();
        // Nobody asks about the top; and a directory that the tree does not have is not empty.
        let asked = !directory.is_empty() && !old.is_empty();
        node.count >= 0 && asked && self.trees.get(&node.id) == Some(&old)
    }
}

fn below<'a>(flat: &'a Flat, directory: &'a [u8]) -> impl Iterator<Item = (&'a Vec<u8>, &'a Leaf)> {
    flat.iter()
        .filter(move |(path, _)| path.starts_with(directory))
}

impl Item {
    fn leaf(&self) -> Leaf {
        Leaf {
            mode: self.mode,
            id: self.id,
        }
    }
}

fn differences(old: &Flat, new: &Flat, unmerged: &BTreeSet<Vec<u8>>) -> Vec<Change> {
    let paths: BTreeSet<&Vec<u8>> = old.keys().chain(new.keys()).chain(unmerged).collect();
    let changes = paths.into_iter().map(|path| Change {
        path: path.clone().into(),
        old: old.get(path).copied(),
        new: new.get(path).copied(),
        unmerged: unmerged.contains(path),
    });
    changes
        .filter(|change| change.unmerged || change.old != change.new)
        .collect()
}

fn path(chance: &mut Chance) -> Vec<u8> {
    let mut path = chance.one_of(&NAMES).to_vec();
    // Long names reach the lengths at which an entry is padded differently.
    path.extend(vec![b'_'; [0, 0, 0, 9][chance.below(4)] * chance.below(3)]);
    while path.len() < 60 && chance.percent(60) {
        path.push(b'/');
        path.extend_from_slice(chance.one_of(&NAMES));
    }
    path
}

fn leaf(hash: gix::hash::Kind, chance: &mut Chance) -> Leaf {
    let modes = [0o100_644, 0o100_644, 0o100_755, 0o120_000, 0o160_000];
    let mut id = vec![0x11; hash.len_in_bytes()];
    id[0] = u8::try_from(chance.below(250)).unwrap();
    Leaf {
        mode: chance.one_of(&modes),
        id: Id::try_from(id.as_slice()).unwrap(),
    }
}

/// Puts a file where no file is above it; whatever was below it is gone.
fn insert(flat: &mut Flat, path: Vec<u8>, leaf: Leaf) {
    let slashes = (0..path.len()).filter(|at| path[*at] == b'/');
    if slashes.into_iter().any(|at| flat.contains_key(&path[..at])) {
        return;
    }
    let below = [path.as_slice(), b"/"].concat();
    flat.retain(|other, _| !other.starts_with(&below));
    flat.insert(path, leaf);
}

/// The entries after some edits: files changed, added, removed, replaced by directories and back,
/// conflicts, files only meant to be added.
fn edited(old: &Flat, hash: gix::hash::Kind, chance: &mut Chance) -> Vec<Item> {
    let mut new = old.clone();
    for _ in 0..[0, 1, 2, 9][chance.below(4)] {
        let known = new.keys().nth(chance.below(new.len().max(1))).cloned();
        let path = match known.filter(|_| chance.percent(70)) {
            Some(known) => known,
            None => path(chance),
        };
        match chance.below(4) {
            0 => drop(new.remove(&path)),
            1 => {
                new.remove(&path);
                insert(
                    &mut new,
                    [&path, b"/n".as_slice()].concat(),
                    leaf(hash, chance),
                );
            }
            _ => insert(&mut new, path, leaf(hash, chance)),
        }
    }
    let odd = if chance.percent(30) { 8 } else { 0 };
    let mut items = Vec::new();
    for (path, leaf) in new {
        let mut item = Item {
            path,
            mode: leaf.mode,
            id: leaf.id,
            stage: 0,
            intent_to_add: chance.percent(odd),
            skip_worktree: chance.percent(odd),
            assume_valid: chance.percent(odd),
        };
        if chance.percent(odd) {
            item.intent_to_add = false;
            for stage in 1..=3 {
                item.stage = stage;
                if stage == 3 || chance.percent(70) {
                    items.push(item.clone());
                }
            }
        } else {
            items.push(item);
        }
    }
    items
}

/// Writes trees; `really` says whether the objects are put into the database.
fn write(repo: &Repo, flat: &Flat, really: bool, trees: &mut BTreeMap<Id, Flat>) -> Id {
    let mut entries: BTreeMap<Vec<u8>, (&[u8], u32, Id)> = BTreeMap::new();
    let mut below: BTreeMap<&[u8], Flat> = BTreeMap::new();
    for (path, leaf) in flat {
        match path.iter().position(|byte| *byte == b'/') {
            None => drop(entries.insert(path.clone(), (path, leaf.mode, leaf.id))),
            Some(at) => {
                let inside = below.entry(&path[..at]).or_default();
                inside.insert(path[at + 1..].to_vec(), *leaf);
            }
        }
    }
    for (name, flat) in &below {
        let id = write(repo, flat, really, trees);
        entries.insert([name, b"/".as_slice()].concat(), (name, TREE, id));
    }
    let mut bytes = Vec::new();
    for (name, mode, id) in entries.into_values() {
        bytes.extend(format!("{mode:o} ").into_bytes());
        bytes.extend([name, b"\0", id.as_slice()].concat());
    }
    let id = if really {
        repo.write(Kind::Tree, &bytes).unwrap()
    } else {
        gix::objs::compute_hash(repo.gix.object_hash(), Kind::Tree, &bytes).unwrap()
    };
    trees.insert(id, flat.clone());
    id
}

/// Grows a cache-tree over entries.
struct Grower<'a> {
    repo: &'a Repo,
    chance: &'a mut Chance,
    /// How many of a hundred directories are known.
    known: usize,
    trees: &'a mut BTreeMap<Id, Flat>,
}

impl Grower<'_> {
    fn grow(&mut self, name: &[u8], items: &[Item]) -> Node {
        let mut below: BTreeMap<&[u8], Vec<Item>> = BTreeMap::new();
        for item in items {
            if let Some(at) = item.path.iter().position(|byte| *byte == b'/') {
                let mut inside = item.clone();
                inside.path.drain(..=at);
                below.entry(&item.path[..at]).or_default().push(inside);
            }
        }
        let mut children = Vec::new();
        for (name, items) in below {
            if !self.chance.percent(5) {
                children.push(self.grow(name, &items));
            }
        }
        // git calls no directory known with a conflict or a file only meant to be added below it.
        let whole = items
            .iter()
            .all(|item| item.stage == 0 && !item.intent_to_add);
        let mut node = Node {
            name: name.to_vec(),
            count: -1,
            id: self.repo.null_id(),
            children,
        };
        if whole && self.chance.percent(self.known) {
            let flat = items.iter().map(|item| (item.path.clone(), item.leaf()));
            node.count = i64::try_from(items.len()).unwrap();
            node.id = write(
                self.repo,
                &flat.collect(),
                self.chance.percent(90),
                self.trees,
            );
        }
        node
    }
}

/// A change as one line, for messages.
pub(super) fn shown(changes: &[Change]) -> Vec<String> {
    let side = |leaf: Option<Leaf>| match leaf {
        Some(leaf) => format!("{:o} {}", leaf.mode, leaf.id.to_hex_with_len(6)),
        None => "-".to_owned(),
    };
    let line = |change: &Change| {
        let (old, new) = (side(change.old), side(change.new));
        let path: &BString = &change.path;
        format!("{path:?}: {old} → {new}, {}", change.unmerged)
    };
    changes.iter().map(line).collect()
}
