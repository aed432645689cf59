//! May the ledger move there?
//!
//! It is a chain that only grows: every entry has one parent, and the newest one of the server is
//! among its ancestors. Or it begins anew, with the very state that the server has, where the chain
//! so far is kept. What the new tip says must be readable, since everybody reads it.

use super::{Error, Update, Why};
use crate::git::{Id, Repo};
use crate::ledger::{Ledger, State};

/// The state that the new tip holds, or why it is not taken.
pub(super) fn judge(
    repo: &Repo,
    update: &Update,
    is_kept: &dyn Fn(&str, Id) -> Result<bool, Error>,
) -> Result<Result<State, Why>, Error> {
    let Some(new) = update.new else {
        return Ok(Err(Why::LedgerDeleted));
    };
    repo.require_whole_history()?;
    if let Some(tip) = update.old
        && !repo.is_ancestor(tip, new)?
    {
        let ledger = Ledger::of(repo);
        return Ok(match ledger.begins_anew(new)? {
            Some((behind, kept)) if behind == tip && is_kept(&kept, tip)? => Ok(ledger.at(new)?),
            _ => Err(Why::LedgerRewound { tip }),
        });
    }
    if let Some(commit) = fork(repo, update.old, new)? {
        return Ok(Err(Why::LedgerForked { commit }));
    }
    Ok(Ok(Ledger::of(repo).at(new)?))
}

/// The newest entry that does not stand on one other entry, the very first one aside.
fn fork(repo: &Repo, old: Option<Id>, new: Id) -> Result<Option<Id>, Error> {
    let mut at = new;
    while Some(at) != old {
        match repo.commit(at)?.parents.as_slice() {
            [only] => at = *only,
            [] if old.is_none() => return Ok(None),
            [] | [_, ..] => return Ok(Some(at)),
        }
    }
    Ok(None)
}
