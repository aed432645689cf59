//! How is a stream given back, so that nothing is lost?
//!
//! Commits that are not on the base stay on the stream's branch. The worktree goes only where
//! everything in it is somewhere else, too: nothing uncommitted, untracked or ignored, no
//! operation in progress, and nobody in it. Whatever stays is named.

use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::{Error, copy};
use crate::git::{Id, Repo};
use crate::guard::hooks;
use crate::ledger::{Actor, Claim, Operation, RefMove, What, Work};
use crate::name::{AgentName, StreamName};
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
    let landed = unlanded == 0 && tip.is_some_and(|tip| tip != claim.start);
    let worktree = leave(workspace, operation, stream, claim, dry_run)?;
    // A branch that has nothing of its own goes, unless a worktree that stays is on it.
    let branch = tip.filter(|_| unlanded > 0 || worktree.is_some());
    let moves = match (tip, branch) {
        (Some(tip), None) => {
            vec![RefMove {
                name: stream.branch_ref(),
                old: Some(tip),
                new: None,
            }]
        }
        _ => Vec::new(),
    };
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
        dry_run,
    })
}

/// Removes the worktree where nothing would be lost; answers it where it stays.
fn leave(
    workspace: &Workspace<'_>,
    operation: &Operation,
    stream: &StreamName,
    claim: &Claim,
    dry_run: bool,
) -> Result<Option<Kept>, Error> {
    let repo = workspace.repo;
    let top = PathBuf::from(&claim.worktree);
    let Some(linked) = repo.linked_worktree_at(&top)?.filter(|_| top.exists()) else {
        return Ok(None);
    };
    let files = unique_files(workspace, &top)?;
    let mut reasons = Vec::new();
    if !files.is_empty() {
        reasons.push(format!(
            "{} in it that {} nowhere else",
            word::count(files.len(), "file"),
            if files.len() == 1 { "is" } else { "are" }
        ));
    }
    if let Some(operation) = repo.operation_in_progress(&linked.git_dir) {
        reasons.push(format!("a {operation} is in progress in it"));
    }
    if linked.branch.as_deref() != Some(stream.branch_ref().as_str()) {
        reasons.push(format!("its HEAD is not on '{}'", stream.branch()));
    }
    if is_somebody_in(&top) {
        reasons.push("a process is running in it".to_owned());
    }
    if reasons.is_empty() {
        if !dry_run {
            let lock = workspace.ledger().lock()?;
            remove_copies(workspace, &top)?;
            repo.remove_worktree(&top, operation.lock())?;
            hooks::install(repo, &lock)?;
        }
        return Ok(None);
    }
    Ok(Some(Kept {
        path: top,
        reasons,
        files,
    }))
}

/// The files of a worktree that are neither in a commit nor, unchanged, in the main worktree.
fn unique_files(workspace: &Workspace<'_>, top: &Path) -> Result<Vec<BString>, Error> {
    let repo = workspace.repo;
    let mut files = repo.unclean_files(top)?;
    let Some(main) = repo.main_top() else {
        return Ok(files);
    };
    let copies = copy::wanted(workspace, main)?;
    files.retain(|file| !(copies.contains(file) && is_same(main, top, file)));
    Ok(files)
}

fn is_same(main: &Path, top: &Path, file: &BString) -> bool {
    let relative = file.to_path_lossy();
    let read = |directory: &Path| fs::read(directory.join(&relative)).ok();
    read(main).is_some_and(|here| read(top).is_some_and(|there| here == there))
}

/// Removes the unchanged copies, which git would count as untracked files.
fn remove_copies(workspace: &Workspace<'_>, top: &Path) -> Result<(), Error> {
    let Some(main) = workspace.repo.main_top() else {
        return Ok(());
    };
    for file in copy::wanted(workspace, main)? {
        if is_same(main, top, &file) && !workspace.repo.is_tracked(top, &file)? {
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
