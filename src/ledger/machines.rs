//! Do machines that decide on old views, and whose pushes fail in every way, keep one ledger?
//!
//! No git: the remote is a chain of texts as `docs/ledger.md` describes them. Each machine knows a
//! commit of it and has events of its own that wait on top; what it asks is decided there, pushed
//! by compare-and-swap, and decided again where another was faster, or by whoever writes next. A
//! push is refused, arrives unheard, arrives late or never. What must hold is judged from the
//! texts alone, by a model that shares no code with what has written them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::store::rides;
use super::tests::{PLAN, Step, is_operation, steps};
use super::{Applied, Base, OpId, Request, Rules, State, Stream, Undo, What, apply};
use crate::git::Id;
use crate::pattern::Overlaps;
use crate::plan::{Plan, parse};

const MACHINES: usize = 4;
/// Paths that tell the patterns of the requests apart; what is shared is nobody's.
const PATHS: [&str; 9] = [
    "a/x", "a/y", "a/b/x", "a/b/y", "b/x", "b/y", "c", "d/e", "d/x",
];

/// How a push ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fine,
    /// The server refuses it.
    Refused,
    /// It arrives, and the answer is lost, or the process dies before it has heard it.
    Unheard,
    /// It hangs, and arrives when somebody else has asked something, if it still can.
    Late,
    /// The process dies before it, and with it what it has asked.
    Dies,
    /// It loses to a lock, and leaves what it asks to whoever writes next.
    Announced,
}

#[derive(Debug, Clone)]
struct Turn {
    machine: usize,
    step: Step,
    fate: Fate,
    /// Whether the machine looks first; otherwise it decides on what it knew.
    looks: bool,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let fate = prop_oneof![
        8 => Just(Fate::Fine),
        1 => Just(Fate::Refused),
        2 => Just(Fate::Unheard),
        2 => Just(Fate::Late),
        1 => Just(Fate::Dies),
        3 => Just(Fate::Announced),
    ];
    let turn = (0..MACHINES, fate, prop::bool::weighted(0.3));
    let turns = prop::collection::vec(turn, 240);
    let steps = prop::collection::vec(steps(), 8);
    (steps, turns).prop_map(|(steps, turns)| {
        let both = steps.into_iter().flatten().zip(turns);
        let turn = |(step, (machine, fate, looks))| Turn {
            machine,
            step,
            fate,
            looks,
        };
        both.map(turn).collect()
    })
}

/// A commit of the ledger: its files and its message.
#[derive(Debug, Clone)]
struct Commit {
    files: BTreeMap<String, String>,
    message: String,
}

fn write(state: &State, message: String) -> Commit {
    let text = |name: &dyn std::fmt::Display, text: String| (name.to_string(), text);
    let streams = state.streams.iter();
    let streams = streams
        .map(|(name, one)| text(&format!("streams/{name}"), toml::to_string(&**one).unwrap()));
    let questions = state.escalations.iter();
    let questions = questions.map(|(name, one)| {
        text(
            &format!("escalations/{name}"),
            toml::to_string(one).unwrap(),
        )
    });
    let base = state.base.iter();
    let base = base.map(|base| text(&"base", toml::to_string(base).unwrap()));
    Commit {
        files: streams.chain(questions).chain(base).collect(),
        message,
    }
}

fn read(commit: &Commit) -> State {
    let mut state = State::default();
    for (name, text) in &commit.files {
        match name.split_once('/') {
            Some(("streams", name)) => {
                let record: Stream = toml::from_str(text).unwrap();
                state.streams.insert(name.parse().unwrap(), record.into());
            }
            Some((_, name)) => {
                let question = toml::from_str(text).unwrap();
                state.escalations.insert(name.to_owned(), question);
            }
            None => state.base = Some(toml::from_str(text).unwrap()),
        }
    }
    state
}

/// A machine: what it knows of the chain, and what waits.
#[derive(Default)]
struct Machine {
    seen: usize,
    outbox: Vec<Request>,
    /// What it has announced, and where the chain ended then.
    announced: Option<(Vec<Request>, usize)>,
    /// What it has pushed without an answer: the end of the chain before, and the commits.
    unheard: Option<(usize, Vec<Commit>)>,
    last: (State, State),
    /// What it takes a landing back with: begun and finished with the same records.
    reopened: BTreeMap<OpId, Vec<Undo>>,
}

