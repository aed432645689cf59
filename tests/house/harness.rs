//! Does the sandbox keep its promises?

use std::fs;

use insta::assert_snapshot;

use crate::support::{Fingerprint, Kill, Sandbox, assert_sound, for_every_git_call, race};

#[test]
fn nothing_of_the_person_who_runs_the_tests_is_visible() {
    let sandbox = Sandbox::new();
    let variables = sandbox.program("env", [""; 0]).go().stdout();
    let mut names: Vec<&str> = variables
        .lines()
        .map(|line| line.split_once('=').unwrap().0)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names.join(" "),
        "GIT_ALLOW_PROTOCOL GIT_ASKPASS GIT_AUTHOR_DATE GIT_AUTHOR_EMAIL GIT_AUTHOR_NAME \
         GIT_CEILING_DIRECTORIES GIT_COMMITTER_DATE GIT_COMMITTER_EMAIL GIT_COMMITTER_NAME \
         GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_EDITOR GIT_PAGER GIT_TERMINAL_PROMPT HOME \
         LC_MESSAGES LOGNAME NO_COLOR PATH TERM TMPDIR TZ USER"
    );
    let origins = sandbox.git(&["config", "--list", "--show-scope"]);
    assert!(
        origins.lines().all(|line| line.starts_with("local\t")),
        "{origins}"
    );
}

