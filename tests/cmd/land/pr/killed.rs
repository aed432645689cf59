//! What is left when a landing by pull request dies at one of its git processes, or in `open`?

use super::super::ArgJson as _;
use super::forge::Forge;
use crate::support::{assert_sound, for_every_git_call};

#[test]
fn a_submission_that_dies_is_finished_by_the_same_command() {
    let calls = for_every_git_call(|kill| {
        let forge = Forge::new();
        forge.work();
        forge.other("Another title", "src/ui/app.js");
        let killed = forge.land().killed_at(kill).go().was_killed();
        let again = forge.land().go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        let record = forge.record();
        assert!(
            record.contains("state = \"in-review\""),
            "{kill:?}: {record}"
        );
        assert!(!record.contains("intent"), "{kill:?}: {record}");
        assert_eq!(forge.opened().len(), 1, "{kill:?}");
        let here = forge.sandbox.git(&["rev-parse", "stream/api"]);
        assert_eq!(here.trim(), forge.branch("stream/api"), "{kill:?}");
        let status = forge.sandbox.git_in(&forge.api, &["status", "--porcelain"]);
        assert_eq!(status, "", "{kill:?}");
        assert_sound(&forge.sandbox, &forge.sandbox.repo());
        killed
    });
    assert!(calls > 5, "{calls}");
}

/// The command has done its work, and nobody was left to hear of it.
#[test]
fn a_landing_that_dies_in_open_is_not_followed_by_a_second_pull_request() {
    let forge = Forge::new();
    forge.work();
    forge.opens_with(
        r#"#!/bin/sh
echo "$*" >>"$0.calls"
parent_of() { cut -d ' ' -f 4 "/proc/$1/stat"; }
at=$$
until grep -q git-stream-land "/proc/$at/comm" || grep -qa git-stream-land "/proc/$at/cmdline"; do at=$(parent_of "$at"); done
kill -KILL "$at"
echo https://forge.example/pulls/1
"#,
    );
    let ran = forge.land().go();
    assert!(ran.was_killed(), "{}", ran.block());
    forge.opens_again();
    let answer = forge.land().arg_json();
    assert_eq!(answer["outcome"], "submitted", "{answer}");
    assert_eq!(answer["said"], "https://forge.example/pulls/1");
    assert_eq!(forge.opened().len(), 1);
}
