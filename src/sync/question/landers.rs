//! Which stream has landed a commit of the base?
//!
//! A landing says so in the commit's `Stream:` trailer. What came there by hand, or by a forge, is
//! told from where the streams' branches are and were: the ledger has every move of them.
//!
//! # Limits
//!
//! A commit that a forge has squashed or rebased has another id than the stream's, so only its
//! trailer can tell. The ledger is followed so far back, and no further.

use crate::git::{Id, Mention};
use crate::ledger::Work;
use crate::name::StreamName;
use crate::sync::Error;
use crate::workspace::Workspace;

/// How many moves of branches are looked at.
const MOST_MOVES: usize = 200;

/// Names the streams of these commits, as far as they do not say so themselves.
pub(super) fn name(
    workspace: &Workspace<'_>,
    own: &StreamName,
    commits: &mut [Mention],
) -> Result<(), Error> {
    let is_unknown = |one: &Mention| one.streams.is_empty();
    if !commits.iter().any(is_unknown) {
        return Ok(());
    }
    for (stream, start, tip) in present(workspace)?.into_iter().chain(past(workspace)?) {
        if stream == *own || !commits.iter().any(is_unknown) {
            continue;
        }
        // A commit that was there is no more, after a gc.
        let Ok(theirs) = workspace.repo.commits_between(&[tip], &[start]) else {
            continue;
        };
        for one in commits.iter_mut().filter(|one| is_unknown(one)) {
            if theirs.contains(&one.id) {
                one.streams = stream.to_string();
            }
        }
    }
    Ok(())
}

type Part = (StreamName, Id, Id);

/// Where the branches are now, and the commit of the base that each stands on.
fn present(workspace: &Workspace<'_>) -> Result<Vec<Part>, Error> {
    let mut found = Vec::new();
    for (stream, record) in &workspace.state.streams {
        if let Some(Work { tip, start, .. }) = &record.work {
            found.push((stream.clone(), *start, *tip));
        }
        let tip = workspace.repo.read_ref(&stream.branch_ref())?;
        if let (Some(claim), Some(tip)) = (&record.claim, tip) {
            found.push((stream.clone(), claim.start, tip));
        }
    }
    Ok(found)
}

/// Where they were before they moved, newest first.
fn past(workspace: &Workspace<'_>) -> Result<Vec<Part>, Error> {
    let ledger = workspace.ledger();
    let mut found = Vec::new();
    for (before, name, old) in ledger.branches_moved(MOST_MOVES)? {
        let state = ledger.at(before)?;
        let start = state.claim(&name).map(|claim| claim.start);
        if let Some(start) = start.filter(|start| *start != old) {
            found.push((name, start, old));
        }
    }
    Ok(found)
}
