//! Does a valid plan mean what it says?

use jiff::SignedDuration;

use super::super::{
    After, CommandKind, LEDGER, OnFailure, Plan, Resolver, Strategy, Through, Widen, parse,
};
use super::{EXAMPLE, plan};
use crate::name::StreamName;
use crate::pattern::PatternSet;

fn texts(set: &PatternSet) -> Vec<&str> {
    set.texts().collect()
}

fn example() -> Plan {
    plan(EXAMPLE)
}

#[test]
fn a_plan_that_says_nothing_is_all_defaults() {
    let plan = plan("version = 1");
    assert_eq!(plan, Plan::empty());
    assert_eq!((plan.base.as_str(), plan.base_given), ("main", false));
    assert_eq!((plan.remote, plan.ledger.as_str()), (None, LEDGER));
    assert_eq!(plan.claim.lease, SignedDuration::from_hours(24));
    assert_eq!(plan.claim.widen, Widen::Free);
    assert_eq!(plan.worktrees.path, "../{repo}.streams/{stream}");
    assert!(plan.worktrees.copy.is_empty());
    assert_eq!((plan.worktrees.setup, plan.worktrees.sparse), (None, false));
    assert!(plan.shared.files.is_empty() && plan.shared.create.is_empty());
    assert!(plan.derived.files.is_empty() && plan.derived.command.is_none());
    assert_eq!(plan.sync.every, SignedDuration::from_mins(30));
    assert_eq!(plan.sync.resolver, Resolver::Person);
    assert_eq!(plan.land.through, Through::Push);
    assert_eq!(
        plan.land.open,
        "gh pr create --head {branch} --base {base} --fill"
    );
    assert_eq!(plan.land.check, None);
    assert_eq!(plan.land.timeout, SignedDuration::from_mins(30));
    assert_eq!(plan.land.strategy, Strategy::Rebase);
    assert_eq!((plan.land.auto, plan.land.after), (true, After::Landed));
    assert_eq!(plan.land.keep, SignedDuration::from_hours(720));
    assert_eq!(plan.escalation.notify, None);
    assert_eq!(plan.escalation.repeat, SignedDuration::from_hours(4));
    assert!(!plan.policy.symlinks_out && !plan.policy.gitlinks);
    assert!(plan.agents.is_empty() && plan.streams.is_empty() && plan.milestones.is_empty());
}

#[test]
fn the_example_says_what_it_says() {
    let plan = example();
    assert_eq!((plan.base.as_str(), plan.base_given), ("main", true));
    assert_eq!(plan.remote.as_deref(), Some("origin"));
    assert_eq!(texts(&plan.worktrees.copy), [".env"]);
    assert_eq!(plan.worktrees.setup.as_deref(), Some("npm ci"));
    assert_eq!(texts(&plan.shared.files), ["package.json"]);
    assert_eq!(texts(&plan.shared.create), ["tests/fixtures/**"]);
    assert_eq!(texts(&plan.derived.files), ["package-lock.json"]);
    assert_eq!(
        plan.derived.command.as_deref(),
        Some("npm install --package-lock-only")
    );
    assert_eq!(plan.land.check.as_deref(), Some("cargo test"));

    let agent = &plan.agents[&"claude".parse().unwrap()];
    assert_eq!(agent.command, ["claude", "-p", "{prompt}"]);
    assert_eq!((agent.jobs, agent.retries), (4, 1));
    assert_eq!(agent.timeout, SignedDuration::from_hours(2));
    assert_eq!(agent.idle, SignedDuration::from_mins(15));

    let api = &plan.streams[&"api".parse().unwrap()];
    assert_eq!(api.description.as_deref(), Some("REST API"));
    assert_eq!(api.owner.as_deref(), Some("@maria"));
    assert_eq!(
        texts(&api.files),
        ["src/api/**", "tests/api/**", "!src/api/generated/**"]
    );
    assert_eq!(api.agent.as_ref().unwrap().as_str(), "claude");
    assert_eq!(api.dependencies, ["schema".parse().unwrap()]);
    assert_eq!(api.conflicts, ["ui".parse().unwrap()]);
    assert_eq!(api.work.as_deref(), Some("What is to be done, in words."));
    assert_eq!(api.on_failure, OnFailure::Isolate);
    let header = EXAMPLE
        .lines()
        .position(|line| line == "[streams.api]")
        .unwrap();
    assert_eq!(api.line, header + 1);

    let beta = &plan.milestones["beta"];
    assert_eq!(
        beta.streams,
        ["api".parse().unwrap(), "ui".parse().unwrap()]
    );
}

