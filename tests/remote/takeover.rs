//! What happens to a stream whose holder is gone, and to the holder when it comes back?

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::fleet::{Fleet, without_ids};
use crate::support::{Call, Ran, assert_sound, for_every_git_call};

/// A machine's clocks moved: so many seconds of the time of day, and so many awake.
const CLOCKS: &str = "GIT_STREAM_TEST_CLOCKS";
/// Awake for a day and an hour more.
const LATER: &str = "0 90000";
const CLAIM: [&str; 4] = ["claim", "api", "--files", "src/api/**"];
const TAKE: [&str; 3] = ["claim", "api", "--takeover"];

/// Two machines; a1 on the first holds `api` and has committed there, and the second has seen it.
struct Scene {
    fleet: Fleet,
    one: PathBuf,
    two: PathBuf,
    worktree: PathBuf,
}

impl Scene {
    fn new() -> Scene {
        let fleet = Fleet::new();
        let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
        fleet.on(&one, &CLAIM).agent("a1").go().succeeded();
        let worktree = fleet.sandbox.root().join("one.streams/api");
        fs::write(worktree.join("src/api/lib.rs"), "// of a1\n").unwrap();
        fleet
            .sandbox
            .git_in(&worktree, &["commit", "--quiet", "-am", "Of a1"]);
        let scene = Scene {
            fleet,
            one,
            two,
            worktree,
        };
        let refused = scene.take("a2").go();
        assert_eq!(refused.status(), 1, "{}", refused.block());
        scene
    }

    fn take(&self, agent: &str) -> Call {
        self.fleet.on(&self.two, &TAKE).agent(agent)
    }

    /// What a commit in a worktree says.
    fn commit(&self, worktree: &Path) -> Ran {
        fs::write(worktree.join("src/api/lib.rs"), "// more\n").unwrap();
        self.fleet
            .sandbox
            .program("git", ["commit", "--quiet", "-am", "More"])
            .in_dir(worktree)
            .go()
    }

    fn git(&self, directory: &Path, args: &[&str]) -> String {
        self.fleet.sandbox.git_in(directory, args)
    }
}

