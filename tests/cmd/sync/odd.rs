//! Worktrees that are not as git has made them.

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use super::{FASTER, LIB, Scene};
use crate::support::{Fingerprint, Sandbox};

const APP: &str = "src/ui/app.js";

#[test]
fn a_file_that_git_was_told_not_to_look_at_is_not_overwritten() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let scene = Scene::new();
        scene.git(&["update-index", flag, APP]);
        scene.sandbox.write(scene.api.join(APP), "mine\n");
        scene.base("Another title", &[(APP, Some("new\n"))]);
        let before = Fingerprint::of(&scene.sandbox, &scene.api).without_ledger();
        let ran = scene.sync().go();
        assert_eq!(ran.status(), 1, "{}", ran.block());
        if flag == "--skip-worktree" {
            assert_snapshot!(ran.block(), @"
            $ GIT_STREAM_AGENT=a1 git stream sync api
            refused to move api: files that git was told not to look at differ where the base has changed something: 'src/ui/app.js'
            --- stderr ---
            hint: Nothing was changed. Let git see them with `cd $ROOT/repo.streams/api && git update-index --no-assume-unchanged src/ui/app.js && git update-index --no-skip-worktree src/ui/app.js`, then `git stream sync api` again.
            [status 1]
            ");
        }
        before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api).without_ledger());
        // The hint is a command that works as it is printed.
        let said = ran.stderr();
        let hint = said.split('`').nth(1).unwrap();
        let pasted = scene.sandbox.program("sh", ["-c", hint]);
        pasted.go().succeeded();
        assert_eq!(scene.git(&["status", "--porcelain"]), " M src/ui/app.js\n");
        scene.git(&["checkout", "--quiet", "--", APP]);
        assert_eq!(scene.sync().status(), 0);
        scene.assert_clean();
    }
}

#[test]
fn a_sparse_checkout_stays_sparse() {
    let scene = Scene::new();
    scene.git(&["sparse-checkout", "set", "src/api"]);
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    let files = [
        (APP, Some("new\n")),
        ("src/ui/more.js", Some("more\n")),
        ("docs/guide.md", None),
    ];
    scene.base("Elsewhere", &files);
    let ran = scene.sync().go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    assert!(!scene.api.join("src/ui").exists());
    assert_eq!(scene.git(&["show", &format!("HEAD:{APP}")]), "new\n");
    scene.assert_clean();
}

#[test]
fn nothing_is_written_through_a_symlink() {
    let scene = Scene::new();
    let elsewhere = scene.sandbox.root().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("app.js"), "precious\n").unwrap();
    // In the place of a directory that git knows, and of one that it does not know yet.
    fs::remove_dir_all(scene.api.join("src/ui")).unwrap();
    symlink(&elsewhere, scene.api.join("src/ui")).unwrap();
    symlink(&elsewhere, scene.api.join("later")).unwrap();
    scene.base("Both", &[(APP, Some("new\n"))]);
    let refused = scene.sync().go();
    assert_eq!(refused.status(), 1, "{}", refused.block());
    scene.sandbox.git(&["revert", "--no-edit", "HEAD"]);
    scene.base("Later", &[("later/app.js", Some("new\n"))]);
    let refused = scene.sync().go();
    assert_eq!(refused.status(), 1, "{}", refused.block());
    assert!(refused.stdout().contains("'later'"), "{}", refused.block());
    let text = fs::read_to_string(elsewhere.join("app.js")).unwrap();
    assert_eq!(text, "precious\n");
}

/// Puts a directory with a file into the base that git lets nobody have in a worktree.
const ODD: &str = "blob=$(echo precious | git hash-object -w --stdin); \
    inner=$(printf \"100644 blob $blob\\tconfig\\n\" | git mktree); \
    tree=$({ git ls-tree main; printf \"040000 tree $inner\\t$1\\n\"; } | git mktree); \
    git update-ref refs/heads/main $(git commit-tree -p main -m Odd $tree)";

#[test]
fn what_git_lets_into_no_worktree_is_written_nowhere() {
    for name in [".git", ".GIT", "git~1"] {
        let scene = Scene::new();
        let odd = scene.sandbox.program("sh", ["-c", ODD, "sh", name]);
        odd.go().succeeded();
        let before = Fingerprint::of(&scene.sandbox, &scene.api).without_ledger();
        let ran = scene.sync().go();
        assert_eq!(ran.status(), 5, "{}", ran.block());
        let is_named = ran.stderr().contains("invalid path");
        assert!(is_named || name == ".git", "{}", ran.block());
        assert_eq!(scene.api.join(name).exists(), name == ".git");
        before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api).without_ledger());
    }
}

#[test]
fn a_submodule_is_left_as_it_is() {
    let sandbox = Sandbox::new();
    let one = sandbox.git(&["rev-parse", "HEAD"]);
    let link = format!("160000,{},sub", one.trim());
    sandbox.git(&["update-index", "--add", "--cacheinfo", &link]);
    sandbox.git(&["commit", "--quiet", "-m", "A submodule"]);
    let scene = Scene::with(sandbox);
    scene
        .sandbox
        .write(scene.api.join("sub/own.txt"), "in the submodule\n");
    let two = scene.sandbox.git(&["rev-parse", "HEAD"]);
    let link = format!("160000,{},sub", two.trim());
    scene.sandbox.git(&["update-index", "--cacheinfo", &link]);
    scene
        .sandbox
        .git(&["commit", "--quiet", "-m", "A newer one"]);
    let ran = scene.sync().go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    let tree = scene.git(&["ls-tree", "HEAD", "sub"]);
    assert!(tree.contains(two.trim()), "{tree}");
    let own = fs::read_to_string(scene.api.join("sub/own.txt")).unwrap();
    assert_eq!(own, "in the submodule\n");
}

#[test]
fn a_new_name_that_differs_only_in_case_is_no_other_file() {
    let scene = Scene::new();
    scene.base("Another case", &[("src/UI/App.js", Some("other\n"))]);
    scene.sandbox.write(scene.api.join(APP), "mine\n");
    assert_eq!(scene.sync().status(), 0);
    let mine = fs::read_to_string(scene.api.join(APP)).unwrap();
    assert_eq!(mine, "mine\n");
    assert_eq!(scene.git(&["status", "--porcelain"]), " M src/ui/app.js\n");
}

/// Where the notes of a rewritten commit go, by git's own configuration.
fn notes(config: &[(&str, &str)]) -> String {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.git(&["notes", "add", "-m", "reviewed"]);
    for (key, value) in config {
        scene.sandbox.git(&["config", key, value]);
    }
    scene.base("Another title", &[(APP, Some("new\n"))]);
    assert_eq!(scene.sync().status(), 0);
    let show = ["notes", "show", "HEAD"];
    let show = scene.sandbox.program("git", show).in_dir(&scene.api);
    show.go().stdout()
}

#[test]
fn notes_follow_as_git_is_told() {
    let commits = ("notes.rewriteRef", "refs/notes/commits");
    assert_eq!(notes(&[commits]), "reviewed\n");
    assert_eq!(notes(&[]), "");
    assert_eq!(notes(&[commits, ("notes.rewrite.rebase", "false")]), "");
    assert_eq!(
        notes(&[commits, ("notes.rewriteMode", "ignore")]),
        "reviewed\n"
    );
}
