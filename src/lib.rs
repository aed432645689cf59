//! What are the parts of git stream, and which may use which?
//!
//! | module    | the question it answers                                             |
//! |-----------|---------------------------------------------------------------------|
//! | [`exit`]    | how does a command end, and what does a failure say?              |
//! | [`name`]    | which strings may name a stream or an agent?                      |
//! | [`path`]    | how is a path shown: to a program, to a person?                    |
//! | [`pattern`] | what do patterns match, and can two claims own a common path?     |
//! | [`plan`]    | what does `streams.toml` say, and what is wrong with it?          |
//! | [`git`]     | everything that is asked of git and of the file system            |
//! | [`ledger`]  | what is the state, which events change it, how is it written?     |
//! | [`claim`]   | who is calling; take, hold and give back a stream                 |
//! | [`guard`]   | does a change stay inside its stream?                             |
//! | [`sync`]    | rebase or stop: decide in memory, then move                       |
//! | [`inbox`]   | what waits for a person?                                          |
//! | [`status`]  | the one picture of everything                                     |
//! | [`cli`]     | arguments in, one answer out                                      |
//! | [`verb`]    | one file per command: its arguments, one domain call, its answer  |
//!
//! Arrows point downwards only: `verb → cli` and the domain (`status`, `sync`, `guard`, `claim`,
//! `inbox`), the domain `→ ledger → git`, `ledger → plan → pattern`, and everything may use `name`,
//! `path` and `exit`. Between domain modules: `sync → claim, guard, inbox`; `claim → guard` (it installs
//! the hooks of a new worktree); `status → inbox`. Nothing points at `verb`.
//!
//! Every file and ref that is written, and its owner, is listed in `docs/architecture.md`.

pub mod claim;
pub mod cli;
pub mod exit;
pub mod git;
pub mod guard;
pub mod inbox;
pub mod ledger;
pub mod name;
pub mod path;
pub mod pattern;
pub mod plan;
pub mod status;
pub mod sync;
pub mod verb;
