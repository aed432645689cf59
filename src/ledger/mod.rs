//! What is the state of all streams, which events change it, and how is it written?
//!
//! The ledger is a chain of commits behind one ref, `refs/stream/ledger`. The tree of its tip is
//! the present state; each commit is an event, in words for people and in trailers for programs.
//! A change is a [`Request`]: a value, so that it can wait in a queue and be decided again when
//! somebody else was faster. [`transition::apply`] is the pure function from a state and a request
//! to the next state and its event, or to a [`Refusal`]; [`Ledger::submit`] writes it by
//! compare-and-swap.
//!
//! The format is described in `docs/ledger.md`.

mod alike;
mod error;
mod event;
mod files;
mod finish;
mod hex;
mod history;
mod known;
mod landing;
mod lease;
#[cfg(test)]
mod machines;
#[cfg(test)]
mod noise;
mod operation;
mod questions;
mod record;
mod refusal;
mod request;
mod state;
mod store;
mod table;
mod takeover;
#[cfg(test)]
mod tests;
mod transition;
mod undone;
mod unland;

pub use alike::{judge_asked, judge_file, judge_state};
pub use error::Error;
pub use event::Event;
pub use history::{Entry, History};
pub use known::Record;
pub use landing::{Check, LandedStream, Landing, Review};
pub use lease::Watch;
pub use operation::{Machine, OpId, Operation, host_name, is_dead, is_running};
pub use record::{
    Base, Claim, Escalation, Former, Intent, Kind, On, Part, RefMove, Stream, StreamState, Work,
};
pub use refusal::{Holder, Refusal, TakenOver};
pub use request::{Actor, How, NewClaim, Request, Reverted, TakeOver, Undo, What};
pub use state::State;
pub use store::{Compacted, Ledger, Share, Submitted};
pub use store::{KEPT, REF, REFS};
pub use table::{TRANSITIONS, Transition, allows};
pub use transition::{Applied, Rules, apply};
