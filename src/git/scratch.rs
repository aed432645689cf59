//! How are commits picked where `merge-tree` cannot do it?
//!
//! In a worktree of our own that nobody works in: git's real machinery, file by file. Slower, but
//! it works with every git, and it reads the attributes of the very tree that a pick lands on.

use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::merge::{PICKING, stage};
use super::{Conflict, Error, GITLINK, Id, Lock, Merged, Repo, Stage};

/// A detached worktree of ours, until it is dropped.
pub struct Scratch<'r> {
    repo: &'r Repo,
    top: PathBuf,
}

impl Repo {
    /// Makes a scratch worktree that holds a commit. `name` is that of the operation, whose `lock`
    /// the gits hold; `registering` is the machine's lock, needed while git knows it by half.
    pub fn scratch(
        &self,
        name: &str,
        commit: Id,
        lock: &Lock,
        registering: Lock,
    ) -> Result<Scratch<'_>, Error> {
        let top = self.private("scratch").join(name);
        let scratch = Scratch { repo: self, top };
        let directory = self.private("scratch");
        std::fs::create_dir_all(&directory).map_err(Error::file("create", &directory))?;
        self.call()
            .args(QUIETLY)
            .args(["worktree", "add", "--quiet", "--detach", "--no-checkout"])
            .arg(&scratch.top)
            .arg(commit.to_string())
            .holding(lock)
            .run()?;
        drop(registering);
        scratch
            .call(&["reset", "--hard", "--quiet", "--no-recurse-submodules"])
            .holding(lock)
            .run()?;
        Ok(scratch)
    }

    /// Removes the scratch worktrees of operations that have died.
    pub fn sweep_scratch(&self, is_running: &dyn Fn(&str) -> bool) {
        let Ok(listing) = std::fs::read_dir(self.private("scratch")) else {
            return;
        };
        for entry in listing.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !is_running(&name) {
                remove(self, &entry.path());
            }
        }
    }
}

/// No hook of the user's, no housekeeping: nothing here is anybody's work. And what git has written
/// is as it was written, also where attributes want other line ends than it has.
const QUIETLY: [&str; 6] = [
    "-c",
    "core.ignoreStat=true",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "maintenance.auto=false",
];

impl Scratch<'_> {
    fn call(&self, args: &[&str]) -> super::Call {
        self.repo
            .with_quiet_drivers(self.repo.call_in(&self.top))
            .args(QUIETLY)
            .args(PICKING)
            .args(args)
            .flushing()
    }

    /// Applies a commit to what is there, as `git rebase` does.
    pub fn pick(&mut self, commit: Id) -> Result<Merged, Error> {
        let id = commit.to_string();
        let picked = self
            .call(&["cherry-pick", "--no-commit", "--allow-empty", &id])
            .run_allowing(&[0, 1], None)?;
        if picked.status == 0 {
            return Ok(Merged {
                tree: self.write_tree()?,
                conflict: None,
            });
        }
        let listing = self.call(&["ls-files", "--unmerged", "-z"]).run()?;
        let stages: Vec<_> = listing.stdout.split_str("\0").filter_map(stage).collect();
        if stages.is_empty() {
            return Err(Error::Failed {
                command: format!("git cherry-pick --no-commit {id}"),
                how: "failed with exit status 1".to_owned(),
                status: Some(1),
                stderr: picked.stderr,
                full: false,
            });
        }
        let said = picked.stdout.to_str_lossy();
        let said = said
            .lines()
            .filter(|line| !line.starts_with("Auto-merging "));
        let messages: Vec<String> = said.map(str::to_owned).collect();
        let kinds = messages.iter().map(|message| kind(message)).collect();
        self.settle(&stages)?;
        Ok(Merged {
            tree: self.write_tree()?,
            conflict: Some(Conflict {
                stages,
                messages,
                kinds,
            }),
        })
    }

    /// Takes the files of a conflict as they lie there; a submodule is what it was on one side.
    fn settle(&self, stages: &[Stage]) -> Result<(), Error> {
        let is_submodule = |stage: &&Stage| stage.mode == GITLINK;
        let (mut links, mut files) = (Vec::new(), Vec::new());
        for stage in stages.iter().filter(is_submodule) {
            let line = format!("{:o} {}\t", stage.mode, stage.id);
            links.extend([line.as_bytes(), &stage.path, b"\0"].concat());
        }
        for stage in stages.iter().filter(|stage| !is_submodule(stage)) {
            files.extend([&stage.path[..], b"\0"].concat());
        }
        let update = ["update-index", "--add", "--remove", "--replace", "-z"];
        let files_of = |words: &[&str], input: &[u8]| self.call(words).run_with_input(input);
        files_of(&[&update[..], &["--stdin"]].concat(), &files)?;
        files_of(&[&update[..], &["--index-info"]].concat(), &links)?;
        Ok(())
    }

    /// Goes on from a tree, whatever was there before.
    pub fn go_to(&mut self, tree: Id) -> Result<(), Error> {
        let tree = tree.to_string();
        self.call(&["read-tree", "--reset", "-u", &tree]).run()?;
        Ok(())
    }

    fn write_tree(&self) -> Result<Id, Error> {
        let hex = self.call(&["write-tree"]).run()?.line();
        self.repo.parse_id(&hex).ok_or_else(|| Error::Odd {
            command: "git write-tree".to_owned(),
            answer: hex,
        })
    }
}

/// What `CONFLICT (modify/delete): …` is about, as `git merge-tree` would say it.
fn kind(message: &str) -> String {
    let kind = message
        .strip_prefix("CONFLICT (")
        .and_then(|rest| rest.split(')').next());
    match kind {
        Some("content" | "add/add") => "contents",
        Some(kind) => kind,
        None => "",
    }
    .to_owned()
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        remove(self.repo, &self.top);
    }
}

/// What cannot be removed now is swept away by a later sync.
fn remove(repo: &Repo, top: &Path) {
    if let Ok(Some(linked)) = repo.linked_worktree_at(top) {
        drop(std::fs::remove_dir_all(&linked.git_dir));
    }
    drop(std::fs::remove_dir_all(top));
}
