//! How is one branch brought here from a remote?

use std::time::Duration;

use super::{Error, Repo};

/// How often a fetch is tried that another fetch of the same branch got in the way of.
const ATTEMPTS: usize = 3;

impl Repo {
    /// Fetches one branch of a remote into its tracking ref, within a time limit.
    ///
    /// Nobody is asked for a password; tags, submodules and `FETCH_HEAD` stay as they are.
    pub fn fetch_branch(&self, remote: &str, branch: &str, limit: Duration) -> Result<(), Error> {
        let tracking = format!("refs/remotes/{remote}/{branch}");
        let mut attempt = 1;
        loop {
            let before = self.read_ref(&tracking)?;
            match self.fetch_once(remote, branch, &tracking, limit) {
                Ok(()) => return Ok(()),
                // Another fetch has moved the ref while this one wanted to.
                Err(_) if attempt < ATTEMPTS && self.read_ref(&tracking)? != before => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn fetch_once(
        &self,
        remote: &str,
        branch: &str,
        tracking: &str,
        limit: Duration,
    ) -> Result<(), Error> {
        let mut call = self
            .call()
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"])
            .args(["--no-auto-maintenance", "--no-recurse-submodules"])
            .args(["--end-of-options", remote])
            .arg(format!("+refs/heads/{branch}:{tracking}"));
        let chosen = ["GIT_SSH_COMMAND", "GIT_SSH"];
        if self.config("core.sshCommand").is_none()
            && chosen.iter().all(|name| std::env::var_os(name).is_none())
        {
            call = call.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        call.run_within(limit)?;
        Ok(())
    }
}