#[test]
fn a_lease_is_judged_by_the_waking_time_of_whoever_looks() {
    let scene = Scene::new();
    // The time of day says nothing, nor does what lies beyond a reboot, however long it was.
    for clocks in ["90000 0", "-90000 3600", "0 90000 another-boot"] {
        let refused = scene.take("a2").env(CLOCKS, clocks).go();
        assert_eq!(refused.status(), 1, "{clocks}: {}", refused.block());
    }
    assert_snapshot!(without_ids(&scene.take("a2").env(CLOCKS, "0 7200 another-boot").block()), @"
    $ cd $ROOT/two && GIT_STREAM_AGENT=a2 GIT_STREAM_TEST_CLOCKS='0 7200 another-boot' git stream claim api --takeover
    --- stderr ---
    error: a1 holds 'api' with a lease of 1 d, and was silent for 1 h of it as far as this machine was awake to see it
    hint: Nothing was changed. When its lease has ended anybody may take it over; until then a person may, with `git stream claim api --takeover --reason TEXT`.
    [status 1]
    ");
    // Seen by the look before: in this boot nothing was counted yet.
    let taken = scene.take("a2").env(CLOCKS, "0 180000 another-boot").go();
    assert_eq!(taken.status(), 0, "{}", taken.block());
}

#[test]
fn a_holder_that_was_heard_of_keeps_its_stream() {
    let scene = Scene::new();
    let add = ["claim", "api", "--add", "docs/**"];
    scene
        .fleet
        .on(&scene.one, &add)
        .agent("a1")
        .go()
        .succeeded();
    let refused = scene.take("a2").env(CLOCKS, LATER).go();
    assert_eq!(refused.status(), 1, "{}", refused.block());
    // Silent from then on.
    let taken = scene.take("a2").env(CLOCKS, "0 180000").go();
    assert_eq!(taken.status(), 0, "{}", taken.block());
    // What was owned more goes along.
    let files = scene
        .fleet
        .on(&scene.two, &["status", "api", "--json"])
        .json();
    assert_eq!(files["streams"][0]["files"][1], "docs/**");
}

#[test]
fn while_the_remote_is_away_nobody_counts_as_silent() {
    let scene = Scene::new();
    let away = scene.fleet.sandbox.root().join("away.git");
    fs::rename(&scene.fleet.remote, &away).unwrap();
    assert_eq!(scene.take("a2").env(CLOCKS, "0 10").status(), 5);
    fs::rename(&away, &scene.fleet.remote).unwrap();
    assert_eq!(scene.take("a2").env(CLOCKS, LATER).status(), 1);
}

#[test]
fn a_person_takes_it_from_whoever_is_alive_and_says_why() {
    let scene = Scene::new();
    let person = |words: &[&str]| scene.fleet.on(&scene.two, words);
    assert_snapshot!(without_ids(&person(&TAKE).block()), @"
    $ cd $ROOT/two && git stream claim api --takeover
    --- stderr ---
    error: a1 holds 'api' with a lease of 1 d, and was silent for 0 s of it as far as this machine was awake to see it
    hint: Nothing was changed. Say why it is to be taken from a1 all the same: `git stream claim api --takeover --reason TEXT`.
    [status 2]
    ");
    let reason = [&TAKE[..], &["--reason", "the laptop is gone"]].concat();
    let agent = person(&reason).agent("a2").go();
    assert_eq!(agent.status(), 1, "{}", agent.block());
    assert_eq!(person(&["claim", "api", "--reason", "so"]).status(), 2);
    assert_snapshot!(without_ids(&person(&reason).block()), @"
    $ cd $ROOT/two && git stream claim api --takeover --reason 'the laptop is gone'
    $ROOT/two.streams/api
    --- stderr ---
    taken from a1 on $MACHINE, which has pushed nothing of its work: it begins at the base
    ada@$HOST takes api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    let last = scene.fleet.ledger().pop().unwrap();
    assert!(last.starts_with("takeover api: "), "{last}");
    assert!(
        last.ends_with(" takes it from a1; \"the laptop is gone\""),
        "{last}"
    );
}

#[test]
fn the_former_holder_is_told_and_loses_nothing() {
    let scene = Scene::new();
    let tip = scene.git(&scene.worktree, &["rev-parse", "HEAD"]);
    scene.take("a2").env(CLOCKS, LATER).go().succeeded();
    // The machine has not heard of it: commits are its own until then.
    assert_eq!(scene.commit(&scene.worktree).status(), 0);
    let last = scene.git(&scene.worktree, &["rev-parse", "HEAD"]);
    assert_ne!(tip, last);
    let on_one = |words: &[&str]| scene.fleet.on(&scene.one, words).agent("a1");
    assert_snapshot!(without_ids(&on_one(&["release", "api"]).block()), @"
    $ cd $ROOT/one && GIT_STREAM_AGENT=a1 git stream release api
    --- stderr ---
    error: 'api' was taken from a1 by a2 at $TIME (its lease had ended): epoch 1 has ended, and it is in epoch 2 now
    hint: Nothing was changed. What a1 had committed is kept: see it with `git log refs/stream/kept/api/$KEPT-1`.
    hint: What was not committed is where it was: see it with `git -C $ROOT/one.streams/api status`.
    hint: Now a2 holds it on $MACHINE: see the stream with `git stream status api`.
    [status 1]
    ");
    let kept = "for-each-ref --format=%(objectname) refs/stream/kept/api";
    let kept: Vec<&str> = kept.split(' ').collect();
    assert_eq!(scene.git(&scene.one, &kept).trim(), last.trim());
    // From now on its hooks refuse, and its commands; what it had not committed stays there.
    assert_snapshot!(without_ids(&scene.commit(&scene.worktree).block()), @"
    $ cd $ROOT/one.streams/api && git commit --quiet -am More
    --- stderr ---
    error: 'api' was taken from a1 by a2 at $TIME (its lease had ended): epoch 1 has ended, and it is in epoch 2 now
    hint: Nothing was changed. What a1 had committed is kept: see it with `git log refs/stream/kept/api/$KEPT-1`.
    hint: What was not committed is where it was: see it with `git -C $ROOT/one.streams/api status`.
    hint: Now a2 holds it on $MACHINE: see the stream with `git stream status api`.
    [status 1]
    ");
    for words in [
        &["sync", "api"][..],
        &["land", "api"],
        &["progress", "api", "--complete"],
    ] {
        let refused = on_one(words).go();
        assert_eq!(refused.status(), 1, "{words:?}: {}", refused.block());
    }
    let text = fs::read_to_string(scene.worktree.join("src/api/lib.rs")).unwrap();
    assert_eq!(text, "// more\n");
    // The branch is let go of, in place.
    let head = scene
        .fleet
        .sandbox
        .program("git", ["symbolic-ref", "--quiet", "HEAD"])
        .in_dir(&scene.worktree)
        .go();
    assert_eq!(head.status(), 1, "{}", head.block());
    assert_eq!(scene.git(&scene.worktree, &["rev-parse", "HEAD"]), last);
    let branch = ["for-each-ref", "refs/heads/stream"];
    assert_eq!(scene.git(&scene.one, &branch), "");
    assert_eq!(scene.git(&scene.one, &kept).trim(), last.trim());
    // And the new one goes on.
    let theirs = scene.fleet.sandbox.root().join("two.streams/api");
    assert_eq!(scene.commit(&theirs).status(), 0);
    for machine in [&scene.one, &scene.two] {
        assert_sound(&scene.fleet.sandbox, machine);
    }
}

/// What a command has done here counts nowhere if the stream has changed hands by then.
#[test]
fn a_command_that_hears_of_the_takeover_only_at_its_end_is_refused() {
    for words in [
        &["sync", "api"][..],
        &["sync", "--all"],
        &["progress", "api", "--complete"],
    ] {
        let scene = Scene::new();
        scene.take("a2").env(CLOCKS, LATER).go().succeeded();
        assert_eq!(scene.commit(&scene.worktree).status(), 0);
        let last = scene.git(&scene.worktree, &["rev-parse", "HEAD"]);
        let refused = scene.fleet.on(&scene.one, words).agent("a1").go();
        assert_eq!(refused.status(), 1, "{}", refused.block());
        let told = refused.stderr();
        assert!(told.contains("'api' was taken from a1 by a2"), "{told}");
        assert!(
            told.contains("What was done here before this machine heard of it is kept"),
            "{told}"
        );
        let kept = [
            "for-each-ref",
            "--format=%(objectname)",
            "refs/stream/kept/api",
        ];
        assert_eq!(scene.git(&scene.one, &kept).trim(), last.trim());
        // The stream is as its new holder has it.
        let state = scene
            .fleet
            .on(&scene.two, &["status", "api", "--json"])
            .go();
        assert!(
            state.stdout().contains("\"in-progress\""),
            "{}",
            state.block()
        );
        assert_sound(&scene.fleet.sandbox, &scene.one);
    }
}

#[test]
fn who_has_lost_it_may_claim_it_again_when_it_is_free() {
    let scene = Scene::new();
    scene.take("a2").env(CLOCKS, LATER).go().succeeded();
    let on_one = |words: &[&str]| scene.fleet.on(&scene.one, words).agent("a1");
    assert_eq!(on_one(&CLAIM).status(), 4);
    let release = scene.fleet.on(&scene.two, &["release", "api"]);
    release.agent("a2").go().succeeded();
    let taken = on_one(&CLAIM).go();
    assert_eq!(taken.status(), 0, "{}", taken.block());
    // Never into the worktree that it has lost.
    let again = scene.fleet.sandbox.root().join("one.streams/api@2");
    assert_eq!(scene.commit(&again).status(), 0);
    assert_eq!(scene.commit(&scene.worktree).status(), 1);
    assert_sound(&scene.fleet.sandbox, &scene.one);
}

#[test]
fn a_takeover_that_dies_is_finished_by_the_same_command() {
    let calls = for_every_git_call(|kill| {
        let scene = Scene::new();
        let take = || scene.take("a2").env(CLOCKS, LATER);
        let killed = take().killed_at(kill).go().was_killed();
        let again = take().go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        let theirs = scene.fleet.sandbox.root().join("two.streams/api");
        assert_eq!(scene.commit(&theirs).status(), 0, "{kill:?}");
        let refused = scene
            .fleet
            .on(&scene.one, &["claim", "api", "--add", "docs/**"])
            .agent("a1")
            .go();
        assert_eq!(refused.status(), 1, "{kill:?}: {}", refused.block());
        for machine in [&scene.one, &scene.two] {
            assert_sound(&scene.fleet.sandbox, machine);
        }
        killed
    });
    assert!(calls >= 4, "{calls}");
}

#[test]
fn a_takeover_is_not_undone() {
    let scene = Scene::new();
    scene.take("a2").env(CLOCKS, LATER).go().succeeded();
    let undo = scene.fleet.on(&scene.two, &["undo"]).agent("a2");
    assert_snapshot!(without_ids(&undo.block()), @"
    $ cd $ROOT/two && GIT_STREAM_AGENT=a2 git stream undo
    --- stderr ---
    error: 'takeover api: a2 takes it from a1; its lease has ended' is a takeover: who held 'api' before was told that it is gone
    hint: Nothing was changed. Give the stream back with `git stream release api`; whoever had it may claim it again.
    [status 1]
    ");
}

#[test]
fn a_command_that_runs_keeps_the_lease_alive() {
    let fleet = Fleet::with_plan("[claim]\nlease = \"4s\"\n");
    let one = fleet.ready_machine("one");
    // Until the remote has heard of it, however long that takes; the test's own limit ends a hang.
    let script = "until git -C \"$REMOTE\" log --format=%s refs/stream/ledger | grep -q renew; \
                  do sleep 0.05; done";
    let words = [
        "exec",
        "api",
        "--files",
        "src/api/**",
        "--agent",
        "a1",
        "--",
        "sh",
        "-c",
        script,
    ];
    let ran = fleet.on(&one, &words).env("REMOTE", &fleet.remote).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
}
