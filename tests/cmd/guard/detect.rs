//! What happens when a breach is already in the history?

use std::fs;

use insta::assert_snapshot;

use super::Held;
use crate::support::{Ran, Sandbox};

/// A stream whose commits and merges nothing refuses: only the detectors are left.
fn unguarded() -> Held {
    let held = Held::new();
    held.without(&REFUSING);
    held
}

/// What refuses commits and merges. A detector that has found something has them put back.
const REFUSING: [&str; 3] = ["pre-commit", "pre-merge-commit", "prepare-commit-msg"];

/// git in the stream's worktree, which succeeds whatever is found.
#[track_caller]
fn git(held: &Held, args: &[&str]) -> Ran {
    let ran = held.try_git(args);
    assert_eq!(ran.status(), 0, "{}", ran.block());
    ran
}

/// A branch off the base that changes what is another stream's.
fn topic(held: &Held) {
    held.sandbox.git(&["switch", "-q", "-c", "topic", "main"]);
    held.on_main("src/ui/app.js", "topic\n");
    held.sandbox.git(&["switch", "-q", "main"]);
}

/// The kinds of the open questions.
fn questions(held: &Held) -> Vec<String> {
    let inbox = held.sandbox.run(["inbox", "--json"]).json();
    let questions = inbox["escalations"].as_array().unwrap();
    let kinds = questions
        .iter()
        .map(|one| one["kind"].as_str().unwrap().to_owned());
    kinds.collect()
}

fn is_tainted(held: &Held) -> bool {
    let record = held
        .sandbox
        .git(&["show", "refs/stream/ledger:streams/api.toml"]);
    let is_marked = record.contains("\ntainted = ");
    assert_eq!(questions(held).len(), usize::from(is_marked));
    is_marked
}

fn ledger(held: &Held) -> String {
    held.sandbox.git(&["rev-parse", "refs/stream/ledger"])
}

