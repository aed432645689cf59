//! Which linked worktrees are there, and how is one made so that nobody sees it half made?
//!
//! `git worktree add` reads the admin directories of all other worktrees and dies on one that is
//! half made, leaking the branch it had created. So the registration (without a checkout, a few
//! milliseconds) happens under a lock of ours, and the checkout, which takes long, outside it.

use std::fs;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::{Call, Error, Id, Lock, Repo, replace_file};

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
            found.extend(describe(&git_dir));
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

    /// Fills a registered worktree with its branch's files, as `git worktree add` does, and runs
    /// the user's post-checkout hook. Answers what went wrong in the hook, if anything did.
    pub fn check_out(&self, linked: &Linked, lock: &Lock) -> Result<Option<Error>, Error> {
        let call = || self.call_in(&linked.top).holding(lock);
        call()
            .args(["reset", "--hard", "--quiet", "--no-recurse-submodules"])
            .run()?;
        let head = match &linked.branch {
            Some(branch) => self.read_ref(branch)?,
            None => None,
        };
        let head = head.unwrap_or_else(|| self.null_id()).to_string();
        let null = self.null_id().to_string();
        let hook = [
            "hook",
            "run",
            "--ignore-missing",
            "post-checkout",
            "--",
            &null,
            &head,
            "1",
        ];
        Ok(call().args(hook).run().err())
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

    /// Mends a worktree that lost its `.git` file, its index or some of its files, without touching
    /// a file that is there.
    pub fn mend_worktree(&self, linked: &Linked, lock: &Lock) -> Result<(), Error> {
        let pointer = linked.top.join(".git");
        if !pointer.exists() {
            let text = format!("gitdir: {}\n", linked.git_dir.display());
            replace_file(&pointer, text.as_bytes(), 0o644)?;
        }
        if !linked.git_dir.join("index").exists() {
            self.call_at(linked)
                .args(["read-tree", "HEAD"])
                .holding(lock)
                .run()?;
        }
        let restore = ["checkout-index", "--all", "--quiet", "-u"];
        // It reports each file that is there already as an error; all the others are written.
        self.call_at(linked)
            .args(restore)
            .holding(lock)
            .run_allowing(&[0, 1, 128], None)?;
        Ok(())
    }

    /// The branch that the main worktree is on, if there is one.
    pub fn main_branch(&self) -> Option<String> {
        self.main_top()?;
        let head = fs::read_to_string(self.common_dir().join("HEAD")).ok()?;
        head.trim_end().strip_prefix("ref: ").map(str::to_owned)
    }

    /// The commits that only a linked worktree or a branch's reflog may still know: where HEAD and
    /// the branch have been, and the worktree's own refs. Newest first.
    pub fn past_of(&self, linked: Option<&Linked>, branch: &str) -> Vec<Id> {
        let mut found = Vec::new();
        let mut logs = vec![self.common_dir().join("logs").join(branch)];
        if let Some(linked) = linked {
            logs.push(linked.git_dir.join("logs").join("HEAD"));
            found.extend(self.own_refs(linked));
        }
        for log in logs {
            // A reflog is a convenience: one that cannot be read names nothing.
            let text = fs::read(&log).unwrap_or_default();
            let lines = text.lines().rev();
            found.extend(lines.filter_map(|line| {
                let new = line.splitn_str(3, " ").nth(1)?;
                self.parse_id(&new.to_str_lossy())
            }));
        }
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|id| !id.is_null() && seen.insert(*id));
        found
    }

    /// What HEAD and the refs of one worktree's own point at.
    fn own_refs(&self, linked: &Linked) -> Vec<Id> {
        let head = fs::read_to_string(linked.git_dir.join("HEAD")).unwrap_or_default();
        let mut found: Vec<Id> = self.parse_id(head.trim_end()).into_iter().collect();
        let mut directories = vec![linked.git_dir.join("refs")];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    directories.push(path);
                } else if let Ok(text) = fs::read_to_string(&path) {
                    found.extend(self.parse_id(text.trim_end()));
                }
            }
        }
        found
    }

    /// Removes what a `git worktree add` that died has left: its admin directory and, where
    /// nothing was checked out, the directory it had made.
    pub fn forget_half_made(&self, linked: &Linked) -> Result<(), Error> {
        let marker = linked.top.join(".git");
        if marker.is_file() {
            fs::remove_file(&marker).map_err(Error::file("remove", &marker))?;
        }
        // Only an empty directory goes; with files in it, it stays and the caller sees them.
        drop(fs::remove_dir(&linked.top));
        fs::remove_dir_all(&linked.git_dir).map_err(Error::file("remove", &linked.git_dir))
    }

    /// Removes a worktree with all that is in it: only where its first checkout was not complete.
    pub fn discard_worktree(&self, linked: &Linked) -> Result<(), Error> {
        fs::remove_dir_all(&linked.top).map_err(Error::file("remove", &linked.top))?;
        fs::remove_dir_all(&linked.git_dir).map_err(Error::file("remove", &linked.git_dir))
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
