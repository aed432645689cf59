//! Has every claim its branch, and every stream's branch somebody who knows of it?

use super::finding::Mend;
use super::{Examined, Finding};
use crate::exit::Failure;
use crate::git::{Id, Linked};
use crate::ledger::Claim;
use crate::name::StreamName;
use crate::word;
use crate::workspace::Workspace;

const NAME: &str = "branches";

/// Compares the branches with the ledger.
pub(super) fn examine(workspace: &Workspace<'_>) -> Result<Examined, Failure> {
    let (repo, state) = (workspace.repo, &workspace.state);
    let (mut findings, mut notes) = (Vec::new(), Vec::new());
    let branches = repo.refs_below("refs/heads/stream/")?;
    for (full_name, tip) in &branches {
        let short = full_name.trim_start_matches("refs/heads/");
        let known = StreamName::from_branch_ref(full_name);
        let record = known.as_ref().and_then(|name| state.stream(name));
        let is_known = record.is_some_and(|record| {
            record.claim.is_some() || record.work.is_some() || !record.former.is_empty()
        });
        if is_known {
            continue;
        }
        let ahead = repo
            .commits_between(&[*tip], &[workspace.base.commit])?
            .len();
        if ahead == 0 {
            notes.push(format!(
                "{short} belongs to no claim, and the base has all of it"
            ));
            continue;
        }
        let command = match &known {
            Some(name) if workspace.plan.streams.contains_key(name) => {
                format!("git stream claim {name} --from {short}")
            }
            Some(name) => format!("git stream claim {name} --files PATTERN --from {short}"),
            None => format!("git branch --move {} NAME", word::quoted(short)),
        };
        findings.push(Finding::new(
            "branch-nobodys",
            format!(
                "{short} has {} that no claim knows of",
                word::count(ahead, "commit")
            ),
            "nobody is told of that work, and whoever claims the stream is refused",
            command,
        ));
    }
    let linked = repo.linked_worktrees()?;
    for (name, _, claim) in state.held() {
        let is_here = claim.machine == workspace.machine.id && claim.intent.is_none();
        if is_here && repo.read_ref(&name.branch_ref())?.is_none() {
            let its = linked.iter().find(|one| one.id == claim.worktree_id);
            findings.push(missing(workspace, name, claim, its));
        }
    }
    for one in &linked {
        findings.extend(left_behind(workspace, one)?);
    }
    let summary = format!("{} of streams", word::count(branches.len(), "branch"));
    let summary = summary.replace("branchs", "branches");
    let mut examined = Examined::new(NAME, summary, findings);
    examined.notes = notes;
    Ok(examined)
}

/// A claim without its branch: the worktree's reflog remembers where that was.
fn missing(
    workspace: &Workspace<'_>,
    name: &StreamName,
    claim: &Claim,
    its: Option<&Linked>,
) -> Finding {
    let was = last_of(workspace, name, its);
    let at = was.unwrap_or(claim.start);
    let says = match was {
        Some(_) => "its worktree remembers it",
        None => "nothing remembers where it was, so it begins at the base again",
    };
    Finding::new(
        "branch-gone",
        format!("{name} is held, and its branch is gone; {says}"),
        "nothing of it can be committed, synced or landed",
        format!("git branch {} {at}", name.branch()),
    )
    .of(name)
    .mended_by(Mend::Ref(name.branch_ref(), at))
}

/// A worktree of a stream that nobody holds, without the branch that it is on.
fn left_behind(workspace: &Workspace<'_>, linked: &Linked) -> Result<Option<Finding>, Failure> {
    let branch = linked.branch.as_deref();
    let Some(name) = branch.and_then(StreamName::from_branch_ref) else {
        return Ok(None);
    };
    // A branch that is only begun, under a name that no stream has ever had, is somebody's own.
    let record = workspace.state.stream(&name);
    let is_free = record.is_some_and(|record| record.claim.is_none());
    let is_there = linked.top.exists() && !linked.half_made;
    if !is_free || !is_there || workspace.repo.read_ref(&name.branch_ref())?.is_some() {
        return Ok(None);
    }
    let was = last_of(workspace, &name, Some(linked));
    let at = was.unwrap_or(workspace.base.commit);
    let top = linked.top.display();
    let finding = Finding::new(
        "worktree-branch-gone",
        format!("nobody holds {name}, and its worktree is on its branch, which is gone: '{top}'"),
        "git takes every file there for a new one, and cannot say what was changed",
        format!("git branch {} {at}", name.branch()),
    );
    let finding = finding.of(&name);
    // Anywhere else it would show changes that nobody has made.
    Ok(Some(match was {
        Some(at) => finding.mended_by(Mend::Ref(name.branch_ref(), at)),
        None => finding,
    }))
}

/// The last commit that the branch of a stream was at, as far as anything remembers it.
fn last_of(workspace: &Workspace<'_>, name: &StreamName, its: Option<&Linked>) -> Option<Id> {
    let repo = workspace.repo;
    let past = repo.past_of(its, &name.branch_ref());
    past.into_iter().find(|id| repo.commit(*id).is_ok())
}
