//! How does a stream go back to an earlier point of its own history?
//!
//! To a commit of its own that its branch or its worktree has been at, or to one below those. What
//! it had since is kept under a safety ref. The commit of the base below it is where it stands then.

use super::run::recover;
use super::{Error, Options, RolledBack};
use crate::claim;
use crate::git::{Id, Linked, Repo};
use crate::guard;
use crate::kept;
use crate::ledger::{Actor, Operation, What};
use crate::name::StreamName;
use crate::rule::{self, Scope};
use crate::sync::{self, Step};
use crate::workspace::Workspace;

/// Rolls a stream back; the stream of this worktree where none is named.
pub fn roll_back(repo: &Repo, revision: &str, options: &Options) -> Result<RolledBack, Error> {
    let mut workspace = Workspace::open(repo)?;
    let by = workspace.caller(options.agent.as_ref())?;
    let stream = workspace.stream(options.stream.as_ref())?;
    let operation = Operation::begin(repo)?;
    let what = What::Begin {
        stream: stream.clone(),
        verb: sync::UNDO.to_owned(),
        intends: Vec::new(),
    };
    workspace.decide(&workspace.request(operation.id(), &by, what, Vec::new()))?;
    let mut notes = Vec::new();
    if !options.dry_run {
        notes.extend(recover(&mut workspace, &by, &stream)?);
    }
    let in_the_way = |obstacle| Error::InTheWay {
        stream: stream.clone(),
        obstacle: Box::new(obstacle),
    };
    let linked = match sync::worktree_of(&workspace, &stream)? {
        Ok(linked) => linked,
        Err(obstacle) => return Err(in_the_way(obstacle)),
    };
    let (old, new) = ends(&workspace, &stream, &linked, revision)?;
    let answer = |left_behind, kept, notes| RolledBack {
        stream: stream.clone(),
        by: by.agent.clone(),
        old,
        new,
        left_behind,
        kept,
        notes,
        dry_run: options.dry_run,
    };
    if old == new {
        return Ok(answer(0, Vec::new(), notes));
    }
    let start = start_of(&workspace, &stream, new)?;
    if let Some(obstacle) = sync::obstacle_in(repo, &linked, &stream)? {
        return Err(in_the_way(obstacle));
    }
    let step = Step {
        stream: &stream,
        linked: &linked,
        old,
        new,
        verb: sync::UNDO,
        then: What::RolledBack {
            stream: stream.clone(),
            tip: new,
            start,
        },
        aside: None,
    };
    let left_behind = repo.commits_between(&[old], &[new, workspace.base.commit])?;
    let obstacle = if options.dry_run {
        sync::foresee(repo, &step)?
    } else {
        sync::advance(&mut workspace, &operation, &by, &step)?
    };
    if let Some(obstacle) = obstacle {
        return Err(in_the_way(obstacle));
    }
    if !options.dry_run {
        end(&mut workspace, &by, &stream, new);
    }
    let kept = kept_by(repo, &stream, old)?;
    Ok(answer(left_behind.len(), kept, notes))
}

/// Looks again at a history that broke the rule, and at what has been kept for long enough. Neither
/// can fail what has happened.
fn end(workspace: &mut Workspace<'_>, _by: &Actor, stream: &StreamName, tip: Id) {
    let record = workspace.state.stream(stream);
    if record.is_some_and(|record| record.tainted.is_some()) {
        drop(guard::verify(workspace, stream, tip));
    }
    drop(kept::sweep(workspace));
}

/// Where the branch is, and where the revision leads, if it has been the stream's.
fn ends(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    linked: &Linked,
    revision: &str,
) -> Result<(Id, Id), Error> {
    let repo = workspace.repo;
    let tip = repo.read_ref(&stream.branch_ref())?;
    let tip = tip.ok_or_else(|| {
        Error::Sync(sync::Error::NoBranch {
            stream: stream.clone(),
        })
    })?;
    let resolved = repo.resolve(revision)?;
    let target = resolved.ok_or_else(|| Error::NoRevision {
        revision: revision.to_owned(),
    })?;
    let mut been = vec![tip];
    been.extend(repo.past_of(Some(linked), &stream.branch_ref()));
    let kept = kept::safety_refs(repo)?.into_iter();
    been.extend(
        kept.filter(|one| one.stream == *stream)
            .map(|one| one.commit),
    );
    been.retain(|id| repo.commit(*id).is_ok());
    let has_been_there = been.contains(&target);
    let is_own = || -> Result<bool, Error> {
        let is_below = repo.commits_between(&[target], &been)?.is_empty();
        let base = workspace.base.commit;
        Ok(is_below && !repo.commits_between(&[target], &[base])?.is_empty())
    };
    let is_start = workspace.state.claim(stream).map(|claim| claim.start) == Some(target);
    if has_been_there || is_start || is_own()? {
        return Ok((tip, target));
    }
    Err(Error::NeverThere {
        stream: stream.clone(),
        commit: target,
    })
}

/// The commit of the base below a commit, whose history must obey the rule.
fn start_of(workspace: &Workspace<'_>, stream: &StreamName, tip: Id) -> Result<Id, Error> {
    let (repo, base) = (workspace.repo, workspace.base.commit);
    let start = match repo.merge_bases(base, &[tip])?.as_slice() {
        [only] => *only,
        several => {
            return Err(Error::Claim(claim::Error::NoForkPoint {
                stream: stream.clone(),
                tip,
                base: workspace.base.branch.clone(),
                several: several.len(),
            }));
        }
    };
    let Some(claim) = workspace.state.claim(stream) else {
        return Ok(start);
    };
    let scope = Scope::new(&claim.territory(), &workspace.plan);
    let base = workspace.trusted_for(stream, tip)?;
    let violations = rule::range(repo, &scope, base, tip)?;
    let breaches = violations.into_iter().flat_map(|one| one.breaches);
    let mut paths: Vec<_> = breaches.map(|breach| breach.path).collect();
    paths.sort();
    paths.dedup();
    if paths.is_empty() {
        return Ok(start);
    }
    Err(Error::Breaks {
        stream: stream.clone(),
        commit: tip,
        base,
        paths,
    })
}

/// The names of the safety refs that lead to a commit.
fn kept_by(repo: &Repo, stream: &StreamName, commit: Id) -> Result<Vec<String>, Error> {
    let all = kept::safety_refs(repo)?.into_iter();
    let its = all.filter(|one| one.stream == *stream && one.commit == commit);
    Ok(its.map(|one| one.name).collect())
}
