//! What is the present state, as a value?

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::known::Record;
use super::record::{Base, Claim, Escalation, On, Stream, StreamState};
use crate::name::StreamName;

/// Everything the ledger's tree says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The base branch; `None` before the repository is set up.
    pub base: Option<Base>,
    /// Every stream that was ever claimed.
    pub streams: Streams,
    /// The questions that are open, by id.
    pub escalations: BTreeMap<String, Escalation>,
}

/// The streams by name, shared by all states that have the same.
#[derive(Debug, Clone, Default)]
pub struct Streams(Rc<BTreeMap<StreamName, Record>>);

impl Deref for Streams {
    type Target = BTreeMap<StreamName, Record>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Streams {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Rc::make_mut(&mut self.0)
    }
}

impl PartialEq for Streams {
    fn eq(&self, other: &Streams) -> bool {
        Rc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl<'a> IntoIterator for &'a Streams {
    type Item = (&'a StreamName, &'a Record);
    type IntoIter = std::collections::btree_map::Iter<'a, StreamName, Record>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl State {
    /// A stream's record.
    pub fn stream(&self, name: &StreamName) -> Option<&Stream> {
        self.streams.get(name).map(|record| &**record)
    }

    /// A stream's claim, if somebody holds it.
    pub fn claim(&self, name: &StreamName) -> Option<&Claim> {
        let record = self.streams.get(name)?;
        record.is_held().then(|| record.claim.as_ref()).flatten()
    }

    /// Every stream that somebody holds.
    pub fn held(&self) -> impl Iterator<Item = (&StreamName, &Record, &Claim)> {
        let held = self.streams.iter().filter(|(_, record)| record.is_held());
        held.filter_map(|(name, record)| Some((name, record, record.claim.as_ref()?)))
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
