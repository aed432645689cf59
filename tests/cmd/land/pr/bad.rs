//! What keeps a stream from being submitted, and what is true then?

use insta::assert_snapshot;

use super::super::{ArgJson as _, commit_in};
use super::forge::Forge;
use crate::support::{assert_sound, race};

#[test]
fn an_open_that_fails_is_one_clear_answer_and_the_same_command_goes_on() {
    let forge = Forge::new();
    let tip = forge.work();
    forge.opens_with("#!/bin/sh\necho 'no such repository' >&2\nexit 3\n");
    assert_snapshot!(forge.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    --- stderr ---
    open: `$ROOT/open stream/api main api`; its output is in '$ROOT/repo/.git/git-stream/opening/api/log'
    error: the plan's open command `$ROOT/open stream/api main api` failed with exit status 3, and printed: no such repository
    hint: The branch is pushed, and the stream is not in review yet. See all that it printed with `less $ROOT/repo/.git/git-stream/opening/api/log`.
    hint: What is pushed is not pushed again: go on with `git stream land api`.
    [status 1]
    ");
    assert_eq!(forge.branch("stream/api"), tip);
    assert_eq!(forge.state("api"), "in-progress");
    assert!(!forge.record().contains("intent"));
    let failed = forge.land().arg_json();
    assert_eq!(failed["error"], serde_json::Value::Null, "{failed}");
    forge.opens_again();
    forge.land().go().succeeded();
    assert_eq!(forge.opened(), ["stream/api main api"]);
    assert_eq!(forge.state("api"), "in-review");
    assert_sound(&forge.sandbox, &forge.sandbox.repo());
}

#[test]
fn a_pull_request_that_somebody_has_opened_by_hand_is_the_streams() {
    let forge = Forge::new();
    forge.work();
    forge.opens_with(
        "#!/bin/sh\necho 'a pull request for branch \"stream/api\" into branch \"main\" already exists:' >&2\necho https://forge.example/pulls/7 >&2\nexit 1\n",
    );
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "submitted", "{answer}");
    assert_eq!(answer["said"], "https://forge.example/pulls/7");
}

#[test]
fn an_open_that_hangs_is_ended() {
    let forge = Forge::with("timeout = '1s'");
    forge.work();
    forge.opens_with("#!/bin/sh\nsleep 600\n");
    let ran = forge.land().go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert!(ran.stderr().contains("took longer than"), "{}", ran.block());
    assert_eq!(forge.state("api"), "in-progress");
}

#[test]
fn commands_that_nobody_has_approved_are_not_run_and_nothing_is_pushed() {
    let forge = Forge::new();
    forge.work();
    std::fs::remove_file(forge.sandbox.repo().join(".git/git-stream/approved")).unwrap();
    let ran = forge.land().go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert_eq!(forge.land().arg("-n").status(), 1);
    assert_eq!(forge.branch("stream/api"), "");
    assert!(forge.opened().is_empty());
}

#[test]
fn a_failed_check_pushes_nothing() {
    let forge = Forge::with("check = 'false'");
    let tip = forge.work();
    forge.other("Another title", "src/ui/app.js");
    let answer = forge.land().arg_json();
    assert_eq!(answer["cause"], "check-failed");
    assert_eq!(forge.branch("stream/api"), "");
    let here = forge.sandbox.git_in(&forge.api, &["rev-parse", "HEAD"]);
    assert_eq!(here.trim(), tip, "the stream is where it was");
    assert!(forge.opened().is_empty());
}

#[test]
fn what_is_not_the_streams_is_not_pushed() {
    let forge = Forge::new();
    forge.commit("Not mine", "src/ui/app.js", "taken\n");
    let answer = forge.land().arg_json();
    assert_eq!(answer["cause"], "out-of-scope");
    assert_eq!(forge.branch("stream/api"), "");
}

#[test]
fn uncommitted_work_in_the_way_of_the_move_is_named() {
    let forge = Forge::new();
    forge.work();
    forge.other("Another title", "src/ui/app.js");
    forge
        .sandbox
        .write(forge.api.join("src/ui/app.js"), "mine\n");
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "refused");
    assert_eq!(answer["cause"], "in-the-way");
    assert_eq!(answer["paths"][0], "src/ui/app.js");
    assert_eq!(forge.branch("stream/api"), "");
    assert!(!forge.record().contains("intent"));
}

