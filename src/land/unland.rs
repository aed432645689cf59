//! How is a landing taken back?
//!
//! ```text
//! whose landing it was, and what came later   (the ledger tells; whatever depends on it is named)
//!   → nobody has seen it:  the base goes back to where it was
//!   → somebody has:        the base gets a commit that takes it back, checked like any landing
//! ```
//!
//! Nobody has seen it where the base is of this repository alone, is where the landing has left it,
//! and no other branch, tag or tracking ref leads to what has landed. Then the streams are what
//! they were, down to their commits. After a commit that takes it back, the base has the streams'
//! commits still, so each stream gets them anew, on top of it: otherwise the next sync would find
//! that all of them have landed.

use std::collections::BTreeSet;
use std::path::Path;

use super::outcome::Checked;
use super::publish::{Parcel, Published, publish, refuse_busy, telling, together};
use super::run::{ATTEMPTS, Options, Run};
use super::{Beat, Error, revert};
use crate::claim;
use crate::git::{Checkout, Id, IndexHold, Lock, Repo};
use crate::kept::{self, Trashed};
use crate::ledger::{OpId, RefMove, Refusal, StreamState, Undo, What};
use crate::name::{AgentName, StreamName};
use crate::sync;

/// A landing, as the ledger tells it.
#[derive(Debug, Clone)]
pub struct Past {
    /// Its streams, with their records after it and before.
    pub back: Vec<Undo>,
    /// The moves of the base, oldest first; none where the base had all of it already.
    pub ways: Vec<(Id, Id)>,
    /// The landings that came later and were not taken back, oldest first.
    pub later: Vec<Later>,
}

/// A landing that came later.
#[derive(Debug, Clone)]
pub struct Later {
    /// The operation.
    pub op: OpId,
    /// What it was, in words.
    pub event: String,
    /// Who did it.
    pub agent: AgentName,
    /// Its streams.
    pub streams: Vec<StreamName>,
    /// The moves of the base.
    pub ways: Vec<(Id, Id)>,
}

/// How a landing was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The base had all of it before: only the streams are what they were.
    Streams,
    /// The base went back.
    Back,
    /// The base got a commit that takes it back.
    Reverted,
}

impl Way {
    /// The word that JSON uses.
    pub fn word(self) -> &'static str {
        match self {
            Way::Streams => "streams",
            Way::Back => "back",
            Way::Reverted => "reverted",
        }
    }
}

/// A landing that was taken back.
#[derive(Debug, Clone)]
pub struct Unlanded {
    /// How.
    pub way: Way,
    /// The refs that moved, the base first; safety refs aside.
    pub moves: Vec<RefMove>,
    /// The check of what the base is now, where the base got a commit.
    pub check: Option<Checked>,
    /// Where each stream stands, and its worktree.
    pub streams: Vec<(StreamName, StreamState, Option<String>)>,
    /// What the caller should know.
    pub notes: Vec<String>,
}

/// A landing that is being taken back, in its turn among the landings of this machine.
pub struct Unlanding<'r> {
    run: Run<'r>,
    _turn: Option<Lock>,
}

impl<'r> Unlanding<'r> {
    /// Waits for its turn, finishes what died, and looks at the base and the ledger anew.
    pub fn begin(
        repo: &'r Repo,
        options: &Options,
        tell: &'r mut dyn FnMut(Beat),
    ) -> Result<Unlanding<'r>, Error> {
        let mut run = Run::start(repo, options, tell)?;
        run.workspace = run.workspace.comparing();
        let turn = run.take_turn()?;
        run.workspace.refresh()?;
        run.look_around()?;
        Ok(Unlanding { run, _turn: turn })
    }

    /// Takes it back. What the ledger said of it must have been read since [`Unlanding::begin`].
    pub fn take_back(mut self, past: &Past) -> Result<Unlanded, Error> {
        let run = &mut self.run;
        run.refuse_doubt()?;
        let reopen = run.request(reopening(past, Vec::new()));
        run.workspace.decide(&reopen)?;
        refuse_depended(run, past)?;
        for undo in past.back.iter().filter(|one| one.left.claim.is_none()) {
            if let Some(claim) = &undo.back.claim {
                let place = Path::new(&claim.worktree);
                claim::refuse_place(&run.workspace, &undo.stream, place)?;
            }
        }
        let streams: Vec<StreamName> = past.back.iter().map(|one| one.stream.clone()).collect();
        let ended = attempts(run, past);
        if ended.is_err() {
            run.call_off(&streams);
        }
        run.sweep();
        ended
    }
}

