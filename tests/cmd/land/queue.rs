//! How does the queue land many streams with few checks?

use std::fs;

use super::{ArgJson as _, claim, commit_in};
use crate::support::{Sandbox, assert_sound, for_every_git_call, race};

/// A repository with so many streams, each complete with one commit; those in `bad` fail the check.
struct Many {
    sandbox: Sandbox,
}

/// Fails where any stream's file says so; counts, and says on which tree it ran.
const CHECK: &str = "[land]\ncheck = 'echo x >>\"$TMPDIR/count\"; git rev-parse HEAD^{tree} \
                     >>\"$TMPDIR/trees\"; ! grep -r bad s'\n";

impl Many {
    fn new(streams: usize, bad: &[usize], more: &str) -> Many {
        Many::with(CHECK, streams, bad, more)
    }

    fn with(check: &str, streams: usize, bad: &[usize], more: &str) -> Many {
        let sandbox = Sandbox::new();
        let mut plan = format!("version = 1\n{check}");
        for at in 1..=streams {
            plan.push_str(&format!("[streams.s{at:02}]\nfiles = ['s/{at:02}']\n"));
        }
        plan.push_str(more);
        sandbox.commit("Plan", &[("streams.toml", &plan), ("s/00", "begin\n")]);
        sandbox.run(["init"]).go().succeeded();
        sandbox.run(["init", "--approve"]).go().succeeded();
        for at in 1..=streams {
            let name = format!("s{at:02}");
            let top = claim(&sandbox, &name, &name);
            let text = if bad.contains(&at) { "bad\n" } else { "good\n" };
            commit_in(&sandbox, &top, &name, &format!("s/{at:02}"), text);
            let done = sandbox.run(["progress", &name, "--complete"]).agent(&name);
            done.go().succeeded();
        }
        Many { sandbox }
    }

    fn landed(&self) -> Vec<String> {
        let log = self
            .sandbox
            .git(&["log", "--reverse", "--format=%s", "main"]);
        log.lines().skip(2).map(str::to_owned).collect()
    }

    fn counted(&self) -> usize {
        let count = fs::read_to_string(self.sandbox.root().join("tmp/count"));
        count.unwrap_or_default().lines().count()
    }
}

#[test]
fn a_batch_that_dies_leaves_no_worktree_of_what_has_landed() {
    for_every_git_call(|kill| {
        let many = Many::with("", 2, &[], "");
        let land = || many.sandbox.run(["land", "--all"]);
        let killed = land().killed_at(kill).go().was_killed();
        let again = land().go();
        assert!(
            [0, 1].contains(&again.status()),
            "{kill:?}: {}",
            again.block()
        );
        assert_eq!(many.landed(), ["s01", "s02"], "{kill:?}");
        let left = many.sandbox.git(&["worktree", "list"]);
        assert_eq!(left.lines().count(), 1, "{kill:?}: {left}");
        assert_sound(&many.sandbox, &many.sandbox.repo());
        killed
    });
}

#[test]
fn a_good_batch_lands_with_one_check() {
    let many = Many::new(5, &[], "");
    let answer = many.sandbox.run(["land", "--all"]).arg_json();
    assert_eq!(answer["checks"], 1, "{answer}");
    assert_eq!(many.counted(), 1);
    assert_eq!(many.landed(), ["s01", "s02", "s03", "s04", "s05"]);
    for one in answer["streams"].as_array().unwrap() {
        assert_eq!(one["outcome"], "landed");
        assert_eq!(one["new"], many.sandbox.git(&["rev-parse", "main"]).trim());
    }
    let subject = many
        .sandbox
        .git(&["log", "--format=%s", "refs/stream/ledger"]);
    let lands = subject
        .lines()
        .filter(|line| line.starts_with("land s01, s02, s03, s04, s05: 5 "));
    assert_eq!(lands.count(), 1, "{subject}");
}

