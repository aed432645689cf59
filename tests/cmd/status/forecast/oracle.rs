//! Does the forecast say of every pair what git says when each of them is really asked?
//!
//! Histories by chance: edits, renames, removals, files in place of directories, directories in
//! place of files, modes, and work that is not committed. The brute force builds every tree by
//! `git add --all` on a copy of the index, and merges all pairs by `git merge-tree`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::super::sync::oracle::dice::Dice;
use super::{forecast, taken};
use crate::support::Sandbox;

const STREAMS: usize = 5;
const PATHS: [&str; 8] = ["a/1", "a/2", "a/3", "b/1", "b/2", "c", "d", "e/f/g"];

fn text(name: &str) -> String {
    (0..12)
        .map(|line| format!("{name} line {line}\n"))
        .collect()
}

/// Changes something in a directory.
fn change(dice: &mut Dice, top: &Path, who: &str) {
    let path = top.join(*dice.pick(&PATHS));
    match dice.roll(8) {
        0..=2 if path.is_file() => {
            let old = fs::read_to_string(&path).unwrap();
            let at = dice.roll(12);
            let lines = old.lines().enumerate().map(|(line, text)| {
                if line == at {
                    format!("{who} has changed it\n")
                } else {
                    format!("{text}\n")
                }
            });
            fs::write(&path, lines.collect::<String>()).unwrap();
        }
        3 if path.is_file() => fs::remove_file(&path).unwrap(),
        4 | 5 if path.is_file() => {
            let to = top.join(*dice.pick(&["a/new", "n", "b/2/x", "z/y"]));
            if !to.exists() && put_directory(&to) {
                fs::rename(&path, &to).unwrap();
            }
        }
        6 if path.is_file() => {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        7 => {
            let directory = top.join(*dice.pick(&["a", "b", "e"]));
            if directory.is_dir() && dice.once_in(3) {
                fs::remove_dir_all(&directory).unwrap();
                fs::write(&directory, text("a file now")).unwrap();
            } else if directory.is_dir() {
                let to = top.join(format!("moved-{who}"));
                if !to.exists() {
                    fs::rename(&directory, &to).unwrap();
                }
            }
        }
        _ => {
            let added = top.join(*dice.pick(&["n", "a/new", "b/2/x", "o"]));
            if !added.exists() && put_directory(&added) {
                fs::write(&added, text(who)).unwrap();
            }
        }
    }
}

/// Makes the directories above a path, unless a file is in the way.
fn put_directory(path: &Path) -> bool {
    fs::create_dir_all(path.parent().unwrap()).is_ok()
}

fn commit_all(sandbox: &Sandbox, top: &Path) {
    sandbox.git_in(top, &["add", "--all"]);
    let commit = ["commit", "--quiet", "--allow-empty", "-m", "Change"];
    sandbox.git_in(
        top,
        &[&["-c", "core.hooksPath=/dev/null"], &commit[..]].concat(),
    );
}

/// A commit of everything in a worktree, on its HEAD's tree, with the fork as its parent.
fn everything(sandbox: &Sandbox, top: &Path) -> String {
    let script = "cp \"$(git rev-parse --git-path index)\" \"$TMPDIR/i\" && \
                  export GIT_INDEX_FILE=\"$TMPDIR/i\" && git add --all && \
                  git commit-tree -p \"$(git merge-base HEAD main)\" -m all \"$(git write-tree)\"";
    let ran = sandbox.program("sh", ["-c", script]).in_dir(top).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    ran.stdout().trim().to_owned()
}

struct Merged {
    tree: String,
    /// `mode id stage`, path.
    stages: Vec<(String, String)>,
}

impl Merged {
    fn paths(&self) -> BTreeSet<String> {
        let strip = |path: &String| match path.rsplit_once('~') {
            Some((real, side)) if side.len() == 40 || side == "main" => real.to_owned(),
            _ => path.clone(),
        };
        self.stages.iter().map(|(_, path)| strip(path)).collect()
    }
}

fn merge(sandbox: &Sandbox, ours: &str, theirs: &str) -> Merged {
    let args = [
        "-c",
        "merge.directoryRenames=false",
        "merge-tree",
        "--write-tree",
        "-z",
    ];
    let ran = sandbox
        .program("git", [&args[..], &[ours, theirs]].concat())
        .go();
    let out = ran.stdout();
    let mut parts = out.split('\0');
    let tree = parts.next().unwrap().to_owned();
    let stages = parts.take_while(|part| !part.is_empty() && ran.status() == 1);
    let stages = stages.map(|part| {
        let (about, path) = part.split_once('\t').unwrap();
        (about.to_owned(), path.to_owned())
    });
    Merged {
        tree,
        stages: stages.collect(),
    }
}

/// A commit on the base of what a stream would land, every conflict resolved for its side.
fn landed(sandbox: &Sandbox, merged: &Merged) -> String {
    let mut lines = String::new();
    for (_, path) in &merged.stages {
        lines.push_str(&format!("0 {} 0\t{path}\n", "0".repeat(40)));
    }
    for (about, path) in &merged.stages {
        if about.ends_with(" 3") {
            let about = about.trim_end_matches(" 3");
            lines.push_str(&format!("{about} 0\t{path}\n"));
        }
    }
    let script = "export GIT_INDEX_FILE=\"$TMPDIR/l\" && git read-tree \"$1\" && \
                  git update-index --index-info && \
                  git commit-tree -p main -m landed \"$(git write-tree)\"";
    let call = sandbox.program("sh", ["-c", script, "sh", &merged.tree]);
    let ran = call.stdin(lines).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    ran.stdout().trim().to_owned()
}

fn foreseen(one: &Value) -> (bool, BTreeSet<String>) {
    let paths = one["paths"].as_array().unwrap().iter();
    let paths = paths
        .map(|path| path.as_str().unwrap().to_owned())
        .collect();
    assert_ne!(one["outcome"], "unknown", "{one}");
    (one["outcome"] == "conflict", paths)
}

/// One case; answers how many conflicts there are with the base, and between two streams.
fn case(seed: u64) -> (usize, usize) {
    let mut dice = Dice::new(seed);
    let sandbox = Sandbox::new();
    let files = PATHS.map(|path| (path, text(path)));
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
    sandbox.commit("Files", &files);
    let tops: Vec<PathBuf> = (0..STREAMS)
        .map(|n| {
            if dice.once_in(3) {
                change(&mut dice, &sandbox.repo(), "main");
                commit_all(&sandbox, &sandbox.repo());
            }
            taken(&sandbox, &format!("s{n}"))
        })
        .collect();
    for (n, top) in tops.iter().enumerate() {
        for _ in 0..dice.roll(3) {
            change(&mut dice, top, &format!("s{n}"));
        }
        commit_all(&sandbox, top);
        for _ in 0..dice.roll(3) {
            change(&mut dice, top, &format!("s{n}"));
        }
    }
    for _ in 0..dice.roll(3) {
        change(&mut dice, &sandbox.repo(), "main");
    }
    commit_all(&sandbox, &sandbox.repo());
    let picture = forecast(&sandbox, &["--json"]).json();
    let (streams, pairs) = (
        &picture["forecast"]["streams"],
        &picture["forecast"]["pairs"],
    );
    let (mut with_base, mut between) = (0, 0);
    let mut on_base = Vec::new();
    for (n, top) in tops.iter().enumerate() {
        let merged = merge(&sandbox, "main", &everything(&sandbox, top));
        let expected = (!merged.stages.is_empty(), merged.paths());
        assert_eq!(foreseen(&streams[n]["base"]), expected, "seed {seed}, s{n}");
        with_base += usize::from(expected.0);
        on_base.push(landed(&sandbox, &merged));
    }
    let mut at = 0;
    for one in 0..STREAMS {
        for other in one + 1..STREAMS {
            let merged = merge(&sandbox, &on_base[one], &on_base[other]);
            let expected = (!merged.stages.is_empty(), merged.paths());
            let found = foreseen(&pairs[at]);
            assert_eq!(found, expected, "seed {seed}, s{one} and s{other}");
            between += usize::from(expected.0);
            at += 1;
        }
    }
    (with_base, between)
}

#[test]
fn a_forecast_is_what_all_merges_give() {
    let cases = std::env::var("GIT_STREAM_TEST_CASES").ok();
    let cases = cases.and_then(|cases| cases.parse().ok()).unwrap_or(6);
    let all: Vec<(usize, usize)> = (0..cases).map(case).collect();
    let with_base: usize = all.iter().map(|one| one.0).sum();
    let between: usize = all.iter().map(|one| one.1).sum();
    // Chance that never meets says nothing.
    assert!(with_base > 0 && between > 0, "{all:?}");
}
