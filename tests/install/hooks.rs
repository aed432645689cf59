//! What do the hooks do: with the guard, with another guard on PATH, and with none at all?

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use insta::assert_snapshot;

use crate::support::{Call, Fingerprint, Sandbox};

/// A guard that says how it was called and accepts.
const GUARD: &str = "#!/bin/sh\necho \"guard: $*\" >&2\n";
/// A path that needs care between quotes.
const PLACE: &str = "it's a \"place\"/git-stream-guard";

/// Installs the templates as `init` and `claim` do: reached only through one line of the
/// configuration, and in linked worktrees only.
fn install(sandbox: &Sandbox) {
    let guard = sandbox.repo().join("..").join(PLACE);
    let quoted = guard.to_str().unwrap().replace('\'', "'\\''");
    let hooks = sandbox.repo().join(".git/git-stream/hooks");
    let files = [
        ("pre-commit", "pre-commit"),
        ("prepare-commit-msg", "prepare-commit-msg"),
        ("pass-through", "commit-msg"),
        ("pass-through", "post-commit"),
    ];
    for (template, name) in files {
        let template = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("hooks")
            .join(template);
        let text = fs::read_to_string(template).unwrap();
        assert!(text.contains("'@GUARD@'"));
        sandbox.script(hooks.join(name), &text.replace("@GUARD@", &quoted));
    }
    let config = format!("[core]\n\thooksPath = {}\n", hooks.display());
    sandbox.write(".git/git-stream.config", config);
    sandbox.git(&[
        "config",
        "--local",
        "includeIf.gitdir:./worktrees/.path",
        "git-stream.config",
    ]);
    sandbox.git(&["worktree", "add", "--quiet", "--detach", "../linked"]);
}

/// git in the linked worktree.
fn git<const N: usize>(sandbox: &Sandbox, words: [&str; N]) -> Call {
    let call = sandbox.program("git", words);
    call.in_dir(sandbox.root().join("linked"))
}

/// A PATH with git and nothing else: the machine may have a `git-stream-guard` of its own.
fn only_git(sandbox: &Sandbox) -> String {
    let directory = sandbox.root().join("only-git");
    fs::create_dir(&directory).unwrap();
    let git = sandbox
        .program("sh", ["-c", "command -v git"])
        .go()
        .stdout();
    symlink(git.trim_end(), directory.join("git")).unwrap();
    directory.to_str().unwrap().to_owned()
}

const COMMIT: [&str; 5] = ["commit", "--quiet", "--allow-empty", "-m", "More"];

#[test]
fn each_hook_asks_the_guard_under_its_own_name() {
    let sandbox = Sandbox::new();
    sandbox.script(Path::new("..").join(PLACE), GUARD);
    install(&sandbox);
    assert_snapshot!(git(&sandbox, COMMIT).block(), @r"
    $ cd $ROOT/linked && git commit --quiet --allow-empty -m More
    --- stderr ---
    guard: pre-commit
    guard: prepare-commit-msg $ROOT/repo/.git/worktrees/linked/COMMIT_EDITMSG message
    guard: commit-msg $ROOT/repo/.git/worktrees/linked/COMMIT_EDITMSG
    guard: post-commit
    [status 0]
    ");
}

#[test]
fn a_refusal_reaches_git() {
    for refuser in ["pre-commit", "prepare-commit-msg"] {
        let sandbox = Sandbox::new();
        let refusal = format!("#!/bin/sh\n[ \"$1\" != {refuser} ]\n");
        sandbox.script(Path::new("..").join(PLACE), &refusal);
        install(&sandbox);
        let tip = git(&sandbox, ["rev-parse", "HEAD"]).go().stdout();
        assert_eq!(git(&sandbox, COMMIT).status(), 1, "{refuser}");
        let now = git(&sandbox, ["rev-parse", "HEAD"]).go().stdout();
        assert_eq!(now, tip, "{refuser}");
    }
}

#[test]
fn an_unverified_commit_still_meets_the_second_hook() {
    let sandbox = Sandbox::new();
    sandbox.script(Path::new("..").join(PLACE), GUARD);
    install(&sandbox);
    let commit = [
        "commit",
        "--quiet",
        "--allow-empty",
        "--no-verify",
        "-m",
        "More",
    ];
    assert_snapshot!(git(&sandbox, commit).block(), @r"
    $ cd $ROOT/linked && git commit --quiet --allow-empty --no-verify -m More
    --- stderr ---
    guard: prepare-commit-msg $ROOT/repo/.git/worktrees/linked/COMMIT_EDITMSG message
    guard: post-commit
    [status 0]
    ");
}

#[test]
fn a_guard_that_has_moved_is_found_on_path() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    sandbox.script("../bin/git-stream-guard", GUARD);
    let path = format!(
        "{}/bin:/usr/local/bin:/usr/bin:/bin",
        sandbox.root().display()
    );
    let ran = git(&sandbox, COMMIT).env("PATH", path).go();
    assert_eq!(
        ran.stderr().lines().next(),
        Some("guard: pre-commit"),
        "{}",
        ran.block()
    );
    assert_eq!(ran.status(), 0);
}

#[test]
fn without_any_guard_nothing_is_committed_and_the_way_out_is_named() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    let path = only_git(&sandbox);
    let call = || git(&sandbox, COMMIT).env("PATH", &path);
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    assert_snapshot!(call().block(), @r"
    $ cd $ROOT/linked && PATH=$ROOT/only-git git commit --quiet --allow-empty -m More
    --- stderr ---
    error: git stream is gone, so this commit cannot be checked
    hint: Install it again, or remove its hooks: git config --local --unset-all includeIf.gitdir:./worktrees/.path '^git-stream[.]config$'
    [status 1]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));

    // The hint is pasted as it stands; other includes are the user's and stay.
    sandbox.git(&[
        "config",
        "--local",
        "--add",
        "include.path",
        "my-git-stream.config",
    ]);
    let said = call().go().stderr();
    let hint = said.rsplit_once("its hooks: ").unwrap().1.trim_end();
    assert_eq!(sandbox.program("sh", ["-c", hint]).status(), 0);
    assert_eq!(call().status(), 0);
    let includes = sandbox.git(&["config", "--local", "--get-all", "include.path"]);
    assert_eq!(includes, "my-git-stream.config\n");
}

#[test]
fn a_hook_of_the_user_that_cannot_be_run_is_not_skipped_in_silence() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    let hook = sandbox.repo().join(".git/git-stream/hooks/post-commit");
    let call = sandbox
        .program(hook, [""; 0])
        .env("PATH", only_git(&sandbox));
    assert_snapshot!(call.block(), @r"
    $ PATH=$ROOT/only-git post-commit
    --- stderr ---
    warning: git stream is gone, so your own post-commit hook was not run
    [status 0]
    ");
}
