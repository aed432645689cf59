//! What becomes of an index that git would never write?

use bstr::ByteSlice as _;
use gix::hash::Kind;

use super::chance::Chance;
use super::drawn::{Drawn, shown};
use super::made::{Item, Made, Node};
use super::{Bench, cases};
use crate::git::Id;

/// Does something to every directory of a cache-tree.
fn each(node: &mut Node, act: &mut dyn FnMut(&mut Node)) {
    act(node);
    for child in &mut node.children {
        each(child, act);
    }
}

/// Changes one of the directories that are called valid; false where there is none.
pub(super) fn lie(
    node: &mut Node,
    chance: &mut Chance,
    act: impl FnOnce(&mut Node, &mut Chance),
) -> bool {
    let mut valid = 0;
    each(node, &mut |node| valid += usize::from(node.count > 0));
    if valid == 0 {
        return false;
    }
    let mut left = chance.below(valid) + 1;
    let mut act = Some(act);
    each(node, &mut |node| {
        left = left.wrapping_sub(usize::from(node.count > 0));
        if left == 0
            && let Some(act) = act.take()
        {
            act(node, chance);
        }
    });
    true
}

#[test]
fn a_directory_that_claims_another_tree_is_believed_only_where_it_is_the_tree_compared_with() {
    let bench = Bench::new("sha1");
    let mut lies = 0;
    for seed in cases(800) {
        let mut chance = Chance::new(seed);
        let mut drawn = Drawn::new(&bench.repo, &mut chance);
        let ids: Vec<Id> = drawn.trees.keys().copied().collect();
        let Some(cache) = &mut drawn.made.cache else {
            continue;
        };
        let found = lie(cache, &mut chance, |node, chance| {
            node.id = ids[chance.below(ids.len())];
        });
        if !found {
            continue;
        }
        lies += 1;
        let (bytes, expected) = (drawn.made.bytes(), drawn.by_claims());
        for unpack in [false, true] {
            let found = bench.judge(&bytes, drawn.tree, unpack).unwrap();
            assert_eq!(shown(&found), shown(&expected), "seed {seed}");
        }
    }
    assert!(lies > 150, "{lies} cases are not enough to say anything");
}

#[test]
fn a_directory_that_claims_other_entries_is_refused_where_it_is_believed() {
    let bench = Bench::new("sha1");
    let (mut refused, mut passed_over) = (0, 0);
    for seed in cases(800) {
        let mut chance = Chance::new(seed);
        let mut drawn = Drawn::new(&bench.repo, &mut chance);
        let expected = drawn.by_claims();
        let Some(cache) = &mut drawn.made.cache else {
            continue;
        };
        let found = lie(cache, &mut chance, |node, chance| {
            let right = node.count;
            let wrong = [0, 1, right + 1, right - 1, 1 << 30];
            node.count = wrong[chance.below(5)];
        });
        if !found {
            continue;
        }
        for unpack in [false, true] {
            match bench.judge(&drawn.made.bytes(), drawn.tree, unpack) {
                Ok(found) => {
                    passed_over += 1;
                    assert_eq!(shown(&found), shown(&expected), "seed {seed}");
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(
        refused > 100,
        "{refused} refused, {passed_over} not believed"
    );
}

#[test]
fn mutated_bytes_are_refused_or_read_alike() {
    let bench = Bench::new("sha1");
    let mut answers = 0;
    for seed in cases(150) {
        let mut chance = Chance::new(seed);
        let drawn = Drawn::new(&bench.repo, &mut chance);
        let whole = drawn.made.bytes();
        for _ in 0..20 {
            let mut bytes = whole.clone();
            for _ in 0..=chance.below(3) {
                mutate(&mut bytes, &mut chance);
            }
            answers += u32::from(bench.repo.judge_alike(&bytes, drawn.tree));
        }
    }
    assert!(answers > 500, "only {answers} were not refused at once");
}

fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    if bytes.is_empty() {
        return;
    }
    // Where the numbers of the cache-tree are, if there is one.
    let tree = bytes.find(b"TREE").filter(|_| chance.percent(40));
    let at = tree.unwrap_or(0) + chance.below(bytes.len() - tree.unwrap_or(0));
    let to = at + chance.below((bytes.len() - at).min(80));
    match chance.below(6) {
        0 => bytes[at] ^= 1 << chance.below(8),
        1 => bytes[at] = chance.one_of(b"\0/0123456789- \xff\n"),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..to)),
        4 => {
            let copy = bytes[at..to].to_vec();
            bytes.splice(at..at, copy);
        }
        _ => bytes.swap(at, to),
    }
}

fn item(path: &str) -> Item {
    Item {
        path: path.into(),
        mode: 0o100_644,
        id: Id::from_hex(&[b'1'; 40]).unwrap(),
        stage: 0,
        intent_to_add: false,
        skip_worktree: false,
        assume_valid: false,
    }
}

fn made(paths: &[&str]) -> Made {
    Made {
        hash: Kind::Sha1,
        version: 2,
        items: paths.iter().map(|path| item(path)).collect(),
        cache: None,
        extensions: Vec::new(),
    }
}

/// What is said of an index; `None` where it is accepted.
fn said(bench: &Bench, bytes: &[u8]) -> Option<String> {
    use std::error::Error as _;
    let error = bench.judge(bytes, None, false).err()?;
    Some(error.source().unwrap().to_string())
}

#[test]
fn each_damage_is_named() {
    let bench = Bench::new("sha1");
    let whole = made(&["a", "b/c"]).bytes();
    let sized = |name: &'static [u8; 4], content: &[u8]| {
        let mut made = made(&["a"]);
        made.extensions.push((name, content.to_vec()));
        made.bytes()
    };
    let version = |version: u8| [b"DIRC\0\0\0", [version].as_slice(), &whole[8..]].concat();
    let odd_mode = || {
        let mut made = made(&["a"]);
        made.items[0].mode = 0o100_666;
        made.bytes()
    };
    let tree = |text: &[u8]| sized(b"TREE", text);
    let deep = "x/".repeat(3000) + "x";
    let table: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "it does not begin as an index does"),
        (
            b"DIRC\0\0\0\x02\0\0\0\0".to_vec(),
            "it does not begin as an index does",
        ),
        (version(5), "it is of version 5, which is not known"),
        (whole[..100].to_vec(), "it ends within entry 1"),
        (
            odd_mode(),
            "entry 0 has the mode 100666, which git does not have",
        ),
        (made(&["b", "a"]).bytes(), "\"a\" is not in its place"),
        (made(&["a", "a"]).bytes(), "\"a\" is not in its place"),
        (
            made(&["b/a", "c", "b/d"]).bytes(),
            "\"b/d\" is not in its place",
        ),
        (made(&["/a"]).bytes(), "\"/a\" is not a path"),
        (made(&["a//b"]).bytes(), "\"a//b\" is not a path"),
        (made(&["a/"]).bytes(), "\"a/\" is not a path"),
        (made(&[""]).bytes(), "\"\" is not a path"),
        (
            made(&[&deep]).bytes(),
            "its directories are nested too deeply",
        ),
        (
            sized(b"zzzz", b""),
            "its extension \"zzzz\" is not known and must not be passed over",
        ),
        (
            sized(b"1abc", b""),
            "its extension \"1abc\" is not known and must not be passed over",
        ),
        (tree(b""), "its cache-tree is malformed"),
        (tree(b"\0-1 0"), "its cache-tree is malformed"),
        (tree(b"\0-1 0\nx"), "its cache-tree is malformed"),
        (tree(b"\0 -1 0\n"), "its cache-tree is malformed"),
        (
            tree(b"\0+1 0\n12345678901234567890"),
            "its cache-tree is malformed",
        ),
        (
            tree(b"\x0001 0\n12345678901234567890"),
            "its cache-tree is malformed",
        ),
        (
            tree(b"\x004294967297 0\n12345678901234567890"),
            "its cache-tree is malformed",
        ),
        (tree(b"\0-1 -1\n"), "its cache-tree is malformed"),
        (tree(b"\0-1 2147483647\n"), "its cache-tree is malformed"),
        (tree(b"x\0-1 0\n"), "its cache-tree is malformed"),
        (tree(b"\0-1 1\n\0-1 0\n"), "its cache-tree is malformed"),
        (
            tree(b"\0-1 2\nx\0-1 0\nx\0-1 0\n"),
            "its cache-tree is malformed",
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(said(&bench, &bytes).as_deref(), Some(expected));
    }
    assert_eq!(said(&bench, &whole), None);
    assert_eq!(said(&bench, &tree(b"\0-1 0\n")), None);
}

