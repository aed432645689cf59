//! What has happened? The entries of the ledger, newest first.
//!
//! They go on behind the place where the chain was shortened, as far as that is here. An entry is
//! read when it is asked for: whoever wants the newest few never pays for the others.
//! What a newer git stream, or somebody by hand, has written in another form is still an entry.

use bstr::ByteSlice as _;
use jiff::Timestamp;
use jiff::tz::Offset;

use super::error::Error;
use super::event::Event;
use super::files;
use super::record::Stream;
use super::store::{Ledger, before};
use crate::git::{Commit, Id, Repo};
use crate::name::StreamName;

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its commit; the tree is the state after it.
    pub commit: Id,
    /// The entry before it; that tree is the state before it.
    pub parent: Option<Id>,
    /// When it was written.
    pub at: Timestamp,
    /// How far the clock of whoever wrote it is from UTC.
    pub offset: Offset,
    /// What happened.
    pub event: Event,
}

/// The entries of a ledger, newest first.
pub struct History<'r> {
    repo: &'r Repo,
    next: Option<Id>,
}

impl<'r> Ledger<'r> {
    /// What has happened, newest first.
    pub fn history(&self) -> Result<History<'r>, Error> {
        Ok(History {
            repo: self.repo(),
            next: self.tip()?,
        })
    }

    /// What has happened up to an entry, newest first.
    pub fn history_from(&self, newest: Option<Id>) -> History<'r> {
        History {
            repo: self.repo(),
            next: newest,
        }
    }
}

impl Ledger<'_> {
    /// One stream's record as one commit of the ledger has it, without reading the others.
    pub fn stream_at(&self, commit: Id, name: &StreamName) -> Result<Option<Stream>, Error> {
        files::read_stream(self.repo(), commit, name)
    }
}

impl Iterator for History<'_> {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        let entry = match self.entry(id) {
            Ok(entry) => entry,
            Err(error) => return Some(Err(error)),
        };
        self.next = entry.parent;
        Some(Ok(entry))
    }
}

impl History<'_> {
    fn entry(&self, id: Id) -> Result<Entry, Error> {
        let commit = self.repo.commit(id)?;
        let parent = before(self.repo, &commit)?;
        Ok(entry(id, parent, &commit))
    }
}

fn entry(id: Id, parent: Option<Id>, commit: &Commit) -> Entry {
    let (at, offset) = time(&commit.committer);
    Entry {
        commit: id,
        parent,
        at,
        offset,
        event: Event::parse(&commit.message.to_str_lossy()),
    }
}

/// The end of `Name <mail> seconds +zone`; what is no time is the beginning of all time.
pub(super) fn time(identity: &[u8]) -> (Timestamp, Offset) {
    let text = identity.to_str_lossy();
    let mut words = text.rsplit(' ');
    let (zone, seconds) = (words.next(), words.next());
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds.parse().ok()?).ok());
    let offset = zone.and_then(|zone| {
        let number: i32 = zone.parse().ok()?;
        Offset::from_seconds(number / 100 * 3600 + number % 100 * 60).ok()
    });
    (
        at.unwrap_or(Timestamp::UNIX_EPOCH),
        offset.unwrap_or(Offset::UTC),
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::Offset;

    use super::time;

    #[test]
    fn the_time_is_read_with_its_zone() {
        let (at, offset) = time(b"A B <a@b> 1767323045 -0330");
        assert_eq!(at.to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(offset.seconds(), -(3 * 3600 + 30 * 60));
        for odd in ["", "x", "A <a> 99999999999999999999 +9999", "A <a> z z"] {
            assert_eq!(
                time(odd.as_bytes()),
                (Timestamp::UNIX_EPOCH, Offset::UTC),
                "{odd}"
            );
        }
    }
}
