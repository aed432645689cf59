//! How is a stream given back, so that nothing is lost?
//!
//! Commits that are not on the base stay on the stream's branch. The worktree goes only where
//! everything in it is somewhere else, too: nothing uncommitted, untracked or ignored, no
//! operation in progress, and nobody in it. Whatever stays is named.

use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::workplace::{self, MAKING};
use super::{Error, copy};
use crate::git::{Id, Linked, Repo};
use crate::guard::hooks;
use crate::ledger::{Actor, Claim, Operation, RefMove, What, Work};
use crate::name::{AgentName, StreamName};
use crate::rule::{self, Scope};
use crate::word;
use crate::workspace::Workspace;

/// A stream that was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The stream.
    pub stream: StreamName,
    /// Who gave it back.
    pub by: AgentName,
    /// Who had it.
    pub agent: AgentName,
    /// Whether the base has all of its work.
    pub landed: bool,
    /// The tip of its branch, where that stays.
    pub branch: Option<Id>,
    /// How many of its commits are not on the base.
    pub unlanded: usize,
    /// The worktree, where it stays, and why.
    pub worktree: Option<Kept>,
    /// Refs that lead to what nothing else would lead to any more: commits of a detached HEAD, and
    /// those that were reset or amended away.
    pub past: Vec<String>,
    /// Nothing was done: a dry run.
    pub dry_run: bool,
}

/// A worktree that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its top.
    pub path: PathBuf,
    /// Why it stays, in words.
    pub reasons: Vec<String>,
    /// The files that are nowhere else.
    pub files: Vec<BString>,
}

/// Gives a stream back.
pub fn release(
    repo: &Repo,
    named: Option<&StreamName>,
    agent: Option<&AgentName>,
    dry_run: bool,
) -> Result<Released, Error> {
    let mut workspace = Workspace::open(repo)?;
    let by = workspace.caller(agent)?;
    let stream = workspace.stream(named)?;
    let operation = Operation::begin(repo)?;
    let what = What::Begin {
        stream: stream.clone(),
        verb: "release".to_owned(),
        intends: Vec::new(),
    };
    let begin = workspace.request(operation.id(), &by, what, Vec::new());
    if dry_run {
        workspace.decide(&begin)?;
    } else {
        workspace.submit(&begin)??;
    }
    let claim = workspace
        .state
        .claim(&stream)
        .cloned()
        .ok_or_else(|| Error::Vanished {
            stream: stream.clone(),
        })?;
    match finish(&mut workspace, &operation, &by, &stream, &claim, dry_run) {
        Err(error) if !dry_run => {
            let what = What::Abandon {
                stream,
                dead: operation.id().clone(),
            };
            let abandon = workspace.request(operation.id(), &by, what, Vec::new());
            // The first error is the one to tell; an intent that stays is found dead later.
            drop(workspace.submit(&abandon));
            Err(error)
        }
        finished => finished,
    }
}

fn finish(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    claim: &Claim,
    dry_run: bool,
) -> Result<Released, Error> {
    let repo = workspace.repo;
    let base = workspace.base.commit;
    let tip = repo.read_ref(&stream.branch_ref())?;
    let unlanded = match tip {
        Some(tip) => repo.commits_between(&[tip], &[base])?.len(),
        None => 0,
    };
    let landed = match tip {
        Some(tip) if unlanded == 0 => did_work(workspace, claim, tip)?,
        Some(_) | None => false,
    };
    let linked = workplace::of_claim(repo, stream, claim)?;
    let past = earlier(repo, linked.as_ref(), stream, tip, base, operation)?;
    let worktree = leave(workspace, operation, stream, linked.as_ref(), dry_run)?;
    // A branch that has nothing of its own goes, unless some worktree that stays is on it.
    let is_used = worktree.is_some() || is_checked_out(repo, stream)?;
    let branch = tip.filter(|_| unlanded > 0 || (is_used && !dry_run) || worktree.is_some());
    let mut moves = past.clone();
    // A commit made at this moment ends the release with status 4; run again, it finishes.
    moves.extend(tip.map(|tip| RefMove {
        name: stream.branch_ref(),
        old: Some(tip),
        new: branch,
    }));
    if !dry_run {
        let work = branch.map(|tip| Work {
            tip,
            start: claim.start,
            agent: claim.agent.clone(),
            worktree: worktree
                .as_ref()
                .map(|kept| kept.path.display().to_string()),
            machine: claim.machine.clone(),
        });
        let what = What::Released {
            stream: stream.clone(),
            work,
            landed,
        };
        let request = workspace.request(operation.id(), by, what, moves);
        workspace.submit(&request)??;
    }
    Ok(Released {
        stream: stream.clone(),
        by: by.agent.clone(),
        agent: claim.agent.clone(),
        landed,
        branch,
        unlanded,
        worktree,
        past: past.into_iter().map(|one| one.name).collect(),
        dry_run,
    })
}

/// Whether what the stream has beyond its start is its own work, and not just the base's.
fn did_work(workspace: &Workspace<'_>, claim: &Claim, tip: Id) -> Result<bool, Error> {
    let repo = workspace.repo;
    if repo.commits_between(&[tip], &[claim.start])?.is_empty() {
        return Ok(false);
    }
    let scope = Scope::new(&claim.territory(), &workspace.plan);
    Ok(rule::range(repo, &scope, claim.start, tip)?.is_empty())
}

