//! What have landings of this machine left that died?
//!
//! The base tells: where it has what was to land, the ledger is told, with all that was written
//! down before; where it has not, the intent is forgotten, and nothing has happened.

use super::run::Run;
use super::{Error, pending, tidy};
use crate::ledger::{OpId, Request, StreamState, What, is_dead};
use crate::name::StreamName;
use crate::sync;

/// Whether there is anything to finish or forget.
pub(super) fn is_needed(run: &Run<'_>) -> Result<bool, Error> {
    Ok(!dead(run)?.is_empty())
}

/// Finishes or forgets them.
pub(super) fn finish(run: &mut Run<'_>) -> Result<(), Error> {
    for (stream, op) in dead(run)? {
        let Some(request) = pending::read(run.workspace.repo, &op)? else {
            forget(run, &stream, &op)?;
            continue;
        };
        if has_arrived(run, &request)? {
            let subject = format!("finished an earlier landing of {stream} that was cut off");
            run.submit(&request)?;
            run.notes.push(subject);
        }
        pending::forget(run.workspace.repo, &op);
        forget(run, &stream, &op)?;
    }
    Ok(())
}

/// The streams with an intent to land whose operation has died on this machine.
fn dead(run: &Run<'_>) -> Result<Vec<(StreamName, OpId)>, Error> {
    let workspace = &run.workspace;
    let mut found = Vec::new();
    for (stream, _, claim) in workspace.state.held() {
        let Some(intent) = claim.intent.as_ref().filter(|one| one.verb == "land") else {
            continue;
        };
        if is_dead(workspace.repo, &workspace.machine, intent)? {
            found.push((stream.clone(), intent.op.clone()));
        }
    }
    Ok(found)
}

fn has_arrived(run: &mut Run<'_>, request: &Request) -> Result<bool, Error> {
    let What::Landed { landed } = &request.what else {
        return Ok(false);
    };
    let Some(new) = landed.first().map(|one| one.landing.new) else {
        return Ok(false);
    };
    sync::fetch(&mut run.workspace)?;
    let repo = run.workspace.repo;
    match repo.read_ref(&run.workspace.base.full_name)? {
        Some(tip) => Ok(repo.has(new) && repo.is_ancestor(new, tip)?),
        None => Ok(false),
    }
}

/// Takes the intent away. Of a stream that has landed, claim and worktree go as they should have,
/// if the caller may do that.
fn forget(run: &mut Run<'_>, stream: &StreamName, op: &OpId) -> Result<(), Error> {
    let state = run
        .workspace
        .state
        .stream(stream)
        .map(|record| record.state);
    let landing = run
        .workspace
        .state
        .stream(stream)
        .and_then(|record| record.landing.clone());
    if let (Some(StreamState::Landed), Some(landing)) = (state, landing)
        && run
            .announce(std::slice::from_ref(stream), Vec::new(), Vec::new())
            .is_ok()
    {
        tidy::tidy(run, stream, landing.tip, landing.new)?;
        return Ok(());
    }
    let what = What::Abandon {
        stream: stream.clone(),
        dead: op.clone(),
    };
    let request = run.request(what);
    run.submit(&request)
}