#[test]
fn a_block_shows_everything_and_nothing_that_differs_from_run_to_run() {
    let sandbox = Sandbox::new();
    let script = "git log -1 --format='%H %h of %cI'; pwd; echo \"$0 took 1.25s\" >&2; exit 3";
    let call = sandbox
        .program("sh", ["-c", script])
        .agent("a 1")
        .in_dir("src");
    assert_snapshot!(call.block(), @r#"
    $ cd $ROOT/repo/src && GIT_STREAM_AGENT='a 1' sh -c 'git log -1 --format='\''%H %h of %cI'\''; pwd; echo "$0 took $DURATION" >&2; exit 3'
    $OID1 $oid1 of $TIME
    $ROOT/repo/src
    --- stderr ---
    sh took $DURATION
    [status 3]
    "#);
}

#[test]
fn an_id_keeps_its_number_and_seven_digits_are_no_id() {
    let sandbox = Sandbox::new();
    let second = sandbox.commit("Second", &[("new", "1\n")]);
    let first = sandbox
        .program("git", ["rev-parse", "HEAD", "HEAD^"])
        .block();
    assert_snapshot!(first, @r"
    $ git rev-parse HEAD HEAD^
    $OID1
    $OID2
    [status 0]
    ");
    let words = format!("{} 1234567 deadbeef, pid 77, 3 minutes ago", &second[..10]);
    assert_snapshot!(sandbox.program("echo", [words]).block(), @r"
    $ echo '$oid1 1234567 deadbeef, pid $PID, $AGO'
    $oid1 1234567 deadbeef, pid $PID, $AGO
    [status 0]
    ");
}

#[test]
#[should_panic(expected = "git-stream-juggle does not start")]
fn a_verb_is_started_without_git() {
    let ran = Sandbox::empty().run(["juggle", "--now"]).go();
    assert_eq!(ran.status(), 0);
}

#[test]
fn a_variable_can_be_taken_away() {
    let script = "echo \"${GIT_AUTHOR_NAME-nobody} $GIT_STREAM_AGENT\"";
    let call = Sandbox::empty().program("sh", ["-c", script]);
    let ran = call.without_env("GIT_AUTHOR_NAME").agent("a1").go();
    assert_eq!(ran.stdout(), "nobody a1\n");
}

#[test]
fn stdin_and_json_go_through() {
    let sandbox = Sandbox::new();
    let ran = sandbox.program("cat", ["-"]).stdin("{\"version\": 1}").go();
    assert_eq!(ran.json()["version"], 1);
    assert_eq!(ran.stderr(), "");
    assert_eq!(sandbox.program("echo", ["[1]"]).json()[0], 1);
}

#[test]
fn a_repository_may_have_either_kind_of_id() {
    for (sandbox, length) in [(Sandbox::new(), 40), (Sandbox::sha256(), 64)] {
        let id = sandbox.commit("More", &[("more", "")]);
        assert_eq!(id.len(), length);
        let remote = sandbox.bare_remote();
        let clone = sandbox.clone_of(&remote, "second");
        assert_eq!(sandbox.git_in(&clone, &["rev-parse", "HEAD"]).trim(), id);
        assert_sound(&sandbox, &clone);
    }
}

#[test]
fn a_directory_without_a_repository_stays_one() {
    let sandbox = Sandbox::empty();
    assert_eq!(sandbox.program("git", ["status"]).status(), 128);
    let unborn = Sandbox::unborn();
    assert_eq!(
        unborn
            .program("git", ["rev-parse", "-q", "--verify", "HEAD"])
            .status(),
        1
    );
}

#[test]
fn a_race_begins_when_all_are_there() {
    let sandbox = Sandbox::new();
    let main = sandbox.git(&["rev-parse", "main"]);
    // Creating a ref is a compare-and-swap in git: of ten, exactly one wins.
    let create = [
        "update-ref",
        "--no-deref",
        "refs/heads/won",
        main.trim(),
        &"0".repeat(40),
    ];
    let answers = race((0..10).map(|_| sandbox.program("git", create)).collect());
    let winners = answers.iter().filter(|ran| ran.status() == 0).count();
    assert_eq!(winners, 1);
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn a_race_starts_nobody_before_the_last_has_arrived() {
    let sandbox = Sandbox::new();
    // Each racer needs its successor to run at the same time: one after the other, they would hang.
    let pipes: Vec<String> = (0..4).map(|at| format!("../tmp/pipe{at}")).collect();
    assert_eq!(sandbox.program("mkfifo", &pipes).status(), 0);
    let talk = "echo hello >\"$1\" & cat \"$2\"; wait";
    let racer = |at: usize| {
        let (mine, next) = (&pipes[at], &pipes[(at + 1) % 4]);
        sandbox.program("sh", ["-c", talk, "sh", mine, next])
    };
    for ran in race((0..4).map(racer).collect()) {
        assert_eq!(ran.stdout(), "hello\n");
    }
}

/// Three git calls: two that change something, and one in between.
const THREE: &str = "git branch one; git rev-parse HEAD >/dev/null; git branch two; exit 0";

#[test]
fn git_processes_are_counted() {
    let sandbox = Sandbox::new();
    let ran = sandbox.program("sh", ["-c", THREE]).counting().go();
    assert_eq!(
        ran.git_calls(),
        ["branch one", "rev-parse HEAD", "branch two"]
    );
}

#[test]
fn a_command_dies_before_and_after_each_of_its_git_processes() {
    let mut seen = Vec::new();
    let calls = for_every_git_call(|kill| {
        let sandbox = Sandbox::new();
        let ran = sandbox.program("sh", ["-c", THREE]).killed_at(kill).go();
        let branches = sandbox.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
        seen.push((kill, branches.split_whitespace().count()));
        assert_sound(&sandbox, &sandbox.repo());
        assert_eq!(ran.status(), if ran.was_killed() { 137 } else { 0 });
        ran.was_killed()
    });
    assert_eq!(calls, 3);
    let expected = [
        (Kill::Before(1), 1),
        (Kill::After(1), 2),
        (Kill::Before(2), 2),
        (Kill::After(2), 2),
        (Kill::Before(3), 2),
        (Kill::After(3), 3),
        (Kill::Before(4), 3),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_fingerprint_sees_every_change() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let look = || Fingerprint::of(&sandbox, &repo);
    let before = look();
    before.assert_same(&look());
    let mut known = vec![before];
    let changes: [&dyn Fn(); 7] = [
        &|| sandbox.write("src/api/lib.rs", "other\n"),
        &|| sandbox.write("untracked", ""),
        &|| drop(sandbox.git(&["add", "untracked"])),
        &|| drop(sandbox.git(&["branch", "other"])),
        &|| drop(sandbox.git(&["symbolic-ref", "HEAD", "refs/heads/other"])),
        &|| sandbox.write(".git/MERGE_HEAD", ""),
        &|| sandbox.script("untracked", ""),
    ];
    for change in changes {
        change();
        let now = look();
        assert!(!known.contains(&now), "unseen: {now:?}");
        known.push(now);
    }
}

#[test]
fn a_stop_may_write_to_the_ledger_only() {
    let sandbox = Sandbox::new();
    let before = Fingerprint::of(&sandbox, &sandbox.repo()).without_ledger();
    sandbox.git(&["update-ref", "refs/stream/ledger", "HEAD"]);
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()).without_ledger());
    sandbox.git(&["update-ref", "refs/heads/other", "HEAD"]);
    assert_ne!(
        before,
        Fingerprint::of(&sandbox, &sandbox.repo()).without_ledger()
    );
}

#[test]
#[should_panic(expected = "ref refs/heads/new: None -> Some")]
fn a_difference_is_named() {
    let sandbox = Sandbox::new();
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    sandbox.git(&["branch", "new"]);
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
}

#[test]
#[should_panic(expected = "lock files are left")]
fn a_forgotten_lock_is_no_sound_repository() {
    let sandbox = Sandbox::new();
    sandbox.write(".git/git-stream/ledger.lock", "");
    assert_sound(&sandbox, &sandbox.repo());
    sandbox.write(".git/index.lock", "");
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
#[should_panic(expected = "git fsck")]
fn a_lost_object_is_no_sound_repository() {
    let sandbox = Sandbox::new();
    let blob = sandbox.git(&["rev-parse", "HEAD:package.json"]);
    let (first, rest) = blob.trim().split_at(2);
    fs::remove_file(sandbox.repo().join(".git/objects").join(first).join(rest)).unwrap();
    assert_sound(&sandbox, &sandbox.repo());
}
