//! How does `git stream status` behave?

mod forecast;

use std::collections::BTreeSet;
use std::fs;

use git_stream::git::Repo;
use git_stream::ledger::{Actor, Escalation, Kind, Ledger, Machine, OpId, Request, Rules, What};
use git_stream::plan::Plan;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Fingerprint, Kill, Sandbox};

const PLAN: &str = r#"
version = 1
[streams.api]
description = "REST API"
files = ["src/api/**"]
[streams.ui]
files = ["src/ui/**"]
dependencies = ["api"]
[streams.docs]
files = ["docs/**"]
conflicts = ["api"]
[streams.tools]
files = ["tools/**"]
[milestones.beta]
streams = ["api", "ui"]
"#;

/// A repository that is set up, with the plan on its base.
pub(super) fn planned() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit("Plan", &[("streams.toml", PLAN)]);
    let ran = sandbox.run(["init"]).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    sandbox
}

/// Takes a stream and answers its worktree.
fn claim(sandbox: &Sandbox, agent: &str, args: &[&str]) -> String {
    let ran = sandbox.run([&["claim"], args].concat()).agent(agent).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    ran.stdout().trim_end().to_owned()
}

fn stream<'a>(picture: &'a Value, name: &str) -> &'a Value {
    let streams = picture["streams"].as_array().unwrap();
    streams.iter().find(|one| one["name"] == name).unwrap()
}

fn needs(picture: &Value) -> Vec<&str> {
    let needs = picture["needs"].as_array().unwrap();
    needs
        .iter()
        .map(|need| need["kind"].as_str().unwrap())
        .collect()
}

/// Raises a question as `sync` would.
pub(super) fn escalate(sandbox: &Sandbox, id: &str, streams: &[&str]) {
    let repo = Repo::at(&sandbox.repo()).unwrap();
    let agent: git_stream::name::AgentName = "a1".parse().unwrap();
    let escalation = Escalation {
        id: id.to_owned(),
        kind: "conflict".to_owned(),
        streams: streams.iter().map(|name| name.parse().unwrap()).collect(),
        agent: agent.clone(),
        owner: None,
        raised: "2026-01-02T03:04:05Z".parse().unwrap(),
        question: "both sides changed 'src/api/lib.rs'".to_owned(),
        cause: id.to_owned(),
        commit: None,
        base: None,
        paths: vec!["src/api/lib.rs".to_owned()],
        evidence: "-    42\n+    43\n".to_owned(),
        choices: vec!["Ask its author: `git log -1 main -- src/api/lib.rs`.".to_owned()],
        origin: String::new(),
        notified: None,
        parts: std::collections::BTreeMap::new(),
        extra: toml::Table::new(),
    };
    let request = Request {
        op: OpId::new(),
        at: "2026-01-02T03:04:05Z".parse().unwrap(),
        by: Actor {
            agent,
            kind: Kind::Agent,
            session: String::new(),
            machine: Machine::of(&repo).unwrap().id,
            named: true,
            inside: None,
        },
        what: What::Escalate(Box::new(escalation)),
        trusted: None,
        recorded: None,
        moves: Vec::new(),
        moved: Vec::new(),
        publish: Vec::new(),
        published: Vec::new(),
    };
    let plan = Plan::empty();
    let rules = Rules {
        plan: &plan,
        dead: &|_| false,
        compare: None,
    };
    Ledger::of(&repo).submit(&request, &rules).unwrap().unwrap();
}

