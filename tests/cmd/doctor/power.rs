//! What does `git stream doctor` make of what a power cut leaves: files without content?

use std::fs;
use std::path::PathBuf;

use super::Scene;

/// Whether refs are files here.
fn has_ref_files(scene: &Scene) -> bool {
    scene
        .sandbox
        .repo()
        .join(".git/refs/stream/ledger")
        .exists()
}

fn ref_file(scene: &Scene, name: &str) -> PathBuf {
    scene.sandbox.repo().join(".git").join(name)
}

#[test]
fn an_empty_branch_is_written_anew_from_its_reflog() {
    let scene = Scene::new();
    if !has_ref_files(&scene) {
        return;
    }
    let tip = scene.tip();
    fs::write(ref_file(&scene, "refs/heads/stream/api"), "").unwrap();
    let found = scene.found(&[]);
    assert!(found.contains(&"ref-unreadable".to_owned()), "{found:?}");
    let found = scene.found(&["--repair"]);
    assert_eq!(found, ["ref-unreadable, mended"]);
    assert_eq!(scene.tip(), tip);
    scene.is_well();
}

#[test]
fn an_empty_ledger_is_found_among_the_commits_that_nothing_leads_to() {
    let scene = Scene::new();
    if !has_ref_files(&scene) {
        return;
    }
    let ledger = scene.sandbox.git(&["rev-parse", "refs/stream/ledger"]);
    for cut in ["", "6a6c642fc20b5d7b43ce2c29d07"] {
        fs::write(ref_file(&scene, "refs/stream/ledger"), cut).unwrap();
        let broken = scene.doctor(&["--json"]).go();
        assert_eq!(broken.status(), 5, "{}", broken.block());
        let mended = scene.doctor(&["--repair", "--json"]).go();
        assert_eq!(mended.status(), 0, "{}", mended.block());
        assert_eq!(super::found(&mended.json()), ["ref-unreadable, mended"]);
        assert_eq!(
            scene.sandbox.git(&["rev-parse", "refs/stream/ledger"]),
            ledger
        );
        scene.is_well();
    }
}

#[test]
fn a_ref_that_nothing_remembers_is_named_and_left() {
    let scene = Scene::new();
    if !has_ref_files(&scene) {
        return;
    }
    let file = ref_file(&scene, "refs/tags/v1");
    scene.sandbox.git(&["tag", "v1"]);
    fs::write(&file, "").unwrap();
    let left = scene.doctor(&["--repair", "--json"]).go();
    assert_eq!(left.status(), 1, "{}", left.block());
    assert_eq!(super::found(&left.json()), ["ref-unreadable"]);
    assert!(file.exists());
}

#[test]
fn an_empty_object_makes_way_for_another_copy_of_it() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    let blob = sandbox.git(&["rev-parse", "stream/api:src/api/new.rs"]);
    let blob = blob.trim();
    sandbox.git(&["repack", "--quiet", "-a"]);
    let objects = sandbox.repo().join(".git/objects");
    let file = objects.join(&blob[..2]).join(&blob[2..]);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    drop(fs::remove_file(&file));
    fs::write(&file, "").unwrap();
    // What is just being written is nobody's business.
    let being_written = file.with_file_name("tmp_obj_a1B2c3");
    fs::write(&being_written, "").unwrap();
    assert_eq!(scene.found(&[]), ["empty-object"]);
    assert_eq!(scene.found(&["--repair"]), ["empty-object, mended"]);
    assert_eq!(sandbox.git(&["cat-file", "blob", blob]), "// new\n");
    scene.is_well();
}

#[test]
fn an_index_that_was_cut_off_is_made_from_head_and_no_file_changes() {
    let scene = Scene::new();
    scene
        .sandbox
        .write(scene.worktree.join("src/api/new.rs"), "// edited\n");
    let index = scene.sandbox.repo().join(".git/worktrees/api/index");
    let whole = fs::read(&index).unwrap();
    for cut in [0, 7, whole.len() / 2] {
        fs::write(&index, &whole[..cut]).unwrap();
        let found = scene.found(&[]);
        assert!(
            found.contains(&"index-unreadable".to_owned()),
            "{cut}: {found:?}"
        );
        let found = scene.found(&["--repair"]);
        assert!(
            found.contains(&"index-unreadable, mended".to_owned()),
            "{cut}: {found:?}"
        );
        let status = scene
            .sandbox
            .git_in(&scene.worktree, &["status", "--porcelain"]);
        assert_eq!(status, " M src/api/new.rs\n", "{cut}");
        scene.is_well();
    }
}
