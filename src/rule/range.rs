//! Which commits of a range break the rule?

use bstr::BString;

use super::{Breach, Error, Scope, TreeContent, base_for, judge};
use crate::git::{Id, Repo};

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

/// Judges one commit.
pub fn commit(repo: &Repo, scope: &Scope, trusted: Id, id: Id) -> Result<Option<Violation>, Error> {
    let commit = repo.commit(id)?;
    let base = base_for(repo, trusted, &commit.parents).map_err(|error| error.about(id))?;
    let before = repo.tree_of(base)?;
    if let Some(flaw) = repo.flaw(Some(before), commit.tree)? {
        return Err(Error::BadTree {
            commit: Some(id),
            flaw,
        });
    }
    let changes = repo.diff_trees(Some(before), Some(commit.tree))?;
    let breaches = judge(scope, &changes, &TreeContent::new(repo, before))?;
    Ok((!breaches.is_empty()).then(|| Violation {
        commit: id,
        subject: commit.subject().to_owned(),
        breaches,
    }))
}
