//! Has a person approved the commands that the plan wants to run?
//!
//! Whether the plan's commands are approved is [`crate::workspace::is_approved`]'s question; here
//! it is demanded, and given.

use super::Error;
use crate::git::{Repo, replace_file};
use crate::ledger::{Actor, Kind};
use crate::plan::{Command, Plan};
use crate::workspace::{approvals, is_approved};

/// Refuses unless a person has approved the plan's commands; fine where it has none.
pub fn require_approval(repo: &Repo, plan: &Plan) -> Result<(), Error> {
    let Some(digest) = plan.digest() else {
        return Ok(());
    };
    if is_approved(repo, plan)? {
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
