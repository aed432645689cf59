//! How does `git stream init` behave?

use std::fs;

use insta::assert_snapshot;

use crate::support::{Fingerprint, Sandbox, assert_sound};

#[test]
fn it_sets_up_and_is_safe_to_run_again() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(["init"]).block(), @"
    $ git stream init
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    wrote '$ROOT/repo/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    recorded the base branch 'main'
    wrote a plan to begin with, '$ROOT/repo/streams.toml'
    --- stderr ---
    hint: Describe your streams in it, check it with `git stream plan`, and commit it to 'main'; it counts from then on.
    [status 0]
    ");
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    assert_snapshot!(sandbox.run(["init"]).block(), @"
    $ git stream init
    nothing to do: everything is set up
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn a_dry_run_says_what_would_be_done() {
    let sandbox = Sandbox::new();
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    assert_snapshot!(sandbox.run(["init", "--dry-run"]).block(), @"
    $ git stream init --dry-run
    would write the hooks in '$ROOT/repo/.git/git-stream/hooks'
    would write '$ROOT/repo/.git/hooks/prepare-commit-msg'
    would include 'git-stream.config' in '$ROOT/repo/.git/config'
    would record the base branch 'main'
    would write a plan to begin with, '$ROOT/repo/streams.toml'
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
}

#[test]
fn a_private_plan_stays_inside_the_git_directory() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(["init", "--private", "--json"]).block(), @r#"
    $ git stream init --private --json
    {"version":1,"outcome":"done","base":"main","done":["wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'","wrote '$ROOT/repo/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout","included 'git-stream.config' in '$ROOT/repo/.git/config'","recorded the base branch 'main'","wrote a plan to begin with, '$ROOT/repo/.git/git-stream/streams.toml'"],"notes":[]}
    [status 0]
    "#);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    let plan = sandbox.repo().join(".git/git-stream/streams.toml");
    let text = fs::read_to_string(&plan).unwrap();
    sandbox.write(
        &plan,
        format!("{text}\n[streams.api]\nfiles = [\"src/api/**\"]\n"),
    );
    assert_eq!(sandbox.run(["claim", "api"]).agent("a1").status(), 0);
}

#[test]
fn uninstalling_leaves_the_work_and_says_how_to_remove_it() {
    let sandbox = Sandbox::new();
    let config = fs::read_to_string(sandbox.repo().join(".git/config")).unwrap();
    sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
        .go()
        .succeeded();
    assert_snapshot!(sandbox.run(["init", "--uninstall", "-n"]).block(), @"
    $ git stream init --uninstall -n
    would remove the include from '$ROOT/repo/.git/config'
    would remove '$ROOT/repo/.git/hooks/prepare-commit-msg'
    would remove the hooks in '$ROOT/repo/.git/git-stream/hooks'
    --- stderr ---
    hint: 'api' is still held by a1; its worktree '$ROOT/repo.streams/api' is not guarded any more
    hint: The ledger stays; remove it with `git update-ref -d refs/stream/ledger`.
    hint: Approvals and locks stay in '$ROOT/repo/.git/git-stream/'; a private plan does, too.
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["init", "--uninstall"]).block(), @"
    $ git stream init --uninstall
    removed the include from '$ROOT/repo/.git/config'
    removed '$ROOT/repo/.git/hooks/prepare-commit-msg'
    removed the hooks in '$ROOT/repo/.git/git-stream/hooks'
    --- stderr ---
    hint: 'api' is still held by a1; its worktree '$ROOT/repo.streams/api' is not guarded any more
    hint: The ledger stays; remove it with `git update-ref -d refs/stream/ledger`.
    hint: Approvals and locks stay in '$ROOT/repo/.git/git-stream/'; a private plan does, too.
    [status 0]
    ");
    assert_eq!(
        fs::read_to_string(sandbox.repo().join(".git/config")).unwrap(),
        config
    );
    let worktree = sandbox.root().join("repo.streams/api");
    sandbox.write(worktree.join("outside"), "1\n");
    sandbox.git_in(&worktree, &["add", "outside"]);
    sandbox.git_in(
        &worktree,
        &["commit", "--quiet", "-m", "Not guarded any more"],
    );
}

#[test]
fn the_base_is_found_or_named() {
    let sandbox = Sandbox::new();
    sandbox.git(&["branch", "-m", "main", "trunk"]);
    assert_snapshot!(sandbox.run(["init", "--json", "-n"]).block(), @r#"
    $ git stream init --json -n
    {"version":1,"outcome":"done","base":"trunk","done":["would write the hooks in '$ROOT/repo/.git/git-stream/hooks'","would write '$ROOT/repo/.git/hooks/prepare-commit-msg'","would include 'git-stream.config' in '$ROOT/repo/.git/config'","would record the base branch 'trunk'","would write a plan to begin with, '$ROOT/repo/streams.toml'"],"notes":[]}
    [status 0]
    "#);
    assert_snapshot!(sandbox.run(["init", "--base", "no-such-branch"]).block(), @"
    $ git stream init --base no-such-branch
    --- stderr ---
    error: there is no base branch 'refs/heads/no-such-branch'
    hint: Nothing was changed. Name one that exists, as in `git stream init --base main`; `git branch` lists them.
    [status 5]
    ");
    // A file of the branch's name confuses nobody.
    sandbox.write(sandbox.repo().join("trunk"), "a file\n");
    sandbox.run(["init", "--base", "trunk"]).go().succeeded();
    sandbox.git(&["branch", "other"]);
    assert_snapshot!(sandbox.run(["init", "--base", "other"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream init --base other
    --- stderr ---
    error: only a person may change the base branch
    hint: Nothing was changed. Ask a person to run the same command in a terminal of their own.
    [status 1]
    ");
    assert_snapshot!(sandbox.run(["init", "--base", "other"]).block(), @"
    $ git stream init --base other
    recorded the base branch 'other'
    [status 0]
    ");
}

#[test]
fn only_a_person_approves() {
    let sandbox = Sandbox::new();
    let plan = "version = 1\n[worktrees]\nsetup = \"true\"\n[land]\ncheck = \"make test\"\n";
    sandbox.commit("Plan", &[("streams.toml", plan)]);
    assert_snapshot!(sandbox.run(["init", "--approve"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream init --approve
    --- stderr ---
    error: only a person may approve the plan's commands
    hint: Nothing was changed. Ask a person to run the same command in a terminal of their own.
    [status 1]
    ");
    assert_snapshot!(sandbox.run(["init", "--approve"]).block(), @"
    $ git stream init --approve
    approved setup: `true`
    approved check: `make test`
    [status 0]
    ");
}