/// A push that may still arrive.
struct Flight {
    from: usize,
    commits: Vec<Commit>,
}

struct World<'a> {
    plan: &'a Plan,
    chain: Vec<Commit>,
    machines: Vec<Machine>,
    flights: Vec<Flight>,
    /// By operation: how many events were acknowledged, and how many there may be at most.
    told: BTreeMap<String, (usize, usize)>,
    granted: usize,
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan) -> World<'a> {
        let base = Base {
            branch: "main".to_owned(),
            remote: Some("origin".to_owned()),
            ledger: Some("refs/stream/ledger".to_owned()),
            commit: Id::from_bytes_or_panic(&[1; 20]),
            extra: toml::Table::new(),
        };
        let state = State {
            base: Some(base),
            ..State::default()
        };
        World {
            plan,
            chain: vec![write(&state, "base main: set up\n".to_owned())],
            machines: (0..MACHINES)
                .map(|_| Machine {
                    seen: 1,
                    ..Machine::default()
                })
                .collect(),
            flights: Vec::new(),
            told: BTreeMap::new(),
            granted: 0,
        }
    }

    /// Decides a request on a state, as one of the machines: only its own dead are known to it.
    fn decide(&self, at: usize, state: &State, request: &Request) -> Option<(State, Commit)> {
        let rules = Rules {
            plan: self.plan,
            dead: &|intent| intent.machine == id(at),
            compare: Some(Overlaps::boxed),
        };
        let null = Id::from_bytes_or_panic(&[0; 20]);
        match apply(state, request, &rules) {
            Ok(Applied {
                state,
                event: Some(event),
            }) => {
                let commit = write(&state, event.message(null));
                Some((state, commit))
            }
            Ok(_) | Err(_) => None,
        }
    }

    /// What a machine holds for true: what it knows, and what waits on top of that.
    fn view(&self, at: usize) -> (State, Vec<Request>, Vec<Commit>) {
        let machine = &self.machines[at];
        let mut state = read(&self.chain[machine.seen - 1]);
        let (mut kept, mut commits) = (Vec::new(), Vec::new());
        for request in &machine.outbox {
            if let Some((next, commit)) = self.decide(at, &state, request) {
                state = next;
                kept.push(request.clone());
                commits.push(commit);
            }
        }
        (state, kept, commits)
    }

    fn may(&mut self, request: &Request, by: usize) {
        self.told.entry(request.op.to_string()).or_default().1 += by;
    }

    fn acknowledge(&mut self, request: &Request) {
        self.told.entry(request.op.to_string()).or_default().0 += 1;
        self.granted += 1;
    }

    /// Asks the remote: what has arrived of the last push, what became of the announcement.
    fn look(&mut self, at: usize) {
        if let Some((from, commits)) = self.machines[at].unheard.take() {
            let there = self.chain.get(from..from + commits.len());
            let has_arrived = there.is_some_and(|there| {
                let all = there.iter().zip(&commits);
                all.into_iter().all(|(one, two)| one.message == two.message)
            });
            if has_arrived {
                self.machines[at].outbox.clear();
            } else if self.chain.len() == from {
                // It may still arrive: whoever asks again asks with the same commit.
                self.machines[at].unheard = Some((from, commits));
            }
        }
        self.machines[at].seen = self.chain.len();
    }

    /// One command of a machine.
    fn turn(&mut self, turn: &Turn) {
        let now = read(self.chain.last().unwrap());
        let holder = turn.step.holder(&now).cloned();
        let its = holder
            .as_ref()
            .and_then(|claim| claim.machine[1..].parse().ok());
        let at = its.unwrap_or(turn.machine);
        if turn.looks {
            self.look(at);
        }
        let (state, kept, _) = self.view(at);
        self.machines[at].outbox = kept;
        let mut request = turn.step.request(&state, &self.machines[at].last);
        request.by.machine = id(at);
        if let Some(claim) = holder {
            (request.by.agent, request.by.named) = (claim.agent, true);
        }
        // An operation is of one machine: nobody else goes on with it.
        let is_foreign = state.held().any(|(.., claim)| {
            let intent = claim.intent.as_ref();
            intent.is_some_and(|one| one.op == request.op && one.machine != id(at))
        });
        if is_foreign {
            return;
        }
        if let What::Reopen { back, .. } | What::Unlanded { back, .. } = &mut request.what
            && let Some(begun) = self.machines[at].reopened.get(&request.op)
        {
            back.clone_from(begun);
        }
        let is_ride = rides(&request.what);
        if is_ride {
            let Some((next, _)) = self.decide(at, &state, &request) else {
                return;
            };
            self.may(&request, 1);
            if is_operation(&request) {
                self.machines[at].last = (state, next);
            }
            self.machines[at].outbox.push(request);
            return;
        }
        // A late push of this machine is over when its next one begins.
        self.look(at);
        if self.machines[at].unheard.is_some() {
            return;
        }
        self.push(at, &request, turn.fate);
    }

    fn push(&mut self, at: usize, request: &Request, fate: Fate) {
        let (state, kept, mut commits) = self.view(at);
        self.machines[at].outbox.clone_from(&kept);
        let Some((next, commit)) = self.decide(at, &state, request) else {
            return;
        };
        if let What::Reopen { back, .. } = &request.what {
            let reopened = &mut self.machines[at].reopened;
            reopened.insert(request.op.clone(), back.clone());
        }
        commits.push(commit);
        let from = self.machines[at].seen;
        match fate {
            Fate::Refused | Fate::Dies => {}
            Fate::Announced => {
                self.may(request, 1);
                if self.machines[at].announced.is_none() {
                    let mut all = kept;
                    all.push(request.clone());
                    self.machines[at].outbox.clear();
                    self.machines[at].announced = Some((all, from));
                }
            }
            Fate::Late => {
                self.may(request, 1);
                self.machines[at].unheard = Some((from, commits.clone()));
                self.flights.push(Flight { from, commits });
            }
            Fate::Fine | Fate::Unheard => {
                self.may(request, 1);
                let mut others = next.clone();
                let mut done = commits.clone();
                for other in 0..MACHINES {
                    // Its own comes to the chain when somebody else writes.
                    if other == at {
                        continue;
                    }
                    let announced = self.machines[other].announced.take();
                    for (number, one) in announced.iter().flat_map(|(all, _)| all).enumerate() {
                        if let Some((next, mut commit)) = self.decide(at, &others, one) {
                            commit
                                .message
                                .push_str(&format!("Asked: {other} {number}\n"));
                            others = next;
                            done.push(commit);
                        }
                    }
                }
                self.chain.extend(done);
                if fate == Fate::Unheard {
                    self.machines[at].unheard = Some((from, commits));
                    return;
                }
                self.acknowledge(request);
                for one in &kept {
                    self.acknowledge(one);
                }
                self.machines[at].outbox.clear();
                self.machines[at].seen = self.chain.len();
                if is_operation(request) {
                    self.machines[at].last = (state, next);
                }
            }
        }
    }

    /// What hangs arrives, where nobody was faster.
    fn arrive(&mut self) {
        for Flight { from, commits } in std::mem::take(&mut self.flights) {
            if self.chain.len() == from {
                self.chain.extend(commits);
            }
        }
    }
}

