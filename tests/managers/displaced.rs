//! What becomes of our hooks, and of theirs, where a manager has taken our place?

use std::fs;
use std::path::PathBuf;

use super::{Home, LEFTHOOK, Manager, PRE_COMMIT, PREK};

/// lefthook before, at and after a commit: every hook of ours that judges one.
const EVERYWHERE: Manager = Manager {
    config: (
        "lefthook.yml",
        "pre-commit: {jobs: [{run: tools/note}]}
prepare-commit-msg: {jobs: [{run: tools/note}]}
post-commit: {jobs: [{run: tools/note}]}
",
    ),
    ..LEFTHOOK
};

impl Home {
    fn ours(&self, name: &str) -> PathBuf {
        self.sandbox.repo().join(".git/git-stream/hooks").join(name)
    }

    fn own(&self, name: &str) -> PathBuf {
        self.sandbox.repo().join(".git/hooks").join(name)
    }

    fn needs(&self) -> String {
        let status = self.sandbox.run(["status", "--json"]).go().json();
        let needs = status["needs"].as_array().unwrap().iter();
        let hooks = needs.filter(|need| need["kind"] == "hooks");
        let words = |need: &serde_json::Value, key: &str| need[key].as_str().unwrap().to_owned();
        let lines = hooks.map(|need| words(need, "message") + "\n  " + &words(need, "command"));
        lines.collect()
    }
}

#[test]
fn what_a_manager_has_put_in_our_place_runs_in_streams_and_nowhere_else() {
    for (manager, twin) in [(LEFTHOOK, "pre-commit.old"), (PREK, "pre-commit.legacy")] {
        let Some(home) = Home::of(manager) else {
            continue;
        };
        home.set_up();
        home.install_in(&home.api()).succeeded();
        let theirs = fs::read(home.ours("pre-commit")).unwrap();
        assert!(home.ours(twin).exists());
        // The hook of ours that is left judges the very commit, and has the others put back.
        let ran = home.commit(&home.api(), "src/ui/app.js", "foreign\n", &[]);
        assert!(
            ran.stderr().contains("stream 'api' may not"),
            "{}",
            ran.block()
        );
        assert!(
            ran.stderr().contains("and are back: pre-commit\n"),
            "{}",
            ran.block()
        );
        let told = "runs in the worktrees of streams only";
        assert!(ran.stderr().contains(told), "{}", ran.block());
        let kept = home.ours("pre-commit.theirs");
        assert_eq!(fs::read(&kept).unwrap(), theirs);
        assert!(!home.own("pre-commit").exists() && !home.ours(twin).exists());
        home.restore(&home.api());
        home.theirs_run_in(&home.api());
        // Installed where it wants to be, it runs everywhere.
        home.install_in(&home.sandbox.repo()).succeeded();
        home.theirs_run_in(&home.api());
        home.ours_guards();
        home.theirs_run_in(&home.sandbox.repo());
        home.uninstalling_leaves_theirs();
        assert_eq!(fs::read(&kept).unwrap(), theirs);
    }
}

#[test]
fn a_manager_that_has_taken_every_hook_is_seen_and_undone() {
    let Some(home) = Home::of(EVERYWHERE) else {
        return;
    };
    home.set_up();
    assert_eq!(home.needs(), "");
    home.install_in(&home.api()).succeeded();
    insta::assert_snapshot!(home.needs(), @"
    git passes by these hooks of the guard, which were replaced, removed or made not executable: pre-commit, prepare-commit-msg, post-commit
      git stream init
    ");
    let ran = home.commit(&home.api(), "src/ui/app.js", "foreign\n", &[]);
    ran.succeeded();
    let verify = home.sandbox.run(["verify", "api"]).go();
    assert_eq!(verify.status(), 1, "{}", verify.block());
    insta::assert_snapshot!(verify.stderr().lines().next().unwrap(), @"warning: these hooks of the guard had been replaced, removed or made not executable, and are back: pre-commit, prepare-commit-msg, post-commit");
    assert_eq!(home.needs(), "");
    let back = [
        "-c",
        "core.hooksPath=/dev/null",
        "reset",
        "-q",
        "--hard",
        "HEAD~1",
    ];
    home.sandbox.git_in(&home.api(), &back);
    home.ours_guards();
    let before = home.notes();
    home.commit(&home.api(), "src/api/lib.rs", "mine\n", &[])
        .succeeded();
    assert_eq!(home.notes(), before + 3);
}

#[test]
fn uninstalling_names_what_a_manager_has_put_among_ours() {
    let Some(home) = Home::of(LEFTHOOK) else {
        return;
    };
    home.set_up();
    home.install_in(&home.api()).succeeded();
    let theirs = fs::read(home.ours("pre-commit")).unwrap();
    let ran = home.sandbox.run(["init", "--uninstall"]).go();
    ran.succeeded();
    let told = "'$ROOT/repo/.git/git-stream/hooks/pre-commit.theirs' stays";
    assert!(ran.block().contains(told), "{}", ran.block());
    let left = fs::read_dir(home.ours("")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["pre-commit.theirs"]);
    assert_eq!(fs::read(home.ours("pre-commit.theirs")).unwrap(), theirs);
    assert!(!home.own("pre-commit").exists());
}

#[test]
fn a_hook_by_hand_is_never_overwritten_by_what_a_manager_has_put_among_ours() {
    let Some(home) = Home::of(PREK) else {
        return;
    };
    let by_hand = "#!/bin/sh\necho by hand >&2\n";
    home.sandbox.script(home.own("pre-commit"), by_hand);
    home.set_up();
    home.install_in(&home.api()).succeeded();
    home.ours_guards();
    assert_eq!(fs::read_to_string(home.own("pre-commit")).unwrap(), by_hand);
    let kept = fs::read_to_string(home.ours("pre-commit.theirs")).unwrap();
    assert!(kept.contains("prek"), "{kept}");
    let ran = home.commit(&home.api(), "src/api/lib.rs", "mine\n", &[]);
    assert_eq!(ran.stderr(), "by hand\n");

    // Where it is installed as it wants to be, it runs both, and so does the stream.
    home.install_in(&home.sandbox.repo()).succeeded();
    assert!(home.own("pre-commit.legacy").exists());
    let ran = home.commit(&home.api(), "src/api/lib.rs", "more\n", &[]);
    let said = ran.stdout() + &ran.stderr();
    assert!(said.contains("by hand"), "{}", ran.block());
    home.theirs_run_in(&home.api());
    home.ours_guards();
    home.uninstalling_leaves_theirs();
}

#[test]
fn pre_commit_can_be_installed_from_inside_a_stream() {
    let Some(home) = Home::of(PRE_COMMIT) else {
        return;
    };
    home.set_up();
    // It asks `git config` alone, which reads the file that it is told.
    let program = super::tools::program(PRE_COMMIT.name);
    let call = home.sandbox.program(program, PRE_COMMIT.install);
    let call = call.in_dir(home.api()).env("GIT_CONFIG", "/dev/null");
    home.with_environment(call).go().succeeded();
    home.theirs_run_in(&home.api());
    home.ours_guards();
    home.theirs_run_in(&home.sandbox.repo());
    home.uninstalling_leaves_theirs();
}
