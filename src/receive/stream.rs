//! May the branch of a stream move there?
//!
//! Every commit since the base obeys the rule, also those that the server has already: what slipped
//! by before is not carried on. Then a branch may always grow. While somebody holds the stream it
//! may leave commits behind only where that loses no work: they are on the base, the content is
//! the same, it moves to a newer base as a rebase does, or what is left behind broke the rule.

use super::{Error, Update, Why};
use crate::git::{Id, Repo};
use crate::guard;
use crate::ledger::State;
use crate::name::StreamName;
use crate::plan::Plan;
use crate::rule::{self, Scope};

/// What a server knows when it judges streams.
pub(super) struct Known<'a> {
    pub(super) repo: &'a Repo,
    pub(super) state: &'a State,
    pub(super) plan: &'a Plan,
    pub(super) trusted: Id,
}

/// Why the branch may not be deleted, if it may not.
pub(super) fn deleted(state: &State, stream: &StreamName) -> Option<Why> {
    let claim = state.claim(stream)?;
    Some(Why::Held {
        stream: stream.clone(),
        agent: claim.agent.clone(),
    })
}

/// Why the branch may not move to `new`, if it may not.
pub(super) fn judge(
    known: &Known<'_>,
    stream: &StreamName,
    update: &Update,
    new: Id,
) -> Result<Option<Why>, Error> {
    let Known {
        repo, state, plan, ..
    } = *known;
    repo.require_whole_history()?;
    let scope = guard::scope(state, plan, stream)?;
    let trusted = below(known, stream, new)?;
    let ids = repo.commits_between(&[new], &[trusted])?;
    let whose = (Some(stream.clone()), &scope);
    let verdict = guard::commits(repo, (state, plan), whose, trusted, &ids)?;
    if !verdict.accepts() {
        return Ok(Some(Why::Breaks(verdict)));
    }
    match update.old {
        Some(old) if !repo.is_ancestor(old, new)? => rewound(known, (stream, &scope), old, new),
        Some(_) | None => Ok(None),
    }
}

/// The commit from which the stream's own commits are judged: that of the base, or of a stream in
/// review that it is stacked on, as the server's ledger has it.
fn below(known: &Known<'_>, stream: &StreamName, new: Id) -> Result<Id, Error> {
    let Known {
        repo,
        state,
        trusted,
        ..
    } = *known;
    let on = state.claim(stream).and_then(|claim| claim.on.as_ref());
    let Some(on) = on.filter(|on| repo.has(on.tip)) else {
        return Ok(trusted);
    };
    let is_below = repo.is_ancestor(on.tip, new)? && !repo.is_ancestor(on.tip, trusted)?;
    Ok(if is_below { on.tip } else { trusted })
}

/// Why a clean branch may not leave `old` behind, if it may not.
fn rewound(
    known: &Known<'_>,
    (stream, scope): (&StreamName, &Scope),
    old: Id,
    new: Id,
) -> Result<Option<Why>, Error> {
    let Known { repo, trusted, .. } = *known;
    let Some(claim) = known.state.claim(stream) else {
        return Ok(None);
    };
    if repo.is_ancestor(old, trusted)? || repo.tree_of(old)? == repo.tree_of(new)? {
        return Ok(None);
    }
    match rule::range(repo, scope, trusted, old) {
        Ok(violations) if violations.is_empty() => {}
        Err(rule::Error::Git(error)) => return Err(error.into()),
        // It broke the rule, or has no one place on the base; the new one does and has.
        Ok(_)
        | Err(
            rule::Error::NoParent { .. }
            | rule::Error::NoBase { .. }
            | rule::Error::SeveralBases { .. }
            | rule::Error::BadTree { .. },
        ) => return Ok(None),
    }
    let (before, after) = (newest(repo, trusted, old)?, newest(repo, trusted, new)?);
    if before != after && repo.is_ancestor(before, after)? {
        return Ok(None);
    }
    Ok(Some(Why::Rewound {
        stream: stream.clone(),
        agent: claim.agent.clone(),
        lost: repo.commits_between(&[old], &[new, trusted])?.len(),
        older: before != after,
    }))
}

/// The newest commit of the base that a clean branch contains.
fn newest(repo: &Repo, trusted: Id, tip: Id) -> Result<Id, Error> {
    let base = rule::base_for(repo, trusted, &[tip]);
    base.map_err(|error| Error::Guard(error.into()))
}
