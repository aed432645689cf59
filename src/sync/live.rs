//! Is somebody at work in a stream, so that it must not move under them?
//!
//! A stream is somebody's live one where a command of `git stream exec` runs in it, where a process
//! stands in its worktree, or where the terminal session in which an agent has claimed it goes on.
//! Whoever asks is nobody: neither itself, nor what started it, nor its own terminal session, and
//! nobody is a stranger in the stream in which the caller stands.

use std::path::Path;

use serde_json::{Value, json};

use super::Error;
use crate::caller::Company;
use crate::claim;
use crate::ledger::{Actor, Kind};
use crate::name::StreamName;
use crate::workspace::Workspace;

/// What tells that somebody is at work in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// `git stream exec` runs a command in it.
    Exec {
        /// The process of `exec`.
        pid: u32,
    },
    /// A process stands in its worktree.
    Process {
        /// What it is called.
        name: String,
        /// Its number.
        pid: u32,
    },
    /// The terminal session of the agent that has claimed it goes on.
    Session,
}

impl Live {
    /// In words, as the end of a sentence.
    pub fn words(&self) -> String {
        match self {
            Live::Exec { pid } => format!("`git stream exec` (pid {pid}) is running in it"),
            Live::Process { name, pid } => format!("{name} (pid {pid}) is in its worktree"),
            Live::Session => "the session of its agent goes on".to_owned(),
        }
    }

    /// As `--json` has it.
    pub fn json(&self) -> Value {
        match self {
            Live::Exec { pid } => json!({"kind": "exec", "pid": pid}),
            Live::Process { name, pid } => json!({"kind": "process", "pid": pid, "name": name}),
            Live::Session => json!({"kind": "session"}),
        }
    }
}

/// Who is at work in a stream that is held, besides the caller.
pub(super) fn live(
    workspace: &Workspace<'_>,
    by: &Actor,
    company: &Company,
    stream: &StreamName,
) -> Result<Option<Live>, Error> {
    let Some(claim) = workspace.state.claim(stream) else {
        return Ok(None);
    };
    let is_named_by = std::env::var_os("GIT_STREAM").is_some_and(|name| name == stream.as_str());
    if by.inside.as_ref() == Some(stream) || is_named_by {
        return Ok(None);
    }
    let sessions = claim::sessions(workspace.repo, stream)?;
    if let Some(pid) = sessions.into_iter().find(|pid| !company.comes_from(*pid)) {
        return Ok(Some(Live::Exec { pid }));
    }
    if let Some(process) = company.in_directory(Path::new(&claim.worktree)) {
        let (name, pid) = (process.name.clone(), process.pid);
        return Ok(Some(Live::Process { name, pid }));
    }
    let goes_on = claim.kind == Kind::Agent && company.goes_on(&claim.session);
    Ok(goes_on.then_some(Live::Session))
}
