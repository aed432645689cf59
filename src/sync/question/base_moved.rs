//! What is asked where the base is in doubt?

use super::{Question, short};
use crate::ledger::Escalation;
use crate::sync::obstacle::listed;
use crate::workspace::{Doubt, Workspace};

/// The question. It is the same for every stream.
pub fn base_moved(workspace: &Workspace<'_>, doubt: &Doubt) -> Question {
    let base = &workspace.base;
    let (branch, trusted) = (&base.branch, short(base.commit));
    let mut paths = Vec::new();
    let (question, about) = match doubt {
        Doubt::Gone => (
            format!("the base '{branch}' is gone; its last commit was {trusted}"),
            "gone".to_owned(),
        ),
        Doubt::Rewritten { tip } => (
            format!(
                "the base '{branch}' was rewritten: {} does not descend from {trusted}",
                short(*tip)
            ),
            tip.to_string(),
        ),
        Doubt::Trespass {
            stream: other,
            commit,
            paths: theirs,
        } => {
            let what = if theirs.is_empty() {
                "cannot be told from the base's own work".to_owned()
            } else {
                format!("changes {}, which is not {other}'s", listed(theirs))
            };
            paths.clone_from(theirs);
            (
                format!(
                    "the base '{branch}' has commit {} of {other}, which {what}",
                    short(*commit)
                ),
                commit.to_string(),
            )
        }
    };
    let cause = format!(
        "{} {branch} {} {about}",
        Escalation::BASE_MOVED,
        base.commit
    );
    Question {
        kind: Escalation::BASE_MOVED,
        question,
        origin: cause.clone(),
        cause,
        commit: match doubt {
            Doubt::Trespass { commit, .. } => Some(*commit),
            Doubt::Gone | Doubt::Rewritten { .. } => None,
        },
        base: base.commit,
        paths,
        whose: Vec::new(),
        kinds: Vec::new(),
        messages: Vec::new(),
        changed_by: Vec::new(),
        evidence: format!("see what has changed with `git log --graph {trusted} {branch}`\n"),
        choices: vec![
            format!("Accept the branch as it is with `git stream init --base {branch} --accept`."),
            match doubt {
                Doubt::Gone => format!("Put it back with `git branch {branch} {trusted}`."),
                Doubt::Rewritten { .. } | Doubt::Trespass { .. } => {
                    format!(
                        "Put it back with `git reset --keep {trusted}` where it is checked out."
                    )
                }
            },
        ],
    }
}
