//! What has happened, for people and for programs?
//!
//! The ledger is the log: one entry for each decision. Here its entries are chosen ([`Filter`]) and
//! shown ([`Line`]), newest first, each as soon as it is read: whoever asks for the newest few does
//! not wait for the others.

mod error;
mod filter;
mod kept;
mod line;

use std::collections::BTreeSet;

pub use error::Error;
pub use filter::Filter;
pub use kept::{KeptThing, Place, kept, kept_text};
pub use line::{Line, text};

use crate::git::Repo;
use crate::ledger::{Entry, History, Ledger, OpId};
use crate::name::StreamName;
use crate::workspace;

/// The entries that a filter lets through, newest first.
pub struct Log<'a> {
    history: History<'a>,
    filter: &'a Filter,
    left: usize,
    /// The operations that a newer entry has taken back.
    undone: BTreeSet<OpId>,
}

/// What has happened, as far as the filter lets it through.
pub fn log<'a>(repo: &'a Repo, filter: &'a Filter) -> Result<Log<'a>, Error> {
    let ledger = Ledger::of(repo);
    if ledger.tip()?.is_none() {
        return Err(workspace::Error::NotSetUp.into());
    }
    if !filter.streams.is_empty() {
        let state = ledger.read()?;
        let unknown = |name: &&StreamName| state.stream(name).is_none();
        if let Some(stream) = filter.streams.iter().find(unknown) {
            let stream = stream.clone();
            return Err(Error::NoStream { stream });
        }
    }
    Ok(Log {
        history: ledger.history()?,
        filter,
        left: filter.most.unwrap_or(usize::MAX),
        undone: BTreeSet::new(),
    })
}

impl Log<'_> {
    /// Whether the operation of an entry was taken back, by what is newer than it.
    fn is_undone(&mut self, entry: &Entry) -> bool {
        let is_undone = self.undone.contains(&entry.event.op);
        // What an operation has taken back counts again where it was taken back itself.
        if let (false, Some(other)) = (is_undone, &entry.event.undoes) {
            self.undone.insert(other.clone());
        }
        is_undone
    }
}

impl Iterator for Log<'_> {
    type Item = Result<Line, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            let entry = match self.history.next()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error.into())),
            };
            if self.filter.is_past(&entry) {
                return None;
            }
            let is_undone = self.is_undone(&entry);
            if self.filter.lets_through(&entry) {
                self.left -= 1;
                return Some(Ok(Line { entry, is_undone }));
            }
        }
        None
    }
}
