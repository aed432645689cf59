//! How does `git stream release` behave?

use std::fs;

use insta::assert_snapshot;

use crate::support::{Fingerprint, Sandbox, assert_sound};

/// A repository in which a1 holds `api`.
fn claimed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
        .go()
        .succeeded();
    sandbox
}

fn commit_in_api(sandbox: &Sandbox) {
    let worktree = sandbox.root().join("repo.streams/api");
    sandbox.write(worktree.join("src/api/new.rs"), "// new\n");
    sandbox.git_in(&worktree, &["add", "src/api/new.rs"]);
    sandbox.git_in(&worktree, &["commit", "--quiet", "-m", "Work"]);
}

#[test]
fn a_stream_without_work_leaves_nothing_behind() {
    let sandbox = claimed();
    assert_snapshot!(sandbox.run(["release", "api"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream release api
    --- stderr ---
    a1 gives back api
    it had no commits of its own
    [status 0]
    ");
    assert!(!sandbox.root().join("repo.streams/api").exists());
    assert_eq!(sandbox.git(&["branch", "--list", "stream/*"]), "");
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn commits_stay_on_the_branch_and_the_next_claim_goes_on_with_them() {
    let sandbox = claimed();
    commit_in_api(&sandbox);
    let tip = sandbox.git(&["rev-parse", "stream/api"]);
    assert_snapshot!(sandbox.run(["release", "api"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream release api
    --- stderr ---
    a1 gives back api
    kept stream/api: 1 commit that is not on the base, at $oid1
    [status 0]
    ");
    assert_eq!(sandbox.git(&["rev-parse", "stream/api"]), tip);
    assert_snapshot!(sandbox.run(["claim", "api", "--files", "src/api/**"]).agent("a2").block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim api --files 'src/api/**'
    $ROOT/repo.streams/api
    --- stderr ---
    goes on with 1 commit that a1 left
    a2 takes api: src/api/**
    on branch stream/api, from main $oid2
    [status 0]
    ");
    assert_eq!(sandbox.git(&["rev-parse", "stream/api"]), tip);
    let kept = sandbox.root().join("repo.streams/api/src/api/new.rs");
    assert_eq!(fs::read_to_string(kept).unwrap(), "// new\n");
}

#[test]
fn a_file_that_is_nowhere_else_keeps_the_worktree() {
    let sandbox = claimed();
    let worktree = sandbox.root().join("repo.streams/api");
    sandbox.write(worktree.join("src/api/lib.rs"), "changed\n");
    sandbox.write(worktree.join("notes"), "mine\n");
    let before = Fingerprint::of(&sandbox, &worktree).without_ledger();
    assert_snapshot!(sandbox.run(["release", "api", "--dry-run"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream release api --dry-run
    --- stderr ---
    a1 would give back api
    would keep stream/api: no commit of its own, at $oid1
    would keep '$ROOT/repo.streams/api': 2 files in it that are nowhere else
      src/api/lib.rs
      notes
    hint: Remove it, with all that is in it, by `git worktree remove --force $ROOT/repo.streams/api`.
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["release", "api"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream release api
    --- stderr ---
    a1 gives back api
    kept stream/api: no commit of its own, at $oid1
    kept '$ROOT/repo.streams/api': 2 files in it that are nowhere else
      src/api/lib.rs
      notes
    hint: Remove it, with all that is in it, by `git worktree remove --force $ROOT/repo.streams/api`.
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &worktree).without_ledger());
    let again = sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a2");
    assert_snapshot!(again.block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim api --files 'src/api/**'
    $ROOT/repo.streams/api
    --- stderr ---
    '$ROOT/repo.streams/api' is there already, with what was left in it
    a2 takes api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &worktree).without_ledger());
}

#[test]
fn an_ignored_file_keeps_it_and_an_unchanged_copy_does_not() {
    let sandbox = Sandbox::new();
    let plan =
        "version = 1\n[worktrees]\ncopy = [\".env\"]\n[streams.api]\nfiles = [\"src/api/**\"]\n";
    sandbox.commit("Plan", &[("streams.toml", plan), (".gitignore", ".env\n")]);
    sandbox.write(sandbox.repo().join(".env"), "KEY=1\n");
    let worktree = sandbox.root().join("repo.streams/api");
    sandbox.run(["claim", "api"]).agent("a1").go().succeeded();
    assert!(worktree.join(".env").exists());
    sandbox.run(["release", "api"]).agent("a1").go().succeeded();
    assert!(!worktree.exists());
    sandbox.run(["claim", "api"]).agent("a1").go().succeeded();
    sandbox.write(worktree.join(".env"), "KEY=2\n");
    sandbox.run(["release", "api"]).agent("a1").go().succeeded();
    assert_eq!(
        fs::read_to_string(worktree.join(".env")).unwrap(),
        "KEY=2\n"
    );
}

#[test]
fn work_that_is_on_the_base_has_landed() {
    let sandbox = claimed();
    commit_in_api(&sandbox);
    sandbox.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Take api",
        "stream/api",
    ]);
    assert_snapshot!(sandbox.run(["release", "api", "--json"]).agent("a1").block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream release api --json
    {"version":1,"outcome":"released","stream":"api","agent":"a1","state":"landed","branch":null,"tip":null,"unlanded":0,"past":[],"worktree":null,"reasons":[],"kept":[]}
    --- stderr ---
    a1 gives back api
    all of its work is on the base
    [status 0]
    "#);
    assert_eq!(sandbox.git(&["branch", "--list", "stream/*"]), "");
}

#[test]
fn only_the_holder_or_a_person_may() {
    let sandbox = claimed();
    assert_snapshot!(sandbox.run(["release", "api"]).agent("a2").block(), @"
    $ GIT_STREAM_AGENT=a2 git stream release api
    --- stderr ---
    error: 'api' is not yours: a1 holds it
    hint: Nothing was changed. Ask a1 or a person to do it; `git stream status api` shows the stream.
    [status 1]
    ");
    assert_snapshot!(sandbox.run(["release", "api", "--json"]).agent("a2").block(), @r#"
    $ GIT_STREAM_AGENT=a2 git stream release api --json
    {"version":1,"outcome":"refused","reason":"'api' is not yours: a1 holds it","hints":["Nothing was changed. Ask a1 or a person to do it; `git stream status api` shows the stream."],"evidence":{"cause":"not-yours","holder":{"stream":"api","agent":"a1","worktree":"$ROOT/repo.streams/api","machine":"$MACHINE"}}}
    [status 1]
    "#);
    assert_snapshot!(sandbox.run(["release", "api"]).block(), @"
    $ git stream release api
    --- stderr ---
    ada@$HOST gives back api, which a1 held
    it had no commits of its own
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["release", "api"]).block(), @"
    $ git stream release api
    --- stderr ---
    error: nobody holds 'api'; it is unclaimed
    hint: Nothing was changed. Take it first with `git stream claim api`.
    [status 1]
    ");
    assert_snapshot!(sandbox.run(["release"]).block(), @"
    $ git stream release
    --- stderr ---
    error: which stream? none was named, and this is not the worktree of one
    hint: Name it, as in `git stream status api`, or change into its worktree.
    [status 2]
    ");
}

#[test]
fn how_many_processes_of_git_a_release_starts() {
    let sandbox = claimed();
    let release = sandbox.run(["release", "api"]).agent("a1").counting().go();
    assert_snapshot!(release.git_calls().join("\n"), @"
    version
    --git-dir $ROOT/repo/.git -c core.fsync=committed -c core.hooksPath=/dev/null update-ref -m stream: release api: a1 begins --stdin -z
    --git-dir $ROOT/repo/.git/worktrees/api --work-tree $ROOT/repo.streams/api --no-optional-locks status --porcelain=v1 -z --no-renames --untracked-files=normal --ignored=matching --ignore-submodules=none
    --git-dir $ROOT/repo/.git/worktrees/api --work-tree $ROOT/repo.streams/api ls-files -v -z
    --git-dir $ROOT/repo/.git worktree remove $ROOT/repo.streams/api
    --git-dir $ROOT/repo/.git -c core.fsync=committed -c core.hooksPath=/dev/null update-ref -m stream: release api: a1 gives it back; nothing was left --stdin -z
    ");
}

/// The worktree of `api`.
fn worktree(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.root().join("repo.streams/api")
}

#[test]
fn commits_of_a_detached_head_are_kept_by_a_ref() {
    for back_on_the_branch in [false, true] {
        let sandbox = claimed();
        let worktree = worktree(&sandbox);
        sandbox.git_in(&worktree, &["checkout", "--quiet", "--detach"]);
        commit_in_api(&sandbox);
        let lost = sandbox.git_in(&worktree, &["rev-parse", "HEAD"]);
        if back_on_the_branch {
            sandbox.git_in(&worktree, &["checkout", "--quiet", "stream/api"]);
        }
        sandbox.run(["release", "api"]).agent("a1").go().succeeded();
        assert_eq!(worktree.exists(), !back_on_the_branch);
        let kept = sandbox.git(&[
            "for-each-ref",
            "--format=%(objectname)",
            "refs/stream/kept/api",
        ]);
        assert_eq!(kept, lost);
        assert_sound(&sandbox, &sandbox.repo());
    }
}

#[test]
fn commits_that_were_reset_away_are_kept_by_a_ref() {
    let sandbox = claimed();
    commit_in_api(&sandbox);
    let lost = sandbox.git(&["rev-parse", "stream/api"]);
    sandbox.git_in(
        &worktree(&sandbox),
        &["reset", "--quiet", "--hard", "HEAD~1"],
    );
    let release = sandbox.run(["release", "api"]).agent("a1");
    assert_snapshot!(release.block(), @"
    $ GIT_STREAM_AGENT=a1 git stream release api
    --- stderr ---
    a1 gives back api
    it had no commits of its own
    kept 1 earlier state that no branch leads to, below refs/stream/kept/api/
    [status 0]
    ");
    let kept = sandbox.git(&[
        "for-each-ref",
        "--format=%(objectname)",
        "refs/stream/kept/api",
    ]);
    assert_eq!(kept, lost);
}

#[test]
fn files_that_git_was_told_to_overlook_are_not_lost() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let sandbox = claimed();
        let file = worktree(&sandbox).join("src/api/lib.rs");
        sandbox.write(&file, "precious\n");
        let update = ["update-index", flag, "src/api/lib.rs"];
        sandbox.git_in(&worktree(&sandbox), &update);
        sandbox.run(["release", "api"]).agent("a1").go().succeeded();
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious\n", "{flag}");
    }
}

#[test]
fn what_only_the_base_did_has_not_landed() {
    let sandbox = claimed();
    sandbox.commit("On the base", &[("README.md", "more\n")]);
    sandbox.git_in(
        &worktree(&sandbox),
        &["merge", "--quiet", "--ff-only", "main"],
    );
    let release = sandbox.run(["release", "api", "--json"]).agent("a1").json();
    assert_eq!(release["state"], "unclaimed");
}

#[test]
fn a_worktree_that_was_moved_is_found() {
    let sandbox = claimed();
    let moved = sandbox.root().join("elsewhere");
    let to = moved.display().to_string();
    sandbox.git(&["worktree", "move", "../repo.streams/api", &to]);
    assert_eq!(
        sandbox.run(["path", "api"]).go().stdout(),
        format!("{to}\n")
    );
    let claim = sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1");
    assert_eq!(claim.go().stdout(), format!("{to}\n"));
    sandbox.write(moved.join("src/api/lib.rs"), "changed\n");
    let release = sandbox.run(["release", "api", "--json"]).agent("a1").json();
    assert_eq!(release["worktree"], to.as_str());
    assert_eq!(release["branch"], "stream/api");
    assert_eq!(
        fs::read_to_string(moved.join("src/api/lib.rs")).unwrap(),
        "changed\n"
    );
}

#[test]
fn a_branch_that_somebody_stands_on_stays() {
    let sandbox = claimed();
    fs::remove_dir_all(worktree(&sandbox)).unwrap();
    sandbox.git(&["worktree", "prune"]);
    sandbox.git(&["checkout", "--quiet", "stream/api"]);
    sandbox.run(["release", "api"]).agent("a1").go().succeeded();
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_locked_worktree_stays() {
    let sandbox = claimed();
    sandbox.git(&["worktree", "lock", "../repo.streams/api"]);
    let release = sandbox.run(["release", "api", "--json"]).agent("a1").json();
    assert_eq!(release["reasons"][0], "it is locked (`git worktree lock`)");
}

#[test]
fn a_worktree_left_off_its_branch_is_not_handed_on() {
    let sandbox = claimed();
    sandbox.git_in(&worktree(&sandbox), &["checkout", "--quiet", "--detach"]);
    sandbox.run(["release", "api"]).agent("a1").go().succeeded();
    let claim = sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a2");
    assert_snapshot!(claim.block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: the worktree of 'api' in '$ROOT/repo.streams/api' was left off its branch
    hint: Nothing was changed. Put it back with `git -C $ROOT/repo.streams/api switch stream/api`; what HEAD is on now needs a branch of its own first, if it is to be kept.
    [status 1]
    ");
}
