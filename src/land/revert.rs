//! What is the base without a landing that others have seen, and how does it get there?
//!
//! By a commit that takes the landed range back, made in memory on the newest base, as a pick of
//! the way back; so what has changed meanwhile stays, and a conflict is found before anything
//! moves. It is checked and published like any landing. The streams' commits follow on top of it,
//! for their branches: they are to land again one day, and a base that has them in its past would
//! be taken for one that has landed them.

use std::collections::BTreeSet;

use bstr::BString;

use super::combine::Combined;
use super::publish::{Parcel, Published, publish};
use super::run::Run;
use super::unland::{Past, Unlanded, Way, answer, reopen};
use super::{Error, derived, message};
use crate::git::{Commit, Id};
use crate::kept;
use crate::ledger::{RefMove, Undo, What};
use crate::name::StreamName;
use crate::sync::{self, Range, Replay};
use crate::workspace::now;

/// How many commits are named that are in the way.
const NAMED: usize = 5;

/// Takes it back by a commit; nothing where the base has moved meanwhile.
pub(super) fn revert(run: &mut Run<'_>, past: &Past) -> Result<Option<Unlanded>, Error> {
    refuse_gone_on(run, past)?;
    refuse_touched(run, past)?;
    let onto = run.workspace.base.commit;
    let combined = without(run, past, onto)?;
    reopen(run, past, Vec::new())?;
    let streams: Vec<StreamName> = past.back.iter().map(|one| one.stream.clone()).collect();
    let (combined, checked) = run.check(&streams, combined)?;
    if checked.is_bad() {
        return Err(Error::FailsWithout {
            streams,
            command: checked.command.clone().unwrap_or_default(),
            how: checked.how(),
            log: checked.log.clone().unwrap_or_default(),
            last: checked.last.clone(),
        });
    }
    let new = combined.new;
    let (branches, mut back) = (branches_again(run, past, new)?, past.back.clone());
    for undo in &mut back {
        if let Some(claim) = &mut undo.back.claim {
            claim.start = new;
        }
    }
    let base_move = RefMove {
        name: run.workspace.base.full_name.clone(),
        old: Some(onto),
        new: Some(new),
    };
    let way = Way::Reverted;
    let shown: Vec<RefMove> = std::iter::once(base_move).chain(branches.clone()).collect();
    run.notes.extend(combined.notes.iter().cloned());
    if run.options.dry_run {
        return answer(run, past, way, (shown, Some(checked))).map(Some);
    }
    let mut moves = branches;
    moves.extend(originals(run, past, &moves, new)?);
    let parcel = Parcel {
        streams,
        what: What::Unlanded {
            back,
            by: Some(new),
        },
        moves,
        way: (onto, new),
    };
    match publish(run, &parcel)? {
        Published::Yes => answer(run, past, way, (shown, Some(checked))).map(Some),
        Published::Raced => Ok(None),
    }
}

/// The base without what has landed.
fn without(run: &Run<'_>, past: &Past, onto: Id) -> Result<Combined, Error> {
    let repo = run.workspace.repo;
    let mut ids = Vec::new();
    for (old, new) in past.ways.iter().rev() {
        let landed = repo.commits_between(&[*new], &[*old])?;
        let committer = repo.committer()?;
        ids.push(repo.write_commit(&Commit {
            tree: repo.tree_of(*old)?,
            parents: vec![*new],
            author: committer.clone(),
            committer,
            encoding: None,
            message: message::revert(&run.workspace, &past.back, &run.by.agent, &landed)?,
        })?);
    }
    let replay = on_top(run, past, onto, &ids)?;
    let mut notes = Vec::new();
    if replay.picked.is_empty() {
        let branch = &run.workspace.base.branch;
        notes.push(format!("{branch} has nothing of it any more"));
    }
    Ok(Combined {
        onto,
        new: replay.new,
        tree: repo.tree_of(replay.new)?,
        commits: replay.picked.len(),
        pairs: Vec::new(),
        notes,
    })
}