fn id(at: usize) -> String {
    format!("m{at}")
}

// ---- the model ----

/// Judges a chain by its texts: what each commit changes, and what was told of it.
fn judge(chain: &[Commit], told: &BTreeMap<String, (usize, usize)>) {
    let mut before: BTreeMap<&str, toml::Table> = BTreeMap::new();
    let mut events: BTreeMap<&str, usize> = BTreeMap::new();
    for commit in chain {
        let streams = commit.files.iter().filter_map(|(name, text)| {
            let name = name.strip_prefix("streams/")?;
            Some((name, toml::from_str::<toml::Table>(text).unwrap()))
        });
        let streams: BTreeMap<&str, toml::Table> = streams.collect();
        assert_exclusive(&streams, &commit.message);
        for (name, was) in &before {
            let now = streams.get(name);
            let now = now.unwrap_or_else(|| panic!("{name} is forgotten:\n{}", commit.message));
            let epoch = |record: &toml::Table| record["epoch"].as_integer().unwrap();
            let whose = |record: &toml::Table| {
                let claim = record.get("claim")?.as_table()?;
                Some((claim["agent"].clone(), claim["machine"].clone()))
            };
            let is_new = now.contains_key("claim") && whose(now) != whose(was);
            assert!(
                epoch(now) >= epoch(was) + i64::from(is_new),
                "the epoch of {name}:\n{}",
                commit.message
            );
        }
        let op = commit
            .message
            .lines()
            .find_map(|line| line.strip_prefix("Op: "));
        *events.entry(op.unwrap_or_default()).or_default() += 1;
        before = streams;
    }
    for (op, (acknowledged, most)) in told {
        let there = events.remove(op.as_str()).unwrap_or_default();
        assert!(
            there >= *acknowledged,
            "{op}: {acknowledged} acknowledged, {there} there"
        );
        assert!(there <= *most, "{op}: {there} there, {most} asked for");
    }
    events.remove("");
    assert!(events.is_empty(), "nobody has asked for {events:?}");
}

