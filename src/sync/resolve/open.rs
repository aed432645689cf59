//! How does a resolution begin?

use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};

use super::super::decide::Verdict;
use super::super::run::Run;
use super::super::{Stuck, early, question};
use super::record::Resolution;
use super::{Error, scratch};
use crate::git::{Id, Repo};
use crate::ledger::Kind;
use crate::name::StreamName;
use crate::plan::Resolver;
use crate::rule::Scope;
use crate::sync::{Options, Question, Recalled};
use crate::workspace::Workspace;

/// A resolution that was begun, or was going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The stream.
    pub stream: StreamName,
    /// Where the person works.
    pub worktree: PathBuf,
    /// What cannot be applied; `None` where it was going on already.
    pub question: Option<Box<Question>>,
    /// The paths that are in conflict there now.
    pub paths: Vec<BString>,
    /// The conflicts before it that were resolved as a person did it before.
    pub recalled: Vec<Recalled>,
    /// Whether nothing was meant to change.
    pub dry_run: bool,
}

/// Begins a resolution, or answers the one that is going on.
pub fn open(repo: &Repo, named: Option<&StreamName>, options: &Options) -> Result<Opened, Error> {
    let mut workspace = Workspace::open(repo)?;
    let stream = stream_of(&workspace, named)?;
    let mut run = Run::start(&mut workspace, &stream, options)?;
    run.authorise()?;
    if let Some(resolution) = going_on(&run, &stream)? {
        return answer(repo, &resolution, (None, Vec::new()), options);
    }
    run.fetch()?;
    let (stuck, tip) = stuck(&mut run, &stream)?;
    let recalled = std::mem::take(&mut run.recalled);
    refuse_agents(&run, &stream, &stuck)?;
    let workspace = &*run.workspace;
    let base = run.ground(tip)?.commit;
    let linked = early::worktree(workspace, &stream)?.map_err(|_gone| Error::Nothing {
        stream: stream.clone(),
    })?;
    let question = question::conflict(workspace, &stream, &linked.top, tip, &stuck)?;
    let top = scratch::place(workspace, &stream)?;
    let epoch = workspace
        .state
        .stream(&stream)
        .map_or(0, |known| known.epoch);
    let person = run.by.kind == Kind::Person;
    let resolution = Resolution::new(&stream, epoch, (tip, base), top.clone(), person);
    if options.dry_run {
        return Ok(Opened {
            paths: question.paths.clone(),
            question: Some(Box::new(question)),
            recalled,
            worktree: top,
            stream,
            dry_run: true,
        });
    }
    if top.symlink_metadata().is_ok() {
        return Err(Error::PlaceTaken { path: top });
    }
    resolution.write(repo)?;
    scratch::make(workspace, &run.operation, &top, tip)?;
    let upstream = stuck.landed.unwrap_or(base);
    scratch::rebase(repo, &top, upstream, base)?;
    scratch::go_on(repo, &top, &recalled)?;
    let question = Some(Box::new(question));
    answer(repo, &resolution, (question, recalled), options)
}

/// The stream that is named, or whose resolution is made in this worktree.
pub(super) fn stream_of(
    workspace: &Workspace<'_>,
    named: Option<&StreamName>,
) -> Result<StreamName, Error> {
    let repo = workspace.repo;
    if named.is_none()
        && let Some(top) = repo.top()
    {
        for (stream, ..) in workspace.state.held() {
            let resolution = Resolution::read(repo, stream)?;
            if resolution.is_some_and(|one| one.worktree == top) {
                return Ok(stream.clone());
            }
        }
    }
    Ok(workspace.stream(named)?)
}

