//! In which stream's worktree does the caller stand?
//!
//! The worktree's admin directory decides: a file of ours in it names the stream, and the ledger
//! must agree. A branch name alone proves nothing, since any worktree can check it out.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::Error;
use crate::git::Repo;
use crate::ledger::{Claim, Ledger, Machine, State, TakenOver};
use crate::name::StreamName;
use crate::plan::Plan;

/// The file in a worktree's admin directory that names its stream.
pub const MARKER: &str = "git-stream-name";

/// Where the caller stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In no worktree of a stream.
    Outside,
    /// In the worktree of a stream that somebody holds.
    Stream(StreamName),
    /// In what was a stream's worktree, but nobody holds it, or its claim has another one by now.
    Left(StreamName),
}

impl Place {
    /// Where the caller stands, as the worktree's admin directory and the ledger have it.
    pub fn of(repo: &Repo, state: &State) -> Result<Place, Error> {
        let id = repo.worktree_id();
        let Some(name) = marked(repo.git_dir())? else {
            return Ok(match id.and_then(|id| holding(repo, state, &id)) {
                Some(name) => Place::Stream(name),
                None => Place::Outside,
            });
        };
        let id = id.unwrap_or_default();
        let claim = state.claim(&name).filter(|claim| is_here(repo, claim));
        // The worktree of a claim that has just begun has no name yet, and it is never one that
        // was lost by a takeover.
        let is_its = claim.is_some_and(|claim| {
            if claim.worktree_id.is_empty() {
                lost(repo, state, &name).is_none()
            } else {
                claim.worktree_id == id
            }
        });
        Ok(if is_its {
            Place::Stream(name)
        } else {
            Place::Left(name)
        })
    }

    /// The stream whose held worktree this is.
    pub fn stream(&self) -> Option<&StreamName> {
        match self {
            Place::Stream(name) => Some(name),
            Place::Outside | Place::Left(_) => None,
        }
    }
}

/// The stream whose claim has this worktree: where the mark is gone, as it is when somebody has
/// removed the worktree and added it again, the ledger knows.
pub fn holding(repo: &Repo, state: &State, id: &str) -> Option<StreamName> {
    let mut held = state.held();
    let found = held.find(|(_, _, claim)| claim.worktree_id == id && is_here(repo, claim));
    found.map(|(name, ..)| name.clone())
}

/// The takeover by which the caller's worktree was lost.
pub fn lost(repo: &Repo, state: &State, name: &StreamName) -> Option<TakenOver> {
    let (machine, id) = (Machine::known(repo)?, repo.worktree_id()?);
    let former = state.stream(name)?.lost(&machine.id, &id, repo.top()?)?;
    TakenOver::of(state, name, former)
}

/// Whether the worktree of a claim is one of this machine.
fn is_here(repo: &Repo, claim: &Claim) -> bool {
    Machine::known(repo).is_some_and(|machine| machine.id == claim.machine)
}

/// Whether the caller stands in no worktree of a stream, told without the ledger where there is a
/// mark, or no linked worktree at all.
pub fn is_no_streams(repo: &Repo) -> Result<bool, Error> {
    if marked(repo.git_dir())?.is_some() {
        return Ok(false);
    }
    let Some(id) = repo.worktree_id() else {
        return Ok(true);
    };
    let state = Ledger::of(repo).read()?;
    Ok(holding(repo, &state, &id).is_none())
}

/// The stream that an admin directory is marked with.
pub fn marked(git_dir: &Path) -> Result<Option<StreamName>, Error> {
    let path = git_dir.join(MARKER);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim_end().parse()?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(crate::git::Error::file("read", &path)(error).into()),
    }
}

/// Where a stream's worktree belongs, as the plan's `worktrees.path` says.
///
/// Relative to the top of the main worktree, or to a bare repository's own directory.
pub fn worktree_path(repo: &Repo, plan: &Plan, stream: &StreamName) -> Result<String, Error> {
    place_beside(repo, plan, stream.as_str())
}

/// The place that a worktree of this name has beside those of the streams.
pub fn place_beside(repo: &Repo, plan: &Plan, name: &str) -> Result<String, Error> {
    let stream = name;
    let home = repo.main_top().unwrap_or_else(|| repo.common_dir());
    let name = home
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| "repo".to_owned());
    let name = name
        .strip_suffix(".git")
        .filter(|stem| !stem.is_empty())
        .unwrap_or(&name);
    let path = plan
        .worktrees
        .path
        .replace("{repo}", name)
        .replace("{stream}", stream);
    let path = normalized(&home.join(path));
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::PathNotText { path: path.clone() })
}

/// The path without `.` and `..`, decided by its text: the directory may not exist yet.
fn normalized(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            clean.pop();
        } else if component != Component::CurDir {
            clean.push(component);
        }
    }
    clean
}
