//! A sync that is killed: nothing is lost, and the same command again finishes.

use std::fs;

use insta::assert_snapshot;

use super::{FASTER, LIB, SLOWER, Scene, picks_in_memory};
use crate::support::{Fingerprint, Kill, for_every_change, for_every_git_call};

/// A stream with one commit, uncommitted work beside it, and a base that writes, removes and adds.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base(
        "Change everything else",
        &[
            ("src/ui/app.js", Some("export const title = \"new\";\n")),
            ("docs/guide.md", None),
            ("docs/guide/one.md", Some("one\n")),
            ("docs/guide/two.md", Some("two\n")),
            ("README.md", Some("# A small project\n\nIt has grown.\n")),
        ],
    );
    scene
        .sandbox
        .write(scene.api.join("package.json"), "{ \"mine\": true }\n");
    scene
        .sandbox
        .write(scene.api.join("src/api/new.rs"), "staged\n");
    scene.git(&["add", "src/api/new.rs"]);
    scene
        .sandbox
        .write(scene.api.join("notes.txt"), "untracked\n");
    scene
}

#[track_caller]
fn assert_finished(scene: &Scene) {
    let again = scene.sync().go();
    assert_eq!(again.status(), 0, "{}", again.block());
    let subjects = scene.git(&["log", "--format=%s", "main~1.."]);
    assert_eq!(subjects, "Answer faster\nChange everything else\n");
    let status = " M package.json\nA  src/api/new.rs\n?? notes.txt\n";
    assert_eq!(scene.git(&["status", "--porcelain"]), status);
    let read = |path: &str| fs::read_to_string(scene.api.join(path)).unwrap();
    assert_eq!(read("package.json"), "{ \"mine\": true }\n");
    assert_eq!(read("src/api/new.rs"), "staged\n");
    assert_eq!(read("notes.txt"), "untracked\n");
    assert_eq!(read(LIB), FASTER);
    crate::support::assert_sound(&scene.sandbox, &scene.api);
    let record = scene
        .sandbox
        .git(&["show", "refs/stream/ledger:streams/api.toml"]);
    assert!(!record.contains("[claim.intent]"), "{record}");
    let left = fs::read_dir(scene.sandbox.repo().join(".git/git-stream/operations")).unwrap();
    assert!(left.count() <= 1, "operations are left");
    assert!(
        !scene
            .sandbox
            .repo()
            .join(".git/worktrees/api/git-stream-index")
            .exists()
    );
}

#[test]
fn a_move_that_is_killed_at_any_call_of_git_is_finished_by_the_next_run() {
    let calls = for_every_git_call(|kill| {
        let scene = scene();
        let old = scene.head();
        let ran = scene.sync().killed_at(kill).go();
        let was_killed = ran.was_killed();
        // The commits of before are on the branch, or in its reflog behind the new ones.
        let reflog = scene.git(&["log", "-g", "--format=%H", "stream/api"]);
        assert!(reflog.contains(&old), "{kill:?}: {reflog}");
        assert_finished(&scene);
        was_killed
    });
    assert!(calls >= 4, "{calls}");
}

#[test]
fn a_move_that_is_killed_at_any_change_of_a_file_is_finished_by_the_next_run() {
    let changes = for_every_change(|number| {
        let scene = scene();
        let old = scene.head();
        let ran = scene.sync().killed_at_change(number).go();
        let was_killed = ran.was_killed();
        assert!(was_killed || ran.status() == 0, "{number}: {}", ran.block());
        let reflog = scene.git(&["log", "-g", "--format=%H", "stream/api"]);
        assert!(reflog.contains(&old), "{number}: {reflog}");
        assert_finished(&scene);
        was_killed
    });
    assert!(changes == 0 || changes >= 10, "{changes}");
}

#[test]
fn the_long_way_is_finished_as_well() {
    for_every_git_call(|kill| {
        let scene = scene();
        the_long_way(&scene);
        let was_killed = scene.sync().killed_at(kill).go().was_killed();
        assert_finished(&scene);
        was_killed
    });
}