#[test]
fn every_setting_can_be_other_than_its_default() {
    let plan = plan(
        r#"
        version = 1
        base = "release/2.x"
        remote = "team/fork"
        ledger = "refs/heads/stream-ledger"
        claim = { lease = "1h 30m", widen = "person" }
        worktrees = { path = ".streams/{stream}", sparse = true }
        sync = { every = "90 s", resolver = "holder" }
        land = { through = "pr", open = "open {branch}", timeout = "1 hour", strategy = "squash", auto = false, after = "in-review", keep = "2w" }
        escalation.repeat = "1d"
        policy = { symlinks-out = true, gitlinks = true }
        [agents.codex]
        command = ["codex"]
        jobs = 0x10
        timeout = "3h"
        idle = "1m"
        retries = 0
        [streams]
        a = { files = ["a/"], on-failure = "stop" }
        b = { files = ["b/"], on-failure = "block" }
        "#,
    );
    assert_eq!(plan.base, "release/2.x");
    assert_eq!(plan.remote.as_deref(), Some("team/fork"));
    assert_eq!(plan.ledger, "refs/heads/stream-ledger");
    assert_eq!(plan.claim.lease, SignedDuration::from_mins(90));
    assert_eq!(plan.claim.widen, Widen::Person);
    assert_eq!(
        (plan.worktrees.path.as_str(), plan.worktrees.sparse),
        (".streams/{stream}", true)
    );
    assert_eq!(plan.sync.every, SignedDuration::from_secs(90));
    assert_eq!(plan.sync.resolver, Resolver::Holder);
    assert_eq!(
        (plan.land.through, plan.land.open.as_str()),
        (Through::Pr, "open {branch}")
    );
    assert_eq!(plan.land.timeout, SignedDuration::from_hours(1));
    assert_eq!(
        (plan.land.strategy, plan.land.auto),
        (Strategy::Squash, false)
    );
    assert_eq!(plan.land.after, After::InReview);
    assert_eq!(plan.land.keep, SignedDuration::from_hours(14 * 24));
    assert_eq!(plan.escalation.repeat, SignedDuration::from_hours(24));
    assert!(plan.policy.symlinks_out && plan.policy.gitlinks);
    let agent = &plan.agents[&"codex".parse().unwrap()];
    assert_eq!((agent.jobs, agent.retries), (16, 0));
    assert_eq!(
        plan.streams[&"a".parse().unwrap()].on_failure,
        OnFailure::Stop
    );
    assert_eq!(
        plan.streams[&"b".parse().unwrap()].on_failure,
        OnFailure::Block
    );
}

#[test]
fn keys_that_begin_with_x_are_the_users_own_at_every_level() {
    let text = r#"
        version = 1
        x-team = { anything = 1 }
        [land]
        x-note = "why"
        [agents.claude]
        command = ["claude"]
        x-model = "best"
        [streams]
        x-note = "not a stream"
        [streams.x-ray]
        files = ["ray/"]
        x-points = 3
        [milestones.one]
        streams = ["x-ray"]
        x-date = 2030-01-01
    "#;
    let plan = plan(text);
    let names: Vec<&str> = plan.streams.keys().map(StreamName::as_str).collect();
    assert_eq!(names, ["x-ray"]);
}

