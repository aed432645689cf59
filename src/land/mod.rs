//! How does a finished stream get onto the base, verified and checked?
//!
//! ```text
//! recover → verify → combine → derived → check → publish → tidy
//!             │         │                  │        └─ lost a race: combine again
//!             │         │                  └─ failed: the log; nothing has moved
//!             │         └─ conflict: the same question as a sync's
//!             └─ whatever breaks the rule is refused, whoever committed it
//! ```
//!
//! What is combined, checked and published is one commit, made in memory: nothing that a worktree
//! holds, and nothing that a check writes, can change it. Landings of one machine go one after the
//! other; against everybody else the base moves by compare-and-swap.
//!
//! Before a base moves that cannot move in one step with the ledger (it is checked out, or on a
//! remote), what the ledger is to be told is written down; whoever comes next tells it, or forgets
//! it where the base did not move (`recover`).
//!
//! # Limits
//!
//! A check is a command of the plan, with all that its user may do. It is ended with its process
//! group; a process that has left the group outlives it. What it writes outside its worktree is
//! not noticed, except that nothing of it can land.

mod batch;
mod check;
mod combine;
mod derived;
mod error;
mod message;
mod opening;
mod outcome;
mod pending;
mod publish;
mod recover;
mod report;
mod revert;
mod run;
mod submit;
mod tidy;
mod unland;
mod verify;
mod watch;

pub use batch::{Ended, Queue, land_all};
pub use check::Beat;
pub use error::Error;
pub use outcome::{Checked, Ending, Landed, Left, Outcome, Refused, Submission};
pub use recover::{settle, settle_moved};
pub use report::{Report, Reported, report};
pub use run::{Options, land, land_again};
pub use unland::{Later, Past, Unlanded, Unlanding, Way};
pub use watch::watch;
