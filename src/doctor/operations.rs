//! Which operations of this machine have died before they were finished?

use super::finding::Mend;
use super::{Examined, Finding};
use crate::exit::Failure;
use crate::git::{Linked, Repo, index_lock};
use crate::ledger::{Claim, Record, is_dead, is_running};
use crate::name::StreamName;
use crate::word;
use crate::workspace::Workspace;

const NAME: &str = "operations";

/// Looks at what was begun.
pub(super) fn examine(workspace: &Workspace<'_>) -> Result<Examined, Failure> {
    let repo = workspace.repo;
    let mut findings = Vec::new();
    let mut running = 0;
    // Whoever settles a landing gives the base's checkout free, too.
    let mut settles = false;
    for (name, _, claim) in workspace.state.held() {
        let intent = claim.intent.as_ref();
        let Some(intent) = intent.filter(|one| one.machine == workspace.machine.id) else {
            continue;
        };
        if !is_dead(repo, &workspace.machine, intent)? {
            running += 1;
            continue;
        }
        let verb = &intent.verb;
        settles |= intent.is_of_landing();
        let command = match verb.as_str() {
            "claim" | "release" | "restore" => format!("git stream claim {name}"),
            "reopen" | "unland" => format!("git stream undo {name}"),
            verb => format!("git stream {verb} {name}"),
        };
        findings.push(
            Finding::new(
                "operation-died",
                format!("a `{verb}` of {name} died before it was finished"),
                "its files, its branch or its record may be half-way; nothing of it is lost",
                command,
            )
            .of(name)
            .mended_by(Mend::Settle(name.clone())),
        );
    }
    for linked in repo.linked_worktrees()? {
        if dead_holder(repo, &linked)?.is_none() {
            continue;
        }
        let of = |(_, _, claim): &(&StreamName, &Record, &Claim)| claim.worktree_id == linked.id;
        match workspace.state.held().find(of) {
            Some((name, ..)) if findings.iter().any(|one: &Finding| one.is_of(name)) => {}
            Some((name, ..)) => {
                let command = format!("git stream sync {name}");
                let finding = index_held(&linked, command).of(name);
                findings.push(finding.mended_by(Mend::Settle(name.clone())));
            }
            // Its stream is nobody's any more: no command would come back to it.
            None if linked.branch.as_ref() != Some(&workspace.base.full_name) => {
                let lock = index_lock(&linked);
                let command = format!("rm -f {}", word::quoted(&lock.to_string_lossy()));
                findings.push(index_held(&linked, command).mended_by(Mend::Remove(lock)));
            }
            None => {}
        }
    }
    for checkout in repo.checkouts_of(&workspace.base.full_name)? {
        let linked = checkout.as_linked(&workspace.base.full_name);
        if !settles && dead_holder(repo, &linked)?.is_some() {
            let finding = index_held(&linked, "git stream land --all".to_owned());
            findings.push(finding.mended_by(Mend::Landings));
        }
    }
    let summary = match running {
        0 => "none was cut off".to_owned(),
        many => format!("none was cut off; {} at work", word::count(many, "command")),
    };
    Ok(Examined::new(NAME, summary, findings))
}

/// The operation of ours that holds the index of a worktree, and has died.
fn dead_holder(repo: &Repo, linked: &Linked) -> Result<Option<String>, Failure> {
    Ok(match repo.index_holder(linked) {
        Some(op) if !is_running(repo, &op)? => Some(op),
        Some(_) | None => None,
    })
}

fn index_held(linked: &Linked, command: String) -> Finding {
    let top = linked.top.display();
    Finding::new(
        "index-held",
        format!("a command that has died still holds the index of '{top}'"),
        "git can change nothing there until it is given back",
        command,
    )
}