#[test]
fn one_table_shows_every_stream() {
    let sandbox = planned();
    assert_snapshot!(sandbox.run(["status"]).block(), @r"
    $ git stream status
    stream  state      note
    api     unclaimed  ready
    docs    unclaimed  ready
    tools   unclaimed  ready
    ui      unclaimed  after api

    0 of 4 streams landed, 3 ready, 1 waiting, milestone beta 0/2; base main at $oid1
    [status 0]
    ");
    let worktree = claim(&sandbox, "a1", &["api"]);
    let inside = |path: &str| format!("{worktree}/{path}");
    sandbox.write(inside("src/api/new.rs"), "");
    sandbox.git_in(worktree.as_ref(), &["add", "."]);
    sandbox.git_in(worktree.as_ref(), &["commit", "-qm", "Add a file"]);
    sandbox.write(inside("src/api/lib.rs"), "changed");
    sandbox.write(inside("src/api/notes/1"), "");
    sandbox.commit("Move on", &[("other", "")]);
    claim(&sandbox, "a2", &["extra", "--files", "tools/x", "lib/**"]);
    assert_snapshot!(sandbox.run(["status"]).block(), @r"
    $ git stream status
    stream  state        agent  ahead  behind  dirty  note
    api     in-progress  a1         1       1      2
    docs    unclaimed                                 not beside api
    extra   in-progress  a2
    tools   unclaimed                                 overlaps extra at 'tools/x'
    ui      unclaimed                                 after api

    0 of 5 streams landed, 2 held, 3 waiting, milestone beta 0/2; base main at $oid2
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["status", "api"]).block(), @r"
    $ git stream status api
    stream:       api
    description:  REST API
    state:        in-progress
    held by:      a1, $AGO, in slot 0
    files:        src/api/**
    branch:       stream/api
    distance:     1 commit ahead of main, 1 behind
    worktree:     $ROOT/repo.streams/api
    epoch:        1, round 1

    commits:
      $oid3 Add a file

    uncommitted:
      .M src/api/lib.rs
      ?? src/api/notes/
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["status", "--markdown"]).block(), @r"
    $ git stream status --markdown
    | stream | state | agent | ahead | behind | dirty | note |
    |---|---|---|--:|--:|--:|---|
    | api | in-progress | a1 | 1 | 1 | 2 |  |
    | docs | unclaimed |  |  |  |  | not beside api |
    | extra | in-progress | a2 |  |  |  |  |
    | tools | unclaimed |  |  |  |  | overlaps extra at 'tools/x' |
    | ui | unclaimed |  |  |  |  | after api |

    0 of 5 streams landed, 2 held, 3 waiting, milestone beta 0/2; base main at $oid2
    [status 0]
    ");
    let here = sandbox.run(["status"]).go().stdout();
    let there = sandbox.run(["status"]).in_dir(&worktree).go().stdout();
    assert_eq!(here, there);
}

#[test]
fn before_init_there_is_one_clear_sentence() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(["status"]).block(), @r"
    $ git stream status
    --- stderr ---
    error: git stream is not set up in this repository
    hint: Set it up with `git stream init`.
    [status 5]
    ");
    let json = sandbox.run(["status", "--json"]).go();
    assert_eq!(json.status(), 5);
    assert_eq!(json.json()["error"]["kind"], "broken");
    assert!(!sandbox.repo().join(".git/git-stream/machine").exists());
}

#[test]
fn without_a_stream_it_says_how_to_begin() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(["init"]).status(), 0);
    assert_snapshot!(sandbox.run(["status"]).block(), @r"
    $ git stream status
    no streams; base main at $oid1
    --- stderr ---
    hint: Take the first one with `git stream claim NAME --files PATTERN`, or write a plan.
    [status 0]
    ");
}

#[test]
fn the_json_has_the_fields_of_the_contract() {
    let sandbox = planned();
    let worktree = claim(&sandbox, "a1", &["api"]);
    escalate(&sandbox, "1f3a", &["api"]);
    let picture = sandbox.run(["status", "--json"]).json();
    let fields: BTreeSet<&str> = picture
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for field in [
        "version",
        "base",
        "streams",
        "locks",
        "asks",
        "escalations",
        "milestones",
        "overall",
    ] {
        assert!(fields.contains(field), "{field}");
    }
    assert_eq!(picture["base"]["branch"], "main");
    assert_eq!(picture["locks"], json!([]));
    assert_eq!(picture["asks"], json!([]));
    assert_eq!(picture["overall"]["percent"], 0);
    let api = stream(&picture, "api");
    let expected = json!({
        "name": "api", "state": "blocked", "agent": "a1", "branch": "stream/api",
        "worktree": worktree, "ahead": 0, "behind": 0, "dirty": 0, "percent": null, "epoch": 1,
        "dependencies": [],
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&api[field], value, "{field}");
    }
    assert_eq!(stream(&picture, "ui")["dependencies"], json!(["api"]));
    assert_eq!(picture["escalations"][0]["id"], "1f3a");
    assert_eq!(picture["milestones"][0]["reached"], false);
}

#[test]
fn nothing_is_changed_not_even_an_index() {
    let sandbox = planned();
    let worktree = claim(&sandbox, "a1", &["api"]);
    sandbox.write(format!("{worktree}/src/api/lib.rs"), "changed");
    let stale = format!("{worktree}/docs/guide.md");
    // The same content with another time: any other `git status` would refresh the index.
    let text = fs::read(&stale).unwrap();
    sandbox.write(&stale, text);
    let look =
        || [sandbox.repo(), worktree.clone().into()].map(|top| Fingerprint::of(&sandbox, &top));
    let before = look();
    for args in [
        &["status"][..],
        &["status", "api"],
        &["status", "--json"],
        &["inbox"],
    ] {
        assert_eq!(sandbox.run(args).status(), 0);
    }
    for (before, now) in before.iter().zip(&look()) {
        before.assert_same(now);
    }
}

#[test]
fn one_process_for_all_branches_and_one_for_each_worktree() {
    let sandbox = planned();
    let calls = |args: &[&str]| {
        // The version is asked once for each git on PATH, and the counting shim is a new one.
        assert_eq!(sandbox.run(args).counting().status(), 0);
        let mut calls = sandbox.run(args).counting().go().git_calls();
        calls.retain(|call| call != "version");
        calls
    };
    assert_eq!(calls(&["status"]), [""; 0]);
    claim(&sandbox, "a1", &["api"]);
    claim(&sandbox, "a2", &["tools"]);
    claim(&sandbox, "a3", &["lib", "--files", "lib/**"]);
    assert_snapshot!(calls(&["status"]).join("\n"), @r"
    --git-dir $ROOT/repo/.git for-each-ref --format=%(refname) %(ahead-behind:$OID1) refs/heads/stream/
    --no-optional-locks status --porcelain=v2 -z --no-renames --untracked-files=normal
    --no-optional-locks status --porcelain=v2 -z --no-renames --untracked-files=normal
    --no-optional-locks status --porcelain=v2 -z --no-renames --untracked-files=normal
    ");
    assert_snapshot!(calls(&["status", "api"]).join("\n"), @r"
    --git-dir $ROOT/repo/.git for-each-ref --format=%(refname) %(ahead-behind:$OID1) refs/heads/stream/
    --no-optional-locks status --porcelain=v2 -z --no-renames --untracked-files=normal
    ");
}

#[test]
fn an_older_git_gives_the_same_picture() {
    let sandbox = planned();
    let worktree = claim(&sandbox, "a1", &["api"]);
    claim(&sandbox, "a2", &["tools"]);
    sandbox.git_in(
        worktree.as_ref(),
        &["commit", "-q", "--allow-empty", "-m", "One"],
    );
    sandbox.commit("Two", &[]);
    sandbox.commit("Three", &[]);
    let expected = sandbox.run(["status", "--json"]).json();
    let path = std::env::var("PATH").unwrap();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = version ]; then echo git version 2.39.0; exit; fi\n\
         case \"$*\" in *ahead-behind*) exit 129 ;; esac\nPATH='{path}' exec git \"$@\"\n"
    );
    sandbox.script("../old/git", &script);
    let old = format!("{}:{path}", sandbox.root().join("old").display());
    assert_eq!(
        sandbox.run(["status", "--json"]).env("PATH", old).json(),
        expected
    );
    let api = stream(&expected, "api");
    assert_eq!((&api["ahead"], &api["behind"]), (&json!(1), &json!(2)));
}

#[test]
fn what_needs_somebody_comes_with_its_command() {
    let sandbox = planned();
    claim(&sandbox, "a1", &["api"]);
    let tools = claim(&sandbox, "a2", &["tools"]);
    let docs = claim(&sandbox, "a3", &["notes", "--files", "notes/**"]);
    escalate(&sandbox, "1f3a", &["api", "notes"]);
    fs::remove_dir_all(&tools).unwrap();
    sandbox.git_in(docs.as_ref(), &["checkout", "-q", "--detach"]);
    sandbox.commit(
        "Replan",
        &[("streams.toml", &PLAN.replace("src/api/**", "src/**/api/**"))],
    );
    assert_snapshot!(sandbox.run(["status"]).block(), @r"
    $ git stream status
    stream  state        agent  behind  dirty  note
    api     blocked      a1          1
    docs    unclaimed                          not beside api
    notes   blocked      a3          1
    tools   in-progress  a2          1  ?
    ui      unclaimed                          after api

    needs somebody
      api, notes: both sides changed 'src/api/lib.rs'
        git stream inbox 1f3a
      api owns what the plan said when it was claimed, and the plan has changed
        git stream status api
      the worktree of notes is not on its branch stream/notes
        git -C $ROOT/repo.streams/notes switch stream/notes
      the worktree of tools is gone: '$ROOT/repo.streams/tools'
        git stream release tools

    0 of 5 streams landed, 3 held, 2 waiting, milestone beta 0/2; base main at $oid1
    [status 0]
    ");
    let picture = sandbox.run(["status", "--json"]).json();
    let expected = ["question", "drift", "off-branch", "worktree-gone"];
    assert_eq!(needs(&picture), expected);
    let one = sandbox.run(["status", "api", "--json"]).json();
    assert_eq!(needs(&one), ["question", "drift"]);
    assert_eq!(one["escalations"].as_array().unwrap().len(), 1);
    let detail = sandbox.run(["status", "api"]).go().stdout();
    assert!(
        detail.contains("\nplan says:    src/**/api/**\n"),
        "{detail}"
    );
}

#[test]
fn work_that_was_left_is_named_until_it_has_landed() {
    let sandbox = planned();
    let worktree = claim(&sandbox, "a1", &["api"]);
    sandbox.git_in(
        worktree.as_ref(),
        &["commit", "-q", "--allow-empty", "-m", "One"],
    );
    assert_eq!(sandbox.run(["release", "api"]).agent("a1").status(), 0);
    let picture = sandbox.run(["status", "--json"]).json();
    assert_eq!(needs(&picture), ["kept-work"]);
    assert_eq!(picture["needs"][0]["command"], "git stream claim api");
    assert_eq!(stream(&picture, "api")["ready"], true);
    sandbox.git(&["merge", "-q", "--ff-only", "stream/api"]);
    let picture = sandbox.run(["status", "--json"]).json();
    assert_eq!(needs(&picture), [""; 0]);
}

#[test]
fn a_claim_that_died_is_named() {
    let mut seen = 0;
    for at in 1..20 {
        let sandbox = planned();
        let ran = sandbox
            .run(["claim", "api"])
            .agent("a1")
            .killed_at(Kill::Before(at))
            .go();
        if !ran.was_killed() {
            break;
        }
        let picture = sandbox.run(["status", "--json"]).json();
        let api = stream(&picture, "api");
        if api["operation"].is_null() {
            continue;
        }
        seen += 1;
        assert_eq!(api["operation"]["died"], true, "{api}");
        assert_eq!(needs(&picture), ["operation-died"]);
        assert_eq!(picture["needs"][0]["command"], "git stream claim api");
    }
    assert!(seen > 0);
}

#[test]
fn a_base_that_was_rewritten_is_a_question() {
    let sandbox = planned();
    claim(&sandbox, "a1", &["api"]);
    let was = sandbox.git(&["rev-parse", "main"]);
    sandbox.git(&["commit", "-q", "--amend", "-m", "Another"]);
    let picture = sandbox.run(["status", "--json"]).json();
    assert_eq!(picture["base"]["commit"], was.trim());
    assert_eq!(picture["base"]["doubt"]["cause"], "rewritten");
    assert_eq!(needs(&picture), ["base"]);
    let command = picture["needs"][0]["command"].as_str().unwrap();
    assert_eq!(command, "git stream init --base main --accept");
    let words: Vec<&str> = command.split(' ').skip(2).collect();
    assert_eq!(sandbox.run(words).status(), 0);
    assert_eq!(needs(&sandbox.run(["status", "--json"]).json()), [""; 0]);
}

#[test]
fn what_the_base_changed_of_a_held_stream_is_told_until_it_is_synced() {
    let sandbox = planned();
    let api = claim(&sandbox, "a1", &["api"]);
    claim(&sandbox, "a2", &["tools"]);
    sandbox.commit("Fix", &[("src/api/lib.rs", "x\n"), ("README.md", "x\n")]);
    sandbox.commit("Again", &[("src/api/new.rs", "x\n")]);
    let told = sandbox.run(["status"]).go().stdout();
    let told = told.split("needs somebody\n").nth(1).unwrap();
    let again = sandbox.git(&["rev-parse", "--short=12", "main"]);
    let expected = format!(
        "  'main' has changed 'src/api/lib.rs' and 1 other file, which api holds, \
         last in {} (Again) by Ada\n    git stream sync api\n",
        again.trim()
    );
    assert!(told.starts_with(&expected), "{told}");
    let picture = sandbox.run(["status", "--json"]).json();
    assert_eq!(needs(&picture), ["trespass"]);
    assert_eq!(picture["needs"][0]["stream"], "api");
    assert_eq!(
        needs(&sandbox.run(["status", "tools", "--json"]).json()),
        [""; 0]
    );
    sandbox.run(["sync"]).in_dir(&api).go().succeeded();
    assert_eq!(needs(&sandbox.run(["status", "--json"]).json()), [""; 0]);
    // Its own work on the base, squashed by a person, is no trespass.
    sandbox.write(format!("{api}/src/api/lib.rs"), "mine\n");
    sandbox.git_in(api.as_ref(), &["commit", "-qam", "Mine"]);
    sandbox.git(&["merge", "-q", "--squash", "stream/api"]);
    sandbox.git(&["commit", "-qm", "Squashed"]);
    assert_eq!(needs(&sandbox.run(["status", "--json"]).json()), [""; 0]);
}

#[test]
fn a_stream_that_nobody_knows_gets_the_nearest_as_a_hint() {
    let sandbox = planned();
    assert_snapshot!(sandbox.run(["status", "tool"]).block(), @r"
    $ git stream status tool
    --- stderr ---
    error: there is no stream 'tool', neither in the plan nor in the ledger
    hint: Did you mean `git stream status tools`?
    [status 1]
    ");
    assert_snapshot!(sandbox.run(["status", "something"]).block(), @r"
    $ git stream status something
    --- stderr ---
    error: there is no stream 'something', neither in the plan nor in the ledger
    hint: See every stream with `git stream status`.
    [status 1]
    ");
    assert_eq!(sandbox.run(["status", "../x"]).status(), 2);
}

#[test]
fn what_has_ended_outside_the_plan_is_left_out() {
    let sandbox = planned();
    claim(&sandbox, "a1", &["old", "--files", "old/**"]);
    assert_eq!(sandbox.run(["release", "old"]).agent("a1").status(), 0);
    let short = sandbox.run(["status"]).go();
    assert!(!short.stdout().contains("\nold "), "{}", short.block());
    assert!(short.stderr().contains("--verbose"), "{}", short.block());
    let long = sandbox.run(["status", "-v"]).go().stdout();
    assert!(long.contains("\nold "), "{long}");
}
