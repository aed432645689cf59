//! Is an index whose entries were exchanged what git would have made of it?

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bstr::{BStr, BString};

use super::chance::Chance;
use super::{Bench, Id, cases};
use crate::git::index::splice::entry_of;
use crate::git::{Leaf, Repo, replace_file};

const NAMES: [&str; 5] = ["a", "a.b", "b", "c-", "d"];

type Files = BTreeMap<BString, Leaf>;

/// Some files, none of which is where another one has a directory.
fn drawn(ids: &[Id], chance: &mut Chance) -> Files {
    let mut files = Files::new();
    for _ in 0..chance.below(12) {
        add(&mut files, ids, chance);
    }
    files
}

fn add(files: &mut Files, ids: &[Id], chance: &mut Chance) {
    let depth = 1 + chance.below(3);
    let names: Vec<&str> = (0..depth).map(|_| chance.one_of(&NAMES)).collect();
    let path = BString::from(names.join("/"));
    let is_below = |one: &BString, other: &BString| {
        one.strip_prefix(other.as_slice())
            .is_some_and(|rest| rest.first() == Some(&b'/'))
    };
    files.retain(|other, _| !is_below(other, &path) && !is_below(&path, other));
    let mode = chance.one_of(&[0o100_644, 0o100_755, 0o120_000]);
    let id = chance.one_of(ids);
    files.insert(path, Leaf { mode, id });
}

/// The same after some edits.
fn edited(files: &Files, ids: &[Id], chance: &mut Chance) -> Files {
    let mut edited = files.clone();
    edited.retain(|_, _| !chance.percent(25));
    for _ in 0..chance.below(5) {
        add(&mut edited, ids, chance);
    }
    edited
}

fn tree_of(repo: &Repo, files: &Files) -> Id {
    let leaves = files
        .iter()
        .map(|(path, leaf)| (path.clone(), Some(*leaf)))
        .collect();
    repo.overlay(None, &leaves).unwrap()
}

fn lines(files: &Files) -> String {
    let mut lines = String::new();
    for (path, Leaf { mode, id }) in files {
        writeln!(lines, "{mode:06o} {id} 0\t{path}").unwrap();
    }
    lines
}

/// What git does with an index.
fn git(repo: &Repo, args: &[&str], input: &str) -> String {
    let call = repo.call_in(repo.top().unwrap()).args(args);
    let output = call.run_with_input(input.as_bytes()).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn git_finds_in_it_the_new_tree() {
    for (format, number) in [("sha1", 50), ("sha256", 10)] {
        let bench = Bench::on_disk(format);
        let (repo, index) = (&bench.repo, bench.repo.git_dir().join("index"));
        let ids: Vec<Id> = (0u8..3)
            .map(|content| repo.write_blob(&[content]).unwrap())
            .collect();
        for seed in cases(number) {
            let mut chance = Chance::new(seed);
            let before = drawn(&ids, &mut chance);
            let after = edited(&before, &ids, &mut chance);
            let (old, new) = (tree_of(repo, &before), tree_of(repo, &after));
            git(repo, &["read-tree", &old.to_string()], "");
            // What was touched and is the same again is not known in the cache-tree.
            if chance.percent(50)
                && let Some((path, leaf)) = before.iter().next()
            {
                let same = lines(&Files::from([(path.clone(), *leaf)]));
                let gone = format!("0 {} 0\t{path}\n{same}", repo.null_id());
                git(repo, &["update-index", "--index-info"], &gone);
            }
            let found = repo.differences(old, new).unwrap();
            let entry = |change: &crate::git::Change| match change.new {
                Some(leaf) => entry_of(BStr::new(&change.path), leaf, None),
                None => Vec::new(),
            };
            let entries: Vec<Vec<u8>> = found.changes.iter().map(entry).collect();
            let changes = (found.changes.as_slice(), entries.as_slice());
            let spliced = repo.splice(&index, changes, &found.directories).unwrap();
            replace_file(&index, &spliced.unwrap(), 0o644).unwrap();
            assert_eq!(
                git(repo, &["ls-files", "--stage"], ""),
                lines(&after),
                "seed {seed}"
            );
            // Of what the cache-tree says, git believes all.
            let written = git(repo, &["write-tree"], "");
            assert_eq!(written.trim_end(), new.to_string(), "seed {seed}");
            let mut more = after;
            add(&mut more, &ids, &mut chance);
            let input = lines(&more);
            git(repo, &["update-index", "--replace", "--index-info"], &input);
            let files = git(repo, &["ls-files", "--stage"], "");
            let expected: Files = more;
            assert_eq!(files, lines(&expected), "seed {seed}");
            let written = git(repo, &["write-tree"], "");
            assert_eq!(
                written.trim_end(),
                tree_of(repo, &expected).to_string(),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn what_is_not_as_it_has_to_be_is_left_alone() {
    let bench = Bench::on_disk("sha1");
    let (repo, index) = (&bench.repo, bench.repo.git_dir().join("index"));
    let ids = [
        repo.write_blob(b"0").unwrap(),
        repo.write_blob(b"1").unwrap(),
    ];
    let files = |paths: &[(&str, usize)]| -> Files {
        let leaf = |at: usize| Leaf {
            mode: 0o100_644,
            id: ids[at],
        };
        paths
            .iter()
            .map(|(path, at)| (BString::from(*path), leaf(*at)))
            .collect()
    };
    let splice = |before: &Files, after: &Files| {
        let (old, new) = (tree_of(repo, before), tree_of(repo, after));
        let found = repo.differences(old, new).unwrap();
        let entries = vec![Vec::new(); found.changes.len()];
        let changes = (found.changes.as_slice(), entries.as_slice());
        repo.splice(&index, changes, &found.directories).unwrap()
    };
    let (one, other) = (files(&[("a", 0)]), files(&[("a", 1)]));
    git(repo, &["read-tree", &tree_of(repo, &one).to_string()], "");
    assert!(splice(&one, &other).is_some());
    // Another content, no such file, one that is there already, a conflict, another form.
    assert!(splice(&other, &one).is_none());
    assert!(splice(&files(&[("b", 0)]), &files(&[])).is_none());
    assert!(splice(&files(&[]), &one).is_none());
    let conflict = format!("0 {} 0\ta\n100644 {} 2\ta\n", repo.null_id(), ids[0]);
    git(repo, &["update-index", "--index-info"], &conflict);
    assert!(splice(&one, &other).is_none());
    git(repo, &["read-tree", &tree_of(repo, &one).to_string()], "");
    git(repo, &["update-index", "--split-index"], "");
    assert!(splice(&one, &other).is_none());
}
