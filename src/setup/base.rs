//! Which branch do streams start from?
//!
//! The one that was named, else the recorded one, else the plan's, else `main` or `master`, else
//! the branch that is checked out.

use super::{Error, Options};
use crate::git::{Id, Repo};
use crate::ledger::{Base, State};
use crate::plan;
use crate::workspace::{PLAN, full_name};

/// The branch, and its commit now.
pub(super) fn choose(repo: &Repo, state: &State, options: &Options) -> Result<Base, Error> {
    let recorded = state.base.as_ref();
    let Place {
        branch,
        remote,
        ledger,
    } = match (&options.base, recorded) {
        (Some(named), Some(base)) => Place::of(base).called(named),
        (None, Some(base)) => Place::of(base),
        (Some(named), None) => Place::local(named),
        (None, None) => found(repo)?,
    };
    let ledger = match recorded {
        // A repository that was set up before its plan named a ledger begins to share it.
        Some(base) if ledger.is_none() && options.joins => planned(repo, base.commit)?
            .filter(|place| place.remote == remote)
            .and_then(|place| place.ledger),
        Some(_) | None => ledger,
    };
    let full_name = full_name(&branch, remote.as_deref());
    let commit = repo.read_ref(&full_name)?.ok_or_else(|| Error::NoBase {
        branch: branch.clone(),
        remote: remote.clone(),
        full_name: full_name.clone(),
    })?;
    if let (Some(base), false) = (recorded, options.accept)
        && base.branch == branch
        && base.ledger == ledger
    {
        return Ok(base.clone());
    }
    Ok(Base {
        branch,
        remote,
        ledger,
        commit,
        extra: toml::Table::new(),
    })
}

/// Where the base branch is, and where its ledger.
struct Place {
    branch: String,
    remote: Option<String>,
    ledger: Option<String>,
}

impl Place {
    fn of(base: &Base) -> Place {
        Place {
            branch: base.branch.clone(),
            remote: base.remote.clone(),
            ledger: base.ledger.clone(),
        }
    }

    fn local(branch: &str) -> Place {
        Place {
            branch: branch.to_owned(),
            remote: None,
            ledger: None,
        }
    }

    fn called(self, branch: &str) -> Place {
        let branch = branch.to_owned();
        Place { branch, ..self }
    }
}

fn found(repo: &Repo) -> Result<Place, Error> {
    let Some(head) = repo.head()? else {
        return Err(crate::git::Error::Unborn.into());
    };
    if let Some(planned) = planned(repo, head)? {
        return Ok(planned);
    }
    for branch in ["main", "master"] {
        if repo.read_ref(&format!("refs/heads/{branch}"))?.is_some() {
            return Ok(Place::local(branch));
        }
    }
    let current = repo.head_branch()?;
    let current = current
        .as_deref()
        .and_then(|name| name.strip_prefix("refs/heads/"));
    match current {
        Some(branch) if !branch.starts_with("stream/") => Ok(Place::local(branch)),
        Some(_) | None => Err(Error::WhichBase),
    }
}

/// What the plan of a commit says, or the private one; `None` where it says nothing of the base.
///
/// A private plan shares nothing: it is for trying things alone.
fn planned(repo: &Repo, commit: Id) -> Result<Option<Place>, Error> {
    let (bytes, is_private) = match std::fs::read(repo.private(PLAN)) {
        Ok(bytes) => (Some(bytes), true),
        Err(_none) => (repo.blob_at(repo.tree_of(commit)?, PLAN)?, false),
    };
    let Some(bytes) = bytes else { return Ok(None) };
    let plan = plan::parse_quickly(&bytes).into_plan(PLAN)?;
    let says = plan.base_given || plan.remote.is_some();
    Ok(says.then(|| Place {
        branch: plan.base,
        ledger: plan
            .remote
            .as_ref()
            .filter(|_| !is_private)
            .map(|_| plan.ledger),
        remote: plan.remote,
    }))
}
