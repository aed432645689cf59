//! What becomes of a stream's claim, worktree and branch when the base has its work?

use super::Error;
use super::outcome::Left;
use super::run::Run;
use crate::claim;
use crate::git::Id;
use crate::ledger::What;
use crate::name::StreamName;

/// Ends the claim, or lets the holder go on with what it has committed meanwhile.
pub(super) fn tidy(
    run: &mut Run<'_>,
    stream: &StreamName,
    tip: Id,
    base: Id,
) -> Result<Left, Error> {
    let repo = run.workspace.repo;
    let now = repo.read_ref(&stream.branch_ref())?;
    let more = match now {
        Some(now) if now != tip => repo.commits_between(&[now], &[tip, base])?.len(),
        Some(_) | None => 0,
    };
    if more > 0 {
        let what = What::GoesOn {
            stream: stream.clone(),
            commits: more,
        };
        let request = run.request(what);
        run.submit(&request)?;
        return Ok(Left {
            worktree: None,
            unlanded: more,
        });
    }
    let Some(claim) = run.workspace.state.claim(stream).cloned() else {
        return Ok(Left::default());
    };
    let by = run.by.clone();
    let retired = claim::retire(
        &mut run.workspace,
        &run.operation,
        &by,
        stream,
        &claim,
        base,
    )?;
    Ok(Left {
        worktree: retired.worktree,
        unlanded: 0,
    })
}
