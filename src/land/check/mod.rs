//! How is the plan's check run on a combined tree?
//!
//! In a worktree of its own that stays: what git ignores there (what was built and downloaded) is
//! kept warm, everything else is as the commit has it.

mod command;
mod leftover;
mod place;

use std::path::PathBuf;
use std::time::Duration;

pub(super) use command::{Job, Signals, run, tail};
pub(super) use leftover::{end as end_leftover, runs as leftover_runs};
pub(super) use place::{Place, prepare};

/// A sign of life of a command of the plan.
#[derive(Debug, Clone)]
pub enum Beat {
    /// It begins; what it prints goes there.
    Begins {
        /// What it is for: `check`, `setup`, `derived`.
        what: &'static str,
        /// The command.
        command: String,
        /// Its output.
        log: PathBuf,
    },
    /// It is still running.
    Runs {
        /// What it is for.
        what: &'static str,
        /// For how long.
        since: Duration,
    },
    /// Something else is waited for.
    Waits {
        /// What, in words.
        what: String,
    },
}
