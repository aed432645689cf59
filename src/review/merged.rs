//! Has the base what was pushed for review, and as which commits?

use std::collections::HashSet;

use bstr::BString;

use crate::git::{Error as GitError, Id, Repo};
use crate::ledger::{LandedStream, Landing, Review, Stream};
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::sync;
use crate::workspace::{Trusted, now};

/// The commit of the base with which all of a pushed commit was there.
pub fn merged_by(repo: &Repo, base: Id, head: Id) -> Result<Option<Id>, sync::Error> {
    let bases = repo.merge_bases(base, &[head])?;
    if bases.contains(&head) {
        return Ok(Some(first_with(repo, base, head)?));
    }
    let [fork] = bases.as_slice() else {
        return Ok(None);
    };
    if *fork == base {
        return Ok(None);
    }
    if let Some(landed) = sync::landed(repo, *fork, base, head)?
        && landed.tip == head
    {
        return Ok(Some(landed.by));
    }
    // Commit by commit, where the base has changed the same files since in between.
    let own = repo.candidates(base, head)?;
    let all_there = !own.is_empty() && own.iter().all(|one| one.is_on_other_side);
    Ok(all_there.then_some(base))
}

/// The oldest first parent of the base that contains a commit.
fn first_with(repo: &Repo, base: Id, head: Id) -> Result<Id, GitError> {
    let mut at = base;
    while at != head
        && let Some(parent) = repo.commit(at)?.parents.first().copied()
        && repo.is_ancestor(head, parent)?
    {
        at = parent;
    }
    Ok(at)
}

/// What the ledger hears of a merged pull request.
pub(super) fn landed_stream(
    repo: &Repo,
    base: &Trusted,
    (stream, record): (&StreamName, &Stream),
    review: &Review,
    by: Id,
) -> Result<LandedStream, GitError> {
    let (before, after) = (repo.tree_of(review.onto)?, repo.tree_of(review.head)?);
    let changes = repo.diff_trees(Some(before), Some(after))?;
    let files: HashSet<BString> = changes.iter().map(|one| one.path.clone()).collect();
    let own = repo.commits_between(&[review.head], &[review.onto])?.len();
    let commits = on_the_base(repo, (review.onto, by), &files, own)?;
    let agent = record.claim.as_ref().map(|claim| claim.agent.clone());
    let nobody = || {
        "somebody"
            .parse::<AgentName>()
            .expect("a plain word is a name")
    };
    Ok(LandedStream {
        stream: stream.clone(),
        landing: Landing {
            round: record.round,
            at: now(),
            agent: agent.unwrap_or_else(nobody),
            base: base.branch.clone(),
            remote: base.remote.clone(),
            tip: review.tip,
            old: review.onto,
            new: by,
            strategy: "forge".to_owned(),
            commits: own,
            files: changes.len(),
            op: None,
            check: review.check.clone(),
            extra: toml::Table::new(),
        },
        commits: commits.iter().map(ToString::to_string).collect(),
        files: changes
            .iter()
            .map(|change| path::shown(change.path.as_ref()))
            .collect(),
        log: String::new(),
    })
}

/// The commits on the base that brought it, newest first: a merge with what it merged, or as many
/// as the stream had that change nothing but its files.
fn on_the_base(
    repo: &Repo,
    (onto, by): (Id, Id),
    files: &HashSet<BString>,
    most: usize,
) -> Result<Vec<Id>, GitError> {
    let (mut found, mut at) = (Vec::new(), by);
    while found.len() < most && at != onto {
        let commit = repo.commit(at)?;
        let Some(parent) = commit.parents.first().copied() else {
            break;
        };
        if commit.parents.len() > 1 {
            if found.is_empty() {
                found = repo.commits_between(&[at], &[parent])?;
            }
            break;
        }
        let changes = repo.diff_trees(Some(repo.tree_of(parent)?), Some(commit.tree))?;
        if !found.is_empty() && !changes.iter().all(|one| files.contains(&one.path)) {
            break;
        }
        found.push(at);
        at = parent;
    }
    Ok(found)
}
