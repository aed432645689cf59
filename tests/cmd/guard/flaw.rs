//! What happens to a history with trees that git does not write?
//!
//! `git mktree` puts together what it is told to, so that most of them need no other program.

use insta::assert_snapshot;

use super::Held;
use crate::support::Ran;

impl Held {
    /// A tree that is put together by hand.
    fn tree(&self, entries: &str) -> String {
        let made = self
            .sandbox
            .program("git", ["mktree"])
            .in_dir(&self.api)
            .stdin(entries)
            .go();
        made.succeeded();
        made.stdout().trim().to_owned()
    }

    /// The entry of a subtree, or of a file with some content, as `git mktree` reads it.
    fn entry(&self, mode: &str, name: &str, id: &str) -> String {
        let kind = self.git(&["cat-file", "-t", id]);
        format!("{mode} {} {id}\t{name}\n", kind.trim())
    }

    /// The branch with these entries added to one directory; what the guard says to it.
    fn with(&self, directory: &str, entries: &str) -> Ran {
        let list = |directory: &str| {
            let rev = format!("{}:{directory}", self.base());
            self.git(&["ls-tree", &rev])
        };
        let mut tree = self.tree(&(list(directory) + entries));
        let mut below = directory;
        while !below.is_empty() {
            let (above, name) = below.rsplit_once('/').unwrap_or(("", below));
            let others = list(above);
            let kept = others
                .lines()
                .filter(|line| !line.ends_with(&format!("\t{name}")));
            let kept: String = kept.map(|line| format!("{line}\n")).collect();
            tree = self.tree(&(kept + &self.entry("040000", name, &tree)));
            below = above;
        }
        let base = self.base();
        let made = self.git(&["commit-tree", "-p", &base, "-m", "Made by hand", &tree]);
        self.guard(&["range", &format!("{base}..{}", made.trim())])
    }

    fn base(&self) -> String {
        self.git(&["rev-parse", "main"]).trim().to_owned()
    }

    fn blob(&self, text: &str) -> String {
        self.write("src/api/written", text);
        let id = self.git(&["hash-object", "-w", "src/api/written"]);
        id.trim().to_owned()
    }
}

#[test]
fn a_name_that_is_there_twice_is_refused_whatever_the_second_is() {
    let held = Held::new();
    let theirs = held.blob("theirs\n");
    let evil = held.tree(&held.entry("100644", "app.js", &theirs));
    for (mode, id) in [("040000", &evil), ("100644", &theirs)] {
        let twice = held.with("src", &held.entry(mode, "ui", id));
        assert_eq!(twice.status(), 1, "{}", twice.block());
        assert!(
            twice.stderr().contains("src/ui is there twice"),
            "{}",
            twice.block()
        );
    }
}

#[test]
fn a_mode_that_git_reads_as_another_is_refused() {
    let held = Held::new();
    assert_snapshot!(held.with("src/api", &held.entry("120777", "link", &held.blob("../ui"))).block(), @"
    $ cd $ROOT/repo.streams/api && git stream guard range $OID1..$OID2
    --- stderr ---
    error: commit $OID2 holds a tree that git does not write: src/api/link has a mode that git does not write
    hint: Look at the tree with `git ls-tree $OID3`, and at what git makes of it with `git fsck --strict`.
    hint: Make the commit again from its files, with git: what is in the index is written as it should be.
    [status 1]
    ");
    let kept_out = held.tree(&held.entry("100644", "x", &held.blob("x\n")));
    let directory = held.with("src/api", &held.entry("40755", "generated", &kept_out));
    assert_eq!(directory.status(), 1, "{}", directory.block());
}

#[test]
fn an_empty_directory_is_refused_though_no_path_differs() {
    let held = Held::new();
    let empty = held.tree("");
    for (directory, name) in [("", "SRC"), ("src/api", "..")] {
        let found = held.with(directory, &held.entry("040000", name, &empty));
        assert_eq!(found.status(), 1, "{}", found.block());
        assert!(
            found.stderr().contains("is an empty directory"),
            "{}",
            found.block()
        );
    }
}

#[test]
fn a_tree_that_git_does_not_write_taints_the_stream() {
    let held = Held::new();
    let tree =
        held.tree(&(held.git(&["ls-tree", "main"]) + &held.entry("040000", "UI", &held.tree(""))));
    let made = held.git(&["commit-tree", "-p", "main", "-m", "Made by hand", &tree]);
    held.git(&["update-ref", "refs/heads/stream/api", made.trim()]);
    assert_snapshot!(held.sandbox.run(["verify", "api"]).block(), @"
    $ git stream verify api
    commit $OID1 holds a tree that git does not write: UI is an empty directory
    --- stderr ---
    hint: Look at the tree with `git ls-tree $OID2`, and at what git makes of it with `git fsck --strict`.
    hint: Make the commit again from its files, with git: what is in the index is written as it should be.
    [status 1]
    ");
}

#[test]
fn what_the_base_holds_already_may_stay() {
    let held = Held::new();
    let with_empty =
        held.git(&["ls-tree", "main"]) + &held.entry("040000", "empty", &held.tree(""));
    let base = held.tree(&with_empty);
    let base = held.git(&["commit-tree", "-p", "main", "-m", "Old", &base]);
    let mine = held.tree(&held.entry("100644", "lib.rs", &held.blob("mine\n")));
    let src = held.git(&["ls-tree", "main:src"]);
    let kept = src.lines().filter(|line| !line.ends_with("\tapi"));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    let src = held.tree(&(kept + &held.entry("040000", "api", &mine)));
    let kept = with_empty.lines().filter(|line| !line.ends_with("\tsrc"));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    let tree = held.tree(&(kept + &held.entry("040000", "src", &src)));
    let made = held.git(&["commit-tree", "-p", base.trim(), "-m", "Mine", &tree]);
    let range = held.guard(&["range", &format!("{}..{}", base.trim(), made.trim())]);
    assert_eq!(range.status(), 0, "{}", range.block());
}
