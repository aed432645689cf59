//! Rebase or stop: how does a stream come onto the newest base?
//!
//! ```text
//! recover → early → fetch → decide ─┬─ up to date
//!                                   ├─ question: a person must decide; nothing was touched
//!                                   └─ obstacle → advance: branch, index and files, or neither
//! ```
//!
//! Everything is decided in memory, with git's own merge machinery, before the first file is
//! touched. A conflict is found there, so it leaves worktree, index, branch and stash as they
//! were.
//!
//! What has stopped is finished by a person in a worktree of its own ([`resolve`]).
//!
//! # Limits
//!
//! The user's pre-rebase, prepare-commit-msg and post-commit hooks do not run: nothing is
//! committed in a worktree, nor does post-index-change. post-rewrite does.

mod advance;
mod all;
mod aside;
mod decide;
mod early;
mod error;
mod ground;
mod landed;
mod line;
mod live;
mod memory;
mod obstacle;
mod outcome;
mod question;
mod recover;
pub mod resolve;
mod run;
mod scope;
mod summary;

pub use advance::{Step, advance, foresee, keeping};
pub use all::{Behind, Many, sync_all};
pub use aside::Aside;
pub use decide::{
    Dropped, Picked, Range, Replay, Stuck, Verdict, Why, decide, decide_since, pick_onto,
};
pub use early::{obstacle as obstacle_in, worktree as worktree_of};
pub use error::Error;
pub use ground::{Ground, ground};
pub use landed::{Landed, landed};
pub use live::Live;
pub use memory::Recalled;
pub use obstacle::{Obstacle, find as obstacle_between};
pub use outcome::{DRY_RUN, Outcome, Synced};
pub use question::{Question, Whose, base_moved, conflict, renamed};
pub use recover::{UNDO, VERB, finish as recover};
pub use run::{Options, fetch, sync};
pub use scope::check_scope;
pub use summary::summary;
