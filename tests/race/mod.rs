//! Who wins when many start at one instant, and what is left of the others?

use crate::support::{Call, Ran, Sandbox, assert_sound, race};

/// How many processes; `GIT_STREAM_TEST_RACERS` sets another number.
fn racers() -> usize {
    std::env::var("GIT_STREAM_TEST_RACERS").map_or(50, |number| number.parse().unwrap())
}

fn with_status(ran: &[Ran], status: i32) -> usize {
    ran.iter().filter(|ran| ran.status() == status).count()
}

#[test]
fn of_fifty_on_one_stream_exactly_one_wins_and_the_others_leave_nothing() {
    let sandbox = Sandbox::new();
    let claim = |at: usize| {
        let claim = ["claim", "api", "--files", "src/api/**"];
        sandbox.run(claim).agent(&format!("a{at}"))
    };
    let calls: Vec<Call> = (0..racers()).map(claim).collect();
    let ran = race(calls);
    assert_eq!(
        (with_status(&ran, 0), with_status(&ran, 4)),
        (1, racers() - 1)
    );
    let worktrees = sandbox.git(&["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 2, "{worktrees}");
    assert_eq!(
        sandbox
            .git(&["branch", "--list", "stream/*"])
            .lines()
            .count(),
        1
    );
    let winner = ran.iter().find(|ran| ran.status() == 0).unwrap();
    assert_eq!(
        winner.stdout(),
        format!("{}/repo.streams/api\n", sandbox.root().display())
    );
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn of_fifty_on_overlapping_streams_exactly_one_wins() {
    let sandbox = Sandbox::new();
    let claim = |at: usize| {
        let name = format!("s{at}");
        sandbox
            .run(["claim", &name, "--files", "src/**"])
            .agent(&format!("a{at}"))
    };
    let calls: Vec<Call> = (0..racers()).map(claim).collect();
    let ran = race(calls);
    assert_eq!(
        (with_status(&ran, 0), with_status(&ran, 4)),
        (1, racers() - 1)
    );
    assert_eq!(
        sandbox
            .git(&["branch", "--list", "stream/*"])
            .lines()
            .count(),
        1
    );
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn fifty_on_fifty_streams_all_win() {
    let sandbox = Sandbox::new();
    let claim = |at: usize| {
        let (name, files) = (format!("s{at}"), format!("src/{at}/**"));
        sandbox
            .run(["claim", &name, "--files", &files])
            .agent(&format!("a{at}"))
    };
    let calls: Vec<Call> = (0..racers()).map(claim).collect();
    for ran in race(calls) {
        assert_eq!(ran.status(), 0, "{}", ran.block());
    }
    let worktrees = sandbox.git(&["worktree", "list", "--porcelain"]);
    assert_eq!(
        worktrees.matches("worktree ").count(),
        racers() + 1,
        "{worktrees}"
    );
    let slots = sandbox.git(&["grep", "-h", "^slot", "refs/stream/ledger", "--", "streams"]);
    let mut slots: Vec<&str> = slots.lines().collect();
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), racers(), "every stream has a slot of its own");
    for at in 0..racers() {
        let worktree = sandbox.root().join(format!("repo.streams/s{at}"));
        assert_eq!(sandbox.git_in(&worktree, &["status", "--porcelain"]), "");
    }
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn claims_and_releases_that_race_leave_each_stream_whole() {
    let sandbox = Sandbox::new();
    let claim = |at: usize| {
        sandbox
            .run(["claim", "api", "--files", "src/api/**"])
            .agent(&format!("a{at}"))
    };
    claim(0).go().succeeded();
    let mut calls: Vec<Call> = (0..10).map(claim).collect();
    calls.extend((0..10).map(|at| sandbox.run(["release", "api"]).agent(&format!("a{at}"))));
    let ran = race(calls);
    assert!(
        ran.iter().all(|ran| [0, 1, 4].contains(&ran.status())),
        "{}",
        worst(&ran)
    );
    assert_sound(&sandbox, &sandbox.repo());
    let held = sandbox.run(["path", "api"]).go();
    let worktree = sandbox.root().join("repo.streams/api");
    assert_eq!(held.status() == 0, worktree.exists(), "{}", worst(&ran));
    if held.status() == 0 {
        assert_eq!(sandbox.git_in(&worktree, &["status", "--porcelain"]), "");
    }
}

fn worst(ran: &[Ran]) -> String {
    ran.iter().map(Ran::block).collect::<Vec<_>>().join("\n")
}
