//! What happens where the remote is away, says no, or has lost the ledger?

use std::fs;

use insta::assert_snapshot;

use super::fleet::{Fleet, without_ids};

#[test]
fn without_the_remote_nothing_is_claimed_and_work_goes_on() {
    let fleet = Fleet::new();
    let machine = fleet.ready_machine("one");
    let claim = ["claim", "api", "--files", "src/api/**"];
    fleet.on(&machine, &claim).agent("a1").go().succeeded();
    let away = fleet.sandbox.root().join("away.git");
    fs::rename(&fleet.remote, &away).unwrap();
    let second = ["claim", "ui", "--files", "src/ui/**"];
    assert_snapshot!(fleet.on(&machine, &second).agent("a2").block(), @r#"
    $ cd $ROOT/one && GIT_STREAM_AGENT=a2 git stream claim ui --files 'src/ui/**'
    --- stderr ---
    error: the ledger's remote 'origin' does not answer
    caused by: `git --git-dir $ROOT/one/.git -c core.hooksPath=/dev/null -c push.gpgSign=false push --porcelain --no-verify --no-follow-tags --recurse-submodules=no --no-progress …` failed with exit status 128
    git: fatal: '$ROOT/remote.git' does not appear to be a git repository
    git: fatal: Could not read from remote repository.
    git: Please make sure you have the correct access rights
    git: and the repository exists.
    hint: Nothing was changed; see what is wrong with `git ls-remote origin`.
    hint: Committing in a stream that is yours, `git stream status` and `git stream guard` work without it.
    [status 5]
    "#);
    let release = fleet.on(&machine, &["release", "api"]).agent("a1");
    assert_eq!(release.status(), 5);
    // What is one's own goes on: committing, looking.
    let worktree = fleet.sandbox.root().join("one.streams/api");
    fs::write(worktree.join("src/api/lib.rs"), "// 43\n").unwrap();
    fleet
        .sandbox
        .git_in(&worktree, &["commit", "--quiet", "-am", "Answer"]);
    assert_eq!(fleet.on(&machine, &["status"]).status(), 0);
    fs::rename(&away, &fleet.remote).unwrap();
    fleet.on(&machine, &second).agent("a2").go().succeeded();
    assert_eq!(fleet.claims(), 2);
}

#[test]
fn a_remote_that_says_no_is_not_asked_again() {
    let fleet = Fleet::new();
    let machine = fleet.ready_machine("one");
    fleet.hook("pre-receive", "echo 'refs are frozen today' >&2; exit 1");
    let claim = ["claim", "api", "--files", "src/api/**"];
    assert_snapshot!(fleet.on(&machine, &claim).agent("a1").block(), @r#"
    $ cd $ROOT/one && GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: the remote 'origin' does not take refs/stream/ledger: [remote rejected] (pre-receive hook declined): refs are frozen today
    hint: Nothing was changed; where a server takes no refs but branches, set `ledger = "refs/heads/stream-ledger"` in the plan.
    [status 5]
    "#);
    fleet.hook("pre-receive", "exit 0");
    fleet.on(&machine, &claim).agent("a1").go().succeeded();
    assert_eq!(fleet.claims(), 1);
}

#[test]
fn a_ledger_that_was_rewound_is_not_followed() {
    let fleet = Fleet::new();
    let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
    let claim = ["claim", "api", "--files", "src/api/**"];
    fleet.on(&one, &claim).agent("a1").go().succeeded();
    let rewind = ["update-ref", "refs/stream/ledger", "refs/stream/ledger~1"];
    fleet.sandbox.git_in(&fleet.remote, &rewind);
    let add = ["claim", "api", "--add", "docs/**"];
    let refused = fleet.on(&one, &add).agent("a1").block();
    assert_snapshot!(without_ids(&refused), @r#"
    $ cd $ROOT/one && GIT_STREAM_AGENT=a1 git stream claim api --add 'docs/**'
    --- stderr ---
    error: the ledger on 'origin' is at $oid, which does not contain $oid, the last that was acknowledged: it was rewound or rewritten
    hint: Nothing was changed; a person puts it back with `git push --force origin $OID1:refs/stream/ledger`, after a look at `git log refs/stream/remotes/origin/ledger`.
    [status 5]
    "#);
    // A machine that has not seen what was lost cannot know, and goes on.
    let other = ["claim", "ui", "--files", "src/ui/**"];
    fleet.on(&two, &other).agent("a2").go().succeeded();
    assert_eq!(fleet.on(&one, &add).agent("a1").status(), 5);
}

#[test]
fn a_ledger_that_is_gone_is_not_begun_anew() {
    let fleet = Fleet::new();
    let one = fleet.ready_machine("one");
    fleet
        .sandbox
        .git_in(&fleet.remote, &["update-ref", "-d", "refs/stream/ledger"]);
    let claim = ["claim", "api", "--files", "src/api/**"];
    assert_snapshot!(fleet.on(&one, &claim).agent("a1").block(), @r#"
    $ cd $ROOT/one && GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: the ledger refs/stream/ledger is gone from 'origin'
    hint: Nothing was changed; a person puts it back with `git push origin refs/stream/ledger:refs/stream/ledger`.
    [status 5]
    "#);
    let back = [
        "push",
        "--quiet",
        "origin",
        "refs/stream/ledger:refs/stream/ledger",
    ];
    fleet.sandbox.git_in(&one, &back);
    fleet.on(&one, &claim).agent("a1").go().succeeded();
}
