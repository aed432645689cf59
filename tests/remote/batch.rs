//! How often does a machine go to the remote?

use std::fs;
use std::time::Duration;

use super::fleet::Fleet;
use crate::support::{Call, Ran, race};

#[test]
fn what_waits_on_one_machine_travels_in_one_push() {
    let fleet = Fleet::new();
    let machine = fleet.ready_machine("one");
    fleet.count_pushes();
    let private = machine.join(".git/git-stream");
    // Nobody is the pusher before all of them wait.
    let gate = fs::File::create(private.join("push.lock")).unwrap();
    rustix::fs::flock(&gate, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let claims: Vec<Call> = (0..8)
        .map(|at| {
            let (name, files) = (format!("s{at}"), format!("part{at}/**"));
            let claim = ["claim", &name, "--files", &files];
            fleet.on(&machine, &claim).agent(&format!("a{at}"))
        })
        .collect();
    let queue = private.join("queue");
    let opener = std::thread::spawn(move || {
        let is_request = |name: &std::ffi::OsStr| name.as_encoded_bytes().ends_with(b".json");
        let waiting = || {
            let entries = fs::read_dir(&queue).into_iter().flatten().flatten();
            entries
                .filter(|entry| is_request(&entry.file_name()))
                .count()
        };
        // Until eight are there, however long that takes; the test's own limit ends a hang.
        while waiting() < 8 {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(gate);
    });
    let ran = race(claims);
    opener.join().unwrap();
    assert!(
        ran.iter().all(|ran| ran.status() == 0),
        "{}",
        ran.iter().map(Ran::block).collect::<String>()
    );
    assert_eq!(fleet.claims(), 8);
    assert_eq!(fleet.pushes(), 1);
}

#[test]
fn what_nobody_waits_for_travels_with_the_next_push() {
    let fleet = Fleet::new();
    let machine = fleet.ready_machine("one");
    fleet.count_pushes();
    let claim = ["claim", "api", "--files", "src/api/**"];
    fleet.on(&machine, &claim).agent("a1").go().succeeded();
    assert_eq!(fleet.pushes(), 1);
    assert!(
        !fleet
            .ledger()
            .contains(&"claim api: its worktree is ready".to_owned())
    );
    fleet
        .on(&machine, &["release", "api"])
        .agent("a1")
        .go()
        .succeeded();
    assert_eq!(fleet.pushes(), 2);
    assert!(
        fleet
            .ledger()
            .contains(&"claim api: its worktree is ready".to_owned())
    );
}