#[test]
fn the_blocks_that_several_threads_would_read_must_be_the_entries() {
    let bench = Bench::new("sha1");
    let index = |version: u32, blocks: &[(u32, u32)], end: u32| {
        let mut made = made(&["a", "b/c", "b/d"]);
        made.version = version;
        let numbers = blocks.iter().flat_map(|(at, count)| [*at, *count]);
        let content = std::iter::once(1).chain(numbers);
        let content: Vec<u8> = content.flat_map(u32::to_be_bytes).collect();
        made.extensions.push((b"IEOT", content));
        let end = [end.to_be_bytes().as_slice(), &[0; 20]].concat();
        made.extensions.push((b"EOIE", end));
        said(&bench, &made.bytes())
    };
    for (version, blocks, end) in [
        (2, &[(12, 3)][..], 220),
        (2, &[(12, 1), (76, 2)], 220),
        (2, &[(12, 1), (76, 0), (76, 1), (148, 1)], 220),
        (4, &[(12, 1), (77, 2)], 209),
    ] {
        assert_eq!(index(version, blocks, end), None, "{version} {blocks:?}");
    }
    let refused = Some("it names other blocks of entries than it has".to_owned());
    for (version, blocks, end) in [
        (2, &[(12, 3)][..], 148),
        (2, &[], 220),
        (2, &[(12, 2)], 220),
        (2, &[(12, 3), (148, 1)], 220),
        (2, &[(76, 1), (12, 2)], 220),
        (2, &[(12, 1), (80, 2)], 220),
        (2, &[(12, u32::MAX)], 220),
        // The path of the third is a difference from the second's, which a thread does not know.
        (4, &[(12, 2), (144, 1)], 209),
    ] {
        assert_eq!(index(version, blocks, end), refused, "{version} {blocks:?}");
    }
}

#[test]
fn a_path_of_any_length_is_read() {
    let bench = Bench::new("sha1");
    for length in [4093, 4094, 4095, 4096, 4100, 9000] {
        let long = "x".repeat(length);
        let bytes = made(&["a", &long, "z"]).bytes();
        let changes = bench.judge(&bytes, None, false).unwrap();
        let lengths: Vec<usize> = changes.iter().map(|change| change.path.len()).collect();
        assert_eq!(lengths, [1, length, 1]);
    }
}

#[test]
fn directories_as_deep_as_allowed_are_read_in_a_small_stack() {
    let bench = Bench::new("sha1");
    let deep = "x/".repeat(super::super::walk::DEEPEST) + "x";
    let bytes = made(&[&deep]).bytes();
    assert_eq!(bench.judge(&bytes, None, false).unwrap().len(), 1);
}