#[test]
fn a_commit_that_got_past_is_told_once_and_what_cleans_it_takes_the_mark_away() {
    let held = unguarded();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    held.write("src/ui/app.js", "theirs\n");
    assert_snapshot!(git(&held, &["commit", "-qam", "Theirs"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -qam Theirs
    --- stderr ---
    warning: 1 of the 2 commits of stream 'api' changes what it may not: 1 of ui (held by a2)
      of ui (held by a2):
        src/ui/app.js in $oid1 (Theirs)
      nothing was undone, but nothing of the stream lands until its history is clean
    hint: Go back to the last clean commit with `git reset --soft $oid2`; the index and the files keep their content.
    hint: Take what is not the stream's out of the index with `git stream guard unstage`, before committing again.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take it out of the commits with `git rebase -i $oid3`.
    [status 0]
    ");
    assert!(is_tainted(&held));
    assert_eq!(questions(&held), ["tainted"]);
    assert_snapshot!(held.sandbox.run(["inbox", "tainted-api"]).block(), @r"
    $ git stream inbox tainted-api
    How shall the history of api become clean? 1 of the 2 commits of stream 'api' changes what it may not: 1 of ui (held by a2)

    id:      tainted-api
    kind:    tainted
    streams: api
    raised:  $AGO by a1
    commit:  $OID1
    base:    $OID3
    paths:   src/ui/app.js

    evidence:
      1 of the 2 commits of stream 'api' changes what it may not: 1 of ui (held by a2)
      of ui (held by a2):
        src/ui/app.js in $oid1 (Theirs)

    choices:
      1. Go back to the last clean commit with `git reset --soft $oid2`; the index and the files keep their content.
      2. Take what is not the stream's out of the index with `git stream guard unstage`, before committing again.
      3. Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
      4. Take it out of the commits with `git rebase -i $oid3`.
    [status 0]
    ");

    // Amending or adding does not make it clean, and nobody is asked again.
    held.without(&REFUSING);
    held.write("src/api/lib.rs", "more\n");
    held.git(&["commit", "-q", "--amend", "-am", "Amended"]);
    held.without(&REFUSING);
    held.git(&["commit", "-q", "--allow-empty", "-m", "More"]);
    assert!(is_tainted(&held));

    // As the hints have it.
    held.git(&["reset", "-q", "--soft", "HEAD~2"]);
    assert_eq!(held.guard(&["unstage"]).stdout(), "src/ui/app.js\n");
    assert_snapshot!(git(&held, &["commit", "-qm", "Clean"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -qm Clean
    --- stderr ---
    the history of 'api' is clean again
    [status 0]
    ");
    assert!(!is_tainted(&held));
    assert_eq!(held.guard(&["range", "main..HEAD"]).status(), 0);
    assert_snapshot!(
        held.sandbox.git(&["log", "--format=%s", "-5", "--grep=taint", "refs/stream/ledger"]), @r"
        untaint api: its history is clean again
        taint api: 2 of the 3 commits of stream 'api' change what it may not: 2 of ui (held by a2)
        taint api: 1 of the 2 commits of stream 'api' changes what it may not: 1 of ui (held by a2)
        taint api: 1 of the 2 commits of stream 'api' changes what it may not: 1 of ui (held by a2)
        "
    );
}

#[test]
fn a_clean_history_costs_no_word_and_no_entry_in_the_log() {
    let held = Held::new();
    let before = ledger(&held);
    held.write("src/api/lib.rs", "mine\n");
    let quiet = |args: &[&str]| assert_eq!(git(&held, args).stderr(), "", "{args:?}");
    quiet(&["commit", "-qam", "Mine"]);
    quiet(&["commit", "-q", "--amend", "--no-edit"]);
    held.on_main("src/ui/app.js", "landed\n");
    quiet(&["merge", "-q", "--no-edit", "main"]);
    held.on_main("src/ui/app.js", "again\n");
    quiet(&["rebase", "-q", "main"]);
    quiet(&["switch", "-q", "--detach"]);
    quiet(&["switch", "-q", "stream/api"]);
    quiet(&["checkout", "-q", "HEAD~1", "--", "src/ui/app.js"]);
    assert_eq!(ledger(&held), before);
}

/// A stream in which something happens between git's last question and its commit: what the
/// user's own `commit-msg` does. Whoever reads the ledger from then on, fails.
fn meanwhile(does: &str) -> Held {
    let sandbox = Sandbox::new();
    sandbox.script(".git/hooks/commit-msg", "#!/bin/sh\n");
    let held = Held::of(sandbox);
    let own = format!(
        "#!/bin/sh
        set -e
        common=$(git rev-parse --path-format=absolute --git-common-dir)
        tree=$(git rev-parse 'refs/stream/ledger^{{tree}}')
        rm -f $common/objects/$(echo $tree | cut -c1-2)/$(echo $tree | cut -c3-)
        {does}\n"
    );
    // The first commit looks at what the base has got; those after it can be foreseen.
    git(&held, &["commit", "-q", "--allow-empty", "-m", "First"]).succeeded();
    held.sandbox.script(".git/hooks/commit-msg", &own);
    held.write("src/api/lib.rs", "mine\n");
    held
}

const CANNOT_TELL: &str = "cannot tell whether the history is clean";

#[test]
fn a_commit_that_was_foreseen_is_not_judged_again() {
    let held = meanwhile("");
    assert_eq!(git(&held, &["commit", "-qam", "Mine"]).stderr(), "");
    let another = held.try_git(&["commit", "-q", "--amend", "--no-edit"]);
    assert_eq!(another.status(), 1, "{}", another.block());
}

#[test]
fn a_commit_is_judged_again_where_something_else_is_not_as_it_was() {
    for does in [
        "git update-ref refs/stream/ledger HEAD",
        "git update-ref refs/heads/main $(git commit-tree -p main -m Other main^{tree})",
        "mv $common/git-stream/hooks/pre-push $common/git-stream/hooks/pre-push.old",
        "git update-ref refs/heads/stream/other HEAD
         git symbolic-ref HEAD refs/heads/stream/other",
    ] {
        let held = meanwhile(does);
        let said = git(&held, &["commit", "-qam", "Mine"]).stderr();
        assert!(said.contains(CANNOT_TELL), "{does}: {said}");
    }
}

#[test]
fn a_commit_that_is_not_the_one_foreseen_is_judged() {
    let held = meanwhile("");
    held.sandbox.script(
        ".git/hooks/post-commit",
        "#!/bin/sh\nGIT_DIR=$(git rev-parse --git-dir) exec git update-ref HEAD \
         $(git commit-tree -p HEAD -m Other HEAD^{tree})\n",
    );
    let said = git(&held, &["commit", "-qam", "Mine"]).stderr();
    assert!(said.contains(CANNOT_TELL), "{said}");
}

#[test]
fn a_fast_forward_to_foreign_work_is_told() {
    let held = Held::new();
    topic(&held);
    assert!(
        git(&held, &["merge", "-q", "--ff-only", "topic"])
            .stderr()
            .contains("src/ui/app.js")
    );
    assert!(is_tainted(&held));
}

#[test]
fn what_a_resolved_merge_brings_is_judged_with_it() {
    let held = unguarded();
    topic(&held);
    held.sandbox.git(&["switch", "-q", "topic"]);
    held.on_main("src/api/lib.rs", "topic\n");
    held.sandbox.git(&["switch", "-q", "main"]);
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    assert_eq!(held.try_git(&["merge", "-q", "topic"]).status(), 1);
    // The result is clean, but not what led there.
    held.write("src/api/lib.rs", "both\n");
    held.git(&["checkout", "-q", "HEAD", "--", "src/ui/app.js"]);
    held.git(&["add", "src/api/lib.rs"]);
    let commit = git(&held, &["commit", "-q", "--no-edit"]);
    assert!(
        commit.stderr().contains("src/ui/app.js"),
        "{}",
        commit.block()
    );
    assert!(is_tainted(&held));
}

#[test]
fn a_branch_that_is_set_elsewhere_is_told_and_so_is_its_way_back() {
    let held = Held::new();
    topic(&held);
    let tip = held.tip();
    let away = git(&held, &["checkout", "-q", "-B", "stream/api", "topic"]);
    assert!(away.stderr().contains("src/ui/app.js"), "{}", away.block());
    assert!(is_tainted(&held));
    let back = git(&held, &["checkout", "-q", "-B", "stream/api", tip.trim()]);
    assert_eq!(back.stderr(), "the history of 'api' is clean again\n");
    assert!(!is_tainted(&held));
}

#[test]
fn a_history_of_its_own_is_told() {
    let held = Held::new();
    let orphan = held.git(&["commit-tree", "-m", "Orphan", "HEAD^{tree}"]);
    let away = git(
        &held,
        &["checkout", "-q", "-B", "stream/api", orphan.trim()],
    );
    assert_snapshot!(away.block(), @r"
    $ cd $ROOT/repo.streams/api && git checkout -q -B stream/api $OID1
    --- stderr ---
    warning: commit $OID1 has no parent, so it does not come from the base
      nothing was undone, but nothing of the stream lands until its history is clean
    hint: Put the work onto the base with `git stream sync`, or look at what is there with `git log --oneline --graph --all`.
    [status 0]
    ");
    assert!(is_tainted(&held));
}

#[test]
fn a_rebase_that_drops_the_breach_takes_the_mark_away() {
    for backend in ["--merge", "--apply"] {
        let held = unguarded();
        held.write("src/ui/app.js", "theirs\n");
        held.git(&["commit", "-qam", "Theirs"]);
        held.without(&REFUSING);
        held.write("src/api/lib.rs", "mine\n");
        held.git(&["commit", "-qam", "Mine"]);
        assert!(is_tainted(&held));
        held.on_main("README.md", "landed\n");
        held.git(&["rebase", "-q", backend, "--onto", "main", "HEAD~1"]);
        assert!(!is_tainted(&held), "{backend}");
    }
}

#[test]
fn the_users_own_hook_runs_first_and_its_status_counts() {
    let talks = "#!/bin/sh\necho \"own ${0##*/} $*\" >&2\ncat >&2\nexit 3\n";
    let held = Held::new();
    topic(&held);
    for name in ["post-commit", "post-merge", "post-rewrite", "post-checkout"] {
        held.sandbox.script(format!(".git/hooks/{name}"), talks);
    }
    let tip = held.tip();
    // git takes the status of this one for its own.
    let away = held.try_git(&["checkout", "-q", "-B", "stream/api", "topic"]);
    assert_snapshot!(away.block(), @r"
    $ cd $ROOT/repo.streams/api && git checkout -q -B stream/api topic
    --- stderr ---
    own post-checkout $OID1 $OID2 1
    warning: the commit of stream 'api' changes what it may not: 1 of ui (held by a2)
      of ui (held by a2):
        src/ui/app.js in $oid2 (On main)
      nothing was undone, but nothing of the stream lands until its history is clean
    hint: Go back to the last clean commit with `git reset --soft $oid1`; the index and the files keep their content.
    hint: Take what is not the stream's out of the index with `git stream guard unstage`, before committing again.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take it out of the commits with `git rebase -i $oid1`.
    [status 1]
    ");
    let back = held.try_git(&["checkout", "-q", "-B", "stream/api", tip.trim()]);
    assert_eq!(back.status(), 1, "{}", back.block());
    held.write("src/api/lib.rs", "mine\n");
    assert_eq!(
        git(&held, &["commit", "-qam", "Mine"]).stderr(),
        "own post-commit \n"
    );
    let amend = git(&held, &["commit", "-q", "--amend", "-m", "Amended"]).stderr();
    assert!(amend.contains("own post-rewrite amend\n"), "{amend}");
    assert!(
        amend.contains(held.tip().trim()),
        "it gets its stdin: {amend}"
    );
}

#[test]
fn no_failure_of_ours_is_a_failure_of_git() {
    let held = Held::new();
    let blob = held.git(&["rev-parse", "HEAD:README.md"]);
    fs::write(held.sandbox.repo().join(".git/refs/stream/ledger"), blob).unwrap();
    let switch = git(&held, &["checkout", "-q", "-B", "stream/api", "main"]);
    let warning = "warning: cannot tell whether the history is clean: ";
    assert!(switch.stderr().starts_with(warning), "{}", switch.block());
}

#[test]
fn a_move_that_runs_no_hook_is_found_by_looking() {
    let held = Held::new();
    held.slipped_by("src/ui/app.js", "theirs\n");
    assert!(!is_tainted(&held));
    let verify = |args: &[&str]| {
        let words = std::iter::once("verify").chain(args.iter().copied());
        held.sandbox.run(words).in_dir(&held.api).go()
    };
    assert_snapshot!(verify(&[]).block(), @"
    $ cd $ROOT/repo.streams/api && git stream verify
    the commit of stream 'api' changes what it may not: 1 of ui (held by a2)
    of ui (held by a2):
      src/ui/app.js in $oid1 (Slipped by)
    --- stderr ---
    hint: Go back to the last clean commit with `git reset --soft $oid2`; the index and the files keep their content.
    hint: Take what is not the stream's out of the index with `git stream guard unstage`, before committing again.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take it out of the commits with `git rebase -i $oid2`.
    [status 1]
    ");
    assert!(is_tainted(&held));
    let ledger_then = ledger(&held);
    assert_eq!(verify(&["--json"]).json()["paths"][0], "src/ui/app.js");
    assert_eq!(verify(&["--tip", "HEAD~1", "--json"]).json()["clean"], true);
    assert_ne!(ledger(&held), ledger_then);
    held.slipped_by("src/ui/app.js", "theirs again\n");
    assert_eq!(verify(&["api"]).status(), 1);

    held.git(&["reset", "-q", "--hard", "main"]);
    assert!(is_tainted(&held));
    assert_snapshot!(verify(&["api"]).block(), @"
    $ cd $ROOT/repo.streams/api && git stream verify api
    the history of 'api' is clean again
    [status 0]
    ");
    assert!(!is_tainted(&held));
    assert_snapshot!(verify(&["--json"]).block(), @r#"
    $ cd $ROOT/repo.streams/api && git stream verify --json
    {"version":1,"stream":"api","tip":"$OID2","clean":true,"was_tainted":false,"why":null,"paths":null}
    [status 0]
    "#);
    assert_snapshot!(verify(&["--tip", "nowhere"]).block(), @"
    $ cd $ROOT/repo.streams/api && git stream verify --tip nowhere
    --- stderr ---
    error: 'nowhere' names no commit
    hint: See what git makes of it with `git rev-parse 'nowhere'`.
    [status 2]
    ");
}

#[test]
fn a_sync_takes_the_mark_away_where_the_breach_is_gone() {
    let held = Held::new();
    held.slipped_by("src/ui/app.js", "theirs\n");
    assert_ne!(held.sandbox.run(["verify", "api"]).status(), 0);
    let sync = || held.sandbox.run(["sync", "api"]).agent("a1").go();
    assert_snapshot!(sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api is up to date: 1 commit on main $oid1
    --- stderr ---
    its history breaks the rule still: the commit of stream 'api' changes what it may not: 1 of ui (held by a2)
    [status 0]
    ");
    held.git(&["reset", "-q", "--hard", "main"]);
    assert_snapshot!(sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api is up to date: 0 commits on main $oid1
    --- stderr ---
    the history of 'api' is clean again
    [status 0]
    ");
    assert!(!is_tainted(&held));
}

#[test]
fn what_cannot_be_recorded_is_told() {
    let held = Held::new();
    topic(&held);
    let objects = held.sandbox.repo().join(".git/refs/stream/ledger.lock");
    fs::write(&objects, "").unwrap();
    let away = git(&held, &["checkout", "-q", "-B", "stream/api", "topic"]);
    assert_snapshot!(away.block(), @"
    $ cd $ROOT/repo.streams/api && git checkout -q -B stream/api topic
    --- stderr ---
    warning: the commit of stream 'api' changes what it may not: 1 of ui (held by a2)
      of ui (held by a2):
        src/ui/app.js in $oid1 (On main)
      nothing was undone, but nothing of the stream lands until its history is clean
    hint: Go back to the last clean commit with `git reset --soft $oid2`; the index and the files keep their content.
    hint: Take what is not the stream's out of the index with `git stream guard unstage`, before committing again.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take it out of the commits with `git rebase -i $oid2`.
    warning: what was found in the history of 'api' could not be recorded: `git --git-dir $ROOT/repo/.git -c core.fsync=committed -c core.hooksPath=/dev/null update-ref -m 'stream: taint api: the commit of stream 'api' changes what it may not: 1 of ui (held by a2)' --stdin -z` failed with exit status 128
    hint: Look again, and record it, with `git stream verify api`.
    [status 0]
    ");
}
