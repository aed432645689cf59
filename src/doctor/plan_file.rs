//! Is the plan in force one that can be followed, are its commands approved, and is the base the
//! one that was recorded?

use super::{Examined, Finding};
use crate::exit::Failure;
use crate::status;
use crate::word;
use crate::workspace::{Workspace, is_approved};

const NAME: &str = "plan";

/// Looks at the plan and at the base that it stands on.
pub(super) fn examine(workspace: &Workspace<'_>) -> Result<Examined, Failure> {
    let mut findings = Vec::new();
    if !is_approved(workspace.repo, &workspace.plan)? {
        findings.push(Finding::new(
            "not-approved",
            "the plan has commands that no person has approved on this machine",
            "claims that need a setup, and landings that need a check, are refused",
            "git stream init --approve",
        ));
    }
    if let Some(need) = status::need_of_base(&workspace.base) {
        findings.push(Finding::new(
            "base",
            need.message,
            "what streams are judged by stays where it was until a person has looked",
            need.command,
        ));
    }
    let summary = format!(
        "{}, {}",
        workspace.plan_source,
        word::count(workspace.plan.streams.len(), "stream")
    );
    Ok(Examined::new(NAME, summary, findings))
}
