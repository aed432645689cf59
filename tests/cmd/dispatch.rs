//! How does `git stream` find a verb, and what does it say without one?

use std::path::Path;

use insta::assert_snapshot;

use crate::support::{Call, Sandbox};

fn stream(sandbox: &Sandbox, args: &[&str]) -> Call {
    sandbox.program("git-stream", args)
}

/// A copy of the dispatcher, alone in a directory.
fn alone(sandbox: &Sandbox) -> String {
    let bin = sandbox.root().join("alone");
    std::fs::create_dir_all(&bin).unwrap();
    let copy = bin.join("git-stream");
    let built = Path::new(env!("CARGO_BIN_EXE_git-stream"));
    // Another process copies: a file open for writing here could not be started.
    let ran = sandbox.program("cp", [built, &copy]).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    copy.to_str().unwrap().to_owned()
}

#[test]
fn git_hands_a_verb_to_its_program() {
    let sandbox = Sandbox::new();
    let direct = sandbox.run(["plan", "--json"]).go();
    let through = sandbox.program("git", ["stream", "plan", "--json"]).go();
    assert_eq!(through.stdout(), direct.stdout());
    assert_eq!(through.status(), direct.status());
}

#[test]
fn a_program_beside_it_goes_before_one_on_path() {
    let sandbox = Sandbox::empty();
    let program = alone(&sandbox);
    sandbox.script(
        "../tools/git-stream-hello",
        "#!/bin/sh\necho from path \"$@\"; exit 7\n",
    );
    let tools = sandbox.root().join("tools");
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let call = || {
        sandbox
            .program(&program, ["hello", "a b", "-n"])
            .env("PATH", &path)
    };
    let ran = call().go();
    assert_eq!(
        (ran.status(), ran.stdout()),
        (7, "from path a b -n\n".to_owned())
    );
    sandbox.script("../alone/git-stream-hello", "#!/bin/sh\necho beside\n");
    assert_eq!(call().go().stdout(), "beside\n");
}

#[test]
fn a_directory_that_depends_on_where_one_stands_is_not_searched() {
    let sandbox = Sandbox::empty();
    sandbox.script("tools/git-stream-evil", "#!/bin/sh\necho evil\n");
    let program = alone(&sandbox);
    let path = format!("tools::{}", std::env::var("PATH").unwrap());
    for verb in ["evil", "../repo/tools/evil", "/evil", ""] {
        let ran = sandbox.program(&program, [verb]).env("PATH", &path).go();
        assert_eq!(ran.status(), 2, "{}", ran.block());
    }
}

#[test]
fn without_a_verb_it_lists_those_that_are_installed() {
    let sandbox = Sandbox::empty();
    let program = alone(&sandbox);
    for verb in ["status", "plan", "claim", "lint"] {
        sandbox.script(format!("../alone/git-stream-{verb}"), "#!/bin/sh\n");
    }
    let bare = |args: &[&str]| {
        let call = sandbox.program(&program, args).env("PATH", "/usr/bin:/bin");
        call.go()
    };
    assert_snapshot!(bare(&[]).stdout(), @r"
    usage: git stream VERB [ARGUMENTS]

    everyday
      status     Show every stream, and what needs somebody

    setting up
      plan       Check the plan before it is committed

    for scripts and agents
      claim      Take a stream and print its worktree

    added on PATH
      lint

    `git stream help VERB` opens a verb's page, `git stream VERB -h` is short.
    ");
    for same in ["-h", "--help", "help"] {
        assert_eq!(bare(&[same]).stdout(), bare(&[]).stdout());
    }
    let json = bare(&["--json"]).json();
    assert_eq!(json["verbs"][0]["verb"], "status");
    assert_eq!(json["verbs"].as_array().unwrap().len(), 4);
}

#[test]
fn an_unknown_verb_gets_the_nearest_as_a_hint() {
    let sandbox = Sandbox::empty();
    assert_snapshot!(stream(&sandbox, &["plam"]).block(), @r"
    $ git-stream plam
    --- stderr ---
    error: 'plam' is no verb of git stream
    hint: Did you mean `git stream plan`?
    hint: See every verb with `git stream`.
    [status 2]
    ");
    assert_snapshot!(stream(&sandbox, &["plam", "--json"]).block(), @r#"
    $ git-stream plam --json
    {"version":1,"error":{"kind":"usage","message":"'plam' is no verb of git stream","hints":["Did you mean `git stream plan`?","See every verb with `git stream`."],"evidence":{}}}
    [status 2]
    "#);
    assert_snapshot!(stream(&sandbox, &["--frobnicate"]).block(), @r"
    $ git-stream --frobnicate
    --- stderr ---
    error: '--frobnicate' is no option of git stream
    hint: Options follow their verb, as in `git stream status --json`.
    hint: See every verb with `git stream`.
    [status 2]
    ");
}

#[test]
fn a_verb_whose_program_is_gone_is_a_broken_installation() {
    let sandbox = Sandbox::empty();
    let program = alone(&sandbox);
    let ran = sandbox
        .program(&program, ["status"])
        .env("PATH", "/usr/bin:/bin")
        .go();
    assert_snapshot!(ran.block(), @r"
    $ PATH=/usr/bin:/bin git-stream status
    --- stderr ---
    error: the program 'git-stream-status' is not installed
    hint: Install git stream again with `./install.sh`.
    [status 5]
    ");
}

#[test]
fn help_opens_the_page_or_else_the_verbs_own_help() {
    let sandbox = Sandbox::empty();
    let man_that_finds = |status: u8| {
        let script = format!("#!/bin/sh\n[ \"$1\" = -w ] && exit {status}\necho \"page $*\"\n");
        sandbox.script("../man/man", &script);
    };
    // Started by its path, with nothing of ours on PATH: it finds the verb beside itself.
    let built = env!("CARGO_BIN_EXE_git-stream");
    man_that_finds(0);
    let path = format!("{}:/usr/bin:/bin", sandbox.root().join("man").display());
    let help = || {
        sandbox
            .program(built, ["help", "plan"])
            .env("PATH", &path)
            .go()
    };
    assert_eq!(help().stdout(), "page git-stream-plan\n");
    man_that_finds(16);
    assert_eq!(
        help().stdout(),
        sandbox.run(["plan", "--help"]).go().stdout()
    );
    let ran = sandbox
        .program(built, ["help", "plam"])
        .env("PATH", &path)
        .go();
    assert_eq!(ran.status(), 2);
}

#[test]
fn the_version_is_that_of_the_package() {
    let sandbox = Sandbox::empty();
    let version = format!("git stream {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(stream(&sandbox, &["--version"]).go().stdout(), version);
}
