//! Has a person approved the commands of the plan, as they stand?
//!
//! The plan comes with the repository, and running what a repository says is how machines are
//! taken over. So exactly the text of all its commands is approved, by a digest that is kept
//! outside the work tree; a changed command asks again.

use std::{env, fs};

use crate::git::{Error, Repo};
use crate::plan::Plan;

/// The variable that approves a digest on machines without a person.
pub const APPROVED: &str = "GIT_STREAM_APPROVED";

/// Whether it is so; true where the plan has no command.
pub fn is_approved(repo: &Repo, plan: &Plan) -> Result<bool, Error> {
    let Some(digest) = plan.digest() else {
        return Ok(true);
    };
    let is_named = env::var(APPROVED).is_ok_and(|approved| approved == digest);
    Ok(is_named || approvals(repo)?.lines().any(|line| line == digest))
}

/// Every digest that was approved on this machine, one on each line.
pub fn approvals(repo: &Repo) -> Result<String, Error> {
    let path = repo.private("approved");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::file("read", &path)(error)),
    }
}
