//! What is the present state, as a value?

use std::collections::BTreeMap;

use super::record::{Base, Claim, Escalation, On, Stream, StreamState};
use crate::name::StreamName;

/// Everything the ledger's tree says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The base branch; `None` before the repository is set up.
    pub base: Option<Base>,
    /// Every stream that was ever claimed.
    pub streams: BTreeMap<StreamName, Stream>,
    /// The questions that are open, by id.
    pub escalations: BTreeMap<String, Escalation>,
}

impl State {
    /// A stream's record.
    pub fn stream(&self, name: &StreamName) -> Option<&Stream> {
        self.streams.get(name)
    }

    /// A stream's claim, if somebody holds it.
    pub fn claim(&self, name: &StreamName) -> Option<&Claim> {
        self.stream(name)?.claim.as_ref()
    }

    /// Every stream that somebody holds.
    pub fn held(&self) -> impl Iterator<Item = (&StreamName, &Stream, &Claim)> {
        self.streams
            .iter()
            .filter_map(|(name, stream)| Some((name, stream, stream.claim.as_ref()?)))
    }

    /// The open questions that a stream waits for.
    pub fn questions_of<'a>(
        &'a self,
        name: &'a StreamName,
    ) -> impl Iterator<Item = &'a Escalation> {
        self.escalations
            .values()
            .filter(move |escalation| escalation.streams.contains(name))
    }

    /// Whether the round has landed that a claim is stacked on.
    pub fn has_landed(&self, on: &On) -> bool {
        let Some(record) = self.stream(&on.stream) else {
            return false;
        };
        let landing = record.landing.as_ref();
        let is_there = record.state == StreamState::Landed && record.round == on.round;
        is_there || landing.is_some_and(|landing| landing.round >= on.round)
    }

    /// The smallest number that no held stream has.
    pub(super) fn free_slot(&self) -> u32 {
        let taken: std::collections::BTreeSet<u32> =
            self.held().map(|(_, _, claim)| claim.slot).collect();
        (0..u32::MAX)
            .find(|slot| !taken.contains(slot))
            .expect("fewer streams than numbers")
    }
}
