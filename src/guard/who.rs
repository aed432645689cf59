//! Whose worktree is this, and is it on that stream's branch?
//!
//! The worktree's admin directory decides. The branch must agree with it: a commit made on a
//! scratch branch would reach the stream's branch by a reset or a forced move, which no hook sees.
//! While a rebase has detached HEAD, git keeps the branch's name beside it. A HEAD that somebody
//! else has detached proves nothing and is judged by the worktree.

use std::fs;

use super::Error;
use crate::git::{self, Repo};
use crate::ledger::{Refusal, State};
use crate::name::StreamName;
use crate::workspace::{self, Place};

/// The stream of the caller's worktree; in a worktree of no stream, that of its branch.
pub(super) fn here(repo: &Repo, state: &State) -> Result<Option<StreamName>, Error> {
    let branch = branch(repo)?;
    let stream = match Place::of(repo, state)? {
        Place::Outside => return Ok(branch.as_deref().and_then(StreamName::from_branch_ref)),
        Place::Left(stream) => {
            return Err(match workspace::lost(repo, state, &stream) {
                Some(lost) => Error::TakenOver(Refusal::TakenOver(Box::new(lost))),
                None => Error::Left { stream },
            });
        }
        Place::Stream(stream) => stream,
    };
    match branch {
        Some(branch) if branch != stream.branch_ref() => Err(Error::OnOtherBranch {
            branch: branch
                .strip_prefix("refs/heads/")
                .unwrap_or(&branch)
                .to_owned(),
            stream,
        }),
        Some(_) | None => Ok(Some(stream)),
    }
}

/// The full name of the branch that the worktree is on, or is about to be on again.
pub(super) fn branch(repo: &Repo) -> Result<Option<String>, Error> {
    if let Some(branch) = repo.head_branch()? {
        return Ok(Some(branch));
    }
    for state in ["rebase-merge/head-name", "rebase-apply/head-name"] {
        let path = repo.git_dir().join(state);
        match fs::read_to_string(&path) {
            // A rebase that began on a detached HEAD says "detached HEAD".
            Ok(name) => {
                let name = name.trim_end();
                return Ok(name.starts_with("refs/").then(|| name.to_owned()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(git::Error::file("read", &path)(error).into()),
        }
    }
    Ok(None)
}
