//! What becomes of a stream's claim, worktree and branch when its work has landed?
//!
//! The claim ends. The worktree goes as in a release: only where everything in it is somewhere
//! else, too, and nobody is in it. The branch goes with it; where the base has its commits only
//! as copies, a ref of ours keeps them.

use super::release::{dispose, is_checked_out};
use super::remove::{Left, Removal, take_back_dead};
use super::{Aside, Error, Kept, workplace};
use crate::git::Id;
use crate::kept;
use crate::ledger::{Actor, Claim, Operation, RefMove, What, Work};
use crate::name::StreamName;
use crate::workspace::{Workspace, now};

/// What is left of a stream that has landed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retired {
    /// The worktree, where it stays, and why.
    pub worktree: Option<Kept>,
    /// The worktree, where it was put into the trash.
    pub trash: Option<Aside>,
}

/// What became of a stream after its landing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// The worktree, where it stays, and why.
    pub worktree: Option<Kept>,
    /// How many commits were made meanwhile, and have not landed.
    pub unlanded: usize,
}

/// Ends the claim of a stream that has landed up to `tip`, by the operation that began to land it;
/// or lets its holder go on with what was committed meanwhile.
pub fn settle(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    (tip, base): (Id, Id),
) -> Result<Settled, Error> {
    let repo = workspace.repo;
    let now = repo.read_ref(&stream.branch_ref())?;
    let unlanded = match now {
        Some(now) if now != tip => repo.commits_between(&[now], &[tip, base])?.len(),
        Some(_) | None => 0,
    };
    if unlanded > 0 {
        let what = What::GoesOn {
            stream: stream.clone(),
            commits: unlanded,
        };
        let request = workspace.request(operation.id(), by, what, Vec::new());
        workspace.submit(&request)??;
        return Ok(Settled {
            worktree: None,
            unlanded,
        });
    }
    let Some(claim) = workspace.state.claim(stream).cloned() else {
        return Ok(Settled::default());
    };
    let retired = retire(workspace, operation, by, stream, &claim, base)?;
    Ok(Settled {
        worktree: retired.worktree,
        unlanded,
    })
}

/// Ends the claim of a stream that has landed, by the operation that has landed it.
pub fn retire(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    claim: &Claim,
    base: Id,
) -> Result<Retired, Error> {
    take_back_dead(workspace, stream)?;
    let repo = workspace.repo;
    let tip = repo.read_ref(&stream.branch_ref())?;
    let linked = workplace::of_claim(repo, stream, claim)?;
    // What the branch has now is among it: the base may have its commits only as copies.
    let past = repo.past_of(linked.as_ref(), &stream.branch_ref());
    let past: Vec<Id> = tip.into_iter().chain(past).collect();
    let mut moves = kept::keep(repo, stream, (now(), operation.id()), past, &[base])?;
    let removal = Removal {
        workspace,
        operation,
        stream,
        by: &by.agent,
    };
    let (worktree, trash) = match removal.leave(linked.as_ref(), None, false)? {
        Left::Gone => (None, None),
        Left::Stays(kept) => (Some(kept), None),
        Left::Trash { trashed, files } => (None, Some(Aside { trashed, files })),
    };
    let stays = worktree.is_some() || is_checked_out(repo, stream)?;
    moves.extend(tip.map(|tip| RefMove {
        name: stream.branch_ref(),
        old: Some(tip),
        new: stays.then_some(tip),
    }));
    let work = tip.filter(|_| stays).map(|tip| Work {
        tip,
        start: claim.start,
        agent: claim.agent.clone(),
        worktree: worktree
            .as_ref()
            .map(|kept| kept.path.display().to_string()),
        machine: claim.machine.clone(),
        on: None,
    });
    let what = What::Released {
        stream: stream.clone(),
        work,
        landed: true,
    };
    let request = workspace.request(operation.id(), by, what, moves);
    workspace.submit(&request)??;
    let trash = trash.and_then(|aside| dispose(workspace, aside));
    Ok(Retired { worktree, trash })
}
