//! How are many streams synced?
//!
//! One after the other, what others depend on first, after one fetch for all of them. A stream that
//! cannot be synced does not keep the next one from it, and one in which somebody is at work is
//! left alone. An interruption takes effect between two streams, so that each is whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::live::live;
use super::run::{Run, one};
use super::{Error, Live, Options, Outcome, Synced, resolve};
use crate::caller::Company;
use crate::git::Repo;
use crate::ledger::{Actor, Kind, Refusal};
use crate::name::StreamName;
use crate::plan;
use crate::workspace::Workspace;

/// Which streams, and how.
#[derive(Debug, Clone, Default)]
pub struct Many {
    /// Those of others on this machine, too.
    pub others: bool,
    /// Also where somebody is at work.
    pub now: bool,
}

/// What became of one stream.
pub(super) type Result = std::result::Result<Synced, Error>;

/// Syncs every stream of the caller whose worktree is on this machine; `told` hears of each as
/// soon as it is known.
pub fn sync_all(
    repo: &Repo,
    many: &Many,
    options: &Options,
    told: &mut dyn FnMut(&StreamName, &Result),
) -> std::result::Result<Vec<(StreamName, Result)>, Error> {
    let mut workspace = Workspace::open(repo)?;
    let by = workspace.caller(options.agent.as_ref())?;
    if many.others && by.kind != Kind::Person {
        let what = "sync the streams of others".to_owned();
        return Err(Refusal::PersonOnly { what }.into());
    }
    let names = streams(&workspace, &by, many);
    let Some(first) = names.first() else {
        return Ok(Vec::new());
    };
    let interrupted = interruptions();
    Run::start(&mut workspace, first, options)?.fetch()?;
    let company = Company::look();
    let mut answers = Vec::new();
    for name in names {
        let answer = if interrupted.load(Ordering::Relaxed) {
            let stream = name.clone();
            Err(Error::NotReached { stream })
        } else {
            next(&mut workspace, (&by, &company), &name, (many, options))
        };
        told(&name, &answer);
        answers.push((name, answer));
    }
    Ok(answers)
}

/// Syncs one of them, on the state as it is by now.
fn next(
    workspace: &mut Workspace<'_>,
    (by, company): (&Actor, &Company),
    stream: &StreamName,
    (many, options): (&Many, &Options),
) -> Result {
    workspace.state = workspace.ledger().read()?;
    if !many.now
        && let Some(synced) = left_alone(workspace, by, company, stream, options)?
    {
        return Ok(synced);
    }
    one(workspace, stream, options, &mut true)
}

/// In the order in which they are synced.
fn streams(workspace: &Workspace<'_>, by: &Actor, many: &Many) -> Vec<StreamName> {
    let state = &workspace.state;
    let held = state.held().filter(|(name, _, claim)| {
        claim.machine == workspace.machine.id && (many.others || by.is_holder_of(name, claim))
    });
    let mut names: Vec<StreamName> = held.map(|(name, ..)| name.clone()).collect();
    let waves = plan::waves(&workspace.plan);
    let wave_of = |name: &StreamName| waves.iter().position(|wave| wave.contains(name));
    names.sort_by_key(|name| (wave_of(name).unwrap_or(usize::MAX), name.clone()));
    names
}

/// The answer about a stream in which somebody is at work: how far it is behind. `None` where
/// nobody is.
fn left_alone(
    workspace: &Workspace<'_>,
    by: &Actor,
    company: &Company,
    stream: &StreamName,
    options: &Options,
) -> std::result::Result<Option<Synced>, Error> {
    let Some(live) = live(workspace, by, company, stream)? else {
        return Ok(None);
    };
    let (repo, base) = (workspace.repo, &workspace.base);
    let Some(tip) = repo.read_ref(&stream.branch_ref())? else {
        return Ok(None);
    };
    let behind = repo.commits_between(&[base.commit], &[tip])?.len();
    let is_pending = resolve::pending(repo, stream)?.is_some();
    let outcome = if behind > 0 || is_pending {
        Outcome::Behind(Behind { behind, live })
    } else {
        Outcome::UpToDate
    };
    Ok(Some(Synced {
        stream: stream.clone(),
        old: tip,
        new: tip,
        base: base.commit,
        base_branch: base.branch.clone(),
        commits: repo.commits_between(&[tip], &[base.commit])?.len(),
        outcome,
        aside: None,
        recalled: Vec::new(),
        notes: Vec::new(),
        dry_run: options.dry_run,
    }))
}

/// A stream that was left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// How many commits the base has that it has not.
    pub behind: usize,
    /// Who is at work in it.
    pub live: Live,
}

/// Whether somebody wants this process to end. The first signal is remembered, a second one ends
/// it, as does one that cannot be watched.
fn interruptions() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let second = flag::register_conditional_default(signal, Arc::clone(&flag));
        if second.is_ok() {
            drop(flag::register(signal, Arc::clone(&flag)));
        }
    }
    flag
}
