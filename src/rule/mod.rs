//! Does a change stay inside its stream?
//!
//! For a commit C of a stream, B is the one merge base of the trusted base and C's parents
//! ([`base_for`]). Every raw difference between B's tree and C's tree must be an owned path, a
//! derived file, a file created where the plan allows, or a shared file whose lock the stream
//! holds ([`judge()`]). So a merge of the base passes, and one that drops or edits what the base
//! brought does not, whichever parent it took that from.
//!
//! The same rule judges an index before there is a commit: the caller then brings the differences.
//! This module knows no hooks, no verbs and no ledger.
//!
//! # Limits
//!
//! A symlink's target is resolved by its text, so one with `..` after a name is refused. A link
//! through another link is not followed any further.

mod base;
mod breach;
mod collision;
mod judge;
mod range;
mod scope;
#[cfg(test)]
mod tests;

pub use base::{Error, base_for};
pub use breach::{Breach, Why};
pub use judge::{Content, Listing, TreeContent, judge};
pub use range::{Made, Violation, changes, commit, range};
pub use scope::{PLAN, Scope};