#[test]
fn a_reference_counts_once_however_often_it_is_written() {
    let plan = plan(
        "version = 1\nstreams.a.files = ['a/']\nstreams.b.files = ['b/']\n\
         streams.b.dependencies = ['a', 'a']\n",
    );
    assert_eq!(plan.streams[&"b".parse().unwrap()].dependencies.len(), 1);
}

#[test]
fn an_exclude_or_a_shared_file_keeps_two_streams_apart() {
    plan(
        "version = 1\n[shared]\nfiles = ['src/api/lib.rs']\n\
         [streams.a]\nfiles = ['src/**', '!src/api/']\n\
         [streams.b]\nfiles = ['src/api/']\n\
         [streams.c]\nfiles = ['src/api/lib.rs', 'docs/']\n",
    );
}

#[test]
fn the_order_of_milestones_and_unknown_agents_is_nobodys_business() {
    let plan = plan(
        "version = 1\n[streams.a]\nfiles = ['a']\nagent = 'somebody'\n[agents.claude]\n\
         command = ['claude']\n",
    );
    assert_eq!(
        plan.streams[&"a".parse().unwrap()].agent,
        "somebody".parse().ok()
    );
}

#[test]
fn commands_are_what_the_plan_can_run() {
    let list = |plan: &Plan| -> Vec<String> {
        plan.commands()
            .iter()
            .map(|command| format!("{}: {}", command.kind, command.text))
            .collect()
    };
    assert_eq!(list(&Plan::empty()), [""; 0]);
    assert_eq!(
        list(&example()),
        [
            "setup: npm ci",
            "derived: npm install --package-lock-only",
            "check: cargo test",
            "notify: notify-send git",
            r#"agent claude: ["claude","-p","{prompt}"]"#,
        ]
    );
    let through_pull_requests = plan("version = 1\nland.through = 'pr'");
    assert_eq!(through_pull_requests.commands()[0].kind, CommandKind::Open);
}

#[test]
fn the_digest_is_the_documented_one() {
    assert_eq!(Plan::empty().digest(), None);
    // printf 'git-stream commands 1\n5:check,10:cargo test,' | sha256sum
    let check = plan("version = 1\nland.check = 'cargo test'").digest();
    insta::assert_snapshot!(check.unwrap(), @"c02f1094b723df2c407653751096a0b499e83e347023e611d73529253c00d530");
}

#[test]
fn the_digest_changes_with_every_command_and_with_nothing_else() {
    let digest = |text: &str| plan(&format!("version = 1\n{text}")).digest();
    let check = digest("land.check = 'x'");
    assert_eq!(
        check,
        digest("land.check = 'x'\nbase = 'other'\nland.open = 'never run'")
    );
    let others = [
        digest("land.check = 'y'"),
        digest("worktrees.setup = 'x'"),
        digest("escalation.notify = 'x'"),
        digest("derived = { command = 'x', files = ['x'] }"),
        digest("land = { open = 'x', through = 'pr' }"),
        digest("agents.a.command = ['x']"),
        digest("agents.b.command = ['x']"),
        digest("agents.a.command = ['x y']"),
        digest("agents.a.command = ['x', 'y']"),
    ];
    for (at, other) in others.iter().enumerate() {
        assert!(other.is_some() && *other != check);
        assert!(!others[..at].contains(other), "{at}");
    }
}

#[test]
fn a_conflict_holds_in_both_directions() {
    let plan = example();
    let (api, ui) = ("api".parse().unwrap(), "ui".parse().unwrap());
    assert!(plan.conflicts_of(&api).contains(&ui));
    assert!(plan.conflicts_of(&ui).contains(&api));
    assert!(plan.conflicts_of(&"schema".parse().unwrap()).is_empty());
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_are_fine() {
    let windows = "\u{feff}version = 1\r\n[streams.a]\r\nfiles = ['a']\r\n";
    assert_eq!(plan(windows).streams.len(), 1);
    let wrong = parse(b"version = 1\r\n\r\nbose = 'x'\r\n");
    assert_eq!(wrong.problems[0].line, Some(3));
}
