//! What a person has resolved is resolved in the same way when it comes again, for that stream.

use insta::assert_snapshot;
use serde_json::Value;

use super::{FASTER, LIB, SLOWER, Scene, claim, commit_in};
use crate::support::{Sandbox, for_every_git_call};

const LONG: &str = "src/api/long.rs";

fn with(edits: &[(usize, &str)]) -> String {
    let mut lines: Vec<String> = (1..=20).map(|n| format!("line {n}")).collect();
    for (at, text) in edits {
        (*text).clone_into(&mut lines[at - 1]);
    }
    lines.join("\n") + "\n"
}

/// A stream whose conflict with the base a person has resolved, and its commit of before.
struct Resolved {
    scene: Scene,
    before: String,
}

fn resolved(path: &str, [first, mine, base, both]: [&str; 4]) -> Resolved {
    let sandbox = Sandbox::new();
    sandbox.commit("First", &[(path, first)]);
    let scene = Scene::with(sandbox);
    let before = scene.work("Mine", &[(path, Some(mine))]);
    scene.base("The base's", &[(path, Some(base))]);
    assert_eq!(scene.sync().status(), 3);
    finish(&scene, path, both);
    Resolved { scene, before }
}

fn finish(scene: &Scene, path: &str, both: &str) {
    scene.sandbox.run(["resolve", "api"]).go().succeeded();
    let top = scene.api.with_file_name("api.resolve");
    scene.sandbox.write(top.join(path), both);
    scene.sandbox.git_in(&top, &["add", path]);
    scene.sandbox.git_in(&top, &["rebase", "--continue"]);
    let done = ["resolve", "api", "--done"];
    scene.sandbox.run(done).go().succeeded();
}

impl Resolved {
    fn lib() -> Resolved {
        let first = "pub fn answer() -> u8 {\n    42\n}\n";
        resolved(
            LIB,
            [
                first,
                FASTER,
                SLOWER,
                "pub fn answer() -> u8 {\n    4143\n}\n",
            ],
        )
    }

    fn long(both: &str) -> Resolved {
        let (mine, base) = (with(&[(10, "mine")]), with(&[(10, "the base's")]));
        resolved(LONG, [&with(&[]), &mine, &base, both])
    }

    /// The stream is where it was, as if nobody had resolved anything.
    fn rewind(&self) {
        let reset = ["reset", "--quiet", "--hard", &self.before];
        self.scene.git(&reset);
    }
}

