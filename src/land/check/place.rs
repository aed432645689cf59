//! Where does a check run, and what does it find there?
//!
//! Beside the streams' worktrees, in one that is git stream's own and stays. Before each use every
//! file that git knows is as the commit has it, and what git does not know is gone, unless it is
//! ignored: a file that an earlier check has left could make the next one pass. The plan's `copy`
//! is brought up to date, and its `setup` runs again when the command, or a shared or derived file
//! has changed since it ran.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Job, Signals, leftover};
use crate::claim;
use crate::git::{self, Id, Linked, Repo, replace_file};
use crate::land::{Beat, Ending, Error};
use crate::ledger::Operation;
use crate::pattern::Matcher;
use crate::workspace::{Workspace, place_beside};

/// The name of its directory; no stream can have it.
const NAME: &str = ".check";
/// The file in its admin directory that says whose it is.
const MARK: &str = "git-stream-check";
/// The file there that says which setup has run, on which tree.
const SET_UP: &str = "git-stream-setup";
/// How many logs are kept.
const LOGS: usize = 50;

/// No hook of the user's, no housekeeping: nothing here is anybody's work.
const QUIETLY: [&str; 6] = [
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
];

/// The worktree for checks, holding a commit.
pub(in crate::land) struct Place<'r> {
    repo: &'r Repo,
    linked: Linked,
    operation: String,
    used: usize,
}

/// Brings the worktree for checks to a commit.
pub(in crate::land) fn prepare<'r>(
    workspace: &Workspace<'r>,
    operation: &Operation,
    commit: Id,
) -> Result<Place<'r>, Error> {
    let repo = workspace.repo;
    let top = PathBuf::from(place_beside(repo, &workspace.plan, NAME)?);
    let linked = register(workspace, operation, &top, commit)?;
    leftover::end(&linked.git_dir);
    let place = Place {
        repo,
        linked,
        operation: operation.id().to_string(),
        used: 0,
    };
    sweep_logs(repo);
    place.go(workspace, operation, commit)?;
    Ok(place)
}

fn register(
    workspace: &Workspace<'_>,
    operation: &Operation,
    top: &Path,
    commit: Id,
) -> Result<Linked, Error> {
    let repo = workspace.repo;
    let _lock = workspace.ledger().lock()?;
    let known = repo.linked_worktree_at(top)?;
    match known {
        Some(linked) if linked.top.join(".git").exists() && !linked.half_made => {
            // One that has no index yet is ours, too: its making died before the mark was set.
            let mark = linked.git_dir.join(MARK);
            if !mark.exists() && !linked.git_dir.join("index").exists() {
                replace_file(&mark, b"", 0o644)?;
            }
            if mark.exists() {
                return Ok(linked);
            }
            return Err(Error::Occupied {
                path: top.to_owned(),
            });
        }
        Some(stale) => repo.forget_half_made(&stale)?,
        None => {}
    }
    let is_free = fs::read_dir(top).map_or(true, |mut inside| inside.next().is_none());
    if !is_free {
        return Err(Error::Occupied {
            path: top.to_owned(),
        });
    }
    claim::hide(repo, top)?;
    if let Some(parent) = top.parent() {
        fs::create_dir_all(parent).map_err(git::Error::file("create", parent))?;
    }
    repo.call()
        .args(QUIETLY)
        .args(["worktree", "add", "--quiet", "--detach", "--no-checkout"])
        .arg(top)
        .arg(commit.to_string())
        .holding(operation.lock())
        .run()?;
    let made = repo.linked_worktree_at(top)?;
    let made = made.ok_or_else(|| git::Error::Odd {
        command: "git worktree add".to_owned(),
        answer: "it registered no worktree".to_owned(),
    })?;
    replace_file(&made.git_dir.join(MARK), b"", 0o644)?;
    Ok(made)
}

