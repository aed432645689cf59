//! A sync that stops: what is asked, of whom, how often, and how it goes on.

use std::fs;

use git_stream::git::Repo;
use git_stream::ledger::{Actor, Kind, Machine, OpId, What};
use git_stream::workspace::Workspace;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{FASTER, LIB, SLOWER, Scene, claim, commit_in};
use crate::support::Sandbox;

const APP: &str = "src/ui/app.js";

fn escalations(sandbox: &Sandbox) -> Vec<Value> {
    let inbox = sandbox.run(["inbox", "--json"]).json();
    inbox["escalations"].as_array().unwrap().clone()
}

/// Two streams, and a base that has changed what both of them change.
fn two_that_stop() -> Scene {
    let scene = Scene::new();
    let ui = claim(&scene.sandbox, "ui", "src/ui/**", "a2");
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    commit_in(&scene.sandbox, &ui, "Large", &[(APP, Some("large\n"))]);
    scene.base("Reformat", &[(LIB, Some(SLOWER)), (APP, Some("wide\n"))]);
    scene
}

#[test]
fn streams_that_the_same_commit_stops_share_a_question() {
    let scene = two_that_stop();
    let sandbox = &scene.sandbox;
    assert_eq!(scene.sync().status(), 3);
    let first = escalations(sandbox);
    assert_eq!(sandbox.run(["sync", "ui"]).agent("a2").status(), 3);
    let open = escalations(sandbox);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["id"], first[0]["id"]);
    assert_eq!(open[0]["raised"], first[0]["raised"]);
    let id = open[0]["id"].as_str().unwrap();
    assert_snapshot!(sandbox.run(["inbox", id]).block(), @"
    $ git stream inbox conflict-8a44de05
    commit $oid1 'Answer faster' of api conflicts with main in 'src/api/lib.rs'; the same stops ui

    id:      conflict-8a44de05
    kind:    conflict
    streams: api, ui
    raised:  $AGO by a1
    base:    $OID2
    paths:   src/api/lib.rs
             src/ui/app.js

    evidence:
      api: commit $oid1 'Answer faster' of api conflicts with main in 'src/api/lib.rs'
      git: CONFLICT (content): Merge conflict in src/api/lib.rs
      src/api/lib.rs is api's, held by a1
      changed on main by:
        $oid2 'Reformat' (Ada)

      src/api/lib.rs:
      pub fn answer() -> u8 {
      <<<<<<< main
          41
      =======
          43
      >>>>>>> $oid1 (Answer faster)
      }

      ui: commit $oid3 'Large' of ui conflicts with main in 'src/ui/app.js'
      git: CONFLICT (content): Merge conflict in src/ui/app.js
      src/ui/app.js is ui's, held by a2
      changed on main by:
        $oid2 'Reformat' (Ada)

      src/ui/app.js:
      <<<<<<< main
      wide
      =======
      large
      >>>>>>> $oid3 (Large)

    choices:
      1. Resolve it with `git stream resolve api`, in a worktree of its own.
      2. Rebase it by hand with `git -C $ROOT/repo.streams/api rebase main`, then `git stream sync api`.
      3. Give the stream back with `git stream release api`; its commits are kept.
      4. Resolve it with `git stream resolve ui`, in a worktree of its own.
      5. Rebase it by hand with `git -C $ROOT/repo.streams/ui rebase main`, then `git stream sync ui`.
      6. Give the stream back with `git stream release ui`; its commits are kept.
    [status 0]
    ");
    // Asked again, nothing changes.
    let ledger = scene.ledger();
    assert_eq!(scene.sync().status(), 3);
    assert_eq!(sandbox.run(["sync", "ui"]).agent("a2").status(), 3);
    assert_eq!(scene.ledger(), ledger);
    // The one that is through leaves it; the other one's is as if it had been alone.
    scene.git(&["reset", "--quiet", "--hard", "main"]);
    assert_eq!(scene.sync().status(), 0);
    let open = escalations(sandbox);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["streams"], json!(["ui"]));
    assert_eq!(open[0]["paths"], json!([APP]));
    let question = open[0]["question"].as_str().unwrap();
    assert!(question.contains("'Large' of ui"), "{question}");
    let ui = scene.api.with_file_name("ui");
    sandbox.git_in(&ui, &["reset", "--quiet", "--hard", "main"]);
    let through = sandbox.run(["sync", "ui"]).agent("a2").go();
    through.succeeded();
    assert_eq!(escalations(sandbox), Vec::<Value>::new());
}

