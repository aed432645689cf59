//! What follows when the forge has merged, closed or reopened a pull request?

use insta::assert_snapshot;

use super::super::{ArgJson as _, FAST, claim, commit_in};
use super::forge::{Forge, record_in};
use crate::support::{assert_sound, for_every_git_call};

/// Everything that belongs to a landing has happened.
#[track_caller]
fn assert_landed(forge: &Forge, how: &str) {
    let record = forge.record();
    assert!(record.contains("state = \"landed\""), "{how}: {record}");
    assert!(record.contains("strategy = \"forge\""), "{how}: {record}");
    assert!(!record.contains("[claim"), "{how}: {record}");
    assert!(!record.contains("[review"), "{how}: {record}");
    assert!(!forge.api.exists(), "{how}: the worktree goes");
    let branches = forge.sandbox.git(&["branch", "--list", "stream/api"]);
    assert_eq!(branches, "", "{how}");
    let archived = forge.archive("api/1.toml");
    assert!(archived.contains("src/api/lib.rs"), "{how}: {archived}");
    assert_sound(&forge.sandbox, &forge.sandbox.repo());
}

/// Whichever way a forge merges, any verb that fetches notices it.
#[test]
fn a_merge_a_squash_and_a_rebase_are_noticed_by_every_verb_that_fetches() {
    type Way = (&'static str, fn(&Forge));
    let ways: [Way; 3] = [
        ("merge", |forge| forge.merge("api")),
        ("squash", |forge| forge.squash("api")),
        ("rebase", |forge| forge.rebase("api")),
    ];
    for (how, merge) in ways {
        for (verb, words) in [
            ("sync", &["sync", "api"][..]),
            ("sync --all", &["sync", "--all"]),
            ("land", &["land", "api"]),
            ("land --all", &["land", "--all"]),
            ("claim", &["claim", "ui"]),
        ] {
            let what = format!("{how}, {verb}");
            let forge = Forge::with("check = 'echo fine'");
            forge.work();
            forge.commit("Say why", "src/api/why.md", "because\n");
            forge.land().go().succeeded();
            forge.other("Another title", "docs/other.md");
            merge(&forge);
            forge.remove("api");
            let ran = forge.sandbox.run(words).agent("a1").go();
            assert_eq!(ran.status(), 0, "{what}: {}", ran.block());
            assert!(
                ran.stderr().contains("is merged"),
                "{what}: {}",
                ran.block()
            );
            assert_landed(&forge, &what);
            assert_eq!(forge.archive("api/1.log"), "fine\n", "{what}");
        }
    }
}

#[test]
fn what_was_merged_has_landed_says_sync() {
    let forge = Forge::new();
    forge.work();
    forge.land().go().succeeded();
    forge.squash("api");
    let block = forge.sync().block();
    assert_snapshot!(block, @r"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api has landed: main $oid1 has all of it
    --- stderr ---
    the pull request of api is merged: main has it as $oid1
    [status 0]
    ");
    // Nobody holds it any more; the next claim is a new round, on what was merged.
    let again = claim(&forge.sandbox, "api", "a2");
    let text = std::fs::read_to_string(again.join("src/api/lib.rs")).unwrap();
    assert_eq!(text, FAST);
    assert!(forge.record().contains("round = 2"));
}

#[test]
fn the_answers_of_land_about_a_merged_request() {
    let forge = Forge::new();
    let tip = forge.work();
    forge.land().go().succeeded();
    forge.squash("api");
    let before = forge.record();
    let foreseen = forge.land().arg("-n").arg_json();
    assert_eq!(foreseen["outcome"], "landed", "{foreseen}");
    assert_eq!(forge.record(), before, "a dry run tells nobody");
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "landed", "{answer}");
    assert_eq!(answer["old"], tip);
    assert_eq!(answer["new"], forge.branch("main"));
    assert_eq!(answer["commits"], 1);
    assert_eq!(answer["worktree"], serde_json::Value::Null);
    let again = forge.land().arg_json();
    assert_eq!(again["outcome"], "nothing", "{again}");
}

#[test]
fn what_was_committed_since_goes_on_in_the_next_round() {
    let forge = Forge::new();
    forge.work();
    forge.land().go().succeeded();
    forge.commit("Say why", "src/api/why.md", "because\n");
    forge.squash("api");
    forge.remove("api");
    let synced = forge.sync().arg_json();
    assert_eq!(synced["outcome"], "rebased", "{synced}");
    assert_eq!(synced["commits"], 1);
    let record = forge.record();
    assert!(record.contains("state = \"in-progress\""), "{record}");
    assert!(record.contains("round = 2"), "{record}");
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "submitted");
    assert_eq!(answer["said"], "https://forge.example/pulls/2");
    let there = forge.at_remote(&["log", "--format=%s", "main..stream/api"]);
    assert_eq!(there, "Say why");
}

