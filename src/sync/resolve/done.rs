//! How does the stream come to the result?

use super::super::advance::Step;
use super::super::decide::{Range, replay_since};
use super::super::memory;
use super::super::recover::VERB;
use super::super::run::Run;
use super::super::{Outcome, Picked, Replay, Synced, early, question};
use super::record::{Resolution, sweep};
use super::{Error, scratch};
use crate::git::{Id, Linked, Repo};
use crate::guard;
use crate::ledger::What;
use crate::name::StreamName;
use crate::sync::Options;
use crate::workspace::Workspace;

/// Takes the result over.
pub fn done(repo: &Repo, named: Option<&StreamName>, options: &Options) -> Result<Synced, Error> {
    let stream = super::open::stream_of(&Workspace::open(repo)?, named)?;
    // The worktree that the caller may stand in will be gone.
    let repo = &Repo::at(repo.main_top().unwrap_or_else(|| repo.common_dir()))?;
    let mut workspace = Workspace::open(repo)?;
    let Some(mut resolution) = Resolution::read(repo, &stream)? else {
        sweep(repo, &stream)?;
        return Err(Error::NotResolving { stream });
    };
    let mut run = Run::start(&mut workspace, &stream, options)?;
    run.authorise()?;
    super::open::refuse_ending(&run, &resolution)?;
    let linked = match early::worktree(run.workspace, &stream)? {
        Ok(linked) => linked,
        Err(obstacle) => return Ok(run.refused(obstacle)?),
    };
    run.recover(&linked)?;
    let result = match resolution.result(repo)? {
        Some(result) => result,
        None => finished(&run, &resolution)?,
    };
    if !options.dry_run {
        resolution.finish(repo, result)?;
    }
    settle(run, &linked, &resolution, result)
}

/// The resolution whose result waits for the stream, and that result.
pub(in crate::sync) fn pending(
    repo: &Repo,
    stream: &StreamName,
) -> Result<Option<(Resolution, Id)>, Error> {
    let Some(resolution) = Resolution::read(repo, stream)? else {
        return Ok(None);
    };
    let result = resolution.result(repo)?;
    Ok(result.map(|result| (resolution, result)))
}

/// Where the person has ended, if that may become the stream's history.
fn finished(run: &Run<'_, '_>, resolution: &Resolution) -> Result<Id, Error> {
    let repo = run.workspace.repo;
    let (stream, worktree) = (resolution.stream.clone(), resolution.worktree.clone());
    let Some(linked) = resolution.linked(repo)? else {
        return Err(Error::WorktreeGone { stream, worktree });
    };
    if let Some(operation) = repo.operation_in_progress(&linked.git_dir) {
        return Err(Error::Unfinished {
            stream,
            worktree,
            operation,
        });
    }
    let paths = scratch::unclean(repo, &linked)?;
    if !paths.is_empty() {
        return Err(Error::Unclean {
            stream,
            worktree,
            paths,
        });
    }
    let head = repo.call_at(&linked).args(["rev-parse", "HEAD"]).run()?;
    let base = resolution.base(repo)?;
    let result = repo.parse_id(&head.line());
    let Some(result) = result.filter(|head| repo.is_ancestor(base, *head).unwrap_or(false)) else {
        return Err(Error::NotOnBase {
            stream,
            worktree,
            base,
        });
    };
    let ids = repo.commits_between(&[result], &[base])?;
    let verdict = guard::history(run.workspace, &stream, base, &ids)?;
    if !verdict.accepts() {
        return Err(Error::Breaks {
            stream,
            worktree,
            base,
            headline: verdict.headline(),
            hints: verdict.hints(),
        });
    }
    Ok(result)
}

