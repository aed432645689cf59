//! How does a stream land whose base is on a remote?

use std::path::{Path, PathBuf};

use super::{ArgJson as _, FAST, claim, commit_in};
use crate::support::{Call, Sandbox, assert_sound, for_every_git_call, race};

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

/// What the remote has of the stream: on the base, and by the ledger there.
fn there(shared: &Shared) -> (bool, bool) {
    let log = shared.at_remote(&["log", "--format=%s", "main"]);
    let record = shared.at_remote(&["show", "refs/stream/ledger:streams/api.toml"]);
    let has_it = log.contains("Answer faster");
    (has_it, record.contains("state = \"landed\""))
}

#[test]
fn base_and_ledger_move_in_one_push_or_not_at_all() {
    let mut seen = std::collections::BTreeSet::new();
    for_every_git_call(|kill| {
        let shared = Shared::new("[land]\ncheck = 'true'\n");
        shared.work();
        let killed = shared.land().killed_at(kill).go().was_killed();
        let (base, ledger) = there(&shared);
        assert_eq!(base, ledger, "{kill:?}");
        seen.insert(base);
        // The next command of anybody on this machine finds out what has arrived.
        let claim = ["claim", "ui", "--files", "src/ui/**"];
        shared.sandbox.run(claim).agent("a2").go().succeeded();
        assert_eq!(there(&shared), (base, base), "{kill:?}");
        let landed = shared.record().contains("state = \"landed\"");
        assert_eq!(landed, base, "{kill:?}");
        shared.land().go().succeeded();
        assert_eq!(there(&shared), (true, true), "{kill:?}");
        let left = shared.sandbox.repo().join(".git/git-stream/landing");
        assert!(
            !left.exists(),
            "nothing has to be remembered between two steps"
        );
        killed
    });
    assert_eq!(seen.len(), 2);
}

/// Of a server that cannot do that, each is a step of its own.
#[test]
fn a_remote_that_moves_one_ref_at_a_time_gets_them_one_after_the_other() {
    let shared = Shared::new("");
    shared.work();
    shared.at_remote(&["config", "receive.advertiseAtomic", "false"]);
    let answer = shared.land().arg_json();
    assert_eq!(answer["outcome"], "landed", "{answer}");
    let notes = answer["notes"].to_string();
    assert!(
        notes.contains("does not move several refs in one step"),
        "{notes}"
    );
    assert_eq!(there(&shared), (true, true));
    let trailers = ["log", "--format=%(trailers:key=Push)", "refs/stream/ledger"];
    assert_eq!(shared.sandbox.git(&trailers).matches("Push: ").count(), 1);
}

#[test]
fn a_landing_in_two_steps_that_dies_is_finished_or_undone() {
    for_every_git_call(|kill| {
        let shared = Shared::new("");
        shared.work();
        shared.at_remote(&["config", "receive.advertiseAtomic", "false"]);
        let killed = shared.land().killed_at(kill).go().was_killed();
        let again = shared.land().go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        assert_eq!(there(&shared), (true, true), "{kill:?}");
        killed
    });
}

/// What a dead landing has left is told by another process, while a third one is the pusher: that
/// one must not take the request for a dead one's.
#[test]
fn what_a_dead_landing_has_left_is_told_also_while_another_process_pushes() {
    let shared = Shared::new("");
    shared.work();
    shared.at_remote(&["config", "receive.advertiseAtomic", "false"]);
    // The base has arrived, and the ledger was not told.
    shared.hook("post-receive", "#!/bin/sh\nwhile read -r old new name; do\n test \"$name\" != refs/heads/main || kill -KILL $(cat \"$TMPDIR/land\")\ndone\n");
    let script = "echo $$ >\"$TMPDIR/land\"; exec git-stream-land api";
    let dead = shared
        .sandbox
        .program("sh", ["-c", script])
        .agent("a1")
        .go();
    assert!(dead.was_killed(), "{}", dead.block());
    assert_eq!(there(&shared), (true, false));
    // Between its look at the base and its request, another command becomes the pusher, whose first
    // push breaks off when the request is in the queue: so it looks at the queue again.
    let queue = shared.sandbox.repo().join(".git/git-stream/queue");
    let hook = format!(
        "#!/bin/sh\ntest -e \"$TMPDIR/once\" && exit 0\ntouch \"$TMPDIR/once\"\n\
         echo now >\"$TMPDIR/pushes\"\n\
         until test \"$(find '{}' -name '*.json' | wc -l)\" -ge 2; do :; done\n\
         kill -KILL $PPID\n",
        queue.display()
    );
    shared.hook("pre-receive", &hook);
    let tmp = shared.sandbox.root().join("tmp");
    for name in ["go", "pushes"] {
        let fifo = tmp.join(name);
        let made = shared.sandbox.program("mkfifo", [fifo.to_str().unwrap()]);
        made.go().succeeded();
    }
    let git = "#!/bin/sh\nPATH=\"${PATH#*:}\" git \"$@\"; status=$?\ncase \" $* \" in\n\
        *' +refs/heads/main:'*) test -e \"$TMPDIR/said\" || { touch \"$TMPDIR/said\"; \
        echo go >\"$TMPDIR/go\"; read -r now <\"$TMPDIR/pushes\"; };;\nesac\nexit $status\n";
    shared.sandbox.script(tmp.join("bin/git"), git);
    let claim = "read -r go <\"$TMPDIR/go\"; exec git-stream-claim ui --files 'src/ui/**'";
    let land = "PATH=\"$TMPDIR/bin:$PATH\"; exec git-stream-land api";
    let ran = race(vec![
        shared.sandbox.program("sh", ["-c", claim]).agent("a2"),
        shared.sandbox.program("sh", ["-c", land]).agent("a1"),
    ]);
    for one in &ran {
        assert_eq!(one.status(), 0, "{}", one.block());
    }
    assert_eq!(there(&shared), (true, true));
    assert!(!shared.record().contains("[claim"), "{}", shared.record());
    let left = std::fs::read_dir(queue).unwrap().count();
    assert_eq!(left, 0, "nothing is left in the queue");
}

