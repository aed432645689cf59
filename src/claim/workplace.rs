//! How is a stream's worktree made, and made ready to work in?
//!
//! Registering it takes milliseconds and happens under the machine's lock; the checkout takes long
//! and happens outside it, so that fifty claims check out at the same time. Every step can be
//! repeated: what a process that died has left is finished by the next one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Error, copy};
use crate::git::{self, Linked, Repo, replace_file};
use crate::guard::hooks;
use crate::ledger::Operation;
use crate::name::StreamName;
use crate::workspace::{MARKER, Workspace, marked, worktree_path};

/// The file in a worktree's admin directory that says which setup has run there.
const SET_UP: &str = "git-stream-setup";

/// A worktree that is ready.
pub(super) struct Made {
    /// What git calls it.
    pub(super) id: String,
    /// What the caller should know.
    pub(super) notes: Vec<String>,
}

/// Refuses a place for the worktree that holds something else.
pub(super) fn refuse_occupied(workspace: &Workspace<'_>, stream: &StreamName) -> Result<(), Error> {
    let repo = workspace.repo;
    let branch = stream.branch_ref();
    let at = |linked: &Linked| linked.top.exists() && linked.branch.as_deref() == Some(&branch);
    let linked = repo.linked_worktrees()?;
    if let Some(other) = linked.iter().find(|linked| at(linked))
        && !is_of_stream(workspace, other, stream)?
    {
        let (stream, worktree) = (stream.clone(), other.top.clone());
        return Err(Error::BranchInUse { stream, worktree });
    }
    if linked.iter().any(at) {
        return Ok(());
    }
    let path = PathBuf::from(worktree_path(repo, &workspace.plan, stream)?);
    let is_registered = linked
        .iter()
        .any(|linked| linked.top == path && linked.half_made);
    let is_free = match fs::read_dir(&path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    let is_leftover = match repo.linked_worktree_at(&path)? {
        Some(linked) => is_of_stream(workspace, &linked, stream)?,
        None => false,
    };
    if is_free || is_registered || is_leftover {
        return Ok(());
    }
    Err(Error::WorktreeExists {
        stream: stream.clone(),
        path,
    })
}

/// Whether a worktree is this stream's: marked as such, or the one that an earlier claim of the
/// stream was about to make when it died.
fn is_of_stream(
    workspace: &Workspace<'_>,
    linked: &Linked,
    stream: &StreamName,
) -> Result<bool, Error> {
    let left = workspace
        .state
        .stream(stream)
        .and_then(|known| known.work.as_ref());
    let planned = left.filter(|work| work.machine == workspace.machine.id);
    let is_planned = planned
        .and_then(|work| work.worktree.as_ref())
        .is_some_and(|top| Path::new(top) == linked.top);
    Ok(is_planned || marked(&linked.git_dir)?.as_ref() == Some(stream))
}

/// Whether the worktree of a claim of this machine is gone.
pub(super) fn is_missing(workspace: &Workspace<'_>, stream: &StreamName) -> bool {
    workspace.state.claim(stream).is_some_and(|claim| {
        claim.machine == workspace.machine.id && !Path::new(&claim.worktree).exists()
    })
}

/// Makes the worktree of a claim, or finishes one that is there.
pub(super) fn make(
    workspace: &Workspace<'_>,
    operation: &Operation,
    stream: &StreamName,
) -> Result<Made, Error> {
    let repo = workspace.repo;
    let claim = workspace
        .state
        .claim(stream)
        .ok_or_else(|| Error::Vanished {
            stream: stream.clone(),
        })?;
    let top = PathBuf::from(&claim.worktree);
    let mut notes = Vec::new();
    let linked = register(workspace, operation, stream, &top)?;
    if linked.git_dir.join("index").exists() {
        notes.push(format!(
            "'{}' is there already, with what was left in it",
            top.display()
        ));
    } else {
        // A checkout that died has left its lock; git itself is gone, or our lock would be held.
        drop(fs::remove_file(linked.git_dir.join("index.lock")));
        if let Some(error) = repo.check_out(&linked, operation.lock())? {
            notes.push(format!("the post-checkout hook failed: {error}"));
        }
    }
    notes.extend(copy::copy(workspace, &top)?);
    Ok(Made {
        id: linked.id,
        notes,
    })
}

/// Registers the worktree with git and marks it as the stream's, under the machine's lock.
fn register(
    workspace: &Workspace<'_>,
    operation: &Operation,
    stream: &StreamName,
    top: &Path,
) -> Result<Linked, Error> {
    let repo = workspace.repo;
    let lock = workspace.ledger().lock()?;
    let mut linked = repo.linked_worktree_at(top)?;
    if let Some(stale) = &linked
        && (stale.half_made || !top.exists())
    {
        repo.forget_half_made(stale)?;
        linked = None;
    }
    hide(repo, top)?;
    let linked = match linked {
        Some(linked) => linked,
        None => repo.register_worktree(top, &stream.branch(), operation.lock())?,
    };
    replace_file(
        &linked.git_dir.join(MARKER),
        format!("{stream}\n").as_bytes(),
        0o644,
    )?;
    hooks::install(repo, &lock)?;
    Ok(linked)
}

/// Takes back what [`make`] has made, as far as nothing of anybody is in it.
pub(super) fn unmake(workspace: &Workspace<'_>, operation: &Operation, stream: &StreamName) {
    let repo = workspace.repo;
    let Some(claim) = workspace.state.claim(stream) else {
        return;
    };
    let top = PathBuf::from(&claim.worktree);
    let Ok(_lock) = workspace.ledger().lock() else {
        return;
    };
    // All of this is tidying up after an error that is told; what cannot be tidied stays visible.
    if let Ok(Some(linked)) = repo.linked_worktree_at(&top)
        && (linked.half_made || !linked.git_dir.join("index").exists())
    {
        drop(repo.forget_half_made(&linked));
    } else {
        drop(repo.remove_worktree(&top, operation.lock()));
    }
}

/// Keeps a worktree inside the repository out of git's view.
fn hide(repo: &Repo, top: &Path) -> Result<(), Error> {
    let Some(inside) = repo.main_top().and_then(|main| top.strip_prefix(main).ok()) else {
        return Ok(());
    };
    let line = format!("/{}/", inside.display());
    let path = repo.common_dir().join("info").join("exclude");
    let mut text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(git::Error::file("read", &path)(error).into()),
    };
    if text.lines().any(|known| known == line) {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&line);
    text.push('\n');
    Ok(replace_file(&path, text.as_bytes(), 0o644)?)
}

