//! Does the picture agree with the ledger about what can be claimed?

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::wait::Waits;
use crate::git::Id;
use crate::ledger::{
    Actor, Claim, Kind, NewClaim, OpId, Request, Rules, State, Stream, StreamState, What, apply,
};
use crate::name::StreamName;
use crate::pattern::{Overlaps, PatternSet};
use crate::plan::{Plan, parse_quickly};

/// The streams of the plan; `API` is in the ledger only, and collides with `api`.
const PLANNED: [&str; 4] = ["api", "docs", "tools", "ui"];
const NAMES: [&str; 6] = ["API", "api", "docs", "extra", "tools", "ui"];
const FILES: [&str; 6] = ["a/**", "b/**", "a/x", "b/?", "shared", "c/**"];

/// A stream of the plan: its pattern, its dependencies and its conflicts.
type Planned = (usize, Vec<usize>, Vec<usize>);
/// A stream of the ledger: its name, its state, and the pattern that it holds.
type Known = (usize, usize, Option<usize>);

fn plan(streams: &[Planned], after: &str) -> Plan {
    let mut text =
        format!("version = 1\n[shared]\nfiles = ['shared']\n[land]\nafter = '{after}'\n");
    for (at, (files, dependencies, conflicts)) in streams.iter().enumerate() {
        // Only earlier streams come first, so that there is no cycle.
        let before = dependencies.iter().filter(|other| **other < at);
        let before: Vec<&str> = before.map(|other| PLANNED[*other]).collect();
        let beside = conflicts.iter().filter(|other| **other != at);
        let beside: Vec<&str> = beside.map(|other| PLANNED[*other]).collect();
        text.push_str(&format!(
            "[streams.{}]\nfiles = ['{}']\ndependencies = {before:?}\nconflicts = {beside:?}\n",
            PLANNED[at], FILES[*files]
        ));
    }
    parse_quickly(text.as_bytes()).into_plan("test").unwrap()
}

fn claim(files: &str) -> Claim {
    let at = Timestamp::UNIX_EPOCH;
    Claim {
        agent: "holder".parse().unwrap(),
        kind: Kind::Agent,
        session: String::new(),
        machine: "m".to_owned(),
        worktree: "/w".to_owned(),
        worktree_id: "w".to_owned(),
        slot: 0,
        taken: at,
        renewed: at,
        lease: SignedDuration::from_hours(1),
        base: "main".to_owned(),
        start: Id::null(gix::hash::Kind::Sha1),
        files: vec![PatternSet::parse([files]).unwrap()],
        away: Vec::new(),
        on: None,
        intent: None,
        extra: toml::Table::new(),
    }
}

fn state(streams: &[Known]) -> State {
    let mut state = State::default();
    for (name, stands, files) in streams {
        let claim = files.map(|files| claim(FILES[files]));
        let stands = match claim {
            Some(_) => StreamState::InProgress,
            None => StreamState::ALL[*stands],
        };
        let record = Stream {
            state: stands,
            epoch: 1,
            round: 1,
            tainted: None,
            claim,
            work: None,
            landing: None,
            review: None,
            former: Vec::new(),
            extra: toml::Table::new(),
        };
        state
            .streams
            .insert(NAMES[*name].parse().unwrap(), record.into());
    }
    state
}

/// Whether the ledger would give the stream to a stranger.
fn can_be_claimed(state: &State, plan: &Plan, name: &StreamName) -> bool {
    let null = Id::null(gix::hash::Kind::Sha1);
    let request = Request {
        op: OpId::new(),
        at: Timestamp::UNIX_EPOCH,
        by: Actor {
            agent: "stranger".parse().unwrap(),
            kind: Kind::Agent,
            session: "s".to_owned(),
            machine: "m".to_owned(),
            named: true,
            inside: None,
        },
        what: What::Claim(Box::new(NewClaim {
            stream: name.clone(),
            files: None,
            tip: null,
            start: null,
            adopts: false,
            base: "main".to_owned(),
            worktree: "/w".to_owned(),
            lease: SignedDuration::from_hours(1),
            on: None,
        })),
        trusted: None,
        recorded: None,
        moves: Vec::new(),
        moved: Vec::new(),
        publish: Vec::new(),
        published: Vec::new(),
    };
    let rules = Rules {
        plan,
        dead: &|_| false,
        compare: Some(Overlaps::boxed),
    };
    apply(state, &request, &rules).is_ok()
}

proptest! {
    #[test]
    fn what_waits_for_nothing_is_what_the_ledger_gives(
        planned in prop::collection::vec(
            (0..FILES.len(), prop::collection::vec(0..4_usize, 0..2), prop::collection::vec(0..4_usize, 0..2)),
            4,
        ),
        known in prop::collection::vec(
            (0..NAMES.len(), 0..StreamState::ALL.len(), prop::option::of(0..FILES.len())),
            0..5,
        ),
        after in prop::sample::select(&["landed", "in-review"][..]),
    ) {
        let (plan, state) = (plan(&planned, after), state(&known));
        let mut waits = Waits::new(&state, &plan);
        for name in plan.streams.keys().filter(|name| state.claim(name).is_none()) {
            let waits = waits.of(name);
            let free = can_be_claimed(&state, &plan, name);
            prop_assert_eq!(waits.is_empty(), free, "{} waits for {:?}", name, waits);
        }
    }
}
