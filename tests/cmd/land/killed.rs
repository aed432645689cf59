//! What is left when a landing dies at one of its git processes?

use super::{FAST, Scene};
use crate::support::{Kill, assert_sound, for_every_git_call};

/// After the next landing the base has the work once, whatever had died.
fn lands_once(scene: &Scene, kill: Kill) -> bool {
    let killed = scene.land().killed_at(kill).go().was_killed();
    let again = scene.land().go();
    assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
    let log = scene.log("%s");
    assert_eq!(log.matches("Answer faster").count(), 1, "{kill:?}: {log}");
    assert_eq!(
        scene.sandbox.git(&["status", "--porcelain"]),
        "",
        "{kill:?}"
    );
    let record = scene.ledger("streams/api.toml");
    assert!(record.contains("state = \"landed\""), "{kill:?}: {record}");
    assert!(!record.contains("[claim"), "{kill:?}: {record}");
    assert!(
        scene
            .ledger("archive/api/1.toml")
            .contains("src/api/lib.rs"),
        "{kill:?}"
    );
    let left = scene.sandbox.repo().join(".git/git-stream/landing");
    let left = std::fs::read_dir(left).map_or(0, Iterator::count);
    assert_eq!(left, 0, "{kill:?}");
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
    killed
}

#[test]
fn a_landing_that_dies_is_finished_or_undone_by_the_next_one() {
    let calls = for_every_git_call(|kill| {
        let scene = Scene::new("[land]\ncheck = 'true'");
        scene.work("Answer faster", "src/api/lib.rs", FAST);
        scene.base("Another title", "src/ui/app.js", "newer\n");
        lands_once(&scene, kill)
    });
    assert!(calls > 5, "{calls}");
}

#[test]
fn a_landing_onto_a_checked_out_base_that_dies_is_finished_or_undone() {
    for_every_git_call(|kill| {
        let scene = Scene::checked_out("");
        scene.work("Answer faster", "src/api/lib.rs", FAST);
        lands_once(&scene, kill)
    });
}
