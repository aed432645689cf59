//! What is left of a worktree: after its making or its removal died, and of its past when it goes?
//!
//! Mending never changes a file that is there. What is removed is what a checkout has written, and
//! so is in a commit; the rest is somebody's, and stays.

mod damage;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use bstr::ByteSlice as _;

use super::{Error, Id, Linked, Lock, Repo, replace_file};

impl Repo {
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
        if self.asks_git_for_refs {
            let target = self.asked_target(self.common_dir(), "HEAD").ok()??;
            return Some(target.to_string());
        }
        let head = fs::read_to_string(self.common_dir().join("HEAD")).ok()?;
        head.trim_end().strip_prefix("ref: ").map(str::to_owned)
    }

    /// The commits that only a linked worktree or a branch's reflog may still know: where HEAD and
    /// the branch have been, and the worktree's own refs. Newest first.
    pub fn past_of(&self, linked: Option<&Linked>, branch: &str) -> Vec<Id> {
        if self.asks_git_for_refs {
            return self.asked_past_of(linked, branch);
        }
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
        each_once(found)
    }

    /// As [`Self::past_of`], told by git; what it cannot read names nothing.
    fn asked_past_of(&self, linked: Option<&Linked>, branch: &str) -> Vec<Id> {
        let mut found = Vec::new();
        let mut logs = vec![(self.common_dir(), branch)];
        if let Some(linked) = linked {
            let git_dir = linked.git_dir.as_path();
            logs.push((git_dir, "HEAD"));
            found.extend(self.asked_object(git_dir, "HEAD^{}").ok().flatten());
            for below in ["refs/worktree/", "refs/bisect/", "refs/rewritten/"] {
                let refs = self.asked_refs_of(git_dir, below).unwrap_or_default();
                found.extend(refs.into_iter().map(|(_, id)| id));
            }
        }
        for (git_dir, name) in logs {
            let log = self.asked_reflog(git_dir, name).unwrap_or_default();
            found.extend(log.into_iter().rev().map(|entry| entry.new));
        }
        each_once(found)
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

    /// Removes a worktree with all that is in it: only where its first checkout was not complete.
    pub fn discard_worktree(&self, linked: &Linked) -> Result<(), Error> {
        fs::remove_dir_all(&linked.top).map_err(Error::file("remove", &linked.top))?;
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
}

fn each_once(mut ids: Vec<Id>) -> Vec<Id> {
    let mut seen = BTreeSet::new();
    ids.retain(|id| !id.is_null() && seen.insert(*id));
    ids
}
