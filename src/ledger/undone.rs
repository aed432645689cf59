//! What follows when an operation is taken back?
//!
//! The stream's record becomes what it was, unless something has happened to it since. What may
//! never go back stays: the epoch grows, a mark that its history breaks the rule is kept until
//! somebody has looked again, and who takes a stream again must not overlap with what others hold
//! by now.

use jiff::Timestamp;

use super::record::{Claim, Escalation, Kind, Stream, StreamState};
use super::refusal::{Holder, Refusal};
use super::request::{Reverted, Undo};
use super::transition::{Decision, Told, told};
use crate::git::Id;
use crate::name::{AgentName, StreamName};

impl Stream {
    /// Whether two records say the same, as far as somebody has decided it: signs of life, numbers
    /// that only grow and marks by the guard do not count.
    pub fn says_the_same_as(&self, other: &Stream) -> bool {
        decided(self) == decided(other)
    }
}

fn holder(record: &Stream) -> Option<(&AgentName, &str)> {
    let claim = record.claim.as_ref()?;
    Some((&claim.agent, &claim.machine))
}

fn decided(record: &Stream) -> Stream {
    let mut record = record.clone();
    record.epoch = 0;
    record.tainted = None;
    if let Some(landing) = &mut record.landing {
        landing.op = None;
    }
    if let Some(claim) = &mut record.claim {
        claim.slot = 0;
        claim.session = String::new();
        claim.worktree_id = String::new();
        claim.intent = None;
        (claim.taken, claim.renewed) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    }
    record
}

impl Decision<'_> {
    pub(super) fn undone(&mut self, undo: &Undo) -> Result<Option<Told>, Refusal> {
        let (name, by) = (&undo.stream, &self.request.by);
        if by.kind != Kind::Person && by.agent != undo.whose {
            let what = format!("take back what {} has done", undo.whose);
            return Err(Refusal::PersonOnly { what });
        }
        self.refuse_while_busy(name)?;
        let now = self.record(name)?.clone();
        if !now.says_the_same_as(&undo.left) {
            let stream = name.clone();
            return Err(Refusal::Overtaken { stream });
        }
        for claim in [&now.claim, &undo.back.claim].into_iter().flatten() {
            if claim.machine != by.machine {
                return Err(Refusal::Elsewhere(Holder::of(name, claim)));
            }
        }
        let mut next = undo.back.clone();
        next.tainted = now.tainted.clone().or(next.tainted);
        // It may go back to who had died while it was taking the stream.
        let changes_hands = next.claim.is_some() && holder(&now) != holder(&next);
        next.epoch = now.epoch + u64::from(changes_hands);
        if let Some(claim) = &mut next.claim {
            claim.renewed = self.request.at;
            self.hold_again(name, now.claim.as_ref(), claim)?;
        }
        let is_held = next.claim.is_some();
        *self.record(name)? = next;
        if is_held {
            self.ask_again(name, &undo.questions);
        } else {
            self.close_questions_of(name);
        }
        let Undo { op, verb, .. } = undo;
        told(name, format!("undo {name}: {by} takes back {verb} {op}"))
    }

    /// What of a claim is not as it was: a claim that goes on keeps its worktree, one that is taken
    /// again must find its place among the others.
    fn hold_again(
        &self,
        name: &StreamName,
        now: Option<&Claim>,
        claim: &mut Claim,
    ) -> Result<(), Refusal> {
        if let Some(now) = now {
            // What it comes to own once more, others may have taken meanwhile.
            if now.territory() != claim.territory() {
                self.refuse_overlap(name, &claim.territory())?;
            }
            claim.intent = None;
            claim.slot = now.slot;
            claim.session.clone_from(&now.session);
            claim.worktree.clone_from(&now.worktree);
            claim.worktree_id.clone_from(&now.worktree_id);
            return Ok(());
        }
        self.refuse_conflicts(name)?;
        self.refuse_overlap(name, &claim.territory())?;
        claim.slot = self.next.free_slot();
        claim.taken = self.request.at;
        claim.intent = Some(self.intent("restore", Vec::new()));
        Ok(())
    }

    /// Opens again what the operation closed, and closes what it opened, where nobody has touched
    /// it since. How a tainted history becomes clean is asked as long as the mark is there.
    pub(super) fn ask_again(&mut self, name: &StreamName, questions: &[Reverted]) {
        let is_of_mark =
            |one: &Option<Escalation>| one.as_ref().is_some_and(|q| q.kind == Escalation::TAINTED);
        for Reverted { id, left, back } in questions {
            let is_there = self.next.escalations.get(id) == left.as_ref();
            if !is_there || is_of_mark(left) || is_of_mark(back) {
                continue;
            }
            match back {
                Some(back) => self.next.escalations.insert(id.clone(), back.clone()),
                None => self.next.escalations.remove(id),
            };
        }
        let is_asked = self.next.questions_of(name).next().is_some();
        if is_asked
            && let Some(record) = self.next.streams.get_mut(name)
            && matches!(
                record.state,
                StreamState::InProgress | StreamState::Completed
            )
        {
            record.state = StreamState::Blocked;
        }
        self.unblock(name);
    }

    pub(super) fn rolled_back(
        &mut self,
        name: &StreamName,
        tip: Id,
        start: Id,
    ) -> Result<Option<Told>, Refusal> {
        let at = self.request.at;
        let claim = self.own_operation(name)?;
        (claim.start, claim.renewed, claim.intent) = (start, at, None);
        let record = self.record(name)?;
        if record.state == StreamState::Completed {
            record.state = StreamState::InProgress;
        }
        let (by, tip) = (&self.request.by, tip.to_hex_with_len(12));
        told(name, format!("undo {name}: {by} rolls it back to {tip}"))
    }
}
