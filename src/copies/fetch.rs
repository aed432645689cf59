//! What have the machines pushed of their streams?

use std::time::Duration;

use crate::git::{Error, Id, Repo};
use crate::ledger::Share;
use crate::name::StreamName;
use crate::workspace::Workspace;

/// Fetches the base, and with a shared ledger everything that was pushed of streams, into git's own
/// tracking refs. Nothing where the base is on no remote.
pub fn fetch(workspace: &Workspace<'_>, limit: Duration) -> Result<(), Error> {
    let base = &workspace.base;
    let (repo, branch) = (workspace.repo, &base.branch);
    let Some(remote) = &base.remote else {
        return Ok(());
    };
    let is_shared = Share::of(&workspace.state).is_some_and(|share| share.remote == *remote);
    if !is_shared {
        return repo.fetch_branch(remote, branch, limit);
    }
    let (name, into) = (format!("refs/heads/{branch}"), tracking(remote, branch));
    let streams = below(remote);
    let both = ("refs/heads/stream/", streams.as_str());
    match repo.fetch_refs(remote, (&name, &into), Some(both), limit) {
        // The branches of streams are worth a look, and no more: the base has to come.
        Err(Error::Failed {
            status: Some(_), ..
        }) => repo.fetch_branch(remote, branch, limit),
        fetched => fetched,
    }
}

/// What a remote has of a stream, as far as it was fetched.
pub fn known(repo: &Repo, remote: &str, stream: &StreamName) -> Result<Option<Id>, Error> {
    repo.read_ref(&tracking(remote, &stream.branch()))
}

/// Below which refs is what was fetched of streams.
pub fn below(remote: &str) -> String {
    tracking(remote, "stream/")
}

fn tracking(remote: &str, branch: &str) -> String {
    format!("refs/remotes/{remote}/{branch}")
}
