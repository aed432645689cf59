//! Does git say the same, of its own indexes and of made ones?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::chance::Chance;
use super::drawn::Drawn;
use super::{Bench, Change, Id, cases, forged};
use crate::git::{Repo, replace_file};

/// Mode and id on both sides; `None` for an unresolved conflict.
type Sides = Option<[(u32, Id); 2]>;

/// What git says of an index.
fn git(repo: &Repo, index: &Path, tree: Id) -> BTreeMap<BString, Sides> {
    let call = repo.call().env("GIT_INDEX_FILE", index);
    let output = call
        .args(["diff-index", "--cached", "--raw", "-z", "--no-renames"])
        .args(["--ita-invisible-in-index", "--abbrev=64", &tree.to_string()])
        .run()
        .unwrap();
    let mut fields = output.stdout.split_str("\0");
    let mut said = BTreeMap::new();
    while let (Some(what), Some(path)) = (fields.next(), fields.next()) {
        let what: Vec<&str> = what[1..].to_str().unwrap().split(' ').collect();
        let mode = |at: usize| u32::from_str_radix(what[at], 8).unwrap();
        let id = |at: usize| repo.parse_id(what[at]).unwrap();
        let sides = [(mode(0), id(2)), (mode(1), id(3))];
        let sides = (what[4] != "U").then_some(sides);
        let entry = said.entry(path.into()).or_insert(sides);
        *entry = entry.and(sides);
    }
    said
}

/// What we say of it, in the same form.
fn ours(repo: &Repo, changes: &[Change]) -> BTreeMap<BString, Sides> {
    let nothing = (0, repo.null_id());
    let sides = |change: &Change| {
        let side = |leaf: Option<crate::git::Leaf>| leaf.map_or(nothing, |l| (l.mode, l.id));
        (!change.unmerged).then(|| [side(change.old), side(change.new)])
    };
    let pairs = changes
        .iter()
        .map(|change| (change.path.clone(), sides(change)));
    pairs.collect()
}

#[test]
fn git_says_the_same_of_made_indexes() {
    for (format, number) in [("sha1", 60), ("sha256", 20)] {
        let bench = Bench::on_disk(format);
        let index = bench.repo.git_dir().join("made");
        for seed in cases(number) {
            let mut chance = Chance::new(seed);
            let mut drawn = Drawn::new(&bench.repo, &mut chance);
            let ids: Vec<Id> = drawn.trees.keys().copied().collect();
            // git believes the same lies.
            if let Some(cache) = &mut drawn.made.cache
                && chance.percent(30)
            {
                forged::lie(cache, &mut chance, |node, chance| {
                    node.id = chance.one_of(&ids);
                });
            }
            let Some(tree) = drawn.tree else {
                continue;
            };
            replace_file(&index, &drawn.made.bytes(), 0o644).unwrap();
            let found = bench.repo.diff_index(&index, drawn.tree).unwrap();
            let expected = git(&bench.repo, &index, tree);
            assert_eq!(ours(&bench.repo, &found), expected, "seed {seed}");
        }
    }
}

/// A repository in which git itself writes the index.
struct Real {
    bench: Bench,
    index: PathBuf,
}

impl Real {
    fn new() -> Real {
        let bench = Bench::on_disk("sha1");
        let index = bench.repo.git_dir().join("index");
        Real { bench, index }
    }

    fn git(&self, args: &[&str], input: &str) -> String {
        let call = self.bench.repo.call_in(self.bench.repo.top().unwrap());
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let call = call.args(identity).args(args);
        call.run_with_input(input.as_bytes()).unwrap().line()
    }

    /// Files of one number each, spread over directories.
    fn tree(&self, files: usize) -> Id {
        let blob = self.git(&["hash-object", "-w", "--stdin"], "content");
        let lines =
            (0..files).map(|at| format!("100644 {blob} 0\td{}/s{}/f{at}\n", at % 3, at % 7));
        self.git(
            &["update-index", "--index-info"],
            &lines.collect::<String>(),
        );
        self.bench
            .repo
            .parse_id(&self.git(&["write-tree"], ""))
            .unwrap()
    }

