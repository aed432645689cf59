//! Random histories: a sync says and gives what `git rebase` says and gives.
//!
//! `GIT_STREAM_TEST_HISTORIES=N` tries N histories instead of the usual few,
//! `GIT_STREAM_TEST_SEED=S` begins at another one.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::support::Sandbox;

/// Numbers that are the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % sides as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &'a [String]) -> Option<&'a String> {
        (!from.is_empty()).then(|| &from[self.roll(from.len())])
    }
}

/// A tree as it is being edited: mode and content by path.
type Tree = BTreeMap<String, (&'static str, Vec<u8>)>;

/// One change to a tree.
fn step(dice: &mut Dice, tree: &mut Tree) {
    let paths: Vec<String> = tree.keys().cloned().collect();
    let Some(path) = dice.pick(&paths).cloned() else {
        tree.insert("again.txt".to_owned(), ("100644", b"again\n".to_vec()));
        return;
    };
    match dice.roll(12) {
        0..=4 => edit(dice, &mut tree.get_mut(&path).unwrap().1),
        5 => drop(tree.remove(&path)),
        6 | 7 => {
            let places = ["moved", "lib", "src/deep"];
            let to = format!("{}/{}.txt", places[dice.roll(3)], dice.roll(4));
            if !blocked(tree, &to) {
                let file = tree.remove(&path).unwrap();
                tree.insert(to, file);
            }
        }
        8 => {
            let file = tree.get_mut(&path).unwrap();
            file.0 = if file.0 == "100644" {
                "100755"
            } else {
                "100644"
            };
        }
        9 => {
            let to = format!("src/new{}.txt", dice.roll(3));
            if !blocked(tree, &to) {
                let text = format!("new {}\n", dice.roll(3));
                tree.insert(to, ("100644", text.into_bytes()));
            }
        }
        10 => {
            let bytes = vec![0, 1, 2, u8::try_from(dice.roll(4)).unwrap()];
            tree.insert("image.bin".to_owned(), ("100644", bytes));
        }
        _ => {
            let target = format!("target{}", dice.roll(3));
            tree.insert("link".to_owned(), ("120000", target.into_bytes()));
        }
    }
}

fn edit(dice: &mut Dice, content: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(content).into_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = dice.roll(lines.len().max(1));
    let new = format!("edited {}", dice.roll(3));
    match dice.roll(4) {
        0 => lines.insert(at.min(lines.len()), new),
        1 if lines.len() > 1 => drop(lines.remove(at)),
        _ if lines.is_empty() => lines.push(new),
        _ => lines[at] = new,
    }
    *content = (lines.join("\n") + "\n").into_bytes();
}

/// Whether a file or a directory stands where this file would.
fn blocked(tree: &Tree, path: &str) -> bool {
    let below = format!("{path}/");
    tree.keys().any(|other| {
        other == path || other.starts_with(&below) || path.starts_with(&format!("{other}/"))
    })
}

/// A commit in the words of `git fast-import`.
fn commit(stream: &mut Vec<u8>, branch: &str, from: &str, message: &str, who: usize, tree: &Tree) {
    let mut head = format!("commit refs/heads/{branch}\n");
    let when = 1_700_000_000 + 100 * who;
    writeln!(
        head,
        "author Author {who} <a{who}@example.com> {when} +0{}00",
        who % 10
    )
    .unwrap();
    writeln!(head, "committer Ada <ada@example.com> {when} +0000").unwrap();
    write!(head, "data {}\n{message}\n", message.len()).unwrap();
    if !from.is_empty() {
        writeln!(head, "from {from}").unwrap();
    }
    head.push_str("deleteall\n");
    stream.extend(head.bytes());
    for (path, (mode, content)) in tree {
        stream.extend(format!("M {mode} inline {path}\ndata {}\n", content.len()).bytes());
        stream.extend_from_slice(content);
        stream.push(b'\n');
    }
}

/// The first commit: long files that renames are found for, in some directories.
fn begin() -> Tree {
    let mut tree = Tree::new();
    for (n, path) in [
        "a.txt",
        "src/b.txt",
        "src/c.txt",
        "lib/d.txt",
        "src/deep/e.txt",
    ]
    .iter()
    .enumerate()
    {
        let text: String = (0..12)
            .map(|line| format!("file {n} line {line}\n"))
            .collect();
        tree.insert((*path).to_owned(), ("100644", text.into_bytes()));
    }
    tree
}

/// Both sides of a history: what the base has since, and what the stream has.
fn history(dice: &mut Dice) -> Vec<u8> {
    let start = begin();
    let mut stream = Vec::new();
    commit(&mut stream, "main", "", "Begin", 0, &start);
    commit(&mut stream, "work", "refs/heads/main", "Before", 1, &start);
    let mut changes: Vec<(Tree, Tree)> = Vec::new();
    for (branch, number) in [("work", 1 + dice.roll(5)), ("main", 1 + dice.roll(3))] {
        let mut tree = start.clone();
        for n in 0..number {
            let before = tree.clone();
            match dice.roll(8) {
                // An empty commit.
                0 => {}
                // What the other side has done already, where it can be done here.
                1 if branch == "main" && !changes.is_empty() => {
                    let (old, new) = &changes[dice.roll(changes.len())];
                    replay(&mut tree, old, new);
                }
                _ => (0..=dice.roll(2)).for_each(|_| step(dice, &mut tree)),
            }
            changes.push((before, tree.clone()));
            let who = 10 * usize::from(branch == "main") + n + 2;
            let message = format!("{branch} {n}\n\nWith a body.  \n\n# and more\n");
            commit(&mut stream, branch, "", &message, who, &tree);
        }
    }
    stream
}

fn replay(tree: &mut Tree, old: &Tree, new: &Tree) {
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        tree.remove(path);
    }
    for (path, file) in new
        .iter()
        .filter(|(path, file)| old.get(*path) != Some(file))
    {
        if tree.contains_key(path) || !blocked(tree, path) {
            tree.insert(path.clone(), file.clone());
        }
    }
}

