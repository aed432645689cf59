//! How does `git stream exec` behave?

use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn a_command_runs_in_the_stream_with_its_identity() {
    let sandbox = Sandbox::new();
    let script = "pwd; env | grep ^GIT_STREAM | sort";
    let exec = |agent: &str| {
        let words = [
            "exec",
            "api",
            "--files",
            "src/api/**",
            "--agent",
            agent,
            "--",
            "sh",
            "-c",
            script,
        ];
        sandbox.run(words)
    };
    assert_snapshot!(exec("a1").block(), @"
    $ git stream exec api --files 'src/api/**' --agent a1 -- sh -c 'pwd; env | grep ^GIT_STREAM | sort'
    $ROOT/repo.streams/api
    GIT_STREAM=api
    GIT_STREAM_AGENT=a1
    GIT_STREAM_EPOCH=1
    GIT_STREAM_SLOT=0
    --- stderr ---
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    wrote '$ROOT/repo/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    recorded the base branch 'main'
    a1 takes api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    // The claim stays, and the next exec resumes it.
    assert_snapshot!(exec("a1").block(), @"
    $ git stream exec api --files 'src/api/**' --agent a1 -- sh -c 'pwd; env | grep ^GIT_STREAM | sort'
    $ROOT/repo.streams/api
    GIT_STREAM=api
    GIT_STREAM_AGENT=a1
    GIT_STREAM_EPOCH=1
    GIT_STREAM_SLOT=0
    --- stderr ---
    a1 holds api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    assert_snapshot!(exec("a2").block(), @"
    $ git stream exec api --files 'src/api/**' --agent a2 -- sh -c 'pwd; env | grep ^GIT_STREAM | sort'
    --- stderr ---
    error: 'api' is held by a1 in '$ROOT/repo.streams/api'
    hint: Nothing was changed. Take another stream; `git stream status` shows which are free.
    [status 4]
    ");
}

#[test]
fn the_status_is_the_command_s_own() {
    let sandbox = Sandbox::new();
    let exec = |script: &str| {
        sandbox.run([
            "exec", "api", "--files", "a/**", "--agent", "a1", "--", "sh", "-c", script,
        ])
    };
    assert_eq!(exec("exit 4").status(), 4);
    assert_eq!(exec("kill -9 $$").status(), 137);
    let words = [
        "exec",
        "api",
        "--files",
        "a/**",
        "--agent",
        "a2",
        "--busy-status",
        "75",
        "--",
        "true",
    ];
    assert_eq!(sandbox.run(words).status(), 75);
    let missing = sandbox.run(["exec", "api", "--agent", "a1", "--", "no-such-command"]);
    assert_snapshot!(missing.block(), @"
    $ git stream exec api --agent a1 -- no-such-command
    --- stderr ---
    a1 holds api: a/**
    on branch stream/api, from main $oid1
    error: cannot start 'no-such-command'
    caused by: No such file or directory (os error 2)
    hint: The claim is yours, and its worktree is there; see that the command is on PATH.
    [status 5]
    ");
}

#[test]
fn without_a_command_a_shell_is_opened() {
    let sandbox = Sandbox::new();
    let exec = sandbox.run(["exec", "api", "--files", "a/**", "--agent", "a1", "--quiet"]);
    let shell = exec.env("SHELL", "/bin/sh").stdin("pwd; exit 3\n");
    assert_snapshot!(shell.block(), @"
    $ SHELL=/bin/sh git stream exec api --files 'a/**' --agent a1 --quiet
    $ROOT/repo.streams/api
    [status 3]
    ");
}

#[test]
fn a_person_stays_a_person_in_the_shell_that_exec_opens() {
    let sandbox = Sandbox::new();
    sandbox.commit(
        "Plan",
        &[("streams.toml", "version = 1\n[land]\ncheck = \"true\"\n")],
    );
    let exec = |agent: &[&str]| {
        let words = ["exec", "api", "--files", "a/**", "--quiet"];
        let command = ["--", "git-stream-init", "--approve"];
        sandbox
            .run(words.iter().chain(agent).chain(&command))
            .status()
    };
    assert_eq!(exec(&[]), 0);
    sandbox.run(["release", "api"]).go().succeeded();
    assert_eq!(exec(&["--agent", "a1"]), 1);
}

#[test]
fn a_signal_reaches_the_command_and_its_end_is_told() {
    let sandbox = Sandbox::new();
    let script = "trap 'echo ended; exit 9' TERM; kill -TERM $PPID; \
                  for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.25; done; exit 1";
    let exec = sandbox.run([
        "exec", "api", "--files", "a/**", "-q", "--", "sh", "-c", script,
    ]);
    let ran = exec.go();
    assert_eq!((ran.status(), ran.stdout().as_str()), (9, "ended\n"));
}
