//! What does `git stream doctor` find out of order, and what does `--repair` do about it?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use super::Scene;
use crate::support::for_every_git_call;

#[test]
fn what_is_found_says_why_it_matters_and_what_mends_it() {
    let scene = Scene::new();
    fs::remove_dir_all(&scene.worktree).unwrap();
    fs::remove_file(scene.hook("pre-push")).unwrap();
    assert_snapshot!(scene.says(&[]), @"
    $ git stream doctor
    ok       programs    git $GIT
    ok       locks       none was left behind
    ok       storage     no empty ref or object; 1 index can be read
    ok       ledger      1 stream held
    ok       operations  none was cut off
    ok       branches    1 branch of streams
    found    worktrees   1 finding
             - the worktree of api is gone: '$ROOT/repo.streams/api'
               its holder cannot go on; what was not committed went with it
               mend it with `git stream claim api`
    found    hooks       1 finding
             - git passes by these hooks of the guard, which were replaced, removed or made not executable: pre-push
               a commit outside of a stream's patterns may go through there, and only landing would refuse it
               mend it with `git stream init`
    found    guard       1 finding
             - what is outside of a stream's patterns goes through: git push
               a stream's commits may come to hold files of others; landing would still refuse them
               mend it with `git stream init`
    ok       leases      nothing is held on another machine
    skipped  remote      the ledger is of this repository alone
    ok       plan        $ROOT/repo/.git/git-stream/streams.toml, 0 streams
    --- stderr ---
    hint: `git stream doctor --repair` mends 2 of 3 findings; it changes no file that somebody has written.
    [status 1]
    ");
    assert_snapshot!(scene.says(&["--repair"]), @"
    $ git stream doctor --repair
    ok       programs    git $GIT
    ok       locks       none was left behind
    ok       storage     no empty ref or object; 1 index can be read
    ok       ledger      1 stream held
    ok       operations  none was cut off
    ok       branches    1 branch of streams
    mended   worktrees   1 finding
             - the worktree of api is gone: '$ROOT/repo.streams/api'
               its holder cannot go on; what was not committed went with it
               mended: its worktree was gone or not whole, and is made again
    ok       hooks       as we write them, active in 1 worktree
    ok       guard       6 violations refused, and what is a stream's own went through
    ok       leases      nothing is held on another machine
    skipped  remote      the ledger is of this repository alone
    ok       plan        $ROOT/repo/.git/git-stream/streams.toml, 0 streams
    [status 0]
    ");
    scene.is_well();
    assert!(scene.worktree.join("src/api/new.rs").exists());
}

#[test]
fn somebody_else_s_worktree_is_left_alone_by_an_agent() {
    let scene = Scene::new();
    fs::remove_dir_all(&scene.worktree).unwrap();
    let answer = scene.doctor(&["--repair", "--json"]).agent("a2").go();
    assert_eq!(answer.status(), 1, "{}", answer.block());
    assert_eq!(super::found(&answer.json()), ["worktree-gone, not mended"]);
    assert!(!scene.worktree.exists());
}

#[test]
fn a_worktree_that_was_moved_by_hand_is_found_again() {
    let scene = Scene::new();
    let there = scene.sandbox.root().join("repo.streams/elsewhere");
    scene
        .sandbox
        .write(scene.worktree.join("src/api/draft.rs"), "// draft\n");
    fs::rename(&scene.worktree, &there).unwrap();
    assert_eq!(scene.found(&[]), ["worktree-moved"]);
    assert_eq!(scene.found(&["--repair"]), ["worktree-moved, mended"]);
    assert_eq!(
        fs::read_to_string(there.join("src/api/draft.rs")).unwrap(),
        "// draft\n"
    );
    let path = scene.sandbox.run(["path", "api"]).go().stdout();
    assert_eq!(path.trim_end(), there.to_str().unwrap());
    scene.is_well();
}

#[test]
fn a_worktree_that_lost_its_pointer_gets_it_back_and_keeps_its_files() {
    let scene = Scene::new();
    scene
        .sandbox
        .write(scene.worktree.join("src/api/new.rs"), "// edited\n");
    fs::remove_file(scene.worktree.join(".git")).unwrap();
    assert_eq!(scene.found(&[]), ["worktree-not-whole"]);
    assert_eq!(scene.found(&["--repair"]), ["worktree-not-whole, mended"]);
    let status = scene
        .sandbox
        .git_in(&scene.worktree, &["status", "--porcelain"]);
    assert_eq!(status, " M src/api/new.rs\n");
    scene.is_well();
}

#[test]
fn a_branch_that_is_gone_comes_back_where_its_worktree_remembers_it() {
    let scene = Scene::new();
    let tip = scene.tip();
    scene
        .sandbox
        .git(&["update-ref", "-d", "refs/heads/stream/api"]);
    assert_eq!(scene.found(&[]), ["branch-gone"]);
    assert_eq!(scene.found(&["--repair"]), ["branch-gone, mended"]);
    assert_eq!(scene.tip(), tip);
    scene.is_well();
}

#[test]
fn a_worktree_that_stayed_gets_its_branch_back() {
    let scene = Scene::new();
    let tip = scene.tip();
    let note = scene.worktree.join("src/api/note");
    scene.sandbox.write(&note, "kept\n");
    let released = scene.sandbox.run(["release", "api"]).agent("a1").go();
    released.succeeded();
    assert!(note.exists());
    let branch = "refs/heads/stream/api";
    scene.sandbox.git(&["update-ref", "-d", branch]);
    assert_eq!(scene.found(&["--repair"]), ["worktree-branch-gone, mended"]);
    assert_eq!(scene.tip(), tip);
    // A branch that is only begun is nobody's but its worktree's.
    let top = scene.sandbox.root().join("begun");
    let add = ["worktree", "add", "-q", "--detach"];
    scene
        .sandbox
        .git(&[&add[..], &[top.to_str().unwrap()]].concat());
    let begin = ["symbolic-ref", "HEAD", "refs/heads/stream/begun"];
    scene.sandbox.git_in(&top, &begin);
    assert!(scene.found(&[]).is_empty());
}

#[test]
fn a_branch_that_nobody_knows_of_is_somebody_s_to_claim() {
    let scene = Scene::new();
    scene.sandbox.git(&["branch", "stream/ui", "stream/api"]);
    scene.sandbox.git(&["branch", "stream/empty", "main"]);
    assert_eq!(scene.found(&["--repair"]), ["branch-nobodys"]);
    let tips = scene.sandbox.git(&["branch", "--list", "stream/*"]);
    assert_eq!(tips.lines().count(), 3, "{tips}");
}

fn make_old(path: &Path) {
    let touch = ["--no-create", "-d", "2020-01-02"];
    let touched = Command::new("touch").args(touch).arg(path).status();
    assert!(touched.unwrap().success());
}

#[test]
fn only_an_old_lock_of_nobody_s_is_taken_away() {
    let scene = Scene::new();
    let lock = scene.sandbox.repo().join(".git/worktrees/api/index.lock");
    fs::write(&lock, "").unwrap();
    assert!(scene.found(&["--repair"]).is_empty());
    assert!(lock.exists());
    make_old(&lock);
    let half_written = scene.sandbox.repo().join(".git/git-stream/.new-abc");
    fs::write(&half_written, "").unwrap();
    make_old(&half_written);
    // A git that runs there may be the one that holds it.
    let mut git = Command::new("git")
        .args(["cat-file", "--batch"])
        .current_dir(&scene.worktree)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(scene.found(&["--repair"]), ["file-abandoned, mended"]);
    drop(git.stdin.take());
    git.wait().unwrap();
    assert_eq!(scene.found(&[]), ["lock-stale"]);
    assert_eq!(scene.found(&["--repair"]), ["lock-stale, mended"]);
    assert!(!lock.exists() && !half_written.exists());
    // One of git's housekeeping.
    let of_a_log = scene.sandbox.repo().join(".git/logs/HEAD.lock");
    fs::write(&of_a_log, "").unwrap();
    make_old(&of_a_log);
    assert_eq!(scene.found(&["--repair"]), ["lock-stale, mended"]);
    scene.is_well();
}

#[test]
fn a_sync_that_died_anywhere_is_finished_or_taken_back() {
    sync_dies_anywhere(false);
}

/// However old its lock on the index is, it is what says that files have moved already.
#[test]
fn a_sync_that_died_long_ago_is_finished_or_taken_back() {
    sync_dies_anywhere(true);
}

fn sync_dies_anywhere(long_ago: bool) {
    let mut deaths = 0;
    for_every_git_call(|kill| {
        let scene = Scene::new();
        let moved = [("docs/guide.md", "Read me twice.\n")];
        scene.sandbox.commit("Base moves", &moved);
        let sync = scene.sandbox.run(["sync", "api"]).agent("a1");
        let killed = sync.killed_at(kill).go().was_killed();
        let lock = scene.sandbox.repo().join(".git/worktrees/api/index.lock");
        if long_ago && lock.exists() {
            make_old(&lock);
        }
        let found = scene.found(&[]);
        if !found.is_empty() {
            deaths += 1;
            let mended: Vec<String> = found.iter().map(|one| format!("{one}, mended")).collect();
            assert_eq!(scene.found(&["--repair"]), mended, "{kill:?}");
        }
        scene.is_well();
        let status = scene
            .sandbox
            .git_in(&scene.worktree, &["status", "--porcelain"]);
        assert_eq!(status, "", "{kill:?}");
        killed
    });
    assert!(deaths > 0);
}

/// No command comes back to a stream that nobody has.
#[test]
fn a_lock_that_a_dead_command_has_left_where_no_stream_is_any_more_goes() {
    let scene = Scene::new();
    let worktree = scene.sandbox.root().join("other");
    let add = ["worktree", "add", "--quiet", "-b", "other", "../other"];
    scene.sandbox.git(&add);
    let lock = scene.sandbox.repo().join(".git/worktrees/other/index.lock");
    fs::write(
        &lock,
        "git stream sync 0123456789abcdef: it is moving this worktree\n",
    )
    .unwrap();
    assert_eq!(scene.found(&[]), ["index-held"]);
    assert_eq!(scene.found(&["--repair"]), ["index-held, mended"]);
    scene.sandbox.git_in(&worktree, &["add", "--all"]);
    scene.is_well();
}

#[test]
fn a_release_and_a_claim_that_died_anywhere_are_made_whole() {
    for verb in ["release", "claim"] {
        let deaths = for_every_git_call(|kill| {
            let scene = Scene::new();
            let mut died = scene.sandbox.run([verb, "api"]).agent("a1");
            if verb == "claim" {
                scene
                    .sandbox
                    .run(["release", "api"])
                    .agent("a1")
                    .go()
                    .succeeded();
                died = died.arg("--files=src/api/**");
            }
            let was_killed = died.killed_at(kill).go().was_killed();
            let mended = scene.doctor(&["--repair"]).go();
            assert_eq!(mended.status(), 0, "{verb}, {kill:?}: {}", mended.block());
            scene.is_well();
            was_killed
        });
        assert!(deaths > 1, "{verb}: {deaths}");
    }
}

#[test]
fn a_hook_that_cannot_be_executed_is_named_and_mended() {
    let scene = Scene::new();
    let hook = scene.hook("prepare-commit-msg");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(scene.found(&[]), ["hooks", "guard-passed"]);
    assert_eq!(scene.found(&["--repair"]), ["hooks, mended"]);
    scene.is_well();
}

#[test]
fn a_setting_that_outranks_the_include_is_named_and_put_in_order() {
    let scene = Scene::new();
    let config = scene.sandbox.repo().join(".git/config");
    let mut text = fs::read_to_string(&config).unwrap();
    text.push_str("[core]\n\thooksPath = /dev/null\n");
    fs::write(&config, text).unwrap();
    let found = scene.found(&[]);
    assert!(found.contains(&"hooks".to_owned()), "{found:?}");
    assert!(found.contains(&"guard-passed".to_owned()), "{found:?}");
    scene.found(&["--repair"]);
    let well = scene.doctor(&["--json"]).go();
    assert_eq!(well.status(), 0, "{}", well.block());
}

#[test]
fn a_ledger_of_a_newer_format_is_nothing_that_is_repaired() {
    let scene = Scene::new();
    let sandbox = &scene.sandbox;
    let index = sandbox.root().join("index");
    let with_index = |args: &[&str]| {
        let call = sandbox.program("git", args).env("GIT_INDEX_FILE", &index);
        let ran = call.go();
        assert_eq!(ran.status(), 0, "{}", ran.block());
        ran.stdout().trim().to_owned()
    };
    with_index(&["read-tree", "refs/stream/ledger"]);
    sandbox.write("format", "2\n");
    let blob = sandbox.git(&["hash-object", "-w", "format"]);
    fs::remove_file(sandbox.repo().join("format")).unwrap();
    let entry = format!("100644,{},format", blob.trim());
    with_index(&["update-index", "--cacheinfo", &entry]);
    let tree = with_index(&["write-tree"]);
    let newer = sandbox.git(&[
        "commit-tree",
        &tree,
        "-p",
        "refs/stream/ledger",
        "-m",
        "newer",
    ]);
    sandbox.git(&["update-ref", "refs/stream/ledger", newer.trim()]);
    let refused = scene.doctor(&["--repair", "--json"]).go();
    assert_eq!(refused.status(), 5, "{}", refused.block());
    assert_eq!(super::found(&refused.json()), ["ledger-newer"]);
    assert_eq!(sandbox.git(&["rev-parse", "refs/stream/ledger"]), newer);
}

#[test]
fn a_takeover_that_died_anywhere_is_made_whole() {
    let mut deaths = 0;
    for_every_git_call(|kill| {
        let scene = Scene::new();
        let take = ["claim", "api", "--takeover", "--reason", "gone"];
        let killed = scene.sandbox.run(take).killed_at(kill).go().was_killed();
        let mended = scene.doctor(&["--repair"]).go();
        assert_eq!(mended.status(), 0, "{kill:?}: {}", mended.block());
        deaths += 1;
        scene.is_well();
        let draft = scene.worktree.join("src/api/new.rs");
        assert_eq!(fs::read_to_string(draft).unwrap(), "// new\n", "{kill:?}");
        killed
    });
    assert!(deaths > 2);
}
