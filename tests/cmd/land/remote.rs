//! How does a stream land whose base is on a remote?

use std::path::{Path, PathBuf};

use super::{ArgJson as _, FAST, claim, commit_in};
use crate::support::{Call, Sandbox, assert_sound, for_every_git_call};

/// A repository with a remote, whose `main` is the base, and `a1` holding `api`.
struct Shared {
    sandbox: Sandbox,
    remote: PathBuf,
    api: PathBuf,
}

const PLAN: &str = "version = 1\nremote = 'origin'\n[streams.api]\nfiles = ['src/api/**']\n";

impl Shared {
    fn new(more: &str) -> Shared {
        let sandbox = Sandbox::new();
        sandbox.commit("Plan", &[("streams.toml", &format!("{PLAN}{more}"))]);
        let remote = sandbox.bare_remote();
        sandbox.run(["init"]).go().succeeded();
        sandbox.run(["init", "--approve"]).go().succeeded();
        let api = claim(&sandbox, "api", "a1");
        Shared {
            sandbox,
            remote,
            api,
        }
    }

    fn land(&self) -> Call {
        self.sandbox.run(["land", "api"]).agent("a1")
    }

    fn work(&self) -> String {
        commit_in(
            &self.sandbox,
            &self.api,
            "Answer faster",
            "src/api/lib.rs",
            FAST,
        )
    }

    /// Somebody else pushes to the base.
    fn other(&self, message: &str, path: &str) {
        let clone = self.sandbox.root().join("other");
        if !clone.exists() {
            self.sandbox.clone_of(&self.remote, "other");
        }
        self.sandbox
            .git_in(&clone, &["pull", "--quiet", "--rebase"]);
        commit_in(&self.sandbox, &clone, message, path, "theirs\n");
        self.sandbox.git_in(&clone, &["push", "--quiet"]);
    }

    /// What this machine knows of the stream.
    fn record(&self) -> String {
        let refs = ["refs/stream/outbox", "refs/stream/ledger"];
        let known = [&["for-each-ref", "--format=%(refname)"][..], &refs].concat();
        let known = self.sandbox.git(&known);
        let newest = refs.iter().find(|name| known.contains(*name)).unwrap();
        let at = format!("{newest}:streams/api.toml");
        self.sandbox.git(&["show", &at])
    }

    fn at_remote(&self, args: &[&str]) -> String {
        self.sandbox.git_in(&self.remote, args)
    }

    fn hook(&self, name: &str, text: &str) {
        let path: PathBuf = Path::new("hooks").join(name);
        self.sandbox.script(self.remote.join(path), text);
    }
}

#[test]
fn the_base_moves_on_the_remote_and_the_tracking_ref_with_it() {
    let shared = Shared::new("");
    shared.work();
    shared.other("Another title", "src/ui/app.js");
    let local = shared.sandbox.git(&["rev-parse", "main"]);
    let answer = shared.land().arg_json();
    assert_eq!(answer["outcome"], "landed", "{answer}");
    let there = shared.at_remote(&["log", "--format=%s", "main"]);
    assert_eq!(there, "Answer faster\nAnother title\nPlan\nBegin\n");
    let tracking = shared.sandbox.git(&["rev-parse", "origin/main"]);
    assert_eq!(tracking, shared.at_remote(&["rev-parse", "main"]));
    assert_eq!(
        shared.sandbox.git(&["rev-parse", "main"]),
        local,
        "one's own branch is one's own"
    );
    let trailers = ["log", "--format=%(trailers:key=Push)", "refs/stream/ledger"];
    let base = answer["base"].as_str().unwrap();
    let pushed = format!("Push: refs/heads/main {base} {}", tracking.trim());
    assert!(shared.sandbox.git(&trailers).contains(&pushed));
    assert!(!shared.api.exists());
    assert_sound(&shared.sandbox, &shared.sandbox.repo());
}

#[test]
fn a_base_that_moves_on_the_remote_meanwhile_is_combined_and_checked_again() {
    let shared = Shared::new(
        "[land]\ncheck = '''test -e \"$TMPDIR/moved\" || { touch \"$TMPDIR/moved\"; git push --quiet origin $(git commit-tree -p origin/main -m Meanwhile origin/main^{tree}):refs/heads/main; }'''\n",
    );
    shared.work();
    let answer = shared.land().arg_json();
    assert_eq!(answer["outcome"], "landed", "{answer}");
    let there = shared.at_remote(&["log", "--format=%s", "main"]);
    assert_eq!(there, "Answer faster\nMeanwhile\nPlan\nBegin\n");
}

#[test]
fn a_protected_base_is_a_refusal_and_nothing_is_half_landed() {
    let shared = Shared::new("");
    shared.work();
    shared.hook(
        "pre-receive",
        "#!/bin/sh\nwhile read -r old new name; do\n test \"$name\" != refs/heads/main || { echo 'main is protected' >&2; exit 1; }\ndone\n",
    );
    let ran = shared.land().go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert!(
        ran.stderr().contains("main is protected"),
        "{}",
        ran.block()
    );
    assert_eq!(
        shared.at_remote(&["log", "-1", "--format=%s", "main"]),
        "Plan\n"
    );
    let record = shared.record();
    assert!(
        record.contains("state = \"in-progress\"") && !record.contains("intent"),
        "{record}"
    );
}

#[test]
fn a_remote_that_is_away_or_has_lost_the_base_says_so() {
    let shared = Shared::new("");
    shared.work();
    shared.at_remote(&["update-ref", "-d", "refs/heads/main"]);
    assert_eq!(shared.land().status(), 5);
    let gone = shared.sandbox.root().join("gone.git");
    std::fs::rename(&shared.remote, gone).unwrap();
    let ran = shared.land().go();
    assert_eq!(ran.status(), 5, "{}", ran.block());
    assert!(shared.api.exists());
}

/// The remote has taken it, and the answer got lost.
#[test]
fn a_push_whose_answer_is_lost_is_found_to_have_arrived() {
    let shared = Shared::new("");
    shared.work();
    shared.hook("post-receive", "#!/bin/sh\nwhile read -r old new name; do\n test \"$name\" != refs/heads/main || kill -KILL $PPID\ndone\n");
    let answer = shared.land().arg_json();
    assert_eq!(answer["outcome"], "landed", "{answer}");
    assert_eq!(
        shared.at_remote(&["log", "-1", "--format=%s", "main"]),
        "Answer faster\n"
    );
}

#[test]
fn a_landing_on_a_remote_that_dies_is_finished_or_undone() {
    for_every_git_call(|kill| {
        let shared = Shared::new("");
        shared.work();
        shared.other("Another title", "src/ui/app.js");
        let killed = shared.land().killed_at(kill).go().was_killed();
        let again = shared.land().go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        let there = shared.at_remote(&["log", "--format=%s", "main"]);
        assert_eq!(there.matches("Answer faster").count(), 1, "{kill:?}");
        let record = shared.record();
        assert!(record.contains("state = \"landed\""), "{kill:?}: {record}");
        assert!(!record.contains("[claim"), "{kill:?}: {record}");
        killed
    });
}
