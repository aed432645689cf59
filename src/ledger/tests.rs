//! Does every step that a request can take keep what the ledger promises?
//!
//! Random requests by random callers, from random states that real ones could have led to. What
//! must hold after each of them is [`assert_promises`].

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{
    Actor, Applied, Base, Check, Claim, Escalation, Event, How, Intent, Kind, LandedStream,
    Landing, NewClaim, OpId, Request, Reverted, Review, Rules, State, Stream, StreamState,
    TakeOver, Undo, What, Work, allows, apply,
};
use crate::git::Id;
use crate::name::StreamName;
use crate::pattern::{Overlaps, PatternSet};
use crate::plan::{Plan, parse};

/// `A` collides with `a` where case does not count.
const NAMES: [&str; 5] = ["A", "a", "b", "c", "free"];
const FILES: [&str; 7] = ["a/**", "a/b/*", "b/**", "**/x", "shared", "c", "d/e"];
const AGENTS: [&str; 3] = ["one", "two", "three"];
const QUESTIONS: [&str; 2] = ["q1", "q2"];

pub(super) const PLAN: &str = "
version = 1
[claim]
widen = 'free'
[shared]
files = ['shared']
[streams.a]
files = ['a/**']
[streams.b]
files = ['b/**']
dependencies = ['a']
[streams.c]
files = ['c']
conflicts = ['a']
";

/// One request, as numbers: what they stand for depends on the state it meets.
#[derive(Debug, Clone)]
pub(super) struct Step {
    what: usize,
    name: usize,
    other: usize,
    files: usize,
    agent: usize,
    is_person: bool,
    named: bool,
    inside: bool,
    elsewhere: bool,
    /// Belongs to the operation that the stream's intent names.
    goes_on: bool,
    landed: bool,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let numbers = (
        prop::sample::select(
            &[
                0, 1, 2, 3, 4, 5, 6, 6, 6, 7, 7, 7, 8, 8, 9, 10, 11, 12, 13, 13, 13, 14, 15, 15,
                16, 16, 17, 17, 18, 18, 19, 20, 21, 22, 23, 23, 24, 24, 25,
            ][..],
        ),
        0..NAMES.len(),
        0..NAMES.len(),
        0..FILES.len(),
        0..AGENTS.len(),
    );
    let choices = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.8),
        any::<bool>(),
    );
    let step = (numbers, choices).prop_map(|(numbers, choices)| {
        let (what, name, other, files, agent) = numbers;
        let (is_person, named, inside, elsewhere, goes_on, landed) = choices;
        Step {
            what,
            name,
            other,
            files,
            agent,
            is_person,
            named,
            inside,
            elsewhere,
            goes_on,
            landed,
        }
    });
    prop::collection::vec(step, 1..60)
}

fn id(byte: u8) -> Id {
    Id::from_bytes_or_panic(&[byte; 20])
}

fn name(at: usize) -> StreamName {
    NAMES[at].parse().unwrap()
}

fn files(at: usize) -> PatternSet {
    PatternSet::parse([FILES[at]]).unwrap()
}

fn machine(elsewhere: bool) -> String {
    if elsewhere { "far" } else { "here" }.to_owned()
}

