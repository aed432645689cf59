//! `git stream sync --all`: in which order, what is left alone, and how it ends.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::{LIB, SLOWER, claim, commit_in};
use crate::support::{Call, Fingerprint, Sandbox, assert_sound, for_every_git_call, race};

const APP: &str = "src/ui/app.js";
const GUIDE: &str = "docs/guide.md";
/// `ui` comes before `api`; planned after both were taken, or `api` would have to wait.
const PLAN: &str = "version = 1
[streams.api]
files = [\"src/api/**\"]
dependencies = [\"ui\"]
[streams.ui]
files = [\"src/ui/**\"]
";

/// `api` and `ui` of `a1`, where `api` depends on `ui`; `docs` of `a2`.
fn three() -> (Sandbox, [PathBuf; 3]) {
    let sandbox = Sandbox::new();
    let held = [
        ("api", "src/api/**", "a1"),
        ("docs", "docs/**", "a2"),
        ("ui", "src/ui/**", "a1"),
    ];
    let tops = held.map(|(name, files, agent)| claim(&sandbox, name, files, agent));
    sandbox.commit("Plan", &[("streams.toml", PLAN)]);
    let ran = sandbox.run(["sync", "--all", "--others"]).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    (sandbox, tops)
}

fn base(sandbox: &Sandbox, message: &str, files: &[(&str, Option<&str>)]) -> String {
    commit_in(sandbox, &sandbox.repo(), message, files)
}

fn all(sandbox: &Sandbox, more: &[&str]) -> Call {
    sandbox.run([&["sync", "--all"], more].concat())
}

fn outcomes(call: Call) -> Vec<String> {
    let json = call.json();
    let streams = json["streams"].as_array().unwrap().iter();
    streams
        .map(|one| {
            format!(
                "{} {}",
                one["stream"].as_str().unwrap(),
                one["outcome"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn dependencies_come_first_and_the_worst_status_counts() {
    let (sandbox, [api, _, ui]) = three();
    commit_in(
        &sandbox,
        &api,
        "Say why",
        &[("src/api/why.md", Some("so\n"))],
    );
    commit_in(&sandbox, &ui, "Mine", &[(APP, Some("mine\n"))]);
    base(&sandbox, "Theirs", &[(APP, Some("theirs\n"))]);
    let before = Fingerprint::of(&sandbox, &api);
    assert_snapshot!(all(&sandbox, &["--dry-run"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync --all --dry-run
    stream  outcome  commits  note
    ui      stopped        1  commit $oid1 'Mine' of ui conflicts with main in 'src/ui/app.js'
    api     rebased        1  onto main $oid2
    --- stderr ---
    would stop ui: commit $oid1 'Mine' of ui conflicts with main in 'src/ui/app.js'
    hint: See where with `git stream sync ui --dry-run`.
    would rebase api: 1 commit onto main $oid2
    nothing was changed (--dry-run)
    [status 3]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &api));
    assert_snapshot!(all(&sandbox, &[]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync --all
    stream  outcome  commits  note
    ui      stopped        1  commit $oid1 'Mine' of ui conflicts with main in 'src/ui/app.js'
    api     rebased        1  onto main $oid2
    --- stderr ---
    stopped ui: commit $oid1 'Mine' of ui conflicts with main in 'src/ui/app.js'
    hint: See the question and its choices with `git stream inbox conflict-b073e438`.
    rebased api: 1 commit onto main $oid2
    [status 3]
    ");
    assert_snapshot!(all(&sandbox, &["-q"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync --all -q
    stream  outcome     commits  note
    ui      stopped           1  commit $oid1 'Mine' of ui conflicts with main in 'src/ui/app.js'
    api     up-to-date        1  on main $oid2
    [status 3]
    ");
    let json = all(&sandbox, &["--json"]).agent("a1");
    assert_eq!(outcomes(json), ["ui stopped", "api up-to-date"]);
    assert_snapshot!(all(&sandbox, &[]).agent("a3").block(), @"
    $ GIT_STREAM_AGENT=a3 git stream sync --all
    --- stderr ---
    no stream on this machine is yours
    [status 0]
    ");
}

#[test]
fn what_cannot_be_moved_keeps_nobody_from_it() {
    let (sandbox, [api, docs, ui]) = three();
    base(
        &sandbox,
        "Theirs",
        &[(APP, Some("theirs\n")), (GUIDE, Some("new\n"))],
    );
    sandbox.write(ui.join(APP), "not committed\n");
    fs::remove_dir_all(&api).unwrap();
    let call = all(&sandbox, &["--others"]);
    assert_snapshot!(call.block(), @"
    $ git stream sync --all --others
    stream  outcome  commits  note
    ui      refused        0  uncommitted changes are where the base has changed something: 'src/ui/app.js'
    api     refused        0  its worktree '$ROOT/repo.streams/api' is gone
    docs    rebased        0  onto main $oid1
    --- stderr ---
    refused to move ui: uncommitted changes are where the base has changed something: 'src/ui/app.js'
    hint: Nothing was changed. Commit these files, or take them along with `git stream sync ui --autostash`.
    refused to move api: its worktree '$ROOT/repo.streams/api' is gone
    hint: Nothing was changed. If it was moved, say where with `git worktree repair PATH`, then `git stream sync api` again.
    moved docs to main $oid1: it has no commits of its own
    [status 1]
    ");
    assert_eq!(fs::read_to_string(docs.join(GUIDE)).unwrap(), "new\n");
}

#[test]
fn the_streams_of_others_are_for_a_person() {
    let (sandbox, _) = three();
    base(&sandbox, "Theirs", &[(APP, Some("theirs\n"))]);
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    assert_snapshot!(all(&sandbox, &["--others"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync --all --others
    --- stderr ---
    error: only a person may sync the streams of others
    hint: Nothing was changed. Ask a person; what waits for them is in `git stream inbox`.
    [status 1]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
    assert_snapshot!(all(&sandbox, &["--others"]).block(), @"
    $ git stream sync --all --others
    stream  outcome  commits  note
    ui      rebased        0  onto main $oid1
    api     rebased        0  onto main $oid1
    docs    rebased        0  onto main $oid1
    --- stderr ---
    moved ui to main $oid1: it has no commits of its own
    moved api to main $oid1: it has no commits of its own
    moved docs to main $oid1: it has no commits of its own
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["sync", "api", "--others"]).block(), @"
    $ git stream sync api --others
    --- stderr ---
    error: the argument '[NAME]' cannot be used with '--others'

    Usage: git stream sync <NAME>

    For more information, try '--help'.
    [status 2]
    ");
    assert_eq!(sandbox.run(["sync", "--now"]).status(), 2);
}

#[test]
fn the_base_is_fetched_once() {
    let sandbox = Sandbox::new();
    let plan = "version = 1\nbase = \"main\"\nremote = \"origin\"\n";
    sandbox.commit("Plan", &[("streams.toml", plan)]);
    sandbox.bare_remote();
    for name in ["a", "b", "c"] {
        claim(&sandbox, name, &format!("{name}/**"), "a1");
    }
    let calls = all(&sandbox, &[]).agent("a1").counting().go().git_calls();
    let fetches = calls.iter().filter(|call| call.contains("fetch"));
    assert_eq!(fetches.count(), 1, "{calls:#?}");
    fs::rename(
        sandbox.root().join("remote.git"),
        sandbox.root().join("gone"),
    )
    .unwrap();
    let ran = all(&sandbox, &["--json"]).agent("a1").go();
    assert_eq!(ran.status(), 5);
    assert_eq!(ran.json()["error"]["kind"], "broken");
}

/// Runs a shell script beside which somebody is at work: `$1`, until `$2` has run.
fn beside(sandbox: &Sandbox, work: &str, then: &str) -> Call {
    let script = format!(
        "mkfifo \"$TMPDIR/there\" \"$TMPDIR/end\"
        {work} &
        read -r _ <\"$TMPDIR/there\"
        {then}
        status=$?
        echo >\"$TMPDIR/end\"
        wait
        rm \"$TMPDIR/there\" \"$TMPDIR/end\"
        exit $status"
    );
    sandbox.program("sh", ["-c", &script])
}

/// What somebody at work does.
const WORK: &str = "echo >\"$TMPDIR/there\"; read -r _ <\"$TMPDIR/end\"";

/// What the call printed, without the script.
fn printed(call: Call) -> String {
    let block = call.block();
    let (_, after) = block.split_once("exit $status'\n").unwrap();
    after.to_owned()
}

fn head(sandbox: &Sandbox, directory: &Path) -> String {
    sandbox.git_in(directory, &["rev-parse", "HEAD"])
}

#[test]
fn nothing_moves_under_a_command_of_exec() {
    let (sandbox, [api, docs, _]) = three();
    base(&sandbox, "Theirs", &[(APP, Some("theirs\n"))]);
    base(&sandbox, "More", &[(APP, Some("more\n"))]);
    let exec = format!("git-stream-exec docs --agent a2 -q -- sh -c '{WORK}'");
    let old = head(&sandbox, &docs);
    let call = beside(&sandbox, &exec, "git-stream-sync --all --others");
    assert_snapshot!(printed(call), @"
    stream  outcome  commits  note
    ui      rebased        0  onto main $oid1
    api     rebased        0  onto main $oid1
    docs    behind         0  2 commits behind main, and `git stream exec` (pid $PID) is running in it
    --- stderr ---
    moved ui to main $oid1: it has no commits of its own
    moved api to main $oid1: it has no commits of its own
    left docs alone: 2 commits behind main, and `git stream exec` (pid $PID) is running in it
    hint: Its agent syncs it at a point that suits; move it all the same with `git stream sync docs`.
    [status 4]
    ");
    assert_eq!(head(&sandbox, &docs), old);
    assert_ne!(head(&sandbox, &api), old);
    // A dry run ends in the same way, and what the answer says can be read by a program.
    let call = beside(&sandbox, &exec, "git-stream-sync --all --others -n --json");
    let ran = call.go();
    assert_eq!(ran.status(), 4, "{}", ran.block());
    let docs_answer = &ran.json()["streams"][2];
    assert_eq!(docs_answer["outcome"], "behind");
    assert_eq!(docs_answer["behind"], 2);
    assert_eq!(docs_answer["live"]["kind"], "exec");
    // Its own agent may, and so may whoever says so.
    let own = "git-stream-exec docs --agent a2 -q -- git-stream-sync --all -q -n";
    assert_snapshot!(sandbox.program("sh", ["-c", own]).block(), @"
    $ sh -c 'git-stream-exec docs --agent a2 -q -- git-stream-sync --all -q -n'
    stream  outcome  commits  note
    docs    rebased        0  onto main $oid1
    [status 0]
    ");
    let call = beside(&sandbox, &exec, "git-stream-sync --all --others --now -q");
    assert_snapshot!(printed(call), @"
    stream  outcome     commits  note
    ui      up-to-date        0  on main $oid1
    api     up-to-date        0  on main $oid1
    docs    rebased           0  onto main $oid1
    [status 0]
    ");
    assert_ne!(head(&sandbox, &docs), old);
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_moves_under_somebody_who_stands_in_the_worktree() {
    let (sandbox, [_, docs, _]) = three();
    base(&sandbox, "Theirs", &[(APP, Some("theirs\n"))]);
    let at_work = format!("setsid sh -c 'cd {}/docs; {WORK}'", docs.display());
    let sync = "git-stream-sync --all --others -q";
    assert_snapshot!(printed(beside(&sandbox, &at_work, sync)), @"
    stream  outcome  commits  note
    ui      rebased        0  onto main $oid1
    api     rebased        0  onto main $oid1
    docs    behind         0  1 commit behind main, and sh (pid $PID) is in its worktree
    [status 4]
    ");
    // Once it has gone, or where there is nothing to move, it is in nobody's way.
    assert_eq!(all(&sandbox, &["--others"]).status(), 0);
    assert_snapshot!(printed(beside(&sandbox, &at_work, sync)), @"
    stream  outcome     commits  note
    ui      up-to-date        0  on main $oid1
    api     up-to-date        0  on main $oid1
    docs    up-to-date        0  on main $oid1
    [status 0]
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_moves_while_the_session_of_an_agent_goes_on() {
    let sandbox = Sandbox::new();
    let claim = "git-stream-claim docs --files docs/** --agent a2 -q >/dev/null";
    let at_work = format!("setsid sh -c 'set -f; {claim}; {WORK}'");
    let then = "git commit -q --allow-empty -m Theirs; git-stream-sync --all --others";
    assert_snapshot!(printed(beside(&sandbox, &at_work, then)), @"
    stream  outcome  commits  note
    docs    behind         0  1 commit behind main, and the session of its agent goes on
    --- stderr ---
    left docs alone: 1 commit behind main, and the session of its agent goes on
    hint: Its agent syncs it at a point that suits; move it all the same with `git stream sync docs`.
    [status 4]
    ");
}

#[test]
fn an_interruption_takes_effect_between_two_streams() {
    let (sandbox, [api, _, ui]) = three();
    commit_in(&sandbox, &ui, "Mine", &[("src/ui/new.js", Some("mine\n"))]);
    base(&sandbox, "Theirs", &[(APP, Some("theirs\n"))]);
    // Whoever has started whoever has started it …: the sync.
    let hook = "#!/bin/sh
        pid=$PPID
        while read -r _ name _ parent _ <\"/proc/$pid/stat\"; do
            case $name in *git-stream-syn*) kill -INT \"$pid\"; exit ;; esac
            pid=$parent
        done
        ";
    if cfg!(target_os = "linux") {
        sandbox.script(".git/hooks/post-rewrite", hook);
        assert_snapshot!(all(&sandbox, &[]).agent("a1").block(), @"
        $ GIT_STREAM_AGENT=a1 git stream sync --all
        stream  outcome  commits  note
        ui      rebased        1  onto main $oid1
        api     busy              interrupted before 'api' was looked at
        --- stderr ---
        rebased ui: 1 commit onto main $oid1
        error: api: interrupted before 'api' was looked at
        hint: It is as it was. Go on with `git stream sync --all`.
        [status 4]
        ");
    }
    assert_eq!(all(&sandbox, &[]).agent("a1").status(), 0);
    for top in [api, ui] {
        assert_sound(&sandbox, &top);
        assert_eq!(sandbox.git_in(&top, &["status", "--porcelain"]), "");
        let behind = sandbox.git_in(&top, &["rev-list", "--count", "HEAD..main"]);
        assert_eq!(behind, "0\n");
    }
}

/// Twelve streams with a commit each, and a base that has moved.
fn twelve() -> (Sandbox, Vec<PathBuf>) {
    let sandbox = Sandbox::new();
    let tops: Vec<PathBuf> = (0..12)
        .map(|n| {
            let (name, file) = (format!("s{n:02}"), format!("d{n}/file"));
            let top = claim(&sandbox, &name, &format!("d{n}/**"), "a1");
            commit_in(&sandbox, &top, "Mine", &[(&file, Some("mine\n"))]);
            top
        })
        .collect();
    base(&sandbox, "Theirs", &[(LIB, Some(SLOWER))]);
    (sandbox, tops)
}

#[test]
fn two_at_once_do_it_once() {
    let (sandbox, tops) = twelve();
    let calls = (0..2).map(|_| all(&sandbox, &["--json"]).agent("a1"));
    for ran in race(calls.collect()) {
        assert!([0, 4].contains(&ran.status()), "{}", ran.block());
        assert_eq!(ran.json()["streams"].as_array().unwrap().len(), 12);
    }
    assert_eq!(all(&sandbox, &["-q"]).agent("a1").status(), 0);
    for top in &tops {
        assert_eq!(sandbox.git_in(top, &["status", "--porcelain"]), "");
        let log = sandbox.git_in(top, &["log", "--format=%s", "main~1.."]);
        assert_eq!(log, "Mine\nTheirs\n");
    }
    assert_sound(&sandbox, &tops[0]);
}

#[test]
fn a_commit_that_is_made_while_it_runs_is_not_lost() {
    let (sandbox, tops) = twelve();
    let last = tops.last().unwrap();
    sandbox.write(last.join("d11/late"), "late\n");
    sandbox.git_in(last, &["add", "d11/late"]);
    let commit = sandbox
        .program("git", ["commit", "--quiet", "-m", "Late"])
        .in_dir(last)
        .agent("a1");
    let ran = race(vec![all(&sandbox, &["-q"]).agent("a1"), commit]);
    assert!([0, 1, 4].contains(&ran[0].status()), "{}", ran[0].block());
    if ran[1].status() != 0 {
        sandbox.git_in(last, &["commit", "--quiet", "-m", "Late"]);
    }
    assert_eq!(all(&sandbox, &["-q"]).agent("a1").status(), 0);
    let log = sandbox.git_in(last, &["log", "--format=%s", "main~1.."]);
    assert_eq!(log, "Late\nMine\nTheirs\n");
    assert_eq!(sandbox.git_in(last, &["status", "--porcelain"]), "");
    assert_sound(&sandbox, last);
}

#[test]
fn killed_at_any_call_of_git_the_same_command_finishes() {
    let calls = for_every_git_call(|kill| {
        let (sandbox, [api, docs, ui]) = three();
        let why = "src/api/why.md";
        commit_in(&sandbox, &api, "Say why", &[(why, Some("so\n"))]);
        commit_in(&sandbox, &ui, "Mine", &[(APP, Some("mine\n"))]);
        let files = [(GUIDE, Some("new\n")), ("README.md", Some("# Grown\n"))];
        base(&sandbox, "Theirs", &files);
        sandbox.write(api.join("src/api/draft.rs"), "draft\n");
        sandbox.write(api.join("package.json"), "{ \"mine\": true }\n");
        let others = sandbox.git_in(&docs, &["rev-parse", "HEAD"]);
        let old = [&api, &ui].map(|top| sandbox.git_in(top, &["rev-parse", "HEAD"]));
        let ran = all(&sandbox, &[]).agent("a1").killed_at(kill).go();
        let was_killed = ran.was_killed();
        let again = all(&sandbox, &[]).agent("a1").go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        for (top, (old, subject)) in [&api, &ui].iter().zip(old.iter().zip(["Say why", "Mine"])) {
            let git = |args: &[&str]| sandbox.git_in(top, args);
            let log = git(&["log", "--format=%s", "main~1.."]);
            assert_eq!(log, format!("{subject}\nTheirs\n"), "{kill:?}");
            let reflog = git(&["log", "-g", "--format=%H", "HEAD"]);
            assert!(reflog.contains(old.trim()), "{kill:?}: {reflog}");
            assert_sound(&sandbox, top);
        }
        let status = " M package.json\n?? src/api/draft.rs\n";
        assert_eq!(sandbox.git_in(&api, &["status", "--porcelain"]), status);
        assert_eq!(sandbox.git_in(&ui, &["status", "--porcelain"]), "");
        let record = sandbox.git(&["show", "refs/stream/ledger:streams/api.toml"]);
        assert!(!record.contains("[claim.intent]"), "{record}");
        assert_eq!(sandbox.git_in(&docs, &["rev-parse", "HEAD"]), others);
        was_killed
    });
    assert!(calls >= 7, "{calls}");
}

#[test]
fn a_stop_among_many_that_is_killed_is_asked_once() {
    for_every_git_call(|kill| {
        let (sandbox, [api, _, ui]) = three();
        commit_in(
            &sandbox,
            &api,
            "Say why",
            &[("src/api/why.md", Some("so\n"))],
        );
        commit_in(&sandbox, &ui, "Mine", &[(APP, Some("mine\n"))]);
        base(&sandbox, "Theirs", &[(APP, Some("theirs\n"))]);
        let was_killed = all(&sandbox, &[])
            .agent("a1")
            .killed_at(kill)
            .go()
            .was_killed();
        let again = all(&sandbox, &[]).agent("a1").go();
        assert_eq!(again.status(), 3, "{kill:?}: {}", again.block());
        let inbox = sandbox.run(["inbox", "--json"]).json();
        assert_eq!(
            inbox["escalations"].as_array().unwrap().len(),
            1,
            "{kill:?}"
        );
        assert_eq!(
            sandbox.git_in(&api, &["log", "--format=%s", "main.."]),
            "Say why\n"
        );
        assert_eq!(sandbox.git_in(&ui, &["status", "--porcelain"]), "");
        was_killed
    });
}
