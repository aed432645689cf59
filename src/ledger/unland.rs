//! What follows when a landing is taken back?
//!
//! Two steps, as for a landing. First its streams are held again, so that nobody else takes what
//! they own while the base moves; they are `landed` still, and if it comes to nothing, nobody holds
//! them any more. Then the base is without them, and their records are what they were.

use super::finish::listed;
use super::record::{Intent, Kind, StreamState};
use super::refusal::{Holder, Refusal};
use super::request::Undo;
use super::transition::{Decision, Told};
use crate::name::StreamName;

impl Decision<'_> {
    /// Holds the streams again.
    pub(super) fn reopen(
        &mut self,
        back: &[Undo],
        intends: &[super::RefMove],
        publish: &[super::RefMove],
    ) -> Result<Option<Told>, Refusal> {
        for undo in back {
            self.hold_for_unlanding(undo)?;
            if let Some(intent) = &mut self.claim_of(&undo.stream)?.intent {
                intent.moves = intends.to_vec();
                intent.publish = publish.to_vec();
            }
        }
        let by = &self.request.by;
        Ok(Some(Told {
            subject: format!("undo {}: {by} begins", listed(&streams(back))),
            streams: streams(back),
            files: Vec::new(),
        }))
    }

    fn hold_for_unlanding(&mut self, undo: &Undo) -> Result<(), Refusal> {
        let (name, at) = (&undo.stream, self.request.at);
        if self.own_operation(name).is_ok() {
            return Ok(());
        }
        self.refuse_strangers(undo)?;
        self.refuse_while_busy(name)?;
        let now = self.record(name)?.clone();
        let (true, Some(before)) = (now.says_the_same_as(&undo.left), &undo.back.claim) else {
            let stream = name.clone();
            return Err(Refusal::Overtaken { stream });
        };
        for claim in [now.claim.as_ref(), Some(before)].into_iter().flatten() {
            if claim.machine != self.request.by.machine {
                return Err(Refusal::Elsewhere(Holder::of(name, claim)));
            }
        }
        if now.claim.is_none() && now.state != StreamState::Landed {
            let stream = name.clone();
            return Err(Refusal::Overtaken { stream });
        }
        if now.claim.is_some() {
            let intent = self.intent(Intent::UNLAND, Vec::new());
            self.claim_of(name)?.intent = Some(intent);
            return Ok(());
        }
        let mut claim = before.clone();
        self.refuse_conflicts(name)?;
        self.refuse_overlap(name, &claim.territory())?;
        claim.slot = self.next.free_slot();
        (claim.taken, claim.renewed) = (at, at);
        claim.intent = Some(self.intent(Intent::REOPEN, Vec::new()));
        let record = self.record(name)?;
        record.epoch += 1;
        record.claim = Some(claim);
        Ok(())
    }

    /// An agent takes back what it has done itself.
    fn refuse_strangers(&self, undo: &Undo) -> Result<(), Refusal> {
        let by = &self.request.by;
        if by.kind == Kind::Person || by.agent == undo.whose {
            return Ok(());
        }
        let what = format!("take back what {} has done", undo.whose);
        Err(Refusal::PersonOnly { what })
    }

    /// The base is without them.
    pub(super) fn unlanded(&mut self, back: &[Undo]) -> Result<Option<Told>, Refusal> {
        let Some(first) = back.first() else {
            return Ok(None);
        };
        for undo in back {
            let name = &undo.stream;
            let now = self.own_operation(name)?.clone();
            let verb = now.intent.as_ref().map(|intent| intent.verb.as_str());
            let is_made_again = verb == Some(Intent::REOPEN);
            let is_begun = is_made_again || verb == Some(Intent::UNLAND);
            // What nobody else could take meanwhile is what it owns then.
            let before = undo.back.claim.as_ref();
            let owns_the_same = before
                .is_some_and(|before| (&before.files, &before.away) == (&now.files, &now.away));
            if !is_begun || !owns_the_same {
                let stream = name.clone();
                return Err(Refusal::Overtaken { stream });
            }
            let intent = is_made_again.then(|| self.intent("restore", Vec::new()));
            let at = self.request.at;
            let record = self.record(name)?;
            let mut next = undo.back.clone();
            // As with everything that is taken back, a holder who comes back is a new one.
            let is_another = before.is_some_and(|before| {
                (&before.agent, &before.machine) != (&now.agent, &now.machine)
            });
            next.epoch = record.epoch + u64::from(is_another);
            next.tainted = record.tainted.take().or(next.tainted);
            if let Some(claim) = &mut next.claim {
                claim.slot = now.slot;
                claim.session = now.session;
                claim.worktree = now.worktree;
                claim.worktree_id = now.worktree_id;
                claim.taken = now.taken;
                claim.renewed = at;
                claim.intent = intent;
            }
            *record = next;
            self.ask_again(name, &undo.questions);
        }
        let (by, op, verb) = (&self.request.by, &first.op, &first.verb);
        Ok(Some(Told {
            subject: format!(
                "undo {}: {by} takes back {verb} {op}",
                listed(&streams(back))
            ),
            streams: streams(back),
            files: Vec::new(),
        }))
    }
}

fn streams(back: &[Undo]) -> Vec<StreamName> {
    back.iter().map(|undo| undo.stream.clone()).collect()
}