impl Step {
    /// Who holds the stream that it names, where it goes on with what that one does.
    pub(super) fn holder<'s>(&self, state: &'s State) -> Option<&'s Claim> {
        state.claim(&name(self.name)).filter(|_| self.goes_on)
    }

    /// `last` are the states before and after the last operation.
    pub(super) fn request(&self, state: &State, last: &(State, State)) -> Request {
        let changed = || {
            let mut all = last.1.streams.iter();
            let found = all.find(|(name, record)| last.0.stream(name) != Some(*record));
            found.map(|(name, _)| name.clone())
        };
        let undoes = [13, 23, 24].contains(&self.what).then(changed).flatten();
        let stream = undoes.unwrap_or_else(|| name(self.name));
        let intent = state.claim(&stream).and_then(|claim| claim.intent.as_ref());
        let op = match intent {
            Some(intent) if self.goes_on => intent.op.clone(),
            _ => OpId::new(),
        };
        Request {
            op,
            at: Timestamp::UNIX_EPOCH,
            by: Actor {
                agent: AGENTS[self.agent].parse().unwrap(),
                kind: if self.is_person {
                    Kind::Person
                } else {
                    Kind::Agent
                },
                session: "s".to_owned(),
                machine: machine(self.elsewhere),
                named: self.named,
                inside: self.inside.then(|| stream.clone()),
            },
            what: match self.what {
                13 => What::Undone(Box::new(self.undo(stream, last))),
                23 => What::Reopen {
                    back: vec![self.undo(stream, last)],
                    intends: Vec::new(),
                    publish: Vec::new(),
                },
                24 => What::Unlanded {
                    back: vec![self.undo(stream, last)],
                    by: None,
                },
                _ => self.what(stream, intent, state),
            },
            trusted: None,
            recorded: None,
            moves: Vec::new(),
            moved: Vec::new(),
            publish: Vec::new(),
            published: Vec::new(),
        }
    }

    fn what(&self, stream: StreamName, intent: Option<&Intent>, state: &State) -> What {
        match self.what {
            0..=2 => What::Claim(Box::new(NewClaim {
                files: (self.other > 2).then(|| files(self.files)),
                tip: id(2),
                start: id(1),
                adopts: self.landed,
                base: "main".to_owned(),
                worktree: format!("/{stream}"),
                lease: SignedDuration::from_hours(1),
                on: None,
                stream,
            })),
            3 => What::Claimed {
                worktree_id: stream.to_string(),
                stream,
            },
            4 => What::Add {
                stream,
                files: files(self.files),
            },
            5 => What::Renew { stream },
            6 => What::Begin {
                stream,
                verb: ["release", "sync"][self.other % 2].to_owned(),
                intends: Vec::new(),
            },
            7 => What::Released {
                work: (!self.landed).then(|| work(&stream)),
                stream,
                landed: self.landed,
            },
            8 => What::Synced {
                stream,
                start: id(3),
                landed: self.landed,
                commits: 1,
                on: None,
            },
            9 => match (intent, self.landed) {
                (Some(intent), true) => What::Abandon {
                    stream,
                    dead: intent.op.clone(),
                },
                _ => What::Close {
                    id: QUESTIONS[self.files % 2].to_owned(),
                    why: "it is answered".to_owned(),
                },
            },
            10 => What::Escalate(Box::new(self.escalation(stream))),
            11 => What::Taint {
                why: format!("{} is not its own", FILES[self.files]),
                question: Box::new(Escalation {
                    id: format!("tainted-{stream}"),
                    kind: Escalation::TAINTED.to_owned(),
                    streams: vec![stream.clone()],
                    cause: format!("tainted {stream}"),
                    ..self.escalation(stream.clone())
                }),
                stream,
            },
            14 => What::RolledBack {
                stream,
                tip: id(4),
                start: id(1),
            },
            22 => What::TakeOver(Box::new(self.takeover(stream, state))),
            12 => What::Untaint { stream },
            15 => What::Landing {
                streams: if self.landed {
                    vec![stream]
                } else {
                    vec![stream, name(self.other)]
                },
                intends: Vec::new(),
                publish: Vec::new(),
            },
            16 => What::Landed {
                landed: vec![landed(stream)],
                undoes: None,
            },
            17 => What::GoesOn { stream, commits: 1 },
            18 => What::Report {
                stream,
                how: [How::Complete, How::Failed, How::Working][self.files % 3],
                note: None,
            },
            19 => What::Submitted {
                stream,
                review: Box::new(review()),
                log: "fine\n".to_owned(),
            },
            20 => What::Merged {
                landed: Box::new(landed(stream)),
            },
            21 => What::Returned {
                stream,
                why: "it was closed".to_owned(),
            },
            _ => What::Reopened { stream },
        }
    }

    /// With a lease that has ended, or a reason, or neither; sometimes of an epoch that is over.
    fn takeover(&self, stream: StreamName, state: &State) -> TakeOver {
        let record = state.stream(&stream);
        TakeOver {
            epoch: record.map_or(1, |record| record.epoch) + u64::from(self.other == 4),
            silent: record.filter(|_| self.landed).map(Stream::mark),
            silence: SignedDuration::ZERO,
            reason: self
                .files
                .is_multiple_of(2)
                .then(|| "it is gone".to_owned()),
            kept: format!("refs/stream/kept/{stream}/x"),
            claim: NewClaim {
                files: None,
                tip: id(2),
                start: id(1),
                adopts: false,
                base: "main".to_owned(),
                worktree: format!("/{stream}@{}", record.map_or(1, |record| record.epoch)),
                lease: SignedDuration::from_hours(1),
                on: None,
                stream,
            },
        }
    }

    /// Takes back what has led from one state to the other.
    fn undo(&self, stream: StreamName, (past, left): &(State, State)) -> Undo {
        let unknown = Stream::unclaimed();
        let of = |state: &State| state.stream(&stream).cloned().unwrap_or(unknown.clone());
        let questions = QUESTIONS.map(|id| Reverted {
            id: id.to_owned(),
            left: left.escalations.get(id).cloned(),
            back: past.escalations.get(id).cloned(),
        });
        Undo {
            op: OpId::new(),
            verb: "claim".to_owned(),
            whose: AGENTS[self.agent * (self.other % 2)].parse().unwrap(),
            left: of(left),
            back: of(past),
            questions: questions.to_vec(),
            stream,
        }
    }

    fn escalation(&self, stream: StreamName) -> Escalation {
        let question = QUESTIONS[self.files % 2];
        Escalation {
            id: question.to_owned(),
            kind: ["conflict", "check-failed", "other"][self.agent].to_owned(),
            streams: vec![stream, name(self.other)],
            agent: AGENTS[self.agent].parse().unwrap(),
            owner: None,
            raised: Timestamp::UNIX_EPOCH,
            question: "what now?".to_owned(),
            cause: question.to_owned(),
            commit: None,
            base: Some(id(1)),
            paths: vec!["a/x".to_owned()],
            evidence: "'''\n\"\"\"\\ é\n".to_owned(),
            choices: Vec::new(),
            origin: String::new(),
            notified: None,
            parts: std::collections::BTreeMap::new(),
            extra: toml::Table::new(),
        }
    }
}

