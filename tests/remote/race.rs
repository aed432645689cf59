//! Who wins when machines write to one ledger at one instant?

use super::fleet::Fleet;
use crate::support::{Call, assert_sound, race};

/// How many machines; `GIT_STREAM_TEST_MACHINES` sets another number.
fn machines() -> usize {
    std::env::var("GIT_STREAM_TEST_MACHINES").map_or(6, |number| number.parse().unwrap())
}

#[test]
fn of_many_machines_on_overlapping_patterns_exactly_one_wins() {
    let fleet = Fleet::new();
    let clones: Vec<_> = (0..machines())
        .map(|at| fleet.ready_machine(&format!("m{at}")))
        .collect();
    fleet.ask_git(clones.iter().step_by(2));
    let calls: Vec<Call> = clones
        .iter()
        .enumerate()
        .map(|(at, clone)| {
            let name = format!("s{at}");
            let claim = ["claim", &name, "--files", "src/**"];
            fleet.on(clone, &claim).agent(&format!("a{at}"))
        })
        .collect();
    let ran = race(calls);
    let statuses: Vec<i32> = ran.iter().map(crate::support::Ran::status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 0).count(), 1);
    assert_eq!(
        statuses.iter().filter(|status| **status == 4).count(),
        machines() - 1,
        "{}",
        ran.iter()
            .map(crate::support::Ran::block)
            .collect::<String>()
    );
    assert_eq!(fleet.claims(), 1);
    for clone in &clones {
        assert_sound(&fleet.sandbox, clone);
    }
}

#[test]
fn of_many_machines_on_streams_of_their_own_every_one_wins_once() {
    let fleet = Fleet::new();
    let clones: Vec<_> = (0..machines())
        .map(|at| fleet.ready_machine(&format!("m{at}")))
        .collect();
    fleet.ask_git(clones.iter().step_by(2));
    let calls: Vec<Call> = clones
        .iter()
        .enumerate()
        .map(|(at, clone)| {
            let (name, files) = (format!("s{at}"), format!("part{at}/**"));
            let claim = ["claim", &name, "--files", &files];
            fleet.on(clone, &claim).agent(&format!("a{at}"))
        })
        .collect();
    for ran in race(calls) {
        ran.succeeded();
    }
    assert_eq!(fleet.claims(), machines());
}

/// The first commands of a clone, all at one instant, agree on what the machine is called.
#[test]
fn the_first_claims_of_a_machine_are_of_one_machine() {
    let fleet = Fleet::new();
    fleet.ready_machine("other");
    let machine = fleet.machine("one");
    let calls: Vec<Call> = (0..machines())
        .map(|at| {
            let (name, files) = (format!("s{at}"), format!("part{at}/**"));
            let claim = ["claim", &name, "--files", &files];
            fleet.on(&machine, &claim).agent(&format!("a{at}"))
        })
        .collect();
    for ran in race(calls) {
        ran.succeeded();
    }
    for at in 0..machines() {
        let name = format!("s{at}");
        let path = fleet.on(&machine, &["path", &name]).go();
        path.succeeded();
        let release = fleet.on(&machine, &["release", &name]);
        release.agent(&format!("a{at}")).go().succeeded();
    }
}
