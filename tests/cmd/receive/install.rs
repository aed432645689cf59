//! How does the hook get into a server, beside what is there?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;

use super::{Server, told};
use crate::support::{Fingerprint, Ran, Sandbox};

/// Says what it was given, and refuses what is called `bad`.
const OWN: &str = "#!/bin/sh\nwhile read -r old new ref; do\n\techo \"own: $ref\" >&2\n\t[ \"$ref\" != refs/heads/bad ] || exit 7\ndone\n";

fn init(sandbox: &Sandbox, bare: &std::path::Path, args: &[&str]) -> Ran {
    let args = ["init"].iter().chain(args);
    sandbox.run(args).in_dir(bare).go()
}

#[test]
fn it_comes_and_goes_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare_remote();
    let before = Fingerprint::of(&sandbox, &bare);
    assert_snapshot!(init(&sandbox, &bare, &["--server", "--dry-run", "--base", "main"]).block(), @"
    $ cd $ROOT/remote.git && git stream init --server --dry-run --base main
    would set stream.base to 'main'
    would write the hook '$ROOT/remote.git/hooks/pre-receive'
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &bare));
    assert_snapshot!(init(&sandbox, &bare, &["--server", "--base", "main"]).block(), @"
    $ cd $ROOT/remote.git && git stream init --server --base main
    set stream.base to 'main'
    wrote the hook '$ROOT/remote.git/hooks/pre-receive'
    [status 0]
    ");
    let installed = Fingerprint::of(&sandbox, &bare);
    assert_snapshot!(init(&sandbox, &bare, &["--server"]).block(), @"
    $ cd $ROOT/remote.git && git stream init --server
    nothing to do: everything is set up
    [status 0]
    ");
    installed.assert_same(&Fingerprint::of(&sandbox, &bare));
    assert_snapshot!(init(&sandbox, &bare, &["--uninstall"]).block(), @"
    $ cd $ROOT/remote.git && git stream init --uninstall
    removed the hook '$ROOT/remote.git/hooks/pre-receive'
    removed stream.base from the configuration
    [status 0]
    ");
    assert!(!bare.join("hooks/pre-receive").exists());
    let named = ["config", "--get", "--default", "none", "stream.base"];
    assert_eq!(sandbox.git_in(&bare, &named), "none\n");
}

#[test]
fn the_servers_own_hook_runs_after_ours_with_the_same_stdin() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare_remote();
    let hook = bare.join("hooks/pre-receive");
    sandbox.script(&hook, OWN);
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o750)).unwrap();
    let server = Server {
        held: super::Held::of(sandbox),
        bare,
    };
    let sandbox = server.sandbox();
    assert_snapshot!(init(sandbox, &server.bare, &["--server"]).block(), @"
    $ cd $ROOT/remote.git && git stream init --server
    wrote the hook '$ROOT/remote.git/hooks/pre-receive'
    the repository's own runs after it, from '$ROOT/remote.git/hooks/pre-receive.own'
    [status 0]
    ");
    server.accepts(&["main", super::LEDGER]);
    server.own("mine\n");
    assert_snapshot!(told(&server.push(&["stream/api", "main:fine"])), @"
    $ cd $ROOT/repo.streams/api && git push -q --no-verify origin stream/api main:fine
    --- stderr ---
    remote: own: refs/heads/stream/api
    remote: own: refs/heads/fine
    [status 0]
    ");
    server.refuses(&["main:bad"], "own: refs/heads/bad");
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    let block = server.refuses(&["stream/api"], "src/ui/app.js");
    assert!(!block.contains("own:"), "{block}");
    init(sandbox, &server.bare, &["--uninstall"]).succeeded();
    assert_eq!(fs::read_to_string(&hook).unwrap(), OWN);
    assert_eq!(
        fs::metadata(&hook).unwrap().permissions().mode() & 0o777,
        0o750
    );
    assert!(!server.bare.join("hooks/pre-receive.own").exists());
    server.accepts(&["stream/api"]);
}

#[test]
fn a_server_calls_it_from_a_hook_of_its_own() {
    let server = Server::new();
    init(server.sandbox(), &server.bare, &["--uninstall"]).succeeded();
    let program = env!("CARGO_BIN_EXE_git-stream-receive");
    let update = format!("#!/bin/sh\n'{program}' update \"$@\" || exit 1\n");
    server
        .sandbox()
        .script(server.bare.join("hooks/update"), &update);
    let clean = server.own("mine\n");
    server.accepts(&["stream/api"]);
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    // One by one: what is fine is taken.
    let ran = server.push(&["stream/api", "main:fine"]);
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert!(ran.stderr().contains("src/ui/app.js"), "{}", ran.block());
    assert_eq!(server.tip("refs/heads/stream/api"), clean);
    server.tip("fine");
    fs::remove_file(server.bare.join("hooks/update")).unwrap();

    let hook = format!(
        "#!/bin/sh\ninput=$(cat)\nprintf '%s\\n' \"$input\" | '{program}' pre-receive || exit 1\necho own >&2\n"
    );
    server
        .sandbox()
        .script(server.bare.join("hooks/pre-receive"), &hook);
    server.refuses(&["stream/api", "main:other"], "src/ui/app.js");
    // Ours in front of one that calls us, too.
    init(server.sandbox(), &server.bare, &["--server"]).succeeded();
    server.refuses(&["stream/api"], "src/ui/app.js");
    let ran = server.push(&["main:other"]);
    assert_eq!(ran.stderr().matches("own").count(), 1, "{}", ran.block());
}

#[test]
fn hooks_of_many_repositories_and_two_at_once_are_left_alone() {
    let server = Server::new();
    let sandbox = server.sandbox();
    let own = server.bare.join("hooks/pre-receive.own");
    sandbox.script(&own, OWN);
    sandbox.script(server.bare.join("hooks/pre-receive"), OWN);
    assert_snapshot!(init(sandbox, &server.bare, &["--server"]).block(), @"
    $ cd $ROOT/remote.git && git stream init --server
    --- stderr ---
    error: there is a 'pre-receive' that is not of git stream, and '$ROOT/remote.git/hooks/pre-receive.own' as well
    hint: Nothing was changed. Look at both, and remove the one that is not needed, as in `rm '$ROOT/remote.git/hooks/pre-receive.own'`.
    [status 5]
    ");
    fs::remove_file(&own).unwrap();
    let many = sandbox.root().join("many-hooks");
    fs::create_dir(&many).unwrap();
    sandbox.git_in(
        &server.bare,
        &["config", "core.hooksPath", many.to_str().unwrap()],
    );
    assert_snapshot!(init(sandbox, &server.bare, &["--server"]).block(), @"
    $ cd $ROOT/remote.git && git stream init --server
    --- stderr ---
    error: the hooks are in '$ROOT/many-hooks', outside of this repository
    hint: Call `git stream receive pre-receive` from the `pre-receive` that is there, with the same stdin, as docs/server.md shows.
    [status 5]
    ");
    // One inside the repository is its own; a relative one counts from there.
    sandbox.git_in(&server.bare, &["config", "core.hooksPath", "my-hooks"]);
    init(sandbox, &server.bare, &["--server"]).succeeded();
    assert!(server.bare.join("my-hooks/pre-receive").exists());
    server.held.slipped_by("src/ui/app.js", "theirs\n");
    server.refuses(&["stream/api"], "src/ui/app.js");
}

#[test]
fn without_the_program_every_push_is_refused() {
    let server = Server::new();
    let hook = server.bare.join("hooks/pre-receive");
    let text = fs::read_to_string(&hook).unwrap();
    let gone = text.replace("git-stream-receive'", "gone'");
    assert_ne!(gone, text);
    server.sandbox().script(
        &hook,
        &gone.replace("command -v git-stream-receive", "false"),
    );
    let block = server.refuses(&["main:other"], "git stream is gone");
    assert_snapshot!(block, @r#"
    $ cd $ROOT/repo.streams/api && git push -q --no-verify origin main:other
    --- stderr ---
    remote: error: git stream is gone from the server, so this push cannot be checked
    remote: hint: Install it there again, or remove its hook: mv -f "hooks/pre-receive.own" "hooks/pre-receive" || rm "hooks/pre-receive"
    To file://$ROOT/remote.git
     ! [remote rejected] main -> other (pre-receive hook declined)
    error: failed to push some refs to 'file://$ROOT/remote.git'
    [status 1]
    "#);
}

#[test]
fn what_git_never_says_is_not_understood() {
    let server = Server::new();
    for (args, stdin) in [
        (&["receive", "pre-receive"][..], "x\n"),
        (&["receive", "pre-receive"], "0 1 refs/heads/main\n"),
        (&["receive", "update", "main", "0", "1"], ""),
    ] {
        let ran = server
            .sandbox()
            .run(args)
            .in_dir(&server.bare)
            .stdin(stdin)
            .go();
        assert_eq!(ran.status(), 2, "{}", ran.block());
    }
    let nothing = server.sandbox().run(["receive", "pre-receive", "--json"]);
    let nothing = nothing.in_dir(&server.bare).go();
    assert_eq!(nothing.json()["verdict"], "accept");
}