fn assert_exclusive(streams: &BTreeMap<&str, toml::Table>, message: &str) {
    let claim = |record: &toml::Table| record.get("claim").map(|claim| claim.as_table().cloned());
    let held: Vec<(&str, toml::Table)> = streams
        .iter()
        .filter_map(|(name, record)| Some((*name, claim(record)??)))
        .collect();
    for (at, (name, one)) in held.iter().enumerate() {
        for (other, two) in &held[at + 1..] {
            let both = PATHS.iter().find(|path| owns(one, path) && owns(two, path));
            assert_eq!(both, None, "{name} and {other}:\n{message}");
            assert_ne!(one["slot"], two["slot"], "{name} and {other}:\n{message}");
            assert_ne!(name.to_lowercase(), other.to_lowercase(), "{message}");
        }
    }
}

fn owns(claim: &toml::Table, path: &str) -> bool {
    let is_in = |key: &str| {
        let sets = claim.get(key).and_then(toml::Value::as_array);
        let patterns = sets.into_iter().flatten().filter_map(toml::Value::as_array);
        let mut patterns = patterns.flatten().filter_map(toml::Value::as_str);
        patterns.any(|pattern| matches(pattern, path))
    };
    is_in("files") && !is_in("away")
}

/// The few forms of patterns that the requests have.
fn matches(pattern: &str, path: &str) -> bool {
    let (head, last) = path.rsplit_once('/').unwrap_or(("", path));
    match (pattern.strip_suffix("/**"), pattern.strip_suffix("/*")) {
        (Some(top), _) => path
            .strip_prefix(top)
            .is_some_and(|rest| rest.starts_with('/')),
        (_, Some(top)) => head == top,
        _ if pattern == "**/x" => last == "x",
        _ => pattern == path,
    }
}

// ---- the tests ----

fn play(turns: &[Turn]) -> (usize, usize) {
    let plan = parse(PLAN.as_bytes()).into_plan("test").unwrap();
    let mut world = World::new(&plan);
    for turn in turns {
        world.turn(turn);
        if turn.looks {
            world.arrive();
        }
    }
    judge(&world.chain, &world.told);
    (world.granted, world.chain.len())
}

/// `GIT_STREAM_CASES` multiplies the number of stories (25 by default).
#[test]
fn whatever_becomes_of_the_pushes_the_chain_is_one_and_nothing_is_owned_twice() {
    let times = std::env::var("GIT_STREAM_CASES").map_or(1, |text| text.parse().unwrap());
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), chance);
    let (mut granted, mut entries) = (0, 0);
    for number in 0..25 * times {
        let turns = turns().new_tree(&mut runner).unwrap().current();
        let played = std::panic::catch_unwind(|| play(&turns));
        let (some, all) = played.unwrap_or_else(|_| panic!("story {number}: {turns:#?}"));
        (granted, entries) = (granted + some, entries + all);
    }
    assert!(granted > 100 && entries > granted, "{granted} of {entries}");
}
