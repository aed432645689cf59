//! Is the worktree of every claim of this machine where it should be, and whole?

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::finding::Mend;
use super::{Examined, Finding};
use crate::claim;
use crate::exit::Failure;
use crate::git::Linked;
use crate::ledger::Claim;
use crate::name::StreamName;
use crate::word;
use crate::workspace::{Workspace, marked};

const NAME: &str = "worktrees";
/// How long a worktree may be half made before nobody is making it any more.
const LONG: Duration = Duration::from_secs(600);

/// Looks at each.
pub(super) fn examine(workspace: &Workspace<'_>) -> Result<Examined, Failure> {
    let repo = workspace.repo;
    let all = repo.linked_worktrees()?;
    let (mut findings, mut count) = (Vec::new(), 0);
    for (name, _, claim) in workspace.state.held() {
        // What is being made or has died is looked at elsewhere.
        if claim.machine != workspace.machine.id || claim.intent.is_some() {
            continue;
        }
        count += 1;
        let linked = all.iter().find(|one| one.id == claim.worktree_id);
        findings.extend(of_claim(workspace, name, claim, linked)?);
    }
    for linked in all.iter().filter(|linked| linked.half_made) {
        findings.extend(half_made(workspace, linked));
    }
    let summary = format!(
        "{} of claims of this machine",
        word::count(count, "worktree")
    );
    Ok(Examined::new(NAME, summary, findings))
}

fn of_claim(
    workspace: &Workspace<'_>,
    name: &StreamName,
    claim: &Claim,
    linked: Option<&Linked>,
) -> Result<Option<Finding>, Failure> {
    let recorded = Path::new(&claim.worktree);
    let gone = || {
        Finding::new(
            "worktree-gone",
            format!("the worktree of {name} is gone: '{}'", claim.worktree),
            "its holder cannot go on; what was not committed went with it",
            format!("git stream claim {name}"),
        )
        .of(name)
        .mended_by(Mend::Worktree(name.clone()))
    };
    let Some(linked) = linked else {
        return Ok(Some(gone()));
    };
    if !linked.top.exists() {
        let moved = moved_to(linked, recorded);
        return Ok(Some(match moved {
            None => gone(),
            Some(to) => {
                let shown = to.display().to_string();
                Finding::new(
                    "worktree-moved",
                    format!("the worktree of {name} was moved to '{shown}'"),
                    "git and git stream look for it where it was",
                    format!("git worktree repair {}", word::quoted(&shown)),
                )
                .of(name)
                .mended_by(Mend::Find(to))
            }
        }));
    }
    if !claim::is_whole(workspace, name)? {
        return Ok(Some(
            Finding::new(
                "worktree-not-whole",
                format!(
                    "the worktree of {name} lacks its `.git` file, its index or its mark: '{}'",
                    linked.top.display()
                ),
                "git does not work there, or the guard does not know whose it is",
                format!("git stream claim {name}"),
            )
            .of(name)
            .mended_by(Mend::Worktree(name.clone())),
        ));
    }
    let is_off = linked
        .branch
        .as_ref()
        .is_some_and(|branch| *branch != name.branch_ref());
    Ok(is_off.then(|| {
        let top = linked.top.display().to_string();
        Finding::new(
            "off-branch",
            format!(
                "the worktree of {name} is not on its branch {}",
                name.branch()
            ),
            "every commit is refused there, since it would not be the stream's",
            format!("git -C {} switch {}", word::quoted(&top), name.branch()),
        )
        .of(name)
    }))
}

/// Where a worktree is that somebody has moved by hand: beside where it was, or where another one
/// of its name is, its `.git` still leads to its admin directory.
fn moved_to(linked: &Linked, recorded: &Path) -> Option<PathBuf> {
    let above = [linked.top.parent()?, recorded.parent()?];
    let beside = above.iter().flat_map(|above| {
        let listing = fs::read_dir(above).into_iter().flatten().flatten();
        listing.map(|entry| entry.path()).collect::<Vec<_>>()
    });
    let mut beside = beside.filter(|place| {
        let pointer = fs::read_to_string(place.join(".git")).unwrap_or_default();
        let leads_to = pointer.trim_end().strip_prefix("gitdir: ");
        leads_to.is_some_and(|leads_to| Path::new(leads_to) == linked.git_dir)
    });
    beside.next()
}

/// What a `git worktree add` has left that died.
fn half_made(workspace: &Workspace<'_>, linked: &Linked) -> Option<Finding> {
    let about = fs::metadata(&linked.git_dir).ok()?;
    let is_old = about.modified().ok()?.elapsed().ok()? > LONG;
    let is_claims = workspace.state.held().any(|(name, _, claim)| {
        claim.intent.is_some()
            && marked(&linked.git_dir).is_ok_and(|mark| mark.as_ref() == Some(name))
    });
    if !is_old || is_claims {
        return None;
    }
    let git_dir = linked.git_dir.display().to_string();
    Some(
        Finding::new(
            "worktree-half-made",
            format!("a worktree was begun and never finished: '{git_dir}'"),
            "git refuses to add others of its name, and to remove it",
            format!("rm -r {}", word::quoted(&git_dir)),
        )
        .mended_by(Mend::Forget(Box::new(linked.clone()))),
    )
}
