//! Which claim is there only so that the guard can be tried?
//!
//! `git stream doctor` makes a worktree below the private directory `scratch`, marks it as that of
//! a stream, and writes the patterns of a claim beside the mark. What runs in that worktree sees
//! this claim together with those of the ledger, which knows nothing of it: no other worktree, no
//! other machine and no ref ever does.
//!
//! # Limits
//!
//! It never stands in for a stream that the ledger knows, and never counts in a worktree that is
//! anywhere else: nothing that can land is judged by it.

use std::fs;

use jiff::SignedDuration;

use super::{Error, MARKER, marked};
use crate::clock::now;
use crate::git::{Repo, replace_file};
use crate::ledger::{Claim, Kind, Machine, State, Stream, StreamState};
use crate::name::{AgentName, StreamName};
use crate::pattern::PatternSet;

/// The file in the admin directory of such a worktree: the patterns, one on a line.
const PROBE: &str = "git-stream-probe";
/// Where such worktrees are, inside our private directory.
const PLACE: &str = "scratch";

/// Whether the caller stands in a worktree in which the guard is being tried.
pub fn is_probe(repo: &Repo) -> bool {
    let top = repo.top();
    top.is_some_and(|top| top.starts_with(repo.private(PLACE)))
        && repo.git_dir().join(PROBE).exists()
}

/// Writes mark and patterns into the admin directory of a worktree.
pub fn write_probe(
    admin: &std::path::Path,
    stream: &StreamName,
    patterns: &[String],
) -> Result<(), Error> {
    replace_file(&admin.join(PROBE), patterns.join("\n").as_bytes(), 0o644)?;
    Ok(replace_file(
        &admin.join(MARKER),
        format!("{stream}\n").as_bytes(),
        0o644,
    )?)
}

/// The state as the caller's worktree sees it.
pub(super) fn seen_from(repo: &Repo, mut state: State) -> Result<State, Error> {
    if !is_probe(repo) {
        return Ok(state);
    }
    let Some(name) = marked(repo.git_dir())? else {
        return Ok(state);
    };
    if !state.streams.contains_key(&name)
        && let Some(claim) = claim(repo, &state)
    {
        state.streams.insert(name, claim.into());
    }
    Ok(state)
}

fn claim(repo: &Repo, state: &State) -> Option<Stream> {
    let text = fs::read_to_string(repo.git_dir().join(PROBE)).ok()?;
    let files = PatternSet::parse(text.lines()).ok()?;
    let base = state.base.as_ref()?;
    let agent: AgentName = "doctor".parse().ok()?;
    let claim = Claim {
        agent,
        kind: Kind::Agent,
        session: String::new(),
        machine: Machine::known(repo)?.id,
        worktree: repo.top()?.to_str()?.to_owned(),
        worktree_id: repo.worktree_id()?,
        slot: 0,
        taken: now(),
        renewed: now(),
        lease: SignedDuration::from_hours(1),
        base: base.branch.clone(),
        start: base.commit,
        files: vec![files],
        away: Vec::new(),
        on: None,
        intent: None,
        extra: toml::Table::new(),
    };
    Some(Stream {
        state: StreamState::InProgress,
        epoch: 1,
        round: 1,
        tainted: None,
        claim: Some(claim),
        work: None,
        landing: None,
        review: None,
        former: Vec::new(),
        extra: toml::Table::new(),
    })
}
