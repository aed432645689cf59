//! An undo that is killed: nothing is lost, and the next undo, or any other command, goes on.

use std::fs;

use super::Scene;
use crate::support::{Kill, assert_sound, for_every_git_call};

/// Kills an undo at each of its calls of git; then the same command again finishes it.
fn killed(prepare: impl Fn(&Scene), check: impl Fn(&Scene, Kill)) {
    let calls = for_every_git_call(|kill| {
        let scene = Scene::new();
        prepare(&scene);
        let op = scene.last_op();
        let undo = || scene.run(&["undo", "--op", &op]);
        let was_killed = undo().killed_at(kill).go().was_killed();
        let is_over = scene.undone(&op);
        let again = if is_over { scene.claim() } else { undo() };
        let again = again.go();
        assert!(
            [0, 1, 4].contains(&again.status()),
            "{kill:?}: {}",
            again.block()
        );
        check(&scene, kill);
        assert_sound(&scene.sandbox, &scene.sandbox.repo());
        was_killed
    });
    assert!(calls >= 2, "{calls}");
}

impl Scene {
    /// Whether the ledger says that an operation was taken back.
    fn undone(&self, op: &str) -> bool {
        let log = self.sandbox.git(&["log", "refs/stream/ledger"]);
        log.contains(&format!("Undoes: {op}"))
    }
}

#[test]
fn a_sync_that_is_taken_back() {
    let old = std::cell::RefCell::new(String::new());
    killed(
        |scene| {
            old.replace(scene.work("one"));
            scene.base();
            scene.write("docs/guide.md", "uncommitted\n");
            scene.run(&["sync", "api"]).go().succeeded();
        },
        |scene, kill| {
            assert_eq!(scene.tip(), *old.borrow(), "{kill:?}");
            let status = scene.git(&["status", "--porcelain"]);
            assert_eq!(status, " M docs/guide.md\n", "{kill:?}");
            assert!(!scene.record().contains("intent"), "{kill:?}");
            scene.run(&["sync", "api"]).go().succeeded();
        },
    );
}

#[test]
fn a_release_that_is_taken_back() {
    let tip = std::cell::RefCell::new(String::new());
    killed(
        |scene| {
            tip.replace(scene.work("one"));
            scene.write("one.log", "1\n");
            scene.run(&["release", "api"]).go().succeeded();
        },
        |scene, kill| {
            assert_eq!(scene.tip(), *tip.borrow(), "{kill:?}");
            assert_eq!(scene.git(&["status", "--porcelain"]), "", "{kill:?}");
            assert_eq!(scene.run(&["path", "api"]).status(), 0, "{kill:?}");
            let trash = scene.sandbox.repo().join(".git/git-stream/trash");
            let in_trash = fs::read_dir(trash).into_iter().flatten().flatten();
            let mut found: Vec<_> = in_trash.map(|one| one.path().join("worktree")).collect();
            found.push(scene.api.clone());
            let is_there = |path: &std::path::PathBuf| path.join("one.log").exists();
            assert!(found.iter().any(is_there), "{kill:?}");
        },
    );
}

#[test]
fn a_claim_that_is_taken_back() {
    for_every_git_call(|kill| {
        let scene = Scene::new();
        scene.write("one.log", "1\n");
        let op = scene.last_op();
        let undo = || scene.run(&["undo", "--op", &op]);
        let was_killed = undo().killed_at(kill).go().was_killed();
        if !scene.undone(&op) {
            let again = undo().go();
            assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        }
        assert!(!scene.api.exists(), "{kill:?}");
        assert_eq!(scene.sandbox.git(&["branch", "--list", "stream/*"]), "");
        // Whatever the trash holds comes back with the claim.
        scene.undo().go().succeeded();
        let log = fs::read_to_string(scene.api.join("one.log"));
        assert_eq!(log.unwrap(), "1\n", "{kill:?}");
        assert_sound(&scene.sandbox, &scene.sandbox.repo());
        was_killed
    });
}