#[test]
fn a_bad_stream_holds_nobody_and_is_asked_about() {
    let many = Many::new(8, &[6], "");
    let ran = many.sandbox.run(["land", "--all"]).arg("--json").go();
    assert_eq!(ran.status(), 3, "{}", ran.block());
    let answer = ran.json();
    // The whole, three to find the sixth of eight, the rest.
    assert_eq!(answer["checks"], 5, "{answer}");
    assert_eq!(
        many.landed(),
        ["s01", "s02", "s03", "s04", "s05", "s07", "s08"]
    );
    let streams = answer["streams"].as_array().unwrap();
    let bad = streams.iter().find(|one| one["stream"] == "s06").unwrap();
    assert_eq!(bad["outcome"], "stopped");
    assert_eq!(bad["escalation"]["kind"], "check-failed");
    assert!(fs::metadata(bad["check"]["log"].as_str().unwrap()).is_ok());
    let inbox = many.sandbox.run(["inbox", "--json"]).json();
    assert!(inbox.to_string().contains("check-failed"), "{inbox}");
    // Mended and said to be, it lands.
    let top = many.sandbox.root().join("repo.streams/s06");
    commit_in(&many.sandbox, &top, "Mend", "s/06", "good\n");
    assert_eq!(
        many.sandbox.run(["land", "--all"]).arg_json()["streams"],
        serde_json::json!([])
    );
    many.sandbox
        .run(["progress", "s06", "--complete"])
        .agent("s06")
        .go()
        .succeeded();
    many.sandbox.run(["land", "--all"]).go().succeeded();
    let inbox = many.sandbox.run(["inbox", "--json"]).json();
    assert!(!inbox.to_string().contains("check-failed"), "{inbox}");
}

#[test]
fn what_depends_on_a_bad_stream_waits_and_a_broken_base_blames_nobody() {
    let many = Many::new(2, &[1], "");
    let plan = fs::read_to_string(many.sandbox.repo().join("streams.toml")).unwrap();
    let plan = plan.replace(
        "files = ['s/02']",
        "files = ['s/02']\ndependencies = ['s01']",
    );
    many.sandbox.commit("Plan", &[("streams.toml", &plan)]);
    let ran = many.sandbox.run(["land", "--all"]).arg("--json").go();
    assert_eq!(ran.status(), 3, "{}", ran.block());
    let streams = ran.json()["streams"].clone();
    assert_eq!(streams[0]["outcome"], "stopped");
    assert_eq!(streams[1]["kind"], "busy", "{streams}");

    let many = Many::new(3, &[], "");
    many.sandbox.commit("Break", &[("s/00", "bad\n")]);
    let main = many.sandbox.git(&["rev-parse", "main"]);
    let ran = many.sandbox.run(["land", "--all"]).arg("--json").go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    for one in ran.json()["streams"].as_array().unwrap() {
        assert_eq!(one["cause"], "base-fails");
    }
    assert_eq!(many.sandbox.git(&["rev-parse", "main"]), main);
    assert_eq!(
        many.sandbox.run(["inbox", "--json"]).json()["escalations"],
        serde_json::json!([])
    );
}