#[test]
fn another_conflict_of_one_of_them_is_another_question() {
    let scene = two_that_stop();
    assert_eq!(scene.sync().status(), 3);
    assert_eq!(scene.sandbox.run(["sync", "ui"]).agent("a2").status(), 3);
    scene.base("Yet slower", &[(LIB, Some("40\n"))]);
    assert_eq!(scene.sync().status(), 3);
    let open = escalations(&scene.sandbox);
    let mut streams: Vec<String> = open.iter().map(|one| one["streams"].to_string()).collect();
    streams.sort();
    assert_eq!(streams, ["[\"api\"]", "[\"ui\"]"]);
}

#[test]
fn a_doubt_about_the_base_is_asked_once_for_all() {
    let scene = two_that_stop();
    let sandbox = &scene.sandbox;
    assert_eq!(scene.sync().status(), 3);
    sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    sandbox.git(&["commit", "--quiet", "--amend", "-m", "Begin again"]);
    assert_eq!(scene.sync().status(), 3);
    assert_eq!(sandbox.run(["sync", "ui"]).agent("a2").status(), 3);
    let open = escalations(sandbox);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["streams"], json!(["api", "ui"]));
    let question = open[0]["question"].as_str().unwrap();
    assert!(
        question.starts_with("the base 'main' was rewritten"),
        "{question}"
    );
}

#[test]
fn the_stream_that_landed_the_other_side_is_named_though_a_person_merged_it() {
    let sandbox = Sandbox::new();
    let old = claim(&sandbox, "old", "src/api/**", "a2");
    commit_in(&sandbox, &old, "Answer slower", &[(LIB, Some(SLOWER))]);
    sandbox.run(["release", "old"]).agent("a2").go().succeeded();
    let scene = Scene::with(sandbox);
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    let merge = ["merge", "--quiet", "--no-ff", "-m", "Merge", "stream/old"];
    scene.sandbox.git(&merge);
    let sync = scene.sandbox.run(["sync", "api", "--json"]).agent("a1");
    let ran = sync.json();
    let changed_by = &ran["escalation"]["changed_by"];
    assert_eq!(changed_by[0]["subject"], "Answer slower", "{ran}");
    assert_eq!(changed_by[0]["streams"], "old", "{ran}");
    assert_snapshot!(ran["escalation"]["owners"], @r#"[{"path":"src/api/lib.rs","stream":"api","agent":"a1","owner":null,"shared":false}]"#);
}

#[test]
fn where_one_side_has_removed_the_file_the_other_sides_change_is_shown() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Answer nothing", &[(LIB, None)]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    stopped api: commit $oid1 'Answer faster' of api conflicts with main in 'src/api/lib.rs'
    --- stderr ---
    asked as conflict-75870749; worktree, index and branch are as they were
      git: CONFLICT (modify/delete): src/api/lib.rs deleted in main and modified in $oid1 (Answer faster).  Version $oid1 (Answer faster) of src/api/lib.rs left in tree.
      src/api/lib.rs is api's, held by a1
      changed on main by:
        $oid2 'Answer nothing' (Ada)

      src/api/lib.rs:
      changed by the stream, removed by main:
      @@ -1,3 +1,3 @@
       pub fn answer() -> u8 {
      -    42
      +    43
       }
    hint: Resolve it with `git stream resolve api`, in a worktree of its own.
    hint: Rebase it by hand with `git -C $ROOT/repo.streams/api rebase main`, then `git stream sync api`.
    hint: Give the stream back with `git stream release api`; its commits are kept.
    [status 3]
    ");
}

/// The commands in a sentence, one after the other.
fn commands(sentence: &Value) -> String {
    let sentence = sentence.as_str().unwrap();
    let commands: Vec<&str> = sentence.split('`').skip(1).step_by(2).collect();
    commands.join(" && ")
}

