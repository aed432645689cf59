//! Can everything be read that git and we have written: refs, objects, indexes?
//!
//! After a power cut some of it may be empty. A ref is written anew where something remembers where
//! it was; an empty object is worth nothing, and another copy of it counts once it is gone; an
//! index is made from HEAD, and the files of the worktree stay as they are.

use std::path::Path;

use super::finding::Mend;
use super::{Examined, Finding};
use crate::git::{Error, Id, Linked, Repo, is_full};
use crate::ledger::REF;
use crate::path;
use crate::word;

const NAME: &str = "storage";

/// Looks for what cannot be read.
pub(super) fn examine(repo: &Repo) -> Result<Examined, Error> {
    let mut findings = Vec::new();
    if is_full(repo.common_dir()) {
        findings.push(
            Finding::new(
                "disk-full",
                "the disk with the repository is full",
                "nothing can be written down, so no command that changes anything can end well",
                "df -h .",
            )
            .grave(),
        );
    }
    for file in repo.empty_objects() {
        findings.push(
            Finding::new(
                "empty-object",
                format!("the object '{}' has no content", file.display()),
                "git fails wherever it is needed, also where there is another copy of it",
                format!("rm -f {}", word::quoted(&file.to_string_lossy())),
            )
            .mended_by(Mend::Remove(file)),
        );
    }
    for (name, file) in repo.spoiled_refs() {
        findings.push(spoiled(repo, &name, &file)?);
    }
    let mut indexes = 0;
    for worktree in worktrees(repo)? {
        if worktree.half_made || !worktree.top.is_dir() || !repo.has_index(&worktree.git_dir) {
            continue;
        }
        indexes += 1;
        if repo.try_index(&worktree).is_err() {
            findings.push(unreadable(worktree));
        }
    }
    let indexes = match indexes {
        1 => "1 index".to_owned(),
        many => format!("{many} indexes"),
    };
    let summary = format!("no empty ref or object; {indexes} can be read");
    Ok(Examined::new(NAME, summary, findings))
}

/// All worktrees, the main one as well.
fn worktrees(repo: &Repo) -> Result<Vec<Linked>, Error> {
    let main = repo.main_top().map(|top| Linked {
        id: String::new(),
        top: top.to_owned(),
        git_dir: repo.common_dir().to_owned(),
        branch: repo.main_branch(),
        half_made: false,
    });
    let linked = repo.linked_worktrees()?;
    Ok(main.into_iter().chain(linked).collect())
}

fn unreadable(worktree: Linked) -> Finding {
    let top = worktree.top.display().to_string();
    let git_dir = worktree.git_dir.display().to_string();
    let command = format!(
        "mv {0}/index {0}/index.unreadable && git -C {1} reset",
        word::quoted(&git_dir),
        word::quoted(&top)
    );
    Finding::new(
        "index-unreadable",
        format!("git cannot read the index of '{top}'"),
        "no command of git works there; the files are as they were",
        command,
    )
    .mended_by(Mend::Index(Box::new(worktree)))
}

fn spoiled(repo: &Repo, name: &str, file: &Path) -> Result<Finding, Error> {
    let shown = path::shown(name.as_bytes().into());
    let finding = Finding::new(
        "ref-unreadable",
        format!("the ref {shown} names no commit: its file is empty or cut off"),
        "git and git stream cannot tell where it was",
        format!("git reflog show {}", word::quoted(name)),
    );
    let finding = if name == REF {
        finding.grave()
    } else {
        finding
    };
    let Some(was) = last_of(repo, name)? else {
        return Ok(finding);
    };
    let finding = Finding {
        command: format!(
            "rm -f {} && git update-ref {} {was}",
            word::quoted(&file.to_string_lossy()),
            word::quoted(name)
        ),
        ..finding
    };
    Ok(finding.mended_by(Mend::Ref(name.to_owned(), was)))
}

/// Where a ref was last, as far as anything tells.
fn last_of(repo: &Repo, name: &str) -> Result<Option<Id>, Error> {
    if let Some(was) = repo.remembered_of(name).first() {
        return Ok(Some(*was));
    }
    let linked = repo.linked_worktrees()?;
    let its = linked
        .iter()
        .find(|one| one.branch.as_deref() == Some(name));
    if let Some(its) = its {
        let mut past = repo.past_of(Some(its), name).into_iter();
        return Ok(past.find(|id| repo.commit(*id).is_ok()));
    }
    if name == REF {
        return super::ledger::lost_tip(repo);
    }
    Ok(None)
}
