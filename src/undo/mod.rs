//! How is an operation taken back?
//!
//! ```text
//! find: which operation, what it changed, what came later
//!   → held by it, and before it not:  given back, as by a release
//!   → held before it, and now not:    taken again, with its branch and its worktree
//!   → held before and after:          branch and worktree moved back, the record as it was
//!   → a landing:                      the base is without it, by going back or by a revert
//!   → an undo of a landing:           it lands again
//! ```
//!
//! Every ref goes back by compare-and-swap, in the same step as the ledger; where something later
//! depends on the operation, the answer is no, and says what. What an undo leaves behind is kept, as
//! by every command ([`crate::kept`]), so that an undo can be taken back in its turn.
//!
//! [`roll_back`] goes to any earlier point of a stream's own history.

mod answer;
mod error;
mod find;
mod landing;
mod roll;
mod run;

pub use answer::{OfLanding, RolledBack, Undone};
pub use error::Error;
pub use roll::roll_back;
pub use run::{Options, undo};
