//! Where do refs point, in a repository whose refs the library cannot read?
//!
//! With `extensions.refStorage`, git keeps refs in another way than as files: as a reftable, say.
//! Then git itself is asked, with a process for each question. The answers are those that the files
//! would give.

use std::path::Path;

use bstr::{BString, ByteSlice as _};

use super::super::{Call, Error, Id, Repo};
use super::Logged;

impl Repo {
    /// A call about the refs as one worktree sees them, named by its git directory.
    pub(in crate::git) fn call_about(&self, git_dir: &Path) -> Call {
        self.call_in(git_dir)
            .arg("--git-dir")
            .arg(git_dir)
            .env("GIT_NO_REPLACE_OBJECTS", "1")
    }

    /// What a ref is at, peeled.
    pub(super) fn asked_ref(&self, full_name: &str) -> Result<Option<Id>, Error> {
        if full_name == "HEAD" {
            return self.asked_object(self.git_dir(), "HEAD^{}");
        }
        let mut found = self.asked_refs(full_name)?;
        let at = found.iter().position(|(name, _)| name == full_name);
        Ok(at.map(|at| found.swap_remove(at).1))
    }

    /// Every ref with this name, or below it, with what it is at.
    pub(super) fn asked_refs(&self, prefix: &str) -> Result<Vec<(String, Id)>, Error> {
        self.asked_refs_of(self.git_dir(), prefix)
    }

    /// As [`Self::asked_refs`], as the worktree with this git directory sees it.
    pub(in crate::git) fn asked_refs_of(
        &self,
        git_dir: &Path,
        prefix: &str,
    ) -> Result<Vec<(String, Id)>, Error> {
        let output = self
            .call_about(git_dir)
            .args([
                "for-each-ref",
                "--format=%(objectname) %(objecttype) %(refname)",
            ])
            .arg(prefix)
            .run()?;
        let mut found = Vec::new();
        for line in output.stdout.lines() {
            let mut fields = line.splitn_str(3, " ");
            let mut field = || fields.next().unwrap_or_default().to_str_lossy();
            let (id, kind, name) = (field(), field(), field());
            let id = match &*kind {
                "tag" => self.asked_object(git_dir, &format!("{id}^{{}}"))?,
                _ => self.parse_id(&id),
            };
            found.extend(id.map(|id| (name.into_owned(), id)));
        }
        Ok(found)
    }

    /// The object that a name leads to, as the worktree with this git directory sees it.
    pub(in crate::git) fn asked_object(
        &self,
        git_dir: &Path,
        name: &str,
    ) -> Result<Option<Id>, Error> {
        let call = self.call_about(git_dir);
        let call = call.args(["rev-parse", "--verify", "--quiet", "--end-of-options", name]);
        Ok(self.parse_id(&call.run_allowing(&[0, 1, 128], None)?.line()))
    }

    /// The ref that a symbolic ref leads to, as the worktree with this git directory sees it.
    pub(in crate::git) fn asked_target(
        &self,
        git_dir: &Path,
        full_name: &str,
    ) -> Result<Option<BString>, Error> {
        let call = self.call_about(git_dir);
        let call = call.args(["symbolic-ref", "--quiet", full_name]);
        let target = call.run_allowing(&[0, 1, 128], None)?.line();
        Ok((!target.is_empty()).then(|| target.into()))
    }

    /// The reflog of a ref, oldest first, as the worktree with this git directory has it.
    ///
    /// git does not tell where the oldest entry came from; it is taken to come from where it went,
    /// so that it brings nothing.
    pub(in crate::git) fn asked_reflog(
        &self,
        git_dir: &Path,
        full_name: &str,
    ) -> Result<Vec<Logged>, Error> {
        let output = self
            .call_about(git_dir)
            .args(["log", "--walk-reflogs", "--format=%H %gs", full_name, "--"])
            .run_allowing(&[0, 128], None)?;
        let mut log: Vec<Logged> = Vec::new();
        for line in output.stdout.lines().rev() {
            let (id, message) = line.split_once_str(" ").unwrap_or((line, b""));
            let Some(new) = self.parse_id(&id.to_str_lossy()) else {
                continue;
            };
            log.push(Logged {
                old: log.last().map_or(new, |last| last.new),
                new,
                message: message.into(),
            });
        }
        Ok(log)
    }
}