fn landed(stream: StreamName) -> LandedStream {
    LandedStream {
        stream,
        landing: Landing {
            round: 1,
            at: Timestamp::UNIX_EPOCH,
            agent: "one".parse().unwrap(),
            base: "main".to_owned(),
            remote: None,
            tip: id(2),
            old: id(1),
            new: id(4),
            strategy: "rebase".to_owned(),
            commits: 1,
            files: 1,
            op: None,
            check: Some(Check {
                command: "true".to_owned(),
                tree: id(5),
                status: 0,
                seconds: 1,
            }),
            extra: toml::Table::new(),
        },
        commits: vec![id(4).to_string()],
        files: vec!["a/x".to_owned()],
        log: "fine\n".to_owned(),
    }
}

fn review() -> Review {
    Review {
        tip: id(2),
        head: id(4),
        onto: id(1),
        remote: "origin".to_owned(),
        branch: "stream/a".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        said: None,
        closed: None,
        check: None,
        extra: toml::Table::new(),
    }
}

fn work(stream: &StreamName) -> Work {
    Work {
        tip: id(2),
        start: id(1),
        agent: "one".parse().unwrap(),
        worktree: Some(format!("/{stream}")),
        machine: machine(false),
        on: None,
    }
}

/// A state in which one stream stands anywhere, held where it can be.
fn beginning(at: usize, stands: usize) -> State {
    let state = StreamState::ALL[stands % StreamState::ALL.len()];
    let mut begun = State {
        base: Some(Base {
            ledger: None,
            branch: "main".to_owned(),
            remote: None,
            commit: id(1),
            extra: toml::Table::new(),
        }),
        ..State::default()
    };
    let is_held = state != StreamState::Unclaimed && stands < 10;
    if !is_held && !matches!(state, StreamState::Unclaimed | StreamState::Landed) {
        return begun;
    }
    let record = Stream {
        state,
        epoch: 7,
        round: 1,
        tainted: None,
        claim: is_held.then(|| Claim {
            agent: "one".parse().unwrap(),
            kind: Kind::Agent,
            session: "s".to_owned(),
            machine: machine(false),
            worktree: "/w".to_owned(),
            worktree_id: "w".to_owned(),
            slot: 0,
            taken: Timestamp::UNIX_EPOCH,
            renewed: Timestamp::UNIX_EPOCH,
            lease: SignedDuration::from_hours(1),
            base: "main".to_owned(),
            start: id(1),
            files: vec![files(at)],
            away: Vec::new(),
            on: None,
            intent: None,
            extra: toml::Table::new(),
        }),
        work: None,
        landing: None,
        review: None,
        former: Vec::new(),
        extra: toml::Table::new(),
    };
    begun.streams.insert(name(at), record.into());
    begun
}

