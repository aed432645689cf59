//! How is a stream's worktree made, and made ready to work in?
//!
//! Registering it takes milliseconds and happens under the machine's lock; the checkout takes long
//! and happens outside it, so that fifty claims check out at the same time. Every step can be
//! repeated: what a process that died has left is finished by the next one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Error, RESTORE, copy};
use crate::git::{self, Linked, Repo, replace_file};
use crate::guard::hooks;
use crate::guard::own::has_own_in;
use crate::ledger::{Claim, Operation, is_dead};
use crate::name::StreamName;
use crate::workspace::{MARKER, Workspace, marked, worktree_path};

/// The file in a worktree's admin directory that says which setup has run there.
const SET_UP: &str = "git-stream-setup";

/// The file in a worktree's admin directory that says that its first checkout is not complete:
/// nobody was told of it yet, so there is nothing of anybody in it.
pub(super) const MAKING: &str = "git-stream-making";

/// A worktree that is ready.
pub(super) struct Made {
    /// What git calls it.
    pub(super) id: String,
    /// What the caller should know.
    pub(super) notes: Vec<String>,
}

/// Where the worktree of a claim goes: where the plan says, or beside that where the worktree of a
/// former holder still is. `from` is the claim that is about to be taken over.
pub(super) fn place(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    from: Option<&Claim>,
) -> Result<String, Error> {
    let planned = worktree_path(workspace.repo, &workspace.plan, stream)?;
    let here = &workspace.machine.id;
    let record = workspace.state.stream(stream);
    let former = record.into_iter().flat_map(|record| &record.former);
    let former = former.map(|one| (&one.machine, &one.worktree));
    let from = from.map(|claim| (&claim.machine, &claim.worktree));
    let lost: Vec<&String> = former
        .chain(from)
        .filter(|(machine, worktree)| *machine == here && Path::new(worktree).exists())
        .map(|(_, worktree)| worktree)
        .collect();
    // No name of a stream holds the letter.
    let more = (2_u32..).map(|number| format!("{planned}@{number}"));
    let mut places = std::iter::once(planned.clone()).chain(more);
    let free = places.find(|place| !lost.contains(&place));
    Ok(free.unwrap_or(planned))
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
    if let Some(ours) = linked.iter().find(|linked| at(linked)) {
        return refuse_unfinished(repo, ours, stream);
    }
    let path = PathBuf::from(place(workspace, stream, None)?);
    let is_registered = linked
        .iter()
        .any(|linked| linked.top == path && linked.half_made);
    let is_free = match path.symlink_metadata() {
        Ok(there) if there.is_dir() => fs::read_dir(&path)
            .map_err(git::Error::file("list", &path))?
            .next()
            .is_none(),
        Ok(_) => false,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    let leftover = match repo.linked_worktree_at(&path)? {
        Some(linked) if is_of_stream(workspace, &linked, stream)? => Some(linked),
        Some(_) | None => None,
    };
    if let Some(leftover) = &leftover
        && path.exists()
        && !leftover.git_dir.join(MAKING).exists()
    {
        refuse_unfinished(repo, leftover, stream)?;
    }
    let is_leftover = leftover.is_some();
    if is_free || is_registered || is_leftover {
        return Ok(());
    }
    Err(Error::WorktreeExists {
        stream: stream.clone(),
        path,
    })
}

/// A worktree that was kept is handed on only on the stream's branch, with nothing in progress.
fn refuse_unfinished(repo: &Repo, kept: &Linked, stream: &StreamName) -> Result<(), Error> {
    let operation = repo.operation_in_progress(&kept.git_dir);
    let branch = stream.branch_ref();
    if operation.is_none() && kept.branch.as_deref() == Some(&branch) {
        return Ok(());
    }
    Err(Error::LeftUnfinished {
        stream: stream.clone(),
        worktree: kept.top.clone(),
        operation,
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

/// The registered worktree of a claim of this machine, wherever it has been moved.
pub(super) fn of_claim(
    repo: &Repo,
    stream: &StreamName,
    claim: &Claim,
) -> Result<Option<Linked>, Error> {
    for linked in repo.linked_worktrees()? {
        let is_its = if claim.worktree_id.is_empty() {
            linked.top == Path::new(&claim.worktree)
        } else {
            linked.id == claim.worktree_id && marked(&linked.git_dir)?.as_ref() == Some(stream)
        };
        if is_its {
            return Ok(Some(linked));
        }
    }
    Ok(None)
}

/// Whether the worktree of a claim of this machine is there as a claim makes it. It is not where
/// somebody deleted it, and where the making or the removal of it died half-way.
pub fn is_whole(workspace: &Workspace<'_>, stream: &StreamName) -> Result<bool, Error> {
    let Some(claim) = workspace.state.claim(stream) else {
        return Ok(false);
    };
    if claim.machine != workspace.machine.id {
        return Ok(true);
    }
    let Some(linked) = of_claim(workspace.repo, stream, claim)? else {
        return Ok(false);
    };
    Ok(is_usable(&linked) && !is_half_removed(workspace, claim)?)
}

fn is_usable(linked: &Linked) -> bool {
    let admin = &linked.git_dir;
    !linked.half_made
        && linked.top.join(".git").exists()
        && admin.join("index").exists()
        && !admin.join(MAKING).exists()
}

/// Whether a release died, which may have begun to remove the worktree.
fn is_half_removed(workspace: &Workspace<'_>, claim: &Claim) -> Result<bool, Error> {
    match &claim.intent {
        Some(intent) if intent.verb == "release" || intent.verb == RESTORE => {
            Ok(is_dead(workspace.repo, &workspace.machine, intent)?)
        }
        Some(_) | None => Ok(false),
    }
}

/// Makes the worktree of a claim, or finishes or mends one that is there.
pub(super) fn make(
    workspace: &Workspace<'_>,
    operation: &Operation,
    stream: &StreamName,
    mend: bool,
) -> Result<Made, Error> {
    let repo = workspace.repo;
    let claim = workspace
        .state
        .claim(stream)
        .ok_or_else(|| Error::Vanished {
            stream: stream.clone(),
        })?;
    let top = match of_claim(repo, stream, claim)? {
        Some(linked) if linked.top.exists() => linked.top,
        Some(_) | None => PathBuf::from(&claim.worktree),
    };
    let mut notes = Vec::new();
    let linked = register(workspace, operation, stream, &top)?;
    let making = linked.git_dir.join(MAKING);
    // A checkout that died has left its lock; git itself is gone, or our lock would be held.
    let forget_lock = || drop(fs::remove_file(linked.git_dir.join("index.lock")));
    if making.exists() {
        forget_lock();
        repo.check_out(&linked, operation.lock())?;
        // Ours has nothing to say of a new worktree.
        if has_own_in(repo, &linked.top, "post-checkout")
            && let Err(error) = repo.run_post_checkout(&linked, operation.lock())
        {
            notes.push(format!("the post-checkout hook failed: {error}"));
        }
        fs::remove_file(&making).map_err(git::Error::file("remove", &making))?;
    } else if mend || !is_usable(&linked) {
        forget_lock();
        repo.mend_worktree(&linked, operation.lock())?;
        notes.push(format!(
            "mended '{}'; no file in it was changed",
            top.display()
        ));
    } else {
        notes.push(format!(
            "'{}' is there already, with what was left in it",
            top.display()
        ));
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
        None => {
            let linked = repo.register_worktree(top, &stream.branch(), operation.lock())?;
            replace_file(&linked.git_dir.join(MAKING), b"", 0o644)?;
            linked
        }
    };
    replace_file(
        &linked.git_dir.join(MARKER),
        format!("{stream}\n").as_bytes(),
        0o644,
    )?;
    hooks::install(repo, &lock)?;
    Ok(linked)
}

/// Takes back what [`make`] has made, as far as nothing of anybody is in it; whether no worktree of
/// the stream is left.
pub(super) fn unmake(
    workspace: &Workspace<'_>,
    operation: &Operation,
    stream: &StreamName,
) -> bool {
    let repo = workspace.repo;
    let Some(claim) = workspace.state.claim(stream) else {
        return false;
    };
    let Ok(_lock) = workspace.ledger().lock() else {
        return false;
    };
    // All of this is tidying up after an error that is told; what cannot be tidied stays visible.
    match of_claim(repo, stream, claim) {
        Ok(None) => true,
        Ok(Some(linked)) if linked.half_made || !linked.git_dir.join("index").exists() => {
            repo.forget_half_made(&linked).is_ok()
        }
        Ok(Some(linked)) => repo.remove_worktree(&linked.top, operation.lock()).is_ok(),
        Err(_) => false,
    }
}

/// Keeps a worktree inside the repository out of git's view.
pub fn hide(repo: &Repo, top: &Path) -> Result<(), Error> {
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
