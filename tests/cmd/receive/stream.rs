//! Which moves of a stream's branch does a server take?

use insta::assert_snapshot;

use super::Server;
use crate::support::Sandbox;

const API: &str = "refs/heads/stream/api";

#[test]
fn own_work_is_taken_and_foreign_is_refused_with_its_owner() {
    let server = Server::new();
    let clean = server.own("mine\n");
    server.accepts(&["stream/api"]);
    assert_eq!(server.tip(API), clean);
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    let block = server.refuses(&["stream/api"], "src/ui/app.js");
    assert_snapshot!(block, @"
    $ cd $ROOT/repo.streams/api && git push -q --no-verify origin stream/api
    --- stderr ---
    remote: error: 'stream/api' is refused: 1 of the 2 commits of stream 'api' changes what it may not: 1 of ui (held by a2)
    remote:   of ui (held by a2):
    remote:     src/ui/app.js in $oid1 (Slipped by)
    remote: hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    remote: hint: Take it out of the commits with `git rebase -i $oid2`.
    To file://$ROOT/remote.git
     ! [remote rejected] stream/api -> stream/api (pre-receive hook declined)
    error: failed to push some refs to 'file://$ROOT/remote.git'
    [status 1]
    ");
    assert_eq!(server.tip(API), clean);
}

#[test]
fn ids_may_be_longer() {
    let server = Server::of(Sandbox::sha256());
    assert_eq!(server.own("mine\n").len(), 64);
    server.accepts(&["stream/api"]);
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    server.refuses(&["stream/api"], "src/ui/app.js");
    server.refuses(&[":stream/api"], "a1 holds stream 'api'");
}

#[test]
fn every_way_to_bring_a_commit_is_judged() {
    let server = Server::new();
    server.own("mine\n");
    server.accepts(&["stream/api"]);
    let evil = server.held.slipped_by("src/ui/app.js", "theirs\n");
    for args in [
        &["stream/api"][..],
        &["--force", "stream/api"],
        &["--force-with-lease", "stream/api"],
        &["--atomic", "stream/api"],
        &["stream/api:stream/ui"],
        &["stream/api:refs/heads/stream/docs"],
        &[&format!("{evil}:{API}")],
        &["--all"],
        &["--mirror"],
    ] {
        server.refuses(args, "src/");
    }
    // What is on no stream's branch is nobody's.
    server.accepts(&["stream/api:refs/heads/other"]);
}

#[test]
fn one_bad_ref_refuses_the_push_with_every_reason() {
    let server = Server::new();
    server.own("mine\n");
    let main = server.sandbox().commit("On main", &[("docs/x.md", "x\n")]);
    server.held.git(&["branch", "fine"]);
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    let block = server.refuses(
        &[
            "main",
            "fine",
            "stream/api",
            "stream/api:stream/x/y",
            ":refs/stream/ledger",
        ],
        "3 of 5",
    );
    assert_snapshot!(block, @"
    $ cd $ROOT/repo.streams/api && git push -q --no-verify origin main fine stream/api stream/api:stream/x/y :refs/stream/ledger
    --- stderr ---
    remote: error: 'refs/stream/ledger' is refused: the ledger is never deleted
    remote: error: 'stream/api' is refused: 1 of the 2 commits of stream 'api' changes what it may not: 1 of ui (held by a2)
    remote:   of ui (held by a2):
    remote:     src/ui/app.js in $oid1 (Slipped by)
    remote: error: 'stream/x/y' is refused: refs/heads/stream/x/y is among the branches of streams, and no stream can have that name
    remote: hint: Get the server's ledger with `git fetch REMOTE refs/stream/ledger:refs/stream/theirs`, and see what it has with `git log refs/stream/theirs`.
    remote: hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    remote: hint: Take it out of the commits with `git rebase -i $oid2`.
    remote: hint: Push it under a name that does not begin with 'stream/', as in `git push REMOTE HEAD:refs/heads/NAME`.
    remote: 3 of 5 refs are refused, so none of them was moved
    To file://$ROOT/remote.git
     ! [remote rejected] main -> main (pre-receive hook declined)
     ! [remote rejected] refs/stream/ledger (pre-receive hook declined)
     ! [remote rejected] fine -> fine (pre-receive hook declined)
     ! [remote rejected] stream/api -> stream/api (pre-receive hook declined)
     ! [remote rejected] stream/api -> stream/x/y (pre-receive hook declined)
    error: failed to push some refs to 'file://$ROOT/remote.git'
    [status 1]
    ");
    assert_ne!(server.tip("main"), main);
}

#[test]
fn many_clean_refs_are_taken_at_once() {
    let server = Server::new();
    server.own("mine\n");
    let mut refs: Vec<String> = (0..300)
        .map(|n| format!("stream/api:refs/heads/b/{n}"))
        .collect();
    refs.extend(["stream/api".to_owned(), "stream/ui".to_owned()]);
    let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
    server.accepts(&[&["--atomic"], refs.as_slice()].concat());
}

#[test]
fn merges_of_the_base_pass_and_evil_ones_do_not() {
    let server = Server::new();
    server.own("mine\n");
    server.held.on_main("src/ui/app.js", "on main\n");
    server.accepts(&["main"]);
    let clean = server.held.tip();
    server.held.git(&["merge", "-q", "--no-edit", "main"]);
    server.accepts(&["stream/api"]);
    let unguarded = ["-c", "core.hooksPath=/dev/null"];
    let evil: [&[&str]; 2] = [
        &["merge", "-q", "-s", "ours", "--no-edit", "main"],
        &["merge", "-q", "--no-commit", "--no-ff", "main"],
    ];
    for (at, merge) in evil.iter().enumerate() {
        server.reset(clean.trim());
        server.held.git(&[&unguarded, *merge].concat());
        if at == 1 {
            server.held.write("src/ui/app.js", "evil\n");
            server
                .held
                .git(&[&unguarded[..], &["commit", "-qam", "Merge"]].concat());
        }
        server.refuses(&["--force", "stream/api"], "src/ui/app.js");
    }
}

#[test]
fn what_is_taken_back_later_is_in_the_history_all_the_same() {
    let server = Server::new();
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    server.held.git(&[
        "-c",
        "core.hooksPath=/dev/null",
        "revert",
        "--no-edit",
        "HEAD",
    ]);
    server.refuses(&["stream/api"], "Slipped by");
}

#[test]
fn a_branch_is_not_judged_by_a_base_that_the_same_push_brings() {
    let server = Server::new();
    server.held.on_main("src/ui/app.js", "on main\n");
    server.held.git(&["rebase", "-q", "main"]);
    server.own("mine\n");
    server.refuses(&["main", "stream/api"], "src/ui/app.js");
    server.accepts(&["main"]);
    server.accepts(&["stream/api"]);
}

#[test]
fn a_rewind_of_a_held_branch_loses_nothing() {
    let server = Server::new();
    let first = server.own("one\n");
    let second = server.own("two\n");
    server.accepts(&["stream/api"]);
    // A plain rewind, and other work on the same base.
    server.reset(&first);
    let block = server.refuses(&["--force", "stream/api"], "lose 1 commit");
    assert_snapshot!(block, @"
    $ cd $ROOT/repo.streams/api && git push -q --no-verify origin --force stream/api
    --- stderr ---
    remote: error: 'stream/api' is refused: the branch of stream 'api' (held by a1) would lose 1 commit that the base does not have
    remote: hint: Get what is there with `git fetch REMOTE stream/api`, and change it by a commit on top.
    remote: hint: Put the commits onto the newest base with `git stream sync api`; a branch that moves to a newer base may leave its old commits behind.
    To file://$ROOT/remote.git
     ! [remote rejected] stream/api -> stream/api (pre-receive hook declined)
    error: failed to push some refs to 'file://$ROOT/remote.git'
    [status 1]
    ");
    server.own("other\n");
    server.refuses(&["--force", "stream/api"], "lose 1 commit");
    // The same content in one commit.
    server.reset(&second);
    server.held.git(&["reset", "-q", "--soft", "main"]);
    server.held.git(&["commit", "-qm", "Both"]);
    server.accepts(&["--force", "stream/api"]);
    // A rebase onto a newer base, and back again.
    let old = server.held.tip();
    server.held.on_main("README.md", "newer\n");
    server.accepts(&["main"]);
    server.held.git(&["rebase", "-q", "main"]);
    server.accepts(&["--force", "stream/api"]);
    server.reset(old.trim());
    server.refuses(
        &["--force", "stream/api"],
        "go back to an older base and lose 1 commit",
    );
}

#[test]
fn a_rewind_that_mends_what_slipped_by_before_is_taken() {
    let server = Server::new();
    let clean = server.own("one\n");
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    let hook = server.bare.join("hooks/pre-receive");
    let text = std::fs::read(&hook).unwrap();
    std::fs::remove_file(&hook).unwrap();
    server.accepts(&["stream/api"]);
    server
        .sandbox()
        .script(&hook, std::str::from_utf8(&text).unwrap());
    // It does not grow further, and it may go back.
    let unguarded = ["-c", "core.hooksPath=/dev/null"];
    server.held.write("src/api/lib.rs", "two\n");
    server
        .held
        .git(&[&unguarded[..], &["commit", "-qam", "On top"]].concat());
    server.refuses(&["stream/api"], "src/ui/app.js");
    server.reset(&clean);
    server.accepts(&["--force", "stream/api"]);
}

#[test]
fn the_branch_of_a_held_stream_is_not_deleted() {
    let server = Server::new();
    server.own("one\n");
    server.accepts(&["stream/api"]);
    server.git(&["config", "receive.denyDeletes", "false"]);
    let block = server.refuses(&[":stream/api"], "a1 holds stream 'api'");
    assert_snapshot!(block, @"
    $ cd $ROOT/repo.streams/api && git push -q --no-verify origin :stream/api
    --- stderr ---
    remote: error: 'stream/api' is refused: a1 holds stream 'api', so its branch is not deleted
    remote: hint: Give the stream back first, with `git stream release api`, and push the ledger together with the deletion.
    To file://$ROOT/remote.git
     ! [remote rejected] stream/api (pre-receive hook declined)
    error: failed to push some refs to 'file://$ROOT/remote.git'
    [status 1]
    ");
    // Released, and told so by the same push.
    server.sandbox().run(["release", "api"]).go().succeeded();
    let args = ["push", "-q", "origin", "refs/stream/ledger", ":stream/api"];
    server.sandbox().git(&args);
    assert!(!server.refs().contains(API));
}

#[test]
fn nobodys_branch_may_be_rewound() {
    let server = Server::new();
    let first = server.own("one\n");
    server.own("two\n");
    server.accepts(&["stream/api"]);
    server.sandbox().run(["release", "api"]).go().succeeded();
    let back = format!("+{first}:{API}");
    let git = |args: &[&str]| server.sandbox().git(args);
    git(&["push", "-q", "origin", "refs/stream/ledger", &back]);
    assert_eq!(server.tip(API), first);
}

#[test]
fn the_plan_gives_the_scope_where_nobody_holds_the_stream() {
    let server = Server::new();
    server.held.git(&["switch", "-qc", "docs", "main"]);
    server.held.write("docs/new.md", "new\n");
    server.held.git(&["add", "--all"]);
    server
        .held
        .git(&["-c", "core.hooksPath=/dev/null", "commit", "-qm", "Docs"]);
    server.accepts(&["HEAD:refs/heads/stream/docs"]);
    server.refuses(&["HEAD:refs/heads/stream/api"], "docs/new.md");
    server.refuses(
        &["HEAD:refs/heads/stream/unheard"],
        "there is no stream 'unheard'",
    );
}

#[test]
fn a_claim_counts_that_comes_with_its_branch() {
    let server = Server::new();
    let claim = ["claim", "tools", "--agent", "a3", "--files", "tools/**"];
    let ran = server.sandbox().run(claim).go();
    ran.succeeded();
    let tools = ran.stdout().trim_end().to_owned();
    server.write(format!("{tools}/tools/run.sh"), "run\n");
    let git = |args: &[&str]| server.sandbox().git_in(tools.as_ref(), args);
    git(&["add", "--all"]);
    git(&["commit", "-qm", "Tools"]);
    let hint = "`git push REMOTE refs/stream/ledger stream/tools`";
    server.refuses(&["stream/tools"], hint);
    server.accepts(&["stream/tools", super::LEDGER]);
}

#[test]
fn other_names_of_a_branch_are_seen_through() {
    let server = Server::new();
    server.own("one\n");
    server.accepts(&["stream/api"]);
    server.git(&["symbolic-ref", "refs/heads/alias", API]);
    server.git(&["symbolic-ref", "refs/heads/alias2", "refs/heads/alias"]);
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    server.refuses(&["stream/api:alias2"], "src/ui/app.js");
    server.refuses(&[":alias"], "a1 holds stream 'api'");
    server.git(&["config", "core.ignorecase", "true"]);
    server.refuses(
        &["stream/api:refs/heads/Stream/api"],
        "no stream can have that name",
    );
    server.refuses(
        &["stream/api:refs/heads/stream"],
        "no stream can have that name",
    );
}
