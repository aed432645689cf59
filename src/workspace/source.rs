//! Where does the plan come from?
//!
//! From the trusted base, never from a worktree: an agent's edit of `streams.toml` changes nothing
//! before it has landed. A private plan inside the git directory wins, for trying it alone.

use std::fs;

pub use crate::rule::PLAN;

use super::Error;
use crate::git::{self, Id, Repo};
use crate::plan::{self, Plan};

/// The plan as it stands at a commit of a branch, and where it comes from, in words.
pub fn plan_at(repo: &Repo, commit: Id, branch: &str) -> Result<(Plan, String), Error> {
    let private = repo.private(PLAN);
    let (bytes, source) = match fs::read(&private) {
        Ok(bytes) => (Some(bytes), private.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let tree = repo.tree_of(commit)?;
            (repo.blob_at(tree, PLAN)?, format!("{PLAN} at {branch}"))
        }
        Err(error) => return Err(git::Error::file("read", &private)(error).into()),
    };
    match bytes {
        Some(bytes) => Ok((plan::parse_quickly(&bytes).into_plan(&source)?, source)),
        None => Ok((Plan::empty(), "no plan".to_owned())),
    }
}