/// Refs for what HEAD and the branch have been and nothing else knows: commits on a detached HEAD,
/// commits that were reset or amended away. Without them, their last trace would go with the
/// worktree and the branch.
fn earlier(
    repo: &Repo,
    linked: Option<&Linked>,
    stream: &StreamName,
    tip: Option<Id>,
    base: Id,
    operation: &Operation,
) -> Result<Vec<RefMove>, Error> {
    const MOST: usize = 100;
    let mut known: Vec<Id> = tip.into_iter().chain([base]).collect();
    let mut kept = Vec::new();
    for id in repo.past_of(linked, &stream.branch_ref()) {
        if kept.len() == MOST {
            break;
        }
        // Only commits, and only those that no ref which stays would lead to.
        if repo.commit(id).is_err() || repo.commits_between(&[id], &known)?.is_empty() {
            continue;
        }
        known.push(id);
        kept.push(RefMove {
            name: format!(
                "refs/stream/kept/{stream}/{}-{}",
                operation.id(),
                kept.len() + 1
            ),
            old: None,
            new: Some(id),
        });
    }
    Ok(kept)
}

/// Whether any worktree is on the stream's branch.
fn is_checked_out(repo: &Repo, stream: &StreamName) -> Result<bool, Error> {
    let branch = stream.branch_ref();
    let linked = repo.linked_worktrees()?;
    let is_on = |linked: &Linked| linked.branch.as_ref() == Some(&branch) && linked.top.exists();
    Ok(linked.iter().any(is_on) || repo.main_branch().as_ref() == Some(&branch))
}

/// Removes the worktree where nothing would be lost; answers it where it stays.
fn leave(
    workspace: &Workspace<'_>,
    operation: &Operation,
    stream: &StreamName,
    linked: Option<&Linked>,
    dry_run: bool,
) -> Result<Option<Kept>, Error> {
    let repo = workspace.repo;
    let Some(linked) = linked.filter(|linked| linked.top.exists()) else {
        return Ok(None);
    };
    let top = &linked.top;
    let files = unique_files(workspace, linked)?;
    let reasons = reasons_to_stay(repo, stream, linked, &files);
    if !reasons.is_empty() {
        return Ok(Some(Kept {
            path: top.clone(),
            reasons,
            files,
        }));
    }
    if !dry_run {
        let lock = workspace.ledger().lock()?;
        if linked.git_dir.join(MAKING).exists() {
            // Its first checkout died; nobody was ever told of it.
            repo.discard_worktree(linked)?;
        } else {
            remove_copies(workspace, linked)?;
            repo.remove_worktree(top, operation.lock())?;
        }
        hooks::install(repo, &lock)?;
    }
    Ok(None)
}

/// Why a worktree may not be removed, in words.
fn reasons_to_stay(
    repo: &Repo,
    stream: &StreamName,
    linked: &Linked,
    files: &[BString],
) -> Vec<String> {
    let mut reasons = Vec::new();
    if !files.is_empty() {
        let are = if files.len() == 1 { "is" } else { "are" };
        let count = word::count(files.len(), "file");
        reasons.push(format!("{count} in it that {are} nowhere else"));
    }
    if let Some(operation) = repo.operation_in_progress(&linked.git_dir) {
        reasons.push(format!("a {operation} is in progress in it"));
    }
    if linked.branch.as_deref() != Some(stream.branch_ref().as_str()) {
        reasons.push(format!("its HEAD is not on '{}'", stream.branch()));
    }
    if linked.git_dir.join("locked").exists() && !linked.half_made {
        reasons.push("it is locked (`git worktree lock`)".to_owned());
    }
    if linked.git_dir.join("modules").exists() {
        reasons.push("it has submodules".to_owned());
    }
    if is_somebody_in(&linked.top) {
        reasons.push("a process is running in it".to_owned());
    }
    reasons
}

/// The files of a worktree that are neither in a commit nor, unchanged, in the main worktree.
fn unique_files(workspace: &Workspace<'_>, linked: &Linked) -> Result<Vec<BString>, Error> {
    let repo = workspace.repo;
    if linked.git_dir.join(MAKING).exists() {
        return Ok(Vec::new());
    }
    let mut files = repo.unclean_files(linked)?;
    files.extend(repo.overlooked_files(linked)?);
    let Some(main) = repo.main_top() else {
        return Ok(files);
    };
    let copies = copy::wanted(workspace, main)?;
    files.retain(|file| !(copies.contains(file) && is_same(main, &linked.top, file)));
    Ok(files)
}

fn is_same(main: &Path, top: &Path, file: &BString) -> bool {
    let relative = file.to_path_lossy();
    let read = |directory: &Path| fs::read(directory.join(&relative)).ok();
    read(main).is_some_and(|here| read(top).is_some_and(|there| here == there))
}

/// Removes the unchanged copies, which git would count as untracked files.
fn remove_copies(workspace: &Workspace<'_>, linked: &Linked) -> Result<(), Error> {
    let top = &linked.top;
    let Some(main) = workspace.repo.main_top() else {
        return Ok(());
    };
    for file in copy::wanted(workspace, main)? {
        if is_same(main, top, &file) && !workspace.repo.is_tracked(linked, &file)? {
            drop(fs::remove_file(top.join(file.to_path_lossy())));
        }
    }
    Ok(())
}

/// Whether some process has its working directory in a worktree, as far as the system tells.
///
/// # Limits
///
/// Only where `/proc` shows it (Linux), and only for processes of the same user.
fn is_somebody_in(top: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else {
        return false;
    };
    let top = top.canonicalize().unwrap_or_else(|_gone| top.to_owned());
    processes
        .flatten()
        .filter_map(|process| fs::read_link(process.path().join("cwd")).ok())
        .any(|directory| directory.starts_with(&top))
}
