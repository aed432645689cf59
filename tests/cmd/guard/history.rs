//! What happens where history is more than one commit after the other?

use std::fs;

use insta::assert_snapshot;

use super::Held;

#[test]
fn a_merge_of_the_base_passes() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    held.on_main("src/ui/app.js", "landed\n");
    held.git(&["merge", "-q", "--no-edit", "main"]);
    held.write("src/api/lib.rs", "more\n");
    held.git(&["commit", "-qam", "More"]);
    let range = held.guard(&["range", "main..HEAD"]);
    assert_eq!(range.status(), 0, "{}", range.block());
}

#[test]
fn a_merge_that_drops_or_edits_what_the_base_brought_is_refused() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    held.on_main("src/ui/app.js", "landed\n");
    held.refused(
        &["merge", "-s", "ours", "--no-edit", "main"],
        "src/ui/app.js",
    );
    held.git(&["merge", "--abort"]);

    // The old version of another's file is a change, too.
    held.git(&["merge", "-q", "--no-commit", "main"]);
    held.git(&["checkout", "-q", "HEAD", "--", "src/ui/app.js"]);
    held.refused(&["commit", "--no-edit"], "src/ui/app.js");
    let unstaged = held.guard(&["unstage"]);
    assert_eq!(unstaged.stdout(), "src/ui/app.js\n");
    held.git(&["commit", "-q", "--no-edit"]);
    assert_eq!(held.git(&["show", "HEAD:src/ui/app.js"]), "landed\n");
}

#[test]
fn a_merge_of_another_stream_is_refused() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    let ui = held.sandbox.root().join("repo.streams/ui");
    held.sandbox.write(ui.join("src/ui/app.js"), "theirs\n");
    held.sandbox.git_in(&ui, &["commit", "-qam", "Theirs"]);
    held.refused(&["merge", "--no-edit", "stream/ui"], "src/ui/app.js");
    held.refused(&["merge", "--no-edit", "--no-verify", "stream/ui"], "");
    held.git(&["merge", "--abort"]);
    held.refused(&["cherry-pick", "stream/ui"], "src/ui/app.js");
    held.git(&["cherry-pick", "--abort"]);
}

#[test]
fn a_revert_of_another_streams_commit_is_refused() {
    let held = Held::new();
    let theirs = held.on_main("src/ui/app.js", "landed\n");
    held.git(&["merge", "-q", "main"]);
    held.refused(&["revert", "--no-edit", &theirs], "src/ui/app.js");
}

#[test]
fn a_rebase_onto_the_base_passes_and_its_picks_are_judged() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    held.on_main("src/ui/app.js", "landed\n");
    held.git(&["rebase", "-q", "main"]);
    held.slipped_by("src/ui/app.js", "theirs\n");
    held.on_main("README.md", "landed\n");
    held.refused(&["rebase", "main"], "src/ui/app.js");
    held.git(&["rebase", "--abort"]);
    assert_eq!(
        held.git(&["symbolic-ref", "HEAD"]),
        "refs/heads/stream/api\n"
    );
}

#[test]
fn a_rebase_stopped_for_editing_is_judged_by_the_stream() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    let edit = held
        .sandbox
        .program("git", ["rebase", "-q", "-i", "main"])
        .env("GIT_SEQUENCE_EDITOR", "sed -i s/^pick/edit/")
        .in_dir(&held.api);
    assert_eq!(edit.status(), 0);
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-a", "--amend", "--no-edit"], "src/ui/app.js");
    held.git(&["checkout", "-q", "src/ui/app.js"]);
    held.write("src/api/lib.rs", "edited\n");
    held.git(&["commit", "-q", "-a", "--amend", "--no-edit"]);
    held.git(&["rebase", "--continue"]);
}

