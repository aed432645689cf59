//! Which state follows from a state and a request?
//!
//! A pure function. Time, random numbers and the plan come in with the request and the rules; the
//! same request on another state may be decided differently, which is how the losers of a race
//! learn about it.

use bstr::BString;

use super::event::{BEGINS, CAME_TO_NOTHING, DIED, Event, READY};
use super::finish;
use super::known::Record;
use super::questions;
use super::record::{Claim, Escalation, Intent, Kind, On, Stream, StreamState, Work};
use super::refusal::{Holder, Refusal};
use super::request::{Actor, NewClaim, Request, What};
use super::state::State;
use crate::git::Id;
use crate::name::StreamName;
use crate::pattern::{Comparison, PatternSet, Territory};
use crate::plan::{Plan, Widen};
use crate::word;

/// What a decision needs to know besides the state.
pub struct Rules<'a> {
    /// The plan as it stands at the trusted base.
    pub plan: &'a Plan,
    /// Whether the operation of an intent has died.
    pub dead: &'a dyn Fn(&Intent) -> bool,
    /// How what is claimed is compared with what is held. Without it nothing can be claimed beside
    /// another stream ([`Refusal::TooComplex`]).
    pub compare: Option<Comparison>,
}

/// What follows from a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The next state.
    pub state: State,
    /// The entry for the audit log; `None` where nothing has changed.
    pub event: Option<Event>,
}

/// Decides a request on a state.
pub fn apply(state: &State, request: &Request, rules: &Rules<'_>) -> Result<Applied, Refusal> {
    let mut next = state.clone();
    if let (Some(base), Some(trusted)) = (&mut next.base, request.trusted)
        && request.recorded.is_none_or(|then| then == base.commit)
    {
        base.commit = trusted;
    }
    let told = Decision {
        next: &mut next,
        request,
        rules,
    }
    .decide()?;
    if let Some(told) = &told {
        hear(&mut next, request, &told.streams);
    }
    let event = told.map(|told| Event {
        subject: told.subject,
        epochs: told
            .streams
            .iter()
            .filter_map(|name| Some(next.stream(name)?.epoch))
            .collect(),
        streams: told.streams,
        agent: request.by.agent.clone(),
        op: request.op.clone(),
        moves: request.moves.clone(),
        undoes: request.what.undoes().cloned(),
        moved: request.moved.clone(),
        publish: [&request.publish[..], &request.published[..]].concat(),
        files: told.files,
    });
    // Without an event nothing is written, so nothing has changed.
    let state = if event.is_some() { next } else { state.clone() };
    Ok(Applied { state, event })
}

/// Whatever comes from a holder's machine is a sign of life.
fn hear(state: &mut State, request: &Request, of: &[StreamName]) {
    for name in of {
        let record = state.streams.get_mut(name);
        if let Some(claim) = record.and_then(|record| record.claim.as_mut())
            && claim.machine == request.by.machine
        {
            claim.renewed = request.at;
        }
    }
}

/// What an event says: its subject, the streams it is about, and the files that it archives.
pub(super) struct Told {
    pub(super) subject: String,
    pub(super) streams: Vec<StreamName>,
    pub(super) files: Vec<(String, String)>,
}

/// A stream that another is compared with, and what else is known about it.
type Other<'n, T> = (&'n StreamName, T);

/// A decision that is being made; [`super::finish`] has the part of it that ends streams.
pub(super) struct Decision<'a> {
    pub(super) next: &'a mut State,
    pub(super) request: &'a Request,
    pub(super) rules: &'a Rules<'a>,
}

