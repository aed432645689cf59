//! What becomes of a stream's claim, worktree and branch when its landing has counted?

use super::Error;
use super::outcome::Left;
use super::run::Run;
use crate::claim;
use crate::git::Id;
use crate::name::StreamName;

/// Ends the claim, or lets the holder go on with what it has committed meanwhile.
pub(super) fn tidy(
    run: &mut Run<'_>,
    stream: &StreamName,
    tip: Id,
    base: Id,
) -> Result<Left, Error> {
    let by = run.by.clone();
    let (workspace, operation) = (&mut run.workspace, &run.operation);
    let settled = claim::settle(workspace, operation, &by, stream, (tip, base))?;
    Ok(Left {
        worktree: settled.worktree,
        unlanded: settled.unlanded,
    })
}