#[test]
fn a_claim_moves_along_with_a_directory_that_was_renamed() {
    let long: String = (0..20).map(|n| format!("line {n}\n")).collect();
    let sandbox = Sandbox::new();
    let deep = long.replace('l', "L");
    let files = [("src/api/long.rs", &*long), ("src/api/deep/x.rs", &*deep)];
    sandbox.commit("Long files", &files);
    let scene = Scene::with(sandbox);
    let edited = long.replace("line 7\n", "line seven\n");
    scene.work("Edit it", &[("src/api/long.rs", Some(&edited))]);
    scene.sandbox.git(&["mv", "src/api", "src/[v2]"]);
    let commit = ["commit", "--quiet", "-m", "Rename it"];
    scene.sandbox.git(&commit);
    let stopped = scene.sync().go();
    assert_eq!(stopped.status(), 3);
    assert_snapshot!(stopped.block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    stopped api: main has renamed files that api edits; its edits would now be in 'src/[v2]/long.rs', which is not api's
    --- stderr ---
    asked as renamed-out-of-scope-0df3fcab; worktree, index and branch are as they were
      src/api/long.rs is src/[v2]/long.rs now
      src/[v2]/long.rs is nobody's
      changed on main by:
        $oid1 'Rename it' (Ada)
    hint: Move the claim along with `git stream claim api --add='src/\[v2\]/**'`, then `git stream sync api`.
    hint: Take the edits out of api with `git -C $ROOT/repo.streams/api rebase -i main`, then `git stream sync api`.
    hint: Give the stream back with `git stream release api`; its commits are kept.
    [status 3]
    "#);
    // The choice is a command that works as it is printed.
    let open = escalations(&scene.sandbox);
    let pasted = commands(&open[0]["choices"][0]);
    assert_snapshot!(scene.sandbox.program("sh", ["-c", &pasted]).block(), @r#"
    $ sh -c 'git stream claim api --add='\''src/\[v2\]/**'\'' && git stream sync api'
    $ROOT/repo.streams/api
    rebased api: 1 commit onto main $oid1
    --- stderr ---
    a1 takes api: src/api/** src/\[v2\]/**
    on branch stream/api, from main $oid2
    [status 0]
    "#);
    assert_eq!(escalations(&scene.sandbox), Vec::<Value>::new());
    let there = fs::read_to_string(scene.api.join("src/[v2]/long.rs")).unwrap();
    assert_eq!(there, edited);
    scene.assert_clean();
    // The agent goes on there, with the guard watching.
    let more = scene.api.join("src/[v2]/deep/more.rs");
    scene.sandbox.write(more, "more\n");
    scene.git(&["add", "."]);
    let commit = ["commit", "--quiet", "-m", "More"];
    let commit = scene.sandbox.program("git", commit).in_dir(&scene.api);
    commit.agent("a1").go().succeeded();
    assert_eq!(scene.sync().status(), 0);
}

#[test]
fn a_claim_does_not_move_into_what_is_somebodys() {
    let long: String = (0..20).map(|n| format!("line {n}\n")).collect();
    let sandbox = Sandbox::new();
    sandbox.commit("A long file", &[("src/api/long.rs", &long)]);
    let scene = Scene::with(sandbox);
    claim(&scene.sandbox, "ui", "src/ui/**", "a2");
    let edited = long.replace("line 7\n", "line seven\n");
    scene.work("Edit it", &[("src/api/long.rs", Some(&edited))]);
    let sandbox = &scene.sandbox;
    sandbox.git(&["mv", "src/api/long.rs", "src/ui/long.rs"]);
    sandbox.git(&["commit", "--quiet", "-m", "Move it"]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    stopped api: main has renamed files that api edits; its edits would now be in 'src/ui/long.rs', which is not api's
    --- stderr ---
    asked as renamed-out-of-scope-40800a46; worktree, index and branch are as they were
      src/api/long.rs is src/ui/long.rs now
      src/ui/long.rs is ui's, held by a2
      changed on main by:
        $oid1 'Move it' (Ada)
    hint: Let a2 make the edit of src/ui/long.rs, which is ui's now; what they do there is in `git stream status ui`.
    hint: Take the edits out of api with `git -C $ROOT/repo.streams/api rebase -i main`, then `git stream sync api`.
    hint: Give the stream back with `git stream release api`; its commits are kept.
    [status 3]
    ");
}

/// A stream that stops, with a plan whose `notify` is this command.
fn with_notify(command: &str) -> Scene {
    let sandbox = Sandbox::new();
    let plan = format!("version = 1\n[escalation]\nnotify = {command:?}\nrepeat = \"1h\"\n");
    sandbox.commit("Plan", &[("streams.toml", &plan)]);
    let scene = Scene::with(sandbox);
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Answer slower", &[(LIB, Some(SLOWER))]);
    scene
}

fn approve(scene: &Scene) {
    let approve = ["init", "--approve"];
    scene.sandbox.run(approve).go().succeeded();
}

fn told(scene: &Scene) -> Vec<Value> {
    let told = scene.sandbox.root().join("told");
    let text = fs::read_to_string(told).unwrap_or_default();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_person_is_told_once_and_again_after_a_while() {
    let scene = with_notify("cat >>../told");
    approve(&scene);
    let stopped = scene.sync().go();
    assert_eq!(stopped.status(), 3);
    assert!(!stopped.stderr().contains("told"), "{}", stopped.block());
    assert_eq!(scene.sync().status(), 3);
    let first = told(&scene);
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(first[0]["event"], "raised");
    // It says what the inbox says.
    let open = escalations(&scene.sandbox);
    for (key, value) in open[0].as_object().unwrap() {
        if key != "yours" {
            assert_eq!(first[0].get(key), Some(value), "{key}");
        }
    }
    make_older(&scene.sandbox);
    assert_eq!(scene.sync().status(), 3);
    assert_eq!(scene.sync().status(), 3);
    let again = told(&scene);
    assert_eq!(again.len(), 2, "{again:?}");
    assert_eq!(again[1]["event"], "repeated");
    assert_eq!(again[1]["id"], first[0]["id"]);
}

/// Raises every open question a day earlier.
fn make_older(sandbox: &Sandbox) {
    let repo = Repo::at(&sandbox.repo()).unwrap();
    let mut workspace = Workspace::open(&repo).unwrap();
    workspace.plan.escalation.notify = None;
    let by = Actor {
        agent: "ada".parse().unwrap(),
        kind: Kind::Person,
        session: String::new(),
        machine: Machine::of(&repo).unwrap().id,
        named: true,
        inside: None,
    };
    for mut open in workspace.state.escalations.clone().into_values() {
        let (id, why) = (open.id.clone(), String::new());
        open.raised -= jiff::SignedDuration::from_hours(24);
        for what in [What::Close { id, why }, What::Escalate(Box::new(open))] {
            let request = workspace.request(&OpId::new(), &by, what, Vec::new());
            workspace.submit(&request).unwrap().unwrap();
        }
    }
}

/// The notes of a sync that stops.
fn notes(scene: &Scene) -> String {
    let sync = scene.sandbox.run(["sync", "api", "--json"]).agent("a1");
    let stopped = sync.go();
    assert_eq!(stopped.status(), 3, "{}", stopped.block());
    stopped.json()["notes"].to_string()
}

#[test]
fn a_command_that_nobody_approved_is_not_run_and_does_not_change_the_answer() {
    let scene = with_notify("cat >>../told");
    assert_snapshot!(notes(&scene), @r#"["nobody was told of conflict-8a44de05: the plan's `notify` is not approved; a person does it with `git stream init --approve`"]"#);
    assert_eq!(told(&scene), Vec::<Value>::new());
}

#[test]
fn a_command_that_fails_is_told_in_one_line() {
    let scene = with_notify("echo no network >&2; exit 7");
    approve(&scene);
    assert_snapshot!(notes(&scene), @r#"["nobody was told of conflict-8a44de05: `echo no network >&2; exit 7` failed (exit status: 7): no network"]"#);
}

#[test]
fn a_command_that_hangs_is_ended_with_all_that_it_has_started() {
    let scene = with_notify("sleep 1000 & echo $! >../pid; wait");
    approve(&scene);
    assert_snapshot!(notes(&scene), @r#"["nobody was told of conflict-8a44de05: `sleep 1000 & echo $! >../pid; wait` took longer than 10 s and was ended"]"#);
    let id = fs::read_to_string(scene.sandbox.root().join("pid")).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    let is_gone = state.is_empty() || state.contains(") Z ");
    assert!(is_gone, "{state}");
}

#[test]
fn a_person_is_told_of_a_tainted_history_too() {
    let scene = with_notify("cat >>../told");
    approve(&scene);
    scene.work("Not mine", &[(APP, Some("mine\n"))]);
    assert_eq!(scene.sandbox.run(["verify", "api"]).status(), 1);
    let told = told(&scene);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["kind"], "tainted");
}