/// Many processes at once, each with its own stream, while somebody commits on the base. Half of the
/// streams depend on one of the others.
#[test]
fn streams_that_finish_at_once_land_exactly_once_each() {
    const STREAMS: usize = 20;
    const HALF: usize = STREAMS / 2;
    let many = Many::new(STREAMS, &[], "");
    let mut plan = fs::read_to_string(many.sandbox.repo().join("streams.toml")).unwrap();
    for at in HALF + 1..=STREAMS {
        let own = format!("files = ['s/{at:02}']");
        let on = format!("{own}\ndependencies = ['s{:02}']", at - HALF);
        plan = plan.replace(&own, &on);
    }
    many.sandbox.commit("Plan", &[("streams.toml", &plan)]);
    many.sandbox.git(&["switch", "--quiet", "-c", "aside"]);
    let calls: Vec<_> = (1..=STREAMS)
        .map(|at| {
            let name = format!("s{at:02}");
            many.sandbox.run(["land", &name]).agent(&name)
        })
        .chain((0..3).map(|at| {
            let step = format!(
                "for n in 1 2 3; do old=$(git rev-parse main); git update-ref refs/heads/main \
                 $(git commit-tree -p $old -m other-{at}-$n $old^{{tree}}) $old; done"
            );
            many.sandbox.program("sh", ["-c", &step])
        }))
        .collect();
    for ran in &race(calls)[..STREAMS] {
        // Five times slower than the base, a landing may give up; it has then done nothing.
        assert!([0, 4].contains(&ran.status()), "{}", ran.block());
    }
    for at in 1..=STREAMS {
        let name = format!("s{at:02}");
        many.sandbox
            .run(["land", &name])
            .agent(&name)
            .go()
            .succeeded();
    }
    let landed = many.landed();
    for at in 1..=STREAMS {
        let name = format!("s{at:02}");
        assert_eq!(
            landed.iter().filter(|one| **one == name).count(),
            1,
            "{name}: {landed:?}"
        );
    }
    let place = |at: usize| {
        let name = format!("s{at:02}");
        landed.iter().position(|one| *one == name).unwrap()
    };
    for at in HALF + 1..=STREAMS {
        assert!(place(at - HALF) < place(at), "{at}: {landed:?}");
    }
    // What landed is a tree that the check had passed on, and on that very tree.
    let trees = fs::read_to_string(many.sandbox.root().join("tmp/trees")).unwrap();
    for at in 1..=STREAMS {
        let archived = format!("refs/stream/ledger:archive/s{at:02}/1.toml");
        let archived: toml::Table =
            toml::from_str(&many.sandbox.git(&["show", &archived])).unwrap();
        let landing = &archived["landing"];
        let tree = format!("{}^{{tree}}", landing["new"].as_str().unwrap());
        let tree = many.sandbox.git(&["rev-parse", &tree]);
        assert_eq!(landing["check"]["tree"].as_str(), Some(tree.trim()), "{at}");
        assert!(trees.contains(tree.trim()), "{at}");
    }
}

/// It stays, lands what becomes complete, leaves what fails alone, and ends by a signal.
#[test]
fn a_queue_that_watches_lands_whatever_becomes_complete() {
    let many = Many::new(3, &[2], "");
    for name in ["s01", "s02", "s03"] {
        let open = many.sandbox.run(["progress", name, "--working"]);
        open.agent(name).go().succeeded();
    }
    // Each step waits for the line that the step before it has brought.
    let script = "mkfifo \"$TMPDIR/out\"
        git-stream-land --all --watch >\"$TMPDIR/out\" 2>\"$TMPDIR/err\" & watcher=$!
        exec 3<\"$TMPDIR/out\"
        for name in s01 s02 s03; do
            GIT_STREAM_AGENT=$name git-stream-progress $name --complete >\"$TMPDIR/said\" 2>&1
            read -r line <&3; echo \"$line\"
        done
        kill -TERM $watcher; wait $watcher; echo \"status $?\"";
    let ran = many.sandbox.program("sh", ["-c", script]).go();
    let said = ran.stdout();
    assert_eq!(
        said,
        "landed: s01 (1 check)\nnot landed: s02 (1 check)\nlanded: s03 (1 check)\nstatus 3\n"
    );
    assert_eq!(many.landed(), ["s01", "s03"]);
    assert_eq!(many.counted(), 3, "what fails is not tried over and over");
    let both = ["land", "--all", "--watch", "-n"];
    assert_eq!(many.sandbox.run(both).status(), 2);
}

#[test]
fn an_empty_queue_is_no_failure() {
    let many = Many::new(1, &[], "");
    many.sandbox
        .run(["progress", "s01", "--working"])
        .agent("s01")
        .go()
        .succeeded();
    insta::assert_snapshot!(many.sandbox.run(["land", "--all"]).block(), @r"
    $ git stream land --all
    --- stderr ---
    no stream that you may land is complete
    hint: Say that one is with `git stream progress NAME --complete`.
    [status 0]
    ");
    assert_eq!(many.counted(), 0);
    assert_eq!(
        many.sandbox.run(["progress", "s01"]).agent("s01").status(),
        2
    );
    let other = many
        .sandbox
        .run(["progress", "s01", "--complete"])
        .agent("a9");
    assert_eq!(other.status(), 1);
    let failed = many
        .sandbox
        .run(["progress", "s01", "--failed", "-m", "no way"])
        .agent("s01");
    insta::assert_snapshot!(failed.block(), @r"
    $ GIT_STREAM_AGENT=s01 git stream progress s01 --failed -m 'no way'
    s01 is failed
    [status 0]
    ");
}
