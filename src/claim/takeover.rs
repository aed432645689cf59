//! With what does a takeover begin: which commits, which worktree?
//!
//! The branch goes on from what the former holder has committed, as far as it is known here: all of
//! it on the same machine, and elsewhere what it has pushed. The
//! worktree is always a new one: in the old one somebody may still be at work.

use super::take::{claim_died, fork_point, is_ours};
use super::{Error, workplace};
use crate::copies;
use crate::git::Id;
use crate::kept;
use crate::ledger::{
    Actor, Claim, NewClaim, Operation, RefMove, Refusal, Share, StreamState, TakeOver,
};
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
    let pushed = pushed(workspace, stream)?.filter(|_| !is_here);
    let tip = match branch.filter(|_| is_here).or(pushed) {
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
    } else if is_here || pushed.is_some() {
        if !is_here {
            workplace::refuse_occupied(workspace, stream)?;
        }
        moves.push(RefMove {
            name: kept.clone(),
            old: None,
            new: Some(tip),
        });
        if let Some(branch) = branch.filter(|_| !is_here)
            && !repo.is_ancestor(branch, tip)?
        {
            // Left here by an earlier claim of this machine.
            moves.push(RefMove {
                name: kept::name(stream, now(), operation.id(), 2),
                old: None,
                new: Some(branch),
            });
        }
    } else {
        workplace::refuse_occupied(workspace, stream)?;
        let made = (now(), operation.id());
        moves.extend(kept::keep(repo, stream, made, branch, &[tip])?);
    }
    let on = claim.on.as_ref();
    let on = on.filter(|on| is_here || is_below(workspace, on.tip, tip));
    let start = match on {
        Some(on) => on.tip,
        None => fork_point(workspace, stream, tip)?,
    };
    let former = Some(claim).filter(|_| !goes_on);
    let worktree = workplace::place(workspace, stream, former)?;
    let note = if goes_on {
        "goes on with a takeover that died before its worktree was made".to_owned()
    } else {
        note(
            workspace,
            claim,
            (start, tip),
            (is_here || pushed.is_some()).then_some(&kept),
        )?
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

/// What the former holder has pushed of it and can be gone on with.
fn pushed(workspace: &Workspace<'_>, stream: &StreamName) -> Result<Option<Id>, Error> {
    let Some(share) = Share::of(&workspace.state) else {
        return Ok(None);
    };
    let (repo, base) = (workspace.repo, workspace.base.commit);
    let Some(tip) = copies::known(repo, &share.remote, stream)? else {
        return Ok(None);
    };
    // What the base has is no work, and what has no one place on it could never land.
    let is_work = !repo.is_ancestor(tip, base)? && fork_point(workspace, stream, tip).is_ok();
    Ok(Some(tip).filter(|_| is_work))
}

fn is_below(workspace: &Workspace<'_>, ground: Id, tip: Id) -> bool {
    let repo = workspace.repo;
    repo.has(ground) && repo.is_ancestor(ground, tip).unwrap_or(false)
}

fn note(
    workspace: &Workspace<'_>,
    claim: &Claim,
    (start, tip): (Id, Id),
    kept: Option<&String>,
) -> Result<String, Error> {
    let Claim { agent, machine, .. } = claim;
    let is_here = *machine == workspace.machine.id;
    let Some(kept) = kept else {
        return Ok(format!(
            "taken from {agent} on {machine}, which has pushed nothing of its work: it begins at the base"
        ));
    };
    let commits = workspace.repo.commits_between(&[tip], &[start])?.len();
    let commits = word::count(commits, "commit");
    if is_here {
        return Ok(format!(
            "taken from {agent}: goes on with its {commits}; {kept} keeps them"
        ));
    }
    Ok(format!(
        "taken from {agent} on {machine}: begins with what it has pushed, {commits} up to {}, which \
         {kept} keeps; what it has not pushed is not known here",
        tip.to_hex_with_len(12)
    ))
}
