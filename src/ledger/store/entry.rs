//! How does a decided request become a commit of the ledger?

use crate::git::{Commit, Id, Repo};
use crate::ledger::error::Error;
use crate::ledger::event::Event;
use crate::ledger::files;
use crate::ledger::state::State;

/// Writes the commit, on top of one that holds the state before; no ref points at it yet.
pub(super) fn write(
    repo: &Repo,
    tip: Option<Id>,
    before: &State,
    after: &State,
    event: &Event,
) -> Result<Id, Error> {
    let tree = tip.map(|tip| repo.tree_of(tip)).transpose()?;
    let identity = repo.committer()?;
    Ok(repo.write_commit(&Commit {
        tree: files::write(repo, tree, (before, after), &event.files)?,
        parents: tip.into_iter().collect(),
        author: identity.clone(),
        committer: identity,
        encoding: None,
        message: event.message(repo.null_id()).into(),
    })?)
}

/// The state that a commit of the ledger holds; the empty one before the first.
pub(super) fn read(repo: &Repo, tip: Option<Id>) -> Result<State, Error> {
    tip.map_or_else(|| Ok(State::default()), |tip| files::read(repo, tip))
}