/// A state in which somebody holds a stream.
pub(super) fn held_by_one() -> State {
    beginning(1, 1)
}

fn assert_promises(before: &State, request: &Request, applied: &Applied, plan: &Plan) {
    let after = &applied.state;
    if applied.event.is_none() {
        assert!(
            before == after,
            "a change without an event: {:?}",
            request.what
        );
    }
    let word = applied.event.as_ref().map_or("", Event::verb);
    for (name, now) in &after.streams {
        let was = before.stream(name);
        let from = was.map(|was| was.state);
        assert!(
            allows(word, from, now.state),
            "{name}: {from:?} to {:?} by {word} {:?}",
            now.state,
            request.what
        );
        let epoch = was.map_or(0, |was| was.epoch);
        // Whoever has it only makes its worktree once more.
        let holder = was.and_then(|was| was.claim.as_ref());
        let was_its = holder.is_some_and(|claim| {
            claim.machine == request.by.machine && request.by.is_holder_of(name, claim)
        });
        if let What::TakeOver(asked) = &request.what
            && asked.claim.stream == *name
            && !was_its
            && was.and_then(|was| was.claim.as_ref()) != now.claim.as_ref()
        {
            assert_taken_over(was, now, asked, request);
        }
        let is_new = now.claim.is_some() && was.is_none_or(|was| was.claim.is_none());
        assert!(
            now.epoch >= epoch + u64::from(is_new),
            "{name}: an old epoch"
        );
        let may_be_free = matches!(now.state, StreamState::Unclaimed | StreamState::Landed);
        assert!(
            now.claim.is_some() || may_be_free,
            "{name}: {:?}",
            now.state
        );
        assert!(
            now.claim.is_none() || now.state != StreamState::Unclaimed,
            "{name}"
        );
        let text = toml::to_string(&**now).unwrap();
        assert_eq!(**now, toml::from_str(&text).unwrap(), "{text}");
    }
    assert_eq!(
        before
            .streams
            .keys()
            .find(|name| !after.streams.contains_key(*name)),
        None,
        "a stream is never forgotten"
    );
    for escalation in after.escalations.values() {
        assert!(!escalation.streams.is_empty());
        let is_marked = |name| after.stream(name).is_some_and(|one| one.tainted.is_some());
        assert!(
            escalation.kind != Escalation::TAINTED || escalation.streams.iter().all(is_marked),
            "asked without a mark: {escalation:?}"
        );
        let text = toml::to_string(escalation).unwrap();
        assert_eq!(*escalation, toml::from_str(&text).unwrap(), "{text}");
    }
    assert_exclusive(after, plan);
}

/// Nobody loses a stream while it was heard of, except to a person who says why; what it owned and
/// who it was stays known.
fn assert_taken_over(was: Option<&Stream>, now: &Stream, asked: &TakeOver, request: &Request) {
    let was = was.expect("there is nothing to take over");
    let (from, to) = (was.claim.as_ref().unwrap(), now.claim.as_ref().unwrap());
    let (by, name) = (&request.by, &asked.claim.stream);
    if from.machine == by.machine && by.is_holder_of(name, from) {
        // It died while it took the stream, and makes its worktree once more.
        return;
    }
    let is_silent = asked.silent == Some(was.mark());
    assert!(is_silent || (request.by.kind == Kind::Person && asked.reason.is_some()));
    assert_eq!(asked.epoch, was.epoch);
    assert!(now.epoch > was.epoch);
    assert_eq!((&from.files, &from.away), (&to.files, &to.away));
    assert_ne!(from.worktree, to.worktree);
    let former = now.former.last().unwrap();
    assert_eq!((&former.agent, former.epoch), (&from.agent, was.epoch));
    let top = std::path::Path::new(&from.worktree);
    let is_same = to.machine == from.machine && to.worktree_id == from.worktree_id;
    assert!(is_same || now.lost(&from.machine, &from.worktree_id, top) == Some(former));
}

