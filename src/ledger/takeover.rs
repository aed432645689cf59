//! May somebody take a stream from its holder, and what is left of the hold?
//!
//! A lease that has ended, as the caller's machine has seen it, permits it to anybody; before that
//! a person may, who says why. The mark that the machine has seen must still be that of the
//! record: a holder that was heard of in between keeps its stream.
//!
//! The new holder owns what the former one owned, in a worktree of its own. What the former one
//! goes on to ask is refused by its epoch, and it is told who has the stream and where its commits
//! are.

use super::record::{Claim, Former, Intent, Kind, StreamState};
use super::refusal::{Holder, Refusal, TakenOver};
use super::request::TakeOver;
use super::transition::{Decision, Told, told};
use crate::name::StreamName;
use crate::word;

/// How many former holders a record names.
const MOST: usize = 16;

impl Decision<'_> {
    pub(super) fn take_over(&mut self, asked: &TakeOver) -> Result<Option<Told>, Refusal> {
        let (by, name) = (&self.request.by, &asked.claim.stream);
        let not_held = self.not_held(name);
        let Some(record) = self.next.stream(name).cloned() else {
            return Err(not_held);
        };
        let Some(claim) = record.claim.clone() else {
            return Err(not_held);
        };
        if record.epoch != asked.epoch {
            let stream = name.clone();
            return Err(Refusal::Overtaken { stream });
        }
        if claim.machine == by.machine && by.is_holder_of(name, &claim) {
            let mut making = claim.intent.iter().filter(|intent| intent.verb == "claim");
            if !making.any(|intent| (self.rules.dead)(intent)) {
                return Ok(None);
            }
            let subject = format!("takeover {name}: {by} makes its worktree once more");
            self.hand_over(asked, &claim);
            return told(name, subject);
        }
        self.refuse_running(name, claim.intent.as_ref())?;
        let is_over = asked.silent.as_ref() == Some(&record.mark());
        let reason = asked.reason.as_ref().filter(|_| !is_over);
        if !is_over && (by.kind == Kind::Agent || reason.is_none()) {
            return Err(Refusal::Alive {
                holder: Holder::of(name, &claim),
                lease: claim.lease,
                silence: asked.silence,
                asks: by.kind,
            });
        }
        let why = reason.map_or_else(
            || "its lease has ended".to_owned(),
            |reason| format!("\"{reason}\""),
        );
        let by = by.agent.clone();
        let former = self.former(asked, &claim, record.epoch);
        self.hand_over(asked, &claim);
        let record = self.record(name)?;
        record.former.push(former);
        let more = record.former.len().saturating_sub(MOST);
        record.former.drain(..more);
        if matches!(record.state, StreamState::Blocked | StreamState::InReview) {
            // A question is still to be answered, and a pull request still waits.
        } else {
            record.state = StreamState::InProgress;
        }
        let from = &claim.agent;
        told(
            name,
            format!("takeover {name}: {by} takes it from {from}; {why}"),
        )
    }

    /// An operation of this very machine is not overrun.
    fn refuse_running(&self, name: &StreamName, intent: Option<&Intent>) -> Result<(), Refusal> {
        let here = &self.request.by.machine;
        match intent.filter(|intent| intent.machine == *here) {
            Some(_) => self.refuse_while_busy(name),
            None => Ok(()),
        }
    }

    fn former(&self, asked: &TakeOver, claim: &Claim, epoch: u64) -> Former {
        Former {
            agent: claim.agent.clone(),
            machine: claim.machine.clone(),
            worktree: claim.worktree.clone(),
            worktree_id: claim.worktree_id.clone(),
            epoch,
            by: self.request.by.agent.clone(),
            at: self.request.at,
            reason: asked.reason.clone(),
            kept: asked.kept.clone(),
        }
    }

    /// What was owned goes along, and where the stream stands.
    fn hand_over(&mut self, asked: &TakeOver, claim: &Claim) {
        let state = self.next.stream(&asked.claim.stream).map(|one| one.state);
        let owned = (claim.files.clone(), claim.away.clone());
        if let Some(record) = self.next.streams.get_mut(&asked.claim.stream) {
            record.claim = None;
        }
        self.take(&asked.claim, owned.0.clone());
        let Some(record) = self.next.streams.get_mut(&asked.claim.stream) else {
            return;
        };
        if let Some(claim) = &mut record.claim {
            claim.away = owned.1;
        }
        record.state = state.unwrap_or(record.state);
    }

    /// What the caller is told in place of `refusal` where it has lost the stream by a takeover.
    pub(super) fn or_taken_over(&self, name: &StreamName, refusal: Refusal) -> Refusal {
        let by = &self.request.by;
        let former = self.next.stream(name).and_then(|record| {
            let mut last = record.former.iter().rev();
            last.find(|one| one.machine == by.machine && one.agent == by.agent)
        });
        let lost = former.and_then(|former| TakenOver::of(self.next, name, former));
        lost.map_or(refusal, |lost| Refusal::TakenOver(Box::new(lost)))
    }
}

impl TakenOver {
    /// What the one who has lost a stream by a takeover is to know.
    pub fn of(state: &super::State, name: &StreamName, former: &Former) -> Option<TakenOver> {
        let record = state.stream(name)?;
        Some(TakenOver {
            stream: name.clone(),
            former: former.clone(),
            epoch: record.epoch,
            holder: record.claim.as_ref().map(|claim| Holder::of(name, claim)),
            is_late: false,
        })
    }

    /// The takeover of a hold that this machine had just now, as it knew, in the epoch given.
    pub fn meanwhile(
        state: &super::State,
        name: &StreamName,
        (machine, epoch): (&str, u64),
    ) -> Option<TakenOver> {
        let mut former = state.stream(name)?.former.iter();
        let former = former.find(|one| one.machine == machine && one.epoch == epoch)?;
        let lost = TakenOver::of(state, name, former)?;
        Some(TakenOver {
            is_late: true,
            ..lost
        })
    }

    /// The takeover in words.
    pub(super) fn words(&self) -> String {
        let Former {
            agent,
            by,
            at,
            reason,
            epoch,
            ..
        } = &self.former;
        let reason = reason.as_ref();
        let why = reason.map_or_else(
            || "its lease had ended".to_owned(),
            |reason| format!("\"{reason}\""),
        );
        format!(
            "'{}' was taken from {agent} by {by} at {at} ({why}): epoch {epoch} has ended, and it \
             is in epoch {} now",
            self.stream, self.epoch
        )
    }

    /// Where the work is, and who has the stream.
    pub(super) fn hints(&self) -> Vec<String> {
        let Former { agent, kept, .. } = &self.former;
        let name = &self.stream;
        let place = word::quoted(&self.former.worktree);
        let whose = match &self.holder {
            Some(holder) => format!("{} holds it on {}", holder.agent, holder.machine),
            None => "nobody holds it".to_owned(),
        };
        let kept = if self.is_late {
            format!(
                "What was done here before this machine heard of it is kept, with all that {agent} had committed: see it with `git log {kept}`."
            )
        } else {
            format!(
                "Nothing was changed. What {agent} had committed is kept: see it with `git log {kept}`."
            )
        };
        vec![
            kept,
            format!("What was not committed is where it was: see it with `git -C {place} status`."),
            format!("Now {whose}: see the stream with `git stream status {name}`."),
        ]
    }
}
