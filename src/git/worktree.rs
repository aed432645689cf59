//! Which linked worktrees are there, and how is one made so that nobody sees it half made?
//!
//! `git worktree add` reads the admin directories of all other worktrees and dies on one that is
//! half made, leaking the branch it had created. So the registration (without a checkout, a few
//! milliseconds) happens under a lock of ours, and the checkout, which takes long, outside it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Call, Error, Lock, Repo, replace_file};

/// A linked worktree, as its admin directory describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The name of its admin directory below `.git/worktrees`.
    pub id: String,
    /// Its top, as recorded; the directory may be gone.
    pub top: PathBuf,
    /// Its admin directory.
    pub git_dir: PathBuf,
    /// The full name of the branch it is on, unless HEAD is detached.
    pub branch: Option<String>,
    /// Whether a `git worktree add` began it and has not finished.
    pub half_made: bool,
}

impl Repo {
    /// Every linked worktree that is registered, in the order of their ids.
    pub fn linked_worktrees(&self) -> Result<Vec<Linked>, Error> {
        let directory = self.common_dir().join("worktrees");
        let listing = match fs::read_dir(&directory) {
            Ok(listing) => listing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::file("list", &directory)(error)),
        };
        let mut found = Vec::new();
        for entry in listing {
            let git_dir = entry.map_err(Error::file("list", &directory))?.path();
            let Some(mut linked) = describe(&git_dir) else {
                continue;
            };
            if self.asks_git_for_refs && !linked.half_made {
                let target = self.asked_target(&git_dir, "HEAD")?;
                linked.branch = target.map(|name| name.to_string());
            }
            found.push(linked);
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    /// The linked worktree whose top is this directory.
    pub fn linked_worktree_at(&self, top: &Path) -> Result<Option<Linked>, Error> {
        let wanted = top.canonicalize().unwrap_or_else(|_gone| top.to_owned());
        let all = self.linked_worktrees()?;
        Ok(all.into_iter().find(|linked| {
            linked.top == top || linked.top.canonicalize().is_ok_and(|top| top == wanted)
        }))
    }

    /// Registers a worktree on an existing branch, without checking anything out.
    ///
    /// Call it under the repository's lock, which git keeps as long as it runs.
    pub fn register_worktree(
        &self,
        top: &Path,
        branch: &str,
        lock: &Lock,
    ) -> Result<Linked, Error> {
        if let Some(parent) = top.parent() {
            fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        self.call()
            .args(["worktree", "add", "--quiet", "--no-checkout"])
            .arg(top)
            .arg(branch)
            .holding(lock)
            .run()?;
        self.linked_worktree_at(top)?.ok_or_else(|| Error::Odd {
            command: "git worktree add".to_owned(),
            answer: "it registered no worktree".to_owned(),
        })
    }

    /// Fills a registered worktree with its branch's files, as `git worktree add` does.
    pub fn check_out(&self, linked: &Linked, lock: &Lock) -> Result<(), Error> {
        self.call_in(&linked.top)
            .args(["reset", "--hard", "--quiet", "--no-recurse-submodules"])
            .holding(lock)
            .run()?;
        Ok(())
    }

    /// Runs the post-checkout hook of a new worktree, as `git worktree add` does.
    pub fn run_post_checkout(&self, linked: &Linked, lock: &Lock) -> Result<(), Error> {
        let head = match &linked.branch {
            Some(branch) => self.read_ref(branch)?,
            None => None,
        };
        let head = head.unwrap_or_else(|| self.null_id()).to_string();
        let null = self.null_id().to_string();
        self.call_in(&linked.top)
            .args(["hook", "run", "--ignore-missing", "post-checkout", "--"])
            .args([&null, &head, "1"])
            .holding(lock)
            .run()?;
        Ok(())
    }

    /// Lets go of the branch of a worktree, in place: HEAD stays at the same commit, no file and no
    /// index changes. What a rebase or a bisect would come back to is no branch any more either.
    pub fn detach_in_place(&self, linked: &Linked, branch: &str, lock: &Lock) -> Result<(), Error> {
        let Some(tip) = self.read_ref(branch)? else {
            return Ok(());
        };
        for (file, instead) in [
            ("rebase-merge/head-name", "detached HEAD".to_owned()),
            ("rebase-apply/head-name", "detached HEAD".to_owned()),
            ("BISECT_START", tip.to_string()),
        ] {
            let path = linked.git_dir.join(file);
            let text = fs::read_to_string(&path).unwrap_or_default();
            let short = branch.strip_prefix("refs/heads/").unwrap_or(branch);
            if [branch, short].contains(&text.trim_end()) {
                replace_file(&path, format!("{instead}\n").as_bytes(), 0o644)?;
            }
        }
        if linked.branch.as_deref() == Some(branch) {
            self.call_about(&linked.git_dir)
                .args(["-c", "core.hooksPath=/dev/null"])
                .args([
                    "update-ref",
                    "--no-deref",
                    "-m",
                    "stream: taken over",
                    "HEAD",
                ])
                .arg(tip.to_string())
                .holding(lock)
                .run()?;
        }
        Ok(())
    }

    /// A call of git in a linked worktree, named by its admin directory: a worktree without its
    /// `.git` file would otherwise be taken for part of the repository around it.
    pub fn call_at(&self, linked: &Linked) -> Call {
        self.git
            .at(&linked.top)
            .arg("--git-dir")
            .arg(&linked.git_dir)
            .arg("--work-tree")
            .arg(&linked.top)
    }

    /// Removes a worktree that git finds clean; its ignored files go with it.
    pub fn remove_worktree(&self, top: &Path, lock: &Lock) -> Result<(), Error> {
        self.call()
            .args(["worktree", "remove"])
            .arg(top)
            .holding(lock)
            .run()?;
        Ok(())
    }
}

fn describe(git_dir: &Path) -> Option<Linked> {
    let id = git_dir.file_name()?.to_str()?.to_owned();
    let read = |name: &str| fs::read_to_string(git_dir.join(name)).unwrap_or_default();
    let pointer = read("gitdir");
    let pointer = pointer.trim_end_matches('\n');
    // It may be missing or empty where the making or the removal of the worktree died.
    let top = match git_dir.join(pointer).parent() {
        Some(top) if !pointer.is_empty() => top.to_owned(),
        Some(_) | None => PathBuf::new(),
    };
    let branch = read("HEAD")
        .trim_end()
        .strip_prefix("ref: ")
        .map(str::to_owned);
    let half_made = read("locked").trim() == "initializing" || pointer.is_empty();
    Some(Linked {
        id,
        top,
        git_dir: git_dir.to_owned(),
        branch,
        half_made,
    })
}