/// Whether this is what an undo may take back: not a question, nor a mark.
pub(super) fn is_operation(request: &Request) -> bool {
    matches!(
        request.what,
        What::Claim(_)
            | What::Released { .. }
            | What::Synced { .. }
            | What::Undone(_)
            | What::Landed { .. }
    )
}

/// Whether it belongs to the landing before it.
fn goes_on(request: &Request) -> bool {
    matches!(request.what, What::GoesOn { .. })
}

/// The mark comes with its question and goes with it; other questions stay.
#[test]
fn a_mark_is_set_once_and_taken_away_with_its_question() {
    let plan = parse(PLAN.as_bytes()).into_plan("test").unwrap();
    let rules = Rules {
        plan: &plan,
        dead: &|_| false,
        compare: Some(Overlaps::boxed),
    };
    let stream = name(1);
    let step = |what| Step {
        what,
        name: 1,
        other: 1,
        files: 0,
        agent: 0,
        is_person: false,
        named: true,
        inside: true,
        elsewhere: false,
        goes_on: false,
        landed: false,
    };
    let put = |state: &State, what: usize| {
        let request = step(what).request(state, &(state.clone(), state.clone()));
        let applied = apply(state, &request, &rules).unwrap();
        let subject = applied.event.map(|event| event.subject);
        (applied.state, subject.unwrap_or_default())
    };
    let begun = beginning(1, 1);
    let stands = |state: &State| state.stream(&stream).unwrap().state;
    let (tainted, subject) = put(&begun, 11);
    assert_eq!(subject, "taint a: a/** is not its own");
    assert_eq!(stands(&tainted), StreamState::Blocked);
    assert_eq!(tainted.questions_of(&stream).count(), 1);
    assert_eq!(put(&tainted, 11), (tainted.clone(), String::new()));

    let (asked, _) = put(&tainted, 10);
    let (clean, subject) = put(&asked, 12);
    assert_eq!(subject, "untaint a: its history is clean again");
    assert_eq!(clean.stream(&stream).unwrap().tainted, None);
    assert_eq!(stands(&clean), StreamState::Blocked, "q1 is still open");
    assert_eq!(put(&clean, 12), (clean.clone(), String::new()));
    let (clean, _) = put(&tainted, 12);
    assert_eq!(clean, begun);

    // Moving onto a newer base does not make a history clean; what has landed is past that.
    let (moving, _) = put(&tainted, 6);
    let synced = |landed| Step {
        landed,
        goes_on: true,
        ..step(8)
    };
    for landed in [false, true] {
        let request = synced(landed).request(&moving, &(moving.clone(), moving.clone()));
        let after = apply(&moving, &request, &rules).unwrap().state;
        assert_eq!(after.stream(&stream).unwrap().tainted.is_some(), !landed);
        assert_eq!(after.questions_of(&stream).count(), usize::from(!landed));
    }
}

