//! What is left when a command dies before or after one of its git processes?
//!
//! After every death the repository is whole, nothing that was committed or written is lost, and
//! the same command run again finishes.

pub(crate) mod disk;
mod flushes;
mod matrix_subset;
mod soak;

use std::fs;

use crate::support::{Call, Kill, Sandbox, assert_sound, can_trace, for_every_git_call};

fn claim(sandbox: &Sandbox) -> Call {
    sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
}

#[test]
fn a_claim_that_dies_is_finished_by_the_next_one() {
    let calls = for_every_git_call(|kill| {
        let sandbox = Sandbox::new();
        let killed = claim(&sandbox).killed_at(kill).go().was_killed();
        let again = claim(&sandbox).go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        assert_whole(&sandbox, kill);
        killed
    });
    assert!(calls >= 5, "{calls}");
}

#[test]
fn a_claim_that_dies_is_in_nobody_s_way() {
    for_every_git_call(|kill| {
        let sandbox = Sandbox::new();
        let killed = claim(&sandbox).killed_at(kill).go().was_killed();
        let other = sandbox
            .run(["claim", "all", "--files", "src/**"])
            .agent("a2")
            .go();
        // A claim that was complete before its process died is a claim.
        let held = sandbox.run(["path", "api"]).go();
        assert_eq!(
            other.status(),
            if held.status() == 0 { 4 } else { 0 },
            "{kill:?}: {}",
            other.block()
        );
        if held.status() != 0 {
            sandbox.run(["release", "all"]).agent("a2").go().succeeded();
            let again = claim(&sandbox).go();
            assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        }
        assert_whole(&sandbox, kill);
        killed
    });
}

#[test]
fn a_release_that_dies_is_finished_by_the_next_one() {
    let calls = for_every_git_call(|kill| {
        let sandbox = Sandbox::new();
        claim(&sandbox).go().succeeded();
        let release = || sandbox.run(["release", "api"]).agent("a1");
        let killed = release().killed_at(kill).go().was_killed();
        let again = release().go();
        // It may have been over before it died.
        assert!(
            [0, 1].contains(&again.status()),
            "{kill:?}: {}",
            again.block()
        );
        assert!(
            !sandbox.root().join("repo.streams/api").exists(),
            "{kill:?}"
        );
        assert_eq!(
            sandbox.git(&["branch", "--list", "stream/*"]),
            "",
            "{kill:?}"
        );
        assert_sound(&sandbox, &sandbox.repo());
        killed
    });
    assert!(calls >= 4, "{calls}");
}

#[test]
fn a_release_that_dies_loses_no_work() {
    for_every_git_call(|kill| {
        let sandbox = Sandbox::new();
        claim(&sandbox).go().succeeded();
        let worktree = sandbox.root().join("repo.streams/api");
        sandbox.write(worktree.join("src/api/new.rs"), "// new\n");
        sandbox.git_in(&worktree, &["add", "."]);
        sandbox.git_in(&worktree, &["commit", "--quiet", "-m", "Work"]);
        let tip = sandbox.git(&["rev-parse", "stream/api"]);
        sandbox.write(worktree.join("src/api/draft.rs"), "// draft\n");
        let release = || sandbox.run(["release", "api"]).agent("a1");
        let killed = release().killed_at(kill).go().was_killed();
        let again = release().go();
        assert!(
            [0, 1].contains(&again.status()),
            "{kill:?}: {}",
            again.block()
        );
        assert_eq!(sandbox.git(&["rev-parse", "stream/api"]), tip, "{kill:?}");
        let draft = fs::read_to_string(worktree.join("src/api/draft.rs")).unwrap();
        assert_eq!(draft, "// draft\n", "{kill:?}");
        assert_sound(&sandbox, &sandbox.repo());
        killed
    });
}

/// That a stream is landed already does not say that the landing which died has counted.
#[test]
fn a_landing_that_dies_is_told_to_the_ledger_where_the_stream_had_landed_before() {
    let calls = for_every_git_call(|kill| {
        let sandbox = Sandbox::new();
        claim(&sandbox).go().succeeded();
        let worktree = sandbox.root().join("repo.streams/api");
        let commit = |text: &str| {
            sandbox.write(worktree.join("src/api/new.rs"), text);
            sandbox.git_in(&worktree, &["add", "."]);
            sandbox.git_in(&worktree, &["commit", "--quiet", "-m", text]);
        };
        commit("one");
        sandbox.git(&["merge", "--quiet", "stream/api"]);
        let run = |words: &[&str]| sandbox.run(words).agent("a1");
        run(&["sync", "api"]).go().succeeded();
        commit("two");
        let killed = run(&["land", "api"]).killed_at(kill).go().was_killed();
        let other = ["claim", "ui", "--files", "src/ui/**"];
        sandbox.run(other).agent("a2").go().succeeded();
        let again = run(&["land", "api"]).go();
        assert!(
            [0, 1].contains(&again.status()),
            "{kill:?}: {}",
            again.block()
        );
        assert_eq!(
            sandbox.git(&["show", "main:src/api/new.rs"]),
            "two",
            "{kill:?}"
        );
        let log = sandbox.git(&["log", "--format=%s", "refs/stream/ledger"]);
        let told = log
            .lines()
            .filter(|line| line.starts_with("land api: 1 commit onto main"));
        assert_eq!(told.count(), 1, "{kill:?}: {log}");
        claim(&sandbox).go().succeeded();
        assert_sound(&sandbox, &sandbox.repo());
        killed
    });
    assert!(calls >= 5, "{calls}");
}