#[test]
fn a_stop_that_is_killed_is_asked_by_the_next_run() {
    for_every_git_call(|kill| {
        let scene = Scene::new();
        scene.work("Answer faster", &[(LIB, Some(FASTER))]);
        scene.base("Answer slower", &[(LIB, Some(SLOWER))]);
        let ran = scene.sync().killed_at(kill).go();
        assert_eq!(scene.sync().status(), 3, "{kill:?}");
        scene.assert_clean();
        ran.was_killed()
    });
}

/// Killed with the index held and no file written yet.
fn held() -> Scene {
    let scene = scene();
    let calls = {
        let other = self::scene();
        other.sync().counting().go().git_calls()
    };
    let at = calls
        .iter()
        .position(|call| call.starts_with("checkout-index"))
        .unwrap();
    let ran = scene.sync().killed_at(Kill::Before(at + 1)).go();
    assert!(ran.was_killed(), "{}", ran.block());
    assert!(
        scene
            .sandbox
            .repo()
            .join(".git/worktrees/api/index.lock")
            .exists()
    );
    scene
}

#[test]
fn files_that_were_half_way_are_brought_to_the_end() {
    let scene = held();
    // What one that dies leaves, as far as git has written in place: some files new, some gone,
    // one cut off.
    scene.sandbox.write(
        scene.api.join("src/ui/app.js"),
        "export const title = \"new\";\n",
    );
    fs::remove_file(scene.api.join("docs/guide.md")).unwrap();
    scene
        .sandbox
        .write(scene.api.join("docs/guide/one.md"), "one\n");
    scene
        .sandbox
        .write(scene.api.join("docs/guide/two.md"), "tw");
    fs::remove_file(scene.api.join("README.md")).unwrap();
    assert_finished(&scene);
}

#[test]
fn meanwhile_nobody_can_commit_half_of_it() {
    let scene = held();
    let commit = [
        "-c",
        "core.hooksPath=/dev/null",
        "commit",
        "--allow-empty",
        "-m",
        "x",
    ];
    let ran = scene.sandbox.program("git", commit).in_dir(&scene.api).go();
    assert_eq!(ran.status(), 128, "{}", ran.block());
    assert_finished(&scene);
}

#[test]
fn a_file_that_somebody_has_written_since_is_not_overwritten() {
    let scene = held();
    scene
        .sandbox
        .write(scene.api.join("README.md"), "precious\n");
    let ran = scene.sync().go();
    assert_snapshot!(ran.block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    --- stderr ---
    error: an earlier sync of 'api' was cut off, and since then somebody has written to 'README.md'
    hint: Nothing was overwritten. Move these files out of '$ROOT/repo.streams/api', then finish with `git stream sync api`.
    [status 1]
    ");
    let readme = || fs::read_to_string(scene.api.join("README.md")).unwrap();
    assert_eq!(readme(), "precious\n");
    // The same again, and nothing is lost by it.
    assert_eq!(scene.sync().status(), 1);
    assert_eq!(readme(), "precious\n");
    fs::rename(
        scene.api.join("README.md"),
        scene.sandbox.root().join("saved"),
    )
    .unwrap();
    assert_finished(&scene);
}

#[test]
fn a_git_that_holds_the_index_is_waited_for() {
    let scene = scene();
    let lock = scene.sandbox.repo().join(".git/worktrees/api/index.lock");
    fs::write(&lock, "").unwrap();
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    --- stderr ---
    error: another git command is working in '$ROOT/repo.streams/api'
    hint: Nothing was changed. Run the same command again when that one has ended.
    [status 4]
    ");
    assert!(lock.exists());
    fs::remove_file(lock).unwrap();
    assert_finished(&scene);
}

/// A filter of the user's that fails for what the base has now, and perhaps for what it had.
fn failing(scene: &Scene, pattern: &str) {
    let attributes = scene.sandbox.repo().join(".git/info/attributes");
    scene
        .sandbox
        .write(attributes, "src/ui/app.js filter=picky\n");
    let smudge = format!("x=$(cat); case $x in *{pattern}*) exit 1;; esac; printf '%s\\n' \"$x\"");
    scene
        .sandbox
        .git(&["config", "filter.picky.smudge", &smudge]);
    scene.sandbox.git(&["config", "filter.picky.clean", "cat"]);
    scene
        .sandbox
        .git(&["config", "filter.picky.required", "true"]);
}

/// What has every file written in its place, and all of them looked at.
fn the_long_way(scene: &Scene) {
    let unused = ["config", "filter.unused.process", "false"];
    scene.sandbox.git(&unused);
}

#[test]
fn a_write_that_fails_has_touched_nothing() {
    let scene = scene();
    // A scratch worktree would run into the filter first, before anything has begun.
    if !picks_in_memory(&scene.sandbox) {
        return;
    }
    failing(&scene, "title");
    let before = Fingerprint::of(&scene.sandbox, &scene.api).without_ledger();
    assert_snapshot!(scene.sync().block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    --- stderr ---
    error: `git checkout-index --all --quiet --prefix=$ROOT/repo/.git/worktrees/api/git-stream-files/` failed with exit status 128
    git: error: external filter 'x=$(cat); case $x in *title*) exit 1;; esac; printf '%s\n' "$x"' failed 1
    git: error: external filter 'x=$(cat); case $x in *title*) exit 1;; esac; printf '%s\n' "$x"' failed
    git: fatal: src/ui/app.js: smudge filter picky failed
    [status 5]
    "#);
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api).without_ledger());
    scene.sandbox.git(&["config", "filter.picky.smudge", "cat"]);
    assert_finished(&scene);
}

