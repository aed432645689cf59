//! How is a ref brought here from a remote, and where does the remote have it?

use std::time::Duration;

use bstr::ByteSlice as _;

use super::{Call, Error, Id, Repo};

/// How often a fetch is tried that another fetch of the same branch got in the way of.
const ATTEMPTS: usize = 3;

impl Repo {
    /// Fetches one branch of a remote into its tracking ref, within a time limit.
    ///
    /// Nobody is asked for a password; tags, submodules and `FETCH_HEAD` stay as they are.
    pub fn fetch_branch(&self, remote: &str, branch: &str, limit: Duration) -> Result<(), Error> {
        let tracking = format!("refs/remotes/{remote}/{branch}");
        self.fetch_ref(remote, &format!("refs/heads/{branch}"), &tracking, limit)
    }

    /// Fetches one ref of a remote into a ref of this repository, wherever it was before.
    pub fn fetch_ref(
        &self,
        remote: &str,
        name: &str,
        into: &str,
        limit: Duration,
    ) -> Result<(), Error> {
        self.fetch_refs(remote, (name, into), None, limit)
    }

    /// The same, together with all refs below a place, which is made equal to the remote's.
    pub fn fetch_refs(
        &self,
        remote: &str,
        (name, into): (&str, &str),
        below: Option<(&str, &str)>,
        limit: Duration,
    ) -> Result<(), Error> {
        let mut attempt = 1;
        loop {
            let before = self.read_ref(into)?;
            let call = self
                .unattended()
                .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"])
                .args(["--no-auto-maintenance", "--no-recurse-submodules"])
                .args(below.map(|_| "--prune"))
                .flushing()
                .args(["--end-of-options", remote])
                .arg(format!("+{name}:{into}"))
                .args(below.map(|(there, here)| format!("+{there}*:{here}*")));
            match call.run_within(&[0], limit) {
                Ok(_) => return Ok(()),
                // Another fetch has moved the ref while this one wanted to.
                Err(_) if attempt < ATTEMPTS && self.read_ref(into)? != before => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Where a remote has a ref, by its full name; `None` where it has none of that name.
    pub fn remote_ref(
        &self,
        remote: &str,
        name: &str,
        limit: Duration,
    ) -> Result<Option<Id>, Error> {
        // `ls-remote` takes a pattern: it also answers with names that only end in ours.
        let all = self.remote_refs(remote, &[name], limit)?;
        let found = all.into_iter().find(|(found, _)| found == name);
        Ok(found.map(|(_, id)| id))
    }

    /// Where a remote has the refs that match any of these patterns, by their full names.
    pub fn remote_refs(
        &self,
        remote: &str,
        patterns: &[&str],
        limit: Duration,
    ) -> Result<Vec<(String, Id)>, Error> {
        let output = self
            .unattended()
            .args(["ls-remote", "--quiet", "--end-of-options", remote])
            .args(patterns)
            .run_within(&[0], limit)?;
        Ok(self.refs_told(&output.stdout))
    }

    /// The repository that a remote is, only to be read, where it is one of this computer whose refs
    /// can be read without starting git.
    pub fn beside(&self, remote: &str) -> Option<Repo> {
        let found = self.gix.find_remote(remote).ok()?;
        let url = found.url(gix::remote::Direction::Fetch)?;
        let path = gix::path::from_bstr(url.path.as_bstr()).ok()?;
        let is_path = url.scheme == gix::url::Scheme::File && path.is_absolute();
        if !is_path
            || self
                .config(&format!("remote.{remote}.uploadpack"))
                .is_some()
        {
            return None;
        }
        let mut there = Repo::at(&path).ok()?;
        there.is_only_read = true;
        (!there.asks_git_for_refs).then_some(there)
    }

    /// The refs that `git ls-remote` names; what is no id and no name is left out.
    #[doc(hidden)]
    pub fn refs_told(&self, answer: &[u8]) -> Vec<(String, Id)> {
        let text = String::from_utf8_lossy(answer);
        let rows = text.lines().filter_map(|line| line.split_once('\t'));
        rows.filter_map(|(hex, name)| Some((name.to_owned(), self.parse_id(hex)?)))
            .collect()
    }

    /// A call that talks to a remote, and asks nobody anything.
    ///
    /// What the caller has set up to answer git's questions (a helper with a token) still answers.
    pub(super) fn unattended(&self) -> Call {
        let is_set = |name: &&str| std::env::var_os(name).is_some();
        let mut call = self.call();
        if !is_set(&"GIT_ASKPASS") && self.config("core.askPass").is_none() {
            call = call.env("GIT_ASKPASS", "true");
        }
        let ssh = ["GIT_SSH_COMMAND", "GIT_SSH"];
        if !ssh.iter().any(is_set) && self.config("core.sshCommand").is_none() {
            call = call.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        call
    }
}
