//! What is left when a machine dies in the middle of a conversation with the remote?

use super::fleet::Fleet;
use crate::support::{assert_sound, for_every_git_call};

#[test]
fn a_claim_that_dies_is_finished_by_the_same_command_and_never_held_twice() {
    let calls = for_every_git_call(|kill| {
        let fleet = Fleet::new();
        let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
        let claim = ["claim", "api", "--files", "src/api/**"];
        let killed = fleet
            .on(&one, &claim)
            .agent("a1")
            .killed_at(kill)
            .go()
            .was_killed();
        let other = fleet
            .on(&two, &["claim", "all", "--files", "src/**"])
            .agent("a2")
            .go();
        let again = fleet.on(&one, &claim).agent("a1").go();
        // Whoever the remote has heard first has it, and nobody else.
        let both = (other.status(), again.status());
        assert!(
            both == (4, 0) || both == (0, 4),
            "{kill:?}:\n{}\n{}",
            other.block(),
            again.block()
        );
        for machine in [&one, &two] {
            assert_sound(&fleet.sandbox, machine);
        }
        assert!(
            !one.join(".git/git-stream/pushing.json").exists(),
            "{kill:?}"
        );
        killed
    });
    assert!(calls >= 5, "{calls}");
}

#[test]
fn a_release_that_dies_is_finished_by_the_same_command() {
    for_every_git_call(|kill| {
        let fleet = Fleet::new();
        let one = fleet.ready_machine("one");
        let claim = ["claim", "api", "--files", "src/api/**"];
        fleet.on(&one, &claim).agent("a1").go().succeeded();
        let worktree = one.with_extension("streams").join("api");
        assert!(worktree.exists());
        let release = || fleet.on(&one, &["release", "api"]).agent("a1");
        let killed = release().killed_at(kill).go().was_killed();
        let again = release().go();
        // It may have been over before it died.
        assert!(
            [0, 1].contains(&again.status()),
            "{kill:?}: {}",
            again.block()
        );
        let last = fleet.ledger().pop().unwrap_or_default();
        assert!(last.starts_with("release api:"), "{kill:?}: {last}");
        assert!(!worktree.exists(), "{kill:?}: {}", again.block());
        assert_sound(&fleet.sandbox, &one);
        killed
    });
}

/// A push in which somebody has taken a stream from a claim that died in the same push: both make
/// the stream's branch.
#[test]
fn a_push_that_makes_one_branch_twice_is_settled_by_the_next_command() {
    let mut twice = 0;
    for_every_git_call(|kill| {
        let fleet = Fleet::new();
        let one = fleet.ready_machine("one");
        let claim = || fleet.on(&one, &["claim", "api", "--files", "src/api/**"]);
        let killed = claim().agent("a1").killed_at(kill).go().was_killed();
        let note = one.join(".git/git-stream/pushing.json");
        if let Ok(text) = std::fs::read(&note) {
            let mut pushed: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let moves = pushed["moves"].as_array_mut().unwrap();
            moves.extend(moves.clone());
            std::fs::write(&note, pushed.to_string()).unwrap();
            twice += 1;
        }
        let again = claim().agent("a1").go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        assert_sound(&fleet.sandbox, &one);
        killed
    });
    assert!(twice > 0);
}
