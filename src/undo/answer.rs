//! What has an undo done?

use std::path::PathBuf;

use serde_json::Value;

use crate::claim::{Aside, Kept};
use crate::git::Id;
use crate::ledger::{OpId, RefMove, StreamState};
use crate::name::{AgentName, StreamName};

/// An operation that was taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Undone {
    /// The operation.
    pub op: OpId,
    /// Its verb.
    pub verb: String,
    /// What it was, in words.
    pub event: String,
    /// Who did it.
    pub agent: AgentName,
    /// Who takes it back.
    pub by: AgentName,
    /// The stream.
    pub stream: StreamName,
    /// Where the stream stands now.
    pub state: StreamState,
    /// The refs that went back.
    pub moves: Vec<RefMove>,
    /// The stream's worktree, where it has one now.
    pub worktree: Option<PathBuf>,
    /// The worktree, where it stays though nobody holds the stream any more, and why.
    pub kept: Option<Kept>,
    /// The worktree, where it was put into the trash.
    pub trash: Option<Aside>,
    /// What more there is to say of a landing.
    pub landing: Option<OfLanding>,
    /// What the caller should know.
    pub notes: Vec<String>,
    /// Nothing was done: a dry run.
    pub dry_run: bool,
}

/// What an undo has done to a landing, or to an undo of one.
#[derive(Debug, Clone, PartialEq)]
pub struct OfLanding {
    /// What happened to the base: `back`, `reverted`, `streams` where it had all of it before;
    /// `landed` where it has got it again.
    pub way: &'static str,
    /// The base branch.
    pub base: String,
    /// Its streams, where they stand, and their worktrees.
    pub streams: Vec<(StreamName, StreamState, Option<PathBuf>)>,
    /// The check of what the base has got, as JSON.
    pub check: Value,
}

/// A stream that was rolled back.
#[derive(Debug, Clone, PartialEq)]
pub struct RolledBack {
    /// The stream.
    pub stream: StreamName,
    /// Who rolled it back.
    pub by: AgentName,
    /// Where its branch was.
    pub old: Id,
    /// Where it is.
    pub new: Id,
    /// How many commits it had beyond that.
    pub left_behind: usize,
    /// The refs that keep them.
    pub kept: Vec<String>,
    /// What the caller should know.
    pub notes: Vec<String>,
    /// Nothing was done: a dry run.
    pub dry_run: bool,
}
