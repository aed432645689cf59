//! How is the worktree made in which a person resolves, and how does it go?

use std::path::{Path, PathBuf};

use bstr::BString;

use super::Error;
use super::record::Resolution;
use crate::git::{Expect, Id, Linked, Move, Repo};
use crate::kept;
use crate::ledger::Operation;
use crate::name::StreamName;
use crate::sync::Recalled;
use crate::workspace::{Workspace, now, worktree_path};

/// What the user may have configured and what must not happen here: nothing but these commits is
/// rebased, no branch moves along, and nothing is stashed where all worktrees see it.
const PLAINLY: [&str; 10] = [
    "-c",
    "merge.directoryRenames=false",
    "-c",
    "rebase.rebaseMerges=false",
    "-c",
    "rebase.autoStash=false",
    "-c",
    "rebase.autoSquash=false",
    "-c",
    "rebase.forkPoint=false",
];

/// Where it is put: beside the stream's own.
pub(super) fn place(workspace: &Workspace<'_>, stream: &StreamName) -> Result<PathBuf, Error> {
    let own = worktree_path(workspace.repo, &workspace.plan, stream)?;
    Ok(PathBuf::from(format!("{own}.resolve")))
}

/// Makes it, with the stream's commit in it.
pub(super) fn make(
    workspace: &Workspace<'_>,
    operation: &Operation,
    top: &Path,
    tip: Id,
) -> Result<(), Error> {
    let repo = workspace.repo;
    let registering = workspace.ledger().lock()?;
    repo.call()
        .args(["worktree", "add", "--quiet", "--no-checkout", "--detach"])
        .arg(top)
        .arg(tip.to_string())
        .holding(operation.lock())
        .run()?;
    drop(registering);
    repo.call_in(top)
        .args(["reset", "--hard", "--quiet", "--no-recurse-submodules"])
        .holding(operation.lock())
        .run()?;
    Ok(())
}

/// Rebases what is checked out there, from behind `upstream` onto `onto`. Answers whether it has
/// come to its end.
pub(super) fn rebase(repo: &Repo, top: &Path, upstream: Id, onto: Id) -> Result<bool, Error> {
    let output = repo
        .call_in(top)
        .args(PLAINLY)
        .args(["rebase", "--merge", "--empty=drop", "--no-update-refs"])
        .args(["--onto", &onto.to_string(), &upstream.to_string()])
        .env("GIT_EDITOR", "true")
        .run_allowing(&[0, 1], None)?;
    if output.status == 0 {
        return Ok(true);
    }
    if is_stopped(repo, top)? {
        return Ok(false);
    }
    Err(Error::WouldNotBegin {
        worktree: top.to_owned(),
        said: output.stderr,
    })
}

fn is_stopped(repo: &Repo, top: &Path) -> Result<bool, Error> {
    let linked = repo.linked_worktree_at(top)?;
    Ok(linked.is_some_and(|linked| repo.operation_in_progress(&linked.git_dir).is_some()))
}

/// Goes on over the conflicts that were resolved before: as far as the rebase stops at these
/// commits, on what they were resolved on.
pub(super) fn go_on(repo: &Repo, top: &Path, recalled: &[Recalled]) -> Result<(), Error> {
    for known in recalled {
        if !is_stopped(repo, top)? {
            return Ok(());
        }
        let id = |revision: &str| -> Result<Option<Id>, Error> {
            let output = repo
                .call_in(top)
                .args(["rev-parse", "--verify", "--quiet", revision])
                .run_allowing(&[0, 1, 128], None)?;
            Ok(repo.parse_id(&output.line()))
        };
        let is_there =
            id("REBASE_HEAD")? == Some(known.commit) && id("HEAD^{tree}")? == Some(known.onto);
        if !is_there {
            return Ok(());
        }
        repo.call_in(top)
            .args(["read-tree", "--reset", "-u", &known.tree.to_string()])
            .run()?;
        repo.call_in(top)
            .args(PLAINLY)
            .args(["rebase", "--continue"])
            .env("GIT_EDITOR", "true")
            .run_allowing(&[0, 1], None)?;
    }
    Ok(())
}

/// What in it is in no commit, ignored files aside.
pub(super) fn unclean(repo: &Repo, linked: &Linked) -> Result<Vec<BString>, Error> {
    let files = repo.unclean_files(linked)?;
    let mut kept = Vec::new();
    for file in files {
        if repo.is_tracked(linked, &file)? || !is_ignored(repo, linked, &file)? {
            kept.push(file);
        }
    }
    Ok(kept)
}

fn is_ignored(repo: &Repo, linked: &Linked, file: &BString) -> Result<bool, Error> {
    let input = [file.as_slice(), b"\0"].concat();
    let output = repo
        .call_at(linked)
        .args(["check-ignore", "--stdin", "-z"])
        .run_allowing(&[0, 1], Some(&input))?;
    Ok(output.status == 0)
}

/// Removes it. What HEAD has there and no ref leads to is kept under a ref, whose name is the
/// answer.
pub(super) fn remove(
    workspace: &Workspace<'_>,
    operation: &Operation,
    resolution: &Resolution,
    known: &[Id],
) -> Result<Option<String>, Error> {
    let repo = workspace.repo;
    let Some(linked) = resolution.linked(repo)? else {
        return Ok(None);
    };
    let head = repo
        .call_at(&linked)
        .args(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        .run_allowing(&[0, 1, 128], None)?;
    let mut kept = None;
    if let Some(head) = repo.parse_id(&head.line())
        && !repo.commits_between(&[head], known)?.is_empty()
    {
        let name = kept::name(&resolution.stream, now(), operation.id(), 1);
        let keep = Move {
            name: name.clone(),
            from: Expect::from_read(None),
            to: Some(head),
        };
        repo.move_refs(&[keep], "stream: a resolution that was given up")?;
        kept = Some(name);
    }
    let registering = workspace.ledger().lock()?;
    repo.call()
        .args(["worktree", "remove", "--force"])
        .arg(&linked.top)
        .holding(&registering)
        .run()?;
    Ok(kept)
}
