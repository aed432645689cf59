//! What has been kept for long enough?
//!
//! Commands that keep something look, when they have ended, whether something else has been kept
//! for longer than the plan says. What the ledger names stays, however old it is.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{SafetyRef, Trashed, safety_refs, trashed};
use crate::git::{Expect, Id, Move};
use crate::ledger::{Error, OpId, State, is_running};
use crate::workspace::{Workspace, now};

/// What is not kept any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// The names of the safety refs that are gone.
    pub refs: Vec<String>,
    /// The worktrees that are gone from the trash.
    pub trash: Vec<Trashed>,
}

/// Removes what has been kept for longer than the plan says, and what a process that died had no
/// time to remove.
pub fn sweep(workspace: &Workspace<'_>) -> Result<Swept, Error> {
    let (repo, keep, now) = (workspace.repo, workspace.plan.land.keep, now());
    let trash = trashed(repo)?;
    // Read after the trash was listed: whatever has begun by then is named.
    let state = workspace.ledger().read()?;
    let refs = safety_refs(repo)?.into_iter();
    let mut refs: Vec<SafetyRef> = refs
        .filter(|one| is_over(one.made.as_ref().map(|(at, _)| *at), keep, now))
        .collect();
    // Every record there ever was is asked for that.
    if !refs.is_empty() {
        let named = named(&state);
        refs.retain(|one| !named.contains(&one.commit));
    }
    let moves: Vec<Move> = refs.iter().map(removal).collect();
    repo.move_refs(&moves, "stream: kept for long enough")?;
    let mut swept = Swept {
        refs: refs.into_iter().map(|one| one.name).collect(),
        trash: Vec::new(),
    };
    for one in trash {
        let is_over = one.record.is_disposable || is_over(Some(one.record.at), keep, now);
        // What a release that died has put aside is for the next one to judge.
        let is_open = is_open(&state, &one.record.op);
        if is_over && !is_open && !is_running(repo, one.record.op.as_str())? {
            one.clone().discard()?;
            swept.trash.push(one);
        }
    }
    Ok(swept)
}

fn removal(one: &SafetyRef) -> Move {
    Move {
        name: one.name.clone(),
        from: Expect::At(one.commit),
        to: None,
    }
}

/// Whether something that was put there at a time has been kept for long enough. What does not say
/// when stays.
fn is_over(at: Option<Timestamp>, keep: SignedDuration, now: Timestamp) -> bool {
    at.is_some_and(|at| now.duration_since(at) > keep)
}

/// Whether an operation was begun and is not finished.
fn is_open(state: &State, op: &OpId) -> bool {
    let mut intents = state
        .held()
        .filter_map(|(_, _, claim)| claim.intent.as_ref());
    intents.any(|intent| intent.op == *op)
}

/// The commits that the ledger's present state names.
fn named(state: &State) -> BTreeSet<Id> {
    let mut named = BTreeSet::new();
    for record in state.streams.values() {
        named.extend(record.work.iter().flat_map(|work| [work.tip, work.start]));
        if let Some(claim) = &record.claim {
            named.insert(claim.start);
            let moves = claim.intent.iter().flat_map(|intent| &intent.moves);
            named.extend(moves.flat_map(|one| [one.old, one.new]).flatten());
        }
    }
    for question in state.escalations.values() {
        named.extend([question.commit, question.base].into_iter().flatten());
    }
    named
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::is_over;

    #[test]
    fn what_does_not_say_when_stays_and_so_does_what_comes_from_the_future() {
        let keep = SignedDuration::from_hours(24);
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let ago = |hours| Some(now - SignedDuration::from_hours(hours));
        assert!(!is_over(None, keep, now));
        assert!(!is_over(ago(-100), keep, now));
        assert!(!is_over(ago(24), keep, now));
        assert!(is_over(ago(25), keep, now));
    }
}
