//! How is a resolution given up?

use std::path::PathBuf;

use super::super::run::Run;
use super::record::{Resolution, sweep};
use super::{Error, scratch};
use crate::git::Repo;
use crate::name::StreamName;
use crate::sync::Options;
use crate::workspace::Workspace;

/// What giving it up has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aborted {
    /// The stream.
    pub stream: StreamName,
    /// The worktree that is gone.
    pub worktree: PathBuf,
    /// The ref that keeps what was resolved so far, if anything was.
    pub kept: Option<String>,
    /// Whether nothing was meant to change.
    pub dry_run: bool,
}

/// Gives it up. The question stays open; the stream is where it was.
pub fn abort(repo: &Repo, named: Option<&StreamName>, options: &Options) -> Result<Aborted, Error> {
    let stream = super::open::stream_of(&Workspace::open(repo)?, named)?;
    // The worktree that the caller may stand in will be gone.
    let repo = &Repo::at(repo.main_top().unwrap_or_else(|| repo.common_dir()))?;
    let mut workspace = Workspace::open(repo)?;
    let Some(resolution) = Resolution::read(repo, &stream)? else {
        sweep(repo, &stream)?;
        return Err(Error::NotResolving { stream });
    };
    let run = Run::start(&mut workspace, &stream, options)?;
    run.authorise()?;
    super::open::refuse_ending(&run, &resolution)?;
    let worktree = resolution.worktree.clone();
    let mut kept = None;
    if !options.dry_run {
        let known = [
            run.workspace.base.commit,
            run.tip()?,
            resolution.base(repo)?,
        ];
        kept = scratch::remove(run.workspace, &run.operation, &resolution, &known)?;
        resolution.forget(repo)?;
    }
    Ok(Aborted {
        stream: stream.clone(),
        worktree,
        kept,
        dry_run: options.dry_run,
    })
}
