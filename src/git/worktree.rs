//! Which linked worktrees are there, and how is one made so that nobody sees it half made?
//!
//! `git worktree add` reads the admin directories of all other worktrees and dies on one that is
//! half made, leaking the branch it had created. So the registration (without a checkout, a few
//! milliseconds) happens under a lock of ours, and the checkout, which takes long, outside it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::{Error, Lock, Repo};

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

    /// Removes what a `git worktree add` that died has left: its admin directory, what its checkout
    /// had written, and the directory it had made, unless something else is in it.
    pub fn forget_half_made(&self, linked: &Linked) -> Result<(), Error> {
        // Tidying up: what cannot be told or removed stays, and the caller sees it.
        drop(self.remove_checked_out(linked));
        let marker = linked.top.join(".git");
        if marker.is_file() {
            fs::remove_file(&marker).map_err(Error::file("remove", &marker))?;
        }
        // Only an empty directory goes; with files in it, it stays and the caller sees them.
        drop(fs::remove_dir(&linked.top));
        fs::remove_dir_all(&linked.git_dir).map_err(Error::file("remove", &linked.git_dir))
    }

    /// Removes what a checkout has written, whole or cut off: files that begin as the branch has
    /// them. Whatever differs is somebody's.
    fn remove_checked_out(&self, linked: &Linked) -> Result<(), Error> {
        let tip = match &linked.branch {
            Some(branch) => self.read_ref(branch)?,
            None => None,
        };
        let Some(tip) = tip else { return Ok(()) };
        let mut directories = BTreeSet::new();
        for change in self.diff_trees(None, Some(self.tree_of(tip)?))? {
            let Some(leaf) = change.new else { continue };
            let path = linked.top.join(OsStr::from_bytes(&change.path));
            let above = path.ancestors().skip(1);
            let above: Vec<&Path> = above.take_while(|one| *one != linked.top).collect();
            // A checkout never writes through a symlink.
            if above.iter().any(|directory| directory.is_symlink()) {
                continue;
            }
            directories.extend(above.iter().map(|one| one.to_path_buf()));
            let written = match fs::symlink_metadata(&path) {
                Ok(about) if about.is_file() => fs::read(&path),
                Ok(about) if about.is_symlink() => {
                    fs::read_link(&path).map(|target| target.into_os_string().into_vec())
                }
                Ok(_) | Err(_) => continue,
            };
            let written = written.map_err(Error::file("read", &path))?;
            if self.blob(leaf.id)?.starts_with(&written) {
                fs::remove_file(&path).map_err(Error::file("remove", &path))?;
            }
        }
        for directory in directories.iter().rev() {
            // Only an empty one goes.
            drop(fs::remove_dir(directory));
        }
        Ok(())
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
    // `gitdir` may be missing or empty where the making of it died.
    let pointer = read("gitdir");
    let recorded = git_dir.join(pointer.trim_end_matches('\n'));
    let top = recorded.parent().map(Path::to_owned).unwrap_or_default();
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
