//! How does a decided request become a commit of the ledger?

use bstr::BString;

use crate::git::{Commit, Id, Repo};
use crate::ledger::error::Error;
use crate::ledger::event::Event;
use crate::ledger::files;
use crate::ledger::state::State;

/// Who has announced what is decided here: the author of the entry, and its trailer.
pub(super) struct For {
    pub(super) author: BString,
    pub(super) trailer: String,
}

/// Writes the commit, on top of one that holds the state before; no ref points at it yet.
pub(super) fn write(
    repo: &Repo,
    tip: Option<Id>,
    before: &State,
    after: &State,
    event: &Event,
) -> Result<Id, Error> {
    write_for(repo, tip, (before, after), event, None)
}

/// The same for another machine.
pub(super) fn write_for(
    repo: &Repo,
    tip: Option<Id>,
    (before, after): (&State, &State),
    event: &Event,
    of: Option<For>,
) -> Result<Id, Error> {
    let tree = tip.map(|tip| repo.tree_of(tip)).transpose()?;
    let identity = repo.committer()?;
    let mut message = event.message(repo.null_id());
    let author = match of {
        Some(of) => {
            message.push_str(&of.trailer);
            of.author
        }
        None => identity.clone(),
    };
    Ok(repo.write_commit(&Commit {
        tree: files::write(repo, tree, (before, after), &event.files)?,
        parents: tip.into_iter().collect(),
        author,
        committer: identity,
        encoding: None,
        message: message.into(),
    })?)
}

/// The state that a commit of the ledger holds; the empty one before the first.
pub(super) fn read(repo: &Repo, tip: Option<Id>) -> Result<State, Error> {
    tip.map_or_else(|| Ok(State::default()), |tip| files::read(repo, tip))
}