impl Decision<'_> {
    fn decide(mut self) -> Result<Option<Told>, Refusal> {
        let by = &self.request.by;
        match &self.request.what {
            What::Base { base, why } => {
                self.next.base = Some(base.clone());
                Ok(Some(Told {
                    subject: format!("base {}: {why}", base.branch),
                    streams: Vec::new(),
                    files: Vec::new(),
                }))
            }
            What::Claim(new) => self.claim(new),
            What::TakeOver(asked) => self.take_over(asked),
            What::Claimed {
                stream,
                worktree_id,
            } => {
                let claim = self.own_operation(stream)?;
                claim.worktree_id.clone_from(worktree_id);
                claim.intent = None;
                self.record(stream)?.work = None;
                told(stream, format!("claim {stream}{READY}"))
            }
            What::Add { stream, files } => self.add(stream, files),
            What::Renew { stream } => {
                self.authorise(stream)?;
                self.claim_of(stream)?.renewed = self.request.at;
                told(stream, format!("renew {stream}: {by} is alive"))
            }
            What::Begin {
                stream,
                verb,
                intends,
            } => {
                self.authorise(stream)?;
                self.refuse_while_busy(stream)?;
                let intent = self.intent(verb, intends.clone());
                self.claim_of(stream)?.intent = Some(intent);
                told(stream, format!("{verb} {stream}: {by}{BEGINS}"))
            }
            What::Released {
                stream,
                work,
                landed,
            } => self.released(stream, work.as_ref(), *landed),
            What::Synced {
                stream,
                start,
                landed,
                commits,
                on,
            } => self.synced(stream, *start, *landed, *commits, on.as_ref()),
            What::Undone(undo) => self.undone(undo),
            What::RolledBack { stream, tip, start } => self.rolled_back(stream, *tip, *start),
            What::Landing {
                streams,
                intends,
                publish,
            } => self.begin_landing(streams, intends, publish),
            What::Landed { landed, .. } => self.landed(landed),
            What::Reopen {
                back,
                intends,
                publish,
            } => self.reopen(back, intends, publish),
            What::Unlanded { back, .. } => self.unlanded(back),
            What::GoesOn { stream, commits } => self.goes_on(stream, *commits),
            What::Report { stream, how, note } => self.report(stream, *how, note.as_deref()),
            What::Submitted {
                stream,
                review,
                log,
            } => self.submitted(stream, review, log),
            What::Merged { landed } => self.merged(landed),
            What::Returned { stream, why } => self.returned(stream, why),
            What::Reopened { stream } => self.reopened(stream),
            What::Abandon { stream, dead } => self.abandon(stream, dead.as_str()),
            What::Taint {
                stream,
                why,
                question,
            } => self.taint(stream, why, question),
            What::Untaint { stream } => self.untaint(stream),
            What::Escalate(escalation) => Ok(self.escalate(escalation)),
            What::Notified { id } => {
                let at = self.request.at;
                let Some(open) = self.next.escalations.get_mut(id) else {
                    return Err(Refusal::NoQuestion { id: id.clone() });
                };
                open.notified = Some(at);
                Ok(Some(Told {
                    subject: format!("notify {id}: a person is told again"),
                    streams: open.streams.iter().take(1).cloned().collect(),
                    files: Vec::new(),
                }))
            }
            What::Close { id, why } => self.close(id, why),
        }
    }

    // ---- claims ----

    fn claim(&mut self, new: &NewClaim) -> Result<Option<Told>, Refusal> {
        let by = &self.request.by;
        let name = &new.stream;
        let died = self.drop_dead_claims();
        self.refuse_same_name(name)?;
        if let Some(record) = self.next.streams.get_mut(name)
            && let Some(claim) = &record.claim
        {
            if claim
                .intent
                .as_ref()
                .is_some_and(|intent| intent.verb == "claim")
                || !by.proves_to_be_holder_of(name, claim)
            {
                return Err(Refusal::Held {
                    holder: Holder::of(name, claim),
                    named: by.named,
                });
            }
            if let Some(files) = &new.files
                && claim.files.first() != Some(files)
            {
                return Err(Refusal::OtherPatterns {
                    stream: name.clone(),
                    patterns: texts(&claim.files),
                });
            }
            if record.state != StreamState::Landed {
                return Ok(None);
            }
            record.state = StreamState::InProgress;
            record.round += 1;
            let round = record.round;
            return told(name, format!("claim {name}: {by} begins round {round}"));
        }
        let files = self.files_of(new)?;
        self.refuse_ground(new)?;
        self.refuse_dependencies(name, new.on.as_ref())?;
        self.refuse_conflicts(name)?;
        let territory = Territory {
            sets: vec![files.clone()],
            away: Vec::new(),
        };
        self.refuse_overlap(name, &territory)?;
        self.take(new, vec![files.clone()]);
        let mut subject = format!("claim {name}: {by} takes {}", texts(&[files]).join(" "));
        for died in died.iter().filter(|died| *died != name) {
            subject.push_str(&format!(
                "; the claim of {died} died before it was complete"
            ));
        }
        told(name, subject)
    }

    /// Writes the claim down, with the intent to make its branch and worktree.
    pub(super) fn take(&mut self, new: &NewClaim, files: Vec<PatternSet>) {
        let (at, by) = (self.request.at, &self.request.by);
        let claim = Claim {
            agent: by.agent.clone(),
            kind: by.kind,
            session: by.session.clone(),
            machine: by.machine.clone(),
            worktree: new.worktree.clone(),
            worktree_id: String::new(),
            slot: self.next.free_slot(),
            taken: at,
            renewed: at,
            lease: new.lease,
            base: new.base.clone(),
            start: new.start,
            files,
            away: Vec::new(),
            on: new.on.clone(),
            intent: Some(self.intent("claim", self.request.moves.clone())),
            extra: toml::Table::new(),
        };
        let record = self
            .next
            .streams
            .entry(new.stream.clone())
            .or_insert_with(|| Stream::unclaimed().into());
        if record.state == StreamState::Landed {
            record.round += 1;
        }
        record.state = StreamState::InProgress;
        record.epoch += 1;
        // Until the worktree is ready this is what a claim that dies leaves behind.
        record.work = Some(Work {
            tip: new.tip,
            start: new.start,
            agent: by.agent.clone(),
            worktree: Some(new.worktree.clone()),
            machine: by.machine.clone(),
            on: new.on.clone(),
        });
        record.claim = Some(claim);
    }

    fn add(&mut self, name: &StreamName, files: &PatternSet) -> Result<Option<Told>, Refusal> {
        self.authorise(name)?;
        let by = &self.request.by;
        let plan = self.rules.plan;
        if by.kind == Kind::Agent && plan.claim.widen == Widen::Person {
            let what = format!("let '{name}' own more; the plan says `widen = \"person\"`");
            return Err(Refusal::PersonOnly { what });
        }
        let claim = self.next.claim(name).expect("authorise has found it");
        if claim.files.contains(files) {
            return Ok(None);
        }
        let more = Territory {
            sets: vec![files.clone()],
            away: Vec::new(),
        };
        self.refuse_overlap(name, &more)?;
        if by.kind == Kind::Agent {
            self.refuse_planned(name, &more)?;
        }
        self.claim_of(name)?.files.push(files.clone());
        told(
            name,
            format!(
                "claim {name}: {by} adds {}",
                texts(std::slice::from_ref(files)).join(" ")
            ),
        )
    }

    fn released(
        &mut self,
        name: &StreamName,
        work: Option<&Work>,
        landed: bool,
    ) -> Result<Option<Told>, Refusal> {
        let on = self.own_operation(name)?.on.clone();
        let record = self.record(name)?;
        record.claim = None;
        record.work = work.map(|work| Work { on, ..work.clone() });
        record.review = None;
        record.state = if landed {
            StreamState::Landed
        } else {
            StreamState::Unclaimed
        };
        if landed {
            self.record(name)?.tainted = None;
        }
        self.close_questions_of(name);
        let kept = match (work, landed) {
            (Some(work), _) => format!("kept at {}", work.tip.to_hex_with_len(12)),
            (None, true) => "all of it is on the base".to_owned(),
            (None, false) => "nothing was left".to_owned(),
        };
        told(
            name,
            format!("release {name}: {} gives it back; {kept}", self.request.by),
        )
    }

    // ---- moving onto the base ----

    fn synced(
        &mut self,
        name: &StreamName,
        start: Id,
        landed: bool,
        commits: usize,
        on: Option<&On>,
    ) -> Result<Option<Told>, Refusal> {
        let at = self.request.at;
        let claim = self.own_operation(name)?;
        claim.start = start;
        claim.on = on.cloned();
        claim.renewed = at;
        claim.intent = None;
        let onto = start.to_hex_with_len(12);
        if landed {
            self.record(name)?.tainted = None;
        }
        // How a tainted history becomes clean is still to be answered, and so is what becomes of
        // work that could not be put back.
        let is_tainted = self.record(name)?.tainted.is_some();
        self.close_questions(name, |question| match question.kind.as_str() {
            Escalation::TAINTED => !is_tainted,
            Escalation::KEPT => false,
            _ => true,
        });
        if landed {
            let record = self.record(name)?;
            record.state = StreamState::Landed;
            record.review = None;
            return told(name, format!("sync {name}: the base {onto} has all of it"));
        }
        let record = self.record(name)?;
        if record.state == StreamState::Landed && commits > 0 {
            record.state = StreamState::InProgress;
        }
        let commits = word::count(commits, "commit");
        told(name, format!("sync {name}: {commits} onto {onto}"))
    }

    /// The patterns of a new claim: those given, or those of the plan.
    fn files_of(&self, new: &NewClaim) -> Result<PatternSet, Refusal> {
        let planned = self
            .rules
            .plan
            .streams
            .get(&new.stream)
            .map(|stream| &stream.files);
        match (planned, &new.files) {
            (Some(planned), None) => Ok(planned.clone()),
            (Some(planned), Some(given)) if planned == given => Ok(planned.clone()),
            (Some(_), Some(_)) => Err(Refusal::InPlan {
                stream: new.stream.clone(),
            }),
            (None, Some(given)) => Ok(given.clone()),
            (None, None) => Err(Refusal::Unknown {
                stream: new.stream.clone(),
                known: self
                    .rules
                    .plan
                    .streams
                    .keys()
                    .map(ToString::to_string)
                    .collect(),
            }),
        }
    }

    /// Forgets the claims of this machine whose making died: nobody was ever told of them. Ends
    /// those whose landing died when it had counted.
    fn drop_dead_claims(&mut self) -> Vec<StreamName> {
        let mut died = Vec::new();
        let (next, rules) = (&mut self.next, self.rules);
        let has_died = |record: &Record| {
            let claim = record.is_held().then_some(record.claim.as_ref()).flatten();
            let intent = claim.and_then(|claim| claim.intent.as_ref());
            intent.is_some_and(|intent| (rules.dead)(intent))
        };
        let dead: Vec<StreamName> = next
            .streams
            .iter()
            .filter(|(_, record)| has_died(record))
            .map(|(name, _)| name.clone())
            .collect();
        for name in &dead {
            let Some(record) = next.streams.get_mut(name) else {
                continue;
            };
            let intent = record
                .claim
                .as_ref()
                .and_then(|claim| claim.intent.as_ref());
            let Some(intent) = intent else {
                continue;
            };
            if intent.verb == "claim" {
                record.claim = None;
                record.state = StreamState::Unclaimed;
                died.push(name.clone());
            } else if record.has_counted() {
                finish::end_landed(record);
            } else if intent.verb == Intent::REOPEN {
                record.claim = None;
            }
        }
        died
    }

    // ---- what stands in the way ----

    fn refuse_same_name(&self, name: &StreamName) -> Result<(), Refusal> {
        let planned = self.rules.plan.streams.keys();
        let mut others = self.next.streams.keys().chain(planned);
        match others.find(|other| *other != name && other.folded() == name.folded()) {
            Some(other) => Err(Refusal::SameName {
                stream: name.clone(),
                other: other.clone(),
            }),
            None => Ok(()),
        }
    }

    /// What it is stacked on must be in review at that commit, unless it goes on with what was
    /// stacked there before.
    fn refuse_ground(&self, new: &NewClaim) -> Result<(), Refusal> {
        let Some(on) = &new.on else { return Ok(()) };
        let work = self.next.stream(&new.stream);
        let work = work.and_then(|record| record.work.as_ref());
        if work.is_some_and(|work| work.on.as_ref() == Some(on)) {
            return Ok(());
        }
        let record = self.next.stream(&on.stream);
        let state = record.map_or(StreamState::Unclaimed, |record| record.state);
        let review = record.and_then(|record| record.review.as_ref());
        match review.filter(|_| state == StreamState::InReview) {
            Some(review) if review.head == on.tip => Ok(()),
            Some(_) => Err(Refusal::Overtaken {
                stream: on.stream.clone(),
            }),
            None => Err(Refusal::NotInReview {
                stream: new.stream.clone(),
                ground: on.stream.clone(),
                state,
            }),
        }
    }

    fn refuse_dependencies(&self, name: &StreamName, on: Option<&On>) -> Result<(), Refusal> {
        let Some(planned) = self.rules.plan.streams.get(name) else {
            return Ok(());
        };
        for dependency in &planned.dependencies {
            let state = self
                .next
                .stream(dependency)
                .map_or(StreamState::Unclaimed, |s| s.state);
            // Whoever is stacked on it has what it needs.
            let is_below = on.is_some_and(|on| on.stream == *dependency);
            if !is_below && !state.is_enough(self.rules.plan.land.after) {
                let (stream, dependency) = (name.clone(), dependency.clone());
                return Err(Refusal::NotLanded {
                    stream,
                    dependency,
                    state,
                });
            }
        }
        Ok(())
    }

    pub(super) fn refuse_conflicts(&self, name: &StreamName) -> Result<(), Refusal> {
        let never_beside = self.rules.plan.conflicts_of(name);
        for (other, _, claim) in self.next.held() {
            if never_beside.contains(other) {
                let holder = Holder::of(other, claim);
                return Err(Refusal::Conflicts {
                    stream: name.clone(),
                    holder,
                });
            }
        }
        Ok(())
    }

    pub(super) fn refuse_overlap(
        &self,
        name: &StreamName,
        territory: &Territory,
    ) -> Result<(), Refusal> {
        let held = self.next.held().filter(|(other, ..)| *other != name);
        let others = held.map(|(other, _, claim)| ((other, claim), claim.territory()));
        match self.meets(name, territory, others)? {
            None => Ok(()),
            Some(((other, claim), witness)) => Err(Refusal::Overlaps {
                stream: name.clone(),
                holder: Holder::of(other, claim),
                witness,
            }),
        }
    }

    fn refuse_planned(&self, name: &StreamName, territory: &Territory) -> Result<(), Refusal> {
        let streams = self.rules.plan.streams.iter();
        let others = streams
            .filter(|(other, _)| *other != name)
            .map(|(other, stream)| {
                let kept = Territory {
                    sets: vec![stream.files.clone()],
                    away: Vec::new(),
                };
                ((other, ()), kept)
            });
        match self.meets(name, territory, others)? {
            None => Ok(()),
            Some(((planned, ()), witness)) => Err(Refusal::Planned {
                planned: planned.clone(),
                witness,
            }),
        }
    }

    /// The first of others that has a path in common with a territory, and that path.
    fn meets<'n, T>(
        &self,
        name: &StreamName,
        territory: &Territory,
        others: impl Iterator<Item = (Other<'n, T>, Territory)>,
    ) -> Result<Option<(Other<'n, T>, BString)>, Refusal> {
        let shared = &self.rules.plan.shared.files;
        let mut compare = self.rules.compare.map(|new| new());
        for ((other, more), theirs) in others {
            let common = compare
                .as_mut()
                .and_then(|compare| compare.common(territory, &theirs, shared).ok());
            match common {
                Some(None) => {}
                Some(Some(witness)) => return Ok(Some(((other, more), witness))),
                None => {
                    let (stream, other) = (name.clone(), other.clone());
                    return Err(Refusal::TooComplex { stream, other });
                }
            }
        }
        Ok(None)
    }

    pub(super) fn refuse_while_busy(&self, name: &StreamName) -> Result<(), Refusal> {
        let intent = self
            .next
            .claim(name)
            .and_then(|claim| claim.intent.as_ref());
        match intent {
            Some(intent) if intent.op != self.request.op && !(self.rules.dead)(intent) => {
                Err(Refusal::Busy {
                    stream: name.clone(),
                    verb: intent.verb.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    // ---- who may ----

    /// The caller must hold the stream, or be a person on the machine of its worktree.
    pub(super) fn authorise(&self, name: &StreamName) -> Result<(), Refusal> {
        let by = &self.request.by;
        let Some(claim) = self.next.claim(name) else {
            return Err(self.or_taken_over(name, self.not_held(name)));
        };
        if !by.is_holder_of(name, claim) && by.kind != Kind::Person {
            let refusal = Refusal::NotYours(Holder::of(name, claim));
            return Err(self.or_taken_over(name, refusal));
        }
        if claim.machine != by.machine {
            let refusal = Refusal::Elsewhere(Holder::of(name, claim));
            return Err(self.or_taken_over(name, refusal));
        }
        Ok(())
    }

    /// The claim whose intent is this very operation's.
    pub(super) fn own_operation(&mut self, name: &StreamName) -> Result<&mut Claim, Refusal> {
        let op = &self.request.op;
        let Some(claim) = self.next.claim(name) else {
            return Err(self.or_taken_over(name, self.not_held(name)));
        };
        if claim.intent.as_ref().is_none_or(|intent| intent.op != *op) {
            let refusal = Refusal::Held {
                holder: Holder::of(name, claim),
                named: true,
            };
            return Err(self.or_taken_over(name, refusal));
        }
        self.claim_of(name)
    }

    pub(super) fn not_held(&self, name: &StreamName) -> Refusal {
        let state = self
            .next
            .stream(name)
            .map_or(StreamState::Unclaimed, |stream| stream.state);
        Refusal::NotHeld {
            stream: name.clone(),
            state,
        }
    }

    pub(super) fn record(&mut self, name: &StreamName) -> Result<&mut Stream, Refusal> {
        let not_held = self.not_held(name);
        let record = self.next.streams.get_mut(name);
        record.map(|record| &mut **record).ok_or(not_held)
    }

    pub(super) fn claim_of(&mut self, name: &StreamName) -> Result<&mut Claim, Refusal> {
        let not_held = self.not_held(name);
        self.record(name)?.claim.as_mut().ok_or(not_held)
    }

    pub(super) fn intent(&self, verb: &str, moves: Vec<super::RefMove>) -> Intent {
        Intent {
            op: self.request.op.clone(),
            verb: verb.to_owned(),
            machine: self.request.by.machine.clone(),
            since: self.request.at,
            moves,
            publish: Vec::new(),
        }
    }

    // ---- operations that died, questions ----

    fn abandon(&mut self, name: &StreamName, dead: &str) -> Result<Option<Told>, Refusal> {
        let (op, rules) = (self.request.op.clone(), self.rules);
        let leaves_nothing = self.request.moves.iter().any(|one| one.new.is_none());
        let record = self.record(name)?;
        let Some(claim) = &mut record.claim else {
            return Ok(None);
        };
        let Some(intent) = claim
            .intent
            .clone()
            .filter(|intent| intent.op.as_str() == dead)
        else {
            return Ok(None);
        };
        if intent.op != op && !(rules.dead)(&intent) {
            return Err(Refusal::Busy {
                stream: name.clone(),
                verb: intent.verb,
            });
        }
        claim.intent = None;
        let how = if intent.op == op {
            CAME_TO_NOTHING
        } else {
            DIED
        };
        if intent.verb == "claim" {
            // With the branch that was made for it gone, nothing is left of it.
            if leaves_nothing {
                record.work = None;
            }
            record.claim = None;
            record.state = StreamState::Unclaimed;
        } else if intent.verb == Intent::REOPEN {
            record.claim = None;
        }
        let verb = match intent.verb.as_str() {
            Intent::REOPEN | Intent::UNLAND => "undo",
            other => other,
        };
        told(name, format!("{verb} {name}{how}"))
    }

    fn escalate(&mut self, escalation: &Escalation) -> Option<Told> {
        let mut is_news = false;
        for name in &escalation.streams {
            if let Some(record) = self.next.streams.get_mut(name)
                && matches!(
                    record.state,
                    StreamState::InProgress | StreamState::Completed
                )
            {
                record.state = StreamState::Blocked;
                is_news = true;
            }
            let claim = self
                .next
                .streams
                .get_mut(name)
                .and_then(|record| record.claim.as_mut());
            if let Some(claim) = claim
                && claim
                    .intent
                    .as_ref()
                    .is_some_and(|intent| intent.op == self.request.op)
            {
                claim.intent = None;
                is_news = true;
            }
        }
        if !questions::ask(self.next, escalation) && !is_news {
            return None;
        }
        let Escalation { kind, question, .. } = escalation;
        Some(Told {
            subject: format!("escalate {kind}: {question}"),
            streams: escalation.streams.iter().take(1).cloned().collect(),
            files: Vec::new(),
        })
    }

    fn close(&mut self, id: &str, why: &str) -> Result<Option<Told>, Refusal> {
        let Some(closed) = self.next.escalations.remove(id) else {
            let id = id.to_owned();
            return Err(Refusal::NoQuestion { id });
        };
        for stream in &closed.streams {
            self.unblock(stream);
        }
        Ok(Some(Told {
            subject: format!("close {id}: {why}"),
            streams: closed.streams.iter().take(1).cloned().collect(),
            files: Vec::new(),
        }))
    }

    // ---- history that breaks the rule ----

    fn taint(
        &mut self,
        name: &StreamName,
        why: &str,
        question: &Escalation,
    ) -> Result<Option<Told>, Refusal> {
        let record = self.record(name)?;
        let is_known = record.tainted.as_deref() == Some(why);
        record.tainted = Some(why.to_owned());
        let is_asked = self.escalate(question).is_none();
        if is_known && is_asked {
            return Ok(None);
        }
        told(name, format!("taint {name}: {why}"))
    }

    fn untaint(&mut self, name: &StreamName) -> Result<Option<Told>, Refusal> {
        if self.record(name)?.tainted.take().is_none() {
            return Ok(None);
        }
        self.close_questions(name, |question| question.kind == Escalation::TAINTED);
        told(name, format!("untaint {name}: its history is clean again"))
    }

    pub(super) fn close_questions_of(&mut self, name: &StreamName) {
        self.close_questions(name, |_| true);
    }

    /// Takes the stream out of these questions.
    pub(super) fn close_questions(
        &mut self,
        name: &StreamName,
        these: impl Fn(&Escalation) -> bool,
    ) {
        questions::leave(self.next, name, these);
        self.unblock(name);
    }

    pub(super) fn unblock(&mut self, name: &StreamName) {
        if self.next.questions_of(name).next().is_some() {
            return;
        }
        if let Some(record) = self.next.streams.get_mut(name)
            && record.state == StreamState::Blocked
        {
            record.state = StreamState::InProgress;
        }
    }
}

impl Actor {
    /// Whether the actor holds the claim: it stands in its worktree, or has the holder's name.
    ///
    /// A name that was found out (user and host) is shared by all terminals of a person, so it
    /// counts only together with the session.
    pub fn is_holder_of(&self, name: &StreamName, claim: &Claim) -> bool {
        let known = !self.session.is_empty();
        let same_session = known && self.machine == claim.machine && self.session == claim.session;
        self.proves_to_be_holder_of(name, claim) || (self.agent == claim.agent && same_session)
    }

    /// The stricter question for a second claim: inside the worktree, or by a name that was given.
    pub(super) fn proves_to_be_holder_of(&self, name: &StreamName, claim: &Claim) -> bool {
        let same_name = self.agent == claim.agent;
        let inside = self.inside.as_ref() == Some(name);
        if self.named { same_name } else { inside }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends the arms of one match")]
pub(super) fn told(stream: &StreamName, subject: String) -> Result<Option<Told>, Refusal> {
    Ok(Some(Told {
        subject,
        streams: vec![stream.clone()],
        files: Vec::new(),
    }))
}

fn texts(sets: &[PatternSet]) -> Vec<String> {
    sets.iter()
        .flat_map(|set| set.texts().map(str::to_owned))
        .collect()
}
