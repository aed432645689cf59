//! How are all streams of the caller synced?
//!
//! One after the other, what others depend on first. A stream that cannot be synced does not keep
//! the next one from it.

use super::run::one;
use super::{Error, Options, Synced};
use crate::git::Repo;
use crate::name::StreamName;
use crate::plan;
use crate::workspace::Workspace;

/// What became of one stream.
pub(super) type Result = std::result::Result<Synced, Error>;

/// Syncs every stream of the caller whose worktree is on this machine.
pub fn sync_all(
    repo: &Repo,
    options: &Options,
) -> std::result::Result<Vec<(StreamName, Result)>, Error> {
    let mut workspace = Workspace::open(repo)?;
    let by = workspace.caller(options.agent.as_ref())?;
    let here = workspace.machine.id.clone();
    let held = workspace.state.held();
    let mut names: Vec<StreamName> = held
        .filter(|(name, _, claim)| claim.machine == here && by.is_holder_of(name, claim))
        .map(|(name, _, _)| name.clone())
        .collect();
    let waves = plan::waves(&workspace.plan);
    let wave_of = |name: &StreamName| waves.iter().position(|wave| wave.contains(name));
    names.sort_by_key(|name| (wave_of(name).unwrap_or(usize::MAX), name.clone()));
    let mut is_fetched = false;
    let mut answers = Vec::new();
    for name in names {
        let answer = one(&mut workspace, &name, options, &mut is_fetched);
        answers.push((name, answer));
    }
    Ok(answers)
}
