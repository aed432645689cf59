//! `git stream undo NAME --to REV`.

use insta::assert_snapshot;

use super::Scene;

fn rolls(scene: &Scene, revision: &str) -> crate::support::Call {
    scene.run(&["undo", "api", "--to", revision])
}

#[test]
fn a_stream_goes_back_to_an_earlier_commit_and_what_it_had_is_kept() {
    let scene = Scene::new();
    let one = scene.work("one");
    let two = scene.work("two");
    let three = scene.work("three");
    scene.write("docs/guide.md", "uncommitted\n");
    let before = scene.everything();
    assert_snapshot!(scene.run(&["undo", "api", "--to", "stream/api~2", "-n"]).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo api --to stream/api~2 -n
    --- stderr ---
    a1 would roll api back to $oid1: leaves 2 commits behind
    [status 0]
    ");
    scene.assert_as(&before);
    assert_snapshot!(rolls(&scene, "stream/api~2").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo api --to stream/api~2
    --- stderr ---
    a1 rolls api back to $oid1: leaves 2 commits behind
    kept as refs/stream/kept/api/$KEPT-1
    hint: Take that back, too, with `git stream undo`.
    [status 0]
    ");
    assert_eq!(scene.tip(), one);
    assert_eq!(scene.git(&["status", "--porcelain"]), " M docs/guide.md\n");
    let kept = [
        "for-each-ref",
        "--format=%(objectname)",
        "refs/stream/kept/api",
    ];
    assert_eq!(scene.sandbox.git(&kept).trim(), three);
    scene.undo().go().succeeded();
    scene.assert_as(&before);
    // Forwards again, to what it has been at.
    rolls(&scene, &one).go().succeeded();
    rolls(&scene, &two).go().succeeded();
    assert_eq!(scene.tip(), two);
    assert_snapshot!(rolls(&scene, &two).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo api --to $OID2
    --- stderr ---
    api is at $oid2 already
    [status 0]
    ");
}

#[test]
fn also_behind_a_sync_and_to_nothing_of_its_own() {
    let scene = Scene::new();
    let start = scene.tip();
    let old = scene.work("one");
    scene.base();
    scene.run(&["sync", "api"]).go().succeeded();
    rolls(&scene, &old).go().succeeded();
    assert_eq!(scene.tip(), old);
    let status = scene.run(&["status", "api", "--json"]).json();
    let stream = &status["streams"][0];
    assert_eq!(
        (&stream["ahead"], &stream["behind"]),
        (&1.into(), &1.into()),
        "{status}"
    );
    rolls(&scene, &start).go().succeeded();
    assert_eq!(scene.tip(), start);
    scene.run(&["sync", "api"]).go().succeeded();
}

#[test]
fn only_to_what_has_been_its_own() {
    let scene = Scene::new();
    scene.work("one");
    scene.sandbox.git(&["checkout", "--quiet", "-b", "other"]);
    scene
        .sandbox
        .commit("Other", &[("src/api/other", "other\n")]);
    scene.sandbox.git(&["checkout", "--quiet", "main"]);
    let before = scene.everything();
    assert_snapshot!(rolls(&scene, "other").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo api --to other
    --- stderr ---
    error: 'api' has never been at $OID1
    hint: Nothing was changed. See where it has been with `git log -g stream/api` and `git stream log --kept api`.
    [status 1]
    ");
    assert_snapshot!(rolls(&scene, "nowhere").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo api --to nowhere
    --- stderr ---
    error: 'nowhere' names no commit
    hint: Nothing was changed. Name a commit, as `git rev-parse REVISION` takes it.
    [status 2]
    ");
    assert_eq!(rolls(&scene, "main~1").status(), 1);
    scene.write("src/api/lib.rs", "mine\n");
    assert_snapshot!(rolls(&scene, "stream/api~1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo api --to stream/api~1
    --- stderr ---
    error: 'api' cannot be moved: uncommitted changes are where files would be rewritten: 'src/api/lib.rs'
    hint: Nothing was changed. Commit these files; `git -C $ROOT/repo.streams/api status` shows them.
    [status 1]
    ");
    scene.git(&["checkout", "--quiet", "src/api/lib.rs"]);
    scene.assert_as(&before);
    let by_another = scene.sandbox.run(["undo", "api", "--to", "stream/api~1"]);
    assert_eq!(by_another.agent("a2").status(), 1);
}
