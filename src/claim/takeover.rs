//! With what does a takeover begin: which commits, which worktree?
//!
//! The branch goes on from what the former holder has committed, as far as it is known here. The
//! worktree is always a new one: in the old one somebody may still be at work.

use super::take::{claim_died, fork_point, is_ours};
use super::{Error, workplace};
use crate::git::Id;
use crate::kept;
use crate::ledger::{Actor, Claim, NewClaim, Operation, RefMove, Refusal, StreamState, TakeOver};
use crate::name::StreamName;
use crate::word;
use crate::workspace::{Workspace, now};

/// That a stream is to be taken from its holder.
#[derive(Debug, Clone, Default)]
pub struct Takeover {
    /// Why, where its lease has not ended.
    pub reason: Option<String>,
}

/// A takeover, the refs that move with it, and what the caller should know.
pub(super) struct Taking {
    pub(super) asked: TakeOver,
    pub(super) moves: Vec<RefMove>,
    pub(super) note: String,
}

/// Finds out where it starts, and for how long the holder was silent.
pub(super) fn plan(
    workspace: &Workspace<'_>,
    by: &Actor,
    stream: &StreamName,
    takeover: &Takeover,
    operation: &Operation,
) -> Result<Taking, Error> {
    let (repo, state) = (workspace.repo, &workspace.state);
    let record = state.stream(stream);
    let Some((record, claim)) = record.and_then(|one| Some((one, one.claim.as_ref()?))) else {
        let state = record.map_or(StreamState::Unclaimed, |record| record.state);
        let stream = stream.clone();
        return Err(Refusal::NotHeld { stream, state }.into());
    };
    let silence = workspace.ledger().watched().silence(stream, record);
    let silent = (silence >= claim.lease).then(|| record.mark());
    let branch = repo.read_ref(&stream.branch_ref())?;
    let is_here = claim.machine == workspace.machine.id;
    // What an earlier one has left that died is taken up where it is.
    let goes_on = claim_died(workspace, stream)? && is_ours(workspace, by, stream);
    let tip = match branch.filter(|_| is_here) {
        Some(tip) => tip,
        None => workspace.base.commit,
    };
    let kept = kept::name(stream, now(), operation.id(), 1);
    let mut moves = vec![RefMove {
        name: stream.branch_ref(),
        old: branch,
        new: Some(tip),
    }];
    if goes_on {
        workplace::refuse_occupied(workspace, stream)?;
    } else if is_here {
        moves.push(RefMove {
            name: kept.clone(),
            old: None,
            new: Some(tip),
        });
    } else {
        workplace::refuse_occupied(workspace, stream)?;
        let made = (now(), operation.id());
        moves.extend(kept::keep(repo, stream, made, branch, &[tip])?);
    }
    let on = claim.on.as_ref().filter(|_| is_here);
    let start = match on {
        Some(on) => on.tip,
        None => fork_point(workspace, stream, tip)?,
    };
    let former = Some(claim).filter(|_| !goes_on);
    let worktree = workplace::place(workspace, stream, former)?;
    let note = if goes_on {
        "goes on with a takeover that died before its worktree was made".to_owned()
    } else {
        note(workspace, claim, (start, tip), &kept)?
    };
    Ok(Taking {
        note,
        asked: TakeOver {
            claim: NewClaim {
                stream: stream.clone(),
                files: None,
                tip,
                start,
                adopts: false,
                base: workspace.base.branch.clone(),
                worktree,
                lease: workspace.plan.claim.lease,
                on: on.cloned(),
            },
            epoch: record.epoch,
            silent,
            silence,
            reason: takeover.reason.clone(),
            kept,
        },
        moves,
    })
}

fn note(
    workspace: &Workspace<'_>,
    claim: &Claim,
    (start, tip): (Id, Id),
    kept: &str,
) -> Result<String, Error> {
    let Claim { agent, machine, .. } = claim;
    if *machine != workspace.machine.id {
        return Ok(format!(
            "taken from {agent} on {machine}: none of its work is known here, and it begins at the base"
        ));
    }
    let commits = workspace.repo.commits_between(&[tip], &[start])?.len();
    Ok(format!(
        "taken from {agent}: goes on with its {}; {kept} keeps them",
        word::count(commits, "commit")
    ))
}