fn attempts(run: &mut Run<'_>, past: &Past) -> Result<Unlanded, Error> {
    for _ in 0..ATTEMPTS {
        let way = way_of(run, past)?;
        let done = if way == Way::Reverted {
            revert::revert(run, past)?
        } else {
            go_back(run, past, way)?
        };
        if let Some(done) = done {
            return Ok(done);
        }
        run.notes.clear();
        run.fetch()?;
    }
    Err(Error::Raced {
        branch: run.workspace.base.branch.clone(),
        attempts: ATTEMPTS,
    })
}

/// Whether the base may go back.
fn way_of(run: &Run<'_>, past: &Past) -> Result<Way, Error> {
    let (Some(first), Some(last)) = (past.ways.first(), past.ways.last()) else {
        return Ok(Way::Streams);
    };
    let base = &run.workspace.base;
    let is_one_way = past.ways.windows(2).all(|two| two[0].1 == two[1].0);
    let is_seen = base.remote.is_some() || base.commit != last.1 || !is_one_way;
    if is_seen || is_built_upon(run, past, (first.0, last.1))? {
        return Ok(Way::Reverted);
    }
    Ok(Way::Back)
}

/// Whether a branch, a tag or a tracking ref leads to something of what has landed, besides the
/// base and the streams themselves.
fn is_built_upon(run: &Run<'_>, past: &Past, (old, new): (Id, Id)) -> Result<bool, Error> {
    let repo = run.workspace.repo;
    let all: BTreeSet<Id> = repo.commits_between(&[new], &[old])?.into_iter().collect();
    let mut oldest = Vec::new();
    for id in &all {
        if !repo
            .commit(*id)?
            .parents
            .iter()
            .any(|one| all.contains(one))
        {
            oldest.push(*id);
        }
    }
    let own = past.back.iter().map(|one| one.stream.branch_ref());
    let own: BTreeSet<String> = own.chain([run.workspace.base.full_name.clone()]).collect();
    let leading = repo.leading_to(&oldest)?;
    Ok(leading.iter().any(|name| !own.contains(name)))
}

// ---- what forbids it ----

/// Refuses while a stream that depends on it is held, or has landed after it.
fn refuse_depended(run: &Run<'_>, past: &Past) -> Result<(), Error> {
    let (repo, workspace) = (run.workspace.repo, &run.workspace);
    let own = |name: &StreamName| past.back.iter().any(|one| one.stream == *name);
    for (name, planned) in &workspace.plan.streams {
        let Some(on) = planned.dependencies.iter().find(|one| own(one)) else {
            continue;
        };
        let Some(record) = workspace.state.stream(name).filter(|_| !own(name)) else {
            continue;
        };
        let landed = past.ways.last().map(|way| way.1);
        let since = match (&record.landing, landed) {
            (Some(theirs), Some(ours)) if record.state == StreamState::Landed => {
                repo.has(theirs.new) && repo.is_ancestor(ours, theirs.new)?
            }
            _ => false,
        };
        if record.claim.is_some() || since {
            return Err(Error::DependedOn {
                stream: on.clone(),
                dependent: name.clone(),
                state: record.state,
            });
        }
    }
    Ok(())
}

/// What the ledger is asked first.
pub(super) fn reopening(past: &Past, intends: Vec<RefMove>) -> What {
    What::Reopen {
        back: past.back.clone(),
        intends,
        publish: Vec::new(),
    }
}

pub(super) fn reopen(run: &mut Run<'_>, past: &Past, intends: Vec<RefMove>) -> Result<(), Error> {
    if run.options.dry_run {
        return Ok(());
    }
    let request = run.request(reopening(past, intends));
    run.submit(&request)
}

// ---- the base goes back ----