/// A resolution of this claim in whose worktree something has been done or begun. What an earlier
/// claim has left, or a beginning that was killed, is cleared away.
fn going_on(run: &Run<'_, '_>, stream: &StreamName) -> Result<Option<Resolution>, Error> {
    let repo = run.workspace.repo;
    let Some(resolution) = Resolution::read(repo, stream)? else {
        return Ok(None);
    };
    let known = run.workspace.state.stream(stream);
    let is_of_claim = known.is_some_and(|known| known.epoch == resolution.epoch);
    if is_of_claim && resolution.result(repo)?.is_some() {
        return Ok(Some(resolution));
    }
    if is_of_claim && let Some(linked) = resolution.linked(repo)? {
        let is_begun = repo.operation_in_progress(&linked.git_dir).is_some();
        let head = repo.call_at(&linked).args(["rev-parse", "HEAD"]).run()?;
        if is_begun || repo.parse_id(&head.line()) != Some(resolution.tip(repo)?) {
            return Ok(Some(resolution));
        }
    }
    if !run.options.dry_run {
        let known = [
            run.workspace.base.commit,
            run.tip()?,
            resolution.base(repo)?,
        ];
        scratch::remove(run.workspace, &run.operation, &resolution, &known)?;
        resolution.forget(repo)?;
    }
    Ok(None)
}

/// What keeps the stream from being synced, and the commit that it is at.
fn stuck(run: &mut Run<'_, '_>, stream: &StreamName) -> Result<(Box<Stuck>, Id), Error> {
    let nothing = || Error::Nothing {
        stream: stream.clone(),
    };
    if run.workspace.base.doubt.is_some() {
        return Err(nothing());
    }
    let linked = early::worktree(run.workspace, stream)?.map_err(|_gone| nothing())?;
    let tip = run.tip()?;
    match run.verdict(&linked, tip)? {
        Verdict::Stuck(stuck) => Ok((stuck, tip)),
        Verdict::UpToDate { .. } | Verdict::Contained | Verdict::Moves(_) => Err(nothing()),
    }
}

/// An agent may resolve only where the plan lets it, and only what is its own.
fn refuse_agents(run: &Run<'_, '_>, stream: &StreamName, stuck: &Stuck) -> Result<(), Error> {
    let may = || {
        if run.by.kind == Kind::Person {
            return true;
        }
        let claim = run.workspace.state.claim(stream);
        run.workspace.plan.sync.resolver == Resolver::Holder
            && claim.is_some_and(|claim| {
                let own = Scope::new(&claim.territory(), &run.workspace.plan);
                let paths = stuck.paths();
                run.by.is_holder_of(stream, claim)
                    && paths.iter().all(|path| own.owns(path.as_bstr()))
            })
    };
    if may() {
        return Ok(());
    }
    Err(Error::ForPerson {
        stream: stream.clone(),
        holder_may: run.workspace.plan.sync.resolver == Resolver::Holder,
    })
}

/// What a person has begun is a person's to end.
pub(super) fn refuse_ending(run: &Run<'_, '_>, resolution: &Resolution) -> Result<(), Error> {
    if run.by.kind == Kind::Person || !resolution.person {
        return Ok(());
    }
    Err(Error::ForPerson {
        stream: resolution.stream.clone(),
        holder_may: run.workspace.plan.sync.resolver == Resolver::Holder,
    })
}

fn answer(
    repo: &Repo,
    resolution: &Resolution,
    (question, recalled): (Option<Box<Question>>, Vec<Recalled>),
    options: &Options,
) -> Result<Opened, Error> {
    let mut paths = Vec::new();
    if let Some(linked) = resolution.linked(repo)? {
        let output = repo
            .call_at(&linked)
            .args(["diff", "--name-only", "--diff-filter=U", "-z"])
            .run()?;
        let names = output
            .stdout
            .split_str("\0")
            .filter(|name| !name.is_empty());
        paths = names.map(BString::from).collect();
    }
    Ok(Opened {
        stream: resolution.stream.clone(),
        worktree: resolution.worktree.clone(),
        question,
        paths,
        recalled,
        dry_run: options.dry_run,
    })
}