#[test]
fn the_same_conflict_is_resolved_as_the_person_did_it() {
    let resolved = Resolved::lib();
    let scene = &resolved.scene;
    resolved.rewind();
    scene.base("Elsewhere", &[("src/ui/app.js", Some("new\n"))]);
    assert_snapshot!(scene.sandbox.run(["sync", "api", "-n"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api -n
    would rebase api: 1 commit onto main $oid1
    --- stderr ---
    $oid2 'Mine' conflicts in 'src/api/lib.rs': resolved as a person has done it before
    nothing was changed (--dry-run)
    [status 0]
    ");
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    rebased api: 1 commit onto main $oid1
    --- stderr ---
    $oid2 'Mine' conflicts in 'src/api/lib.rs': resolved as a person has done it before
    [status 0]
    ");
    assert_eq!(
        scene.git(&["show", &format!("HEAD:{LIB}")]),
        "pub fn answer() -> u8 {\n    4143\n}\n"
    );
    scene.assert_clean();
    let inbox = scene.sandbox.run(["inbox", "--json"]).json();
    assert_eq!(inbox["escalations"], Value::Array(Vec::new()));
    // The user's own memory was neither made nor asked.
    assert!(!scene.sandbox.repo().join(".git/rr-cache").exists());
}

#[test]
fn a_program_hears_of_it() {
    let resolved = Resolved::lib();
    resolved.rewind();
    let sync = resolved.scene.sandbox.run(["sync", "api", "--json"]);
    let answer = sync.agent("a1").json();
    assert_eq!(answer["outcome"], "rebased");
    let remembered = &answer["remembered"][0];
    assert_eq!(remembered["commit"], resolved.before.as_str(), "{answer}");
    assert_eq!(remembered["paths"], serde_json::json!([LIB]));
}

#[test]
fn it_is_the_same_conflict_where_the_file_has_changed_elsewhere() {
    let resolved = Resolved::long(&with(&[(10, "both")]));
    let scene = &resolved.scene;
    resolved.rewind();
    let base = with(&[(1, "new"), (10, "the base's"), (18, "later")]);
    scene.base("Elsewhere", &[(LONG, Some(&base))]);
    let ran = scene.sync().go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    let text = scene.git(&["show", &format!("HEAD:{LONG}")]);
    assert_eq!(text, with(&[(1, "new"), (10, "both"), (18, "later")]));
    scene.assert_clean();
}

#[test]
fn another_conflict_is_a_question() {
    let resolved = Resolved::long(&with(&[(10, "both")]));
    let scene = &resolved.scene;
    resolved.rewind();
    scene.base(
        "Another line",
        &[(LONG, Some(&with(&[(10, "the base's new")])))],
    );
    assert_eq!(scene.sync().status(), 3);
}

#[test]
fn another_stream_does_not_profit() {
    let resolved = Resolved::long(&with(&[(10, "both")]));
    let scene = &resolved.scene;
    let path = "src/ui/long.rs";
    scene.base("First", &[(path, Some(&with(&[])))]);
    let ui = claim(&scene.sandbox, "ui", "src/ui/**", "a2");
    let mine = with(&[(10, "mine")]);
    commit_in(&scene.sandbox, &ui, "Mine", &[(path, Some(&mine))]);
    scene.base("The base's", &[(path, Some(&with(&[(10, "the base's")])))]);
    assert_eq!(scene.sandbox.run(["sync", "ui"]).agent("a2").status(), 3);
}

#[test]
fn what_has_marks_left_is_not_used() {
    let left = "<<<<<<< main\na\n=======\nb\n>>>>>>> mine\n";
    let resolved = Resolved::long(&with(&[(10, left)]));
    resolved.rewind();
    assert_eq!(resolved.scene.sync().status(), 3);
}

#[test]
fn a_file_that_one_side_has_removed_is_remembered_too() {
    let scene = Scene::new();
    let before = scene.work("Mine", &[(LIB, Some(FASTER))]);
    scene.base("Removed", &[(LIB, None)]);
    assert_eq!(scene.sync().status(), 3);
    scene.sandbox.run(["resolve", "api"]).go().succeeded();
    let top = scene.api.with_file_name("api.resolve");
    scene.sandbox.git_in(&top, &["add", LIB]);
    scene.sandbox.git_in(&top, &["rebase", "--continue"]);
    let done = ["resolve", "api", "--done"];
    scene.sandbox.run(done).go().succeeded();
    scene.git(&["reset", "--quiet", "--hard", &before]);
    scene.base("Elsewhere", &[("src/ui/app.js", Some("new\n"))]);
    assert_eq!(scene.sync().status(), 0);
    assert_eq!(scene.git(&["show", &format!("HEAD:{LIB}")]), FASTER);
}

#[test]
fn what_is_forgotten_is_a_question_again() {
    let resolved = Resolved::lib();
    resolved.rewind();
    let forget = ["update-ref", "-d", "refs/stream/remembered/api"];
    resolved.scene.sandbox.git(&forget);
    assert_eq!(resolved.scene.sync().status(), 3);
}

#[test]
fn a_resolution_begins_behind_what_is_remembered() {
    let resolved = Resolved::lib();
    let scene = &resolved.scene;
    resolved.rewind();
    let why = "src/api/why.md";
    scene.work("Say why", &[(why, Some("because\n"))]);
    scene.base("Say it first", &[(why, Some("therefore\n"))]);
    assert_eq!(scene.sync().status(), 3);
    assert_snapshot!(scene.sandbox.run(["resolve", "api"]).block(), @"
    $ git stream resolve api
    $ROOT/repo.streams/api.resolve
    --- stderr ---
    $oid1 'Mine' conflicts in 'src/api/lib.rs': resolved as a person has done it before
    commit $oid2 'Say why' of api conflicts with main in 'src/api/why.md'
      src/api/why.md
    edit these, `git add` them, `git rebase --continue`; then `git stream resolve api --done`
    [status 0]
    ");
    let top = scene.api.with_file_name("api.resolve");
    let log = ["log", "--format=%s", "main.."];
    assert_eq!(scene.sandbox.git_in(&top, &log), "Mine\n");
    scene.sandbox.write(top.join(why), "because of that\n");
    scene.sandbox.git_in(&top, &["add", why]);
    scene.sandbox.git_in(&top, &["rebase", "--continue"]);
    let done = ["resolve", "api", "--done"];
    scene.sandbox.run(done).go().succeeded();
    let shown = |path: &str| scene.git(&["show", &format!("HEAD:{path}")]);
    assert_eq!(shown(LIB), "pub fn answer() -> u8 {\n    4143\n}\n");
    assert_eq!(shown(why), "because of that\n");
    scene.assert_clean();
}

#[test]
fn a_resolution_that_begins_behind_what_is_remembered_survives_being_killed() {
    let calls = for_every_git_call(|kill| {
        let resolved = Resolved::lib();
        let scene = &resolved.scene;
        resolved.rewind();
        let why = "src/api/why.md";
        scene.work("Say why", &[(why, Some("because\n"))]);
        scene.base("Say it first", &[(why, Some("therefore\n"))]);
        assert_eq!(scene.sync().status(), 3);
        let ran = scene.sandbox.run(["resolve", "api"]).killed_at(kill).go();
        let was_killed = ran.was_killed();
        scene.sandbox.run(["resolve", "api"]).go().succeeded();
        let top = scene.api.with_file_name("api.resolve");
        let git = |args: &[&str]| {
            let call = scene.sandbox.program("git", args);
            call.in_dir(&top).env("GIT_EDITOR", "true").go()
        };
        // However far it had come: what a person does about a rebase that is stopped.
        for _ in 0..2 {
            if scene
                .sandbox
                .git_in(&top, &["status", "--porcelain"])
                .contains("UU src/api/lib")
            {
                scene
                    .sandbox
                    .write(top.join(LIB), "pub fn answer() -> u8 {\n    4143\n}\n");
            }
            if top.join(why).exists() {
                scene.sandbox.write(top.join(why), "because of that\n");
            }
            git(&["add", "-A"]).succeeded();
            drop(git(&["rebase", "--continue"]));
        }
        let done = ["resolve", "api", "--done"];
        scene.sandbox.run(done).go().succeeded();
        let lib = scene.git(&["show", &format!("HEAD:{LIB}")]);
        assert_eq!(lib, "pub fn answer() -> u8 {\n    4143\n}\n", "{kill:?}");
        scene.assert_clean();
        was_killed
    });
    assert!(calls >= 8, "{calls}");
}