fn number(name: &str, usual: u64) -> u64 {
    let value = env::var(name).ok();
    value.and_then(|value| value.parse().ok()).unwrap_or(usual)
}

#[test]
fn a_sync_gives_what_git_rebase_gives() {
    let first = number("GIT_STREAM_TEST_SEED", 1);
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for seed in first..first + number("GIT_STREAM_TEST_HISTORIES", 24) {
        *verdicts.entry(compare(seed)).or_default() += 1;
    }
    // Both verdicts must occur, or the histories test nothing.
    assert!(verdicts.len() >= 2, "{verdicts:?}");
    println!("verdicts: {verdicts:?}");
}

/// The newest commit of the stream that the base has as it is, found the long way: by asking git
/// about every pair.
fn landed(sandbox: &Sandbox) -> Option<String> {
    let lines = |args: &[&str]| -> Vec<String> {
        let text = sandbox.git(args);
        text.lines().map(str::to_owned).collect()
    };
    let fork = sandbox.git(&["merge-base", "main", "work"]);
    let fork = fork.trim();
    let since = |branch: &str| lines(&["rev-list", "--first-parent", &format!("{fork}..{branch}")]);
    let mut trunk = since("main");
    trunk.push(fork.to_owned());
    let net = lines(&["diff", "--name-only", "--no-renames", fork, "main"]);
    let equal = |a: &str, b: &str, paths: &[String]| {
        let words = ["diff", "--quiet", "--no-renames", a, b, "--"];
        let words = words.into_iter().chain(paths.iter().map(String::as_str));
        sandbox.program("git", words).status() == 0
    };
    since("work").into_iter().find(|tip| {
        let paths = lines(&["diff", "--name-only", "--no-renames", fork, tip]);
        let is_there =
            |pair: &[String]| equal(&pair[0], tip, &paths) && !equal(&pair[1], tip, &paths);
        let is_empty = equal(tip, &format!("{tip}^"), &[]);
        let is_touched = paths.iter().any(|path| net.contains(path));
        !is_empty && is_touched && trunk.windows(2).any(is_there)
    })
}

/// Compares one history; answers the verdict.
fn compare(seed: u64) -> String {
    let sandbox = Sandbox::unborn();
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for _ in 0..8 {
        dice.roll(2);
    }
    let import = sandbox.program("git", ["fast-import", "--quiet"]);
    let import = import.stdin(history(&mut dice)).go();
    assert_eq!(import.status(), 0, "{}", import.block());
    sandbox.git(&["reset", "--quiet", "--hard"]);
    // The base as it is now; the stream begins with what was done before.
    let call = sandbox.run(["claim", "all", "--files", "**", "--from", "work"]);
    let claimed = call.agent("a1").go();
    assert_eq!(claimed.status(), 0, "{}", claimed.block());
    let worktree = claimed.stdout().trim_end().to_owned();
    let (worktree, oracle) = (Path::new(&worktree), sandbox.root().join("oracle"));
    let add = [
        "worktree",
        "add",
        "--quiet",
        "--detach",
        oracle.to_str().unwrap(),
        "work",
    ];
    sandbox.git(&add);
    let landed = landed(&sandbox);
    let mut rebase = vec![
        "-c",
        "merge.directoryRenames=false",
        "rebase",
        "--no-fork-point",
    ];
    match &landed {
        Some(tip) => rebase.extend(["--onto", "main", tip]),
        None => rebase.push("main"),
    }
    let expected = sandbox.program("git", rebase).in_dir(&oracle).go();
    let synced = sandbox.run(["sync", "all", "--json"]).agent("a1").go();
    let answer = synced.json();
    let context = || format!("seed {seed}: {}\n{}", expected.block(), synced.block());
    let outcome = answer["outcome"].as_str().unwrap().to_owned();
    if expected.status() == 0 {
        assert!(
            ["rebased", "landed"].contains(&outcome.as_str()),
            "{}",
            context()
        );
        for format in ["%T", "%an <%ae> %ad%n%B"] {
            let format = format!("--format={format}");
            let log = ["log", "--date=raw", &format, "main.."];
            let (ours, theirs) = (
                sandbox.git_in(worktree, &log),
                sandbox.git_in(&oracle, &log),
            );
            assert_eq!(ours, theirs, "{}", context());
        }
        assert_eq!(
            sandbox.git_in(worktree, &["status", "--porcelain"]),
            "",
            "{}",
            context()
        );
    } else {
        assert_eq!(outcome, "stopped", "{}", context());
        let stopped_at = sandbox.git_in(&oracle, &["rev-parse", "REBASE_HEAD"]);
        assert_eq!(
            answer["escalation"]["commit"],
            stopped_at.trim(),
            "{}",
            context()
        );
        let unmerged = sandbox.git_in(&oracle, &["diff", "--name-only", "--diff-filter=U"]);
        let ours = answer["escalation"]["paths"].as_array().unwrap();
        let ours: Vec<&str> = ours.iter().map(|path| path.as_str().unwrap()).collect();
        // Where both sides were put beside one another, git has made names up.
        let mut theirs: Vec<&str> = unmerged
            .lines()
            .map(|path| path.trim_matches('"').split('~').next().unwrap())
            .collect();
        theirs.sort_unstable();
        theirs.dedup();
        assert_eq!(ours, theirs, "{}", context());
    }
    fs::remove_dir_all(oracle).unwrap();
    outcome
}
