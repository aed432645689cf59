//! Random histories: the engine says and gives what `git rebase` says and gives.
//!
//! `GIT_STREAM_TEST_HISTORIES=N` tries N histories instead of the usual few,
//! `GIT_STREAM_TEST_SEED=S` begins at another one. A seed is a history: what fails can be had again.
//!
//! [`engine`] asks the library, which makes thousands possible; [`command`] runs the real program
//! in a stream's worktree.

mod command;
pub(in crate::cmd) mod dice;
mod engine;
mod history;
mod tree;

use std::env;

/// The seeds to try.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let number = |name: &str, usual: u64| {
        let value = env::var(name).ok();
        value.and_then(|value| value.parse().ok()).unwrap_or(usual)
    };
    let first = number("GIT_STREAM_TEST_SEED", 1);
    first..first + number("GIT_STREAM_TEST_HISTORIES", usual)
}

const BLIND: &str = "git rebase takes a clean worktree for changed";

/// Whether the worktree, just checked out, is not clean for git: line ends that the attributes do
/// not want. Then a rebase does not begin, or does not go on; in memory there are no files.
fn is_blind(said: &str) -> bool {
    said.contains("You have unstaged changes") || said.contains("would be overwritten by")
}