/// Nothing where the base has moved meanwhile.
fn go_back(run: &mut Run<'_>, past: &Past, way: Way) -> Result<Option<Unlanded>, Error> {
    let repo = run.workspace.repo;
    let base = run.workspace.base.clone();
    let ends = past.ways.first().zip(past.ways.last());
    let base_move = ends.map(|(first, last)| RefMove {
        name: base.full_name.clone(),
        old: Some(last.1),
        new: Some(first.0),
    });
    let mut moves = branches_back(run, past)?;
    let shown: Vec<RefMove> = base_move.iter().chain(&moves).cloned().collect();
    if let (Some((first, last)), Some(one)) = (ends, past.back.first()) {
        let made = (crate::workspace::now(), run.operation.id());
        let known: Vec<Id> = shown.iter().filter_map(|one| one.new).collect();
        moves.extend(kept::keep(
            repo,
            &one.stream,
            made,
            [last.1],
            &[known, vec![first.0]].concat(),
        )?);
    }
    let back = past.back.clone();
    let what = What::Unlanded { back, by: None };
    let Some((first, last)) = ends else {
        reopen(run, past, Vec::new())?;
        if !run.options.dry_run {
            let mut request = run.request(what);
            request.moves = moves;
            run.submit(&request)?;
        }
        return answer(run, past, way, (shown, None)).map(Some);
    };
    let mut checkouts = repo.checkouts_of(&base.full_name)?.into_iter();
    let checkout = checkouts.next();
    if let Some(checkout) = &checkout {
        refuse_busy(&base.branch, checkout, checkouts.next())?;
        refuse_in_the_way(run, checkout, (last.1, first.0))?;
    }
    if run.options.dry_run {
        return answer(run, past, way, (shown, None)).map(Some);
    }
    reopen(run, past, base_move.into_iter().collect())?;
    let parcel = Parcel {
        streams: past.back.iter().map(|one| one.stream.clone()).collect(),
        what,
        moves,
        way: (last.1, first.0),
    };
    let published = match checkout {
        Some(checkout) => take_along(run, &checkout, &parcel)?,
        None => publish(run, &parcel)?,
    };
    match published {
        Published::Yes => answer(run, past, way, (shown, None)).map(Some),
        Published::Raced => Ok(None),
    }
}

/// The streams' branches, as they were before the landing took them away.
fn branches_back(run: &Run<'_>, past: &Past) -> Result<Vec<RefMove>, Error> {
    let repo = run.workspace.repo;
    let mut moves = Vec::new();
    for undo in &past.back {
        let (stream, name) = (&undo.stream, undo.stream.branch_ref());
        if undo.left.claim.is_some() {
            continue;
        }
        let now = repo.read_ref(&name)?;
        let tip = undo.left.landing.as_ref().map(|landing| landing.tip);
        let left = undo.left.work.as_ref().map(|work| work.tip);
        let Some(tip) = tip.filter(|tip| repo.commit(*tip).is_ok()) else {
            let stream = stream.clone();
            return Err(Error::TipGone { stream, tip });
        };
        if now != left {
            let stream = stream.clone();
            return Err(Refusal::Overtaken { stream }.into());
        }
        moves.push(RefMove {
            name,
            old: now,
            new: Some(now.unwrap_or(tip)),
        });
    }
    Ok(moves)
}

fn refuse_in_the_way(
    run: &Run<'_>,
    checkout: &Checkout,
    (old, new): (Id, Id),
) -> Result<(), Error> {
    let repo = run.workspace.repo;
    let (old_tree, new_tree) = (repo.tree_of(old)?, repo.tree_of(new)?);
    let changes = repo.diff_trees(Some(old_tree), Some(new_tree))?;
    match sync::obstacle_between(repo, &checkout.top, old_tree, &changes)? {
        None => Ok(()),
        Some(obstacle) => Err(Error::Obstructed {
            branch: run.workspace.base.branch.clone(),
            checkout: checkout.top.clone(),
            obstacle: Box::new(obstacle),
        }),
    }
}

/// The base goes back in its checkout: its index is held from before the first file moves until
/// after base and ledger have moved in one step, so that nobody can commit half of it.
fn take_along(run: &mut Run<'_>, checkout: &Checkout, parcel: &Parcel) -> Result<Published, Error> {
    let repo = run.workspace.repo;
    let base = run.workspace.base.clone();
    let (old, new) = parcel.way;
    let (old_tree, new_tree) = (repo.tree_of(old)?, repo.tree_of(new)?);
    let linked = checkout.as_linked(&base.full_name);
    let Some(mut hold) = IndexHold::take(repo, &linked, run.operation.id().as_str())? else {
        return Err(Error::CheckoutBusy {
            branch: base.branch,
            checkout: checkout.top.clone(),
            operation: "command of git",
        });
    };
    if repo.read_ref(&base.full_name)? != Some(old) {
        return Ok(Published::Raced);
    }
    let changes = repo.diff_trees(Some(old_tree), Some(new_tree))?;
    if let Err(error) = hold.go(old_tree, new_tree, run.operation.lock()) {
        if hold.is_untouched(&changes)? {
            hold.release();
            return Err(Error::InTheWay {
                branch: base.branch,
                checkout: checkout.top.clone(),
                source: error,
            });
        }
        put_back(run, checkout, hold, (new_tree, old_tree))?;
        return Err(error.into());
    }
    let mut request = telling(run, parcel);
    let base_move = RefMove {
        name: base.full_name.clone(),
        old: Some(old),
        new: Some(new),
    };
    request.moves.insert(0, base_move);
    let published = together(run, &request, &base.full_name);
    if repo.read_ref(&base.full_name)? != Some(new) {
        put_back(run, checkout, hold, (new_tree, old_tree))?;
        return published;
    }
    run.stands_at(new);
    published
}