/// Runs the plan's setup command in a worktree where it has not run yet.
///
/// It runs after the claim counts, so that a setup which fails or is killed is taken up by the
/// next run of the same command.
pub(super) fn set_up(workspace: &Workspace<'_>, stream: &StreamName) -> Result<Vec<String>, Error> {
    let Some(command) = &workspace.plan.worktrees.setup else {
        return Ok(Vec::new());
    };
    let Some(claim) = workspace.state.claim(stream) else {
        return Ok(Vec::new());
    };
    if claim.machine != workspace.machine.id {
        return Ok(Vec::new());
    }
    let admin = workspace
        .repo
        .common_dir()
        .join("worktrees")
        .join(&claim.worktree_id);
    let marker = admin.join(SET_UP);
    if fs::read_to_string(&marker).is_ok_and(|done| done == *command) {
        return Ok(Vec::new());
    }
    let top = Path::new(&claim.worktree);
    let status = shell(command, top, stream)
        .status()
        .map_err(|source| Error::SetupNotStarted {
            command: command.clone(),
            source,
        })?;
    if !status.success() {
        return Err(Error::SetupFailed {
            stream: stream.clone(),
            command: command.clone(),
            how: status.to_string(),
        });
    }
    replace_file(&marker, command.as_bytes(), 0o644)?;
    Ok(vec![format!("ran `{command}` in it")])
}

/// A command of the plan, in a worktree; what it prints is narration.
#[expect(
    clippy::disallowed_methods,
    reason = "the plan's setup command, after its approval"
)]
fn shell(command: &str, top: &Path, stream: &StreamName) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(top)
        .env("GIT_STREAM", stream.as_str())
        .stdin(Stdio::null())
        .stdout(std::io::stderr());
    shell
}
