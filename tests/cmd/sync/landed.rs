//! What came onto the base in another shape is not replayed onto itself.

use insta::assert_snapshot;
use serde_json::Value;

use super::{LIB, Scene};

/// Squashes the stream onto the base, as a forge does.
fn squash(scene: &Scene, branch: &str) {
    scene.sandbox.git(&["merge", "--quiet", "--squash", branch]);
    let commit = ["commit", "--quiet", "-m", "Answer (#7)"];
    scene
        .sandbox
        .git(&[&["-c", "core.hooksPath=/dev/null"][..], &commit].concat());
}

fn json(scene: &Scene) -> Value {
    let call = scene.sandbox.run(["sync", "api", "--json"]);
    call.agent("a1").json()
}

fn lib(lines: [&str; 3]) -> String {
    lines.concat()
}

/// Two commits on the same lines, which cannot be replayed onto their sum.
fn worked() -> Scene {
    let scene = Scene::new();
    scene.work("Begin", &[(LIB, Some(&lib(["one\n", "two\n", "three\n"])))]);
    scene.work("Go on", &[(LIB, Some(&lib(["1\n", "2\n", "three\n"])))]);
    scene
}

#[test]
fn a_stream_that_was_squashed_has_landed() {
    let scene = worked();
    squash(&scene, "stream/api");
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api has landed: main $oid1 has all of it
    --- stderr ---
    dropped $oid2 'Begin': it has landed on main as $oid1
    dropped $oid3 'Go on': it has landed on main as $oid1
    [status 0]
    ");
    scene.assert_clean();
    assert_eq!(scene.git(&["log", "--format=%s", "main.."]), "");
}

#[test]
fn it_has_although_the_base_has_edited_the_same_lines_since() {
    let scene = worked();
    squash(&scene, "stream/api");
    scene.base("Edit", &[(LIB, Some("uno\n2\nthree\n"))]);
    scene.base("Other", &[("src/ui/app.js", Some("new\n"))]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api has landed: main $oid1 has all of it
    --- stderr ---
    dropped $oid2 'Begin': it has landed on main as $oid3
    dropped $oid4 'Go on': it has landed on main as $oid3
    [status 0]
    ");
    scene.assert_clean();
}

#[test]
fn what_was_committed_since_is_replayed_from_there() {
    let scene = worked();
    squash(&scene, "stream/api");
    scene.base("Edit", &[(LIB, Some("uno\n2\nthree\n"))]);
    scene.work("After", &[(LIB, Some("1\n2\nthree\nfour\n"))]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    rebased api: 1 commit onto main $oid1
    --- stderr ---
    dropped $oid2 'Begin': it has landed on main as $oid3
    dropped $oid4 'Go on': it has landed on main as $oid3
    [status 0]
    ");
    assert_eq!(scene.git(&["log", "--format=%s", "main.."]), "After\n");
    assert_eq!(
        scene.git(&["show", "HEAD:src/api/lib.rs"]),
        "uno\n2\nthree\nfour\n"
    );
    scene.assert_clean();
}

#[test]
fn a_conflict_with_what_was_committed_since_is_about_that() {
    let scene = worked();
    squash(&scene, "stream/api");
    scene.base("Edit", &[(LIB, Some("uno\n2\nthree\n"))]);
    let after = scene.work("After", &[(LIB, Some("eins\n2\nthree\n"))]);
    let answer = json(&scene);
    assert_eq!(answer["outcome"], "stopped");
    assert_eq!(answer["escalation"]["commit"], after.as_str());
}

#[test]
fn a_landing_that_the_base_took_back_is_none() {
    let scene = worked();
    squash(&scene, "stream/api");
    scene.sandbox.git(&["revert", "--no-edit", "HEAD"]);
    assert_eq!(json(&scene)["outcome"], "rebased");
    assert_eq!(
        scene.git(&["log", "--format=%s", "main.."]),
        "Go on\nBegin\n"
    );
    scene.assert_clean();
}

#[test]
fn a_file_that_was_never_there_on_the_base_is_no_landing() {
    let scene = Scene::new();
    scene.base("Old", &[("src/api/old.rs", Some("old\n"))]);
    scene.sync().go().succeeded();
    scene.work("Remove", &[("src/api/old.rs", None)]);
    scene.base("Edit", &[("src/api/old.rs", Some("edited\n"))]);
    assert_eq!(json(&scene)["outcome"], "stopped");
}

#[test]
fn a_stream_that_has_merged_its_base_is_found_as_well() {
    let scene = worked();
    scene.base("Other", &[("src/ui/app.js", Some("new\n"))]);
    scene.git(&["merge", "--quiet", "--no-edit", "main"]);
    squash(&scene, "stream/api");
    scene.base("Edit", &[(LIB, Some("uno\n2\nthree\n"))]);
    assert_eq!(json(&scene)["outcome"], "landed");
    scene.assert_clean();
}