#[test]
fn what_somebody_else_has_pushed_to_the_branch_is_not_overwritten() {
    let forge = Forge::new();
    forge.work();
    forge.land().go().succeeded();
    let clone = forge.sandbox.clone_of(&forge.remote, "reviewer");
    let switch = ["switch", "--quiet", "stream/api"];
    forge.sandbox.git_in(&clone, &switch);
    let theirs = commit_in(
        &forge.sandbox,
        &clone,
        "Suggested",
        "src/api/why.md",
        "so\n",
    );
    forge.sandbox.git_in(&clone, &["push", "--quiet"]);
    forge.commit("Mine", "src/api/more.md", "more\n");
    assert_snapshot!(forge.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    --- stderr ---
    error: 'stream/api' on 'origin' has commits that are not here
    hint: Nothing was pushed. Bring them here with `git -C $ROOT/repo.streams/api pull --rebase origin stream/api`, then land the stream again.
    [status 1]
    ");
    assert_eq!(forge.branch("stream/api"), theirs);
    // As the hint says.
    let pull = ["pull", "--quiet", "--rebase", "origin", "stream/api"];
    forge.sandbox.git_in(&forge.api, &pull);
    forge.land().go().succeeded();
    let there = forge.at_remote(&["log", "--format=%s", "-3", "stream/api"]);
    assert_eq!(there, "Mine\nSuggested\nAnswer faster");
}

#[test]
fn a_remote_that_does_not_take_the_branch_says_so() {
    let forge = Forge::new();
    forge.work();
    forge.sandbox.script(
        forge.remote.join("hooks/pre-receive"),
        "#!/bin/sh\nwhile read -r old new name; do\n case $name in refs/heads/stream/*) echo 'no branches of streams' >&2; exit 1;; esac\ndone\n",
    );
    let ran = forge.land().go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert!(
        ran.stderr().contains("no branches of streams"),
        "{}",
        ran.block()
    );
    assert_eq!(forge.state("api"), "in-progress");
    assert!(!forge.record().contains("intent"));
}

#[test]
fn a_push_whose_answer_is_lost_is_found_to_have_arrived() {
    let forge = Forge::new();
    let tip = forge.work();
    forge.sandbox.script(
        forge.remote.join("hooks/post-receive"),
        "#!/bin/sh\nwhile read -r old new name; do\n test \"$name\" != refs/heads/stream/api || kill -KILL $PPID\ndone\n",
    );
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "submitted", "{answer}");
    assert_eq!(forge.branch("stream/api"), tip);
}

#[test]
fn a_stream_whose_worktree_is_gone_is_submitted_all_the_same() {
    let forge = Forge::new();
    forge.work();
    forge.other("Another title", "src/ui/app.js");
    std::fs::remove_dir_all(&forge.api).unwrap();
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "submitted", "{answer}");
    let here = forge.sandbox.git(&["rev-parse", "stream/api"]);
    assert_eq!(here.trim(), forge.branch("stream/api"));
}

#[test]
fn a_base_on_no_remote_has_no_pull_requests() {
    let scene = super::super::Scene::new("[land]\nthrough = 'pr'");
    scene.work("Answer faster", "src/api/lib.rs", super::super::FAST);
    let main = scene.main();
    assert_snapshot!(scene.land().block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream land api
    --- stderr ---
    error: the plan lands streams by pull request, and the base 'main' is on no remote
    hint: Nothing was changed. Name the remote in the plan, or let streams land with `through = "push"`; what the plan says is checked by `git stream plan`.
    [status 1]
    "#);
    scene.assert_unmoved(&main);
}

/// One waits for the other, and finds that nothing is left to do.
#[test]
fn two_landings_of_one_stream_open_one_pull_request() {
    let forge = Forge::with("check = 'true'");
    forge.work();
    let calls = (0..3).map(|_| forge.land().arg("--json")).collect();
    let ran = race(calls);
    for one in &ran {
        assert_eq!(one.status(), 0, "{}", one.block());
        assert_eq!(one.json()["outcome"], "submitted");
    }
    assert_eq!(forge.opened().len(), 1);
    assert_eq!(
        ran.iter().filter(|one| one.json()["news"] == true).count(),
        1
    );
}