#[test]
fn a_scratch_branch_in_a_streams_worktree_is_refused() {
    let held = Held::new();
    held.git(&["switch", "-q", "-c", "scratch"]);
    held.write("src/api/lib.rs", "mine\n");
    assert_snapshot!(held.try_git(&["commit", "-am", "x"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -am x
    --- stderr ---
    error: this worktree belongs to stream 'api', but HEAD is on 'scratch'
    hint: Go back with `git switch stream/api`, and use another worktree for 'scratch'.
    [status 1]
    ");
    // A detached HEAD proves nothing; the worktree says whose it is.
    held.git(&["switch", "-q", "--detach"]);
    held.git(&["commit", "-qam", "Mine"]);
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-am", "x"], "src/ui/app.js");
}

#[test]
fn a_history_of_its_own_is_refused() {
    let held = Held::new();
    held.git(&["switch", "-q", "--detach"]);
    let tree = held.git(&["rev-parse", "HEAD^{tree}"]);
    let orphan = held.git(&["commit-tree", "-m", "Orphan", tree.trim()]);
    held.git(&["reset", "-q", "--hard", orphan.trim()]);
    held.write("src/api/lib.rs", "mine\n");
    assert_snapshot!(held.try_git(&["commit", "-am", "x"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -am x
    --- stderr ---
    error: this commit has no commit in common with the base at $OID1
    hint: Put the work onto the base with `git stream sync`, or look at what is there with `git log --oneline --graph --all`.
    [status 1]
    ");
}

#[test]
fn several_meeting_points_are_refused_until_the_base_is_merged() {
    let held = Held::new();
    // Each side merges an older state of the other.
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    let mine = held.tip();
    held.on_main("src/ui/app.js", "landed\n");
    let old_main = held.sandbox.git(&["rev-parse", "main"]);
    held.sandbox.git(&["merge", "-q", "--no-edit", mine.trim()]);
    held.git(&[
        "-c",
        "core.hooksPath=/dev/null",
        "merge",
        "-q",
        "--no-edit",
        old_main.trim(),
    ]);
    held.write("src/api/lib.rs", "more\n");
    assert_snapshot!(held.try_git(&["commit", "-am", "x"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -am x
    --- stderr ---
    error: this commit meets the base at 2 commits, so it cannot be told which changes are its own
    hint: Merge the newest base first, with `git merge $OID1`, or abandon a merge in progress with `git merge --abort`.
    hint: Put the stream's commits onto the newest base with `git stream sync`.
    [status 1]
    ");
}

#[test]
fn neither_replaced_nor_grafted_history_counts() {
    let held = Held::new();
    let clean = held.tip();
    let evil = held.slipped_by("src/ui/app.js", "theirs\n");
    let range = format!("{}..{evil}", clean.trim());
    assert_eq!(held.guard(&["range", &range]).status(), 1);

    // git itself now shows an empty commit in its place.
    let tree = held.git(&["rev-parse", &format!("{}^{{tree}}", clean.trim())]);
    let innocent = held.git(&["commit-tree", "-m", "x", "-p", clean.trim(), tree.trim()]);
    held.git(&["replace", &evil, innocent.trim()]);
    assert_eq!(held.git(&["diff", "--name-only", clean.trim(), &evil]), "");
    assert_eq!(held.guard(&["range", &range]).status(), 1);
    let asked = held
        .sandbox
        .run(["guard", "range", &range])
        .in_dir(&held.api);
    let insisting = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.useReplaceRefs"),
        ("GIT_CONFIG_VALUE_0", "true"),
    ];
    let asked = insisting
        .iter()
        .fold(asked, |asked, (name, value)| asked.env(name, value));
    assert_eq!(asked.status(), 1);
    held.git(&["replace", "-d", &evil]);

    // git itself now takes the tip for a commit of the base's.
    held.sandbox.write(".git/info/grafts", format!("{evil}\n"));
    assert_eq!(held.guard(&["range", &range]).status(), 1);
}

#[test]
fn a_history_that_is_cut_off_proves_nothing() {
    let held = Held::new();
    let tip = held.tip();
    held.sandbox.write(".git/shallow", tip);
    held.write("src/api/lib.rs", "mine\n");
    assert_snapshot!(held.try_git(&["commit", "-am", "x"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -am x
    --- stderr ---
    error: this is a shallow clone: its history is cut off, so nothing can be proven about it
    hint: Fetch the whole history with `git fetch --unshallow`.
    [status 1]
    ");
}

#[test]
fn an_unreadable_ledger_lets_nothing_through() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    let blob = held.git(&["rev-parse", "HEAD:README.md"]);
    fs::write(held.sandbox.repo().join(".git/refs/stream/ledger"), blob).unwrap();
    held.refused(&["commit", "-am", "x"], "error: ");
}

#[test]
fn a_worktree_that_was_given_back_is_refused() {
    let held = Held::new();
    held.write("src/api/new.rs", "mine\n");
    held.git(&["add", "src/api/new.rs"]);
    held.git(&["commit", "-qm", "Mine"]);
    held.write("src/api/lib.rs", "not committed\n");
    let released = held.sandbox.run(["release", "api"]).agent("a1").go();
    assert_eq!(released.status(), 0, "{}", released.block());
    assert!(held.api.exists(), "{}", released.block());
    assert_snapshot!(held.try_git(&["commit", "-am", "x"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -am x
    --- stderr ---
    error: this worktree was made for stream 'api', which nobody holds here any more
    hint: Take the stream again with `git stream claim api`.
    [status 1]
    ");
}

#[test]
fn no_file_in_the_git_directory_says_what_the_history_is() {
    let held = Held::new();
    held.on_main("README.md", "newer\n");
    held.slipped_by("src/ui/app.js", "theirs\n");
    held.git(&["revert", "--no-edit", "HEAD"]);
    let range = |name: &str, value: &str| {
        let ask = held.sandbox.run(["guard", "range", "main..HEAD"]);
        ask.in_dir(&held.api).env(name, value).go()
    };
    assert_eq!(range("NONE", "").status(), 1);
    // A ref that is none: git itself takes it for `main`.
    let git_dir = held.sandbox.repo().join(".git");
    fs::write(git_dir.join("main"), held.tip()).unwrap();
    assert_eq!(held.git(&["rev-parse", "main"]).trim(), held.tip().trim());
    assert_eq!(range("NONE", "").status(), 1);
    fs::write(git_dir.join("trunk"), held.tip()).unwrap();
    let ask = held.guard(&["range", "trunk..HEAD"]);
    assert_eq!(ask.status(), 2, "{}", ask.block());
    // A boundary of a shallow clone, in a file somewhere.
    let shallow = held.sandbox.root().join("shallow");
    fs::write(&shallow, held.tip()).unwrap();
    let ran = range("GIT_SHALLOW_FILE", shallow.to_str().unwrap());
    assert_eq!(ran.status(), 1, "{}", ran.block());
    // Parents of the base's commit, as a commit-graph has them.
    let forge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bypass/forge.py");
    let base = held.git(&["rev-parse", "refs/heads/main"]);
    let args = [forge, "commit-graph", base.trim(), held.tip().trim()].map(str::to_owned);
    held.sandbox
        .program("python3", args)
        .in_dir(&held.api)
        .go()
        .succeeded();
    assert_eq!(range("NONE", "").status(), 1);
}

#[test]
fn an_object_with_another_ones_content_is_no_answer() {
    for (victim, other) in [
        ("HEAD^{tree}", "HEAD~1^{tree}"),
        ("HEAD:src", "HEAD~1:src"),
        ("main~1", "HEAD"),
    ] {
        let held = Held::new();
        held.on_main("README.md", "newer\n");
        held.slipped_by("src/ui/app.js", "theirs\n");
        let forge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bypass/forge.py");
        let id = |revision: &str| held.git(&["rev-parse", revision]).trim().to_owned();
        let args = [forge.to_owned(), "object".to_owned(), id(victim), id(other)];
        held.sandbox
            .program("python3", args)
            .in_dir(&held.api)
            .go()
            .succeeded();
        let ran = held.guard(&["range", "main..HEAD"]);
        assert_eq!(ran.status(), 5, "{victim}: {}", ran.block());
        assert!(
            ran.stderr().contains("is another object, or damaged"),
            "{}",
            ran.block()
        );
    }
}

#[test]
fn a_tree_deeper_than_git_reads_is_refused_and_no_crash() {
    let held = Held::new();
    let forge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bypass/forge.py");
    let args = [forge, "deep", "3000"];
    held.sandbox
        .program("python3", args)
        .in_dir(&held.api)
        .go()
        .succeeded();
    let ran = held.guard(&["range", "main..HEAD"]);
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert!(
        ran.stderr().contains("nested deeper than git reads"),
        "{}",
        ran.block()
    );
}

#[test]
fn a_symlink_longer_than_any_path_is_not_read() {
    let held = Held::new();
    held.sandbox
        .write(held.api.join("long"), "x/".repeat(100_000));
    let blob = held.git(&["hash-object", "-w", "long"]);
    let entry = format!("120000,{},src/api/link", blob.trim());
    held.git(&["update-index", "--add", "--cacheinfo", &entry]);
    let ran = held.guard(&["staged"]);
    assert_eq!(ran.status(), 5, "{}", ran.block());
    assert!(
        ran.stderr().contains("longer than any path"),
        "{}",
        ran.block()
    );
}
