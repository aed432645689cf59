//! Are the hooks there as we write them, and does git find them?

use super::finding::Mend;
use super::{Examined, Finding};
use crate::exit::Failure;
use crate::guard::hooks::{self, Trouble};
use crate::guard::outside::{self, Cause};
use crate::guard::own;
use crate::status;
use crate::word;
use crate::workspace::Workspace;

const NAME: &str = "hooks";
const WHY: &str = "a commit outside of a stream's patterns may go through there, and only landing \
                   would refuse it";

/// Looks at the files, the include and what stands beside them.
pub(super) fn examine(workspace: &Workspace<'_>) -> Result<Examined, Failure> {
    let repo = workspace.repo;
    let mut findings = Vec::new();
    if !hooks::is_installed(repo) {
        findings.push(
            Finding::new(
                "hooks-missing",
                "the hooks are not installed",
                WHY,
                "git stream init",
            )
            .mended_by(Mend::SetUp),
        );
        return Ok(Examined::new(NAME, "", findings));
    }
    for trouble in hooks::trouble(repo)? {
        let need = status::need_of_hooks(&trouble);
        let finding = Finding::new("hooks", need.message, WHY, need.command);
        findings.push(match trouble {
            Trouble::Changed(_) | Trouble::NotIncluded => finding.mended_by(Mend::SetUp),
            // It is somebody's own setting.
            Trouble::Overridden { .. } => finding,
        });
    }
    let mut notes = Vec::new();
    for off in outside::off(repo)? {
        let message = off.message(&workspace.base.branch);
        match off.cause {
            Cause::Missing(_) | Cause::Unconfigured => findings.push(
                Finding::new("hook-outside", message, WHY, "git stream init")
                    .mended_by(Mend::SetUp),
            ),
            // The place is another program's, and nothing is to be done about it.
            Cause::Elsewhere(_) | Cause::Taken(_) => notes.push(message),
        }
    }
    if findings.is_empty() && hooks::are_stale(repo)? {
        findings.push(
            Finding::new(
                "hooks-stale",
                "the hooks or the list of streams' worktrees are not as they would be written now",
                WHY,
                "git stream init",
            )
            .mended_by(Mend::SetUp),
        );
    }
    if let Some(path) = own::configured(repo) {
        notes.push(format!(
            "core.hooksPath is '{}': its hooks run in streams, too",
            path.display()
        ));
    }
    for (name, kept) in hooks::displaced(repo) {
        notes.push(format!(
            "'{}' was put in the place of our {name}, and runs in streams only",
            kept.display()
        ));
    }
    let twins = own::chained(repo);
    if !twins.is_empty() {
        let twins: Vec<String> = twins.iter().map(|one| one.display().to_string()).collect();
        notes.push(format!(
            "a hook manager runs what it has found first: {}",
            twins.join(", ")
        ));
    }
    let streams = repo
        .linked_worktrees()?
        .into_iter()
        .filter(|linked| linked.git_dir.join(crate::workspace::MARKER).exists());
    let count = word::count(streams.count(), "worktree");
    let mut examined = Examined::new(
        NAME,
        format!("as we write them, active in {count}"),
        findings,
    );
    examined.notes = notes;
    Ok(examined)
}
