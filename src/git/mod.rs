//! What do we ask of git and of the file system, and how?
//!
//! Objects and refs are read, and objects written, in process (gix); everything that moves refs,
//! worktrees or the network goes through the `git` program, so that git's own rules hold.
//! No other module starts a process of git or opens a file inside the git directory by itself.

mod bases;
mod below;
mod between;
mod carry;
mod checkout;
mod command;
mod config;
mod date;
mod error;
mod fetch;
mod file;
mod flaw;
mod glimpse;
mod history;
mod index;
mod lock;
mod loose;
mod merge;
mod merge_file;
mod object;
mod places;
mod present;
mod push;
mod quarantine;
mod quick;
mod recent;
mod refs;
mod remains;
mod repo;
mod scratch;
mod sign;
mod switch;
mod tree;
mod unclean;
mod version;
mod worktree;

pub use checkout::Checkout;
pub use command::{Call, Git, Output};
pub use config::{INCLUDE, LINKED, sets};
pub use error::Error;
pub use file::{create_file, is_full, replace_file};
pub use flaw::Flaw;
pub use gix::ObjectId as Id;
pub use glimpse::{Glimpse, stamp};
pub use history::{Candidate, Mention};
pub use index::Compared;
pub use lock::Lock;
pub use merge::{Conflict, Merged, Merges, Stage, Trial};
pub use object::Commit;
pub use present::Pending;
pub use push::{Pushed, Update, judge_answer};
pub use quarantine::Receiving;
pub use refs::{Expect, Logged, Move};
pub use repo::Repo;
pub use scratch::Scratch;
pub use switch::{IndexHold, Staging, Uncommitted, in_the_way, index_lock};
pub use tree::{Change, Differences, Directory, GITLINK, Leaf, Node, SYMLINK};
pub use unclean::Unclean;
pub use version::{MINIMUM, Version};
pub use worktree::Linked;
