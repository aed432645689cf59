//! What becomes of the user's own hooks in a stream's worktree?

use std::fs;

use insta::assert_snapshot;

use super::{Held, claim};
use crate::support::Sandbox;

/// Says its name, its arguments and whether the guard's program sees what git gave it.
const TALKS: &str = "#!/bin/sh\necho \"own ${0##*/}: $* ${GIT_INDEX_FILE##*/}\" >&2\n";

/// The hooks that are always there.
const OURS: &str = "post-checkout post-commit post-merge post-rewrite pre-applypatch pre-commit \
                    pre-merge-commit pre-push prepare-commit-msg";

fn own(sandbox: &Sandbox, name: &str, text: &str) {
    sandbox.script(format!(".git/hooks/{name}"), text);
}

#[test]
fn the_users_own_hooks_run_with_what_git_gave() {
    let sandbox = Sandbox::new();
    for name in [
        "pre-commit",
        "prepare-commit-msg",
        "commit-msg",
        "post-commit",
    ] {
        own(&sandbox, name, TALKS);
    }
    let held = Held::of(sandbox);
    held.write("src/api/lib.rs", "mine\n");
    assert_snapshot!(held.try_git(&["commit", "-qam", "Mine"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -qam Mine
    --- stderr ---
    own pre-commit:  index.lock
    own prepare-commit-msg: $ROOT/repo/.git/worktrees/api/COMMIT_EDITMSG message index.lock
    own commit-msg: $ROOT/repo/.git/worktrees/api/COMMIT_EDITMSG index.lock
    own post-commit:  index
    [status 0]
    ");
}

#[test]
fn the_users_own_refusal_comes_first_with_its_status() {
    let held = Held::new();
    own(
        &held.sandbox,
        "pre-commit",
        "#!/bin/sh\necho 'own: no' >&2\nexit 7\n",
    );
    held.write("src/ui/app.js", "theirs\n");
    assert_snapshot!(held.try_git(&["commit", "-am", "x"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -am x
    --- stderr ---
    own: no
    [status 1]
    ");
    let hook = held.sandbox.repo().join(".git/git-stream/hooks/pre-commit");
    let status = held
        .sandbox
        .program(hook, [""; 0])
        .in_dir(&held.api)
        .status();
    assert_eq!(status, 7);
}

#[test]
fn what_the_users_own_hook_stages_is_judged() {
    let held = Held::new();
    own(
        &held.sandbox,
        "pre-commit",
        "#!/bin/sh\necho x >>src/ui/app.js; git add src/ui/app.js\n",
    );
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["add", "src/api/lib.rs"]);
    held.refused(&["commit", "-m", "x"], "src/ui/app.js");
}

#[test]
fn a_hook_without_its_first_line_is_read_by_the_shell() {
    let held = Held::new();
    own(&held.sandbox, "pre-commit", "echo own >&2; exit 3\n");
    held.write("src/api/lib.rs", "mine\n");
    held.refused(&["commit", "-am", "x"], "own\n");
}

#[test]
fn a_hook_that_is_not_executable_is_ignored_as_git_does() {
    let held = Held::new();
    held.sandbox
        .write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
}

#[test]
fn hooks_that_exist_only_in_the_main_checkout_are_found_there() {
    let sandbox = Sandbox::new();
    sandbox.commit("Ignore", &[(".gitignore", ".husky/_\n")]);
    sandbox.script(".husky/_/pre-commit", TALKS);
    sandbox.script(".husky/_/commit-msg", TALKS);
    sandbox.git(&["config", "core.hooksPath", ".husky/_"]);
    let held = Held::of(sandbox);
    assert!(!held.api.join(".husky").exists());
    held.write("src/api/lib.rs", "mine\n");
    assert_snapshot!(held.try_git(&["commit", "-qam", "Mine"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -qam Mine
    --- stderr ---
    own pre-commit:  index.lock
    own commit-msg: $ROOT/repo/.git/worktrees/api/COMMIT_EDITMSG index.lock
    [status 0]
    ");
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-am", "x"], "own pre-commit");
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");

    // The manager installs itself again, after us and from inside the stream.
    held.git(&["config", "core.hooksPath", ".husky/_"]);
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
}

#[test]
fn a_setting_that_leads_back_to_us_does_not_run_for_ever() {
    let held = Held::new();
    let hooks = held.sandbox.repo().join(".git/git-stream/hooks");
    held.sandbox
        .git(&["config", "core.hooksPath", hooks.to_str().unwrap()]);
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
}

#[test]
fn pass_throughs_follow_the_hooks_that_the_user_has() {
    let sandbox = Sandbox::new();
    for name in ["commit-msg", "push-to-checkout", "update", "not-a-hook"] {
        own(&sandbox, name, "#!/bin/sh\n");
    }
    let held = Held::of(sandbox);
    let hooks = held.sandbox.repo().join(".git/git-stream/hooks");
    let listed = || {
        let mut names: Vec<String> = fs::read_dir(&hooks)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(listed(), format!("commit-msg {OURS} update"));
    fs::remove_file(held.sandbox.repo().join(".git/hooks/commit-msg")).unwrap();
    own(&held.sandbox, "post-applypatch", "#!/bin/sh\n");
    held.sandbox
        .write(hooks.join("post-update"), "#!/bin/sh\n# somebody else's\n");
    claim(&held.sandbox, "docs", "a3");
    assert_eq!(
        listed(),
        sorted(&format!("post-applypatch {OURS} post-update update"))
    );
}

#[test]
fn installing_again_writes_nothing() {
    let held = Held::new();
    let git = held.sandbox.repo().join(".git");
    let files = [
        "git-stream.config",
        "git-stream/worktree.config",
        "git-stream/hooks/pre-commit",
        "git-stream/hooks/prepare-commit-msg",
    ];
    let inodes = || files.map(|file| inode(&git.join(file)));
    let before = inodes();
    assert_eq!(held.sandbox.run(["init"]).status(), 0);
    assert_eq!(inodes(), before);
    fs::write(git.join(files[2]), "broken").unwrap();
    assert_eq!(held.sandbox.run(["init"]).status(), 0);
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
}

fn sorted(names: &str) -> String {
    let mut names: Vec<&str> = names.split(' ').collect();
    names.sort_unstable();
    names.join(" ")
}

fn inode(path: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).unwrap().ino()
}

#[test]
fn the_guard_is_active_in_exactly_the_streams_worktrees() {
    let held = Held::new();
    let git = held.sandbox.repo().join(".git");
    assert_snapshot!(fs::read_to_string(git.join("git-stream.config")).unwrap(), @r#"
    # Written by git stream: which worktrees belong to streams.
    [includeIf "gitdir:./worktrees/api"]
    	path = git-stream/worktree.config
    [includeIf "gitdir:./worktrees/ui"]
    	path = git-stream/worktree.config
    "#);
    let hooks = |directory: &std::path::Path| {
        let path = held
            .sandbox
            .git_in(directory, &["rev-parse", "--git-path", "hooks"]);
        path.trim_end().to_owned()
    };
    let ours = git.join("git-stream/hooks").display().to_string();
    assert_eq!(hooks(&held.api), ours);
    assert_eq!(hooks(&held.api.join("src")), ours);
    assert_eq!(hooks(&held.sandbox.repo()), ".git/hooks");

    // It follows the worktree, wherever that goes.
    let moved = held.sandbox.root().join("moved");
    held.sandbox.git(&[
        "worktree",
        "move",
        held.api.to_str().unwrap(),
        moved.to_str().unwrap(),
    ]);
    assert_eq!(hooks(&moved), ours);
    held.sandbox.write(moved.join("src/ui/app.js"), "theirs\n");
    let ran = held
        .sandbox
        .program("git", ["commit", "-am", "x"])
        .in_dir(&moved)
        .go();
    assert!(
        ran.stderr().contains("of ui (held by a2)"),
        "{}",
        ran.block()
    );
}

#[test]
fn a_worktree_with_an_odd_name_is_guarded() {
    let sandbox = Sandbox::new();
    let plan = format!(
        "{}[worktrees]\npath = '../w/{{stream}}/ö\"d]\\d'\n",
        super::PLAN
    );
    sandbox.commit("Plan", &[("streams.toml", &plan)]);
    assert_eq!(sandbox.run(["init"]).status(), 0);
    for (stream, agent) in [("api", "a1"), ("ui", "a2")] {
        let top = claim(&sandbox, stream, agent);
        sandbox.write(top.join("README.md"), "nobody's\n");
        let ran = sandbox
            .program("git", ["commit", "-am", "x"])
            .in_dir(top)
            .go();
        assert!(ran.stderr().contains("owned by nobody"), "{}", ran.block());
    }
    let ids = fs::read_dir(sandbox.repo().join(".git/worktrees")).unwrap();
    assert!(
        ids.flatten()
            .all(|id| id.file_name().to_str().unwrap().contains('"'))
    );
}

#[test]
fn nothing_of_ours_is_left_after_uninstalling() {
    let sandbox = Sandbox::new();
    own(&sandbox, "pre-commit", TALKS);
    let held = Held::of(sandbox);
    for stream in [("api", "a1"), ("ui", "a2")] {
        let released = held.sandbox.run(["release", stream.0]).agent(stream.1).go();
        assert_eq!(released.status(), 0, "{}", released.block());
    }
    let ran = held.sandbox.run(["init", "--uninstall"]).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    let git = held.sandbox.repo().join(".git");
    for gone in [
        "git-stream.config",
        "git-stream/hooks",
        "git-stream/worktree.config",
    ] {
        assert!(!git.join(gone).exists(), "{gone}");
    }
    held.sandbox.write("src/ui/app.js", "more\n");
    let commit = held.sandbox.program("git", ["commit", "-qam", "More"]).go();
    assert_eq!(commit.stderr(), "own pre-commit:  index.lock\n");
}
