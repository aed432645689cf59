//! How does an event read, in `git log refs/stream/ledger`?

use std::fmt::Write as _;

use super::operation::OpId;
use super::record::RefMove;
use crate::git::Id;
use crate::name::{AgentName, StreamName};

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event in words: the commit's subject.
    pub subject: String,
    /// The stream it is about.
    pub stream: Option<StreamName>,
    /// Who did it.
    pub agent: AgentName,
    /// The stream's epoch after it.
    pub epoch: Option<u64>,
    /// The operation it belongs to.
    pub op: OpId,
    /// Every ref that the operation moved: what `undo` reads.
    pub moves: Vec<RefMove>,
}

impl Event {
    /// The commit message: the subject, then the trailers.
    pub fn message(&self, null: Id) -> String {
        let mut text = format!("{}\n\n", self.subject.replace('\n', " "));
        let mut trailer = |key: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "{key}: {value}").expect("strings take whatever is written");
        };
        if let Some(stream) = &self.stream {
            trailer("Stream", stream);
        }
        trailer("Agent", &self.agent);
        if let Some(epoch) = &self.epoch {
            trailer("Epoch", epoch);
        }
        trailer("Op", &self.op);
        // A ref that only had to stay where it was has not moved.
        for RefMove { name, old, new } in self.moves.iter().filter(|one| one.old != one.new) {
            let (old, new) = (old.unwrap_or(null), new.unwrap_or(null));
            trailer("Ref", &format!("{name} {old} {new}"));
        }
        text
    }
}
