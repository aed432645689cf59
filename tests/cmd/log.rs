//! How does `git stream log` behave?

use insta::assert_snapshot;

use crate::support::Sandbox;

/// What a1 and a person have done, an hour apart each.
fn story() -> Sandbox {
    let sandbox = Sandbox::new();
    let at = |hour: usize| format!("2026-01-02T{hour:02}:04:05Z");
    let run = |hour: usize, words: &[&str], agent: Option<&str>| {
        let call = sandbox.run(words).env("GIT_COMMITTER_DATE", at(hour));
        let call = match agent {
            Some(agent) => call.agent(agent),
            None => call,
        };
        call.go().succeeded();
    };
    sandbox.git(&["config", "stream.agent", "maria"]);
    run(3, &["init", "--private"], None);
    run(4, &["claim", "api", "--files", "src/api/**"], Some("a1"));
    run(
        5,
        &["claim", "ui", "--files", "src/ui/**"],
        Some("agent-two"),
    );
    run(6, &["release", "api"], None);
    sandbox
}

#[test]
fn the_newest_decisions_come_first_in_columns_that_read_well() {
    let sandbox = story();
    assert_snapshot!(sandbox.run(["log"]).block(), @"
    $ git stream log
    $OP  2026-01-02 06:04  maria      api  release: gives it back; nothing was left
    $OP  2026-01-02 05:04  agent-two  ui   claim: takes src/ui/**
    $OP  2026-01-02 04:04  a1         api  claim: takes src/api/**
    $OP  2026-01-02 03:04  maria           base: main: set up, at $oid1
    [status 0]
    ");
}

#[test]
fn the_steps_on_the_way_are_shown_on_demand() {
    let sandbox = story();
    assert_snapshot!(sandbox.run(["log", "--verbose", "api"]).block(), @"
    $ git stream log --verbose api
    $OP  2026-01-02 06:04  maria  api  release: gives it back; nothing was left
    $OP  2026-01-02 06:04  maria  api  release: begins
    $OP  2026-01-02 04:04  a1     api  claim: its worktree is ready
    $OP  2026-01-02 04:04  a1     api  claim: takes src/api/**
    [status 0]
    ");
}

#[test]
fn each_filter_leaves_out_what_it_says() {
    let sandbox = story();
    let log = |words: &[&str]| {
        let ran = sandbox.run(["log"].iter().chain(words)).go();
        assert_eq!(ran.status(), 0, "{}", ran.block());
        let what = |line: &str| line.split("  ").last().unwrap().trim().to_owned();
        ran.stdout()
            .lines()
            .map(what)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_snapshot!(log(&["ui"]), @"claim: takes src/ui/**");
    assert_snapshot!(log(&["--agent", "agent-two"]), @"claim: takes src/ui/**");
    assert_snapshot!(log(&["-n", "1"]), @"release: gives it back; nothing was left");
    assert_snapshot!(log(&["--max-count=2", "api"]), @"
    release: gives it back; nothing was left
    claim: takes src/api/**
    ");
    assert_snapshot!(log(&["--since", "2026-01-02 05:00 +0000"]), @"
    release: gives it back; nothing was left
    claim: takes src/ui/**
    ");
    assert_snapshot!(log(&["--after=2026-01-02 04:00 +0000", "--until=2026-01-02 05:30 +0000"]), @"
    claim: takes src/ui/**
    claim: takes src/api/**
    ");
    assert_eq!(log(&["--since", "yesterday", "ui"]), "");
    let op = sandbox.git(&[
        "log",
        "-1",
        "--format=%(trailers:key=Op,valueonly)",
        "refs/stream/ledger",
    ]);
    assert_snapshot!(log(&["--op", &op.trim()[..6]]), @"
    release: gives it back; nothing was left
    release: begins
    ");
}

#[test]
fn an_entry_is_an_object_on_a_line_of_its_own() {
    let sandbox = story();
    assert_snapshot!(sandbox.run(["log", "api", "--json"]).block(), @r#"
    $ git stream log api --json
    {"version":1,"commit":"$OID1","time":"$TIME","op":"$OP","agent":"maria","stream":"api","streams":["api"],"epoch":1,"verb":"release","event":"release api: maria gives it back; nothing was left","refs":[{"name":"refs/heads/stream/api","old":"$OID2","new":null}],"undoes":null,"undone":false}
    {"version":1,"commit":"$OID3","time":"$TIME","op":"$OP","agent":"a1","stream":"api","streams":["api"],"epoch":1,"verb":"claim","event":"claim api: a1 takes src/api/**","refs":[{"name":"refs/heads/stream/api","old":null,"new":"$OID2"}],"undoes":null,"undone":false}
    [status 0]
    "#);
}

#[test]
fn what_is_asked_for_in_vain_is_said() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(["log"]).block(), @"
    $ git stream log
    --- stderr ---
    error: git stream is not set up in this repository
    hint: Set it up with `git stream init`.
    [status 5]
    ");
    let sandbox = story();
    assert_snapshot!(sandbox.run(["log", "apu"]).block(), @"
    $ git stream log apu
    --- stderr ---
    error: nothing has ever happened to a stream 'apu'
    hint: See every stream with `git stream status`.
    [status 1]
    ");
    assert_snapshot!(sandbox.run(["log", "--since", "someday"]).block(), @"
    $ git stream log --since someday
    --- stderr ---
    error: 'someday' is no date that git understands
    hint: Write it as `git log` takes it, as in `git stream log --since '$AGO'`.
    [status 2]
    ");
    assert_snapshot!(sandbox.run(["log", "--op", "zz"]).block(), @"
    $ git stream log --op $OP
    --- stderr ---
    error: the ledger has no operation 'zz'
    hint: See the ids of all operations, in the first column, with `git stream log`.
    [status 1]
    ");
    assert_snapshot!(sandbox.run(["log", "--since=yesterday"]).block(), @"
    $ git stream log --since=yesterday
    --- stderr ---
    nothing has happened, as far as was asked
    [status 0]
    ");
}

#[test]
fn a_log_that_nobody_reads_on_ends() {
    let sandbox = story();
    let piped = ["-c", "git stream log | head -n 1 | wc -l"];
    let ran = sandbox.program("sh", piped).go();
    assert_eq!((ran.status(), ran.stdout().trim()), (0, "1"));
}

/// A newer entry, or one by hand, is still an entry.
#[test]
fn what_is_not_understood_is_shown_as_it_is() {
    let sandbox = story();
    let tree = "refs/stream/ledger^{tree}";
    let by_hand = [
        "commit-tree",
        tree,
        "-p",
        "refs/stream/ledger",
        "-m",
        "by \u{1b}[31mhand\n\nOp: x",
    ];
    let id = sandbox.git(&by_hand);
    sandbox.git(&["update-ref", "refs/stream/ledger", id.trim()]);
    let ran = sandbox.run(["log", "-n", "2"]).go();
    assert_snapshot!(ran.block(), @"
    $ git stream log -n 2
              2026-01-02 03:04  somebody       by:  [31mhand
    $OP  2026-01-02 06:04  maria     api  release: gives it back; nothing was left
    [status 0]
    ");
}

/// Only the newest are read where only they are asked for.
#[test]
fn how_many_processes_of_git_a_log_starts() {
    let sandbox = story();
    let log = |words: &[&str]| sandbox.run(["log"].iter().chain(words)).counting().go();
    assert_eq!(log(&["-n", "1"]).git_calls(), Vec::<String>::new());
    assert_eq!(log(&["--since=yesterday"]).git_calls().len(), 1);
}

/// What is kept, one word each for where.
fn kept(sandbox: &Sandbox) -> Vec<serde_json::Value> {
    let listed = sandbox.run(["log", "--kept", "--json"]).go();
    let lines = listed.stdout();
    let all = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    all.collect()
}

#[test]
fn what_was_reset_away_is_brought_back_as_the_list_says() {
    let sandbox = Sandbox::new();
    sandbox.run(["init", "--private"]).go().succeeded();
    let claim = ["claim", "api", "--files", "src/api/**"];
    sandbox.run(claim).agent("a1").go().succeeded();
    let worktree = sandbox.root().join("repo.streams/api");
    sandbox.write(worktree.join("src/api/new.rs"), "// new\n");
    sandbox.git_in(&worktree, &["add", "."]);
    sandbox.git_in(&worktree, &["commit", "--quiet", "-m", "Work"]);
    sandbox.git_in(&worktree, &["reset", "--quiet", "--hard", "main"]);
    sandbox.run(["release", "api"]).agent("a1").go().succeeded();
    let all = kept(&sandbox);
    assert_eq!(all.len(), 1, "{all:?}");
    let words = all[0]["restore"].as_str().unwrap();
    assert!(
        words.contains(" --files PATTERN --from refs/stream/kept/api/"),
        "{words}"
    );
    let words = words.replace("PATTERN", "'src/api/**'");
    let restored = sandbox.program("sh", ["-c", &words]).agent("a1").go();
    assert_eq!(restored.status(), 0, "{}", restored.block());
    let back = std::fs::read_to_string(worktree.join("src/api/new.rs")).unwrap();
    assert_eq!(back, "// new\n");
}

#[test]
fn what_was_kept_for_long_enough_goes_with_the_next_release() {
    let sandbox = Sandbox::new();
    sandbox.run(["init", "--private"]).go().succeeded();
    let plan = "version = 1\n[land]\nkeep = \"10d\"\n";
    sandbox.write(".git/git-stream/streams.toml", plan);
    let run = |words: &[&str], days: i64| {
        let clocks = format!("{} 0", days * 86_400);
        let call = sandbox.run(words).agent("a1");
        call.env("GIT_STREAM_TEST_CLOCKS", clocks).go().succeeded();
    };
    let ignored = ".git/info/exclude";
    sandbox.write(ignored, "*.log\n");
    let worktree = |name: &str| sandbox.root().join("repo.streams").join(name);
    run(&["claim", "api", "--files", "src/api/**"], 0);
    sandbox.write(worktree("api").join("src/api/new.rs"), "// new\n");
    sandbox.git_in(&worktree("api"), &["add", "."]);
    sandbox.git_in(&worktree("api"), &["commit", "--quiet", "-m", "Work"]);
    sandbox.git_in(&worktree("api"), &["reset", "--quiet", "--hard", "main"]);
    sandbox.write(worktree("api").join("run.log"), "log\n");
    run(&["release", "api"], 0);
    let places = |all: &[serde_json::Value]| {
        let words = all
            .iter()
            .map(|one| one["kept"].as_str().unwrap().to_owned());
        let mut words: Vec<String> = words.collect();
        words.sort();
        words
    };
    assert_eq!(places(&kept(&sandbox)), ["ref", "worktree"]);
    run(&["claim", "ui", "--files", "src/ui/**"], 9);
    run(&["release", "ui"], 9);
    assert_eq!(places(&kept(&sandbox)), ["ref", "worktree"]);
    run(&["claim", "ui", "--files", "src/ui/**"], 11);
    run(&["release", "ui"], 11);
    assert!(kept(&sandbox).is_empty());
    let trash = sandbox.repo().join(".git/git-stream/trash");
    assert!(!trash.exists());
}