/// Commits on top of another one, or what is in the way.
fn on_top(run: &Run<'_>, past: &Past, onto: Id, ids: &[Id]) -> Result<Replay, Error> {
    let workspace = &run.workspace;
    let repo = workspace.repo;
    let place = repo.main_top().unwrap_or_else(|| repo.common_dir());
    let ledger = workspace.ledger();
    let replay = sync::pick_onto(
        &Range {
            repo,
            worktree: place,
            base: onto,
            tip: onto,
            operation: (run.operation.id().as_str(), run.operation.lock()),
            registering: &|| Ok(ledger.lock()?),
            recall: &|stuck| derived::settle(workspace, stuck),
        },
        ids,
    )?;
    let stuck = match replay {
        Ok(replay) => return Ok(replay),
        Err(stuck) => stuck,
    };
    let paths = stuck.paths();
    let since = past.ways.last().map_or(onto, |way| way.1);
    let base = workspace.base.commit;
    Err(Error::Entangled {
        branch: workspace.base.branch.clone(),
        commits: repo.mentions(since, base, &paths, NAMED)?,
        ways: past.ways.clone(),
        paths,
    })
}

/// Each stream's commits on top of the base that is without them.
fn branches_again(run: &Run<'_>, past: &Past, onto: Id) -> Result<Vec<RefMove>, Error> {
    let mut moves = Vec::new();
    for undo in &past.back {
        let ids = commits_of(run, undo)?;
        let replay = on_top(run, past, onto, &ids)?;
        moves.push(RefMove {
            name: undo.stream.branch_ref(),
            old: None,
            new: Some(replay.new),
        });
    }
    Ok(moves)
}

/// What a stream had that the base had not, oldest first; without its merges, as in a sync.
fn commits_of(run: &Run<'_>, undo: &Undo) -> Result<Vec<Id>, Error> {
    let repo = run.workspace.repo;
    let landing = undo.left.landing.as_ref();
    let found = landing.filter(|landing| repo.commit(landing.tip).is_ok());
    let Some(landing) = found else {
        return Err(Error::TipGone {
            stream: undo.stream.clone(),
            tip: landing.map(|landing| landing.tip),
        });
    };
    let mut ids = Vec::new();
    for candidate in repo.candidates(landing.old, landing.tip)? {
        if repo.commit(candidate.id)?.parents.len() < 2 {
            ids.push(candidate.id);
        }
    }
    Ok(ids)
}

/// Safety refs for the commits that the branches were at.
fn originals(
    run: &Run<'_>,
    past: &Past,
    branches: &[RefMove],
    base: Id,
) -> Result<Vec<RefMove>, Error> {
    let mut moves = Vec::new();
    for (undo, branch) in past.back.iter().zip(branches) {
        let tip = undo.left.landing.as_ref().map(|landing| landing.tip);
        let known: Vec<Id> = branch.new.into_iter().chain([base]).collect();
        let made = (now(), run.operation.id());
        moves.extend(kept::keep(
            run.workspace.repo,
            &undo.stream,
            made,
            tip,
            &known,
        )?);
    }
    Ok(moves)
}

// ---- what forbids it ----

/// Refuses where a stream's branch is there still: whoever is on it may take its commits back.
fn refuse_gone_on(run: &Run<'_>, past: &Past) -> Result<(), Error> {
    let repo = run.workspace.repo;
    for undo in &past.back {
        let stream = &undo.stream;
        if undo.left.claim.is_none() && repo.read_ref(&stream.branch_ref())?.is_none() {
            continue;
        }
        let claimed = undo.left.claim.as_ref().map(|claim| claim.worktree.clone());
        let kept = undo
            .left
            .work
            .as_ref()
            .and_then(|work| work.worktree.clone());
        return Err(Error::GoneOn {
            stream: stream.clone(),
            worktree: claimed.clone().or(kept),
            is_held: claimed.is_some(),
            ways: past.ways.clone(),
        });
    }
    Ok(())
}

/// Refuses where a later landing has changed the same files.
fn refuse_touched(run: &Run<'_>, past: &Past) -> Result<(), Error> {
    let own = changed(run, &past.ways)?;
    for later in &past.later {
        let theirs = changed(run, &later.ways)?;
        let paths: Vec<BString> = own.intersection(&theirs).cloned().collect();
        if !paths.is_empty() {
            return Err(Error::BuiltUpon {
                later: Box::new(later.clone()),
                paths,
            });
        }
    }
    Ok(())
}

fn changed(run: &Run<'_>, ways: &[(Id, Id)]) -> Result<BTreeSet<BString>, Error> {
    let repo = run.workspace.repo;
    let mut paths = BTreeSet::new();
    for (old, new) in ways {
        let (old, new) = (repo.tree_of(*old)?, repo.tree_of(*new)?);
        let changes = repo.diff_trees(Some(old), Some(new))?;
        paths.extend(changes.into_iter().map(|change| change.path));
    }
    Ok(paths)
}
