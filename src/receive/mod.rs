//! May these refs of a server be moved as a push wants it?
//!
//! The same rule as everywhere, asked where nobody can leave it out: in the `pre-receive` or the
//! `update` hook of the repository that is pushed to. Every branch of a stream is judged as a range
//! from the server's own base branch, as it is before the push; the scope is what the claim in the
//! ledger gives, else what the plan does. The ledger may only grow. Whatever cannot be found out
//! about a stream's branch or the ledger is a refusal.
//!
//! ```text
//! refs/heads/stream/NAME   the rule; rewound only where nothing is lost; deleted only when unheld
//! refs/stream/ledger       one commit after another, readable; never deleted
//! the base branch          passes; a warning where it brings what a stream holds; never deleted
//! everything else          passes
//! ```

mod base;
mod error;
mod hook;
mod judge;
mod ledger;
mod stream;
mod update;
mod why;

pub use base::{KEY, branch};
pub use error::Error;
pub use hook::{Installed, install, run_own, uninstall};
pub use judge::{Judged, Refused, judge};
pub use update::Update;
pub use why::Why;
