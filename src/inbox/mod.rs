//! What waits for a person?
//!
//! Every escalation that is open in the ledger is a question here, the caller's own first: those
//! of streams that the caller holds. [`describe`] is the one form in which a question is shown,
//! by `inbox`, by `status` and to programs. Asking and answering changes the ledger and is
//! elsewhere.

mod error;
mod question;
mod since;
mod table;

pub use error::Error;
pub use question::{Question, describe};
pub use since::ago;
pub use table::table;

use jiff::Timestamp;
use serde::Serialize;

use crate::ledger::{Actor, State};

/// The open questions, as one caller sees them.
#[derive(Debug, Clone, Serialize)]
pub struct Inbox {
    version: u32,
    /// The caller's own first, then the oldest first.
    pub escalations: Vec<Question>,
}

impl Inbox {
    /// Every open question.
    pub fn of(state: &State, caller: &Actor) -> Inbox {
        let mut escalations: Vec<Question> = state.escalations.values().map(describe).collect();
        for question in &mut escalations {
            question.yours = question.streams.iter().any(|stream| {
                let claim = state.claim(stream);
                claim.is_some_and(|claim| caller.is_holder_of(stream, claim))
            });
        }
        escalations.sort_by(|a, b| {
            let key = |one: &Question| (!one.yours, one.raised);
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
        Inbox {
            version: 1,
            escalations,
        }
    }

    /// The same with one question only; the beginning of its id is enough where it is the only
    /// one that begins so.
    pub fn only(mut self, id: &str) -> Result<Inbox, Error> {
        let exact = self.escalations.iter().any(|question| question.id == id);
        self.escalations.retain(|question| {
            question.id == id || (!exact && !id.is_empty() && question.id.starts_with(id))
        });
        match self.escalations.as_slice() {
            [_] => Ok(self),
            [] => Err(Error::Unknown { id: id.to_owned() }),
            several => Err(Error::Ambiguous {
                id: id.to_owned(),
                ids: several.iter().map(|one| one.id.clone()).collect(),
            }),
        }
    }

    /// One line for each question; empty where nothing waits.
    pub fn list(&self, now: Timestamp) -> String {
        let rows: Vec<[String; 4]> = self
            .escalations
            .iter()
            .map(|question| {
                [
                    question.id.clone(),
                    ago(question.raised, now),
                    question.names(),
                    question.question.clone(),
                ]
            })
            .collect();
        table(["id", "since", "streams", "question"], &rows)
    }
}

#[cfg(test)]
mod tests;
