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
fn an_ignored_file_goes_into_the_trash_and_an_unchanged_copy_does_not() {
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
    assert_snapshot!(sandbox.run(["release", "api", "-n"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream release api -n
    --- stderr ---
    a1 would give back api
    it had no commits of its own
    would put the worktree into the trash: 1 ignored file in it is nowhere else
      .env
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["release", "api"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream release api
    --- stderr ---
    a1 gives back api
    it had no commits of its own
    put the worktree into the trash: 1 ignored file in it is nowhere else
      .env
    hint: Remove it now, instead of later, by `rm -r $ROOT/repo/.git/git-stream/trash/$KEPT`.
    [status 0]
    ");
    assert!(!worktree.exists());
    assert!(!sandbox.git(&["worktree", "list"]).contains("repo.streams"));
    let kept = fs::read_to_string(in_the_trash(&sandbox).join("worktree/.env"));
    assert_eq!(kept.unwrap(), "KEY=2\n");
    assert_sound(&sandbox, &sandbox.repo());
    sandbox.run(["claim", "api"]).agent("a2").go().succeeded();
    let copy = fs::read_to_string(worktree.join(".env"));
    assert_eq!(copy.unwrap(), "KEY=1\n");
}

/// The one directory in the trash.
fn in_the_trash(sandbox: &Sandbox) -> std::path::PathBuf {
    let trash = sandbox.repo().join(".git/git-stream/trash");
    let all = fs::read_dir(trash).unwrap().map(|one| one.unwrap().path());
    let all: Vec<_> = all.collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

#[test]
fn a_cache_can_be_made_again_and_what_is_as_in_the_main_checkout_is_there() {
    let sandbox = Sandbox::new();
    sandbox.commit("Ignore", &[(".gitignore", "target/\n*.log\nmodules/\n")]);
    let claim = ["claim", "api", "--files", "src/api/**"];
    sandbox.run(claim).agent("a1").go().succeeded();
    let worktree = worktree(&sandbox);
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n# made by a test\n";
    sandbox.write(worktree.join("target/CACHEDIR.TAG"), tag);
    sandbox.write(worktree.join("target/big"), "made again\n");
    sandbox.write("same.log", "same\n");
    sandbox.write(worktree.join("same.log"), "same\n");
    let release = sandbox.run(["release", "api", "--json"]).agent("a1").json();
    assert_eq!(release["trash"], serde_json::Value::Null);
    assert!(!worktree.exists());
    assert!(!sandbox.repo().join(".git/git-stream/trash").exists());

    sandbox.run(claim).agent("a1").go().succeeded();
    sandbox.write(worktree.join("modules/one"), "1\n");
    sandbox.write(worktree.join("other.log"), "2\n");
    let release = sandbox.run(["release", "api", "--json"]).agent("a1").json();
    let trash = in_the_trash(&sandbox);
    assert_eq!(release["trash"], trash.join("worktree").to_str().unwrap());
    let record = fs::read_to_string(trash.join("record.toml")).unwrap();
    assert!(
        record.contains(r#"holds = ["modules/", "other.log"]"#),
        "{record}"
    );
}

#[test]
fn a_worktree_with_submodules_goes_into_the_trash() {
    let sandbox = claimed();
    let worktree = worktree(&sandbox);
    fs::create_dir(sandbox.repo().join(".git/worktrees/api/modules")).unwrap();
    let release = sandbox.run(["release", "api"]).agent("a1").go();
    assert_eq!(release.status(), 0, "{}", release.block());
    assert!(!worktree.exists());
    assert!(in_the_trash(&sandbox).join("admin/modules").exists());
    assert_sound(&sandbox, &sandbox.repo());
}

/// As on another file system: what cannot be moved away is judged and removed where it is.
#[test]
fn a_worktree_that_cannot_be_moved_away_stays_if_something_in_it_is_nowhere_else() {
    use std::os::unix::fs::MetadataExt as _;
    let sandbox = Sandbox::new();
    let device = |path: &std::path::Path| fs::metadata(path).map(|about| about.dev()).ok();
    let here = device(sandbox.root());
    let others = ["/dev/shm", "/tmp", "/var/tmp"].map(std::path::Path::new);
    let mut others = others.into_iter().filter(|path| device(path).is_some());
    let Some(elsewhere) = others.find(|path| device(path) != here) else {
        // This machine has only one.
        return;
    };
    let elsewhere = tempfile::tempdir_in(elsewhere).unwrap();
    let plan = format!(
        "version = 1\n[worktrees]\npath = \"{}/{{stream}}\"\n[streams.api]\nfiles = [\"src/api/**\"]\n",
        elsewhere.path().display()
    );
    sandbox.commit(
        "Plan",
        &[("streams.toml", &plan), (".gitignore", "*.log\n")],
    );
    let top = elsewhere.path().join("api");
    sandbox.run(["claim", "api"]).agent("a1").go().succeeded();
    sandbox.write(top.join("one.log"), "1\n");
    let release = sandbox.run(["release", "api", "--json"]).agent("a1").json();
    let reason =
        "it is on another file system than the repository, and so cannot be moved into its trash";
    assert_eq!(release["reasons"][0], reason);
    assert_eq!(fs::read_to_string(top.join("one.log")).unwrap(), "1\n");
    fs::remove_file(top.join("one.log")).unwrap();
    sandbox.run(["claim", "api"]).agent("a1").go().succeeded();
    sandbox.run(["release", "api"]).agent("a1").go().succeeded();
    assert!(!top.exists());
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn what_was_kept_for_long_enough_goes_and_the_rest_stays() {
    let sandbox = claimed();
    sandbox.commit("Ignore", &[(".gitignore", "*.log\n")]);
    let worktree = worktree(&sandbox);
    sandbox.git_in(&worktree, &["merge", "--quiet", "main"]);
    sandbox.write(worktree.join("one.log"), "1\n");
    sandbox.run(["release", "api"]).agent("a1").go().succeeded();
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let old = "refs/stream/kept/api/20200101T000000Z-0123456789abcdef-1";
    let odd = "refs/stream/kept/api/by-hand";
    let new = "refs/stream/kept/api/29990101T000000Z-0123456789abcdef-1";
    for name in [old, odd, new] {
        sandbox.git(&["update-ref", name, "HEAD"]);
    }
    let trash = in_the_trash(&sandbox);
    let record = fs::read_to_string(trash.join("record.toml")).unwrap();
    let at = record
        .lines()
        .find(|line| line.starts_with("at = "))
        .unwrap();
    sandbox.write(
        trash.join("record.toml"),
        record.replace(at, "at = \"2020-01-01T00:00:00Z\""),
    );
    let claim = ["claim", "ui", "--files", "src/ui/**"];
    sandbox.run(claim).agent("a1").go().succeeded();
    sandbox.run(["release", "ui"]).agent("a1").go().succeeded();
    let kept = [
        "for-each-ref",
        "--format=%(refname) %(objectname)",
        "refs/stream/kept",
    ];
    let head = head.trim();
    assert_eq!(sandbox.git(&kept), format!("{new} {head}\n{odd} {head}\n"));
    assert!(!trash.exists());
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
    {"version":1,"outcome":"released","stream":"api","agent":"a1","state":"landed","branch":null,"tip":null,"unlanded":0,"past":[],"worktree":null,"trash":null,"reasons":[],"kept":[]}
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
    --git-dir $ROOT/repo/.git/worktrees/api --work-tree $ROOT/repo/.git/git-stream/trash/$KEPT/worktree --no-optional-locks status --porcelain=v1 -z --no-renames --untracked-files=normal --ignored=matching --ignore-submodules=none
    --git-dir $ROOT/repo/.git/worktrees/api --work-tree $ROOT/repo/.git/git-stream/trash/$KEPT/worktree ls-files -v -z
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
