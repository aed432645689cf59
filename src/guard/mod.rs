//! Where is the rule asked: in hooks, of the index, of a range, of paths?
//!
//! [`hook`] is what git calls, [`hooks`] puts it where git looks, and [`outside`] beside the
//! user's own where that is possible. [`staged`], [`range`] and
//! [`paths`] ask the rule and answer a [`Verdict`]: what is refused, whose it is, what to do.
//! Whatever cannot be found out is a refusal: a commit is only ever let through by an answer.
//! [`verify()`] comes after the fact and marks a stream whose history breaks the rule.

pub mod hook;
pub mod hooks;
mod memo;
mod moves;
mod on_base;
pub mod outside;
pub mod own;

mod alike;
mod ask;
mod behind;
mod detect;
mod error;
mod hint;
mod index;
mod intact;
mod outsider;
mod owner;
mod push;
mod taint;
mod unstage;
mod verdict;
mod verify;
mod who;

pub use alike::judge_stdin;
pub use ask::{Whose, commit_at, commits, paths, range, scope};
pub use behind::Behind;
pub use detect::Notice;
pub use error::Error;
pub use hint::pattern as pattern_for;
pub use hook::Outcome;
pub use index::staged;
pub use moves::Stopped;
pub use outsider::{outsider, touched};
pub use owner::Owner;
pub use taint::{Taint, judge as history, surely_obey};
pub use unstage::{Doing, Unstaged, unstage};
pub use verdict::{Refused, Verdict, What};
pub use verify::{Verified, verify};
