//! In which worktrees is a branch checked out, and how does it move there?
//!
//! A ref that is moved under a checkout shows up there as a change that takes everything back, and
//! the next `commit -a` makes it one. So the branch is moved by git's own fast-forward, in that
//! very worktree: files with uncommitted changes stay, or nothing moves.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Id, Linked, Lock, Repo};

/// A worktree that has a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Its top.
    pub top: PathBuf,
    /// Its admin directory; for the main worktree, the shared one.
    pub git_dir: PathBuf,
    /// What git has begun there and not finished, if anything.
    pub operation: Option<&'static str>,
}

impl Checkout {
    /// The same as a worktree whose index can be held; it is none of the linked ones where it is the
    /// main one.
    pub fn as_linked(&self, branch: &str) -> Linked {
        Linked {
            id: String::new(),
            top: self.top.clone(),
            git_dir: self.git_dir.clone(),
            branch: Some(branch.to_owned()),
            half_made: false,
        }
    }
}

impl Repo {
    /// The worktrees in which a branch is checked out, or is being rebased.
    pub fn checkouts_of(&self, branch: &str) -> Result<Vec<Checkout>, Error> {
        let mut places = Vec::new();
        if let Some(top) = self.main_top() {
            let head = self.main_branch();
            places.push((top.to_owned(), self.common_dir().to_owned(), head));
        }
        for linked in self.linked_worktrees()? {
            if linked.top.is_dir() && !linked.half_made {
                places.push((linked.top, linked.git_dir, linked.branch));
            }
        }
        let is_rebased = |admin: &Path| {
            ["rebase-merge/head-name", "rebase-apply/head-name"]
                .iter()
                .filter_map(|file| fs::read_to_string(admin.join(file)).ok())
                .any(|name| name.trim_end() == branch)
        };
        let has_it = places.into_iter().filter(|(_, admin, head)| {
            head.as_deref() == Some(branch) || (head.is_none() && is_rebased(admin))
        });
        Ok(has_it
            .map(|(top, admin, _)| Checkout {
                operation: self.operation_in_progress(&admin),
                git_dir: admin,
                top,
            })
            .collect())
    }

    /// The branches, tracking refs and tags that lead to one of these commits, by their full names.
    pub fn leading_to(&self, commits: &[Id]) -> Result<Vec<String>, Error> {
        let mut call = self.call().args(["for-each-ref", "--format=%(refname)"]);
        for commit in commits {
            call = call.arg(format!("--contains={commit}"));
        }
        let places = ["refs/heads", "refs/remotes", "refs/tags"];
        let output = call.args(places).run()?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Moves the branch that a worktree is on forward to a commit, with its files, or nothing.
    ///
    /// The user's post-merge hook runs, as after any fast-forward; what is answered is its failure.
    pub fn fast_forward(&self, top: &Path, new: Id, lock: &Lock) -> Result<Option<Error>, Error> {
        self.flush()?;
        self.call_in(top)
            .args(["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0"])
            .args(["-c", "maintenance.auto=false", "-c", "core.fsync=committed"])
            .args([
                "merge",
                "--ff-only",
                "--no-autostash",
                "--quiet",
                "--no-stat",
            ])
            .arg(new.to_string())
            .holding(lock)
            .run()?;
        let hook = ["hook", "run", "--ignore-missing", "post-merge", "--", "0"];
        Ok(self.call_in(top).args(hook).holding(lock).run().err())
    }
}
