//! Which objects does a server judge by, wherever they are?

use super::{LEDGER, Server};
use crate::support::Sandbox;

const API: &str = "refs/heads/stream/api";

#[test]
fn objects_are_found_loose_and_packed_in_the_quarantine() {
    for limit in ["1", "1000"] {
        let server = Server::new();
        server.git(&["config", "receive.unpackLimit", limit]);
        server.own("mine\n");
        server.accepts(&["stream/api"]);
        server.held.slipped_by("src/ui/app.js", "theirs\n");
        server.refuses(&["stream/api"], "src/ui/app.js");
        let objects = server
            .sandbox()
            .program("find", ["objects", "-name", "tmp_objdir*"]);
        assert_eq!(objects.in_dir(&server.bare).go().stdout(), "");
    }
}

#[test]
fn nothing_is_left_behind() {
    let server = Server::new();
    server.own("mine\n");
    server.accepts(&["stream/api"]);
    let left = server
        .sandbox()
        .program("find", [server.sandbox().root().join("tmp")]);
    assert_eq!(left.go().stdout().lines().count(), 1);
}

#[test]
fn replace_refs_and_grafts_of_the_server_hide_nothing() {
    let server = Server::new();
    let clean = server.own("mine\n");
    let evil = server.held.slipped_by("src/ui/app.js", "theirs\n");
    server.accepts(&["stream/api:refs/heads/other"]);
    server.git(&["replace", &evil, &clean]);
    server.refuses(&["stream/api"], "src/ui/app.js");
    server.git(&["replace", "-d", &evil]);
    let main = server.tip("main");
    server.write(
        server.bare.join("info/grafts"),
        &format!("{main} {evil}\n{evil}\n"),
    );
    server.refuses(&["stream/api"], "src/ui/app.js");
}

#[test]
fn a_pushed_replace_ref_hides_nothing_either() {
    let server = Server::new();
    let clean = server.own("mine\n");
    let evil = server.held.slipped_by("src/ui/app.js", "theirs\n");
    server.held.git(&["replace", &evil, &clean]);
    let replace = format!("refs/replace/{evil}");
    server.accepts(&[&replace]);
    server.refuses(&[&format!("{evil}:{API}")], "src/ui/app.js");
}

#[test]
fn a_server_that_borrows_objects_is_judged_by_them() {
    let server = Server::new();
    let sandbox = server.sandbox();
    // A path that has to be quoted in lists of paths.
    let odd = sandbox.root().join("a:b \"c\".git");
    let bare = server.bare.to_str().unwrap();
    sandbox.git(&[
        "clone",
        "-q",
        "--bare",
        "--shared",
        bare,
        odd.to_str().unwrap(),
    ]);
    sandbox.git_in(&odd, &["fetch", "-q", bare, &format!("{LEDGER}:{LEDGER}")]);
    sandbox
        .run(["init", "--server"])
        .in_dir(&odd)
        .go()
        .succeeded();
    server.own("mine\n");
    let url = format!("file://{}", odd.display());
    let push = ["push", "-q", "--no-verify", url.as_str(), "stream/api"];
    server.held.git(&push);
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    let ran = server.held.try_git(&push);
    assert_eq!(ran.status(), 1);
    assert!(ran.stderr().contains("src/ui/app.js"), "{}", ran.block());
}

#[test]
fn a_shallow_server_and_a_shallow_client_prove_nothing() {
    let server = Server::new();
    let sandbox = server.sandbox();
    server.own("mine\n");
    let main = server.tip("main");
    server.write(server.bare.join("shallow"), &format!("{main}\n"));
    server.refuses(&["stream/api"], "shallow");
    std::fs::remove_file(server.bare.join("shallow")).unwrap();
    server.accepts(&["stream/api"]);

    let url = format!("file://{}", server.bare.display());
    let cut = sandbox.root().join("cut");
    let clone = ["clone", "-q", "--depth=1", "-b", "stream/api", &url];
    sandbox.git(&[&clone[..], &[cut.to_str().unwrap()]].concat());
    server.git(&["config", "receive.shallowUpdate", "true"]);
    sandbox.write(cut.join("src/ui/app.js"), "theirs\n");
    sandbox.git_in(&cut, &["commit", "-qam", "Theirs"]);
    let push = sandbox.program("git", ["push", "-q", "origin", "stream/api"]);
    let ran = push.in_dir(&cut).go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert!(ran.stderr().contains("src/ui/app.js"), "{}", ran.block());
    // A history of its own, cut off where the server has nothing.
    let root = sandbox.root().join("root");
    let from = format!("file://{}", server.held.api.display());
    server.held.git(&["switch", "-q", "--orphan", "new"]);
    for n in ["1", "2"] {
        server.held.write("src/api/n.rs", n);
        server.held.git(&["add", "--all"]);
        server
            .held
            .git(&["-c", "core.hooksPath=/dev/null", "commit", "-qm", n]);
    }
    sandbox.git(&[
        "clone",
        "-q",
        "--depth=1",
        "-b",
        "new",
        &from,
        root.to_str().unwrap(),
    ]);
    let refspec = format!("new:{API}");
    let push = sandbox.program("git", ["push", "-q", "--force", &url, &refspec]);
    let ran = push.in_dir(&root).go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert!(
        ran.stderr().contains("'stream/api' is refused"),
        "{}",
        ran.block()
    );
}

#[test]
fn what_cannot_be_read_is_refused() {
    let server = Server::new();
    server.own("mine\n");
    server.accepts(&["stream/api"]);
    server.own("more\n");
    // The plan's blob is needed, and git does not look at it in a push.
    let blob = server.tip("main:streams.toml");
    let (directory, file) = blob.split_at(2);
    let path = server.bare.join("objects").join(directory).join(file);
    assert!(path.exists());
    std::fs::remove_file(&path).unwrap();
    server.refuses(&["stream/api"], "cannot read");
}

#[test]
fn a_history_of_its_own_is_refused() {
    let server = Server::of(Sandbox::new());
    server.held.git(&["switch", "-q", "--orphan", "new"]);
    server.held.write("src/api/n.rs", "n\n");
    server.held.git(&["add", "--all"]);
    server
        .held
        .git(&["-c", "core.hooksPath=/dev/null", "commit", "-qm", "New"]);
    server.refuses(&[&format!("HEAD:{API}")], "has no parent");
}
