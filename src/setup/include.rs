//! How does git read our configuration without it being mixed into the user's?
//!
//! One line in the shared configuration includes a file of ours. Agents' sandboxes may not write
//! `.git/config`, but they may write the file beside it, so every later change goes there.

use super::Error;
use crate::git::Repo;

/// The file of ours, beside `config` in the shared git directory.
pub(super) const FILE: &str = "git-stream.config";

/// The pattern that finds the line, and nothing else.
const VALUE: &str = "^git-stream[.]config$";

pub(super) fn is_there(repo: &Repo) -> Result<bool, Error> {
    Ok(repo.includes(FILE)?)
}

/// Adds the line; `false` where it is there already.
pub(super) fn add(repo: &Repo) -> Result<bool, Error> {
    if is_there(repo)? {
        return Ok(false);
    }
    repo.call()
        .args(["config", "--local", "--add", "include.path", FILE])
        .run()?;
    Ok(true)
}

pub(super) fn remove(repo: &Repo) -> Result<(), Error> {
    repo.call()
        .args(["config", "--local", "--unset-all", "include.path", VALUE])
        .run()?;
    Ok(())
}
