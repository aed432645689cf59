//! What would the base be with a stream's work on it?
//!
//! Decided in memory, for all strategies as a sync decides it: commit by commit on top of the
//! base, leaving out what the base has already. So what syncs cleanly lands cleanly, and a
//! conflict is the same question. The strategies differ in the commits that say so.

use super::derived;
use super::message;
use super::verify::{Verified, refused};
use super::{Error, Refused};
use crate::git::{Commit, Id};
use crate::guard;
use crate::ledger::Operation;
use crate::name::StreamName;
use crate::plan::Strategy;
use crate::sync::{self, Question, Range, Replay, Verdict};
use crate::workspace::Workspace;

/// A stream's work on top of a commit.
#[derive(Debug, Clone)]
pub(super) struct Combined {
    /// What it was put on.
    pub(super) onto: Id,
    /// The commit that has it.
    pub(super) new: Id,
    /// The tree of that: what is checked.
    pub(super) tree: Id,
    /// How many commits of the stream are in it.
    pub(super) commits: usize,
    /// Its commits, and what each has become.
    pub(super) pairs: Vec<(Id, Id)>,
    /// What the caller should know.
    pub(super) notes: Vec<String>,
}

/// What putting a stream on top of a commit gives.
pub(super) enum Combination {
    /// There is nothing of the stream's own.
    Nothing,
    /// The base has all of it.
    Contained,
    /// This.
    Combined(Combined),
    /// A person must decide.
    Stopped(Box<Question>),
    /// What it gives breaks the rule.
    Refused(Refused),
}

/// A stream that is to be put on top of a commit.
pub(super) struct Part<'a> {
    pub(super) stream: &'a StreamName,
    pub(super) verified: &'a Verified,
    pub(super) onto: Id,
    pub(super) operation: &'a Operation,
}

/// Puts a stream on top of a commit: the base, or the base with other streams on it.
pub(super) fn combine(workspace: &Workspace<'_>, part: &Part<'_>) -> Result<Combination, Error> {
    let repo = workspace.repo;
    let (onto, tip) = (part.onto, part.verified.tip);
    let place = match &part.verified.linked {
        Some(linked) => linked.top.clone(),
        None => repo
            .main_top()
            .unwrap_or_else(|| repo.common_dir())
            .to_owned(),
    };
    let ledger = workspace.ledger();
    // What it was stacked on has landed, in whatever shape.
    let from = sync::ground(workspace, part.stream, tip)?.from;
    let range = Range {
        repo,
        worktree: &place,
        base: onto,
        tip,
        operation: (part.operation.id().as_str(), part.operation.lock()),
        registering: &|| Ok(ledger.lock()?),
        recall: &|stuck| derived::settle(workspace, stuck),
    };
    let verdict = sync::decide_since(&range, from)?;
    let replay = match verdict {
        Verdict::UpToDate { commits: 0 } => return Ok(Combination::Nothing),
        Verdict::UpToDate { .. } => standing(repo.commits_between(&[tip], &[onto])?, tip),
        Verdict::Contained => {
            let start = workspace.state.claim(part.stream).map(|claim| claim.start);
            let is_own = start.is_some_and(|start| start != tip);
            return Ok(if is_own {
                Combination::Contained
            } else {
                Combination::Nothing
            });
        }
        Verdict::Moves(replay) if replay.picked.is_empty() => {
            return Ok(if replay.dropped.is_empty() {
                Combination::Nothing
            } else {
                Combination::Contained
            });
        }
        Verdict::Moves(replay) => replay,
        Verdict::Stuck(stuck) => {
            let question = sync::conflict(workspace, part.stream, &place, tip, &stuck)?;
            return Ok(Combination::Stopped(Box::new(question)));
        }
    };
    let paths = sync::check_scope(workspace, part.stream, (onto, tip), &replay)?;
    if !paths.is_empty() {
        let question = sync::renamed(workspace, part.stream, &place, tip, paths)?;
        return Ok(Combination::Stopped(Box::new(question)));
    }
    let new = commit(workspace, part, &replay)?;
    if let Some(refused) = breaks(workspace, part.stream, onto, new)? {
        return Ok(Combination::Refused(refused));
    }
    Ok(Combination::Combined(Combined {
        onto,
        new,
        tree: repo.tree_of(new)?,
        commits: replay.picked.len(),
        pairs: replay.picked.iter().map(|one| (one.old, one.new)).collect(),
        notes: told(&replay, &workspace.base.branch),
    }))
}

/// A stream that stands on the commit already, as a replay.
fn standing(ids: Vec<Id>, tip: Id) -> Replay {
    let oldest_first = ids.into_iter().rev();
    let picked = oldest_first.map(|id| sync::Picked { old: id, new: id });
    Replay {
        new: tip,
        picked: picked.collect(),
        dropped: Vec::new(),
        merges: 0,
    }
}

fn told(replay: &Replay, branch: &str) -> Vec<String> {
    let mut notes = Vec::new();
    match replay.dropped.len() {
        0 => {}
        1 => notes.push(format!("1 commit is left out: {branch} has it already")),
        more => notes.push(format!(
            "{more} commits are left out: {branch} has them already"
        )),
    }
    notes
}

/// The commit that the strategy makes of it.
fn commit(workspace: &Workspace<'_>, part: &Part<'_>, replay: &Replay) -> Result<Id, Error> {
    let repo = workspace.repo;
    let parents = match workspace.plan.land.makes() {
        Strategy::Rebase => return Ok(replay.new),
        Strategy::Merge => vec![part.onto, part.verified.tip],
        Strategy::Squash => vec![part.onto],
    };
    if !repo.has_identity() {
        return Err(sync::Error::NoIdentity.into());
    }
    let mut originals = Vec::new();
    for picked in &replay.picked {
        originals.push(repo.commit(picked.old)?);
    }
    let committer = repo.committer()?;
    let is_squash = parents.len() == 1;
    let author = originals.last().filter(|_| is_squash);
    let author = author.map_or_else(|| committer.clone(), |last| last.author.clone());
    let message = if is_squash {
        message::squash(workspace, part.stream, &originals, &author)
    } else {
        message::merge(workspace, part.stream, &originals)
    };
    Ok(repo.write_commit_as_configured(&Commit {
        tree: repo.tree_of(replay.new)?,
        parents,
        author,
        committer,
        encoding: None,
        message,
    })?)
}

/// Whether what would be on the base breaks the rule, commit by commit.
pub(super) fn breaks(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    onto: Id,
    new: Id,
) -> Result<Option<Refused>, Error> {
    let (repo, state, plan) = (workspace.repo, &workspace.state, &workspace.plan);
    let scope = guard::scope(state, plan, stream)?;
    let ids = repo.commits_between(&[new], &[onto])?;
    let whose = (Some(stream.clone()), &scope);
    let verdict = guard::commits(repo, (state, plan), whose, onto, &ids)?;
    Ok(refused(stream, &verdict))
}
