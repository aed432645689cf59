//! Whose lease has ended, and which of the caller's own claims are on a machine that may be gone?
//!
//! The end of a lease permits a takeover, and that is all that is done here: where the caller holds
//! the stream itself, under the same name on another clone, which is what one is after a disk was
//! lost. Before the lease has ended a person may say why it shall be so; an agent may not.

use super::finding::Mend;
use super::{Examined, Finding, Options};
use crate::ledger::Actor;
use crate::word;
use crate::workspace::Workspace;

const NAME: &str = "leases";

/// Looks at what is held elsewhere, as of the last look at the ledger.
pub(super) fn examine(workspace: &Workspace<'_>, by: &Actor, options: &Options) -> Examined {
    let watched = workspace.ledger().watched();
    let (mut findings, mut notes, mut elsewhere) = (Vec::new(), Vec::new(), 0);
    for (name, record, claim) in workspace.state.held() {
        if claim.machine == workspace.machine.id {
            continue;
        }
        elsewhere += 1;
        let silence = watched.silence(name, record);
        let is_over = silence >= claim.lease;
        let is_own = claim.agent == by.agent;
        let (agent, machine) = (&claim.agent, &claim.machine);
        let is_told = is_own && options.reason.is_some();
        if !(is_over || is_told) {
            if is_own {
                notes.push(format!(
                    "{name} is yours, on {machine}; if that clone is gone, a person says so with \
                     `git stream doctor --repair --reason WHY`"
                ));
            }
            continue;
        }
        let message = if is_over {
            format!(
                "nothing was seen of {agent}, who holds {name} on {machine}, for {}: its lease has \
                 ended",
                word::time(silence)
            )
        } else {
            format!("{name} is yours, on {machine}")
        };
        let finding = Finding::new(
            "lease-over",
            message,
            "nobody may be at work there, and nobody else owns its paths",
            format!("git stream claim {name} --takeover"),
        )
        .of(name);
        findings.push(if is_own {
            finding.mended_by(Mend::Move(name.clone()))
        } else {
            finding
        });
    }
    let summary = match elsewhere {
        0 => "nothing is held on another machine".to_owned(),
        many => format!(
            "{} held on other machines, none silent for its lease",
            word::count(many, "stream")
        ),
    };
    let mut examined = Examined::new(NAME, summary, findings);
    examined.notes = notes;
    examined
}
