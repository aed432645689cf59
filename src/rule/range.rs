//! Which commits of a range break the rule?

use bstr::BString;

use super::{Breach, Error, Scope, TreeContent, base_for, judge};
use crate::git::{Change, Id, Repo};

/// A commit that breaks the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The commit.
    pub commit: Id,
    /// The first line of its message.
    pub subject: BString,
    /// What in it breaks the rule; at least one path.
    pub breaches: Vec<Breach>,
}

/// Judges every commit that `tip` has and the trusted commit has not, newest first. Each commit is
/// judged by itself: what one does and the next takes back is in the history all the same.
pub fn range(repo: &Repo, scope: &Scope, trusted: Id, tip: Id) -> Result<Vec<Violation>, Error> {
    repo.require_whole_history()?;
    let mut violations = Vec::new();
    for id in repo.commits_between(&[tip], &[trusted])? {
        violations.extend(commit(repo, scope, trusted, id)?);
    }
    Ok(violations)
}

/// Judges one commit. What the base has breaks nothing: a walk by date meets commits of the base,
/// too, where clocks were wrong.
pub fn commit(repo: &Repo, scope: &Scope, trusted: Id, id: Id) -> Result<Option<Violation>, Error> {
    match judged(repo, scope, trusted, id) {
        Ok(None) => Ok(None),
        _ if repo.is_ancestor(id, trusted)? => Ok(None),
        found => found,
    }
}

fn judged(repo: &Repo, scope: &Scope, trusted: Id, id: Id) -> Result<Option<Violation>, Error> {
    let made = changes(repo, trusted, id)?;
    let breaches = judge(scope, &made.changes, &TreeContent::new(repo, made.before))?;
    Ok((!breaches.is_empty()).then_some(Violation {
        commit: id,
        subject: made.subject,
        breaches,
    }))
}

/// What a commit changes, seen from the newest commit of the base that it contains.
#[derive(Debug)]
pub struct Made {
    /// The first line of its message.
    pub subject: BString,
    /// The tree that it is compared with.
    pub before: Id,
    /// Every raw difference.
    pub changes: Vec<Change>,
}

/// What one commit changes.
pub fn changes(repo: &Repo, trusted: Id, id: Id) -> Result<Made, Error> {
    let commit = repo.commit(id)?;
    let base = base_for(repo, trusted, &commit.parents).map_err(|error| error.about(id))?;
    let before = repo.tree_of(base)?;
    if let Some(flaw) = repo.flaw(Some(before), commit.tree)? {
        let commit = Some(id);
        return Err(Error::BadTree { commit, flaw });
    }
    Ok(Made {
        subject: commit.subject().to_owned(),
        before,
        changes: repo.diff_trees(Some(before), Some(commit.tree))?,
    })
}