#[test]
fn a_write_that_fails_in_the_middle_is_put_back() {
    let scene = scene();
    the_long_way(&scene);
    // A scratch worktree would run into the filter first, before anything has begun.
    if !picks_in_memory(&scene.sandbox) {
        return;
    }
    failing(&scene, "new");
    let before = Fingerprint::of(&scene.sandbox, &scene.api).without_ledger();
    assert_snapshot!(scene.sync().block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    --- stderr ---
    error: `git read-tree -m -u $OID1 $OID2` failed with exit status 128
    git: error: external filter 'x=$(cat); case $x in *new*) exit 1;; esac; printf '%s\n' "$x"' failed 1
    git: error: external filter 'x=$(cat); case $x in *new*) exit 1;; esac; printf '%s\n' "$x"' failed
    git: fatal: src/ui/app.js: smudge filter picky failed
    [status 5]
    "#);
    let after = Fingerprint::of(&scene.sandbox, &scene.api).without_ledger();
    // The index remembers newer times of the files that were written back.
    before
        .without("admin index")
        .assert_same(&after.without("admin index"));
    scene
        .sandbox
        .git(&["config", "--unset", "filter.picky.required"]);
    scene.sandbox.git(&["config", "filter.picky.smudge", "cat"]);
    assert_finished(&scene);
}

#[test]
fn what_can_go_neither_forward_nor_back_goes_on_when_it_can() {
    let scene = scene();
    the_long_way(&scene);
    // A scratch worktree would run into the filter first, before anything has begun.
    if !picks_in_memory(&scene.sandbox) {
        return;
    }
    failing(&scene, "title");
    assert_snapshot!(scene.sync().block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    --- stderr ---
    error: the move of 'api' failed in the middle, and could not be taken back
    caused by: `git read-tree -m -u $OID1 $OID2` failed with exit status 128
    git: error: external filter 'x=$(cat); case $x in *title*) exit 1;; esac; printf '%s\n' "$x"' failed 1
    git: error: external filter 'x=$(cat); case $x in *title*) exit 1;; esac; printf '%s\n' "$x"' failed
    git: fatal: src/ui/app.js: smudge filter picky failed
    hint: The branch is where it was, and nothing is lost. Mend what failed in '$ROOT/repo.streams/api'; then `git stream sync api` goes on where it stopped.
    [status 5]
    "#);
    assert_eq!(scene.sync().status(), 5);
    scene.sandbox.git(&["config", "filter.picky.smudge", "cat"]);
    assert_finished(&scene);
}
