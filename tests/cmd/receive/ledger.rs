//! Which moves of the ledger does a server take?

use insta::assert_snapshot;

use super::{LEDGER, Server};

/// A commit with this tree and these parents, that nothing points at.
fn forged(server: &Server, tree: &str, parents: &[&str]) -> String {
    let mut args = vec!["commit-tree", "-m", "Forged", tree];
    for parent in parents {
        args.extend(["-p", parent]);
    }
    server.sandbox().git(&args).trim().to_owned()
}

#[test]
fn the_ledger_grows_and_is_never_rewound_or_deleted() {
    let server = Server::new();
    server.git(&["config", "receive.denyNonFastForwards", "false"]);
    let old = server.tip(LEDGER);
    server.sandbox().run(["release", "ui"]).go().succeeded();
    server.accepts(&[LEDGER]);
    assert_ne!(server.tip(LEDGER), old);
    let back = format!("+{old}:{LEDGER}");
    let block = server.refuses(&[&back], "the ledger only grows");
    assert_snapshot!(block, @"
    $ cd $ROOT/repo.streams/api && git push -q --no-verify origin +$OID1:refs/stream/ledger
    --- stderr ---
    remote: error: 'refs/stream/ledger' is refused: the ledger only grows, and this does not descend from its newest entry $oid2
    remote: hint: Get the server's ledger with `git fetch REMOTE refs/stream/ledger:refs/stream/theirs`, and see what it has with `git log refs/stream/theirs`.
    To file://$ROOT/remote.git
     ! [remote rejected] $OID1 -> refs/stream/ledger (pre-receive hook declined)
    error: failed to push some refs to 'file://$ROOT/remote.git'
    [status 1]
    ");
    server.refuses(
        &["--force", &format!("{old}:{LEDGER}")],
        "the ledger only grows",
    );
    server.refuses(&[&format!(":{LEDGER}")], "the ledger is never deleted");
    // A deletion brings no objects, and the others of the push are refused with it.
    server.refuses(&["main:other", &format!(":{LEDGER}")], "1 of 2 refs");
}

#[test]
fn what_is_no_chain_or_cannot_be_read_is_no_ledger() {
    let server = Server::new();
    let tip = server.tip(LEDGER);
    let tree = format!("{tip}^{{tree}}");
    for (commit, reason) in [
        (forged(&server, &tree, &[]), "the ledger only grows"),
        (
            forged(&server, &tree, &[&tip, "main"]),
            "one entry after another",
        ),
        (forged(&server, "main^{tree}", &[&tip]), "is no format"),
    ] {
        server.refuses(&["--force", &format!("{commit}:{LEDGER}")], reason);
    }
    let blob = server.sandbox().git(&["rev-parse", "main:README.md"]);
    server.refuses(&["--force", &format!("{}:{LEDGER}", blob.trim())], "cannot");
    let fine = forged(&server, &tree, &[&tip]);
    server.accepts(&[&format!("{fine}:{LEDGER}")]);
}

#[test]
fn a_ledger_that_cannot_be_read_stops_streams_and_not_the_base() {
    let server = Server::new();
    let tip = server.tip(LEDGER);
    let broken = forged(&server, "main^{tree}", &[&tip]);
    let elsewhere = format!("{broken}:refs/heads/other");
    server.accepts(&[&elsewhere]);
    server.git(&["update-ref", LEDGER, &broken]);
    server.own("mine\n");
    server.refuses(&["stream/api"], "is no format");
    server.held.on_main("README.md", "newer\n");
    server.accepts(&["main"]);
    let mended = forged(&server, &format!("{tip}^{{tree}}"), &[&broken]);
    server.accepts(&[&format!("{mended}:{LEDGER}")]);
    server.accepts(&["stream/api"]);
}

#[test]
fn a_pushed_ledger_does_not_name_another_base() {
    let server = Server::new();
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    server.accepts(&["stream/api:refs/heads/easy"]);
    // Somebody records `easy` as the base, where all of the stream's commits are.
    server.sandbox().git(&["branch", "easy", "stream/api"]);
    let init = server.sandbox().run(["init", "--base", "easy"]);
    init.go().succeeded();
    server.refuses(&["stream/api", LEDGER], "src/ui/app.js");
    // Where the server itself names the base, a ledger never can.
    let init = server.sandbox().run(["init", "--server", "--base", "main"]);
    init.in_dir(&server.bare).go().succeeded();
    server.accepts(&[LEDGER]);
    server.refuses(&["stream/api"], "src/ui/app.js");
}
