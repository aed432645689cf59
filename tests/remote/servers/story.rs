//! Do machines see the same of one another, whatever serves their remote?

use std::fs;
use std::path::Path;

use super::super::fleet::Fleet;
use super::served::{By, Served};
use crate::support::{Ran, assert_sound, race};

/// Awake for a day and an hour more.
const LATER: (&str, &str) = ("GIT_STREAM_TEST_CLOCKS", "0 90000");

fn work(fleet: &Fleet, worktree: &Path, path: &str) {
    fs::create_dir_all(worktree.join(path).parent().unwrap()).unwrap();
    fs::write(worktree.join(path), "of a machine\n").unwrap();
    fleet.sandbox.git_in(worktree, &["add", "--all"]);
    let commit = ["commit", "--quiet", "-m", "Work"];
    fleet.sandbox.git_in(worktree, &commit);
}

/// Claiming, racing, giving back, landing and taking over, on two machines.
fn told_over(by: By) {
    let mut fleet = Fleet::new();
    let Some(_served) = Served::new(by, &mut fleet) else {
        return;
    };
    let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
    let on = |machine: &Path, agent: &str, words: &[&str]| -> Ran {
        fleet.on(machine, words).agent(agent).go()
    };
    let claim = ["claim", "api", "--files", "src/api/**"];
    on(&one, "a1", &claim).succeeded();
    assert_eq!(on(&two, "a2", &claim).status(), 4);

    let racing = |one_of: (&Path, &str), name: &str, files: &str| {
        let words = ["claim", name, "--files", files];
        fleet.on(one_of.0, &words).agent(one_of.1)
    };
    let both = [
        racing((&one, "a1"), "b1", "docs/**"),
        racing((&two, "a2"), "b2", "docs/**"),
    ];
    let ran = race(both.into());
    let mut statuses: Vec<i32> = ran.iter().map(Ran::status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [0, 4], "{}\n{}", ran[0].block(), ran[1].block());
    let both = [
        racing((&one, "a1"), "c1", "c1/**"),
        racing((&two, "a2"), "c2", "c2/**"),
    ];
    for ran in race(both.into()) {
        ran.succeeded();
    }

    work(
        &fleet,
        &fleet.sandbox.root().join("two.streams/c2"),
        "c2/new.rs",
    );
    on(&two, "a2", &["land", "c2"]).succeeded();
    let main = ["show", "main:c2/new.rs"];
    assert_eq!(fleet.sandbox.git_in(&fleet.remote, &main), "of a machine\n");
    work(
        &fleet,
        &fleet.sandbox.root().join("one.streams/c1"),
        "c1/new.rs",
    );
    on(&one, "a1", &["sync", "c1"]).succeeded();
    on(&one, "a1", &["release", "c1"]).succeeded();
    let take = ["claim", "api", "--takeover"];
    assert_eq!(on(&two, "a2", &take).status(), 1);
    let taken = fleet.on(&two, &take).agent("a2").env(LATER.0, LATER.1).go();
    taken.succeeded();
    let lost = on(&one, "a1", &["release", "api"]);
    assert_eq!(lost.status(), 1, "{}", lost.block());
    assert!(
        lost.stderr().contains("was taken from a1 by a2"),
        "{}",
        lost.block()
    );
    on(&two, "a2", &["release", "api"]).succeeded();
    on(&one, "a1", &claim).succeeded();
    for machine in [&one, &two] {
        assert_sound(&fleet.sandbox, machine);
    }
    let landed = fleet.ledger();
    let landed = landed
        .iter()
        .filter(|subject| subject.starts_with("land c2: "));
    assert!(landed.count() > 0);
    assert_eq!(fleet.claims(), 6);
}

#[test]
fn the_story_over_a_path() {
    told_over(By::Path);
}

#[test]
fn the_story_over_git_daemon() {
    told_over(By::Daemon);
}

#[test]
fn the_story_over_a_web_server() {
    told_over(By::Http);
}
