//! What have landings of this machine left that died?
//!
//! The base tells: where it has what was to land, the ledger is told, with all that was written
//! down before; where it has not, the intent is forgotten, and nothing has happened. Where base and
//! ledger move on the remote together, the ledger has told already.
//!
//! What takes a landing back dies in the same ways. Where it moves the base back in its checkout,
//! the lock on the index is left, too, and maybe half of the files.

use std::time::{Duration, Instant};

use super::check::Beat;
use super::run::{Options, Run, TURN};
use super::unland::{make_again, put_back};
use super::{Error, pending, tidy};
use crate::claim;
use crate::git::{IndexHold, Lock, Repo};
use crate::ledger::{OpId, Request, Stream, What, is_dead, is_running};
use crate::name::{AgentName, StreamName};
use crate::sync;

/// How long it may take until a landing that has its turn has settled what died before.
const SETTLES: Duration = Duration::from_secs(2);

/// Finishes or forgets the landings of this machine that died. Answers what was done.
pub fn settle<'r>(
    repo: &'r Repo,
    options: &Options,
    tell: &'r mut dyn FnMut(Beat),
) -> Result<Vec<String>, Error> {
    let mut run = Run::start(repo, options, tell)?;
    let _turn = run.take_turn()?;
    finish(&mut run)?;
    Ok(run.notes)
}

/// Settles the landings of this machine that may have moved the base, and died before the ledger
/// knew; for whoever goes on with a stream, and would take such a landing for one that had come to
/// nothing. Where there is none, it costs a look into a directory.
pub fn settle_moved(repo: &Repo, agent: Option<&AgentName>) -> Result<Vec<String>, Error> {
    let options = Options {
        agent: agent.cloned(),
        ..Options::default()
    };
    let began = Instant::now();
    while pending::has_dead(repo)? {
        if let Some(_turn) = Lock::try_take(&repo.private(TURN))? {
            let mut silent = |_: Beat| {};
            let mut run = Run::start(repo, &options, &mut silent)?;
            finish(&mut run)?;
            return Ok(run.notes);
        }
        // A landing that has its turn settles them first of all, and may then check for hours.
        if began.elapsed() > SETTLES {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(Vec::new())
}

/// Whether there is anything to finish or forget.
pub(super) fn is_needed(run: &Run<'_>) -> Result<bool, Error> {
    Ok(!dead(run)?.is_empty())
}

/// Finishes or forgets them.
pub(super) fn finish(run: &mut Run<'_>) -> Result<(), Error> {
    // A push may have arrived whose answer nobody has heard.
    if run.workspace.ledger().is_pushing()? || !dead(run)?.is_empty() {
        run.workspace.refresh()?;
    }
    free_checkout(run)?;
    let held = run.workspace.state.held();
    let held: Vec<StreamName> = held.map(|(stream, ..)| stream.clone()).collect();
    for stream in &held {
        claim::take_back_dead(&mut run.workspace, stream)?;
    }
    // Each by itself: to finish one may finish others of the same operation.
    while let Some((stream, op)) = dead(run)?.into_iter().next() {
        let repo = run.workspace.repo;
        // The ledger knows: only claim and worktree are left.
        let record = run.workspace.state.stream(&stream);
        if record.is_some_and(Stream::has_counted) {
            pending::forget(repo, &op);
            forget(run, &stream, &op)?;
            continue;
        }
        let Some(request) = pending::read(repo, &op)? else {
            forget(run, &stream, &op)?;
            continue;
        };
        if !has_arrived(run, &request)? {
            pending::forget(repo, &op);
            forget(run, &stream, &op)?;
            continue;
        }
        run.submit(&request)?;
        pending::forget(repo, &op);
        if let What::Unlanded { back, by } = &request.what {
            let note = "finished an earlier undo of a landing that was cut off";
            run.notes.push(note.to_owned());
            for undo in back {
                make_again(run, undo, by.is_some());
            }
        } else {
            let note = format!("finished an earlier landing of {stream} that was cut off");
            run.notes.push(note);
            forget(run, &stream, &op)?;
        }
    }
    pending::forget_others(run.workspace.repo, run.operation.id());
    Ok(())
}

/// Gives the index of the base's checkout free that a dead operation of ours holds; with the files
/// where the base is.
fn free_checkout(run: &Run<'_>) -> Result<(), Error> {
    let (repo, base) = (run.workspace.repo, &run.workspace.base);
    if base.remote.is_some() {
        return Ok(());
    }
    for checkout in repo.checkouts_of(&base.full_name)? {
        let linked = checkout.as_linked(&base.full_name);
        let Some(holder) = repo.index_holder(&linked) else {
            continue;
        };
        if is_running(repo, &holder)? {
            continue;
        }
        let hold = IndexHold::inherit(repo, &linked, run.operation.id().as_str())?;
        let intents = run.workspace.state.held();
        let mut intents = intents.filter_map(|(_, _, claim)| claim.intent.as_ref());
        let intent = intents.find(|intent| intent.op.as_str() == holder);
        let way = intent.and_then(|intent| {
            let mut moves = intent.moves.iter();
            let one = moves.find(|one| one.name == base.full_name)?;
            one.old.zip(one.new)
        });
        match way {
            Some((old, new)) if repo.read_ref(&base.full_name)? == Some(old) => {
                let way = (repo.tree_of(new)?, repo.tree_of(old)?);
                put_back(run, &checkout, hold, way)?;
            }
            // The files moved before the base did.
            Some(_) | None => hold.release(),
        }
    }
    Ok(())
}

/// The streams with an intent to land, or to take a landing back, whose operation has died on this
/// machine.
fn dead(run: &Run<'_>) -> Result<Vec<(StreamName, OpId)>, Error> {
    let workspace = &run.workspace;
    let mut found = Vec::new();
    for (stream, _, claim) in workspace.state.held() {
        let intent = claim.intent.as_ref();
        let Some(intent) = intent.filter(|one| one.is_of_landing()) else {
            continue;
        };
        if is_dead(workspace.repo, &workspace.machine, intent)? {
            found.push((stream.clone(), intent.op.clone()));
        }
    }
    Ok(found)
}

fn has_arrived(run: &mut Run<'_>, request: &Request) -> Result<bool, Error> {
    let Some(new) = request.what.leads_base_to() else {
        return Ok(false);
    };
    sync::fetch(&mut run.workspace)?;
    let repo = run.workspace.repo;
    match repo.read_ref(&run.workspace.base.full_name)? {
        Some(tip) => Ok(repo.has(new) && repo.is_ancestor(new, tip)?),
        None => Ok(false),
    }
}

/// Takes the intent away. Of a stream that has landed, claim and worktree go as they should have,
/// if the caller may do that.
fn forget(run: &mut Run<'_>, stream: &StreamName, op: &OpId) -> Result<(), Error> {
    let record = run.workspace.state.stream(stream);
    let counted = record.filter(|record| record.has_counted());
    if let Some(landing) = counted.and_then(|record| record.landing.clone())
        && run
            .announce(std::slice::from_ref(stream), Vec::new(), Vec::new())
            .is_ok()
    {
        tidy::tidy(run, stream, landing.tip, landing.new)?;
        return Ok(());
    }
    let what = What::Abandon {
        stream: stream.clone(),
        dead: op.clone(),
    };
    let request = run.request(what);
    run.submit(&request)
}