/// Puts what was committed since on top of the result, and moves the stream there.
pub(in crate::sync) fn settle(
    mut run: Run<'_, '_>,
    linked: &Linked,
    resolution: &Resolution,
    result: Id,
) -> Result<Synced, Error> {
    let repo = run.workspace.repo;
    let stream = run.stream.clone();
    let (began, base, tip) = (resolution.tip(repo)?, resolution.base(repo)?, run.tip()?);
    if repo.is_ancestor(result, tip)? {
        let replay = replay_of(repo, base, tip)?;
        clear(&mut run, resolution)?;
        return Ok(run.answer(tip, tip, Outcome::Resolved(replay))?);
    }
    if !repo.is_ancestor(began, tip)? {
        return Err(Error::Overtaken { stream });
    }
    let ledger = run.workspace.ledger();
    let range = Range {
        repo,
        worktree: &linked.top,
        base: result,
        tip,
        operation: (run.operation.id().as_str(), run.operation.lock()),
        registering: &|| Ok(ledger.lock()?),
        // The person is at it: what conflicts here is resolved in the same worktree.
        recall: &|_| Ok(None),
    };
    let since = match replay_since(&range, began)? {
        Ok(since) => since,
        Err(stuck) => {
            let question = question::conflict(run.workspace, &stream, &linked.top, tip, &stuck)?;
            again(&run, resolution, (result, tip))?;
            return Ok(run.stopped(question)?);
        }
    };
    let pairs: Vec<(Id, Id)> = since.picked.iter().map(|p| (p.old, p.new)).collect();
    let replay = Replay {
        dropped: since.dropped,
        ..replay_of(repo, base, since.new)?
    };
    // Where it is stacked still, what was resolved stands on that.
    let on = run.ground(tip)?.on.filter(|on| on.tip == base);
    let step = Step {
        stream: &stream,
        linked,
        old: tip,
        new: replay.new,
        verb: VERB,
        then: What::Synced {
            stream: stream.clone(),
            start: base,
            landed: false,
            commits: replay.picked.len(),
            on,
        },
        aside: None,
    };
    if let Some(obstacle) = early::obstacle(repo, linked, &stream)? {
        return Ok(run.answer(tip, tip, Outcome::Pending(obstacle))?);
    }
    let obstacle = run.take(step)?;
    if let Some(obstacle) = obstacle {
        return Ok(run.answer(tip, tip, Outcome::Pending(obstacle))?);
    }
    run.tell_rewritten(linked, &pairs);
    let new = replay.new;
    run.look_again(new);
    remember(&mut run, linked, (began, base), result);
    clear(&mut run, resolution)?;
    Ok(run.answer(tip, new, Outcome::Resolved(replay))?)
}

/// The commits that the stream has on the base, as what was picked.
fn replay_of(repo: &Repo, base: Id, new: Id) -> Result<Replay, Error> {
    let ids = repo.commits_between(&[new], &[base])?;
    let picked = ids.into_iter().map(|id| Picked { old: id, new: id });
    Ok(Replay {
        new,
        picked: picked.collect(),
        dropped: Vec::new(),
        merges: 0,
    })
}

/// Remembers for this stream what a person has resolved. Without it the same conflict is a question
/// again, so it cannot fail what has happened.
fn remember(run: &mut Run<'_, '_>, linked: &Linked, (began, base): (Id, Id), result: Id) {
    if run.options.dry_run {
        return;
    }
    let ledger = run.workspace.ledger();
    let learned = memory::learn(&memory::Resolved {
        repo: run.workspace.repo,
        stream: run.stream,
        worktree: &linked.top,
        operation: (run.operation.id().as_str(), run.operation.lock()),
        registering: &|| Ok(ledger.lock()?),
        tip: began,
        base,
        result,
    });
    if let Err(error) = learned {
        let note = format!("what was resolved is not remembered: {error}");
        run.notes.push(note);
    }
}

/// What was committed since does not fit the result: the person goes on with that.
fn again(run: &Run<'_, '_>, resolution: &Resolution, (result, tip): (Id, Id)) -> Result<(), Error> {
    let repo = run.workspace.repo;
    if run.options.dry_run {
        return Ok(());
    }
    let (began, base) = (resolution.tip(repo)?, resolution.base(repo)?);
    let next = Resolution::new(
        &resolution.stream,
        resolution.epoch,
        (tip, base),
        resolution.worktree.clone(),
        resolution.person,
    );
    if resolution.linked(repo)?.is_none() {
        scratch::make(run.workspace, &run.operation, &next.worktree, tip)?;
    } else {
        repo.call_in(&next.worktree)
            .args(["checkout", "--quiet", "--detach", &tip.to_string()])
            .run()?;
    }
    resolution.forget(repo)?;
    next.write(repo)?;
    scratch::rebase(repo, &next.worktree, began, result)?;
    Ok(())
}

/// Removes what a resolution needs while it lasts.
fn clear(run: &mut Run<'_, '_>, resolution: &Resolution) -> Result<(), Error> {
    let repo = run.workspace.repo;
    if run.options.dry_run {
        return Ok(());
    }
    let mut known = vec![run.tip()?, run.workspace.base.commit];
    known.extend(resolution.result(repo)?);
    let kept = scratch::remove(run.workspace, &run.operation, resolution, &known)?;
    resolution.forget(repo)?;
    run.notes
        .extend(kept.map(|name| format!("what was committed there besides is kept as {name}")));
    Ok(())
}
