//! What happens while a sync runs: commits, another sync, a base that moves.

use super::{FASTER, LIB, Scene};
use crate::support::race;

/// A git that first runs a shell's line, once, before one of its commands; its PATH.
fn before(scene: &Scene, command: &str, line: &str) -> String {
    let root = scene.sandbox.root().display();
    let script = format!(
        "#!/bin/sh\nPATH=${{PATH#*:}}\ncase \"$*\" in *'{command}'*)\n\
         if ! test -e '{root}/done'; then : >'{root}/done'; {{ {line}; }} >'{root}/said' 2>&1; fi ;;\n\
         esac\nexec git \"$@\"\n"
    );
    scene
        .sandbox
        .script(scene.sandbox.root().join("bin/git"), &script);
    let path = std::env::var("PATH").unwrap();
    format!("{root}/bin:{path}")
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    scene
}

#[test]
fn a_commit_that_is_made_meanwhile_is_not_lost() {
    // Before the intent, and before the files go: git cannot commit once the index is held.
    for command in ["update-ref", "checkout-index"] {
        let scene = scene();
        let top = scene.api.display();
        let commit = "git -c core.hooksPath=/dev/null commit --quiet --allow-empty -m Meanwhile";
        let path = before(
            &scene,
            command,
            &format!("cd '{top}' && env -u GIT_INDEX_FILE {commit}"),
        );
        let ran = scene.sync().env("PATH", path).go();
        let made = scene
            .git(&["log", "--format=%s", "main.."])
            .contains("Meanwhile");
        let expected = if made { 4 } else { 0 };
        assert_eq!(made, command == "update-ref", "{}", ran.block());
        assert_eq!(ran.status(), expected, "{command}: {}", ran.block());
        assert_eq!(scene.sync().status(), 0);
        let log = scene.git(&["log", "--format=%s", "main.."]);
        assert_eq!(log.contains("Meanwhile"), made, "{log}");
        assert!(log.contains("Answer faster"), "{log}");
        scene.assert_clean();
    }
}

#[test]
fn a_base_that_moves_meanwhile_is_for_the_next_sync() {
    let scene = scene();
    let main = scene.sandbox.repo();
    let line = format!(
        "cd '{}' && env -u GIT_INDEX_FILE -u GIT_STREAM_AGENT git commit --quiet --allow-empty -m Later",
        main.display()
    );
    let path = before(&scene, "checkout-index", &line);
    let ran = scene.sync().env("PATH", path).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    assert_eq!(scene.git(&["log", "--format=%s", "-1", "main"]), "Later\n");
    assert_eq!(
        scene.git(&["rev-list", "--count", "stream/api..main"]),
        "1\n"
    );
    assert_eq!(scene.sync().status(), 0);
    assert_eq!(
        scene.git(&["rev-list", "--count", "stream/api..main"]),
        "0\n"
    );
    scene.assert_clean();
}

#[test]
fn two_syncs_at_once_give_what_one_gives() {
    let scene = scene();
    scene
        .sandbox
        .write(scene.api.join("notes.txt"), "untracked\n");
    let calls = (0..3).map(|_| scene.sync()).collect();
    for ran in race(calls) {
        assert!([0, 4].contains(&ran.status()), "{}", ran.block());
    }
    assert_eq!(scene.sync().status(), 0);
    assert_eq!(
        scene.git(&["log", "--format=%s", "main.."]),
        "Answer faster\n"
    );
    assert_eq!(scene.git(&["status", "--porcelain"]), "?? notes.txt\n");
    crate::support::assert_sound(&scene.sandbox, &scene.api);
}