/// Brings the files of the base's checkout back to where the base is.
pub(super) fn put_back(
    run: &Run<'_>,
    checkout: &Checkout,
    mut hold: IndexHold<'_>,
    way: (Id, Id),
) -> Result<(), Error> {
    let changes = run.workspace.repo.diff_trees(Some(way.0), Some(way.1))?;
    hold.begin()?;
    match hold.settle(way, &changes, run.operation.lock()) {
        Ok(foreign) if foreign.is_empty() => Ok(()),
        settled => {
            hold.leave();
            Err(Error::Torn {
                branch: run.workspace.base.branch.clone(),
                checkout: checkout.top.clone(),
                paths: settled?,
            })
        }
    }
}

// ---- afterwards ----

/// Makes the streams' worktrees again, and says where everything stands.
pub(super) fn answer(
    run: &mut Run<'_>,
    past: &Past,
    way: Way,
    (moves, check): (Vec<RefMove>, Option<Checked>),
) -> Result<Unlanded, Error> {
    let mut streams = Vec::new();
    for undo in &past.back {
        let stream = &undo.stream;
        if run.options.dry_run {
            streams.push((stream.clone(), undo.back.state, None));
            continue;
        }
        make_again(run, undo, way == Way::Reverted);
        let state = run.workspace.state.stream(stream);
        let state = state.map_or(undo.back.state, |record| record.state);
        let worktree = match run.workspace.state.claim(stream) {
            Some(claim) => Some(claim::worktree_of(&run.workspace, stream, claim)?),
            None => None,
        };
        streams.push((stream.clone(), state, worktree));
    }
    run.notes.extend(run.workspace.take_notes());
    Ok(Unlanded {
        way,
        moves,
        check,
        streams,
        notes: std::mem::take(&mut run.notes),
    })
}

/// Makes a stream's worktree again where the landing had taken it away: out of the trash, unless its
/// branch is somewhere else by now.
pub(super) fn make_again(run: &mut Run<'_>, undo: &Undo, is_elsewhere: bool) {
    let stream = &undo.stream;
    let claim = run.workspace.state.claim(stream);
    let intent = claim.and_then(|claim| claim.intent.as_ref());
    if intent.is_none_or(|intent| intent.verb != claim::RESTORE) {
        return;
    }
    match restored(run, undo, is_elsewhere) {
        Ok(notes) => run.notes.extend(notes),
        // The base and the ledger have it; whoever claims the stream again finishes it.
        Err(error) => run.notes.push(format!(
            "the worktree of {stream} could not be made again: {error}; `git stream claim {stream}` \
             tries again"
        )),
    }
}

fn restored(run: &mut Run<'_>, undo: &Undo, is_elsewhere: bool) -> Result<Vec<String>, Error> {
    let stream = &undo.stream;
    let is_ours = run.workspace.state.claim(stream).is_some_and(|claim| {
        let intent = claim.intent.as_ref();
        intent.is_some_and(|intent| intent.op == *run.operation.id())
    });
    if !is_ours {
        let request = run.request(What::Begin {
            stream: stream.clone(),
            verb: claim::RESTORE.to_owned(),
            intends: Vec::new(),
        });
        run.submit(&request)?;
    }
    let mut notes = Vec::new();
    let trashed = trashed(run.workspace.repo, undo)?;
    if let Some(trashed) = trashed.as_ref().filter(|_| is_elsewhere) {
        notes.push(format!(
            "what was in its worktree stays in the trash, in '{}'",
            trashed.worktree().display()
        ));
    }
    let by = run.by.clone();
    let trashed = trashed.filter(|_| !is_elsewhere);
    let made = claim::restore(
        &mut run.workspace,
        &run.operation,
        &by,
        stream,
        trashed.as_ref(),
    )?;
    notes.extend(made);
    Ok(notes)
}

/// What the landing has put into the trash.
fn trashed(repo: &Repo, undo: &Undo) -> Result<Option<Trashed>, Error> {
    let trashed = kept::trash_of(repo, &undo.op, &undo.stream)?;
    Ok(trashed.filter(|one| !one.record.is_disposable))
}
