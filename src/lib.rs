//! What are the parts of git stream, and which may use which?
//!
//! | module    | the question it answers                                             |
//! |-----------|---------------------------------------------------------------------|
//! | [`exit`]    | how does a command end, and what does a failure say?              |
//! | [`name`]    | which strings may name a stream or an agent?                      |
//! | [`path`]    | how is a path shown: to a program, to a person?                    |
//! | [`word`]    | how do words and numbers get into a sentence or a command line?   |
//! | [`clock`]   | what time is it, and how long has this machine been awake?        |
//! | [`pattern`] | what do patterns match, and can two claims own a common path?     |
//! | [`plan`]    | what does `streams.toml` say, and what is wrong with it?          |
//! | [`git`]     | everything that is asked of git and of the file system            |
//! | [`ledger`]  | what is the state, which events change it, how is it written?     |
//! | [`caller`]  | who is calling: which agent or person, from where?                |
//! | [`workspace`] | what is known before deciding: state, trusted base, plan, caller |
//! | [`rule`]    | does a change stay inside its stream?                             |
//! | [`guard`]   | where is the rule asked: hooks, the index, a range, paths         |
//! | [`receive`] | may the refs of a server be moved as a push wants it?              |
//! | [`setup`]   | set a repository up, and take it down again                       |
//! | [`claim`]   | take, hold and give back a stream                                 |
//! | [`copies`]  | which work of streams has the remote, too?                        |
//! | [`sync`]    | rebase or stop: decide in memory, then move                       |
//! | [`kept`]    | what is kept so that a step can be taken back, where, how long?   |
//! | [`land`]    | bring a finished stream onto the base, verified and checked       |
//! | [`review`]  | what has become of the pull requests that wait?                   |
//! | [`inbox`]   | what waits for a person?                                          |
//! | [`log`]     | what has happened, for people and for programs?                    |
//! | [`status`]  | the one picture of everything                                     |
//! | [`undo`]    | how is an operation taken back?                                   |
//! | [`doctor`]  | does every layer work, what is wrong, what can be mended?         |
//! | [`cli`]     | arguments in, one answer out                                      |
//! | [`verb`]    | one file per command: its arguments, one domain call, its answer  |
//!
//! Arrows point downwards only:
//!
//! ```text
//! verb → cli, and every domain module
//! doctor, land, review, status, log, undo, sync, claim, copies, inbox, setup, receive, guard, kept → workspace, rule
//!     beside one another: claim → copies → kept;  claim → setup → receive → guard;  undo → land → review → sync → inbox, claim, kept;  log → inbox, kept;  status → inbox, guard, sync, copies;  doctor → land, status, setup
//! workspace → caller → ledger → plan → pattern;  workspace → rule
//! rule → pattern, plan, git
//! ledger → git
//! everything → name, path, word, clock, exit
//! ```
//!
//! Every file and ref that is written, and its owner, is listed in `docs/architecture.md`.

pub mod caller;
pub mod claim;
pub mod cli;
pub mod clock;
pub mod copies;
pub mod doctor;
pub mod exit;
pub mod git;
pub mod guard;
pub mod inbox;
pub mod kept;
pub mod land;
pub mod ledger;
pub mod log;
pub mod name;
pub mod path;
pub mod pattern;
pub mod plan;
pub mod receive;
pub mod review;
pub mod rule;
pub mod setup;
pub mod status;
pub mod sync;
pub mod undo;
pub mod verb;
pub mod word;
pub mod workspace;