    fn agrees(&self, tree: Id, about: &str) {
        let repo = &self.bench.repo;
        let found = ours(repo, &repo.diff_index(&self.index, Some(tree)).unwrap());
        assert_eq!(found, git(repo, &self.index, tree), "{about}");
    }

    /// Random edits, each by git.
    fn edit(&self, chance: &mut Chance) {
        let other = self.git(&["hash-object", "-w", "--stdin"], "other");
        let (at, null) = (chance.below(60), "0".repeat(40));
        let path = format!("d{}/s{}/f{at}", at % 3, at % 7);
        let line = match chance.below(7) {
            0 => format!("0 {null}\t{path}\n"),
            1 => format!("100755 {other} 0\t{path}\n"),
            2 => format!("120000 {other} 0\tnew/{at}\n"),
            3 => format!("0 {null}\t{path}\n100644 {other} 1\t{path}\n100644 {other} 3\t{path}\n"),
            4 => format!("0 {null}\t{path}\n100644 {other} 0\t{path}/below\n"),
            5 => format!("160000 {other} 0\tmodule{at}\n"),
            _ => format!("100644 {other} 0\t{path}\n"),
        };
        self.git(&["update-index", "--index-info"], &line);
    }
}

#[test]
fn git_says_the_same_of_its_own_indexes() {
    for (about, setting) in [
        ("version 2", vec![]),
        ("version 4", vec!["update-index", "--index-version", "4"]),
        ("split", vec!["update-index", "--split-index"]),
        ("with offsets", vec!["config", "index.threads", "2"]),
        ("without a cache-tree", vec!["read-tree", "--empty"]),
    ] {
        let real = Real::new();
        let old = real.tree(60);
        if !setting.is_empty() {
            real.git(&setting, "");
        }
        if about == "without a cache-tree" {
            let lines = real.git(&["ls-tree", "-r", &old.to_string()], "");
            real.git(&["update-index", "--index-info"], &(lines + "\n"));
        }
        real.agrees(old, about);
        let mut chance = Chance::new(7);
        for _ in cases(8) {
            real.edit(&mut chance);
            real.agrees(old, about);
            if chance.percent(30) && real.git(&["ls-files", "-u"], "").is_empty() {
                real.git(&["write-tree"], "");
                real.agrees(old, about);
            }
        }
    }
}

#[test]
fn a_sparse_index_is_read_without_its_directories() {
    let real = Real::new();
    let old = real.tree(60);
    let commit = real.git(&["commit-tree", &old.to_string(), "-m", "old"], "");
    real.git(&["reset", "-q", "--hard", &commit], "");
    real.git(
        &[
            "sparse-checkout",
            "set",
            "--cone",
            "--sparse-index",
            "d0/s0",
        ],
        "",
    );
    let bytes = std::fs::read(&real.index).unwrap();
    assert!(bytes.contains_str("sdir"), "the index is not sparse");
    real.agrees(old, "sparse");
    let mut chance = Chance::new(3);
    for _ in cases(6) {
        real.edit(&mut chance);
        real.agrees(old, "sparse, edited");
    }
}

#[test]
fn a_file_only_meant_to_be_added_is_no_change() {
    let real = Real::new();
    let old = real.tree(5);
    replace_file(&real.bench.repo.top().unwrap().join("later"), b"x", 0o644).unwrap();
    real.git(&["add", "-N", "later"], "");
    let found = real.bench.repo.diff_index(&real.index, Some(old)).unwrap();
    assert_eq!(found, []);
    real.agrees(old, "intent to add");
}

#[test]
fn an_empty_file_and_a_directory_are_no_index() {
    let real = Real::new();
    let old = real.tree(1);
    let empty = real.index.with_file_name("empty");
    replace_file(&empty, b"", 0o644).unwrap();
    for path in [&empty, real.bench.repo.git_dir()] {
        assert!(real.bench.repo.diff_index(path, Some(old)).is_err());
    }
}

#[test]
fn an_index_that_is_not_there_is_empty() {
    let real = Real::new();
    let old = real.tree(5);
    let missing = real.index.with_file_name("missing");
    let found = real.bench.repo.diff_index(&missing, Some(old)).unwrap();
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|change| change.new.is_none()));
}
