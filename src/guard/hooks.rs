//! Where do our hooks live, and in which worktrees are they active?

use super::Error;
use crate::git::{Lock, Repo};

/// Writes the hooks and the configuration that makes them active; `false` where nothing changed.
pub fn install(_repo: &Repo, _lock: &Lock) -> Result<bool, Error> {
    Ok(false)
}

/// Removes them.
pub fn uninstall(_repo: &Repo) -> Result<(), Error> {
    Ok(())
}
