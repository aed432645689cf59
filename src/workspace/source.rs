//! Where does the plan come from?
//!
//! From the trusted base, never from a worktree: an agent's edit of `streams.toml` changes nothing
//! before it has landed. A private plan inside the git directory wins, for trying it alone.

use std::fs;

use super::{Error, Trusted};
use crate::git::{self, Repo};
use crate::plan::{self, Plan};

/// The plan's file, at the top of the repository.
pub const PLAN: &str = "streams.toml";

pub(super) fn plan(repo: &Repo, base: &Trusted) -> Result<(Plan, String), Error> {
    let private = repo.private(PLAN);
    let (bytes, source) = match fs::read(&private) {
        Ok(bytes) => (Some(bytes), private.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let tree = repo.tree_of(base.commit)?;
            (
                repo.blob_at(tree, PLAN)?,
                format!("{PLAN} at {}", base.branch),
            )
        }
        Err(error) => return Err(git::Error::file("read", &private)(error).into()),
    };
    match bytes {
        Some(bytes) => Ok((plan::parse_quickly(&bytes).into_plan(&source)?, source)),
        None => Ok((Plan::empty(), "no plan".to_owned())),
    }
}
