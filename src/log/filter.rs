//! Which entries are asked for?

use jiff::{SignedDuration, Timestamp};

use crate::ledger::Entry;
use crate::name::{AgentName, StreamName};

/// How far the clocks of two machines may be apart before an entry is missed: entries are in the
/// order in which they were written, and their times nearly so.
const SLACK: SignedDuration = SignedDuration::from_hours(24);

/// What an entry must be to be shown; the empty one lets all decisions through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// About one of these streams.
    pub streams: Vec<StreamName>,
    /// By this agent.
    pub agent: Option<AgentName>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Not after this.
    pub until: Option<Timestamp>,
    /// Of the operation whose id begins so.
    pub op: Option<String>,
    /// At most so many.
    pub most: Option<usize>,
    /// Also the steps on the way, which decide nothing.
    pub steps: bool,
}

impl Filter {
    pub(super) fn lets_through(&self, entry: &Entry) -> bool {
        let event = &entry.event;
        let is_of_stream = || {
            let mut streams = event.streams.iter();
            streams.any(|stream| self.streams.contains(stream))
        };
        (self.streams.is_empty() || is_of_stream())
            && self.agent.as_ref().is_none_or(|one| *one == event.agent)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at <= until)
            && (self.op.as_ref()).is_none_or(|op| event.op.as_str().starts_with(op))
            && (self.steps || self.op.is_some() || !event.is_step())
    }

    /// Whether no older entry can be let through.
    pub(super) fn is_past(&self, entry: &Entry) -> bool {
        self.since.is_some_and(|since| entry.at + SLACK < since)
    }
}
