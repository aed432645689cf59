//! Is the ledger of one repository the same after it was shortened?

use std::fs;

use insta::assert_snapshot;

use super::Scene;
use crate::support::assert_sound;

const LEDGER: &str = "refs/stream/ledger";

fn compact(scene: &Scene) {
    scene.doctor(&["--compact"]).go().succeeded();
}

#[test]
fn the_chain_begins_anew_and_what_it_was_is_kept() {
    let scene = Scene::new();
    let git = |words: &[&str]| scene.sandbox.git(words);
    let old = git(&["rev-parse", LEDGER]);
    assert_snapshot!(scene.doctor(&["--compact"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream doctor --compact
    --- stderr ---
    error: only a person may shorten the ledger
    hint: Nothing was changed. Ask a person; what waits for them is in `git stream inbox`.
    [status 1]
    ");
    let json = scene.doctor(&["--compact", "--dry-run", "--json"]).json();
    assert_eq!(json["entries"], 3);
    assert_eq!(git(&["rev-parse", LEDGER]), old);
    assert_snapshot!(scene.doctor(&["--compact"]).block(), @"
    $ git stream doctor --compact
    kept 3 events of the ledger as refs/stream/history/$OID1
    the chain begins anew at $oid2
    [status 0]
    ");
    let kept = git(&["rev-parse", &format!("refs/stream/history/{}", old.trim())]);
    assert_eq!(kept, old);
    assert_eq!(git(&["rev-list", "--count", LEDGER]).trim(), "1");
    assert_eq!(git(&["diff-tree", LEDGER, old.trim()]), "");
    assert_snapshot!(scene.doctor(&["--compact"]).block(), @"
    $ git stream doctor --compact
    nothing to shorten: the ledger's chain has one entry
    [status 0]
    ");
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
    scene.is_well();
}

#[test]
fn log_and_undo_go_on_behind_the_seam() {
    let scene = Scene::new();
    let release = ["release", "api"];
    scene.sandbox.run(release).agent("a1").go().succeeded();
    compact(&scene);
    let log = scene.sandbox.run(["log", "--verbose"]).go().stdout();
    for what in ["release: ", "compact: ", "takes src/api/**", "set up"] {
        assert!(log.contains(what), "{what}: {log}");
    }
    scene.sandbox.run(["undo"]).agent("a1").go().succeeded();
    let held = scene.sandbox.run(["status", "--json"]).json();
    assert_eq!(held["overall"]["held"], 1);
}

/// Of two chains that no ref leads to, the one that goes on behind the seam is the longer one.
#[test]
fn a_shortened_ledger_is_found_again_after_a_power_cut() {
    let scene = Scene::new();
    let file = scene.sandbox.repo().join(".git").join(LEDGER);
    if !file.exists() {
        return;
    }
    let git = |words: &[&str]| scene.sandbox.git(words);
    let old = git(&["rev-parse", LEDGER]);
    compact(&scene);
    for name in ["ui", "docs"] {
        let files = format!("{name}/**");
        let claim = ["claim", name, "--files", &files];
        scene.sandbox.run(claim).agent("a2").go().succeeded();
    }
    let tree = format!("{}^{{tree}}", old.trim());
    git(&["commit-tree", &tree, "-p", old.trim(), "-m", "Lost a race"]);
    let newest = git(&["rev-parse", LEDGER]);
    fs::write(&file, "").unwrap();
    let mended = scene.doctor(&["--repair", "--json"]).go();
    assert_eq!(mended.status(), 0, "{}", mended.block());
    assert_eq!(git(&["rev-parse", LEDGER]), newest);
}
