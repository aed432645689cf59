//! What does a server say to pushes of the base, and by which base does it judge?

use insta::assert_snapshot;

use super::{LEDGER, Server, told};
use crate::support::Sandbox;

#[test]
fn people_push_to_the_base_as_ever() {
    let server = Server::new();
    let begin = server.tip("main");
    // What nobody holds, the plan itself, and a stream's own work that was merged by hand.
    server.held.on_main("README.md", "newer\n");
    server.held.on_main(
        "streams.toml",
        "version = 1\n[streams.api]\nfiles = [\"src/api/**\"]\n",
    );
    server.own("mine\n");
    server.accepts(&["stream/api"]);
    server
        .sandbox()
        .git(&["merge", "-q", "--no-ff", "--no-edit", "stream/api"]);
    let ran = server.push(&["main"]);
    assert_eq!((ran.status(), ran.stderr()), (0, String::new()));
    // The same with the stream's branch in the same push.
    server.own("more\n");
    server.sandbox().git(&["merge", "-q", "--ff", "stream/api"]);
    let ran = server.push(&["main", "stream/api"]);
    assert_eq!((ran.status(), ran.stderr()), (0, String::new()));
    // Rewinding it is git's own business.
    server.sandbox().git(&["reset", "-q", "--hard", &begin]);
    server.accepts(&["--force", "main"]);
    server.git(&["config", "receive.denyDeleteCurrent", "ignore"]);
    server.refuses(&[":main"], "so it is not deleted");
}

#[test]
fn what_a_stream_holds_is_told_of_and_taken() {
    let server = Server::new();
    server.held.on_main("src/api/lib.rs", "by hand\n");
    server.held.on_main("src/ui/app.js", "by hand\n");
    assert_snapshot!(told(&server.push(&["main"])), @"
    $ cd $ROOT/repo.streams/api && git push -q --no-verify origin main
    --- stderr ---
    remote: warning: all 2 commits change what others hold: 1 of api (held by a1), 1 of ui (held by a2)
    remote:   of api (held by a1):
    remote:     src/api/lib.rs in $oid1 (On main)
    remote:   of ui (held by a2):
    remote:     src/ui/app.js in $oid2 (On main)
    [status 0]
    ");
    assert_eq!(
        server.tip("main"),
        server.sandbox().git(&["rev-parse", "main"]).trim()
    );
}

#[test]
fn a_plan_that_broke_on_the_base_is_mended_by_a_push() {
    let server = Server::new();
    server.own("mine\n");
    let plan = |text: &str| {
        server.held.on_main("streams.toml", text);
        server.accepts(&["main"]);
    };
    plan("version = 1\nnonsense = 1\n");
    server.refuses(&["stream/api"], "nonsense");
    plan("version = 1\n");
    server.accepts(&["stream/api"]);
}

#[test]
fn without_a_base_no_stream_is_taken() {
    let server = Server::new();
    let sandbox = server.sandbox();
    let empty = sandbox.root().join("empty.git");
    let name = empty.to_str().unwrap();
    sandbox.git(&["init", "-q", "--bare", "--template=", "-b", "main", name]);
    assert_snapshot!(sandbox.run(["init", "--server"]).in_dir(&empty).block(), @"
    $ cd $ROOT/empty.git && git stream init --server
    wrote the hook '$ROOT/empty.git/hooks/pre-receive'
    --- stderr ---
    hint: There is no branch 'main' yet, and no stream's branch is accepted before there is: push it with `git push REMOTE main`.
    [status 0]
    ");
    server.own("mine\n");
    let push = |refs: &[&str]| {
        server
            .held
            .try_git(&[&["push", "-q", "--no-verify", name], refs].concat())
    };
    let ran = push(&["stream/api", LEDGER]);
    assert!(ran.stderr().contains("no branch 'main'"), "{}", ran.block());
    assert_eq!(push(&["main"]).status(), 0);
    assert_eq!(push(&["stream/api", LEDGER]).status(), 0);
}

#[test]
fn a_base_that_is_a_streams_branch_proves_nothing() {
    let server = Server::of(Sandbox::new());
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    server.git(&["config", "stream.base", "stream/api"]);
    server.refuses(&["stream/api"], "nothing tells the server");
    server.git(&["config", "stream.base", "alias"]);
    server.git(&["update-ref", "refs/heads/stream/ui", "main"]);
    server.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/stream/ui"]);
    server.refuses(&["stream/api"], "nothing tells the server");
}

#[test]
fn a_namespace_is_not_understood() {
    let server = Server::new();
    let receive = server.sandbox().run(["receive", "pre-receive"]);
    let receive = receive.in_dir(&server.bare).env("GIT_NAMESPACE", "x");
    assert_snapshot!(receive.block(), @"
    $ cd $ROOT/remote.git && GIT_NAMESPACE=x git stream receive pre-receive
    --- stderr ---
    error: git stream does not know what the refs of a git namespace mean
    hint: Use a repository of its own for streams, made with `git init --bare`.
    [status 5]
    ");
}