impl Place<'_> {
    /// Brings it to a commit.
    pub(in crate::land) fn go(
        &self,
        workspace: &Workspace<'_>,
        operation: &Operation,
        commit: Id,
    ) -> Result<(), Error> {
        // Whoever held it is dead, or we would not be here.
        drop(fs::remove_file(self.linked.git_dir.join("index.lock")));
        self.repo.flush()?;
        let call = |args: &[&str]| {
            self.repo
                .call_at(&self.linked)
                .args(QUIETLY)
                .args(args)
                .holding(operation.lock())
                .run()
        };
        // HEAD first, detached: a check may have left it on a branch, which a reset would move.
        call(&["update-ref", "--no-deref", "HEAD", &commit.to_string()])?;
        call(&["reset", "--hard", "--quiet", "--no-recurse-submodules"])?;
        call(&["clean", "-ffdq"])?;
        claim::refresh(workspace, &self.linked.top)?;
        Ok(())
    }

    /// A command to be run in it.
    pub(in crate::land) fn job<'j>(
        &'j mut self,
        what: &'static str,
        command: &'j str,
        streams: &str,
        limit: std::time::Duration,
    ) -> Job<'j> {
        self.used += 1;
        let name = format!("{}-{}.log", self.operation, self.used);
        Job {
            what,
            command,
            top: &self.linked.top,
            admin: &self.linked.git_dir,
            streams: streams.to_owned(),
            log: self.repo.private("checks").join(name),
            tells: None,
            limit,
        }
    }

    /// Runs the plan's setup, unless it has run since anything that it may depend on has changed.
    pub(in crate::land) fn set_up(
        &mut self,
        workspace: &Workspace<'_>,
        tree: Id,
        streams: &str,
        signals: &Signals,
        tell: &mut dyn FnMut(Beat),
    ) -> Result<(), Error> {
        let Some(command) = &workspace.plan.worktrees.setup else {
            return Ok(());
        };
        let marker = self.linked.git_dir.join(SET_UP);
        if self.is_set_up(workspace, command, tree, &marker)? {
            return Ok(());
        }
        drop(fs::remove_file(&marker));
        let limit = workspace.plan.land.timeout.unsigned_abs();
        let job = self.job("setup", command, streams, limit);
        let ran = super::run(&job, signals, tell)?;
        if ran.ending != Ending::Passed {
            return Err(Error::Unprepared {
                what: "setup",
                command: command.clone(),
                how: format!("ended with status {}", ran.status),
                log: job.log,
            });
        }
        replace_file(&marker, format!("{tree}\n{command}").as_bytes(), 0o644)?;
        Ok(())
    }

    fn is_set_up(
        &self,
        workspace: &Workspace<'_>,
        command: &str,
        tree: Id,
        marker: &Path,
    ) -> Result<bool, Error> {
        let text = fs::read_to_string(marker).unwrap_or_default();
        let Some((then, ran)) = text.split_once('\n') else {
            return Ok(false);
        };
        let Some(then) = self.repo.parse_id(then).filter(|then| self.repo.has(*then)) else {
            return Ok(false);
        };
        let plan = &workspace.plan;
        let matters = [&plan.shared.files, &plan.derived.files].map(Matcher::of_set);
        let changes = self.repo.diff_trees(Some(then), Some(tree))?;
        let is_same = !changes.iter().any(|change| {
            matters
                .iter()
                .any(|matcher| matcher.is_match(change.path.as_ref()))
        });
        Ok(ran == command && is_same)
    }

    /// Removes what a command has left that git does not know and does not ignore, where the disk
    /// is full: nothing could be written down otherwise, not even that the check has failed.
    pub(in crate::land) fn make_room(&self) -> Result<(), Error> {
        if git::is_full(&self.linked.top) {
            let call = self.repo.call_at(&self.linked).args(QUIETLY);
            call.args(["clean", "-ffdq"]).run()?;
        }
        Ok(())
    }

    /// The files that git knows and that differ from the commit.
    pub(in crate::land) fn dirty(&self) -> Result<Vec<bstr::BString>, Error> {
        let changes = self.repo.uncommitted(&self.linked.top)?;
        Ok(changes.into_iter().map(|change| change.path).collect())
    }

    /// Its files that match, as a tree that is otherwise the commit's.
    pub(in crate::land) fn tree_with(&self, these: &Matcher) -> Result<Id, Error> {
        use bstr::ByteSlice as _;
        let call = |args: &[&str]| self.repo.call_at(&self.linked).args(QUIETLY).args(args);
        let listing = call(&["status", "--porcelain=v1", "-z", "--no-renames"])
            .args(["--untracked-files=all", "--ignored=matching"])
            .run()?;
        let lines = listing.stdout.split_str("\0").filter(|line| line.len() > 3);
        let mut paths = Vec::new();
        for line in lines {
            let path = &line[3..];
            if these.is_match(path.as_bstr()) {
                paths.extend_from_slice(path);
                paths.push(0);
            }
        }
        if !paths.is_empty() {
            call(&["--literal-pathspecs", "add", "--all", "--force"])
                .args(["--pathspec-from-file=-", "--pathspec-file-nul"])
                .run_with_input(&paths)?;
        }
        let hex = call(&["write-tree"]).run()?.line();
        self.repo.parse_id(&hex).ok_or_else(|| {
            git::Error::Odd {
                command: "git write-tree".to_owned(),
                answer: hex,
            }
            .into()
        })
    }
}

/// Keeps the newest logs only.
fn sweep_logs(repo: &Repo) {
    let Ok(listing) = fs::read_dir(repo.private("checks")) else {
        return;
    };
    let mut logs: Vec<_> = listing
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    logs.sort();
    let old = logs.len().saturating_sub(LOGS);
    for (_, log) in logs.into_iter().take(old) {
        drop(fs::remove_file(log));
    }
}
