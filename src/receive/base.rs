//! By which branch does a server judge streams?
//!
//! By the one that its own configuration names, which nobody can push; else by the one that its
//! ledger names; else by the one that HEAD is on. Its commit is where the branch is before the
//! push: what the server has accepted. A remote that the ledger names is that of a clone; here the
//! branch itself is meant.

use super::Error;
use crate::git::{Id, Repo};
use crate::ledger::{Base, State};

/// The key in the server's configuration.
pub const KEY: &str = "stream.base";

/// The short name of the base branch.
pub fn branch(repo: &Repo, state: &State) -> Result<String, Error> {
    if let Some(named) = repo.config(KEY) {
        let named = named.to_string();
        return short(named.strip_prefix("refs/heads/").unwrap_or(&named));
    }
    if let Some(Base { branch, .. }) = &state.base {
        return short(branch);
    }
    let head = repo.head_branch()?;
    short(
        head.as_deref()
            .and_then(|name| name.strip_prefix("refs/heads/"))
            .unwrap_or_default(),
    )
}

/// A stream's branch would make everything on it right.
fn short(name: &str) -> Result<String, Error> {
    if name.is_empty() || name.starts_with("stream/") {
        return Err(Error::WhichBase);
    }
    Ok(name.to_owned())
}

/// The full name of the base branch.
pub(super) fn full_name(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

/// The commit that is trusted.
pub(super) fn trusted(repo: &Repo, branch: &str) -> Result<Id, Error> {
    let target = repo.target_of(full_name(branch).as_str().into())?;
    if target.starts_with(b"refs/heads/stream/") {
        return Err(Error::WhichBase);
    }
    repo.read_ref(&full_name(branch))?
        .ok_or_else(|| Error::NoBase {
            branch: branch.to_owned(),
        })
}
