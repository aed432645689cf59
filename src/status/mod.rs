//! What is the one picture of everything?
//!
//! [`Picture`] holds every stream of the plan and of the ledger, what could be claimed, and what
//! needs somebody; it is built from a [`crate::workspace::Workspace`] and changes nothing, not
//! even an index's timestamps. Text, Markdown and JSON are views of it. [`Draft`] is the same
//! question about a plan that is not committed yet. [`Forecast`] looks ahead: which streams would
//! conflict if they landed now?
//!
//! ```text
//! state, plan ─→ row ─→ ready? ─┐
//! branches (1 git process) ─────┼─→ picture ─→ table, markdown, detail, JSON
//! worktrees (1 git each) ───────┘
//! ```

mod branches;
mod detail;
mod draft;
mod error;
mod forecast;
mod need;
mod picture;
mod row;
mod text;
mod trespass;
mod view;
mod wait;
mod worktrees;

#[cfg(test)]
mod tests;

pub use detail::{Commit, Detail, File};
pub use draft::{Draft, Mistake};
pub use error::Error;
pub use forecast::{Forecast, Foreseen, Meeting, Pair, Place};
pub use need::{Need, of_base as need_of_base, of_hooks as need_of_hooks};
pub use picture::{Milestone, NotThere, Overall, Picture};
pub use row::{Operation, Row};
pub use text::Show;
pub use wait::Wait;
