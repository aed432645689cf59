//! Which work of streams has the remote, too: of this machine, and of the others?
//!
//! Where the ledger is shared, the branches of streams are pushed at sync points: when a command
//! has told the ledger something of one's streams, and while `exec` keeps a claim alive. So a
//! machine that is lost is not the only one that had the work. What a machine has not pushed is not
//! known anywhere else, and nobody pretends that it is.
//!
//! A copy is never in the way: it is pushed after the ledger has been, by a push of its own, and
//! what the remote does not take is told and left at that.
//!
//! ```text
//! which tips have moved? ─ none ─→ nothing is asked of anybody
//!        └─ some ─→ meet the remote's ledger ─→ which of them are still ours? ─→ push those
//! ```
//!
//! What a stream has left behind in an earlier epoch never replaces what its holder has: only who
//! holds the stream by what the remote's ledger has said just now pushes, and only over what this
//! machine has pushed itself, or what its own branch contains. What somebody of an earlier epoch has
//! pushed in between is kept here, and then replaced.

mod due;
mod fetch;
mod memory;
mod push;

pub use fetch::{below, fetch, known};
pub use memory::pushed;
pub use push::hand_on;
