//! Which commit of the base branch can be trusted?
//!
//! With a remote, the tracking ref: what the server has accepted. Without one, the commit that the
//! ledger has recorded, moved forward to the local branch's tip when that descends from it and
//! brings no commit of a held stream that breaks the stream's rule. Otherwise it is a question to
//! a person, and until that is answered the recorded commit counts.

use bstr::BString;

use super::Error;
use super::trespass::Brought;
use crate::git::{Id, Repo};
use crate::ledger::{Base, State};
use crate::name::StreamName;

/// The base as it may be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// The short name of the branch: `main`.
    pub branch: String,
    /// The remote whose branch it is, if there is one.
    pub remote: Option<String>,
    /// The full name of the ref that was read: `refs/heads/main`, `refs/remotes/origin/main`.
    pub full_name: String,
    /// The commit that counts.
    pub commit: Id,
    /// The commit that the ledger has recorded.
    pub recorded: Id,
    /// Why the branch's tip is not trusted, where it is not.
    pub doubt: Option<Doubt>,
}

/// Why the tip of the base branch is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The branch is gone.
    Gone,
    /// It does not descend from the commit that was recorded: somebody rewrote it.
    Rewritten {
        /// Its tip.
        tip: Id,
    },
    /// It brings a commit of a held stream that breaks the stream's rule: somebody merged it.
    Trespass {
        /// The stream.
        stream: StreamName,
        /// The commit.
        commit: Id,
        /// The paths that are not the stream's; none where that cannot be told, since the commit
        /// meets the base in several places.
        paths: Vec<BString>,
    },
}

/// The full name of the ref that a base is read from.
pub fn full_name(branch: &str, remote: Option<&str>) -> String {
    match remote {
        Some(remote) => format!("refs/remotes/{remote}/{branch}"),
        None => format!("refs/heads/{branch}"),
    }
}

pub(super) fn trusted(repo: &Repo, state: &State) -> Result<Trusted, Error> {
    let Some(Base {
        branch,
        remote,
        commit: recorded,
        ..
    }) = state.base.clone()
    else {
        return Err(Error::NotSetUp);
    };
    let full_name = full_name(&branch, remote.as_deref());
    let tip = repo.read_ref(&full_name)?;
    let (commit, doubt) = match tip {
        // The server's word counts, also after a forced push that its owners have allowed.
        Some(tip) if remote.is_some() || tip == recorded => (tip, None),
        Some(tip) if repo.is_ancestor(recorded, tip)? => {
            let brought = Brought::new(repo, (&full_name, &branch), recorded, tip)?;
            match brought.trespass(state)? {
                None => (tip, None),
                doubt => (recorded, doubt),
            }
        }
        Some(tip) => (recorded, Some(Doubt::Rewritten { tip })),
        None => (recorded, Some(Doubt::Gone)),
    };
    if !repo.has(commit) {
        return Err(Error::BaseLost { branch, commit });
    }
    Ok(Trusted {
        branch,
        remote,
        full_name,
        commit,
        recorded,
        doubt,
    })
}
