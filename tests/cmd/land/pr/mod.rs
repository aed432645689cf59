//! How does a stream land by pull request: submitted, merged, closed, opened again?

mod bad;
mod forge;
mod killed;
mod merged;
mod stacked;

use std::fs;

use insta::assert_snapshot;

use super::{ArgJson as _, claim, mask_log};
use crate::support::{Fingerprint, assert_sound};
use forge::Forge;

#[test]
fn a_stream_is_submitted_and_waits() {
    let forge = Forge::new();
    let tip = forge.work();
    assert_snapshot!(mask_opening(&forge.land().block()), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    submitted api: 1 commit for main, as stream/api on origin
    --- stderr ---
    open: `$ROOT/open stream/api main api`; its output is in '$ROOT/repo/.git/git-stream/opening/api/log'
    the plan has no check: nothing was checked
    its pull request: https://forge.example/pulls/1
    [status 0]
    ");
    assert_eq!(forge.branch("stream/api"), tip);
    assert_eq!(forge.opened(), ["stream/api main api"]);
    assert_eq!(forge.state("api"), "in-review");
    let record = forge.record();
    assert!(record.contains("https://forge.example/pulls/1"), "{record}");
    assert!(!record.contains("intent"), "{record}");
    assert!(forge.api.exists(), "its agent may have to answer");
    assert_eq!(forge.log(), "Plan\nBegin");
    assert_sound(&forge.sandbox, &forge.sandbox.repo());
    // Nothing is new: nothing is done.
    assert_snapshot!(forge.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    api is in review, as stream/api on origin; nothing is new
    --- stderr ---
    its pull request: https://forge.example/pulls/1
    [status 0]
    ");
    assert_eq!(forge.opened().len(), 1);
}

#[test]
fn the_answer_says_where_it_waits() {
    let forge = Forge::with("check = 'echo fine'");
    let tip = forge.work();
    let answer = forge.land().arg_json();
    assert_eq!(answer["version"], 1);
    assert_eq!(answer["outcome"], "submitted");
    assert_eq!(answer["stream"], "api");
    assert_eq!(answer["old"], tip);
    assert_eq!(answer["new"], forge.branch("stream/api"));
    assert_eq!(answer["base"], forge.branch("main"));
    assert_eq!(answer["commits"], 1);
    assert_eq!(answer["check"]["status"], 0);
    assert_eq!(answer["remote"], "origin");
    assert_eq!(answer["branch"], "stream/api");
    assert_eq!(answer["said"], "https://forge.example/pulls/1");
    let again = forge.land().arg_json();
    assert_eq!(again["outcome"], "submitted");
    assert_eq!(again["news"], false);
    assert_eq!(again["new"], tip);
    assert_eq!(again["check"], serde_json::Value::Null);
    assert_eq!(again["said"], "https://forge.example/pulls/1");
}

/// What is pushed is what was checked: the stream on the newest base, here and there.
#[test]
fn the_stream_stands_on_the_newest_base_when_it_is_submitted() {
    let forge = Forge::with("check = 'cat src/api/lib.rs src/ui/app.js'\nstrategy = 'squash'");
    forge.work();
    forge.commit("Say why", "src/api/why.md", "because\n");
    forge.other("Another title", "src/ui/app.js");
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "submitted", "{answer}");
    assert_eq!(answer["commits"], 2);
    let log = fs::read_to_string(answer["check"]["log"].as_str().unwrap()).unwrap();
    assert_eq!(log, format!("{}theirs\n", super::FAST));
    let there = forge.at_remote(&["log", "--format=%s", "stream/api"]);
    assert_eq!(there, "Say why\nAnswer faster\nAnother title\nPlan\nBegin");
    let here = forge.sandbox.git_in(&forge.api, &["rev-parse", "HEAD"]);
    assert_eq!(here.trim(), forge.branch("stream/api"));
    let status = ["status", "--porcelain"];
    assert_eq!(forge.sandbox.git_in(&forge.api, &status), "");
    assert_sound(&forge.sandbox, &forge.sandbox.repo());
}

#[test]
fn derived_files_are_made_anew_on_the_branch() {
    let plan = "[derived]\nfiles = ['lock']\ncommand = 'cat src/api/lib.rs src/ui/app.js >lock'";
    let forge = Forge::with(plan);
    forge.work();
    forge.commit("Lock", "lock", "half\n");
    forge.other("Another title", "src/ui/app.js");
    forge.land().go().succeeded();
    let lock = forge.at_remote(&["show", "stream/api:lock"]);
    assert_eq!(lock, format!("{}theirs", super::FAST));
    let here = fs::read_to_string(forge.api.join("lock")).unwrap();
    assert_eq!(here.trim_end(), lock);
}

#[test]
fn new_commits_are_pushed_to_the_pull_request_that_waits() {
    let forge = Forge::new();
    forge.work();
    forge.land().go().succeeded();
    let tip = forge.commit("Say why", "src/api/why.md", "because\n");
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "submitted");
    assert_eq!(answer["news"], true);
    assert_eq!(answer["commits"], 2);
    assert_eq!(answer["said"], "https://forge.example/pulls/1");
    assert_eq!(forge.branch("stream/api"), tip);
    assert_eq!(forge.opened().len(), 1, "there is one already");
    // Also where it has been moved onto a newer base meanwhile.
    forge.other("Another title", "src/ui/app.js");
    forge.sync().go().succeeded();
    assert_eq!(forge.state("api"), "in-review");
    forge.land().go().succeeded();
    assert_ne!(forge.branch("stream/api"), tip);
    assert_eq!(forge.opened().len(), 1);
}

#[test]
fn a_dry_run_says_what_would_be_submitted() {
    let forge = Forge::with("check = 'touch ../ran; false'");
    forge.work();
    forge.other("Another title", "src/ui/app.js");
    forge.sandbox.git(&["fetch", "--quiet"]);
    let before = Fingerprint::of(&forge.sandbox, &forge.api);
    assert_snapshot!(forge.land().arg("-n").block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api -n
    would submit api: 1 commit for main, as stream/api on origin
    --- stderr ---
    `touch ../ran; false` would have to pass first; it was not run
    nothing was changed (--dry-run)
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&forge.sandbox, &forge.api));
    assert_eq!(forge.branch("stream/api"), "");
    assert_eq!(forge.opened().len(), 0);
}

#[test]
fn the_queue_submits_each_finished_stream_by_itself() {
    let forge = Forge::with("check = 'true'");
    forge.work();
    let docs = claim(&forge.sandbox, "docs", "a1");
    super::commit_in(&forge.sandbox, &docs, "Say more", "docs/more.md", "more\n");
    for name in ["api", "docs"] {
        let complete = forge.sandbox.run(["progress", name, "--complete"]);
        complete.agent("a1").go().succeeded();
    }
    let all = forge.sandbox.run(["land", "--all"]).agent("a1").arg_json();
    assert_eq!(all["checks"], 2);
    for one in all["streams"].as_array().unwrap() {
        assert_eq!(one["outcome"], "submitted", "{all}");
    }
    assert_eq!(forge.opened().len(), 2);
    let base = forge.branch("main");
    for name in ["stream/api", "stream/docs"] {
        let fork = forge.at_remote(&["merge-base", "main", name]);
        assert_eq!(fork, base, "none stands on another");
    }
}

/// The output of `open` stays where it is said to be.
fn mask_opening(block: &str) -> String {
    mask_log(block)
}