/// A worktree that is half in the trash comes back first, or git knows of one that is nowhere.
#[test]
fn a_landing_that_dies_while_it_takes_the_worktree_away_leaves_none_behind() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    claim(&sandbox).go().succeeded();
    let worktree = sandbox.root().join("repo.streams/api");
    sandbox.write(worktree.join("src/api/new.rs"), "new\n");
    sandbox.git_in(&worktree, &["add", "."]);
    sandbox.git_in(&worktree, &["commit", "--quiet", "-m", "Work"]);
    let admin = sandbox.repo().join(".git/worktrees/api");
    let land = || sandbox.run(["land", "api"]).agent("a1");
    assert!(land().killed_at_move_of(&admin).go().was_killed());
    assert!(admin.exists() && !worktree.exists());
    land().go().succeeded();
    assert!(!admin.exists() && !worktree.exists());
    assert_eq!(sandbox.git(&["show", "main:src/api/new.rs"]), "new\n");
    assert_sound(&sandbox, &sandbox.repo());
}

/// Whatever comes next to a stream does not take a landing that died for one that did nothing.
#[test]
fn a_landing_that_dies_is_told_to_the_ledger_by_a_sync_or_a_release() {
    for next in ["sync", "release"] {
        let calls = for_every_git_call(|kill| {
            let sandbox = Sandbox::new();
            claim(&sandbox).go().succeeded();
            let worktree = sandbox.root().join("repo.streams/api");
            sandbox.write(worktree.join("src/api/new.rs"), "one");
            sandbox.git_in(&worktree, &["add", "."]);
            sandbox.git_in(&worktree, &["commit", "--quiet", "-m", "one"]);
            let run = |words: &[&str]| sandbox.run(words).agent("a1");
            let killed = run(&["land", "api"]).killed_at(kill).go().was_killed();
            let has_moved = sandbox
                .git(&["log", "--format=%s", "main"])
                .starts_with("one");
            let went_on = run(&[next, "api"]).go();
            assert!(
                [0, 1].contains(&went_on.status()),
                "{kill:?}: {}",
                went_on.block()
            );
            let log = sandbox.git(&["log", "--format=%s", "refs/stream/ledger"]);
            let told = log
                .lines()
                .filter(|line| line.starts_with("land api: 1 commit onto main"));
            assert_eq!(told.count(), usize::from(has_moved), "{kill:?}: {log}");
            assert_sound(&sandbox, &sandbox.repo());
            killed
        });
        assert!(calls >= 5, "{calls}");
    }
}

#[test]
fn a_worktree_that_is_being_made_again_is_not_handed_out_half_made() {
    for_every_git_call(|kill| {
        let sandbox = Sandbox::new();
        claim(&sandbox).go().succeeded();
        fs::remove_dir_all(sandbox.root().join("repo.streams/api")).unwrap();
        let killed = claim(&sandbox).killed_at(kill).go().was_killed();
        let again = claim(&sandbox).go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        assert_whole(&sandbox, kill);
        killed
    });
}

#[test]
fn a_claim_and_a_release_that_both_die_leave_nothing_half_made() {
    for_every_git_call(|kill| {
        let sandbox = Sandbox::new();
        let killed = claim(&sandbox).killed_at(kill).go().was_killed();
        let release = sandbox.run(["release", "api"]).agent("a1");
        let _second = release.killed_at(Kill::Before(3)).go().was_killed();
        let again = claim(&sandbox).go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        assert_whole(&sandbox, kill);
        killed
    });
}

#[test]
fn a_worktree_that_was_removed_half_way_is_mended() {
    let sandbox = Sandbox::new();
    claim(&sandbox).go().succeeded();
    let worktree = sandbox.root().join("repo.streams/api");
    sandbox.write(worktree.join("src/api/lib.rs"), "edited\n");
    fs::remove_dir_all(worktree.join("docs")).unwrap();
    fs::remove_file(worktree.join(".git")).unwrap();
    assert_eq!(sandbox.run(["path", "api"]).go().status(), 5);
    let again = claim(&sandbox).go();
    assert_eq!(again.status(), 0, "{}", again.block());
    let status = sandbox.git_in(&worktree, &["status", "--porcelain"]);
    assert_eq!(status, " M src/api/lib.rs\n");
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn a_claim_whose_worktree_cannot_be_made_leaves_no_branch() {
    let sandbox = Sandbox::new();
    sandbox.run(["init", "--private"]).go().succeeded();
    fs::create_dir_all(sandbox.root().join("repo.streams")).unwrap();
    let script = "#!/bin/sh\ncase \"$*\" in *'worktree add'*) exit 128 ;; esac\nPATH=${PATH#*:} exec git \"$@\"\n";
    sandbox.script(sandbox.root().join("bin/git"), script);
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}/bin:{path}", sandbox.root().display());
    let failed = claim(&sandbox).env("PATH", path).go();
    assert_eq!(failed.status(), 5, "{}", failed.block());
    assert_eq!(sandbox.git(&["branch", "--list", "stream/*"]), "");
    let again = claim(&sandbox).go();
    assert_eq!(again.status(), 0, "{}", again.block());
}

/// The stream is held, and its worktree is what a claim makes.
fn assert_whole(sandbox: &Sandbox, kill: Kill) {
    let worktree = sandbox.root().join("repo.streams/api");
    assert_eq!(sandbox.run(["path", "api"]).go().status(), 0, "{kill:?}");
    assert_eq!(
        sandbox.git_in(&worktree, &["status", "--porcelain"]),
        "",
        "{kill:?}"
    );
    let branch = sandbox.git_in(&worktree, &["branch", "--show-current"]);
    assert_eq!(branch, "stream/api\n", "{kill:?}");
    assert_sound(sandbox, &sandbox.repo());
}
