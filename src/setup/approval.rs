//! Has a person approved the commands that the plan wants to run?
//!
//! The plan comes with the repository, and running what a repository says is how machines are
//! taken over. So exactly the text of all its commands is approved, by a digest; a changed command
//! asks again. The approval is kept outside the work tree.

use std::env;
use std::fs;

use super::Error;
use crate::git::{self, Repo, replace_file};
use crate::ledger::{Actor, Kind};
use crate::plan::{Command, Plan};

/// The variable that approves a digest on machines without a person.
pub const APPROVED: &str = "GIT_STREAM_APPROVED";

/// Refuses unless a person has approved the plan's commands; fine where it has none.
pub fn require_approval(repo: &Repo, plan: &Plan) -> Result<(), Error> {
    let Some(digest) = plan.digest() else {
        return Ok(());
    };
    if env::var(APPROVED).is_ok_and(|approved| approved == digest) {
        return Ok(());
    }
    if approvals(repo)?.lines().any(|line| line == digest) {
        return Ok(());
    }
    Err(Error::NotApproved {
        digest,
        commands: plan.commands(),
    })
}

/// Approves the plan's commands as they stand, in a person's name; answers what was approved.
pub fn approve(repo: &Repo, plan: &Plan, by: &Actor) -> Result<Vec<Command>, Error> {
    if by.kind == Kind::Agent {
        return Err(Error::PersonOnly {
            what: "approve the plan's commands",
        });
    }
    let Some(digest) = plan.digest() else {
        return Ok(Vec::new());
    };
    let mut text = approvals(repo)?;
    if !text.lines().any(|line| line == digest) {
        text.push_str(&digest);
        text.push('\n');
        replace_file(&repo.private("approved"), text.as_bytes(), 0o600)?;
    }
    Ok(plan.commands())
}

fn approvals(repo: &Repo) -> Result<String, Error> {
    let path = repo.private("approved");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(git::Error::file("read", &path)(error).into()),
    }
}