#[test]
fn a_closed_request_gives_the_stream_back_to_its_holder() {
    let forge = Forge::new();
    let tip = forge.work();
    forge.land().go().succeeded();
    forge.remove("api");
    assert_snapshot!(forge.sync().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api is up to date: 1 commit on main $oid1
    --- stderr ---
    the pull request of api was closed without a merge: its branch is gone, and main has nothing of it
    [status 0]
    ");
    assert_eq!(forge.state("api"), "in-progress");
    let here = forge.sandbox.git_in(&forge.api, &["rev-parse", "HEAD"]);
    assert_eq!(here.trim(), tip, "nothing is lost");
    // Mended, it is submitted again, with a request of its own.
    forge.commit("Say why", "src/api/why.md", "because\n");
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "submitted");
    assert_eq!(answer["said"], "https://forge.example/pulls/2");
    assert_eq!(forge.state("api"), "in-review");
}

#[test]
fn a_request_that_is_opened_again_is_in_review_again() {
    let forge = Forge::new();
    let tip = forge.work();
    forge.land().go().succeeded();
    forge.remove("api");
    forge.sync().go().succeeded();
    assert_eq!(forge.state("api"), "in-progress");
    forge.restore("api", &tip);
    assert_snapshot!(forge.sync().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api is up to date: 1 commit on main $oid1
    --- stderr ---
    the pull request of api is open again
    [status 0]
    ");
    assert_eq!(forge.state("api"), "in-review");
    assert_eq!(forge.opened().len(), 1);
    forge.squash("api");
    forge.land().go().succeeded();
    assert_landed(&forge, "opened again");
}

#[test]
fn a_request_that_was_taken_for_closed_and_is_merged_has_landed() {
    let forge = Forge::new();
    let tip = forge.work();
    forge.land().go().succeeded();
    forge.remove("api");
    forge.sync().go().succeeded();
    forge.restore("api", &tip);
    forge.squash("api");
    forge.remove("api");
    forge.sync().go().succeeded();
    assert_landed(&forge, "closed, then merged");
}

#[test]
fn a_holder_takes_a_request_back_by_going_on() {
    let forge = Forge::new();
    forge.work();
    forge.land().go().succeeded();
    let goes_on = ["progress", "api", "--working"];
    forge.sandbox.run(goes_on).agent("a1").go().succeeded();
    assert_eq!(forge.state("api"), "in-progress");
    forge.sync().go().succeeded();
    assert_eq!(
        forge.state("api"),
        "in-progress",
        "its branch is still there"
    );
}

/// The update meets a request that was merged while its check ran.
#[test]
fn a_request_that_is_merged_while_land_runs_is_followed_by_another() {
    for removes in [false, true] {
        let forge = Forge::with("check = '''\"$TMPDIR/meanwhile\"'''");
        let hook = forge.sandbox.root().join("tmp/meanwhile");
        forge.sandbox.script(&hook, "#!/bin/sh\n");
        forge.work();
        forge.land().go().succeeded();
        forge.commit("Say why", "src/api/why.md", "because\n");
        let remote = forge.remote.display();
        let removal = if removes {
            format!("git -C {remote} update-ref -d refs/heads/stream/api")
        } else {
            String::new()
        };
        forge.sandbox.script(
            &hook,
            &format!(
                "#!/bin/sh\nunset GIT_DIR GIT_WORK_TREE\ntest ! -e \"$0.done\" || exit 0\ntouch \"$0.done\"\n\
                 commit=$(git -C {remote} commit-tree -p main -m 'Squash (#1)' 'stream/api^{{tree}}')\n\
                 git -C {remote} update-ref refs/heads/main \"$commit\"\n{removal}\n"
            ),
        );
        let answer = forge.land().arg_json();
        assert_eq!(answer["outcome"], "submitted", "{removes}: {answer}");
        assert_eq!(answer["said"], "https://forge.example/pulls/2", "{removes}");
        let there = forge.at_remote(&["log", "--format=%s", "main..stream/api"]);
        assert_eq!(there, "Say why", "{removes}");
        let record = forge.record();
        assert!(record.contains("round = 2"), "{removes}: {record}");
        assert!(forge.archive("api/1.toml").contains("src/api/lib.rs"));
    }
}

/// Who is told of it first need not be who holds the stream.
#[test]
fn another_machine_notices_the_merge_and_the_holders_machine_clears_up() {
    let forge = Forge::new();
    forge.work();
    forge.land().go().succeeded();
    let clone = forge.sandbox.clone_of(&forge.remote, "second");
    let there = |words: &[&str]| forge.sandbox.run(words).in_dir(&clone).agent("b1").go();
    there(&["init"]).succeeded();
    let refused = there(&["claim", "ui"]);
    assert_eq!(refused.status(), 4, "{}", refused.block());
    forge.merge("api");
    forge.remove("api");
    there(&["claim", "ui"]).succeeded();
    let record = record_in(&forge.sandbox, &clone, "api");
    assert!(record.contains("state = \"landed\""), "{record}");
    assert!(
        record.contains("[claim"),
        "its worktree is not there: {record}"
    );
    assert!(forge.api.exists());
    forge.sync().go().succeeded();
    assert_landed(&forge, "elsewhere");
}

#[test]
fn noticing_a_merge_that_dies_is_finished_by_the_same_command() {
    let calls = for_every_git_call(|kill| {
        let forge = Forge::new();
        forge.work();
        forge.land().go().succeeded();
        forge.squash("api");
        forge.remove("api");
        let killed = forge.land().killed_at(kill).go().was_killed();
        let again = forge.land().go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        assert_landed(&forge, &format!("{kill:?}"));
        killed
    });
    assert!(calls > 3, "{calls}");
}

/// With `after = "in-review"` what depends on a stream may begin when that is in review; it still
/// cannot land before.
#[test]
fn dependents_begin_when_the_plan_says() {
    let claim_ui = ["claim", "ui"];
    let forge = Forge::new();
    forge.work();
    forge.land().go().succeeded();
    let refused = forge.sandbox.run(claim_ui).agent("a2").arg_json();
    assert_eq!(refused["error"]["kind"], "busy", "{refused}");

    let forge = Forge::with("after = 'in-review'");
    forge.work();
    assert_eq!(forge.sandbox.run(claim_ui).agent("a2").status(), 4);
    forge.land().go().succeeded();
    let status = || forge.sandbox.run(["status", "ui", "--json"]).json();
    assert_eq!(status()["streams"][0]["ready"], true);
    let ui = claim(&forge.sandbox, "ui", "a2");
    commit_in(
        &forge.sandbox,
        &ui,
        "Another title",
        "src/ui/app.js",
        "new\n",
    );
    let land = || forge.sandbox.run(["land", "ui"]).agent("a2");
    let early = land().arg("--json").go();
    assert_eq!(early.status(), 4, "{}", early.block());
    assert_eq!(early.json()["error"]["evidence"]["state"], "in-review");
    forge.squash("api");
    let answer = land().arg_json();
    assert_eq!(answer["outcome"], "submitted", "{answer}");
    // Whose stream it is clears up.
    assert!(forge.record().contains("state = \"landed\""));
    assert!(forge.api.exists());
    assert_eq!(forge.land().arg_json()["outcome"], "landed");
    assert_landed(&forge, "seen by a landing of another stream");
}

#[test]
fn a_request_of_a_stream_that_is_behind_others_on_the_base_stays_in_review() {
    let forge = Forge::new();
    forge.work();
    forge.land().go().succeeded();
    forge.other("Another title", "src/ui/app.js");
    forge.sync().go().succeeded();
    assert_eq!(forge.state("api"), "in-review");
    let docs = claim(&forge.sandbox, "docs", "a2");
    commit_in(&forge.sandbox, &docs, "Say more", "docs/more.md", "more\n");
    let submitted = forge.sandbox.run(["land", "docs"]).agent("a2").arg_json();
    assert_eq!(submitted["outcome"], "submitted", "{submitted}");
    assert_eq!(forge.state("api"), "in-review");
}
