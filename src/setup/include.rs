//! How does git read our configuration without it being mixed into the user's?
//!
//! One line in the shared configuration includes a file of ours. Agents' sandboxes may not write
//! `.git/config`, but they may write the file beside it, so every later change goes there. It is
//! included in linked worktrees only: what an agent writes there must not be what git does for a
//! person in the main checkout.

use super::Error;
use crate::git::{INCLUDE, LINKED, Repo};

/// The file of ours, beside `config` in the shared git directory.
pub(super) const FILE: &str = "git-stream.config";

/// The pattern that finds the line, and nothing else.
const VALUE: &str = "^git-stream[.]config$";

pub(super) fn is_there(repo: &Repo) -> Result<bool, Error> {
    Ok(repo.includes(FILE)?)
}

/// Adds the line, after everything that could be stronger; `false` where it is there already.
///
/// A hook manager writes `core.hooksPath` into the last `[core]` section, and git puts an include
/// into an `[include]` section that is there. Where that is the earlier one, the manager's setting
/// would count instead of ours.
pub(super) fn add(repo: &Repo) -> Result<bool, Error> {
    if is_in_force(repo)? {
        return Ok(false);
    }
    if is_there(repo)? {
        remove(repo)?;
    }
    repo.call()
        .args(["config", "--local", "--add", INCLUDE, FILE])
        .run()?;
    if !is_in_force(repo)? {
        remove(repo)?;
        repo.append_config(&format!("[includeIf \"{LINKED}\"]\n\tpath = {FILE}\n"))?;
    }
    Ok(true)
}

/// Whether the line is there, and no `[core]` section after it.
pub(super) fn is_in_force(repo: &Repo) -> Result<bool, Error> {
    Ok(repo.includes_after(FILE, "core")?)
}

pub(super) fn remove(repo: &Repo) -> Result<(), Error> {
    repo.call()
        .args(["config", "--local", "--unset-all", INCLUDE, VALUE])
        .run()?;
    Ok(())
}
