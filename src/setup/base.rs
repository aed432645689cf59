//! Which branch do streams start from?
//!
//! The one that was named, else the recorded one, else the plan's, else `main` or `master`, else
//! the branch that is checked out.

use super::{Error, Options};
use crate::git::Repo;
use crate::ledger::{Base, State};
use crate::plan;
use crate::workspace::{PLAN, full_name};

/// The branch, and its commit now.
pub(super) fn choose(repo: &Repo, state: &State, options: &Options) -> Result<Base, Error> {
    let recorded = state.base.as_ref();
    let (branch, remote) = match (&options.base, recorded) {
        (Some(named), _) => (named.clone(), recorded.and_then(|base| base.remote.clone())),
        (None, Some(base)) => (base.branch.clone(), base.remote.clone()),
        (None, None) => found(repo)?,
    };
    let full_name = full_name(&branch, remote.as_deref());
    let commit = repo.read_ref(&full_name)?.ok_or_else(|| Error::NoBase {
        branch: branch.clone(),
        remote: remote.clone(),
        full_name: full_name.clone(),
    })?;
    if let (Some(base), false) = (recorded, options.accept)
        && base.branch == branch
    {
        return Ok(base.clone());
    }
    Ok(Base {
        branch,
        remote,
        commit,
        extra: toml::Table::new(),
    })
}

fn found(repo: &Repo) -> Result<(String, Option<String>), Error> {
    let Some(head) = repo.head()? else {
        return Err(crate::git::Error::Unborn.into());
    };
    let planned = match std::fs::read(repo.private(PLAN)) {
        Ok(bytes) => Some(bytes),
        Err(_none) => repo.blob_at(repo.tree_of(head)?, PLAN)?,
    };
    if let Some(bytes) = planned {
        let plan = plan::parse_quickly(&bytes).into_plan(PLAN)?;
        if plan.base_given || plan.remote.is_some() {
            return Ok((plan.base, plan.remote));
        }
    }
    for branch in ["main", "master"] {
        if repo.read_ref(&format!("refs/heads/{branch}"))?.is_some() {
            return Ok((branch.to_owned(), None));
        }
    }
    let current = repo.head_branch()?;
    let current = current
        .as_deref()
        .and_then(|name| name.strip_prefix("refs/heads/"));
    match current {
        Some(branch) if !branch.starts_with("stream/") => Ok((branch.to_owned(), None)),
        Some(_) | None => Err(Error::WhichBase),
    }
}
