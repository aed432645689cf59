//! What is kept so that a step can be taken back, where, and for how long?
//!
//! Two things. A **safety ref** leads to a commit that a command leaves behind: the tip before a
//! sync, a branch that goes, what was reset or amended away. It is made in the same step as the
//! move that makes it necessary. The **trash** holds worktrees that a command has taken away with
//! files in them that are nowhere else. Both stay for the time that the plan's `land.keep` says,
//! and longer where the ledger still names them.

mod expiry;
mod safety;
mod trash;

pub use expiry::{Swept, sweep};
pub use safety::{SafetyRef, keep, name, safety_refs};
pub use trash::{Aside, Record, Trashed, take_back, trash_of, trashed};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// How a time stands in a name: sorted as text, the oldest comes first.
const STAMP: &str = "%Y%m%dT%H%M%SZ";

fn stamp(at: Timestamp) -> String {
    at.strftime(STAMP).to_string()
}

fn read_stamp(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime(STAMP, text).ok()?;
    Offset::UTC.to_timestamp(time).ok()
}
