//! How does a person finish a sync that has stopped?
//!
//! ```text
//! open:  a worktree of its own, detached, in which the rebase is stopped at the conflict
//!        (ordinary git commands: edit, `git add`, `git rebase --continue`)
//! done:  judge the result by the guard's rule, put what the stream has committed since on top of
//!        it, and move branch, index and files to it; where uncommitted changes are in the way,
//!        the stream's next sync does it
//! abort: forget it; the result so far is kept under a ref
//! ```
//!
//! Nothing of the stream moves before the end, so its agent may go on committing.

mod abort;
mod done;
mod error;
mod open;
mod record;
mod scratch;

pub use abort::{Aborted, abort};
pub use done::done;
pub(super) use done::{pending, settle};
pub use error::Error;
pub use open::{Opened, open};