/// The server's word counts: what was forced there is what streams are combined with.
#[test]
fn a_base_that_was_forced_elsewhere_is_where_the_stream_lands() {
    let shared = Shared::new("");
    shared.work();
    shared.other("Another title", "src/ui/app.js");
    shared.sandbox.git(&["fetch", "--quiet"]);
    let forced = ["update-ref", "refs/heads/main", "refs/heads/main~1"];
    shared.at_remote(&forced);
    let answer = shared.land().arg_json();
    assert_eq!(answer["outcome"], "landed", "{answer}");
    let there = shared.at_remote(&["log", "--format=%s", "main"]);
    assert_eq!(there, "Answer faster\nPlan\nBegin\n");
}

#[test]
fn a_base_that_was_renamed_is_not_made_again() {
    let shared = Shared::new("");
    shared.work();
    shared.at_remote(&["branch", "-m", "main", "trunk"]);
    let ran = shared.land().go();
    assert_eq!(ran.status(), 5, "{}", ran.block());
    assert!(ran.stderr().contains("main"), "{}", ran.block());
    assert_eq!(shared.at_remote(&["branch", "--list", "main"]), "");
    assert!(!shared.record().contains("intent"));
}

// ---- taken back ----

#[test]
fn what_others_have_seen_is_taken_back_by_a_commit() {
    let shared = Shared::new("[land]\ncheck = 'true'\n");
    shared.work();
    shared.land().go().succeeded();
    let before = shared.at_remote(&["rev-parse", "main"]);
    let undone = shared.sandbox.run(["undo"]).agent("a1").arg_json();
    assert_eq!(undone["base"]["way"], "reverted", "{undone}");
    let log = shared.at_remote(&["log", "--format=%s", "main"]);
    assert_eq!(
        log,
        "Revert \"Answer faster\"\nAnswer faster\nPlan\nBegin\n"
    );
    let grown = ["merge-base", "--is-ancestor", before.trim(), "main"];
    shared.at_remote(&grown);
    assert_eq!(there(&shared), (true, false));
    assert!(shared.api.exists());
    assert_eq!(
        shared
            .sandbox
            .git(&["log", "--format=%s", "origin/main..stream/api"]),
        "Answer faster\n"
    );
    let again = shared.sandbox.run(["undo"]).agent("a1").arg_json();
    assert_eq!(again["base"]["way"], "landed", "{again}");
    assert_eq!(there(&shared), (true, true));
    assert_eq!(shared.at_remote(&["show", "main:src/api/lib.rs"]), FAST);
    assert_sound(&shared.sandbox, &shared.sandbox.repo());
}

#[test]
fn a_protected_base_keeps_what_has_landed() {
    let shared = Shared::new("");
    shared.work();
    shared.land().go().succeeded();
    shared.hook(
        "update",
        "#!/bin/sh\ntest \"$1\" != refs/heads/main || { echo 'main is protected' >&2; exit 1; }\n",
    );
    let ran = shared.sandbox.run(["undo"]).agent("a1").go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert!(
        ran.stderr().contains("main is protected"),
        "{}",
        ran.block()
    );
    assert_eq!(there(&shared), (true, true));
    let record = shared.record();
    assert!(!record.contains("[claim"), "{record}");
}

#[test]
fn an_undo_on_a_remote_that_dies_is_finished_or_forgotten() {
    for_every_git_call(|kill| {
        let shared = Shared::new("");
        shared.work();
        shared.land().go().succeeded();
        let undo = || shared.sandbox.run(["undo", "api"]).agent("a1");
        let killed = undo().killed_at(kill).go().was_killed();
        let is_reverted = || {
            let log = shared.at_remote(&["log", "--format=%s", "main"]);
            log.matches("Revert ").count()
        };
        let (_, landed) = there(&shared);
        assert_eq!(is_reverted(), usize::from(!landed), "{kill:?}");
        if landed {
            undo().go().succeeded();
        }
        assert_eq!(is_reverted(), 1, "{kill:?}");
        claim(&shared.sandbox, "api", "a1");
        let record = shared.record();
        assert!(!record.contains("intent"), "{kill:?}: {record}");
        let status = shared
            .sandbox
            .git_in(&shared.api, &["status", "--porcelain"]);
        assert_eq!(status, "", "{kill:?}");
        shared.land().go().succeeded();
        assert_eq!(there(&shared), (true, true), "{kill:?}");
        killed
    });
}

#[test]
fn a_landing_on_a_remote_that_dies_is_finished_or_undone() {
    for_every_git_call(|kill| {
        let shared = Shared::new("");
        shared.work();
        shared.other("Another title", "src/ui/app.js");
        let killed = shared.land().killed_at(kill).go().was_killed();
        let (base, ledger) = there(&shared);
        assert_eq!(base, ledger, "{kill:?}");
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
