//! How does the queue stay, and land what becomes complete?
//!
//! It looks whether the ledger or the base has moved since, which costs nothing, and drains the
//! queue where that brings something. What does not land is left alone until the stream or the base
//! is another one, and what was only in the way is tried again after a while: a check that fails
//! does not run over and over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::batch::{Queue, complete, land_all};
use super::check::Signals;
use super::run::Options;
use super::{Beat, Error};
use crate::exit::{Exit, Explain};
use crate::git::{Id, Repo};
use crate::ledger::Ledger;
use crate::name::StreamName;
use crate::workspace::Workspace;

/// How often it looks.
const GLANCE: Duration = Duration::from_millis(500);
/// After how long what was only in the way is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// What a stream and its base were when it did not land.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tried {
    tip: Option<Id>,
    base: Id,
    /// When to try it again all the same.
    until: Option<Instant>,
}

/// Drains the queue whenever something is complete, until a signal comes. `heard` is told of every
/// batch, and of what kept the queue from being looked at; it says whether to go on.
pub fn watch(
    repo: &Repo,
    options: &Options,
    tell: &mut dyn FnMut(Beat),
    heard: &mut dyn FnMut(Result<Queue, Error>) -> bool,
) -> Result<(), Error> {
    let signals = Signals::watch();
    let base = Workspace::open(repo)?.base.full_name;
    let stands = || -> Result<_, Error> { Ok((Ledger::of(repo).tip()?, repo.read_ref(&base)?)) };
    let mut tried: BTreeMap<StreamName, Tried> = BTreeMap::new();
    let (mut seen, mut retry) = (None, None);
    while !signals.came() {
        let now = stands()?;
        let is_due = retry.is_some_and(|at| Instant::now() >= at);
        if seen == Some(now) && !is_due {
            std::thread::sleep(GLANCE);
            continue;
        }
        (seen, retry) = (Some(now), None);
        let Some(except) = passed_over(repo, options, &tried)? else {
            retry = soonest(&tried);
            continue;
        };
        let options = Options {
            except,
            ..options.clone()
        };
        let queue = land_all(repo, &options, tell);
        if let Ok(queue) = &queue {
            remember(repo, queue, &mut tried)?;
        } else {
            retry = Some(Instant::now() + AGAIN);
        }
        // What this very batch has written is no news.
        seen = Some(stands()?);
        retry = retry.or_else(|| soonest(&tried));
        let is_news = queue
            .as_ref()
            .map_or(true, |queue| !queue.streams.is_empty());
        if is_news && !heard(queue) {
            break;
        }
    }
    Ok(())
}

fn soonest(tried: &BTreeMap<StreamName, Tried>) -> Option<Instant> {
    tried.values().filter_map(|one| one.until).min()
}

/// The complete streams that were tried as they are; `None` where there are no others.
fn passed_over(
    repo: &Repo,
    options: &Options,
    tried: &BTreeMap<StreamName, Tried>,
) -> Result<Option<Vec<StreamName>>, Error> {
    let workspace = Workspace::open(repo)?;
    let by = workspace.caller(options.agent.as_ref())?;
    let (mut except, mut is_any) = (Vec::new(), false);
    for stream in complete(&workspace, &by) {
        let tip = repo.read_ref(&stream.branch_ref())?;
        let is_same = tried.get(&stream).is_some_and(|one| {
            let is_over = one.until.is_some_and(|until| Instant::now() >= until);
            (one.tip, one.base) == (tip, workspace.base.commit) && !is_over
        });
        if is_same {
            except.push(stream);
        } else {
            is_any = true;
        }
    }
    Ok(is_any.then_some(except))
}

/// Keeps in mind what has not landed.
fn remember(
    repo: &Repo,
    queue: &Queue,
    tried: &mut BTreeMap<StreamName, Tried>,
) -> Result<(), Error> {
    let base = Workspace::open(repo)?.base.commit;
    for (stream, ended) in &queue.streams {
        let exit = ended
            .as_ref()
            .map_or_else(Explain::exit, super::Landed::exit);
        if exit == Exit::Done {
            tried.remove(stream);
            continue;
        }
        let may_succeed = [Exit::Busy, Exit::Broken].contains(&exit);
        let one = Tried {
            tip: repo.read_ref(&stream.branch_ref())?,
            base,
            until: may_succeed.then(|| Instant::now() + AGAIN),
        };
        tried.insert(stream.clone(), one);
    }
    Ok(())
}