/// Who takes a stream from a claim that died, and takes that back, leaves no epoch that two had.
#[test]
fn an_epoch_ends_also_where_a_stream_goes_back_to_another() {
    let plan = parse(PLAN.as_bytes()).into_plan("test").unwrap();
    let rules = Rules {
        plan: &plan,
        dead: &|_| true,
        compare: Some(Overlaps::boxed),
    };
    let stream = name(1);
    let mut begun = beginning(1, 1);
    let record = begun.streams.get_mut(&stream).unwrap();
    let claim = record.claim.as_mut().unwrap();
    claim.worktree_id = String::new();
    claim.intent = Some(Intent {
        op: OpId::new(),
        verb: "claim".to_owned(),
        machine: machine(false),
        since: Timestamp::UNIX_EPOCH,
        moves: Vec::new(),
        publish: Vec::new(),
    });
    let step = |what, other| Step {
        what,
        name: 1,
        other,
        files: 0,
        agent: 1,
        is_person: false,
        named: true,
        inside: false,
        elsewhere: false,
        goes_on: false,
        landed: false,
    };
    let whose = |state: &State| state.claim(&stream).unwrap().agent.to_string();
    let epoch = |state: &State| state.stream(&stream).unwrap().epoch;
    let claims = step(0, 0).request(&begun, &(begun.clone(), begun.clone()));
    let taken = apply(&begun, &claims, &rules).unwrap().state;
    assert_eq!(whose(&taken), "two");
    assert!(epoch(&taken) > epoch(&begun));
    let undo = step(13, 1).request(&taken, &(begun, taken.clone()));
    let back = apply(&taken, &undo, &rules).unwrap().state;
    assert_eq!(whose(&back), "one");
    assert!(epoch(&back) > epoch(&taken));
}

/// Two held streams never own a common path, nor a common slot.
fn assert_exclusive(state: &State, plan: &Plan) {
    let mut overlaps = Overlaps::new();
    let held: Vec<_> = state.held().collect();
    for (at, (name, _, claim)) in held.iter().enumerate() {
        for (other, _, theirs) in &held[at + 1..] {
            let (one, two) = (claim.territory(), theirs.territory());
            let common = overlaps.find(&one, &two, &plan.shared.files);
            assert_eq!(common.unwrap(), None, "{name} and {other}");
            assert_ne!(claim.slot, theirs.slot, "{name} and {other}");
            assert_ne!(name.folded(), other.folded());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_step_keeps_the_promises(
        at in 0..NAMES.len(),
        stands in 0..14_usize,
        dead in prop::bool::weighted(0.3),
        steps in steps(),
    ) {
        let plan = parse(PLAN.as_bytes()).into_plan("test").unwrap();
        let rules = Rules { plan: &plan, dead: &|_| dead, compare: Some(Overlaps::boxed) };
        let mut state = beginning(at, stands);
        let mut last = (state.clone(), state.clone());
        for step in &steps {
            let request = step.request(&state, &last);
            if let Ok(applied) = apply(&state, &request, &rules) {
                assert_promises(&state, &request, &applied, &plan);
                if is_operation(&request) {
                    last = (state, applied.state.clone());
                } else if goes_on(&request) && state == last.1 {
                    last.1 = applied.state.clone();
                }
                state = applied.state;
            }
        }
    }
}

/// The random requests are worth something only if many of them are granted, of every kind.
#[test]
fn the_requests_take_most_of_the_steps_in_the_table() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let plan = parse(PLAN.as_bytes()).into_plan("test").unwrap();
    let mut taken = std::collections::BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    for round in 0..5000_usize {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let dead = round % 3 == 0;
        let rules = Rules {
            plan: &plan,
            dead: &|_| dead,
            compare: Some(Overlaps::boxed),
        };
        let mut state = beginning(round % NAMES.len(), round % 14);
        let mut last = (state.clone(), state.clone());
        for step in &steps {
            let request = step.request(&state, &last);
            let Ok(applied) = apply(&state, &request, &rules) else {
                continue;
            };
            assert_promises(&state, &request, &applied, &plan);
            for (name, now) in &applied.state.streams {
                let from = state.stream(name).map(|was| was.state);
                if from != Some(now.state) {
                    taken.insert((from, now.state));
                }
            }
            if is_operation(&request) {
                last = (state, applied.state.clone());
            } else if goes_on(&request) && state == last.1 {
                last.1 = applied.state.clone();
            }
            state = applied.state;
        }
    }
    let never: Vec<_> = super::TRANSITIONS
        .iter()
        .filter(|step| !taken.contains(&(step.from, step.to)))
        .collect();
    assert!(
        never.is_empty(),
        "in the table, and never taken: {never:#?}"
    );
}
