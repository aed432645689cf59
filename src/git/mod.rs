//! What do we ask of git and of the file system, and how?
//!
//! Objects and refs are read, and objects written, in process (gix); everything that moves refs,
//! worktrees or the network goes through the `git` program, so that git's own rules hold.
//! No other module starts a process of git or opens a file inside the git directory by itself.

mod command;
mod error;
mod file;
mod index;
mod lock;
mod object;
mod refs;
mod repo;
mod tree;
mod unclean;
mod version;
mod worktree;

pub use command::{Call, Git, Output};
pub use error::Error;
pub use file::replace_file;
pub use gix::ObjectId as Id;
pub use lock::Lock;
pub use object::Commit;
pub use refs::{Expect, Move};
pub use repo::Repo;
pub use tree::{Change, GITLINK, Leaf, SYMLINK};
pub use version::{MINIMUM, Version};
pub use worktree::Linked;
