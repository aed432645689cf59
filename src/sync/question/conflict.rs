//! What is asked where a commit cannot be applied?

use super::evidence::{About, Words, evidence};
use super::whose::whose;
use super::{Question, landers, origin_of, short};
use crate::git::Id;
use crate::ledger::Escalation;
use crate::name::StreamName;
use crate::sync::obstacle::{listed, shell};
use crate::sync::{Error, Stuck, memory};
use crate::workspace::Workspace;

/// How many commits of the base it names.
const MOST_MENTIONS: usize = 5;

/// The question.
pub fn conflict(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    worktree: &std::path::Path,
    tip: Id,
    stuck: &Stuck,
) -> Result<Question, Error> {
    let (repo, base) = (workspace.repo, &workspace.base);
    let words = Words::of(stuck, &base.branch);
    let paths = stuck.paths();
    let whose = whose(workspace, &paths);
    let messages: Vec<String> = stuck
        .conflict
        .messages
        .iter()
        .map(|message| words.replace(message))
        .collect();
    let mut changed_by = repo.mentions(tip, base.commit, &paths, MOST_MENTIONS)?;
    landers::name(workspace, stream, &mut changed_by)?;
    let question = format!(
        "commit {} '{}' of {stream} conflicts with {} in {}",
        short(stuck.commit),
        stuck.subject,
        base.branch,
        listed(&paths)
    );
    Ok(Question {
        kind: Escalation::CONFLICT,
        question,
        // The same sides at the same paths, whoever runs into them.
        cause: format!("{} {}", Escalation::CONFLICT, memory::key(stuck)),
        origin: origin_of(Escalation::CONFLICT, &changed_by),
        commit: Some(stuck.commit),
        base: base.commit,
        evidence: evidence(
            repo,
            &base.branch,
            stuck,
            &words,
            &About {
                messages: &messages,
                whose: &whose,
                changed_by: &changed_by,
            },
        )?,
        paths,
        whose,
        kinds: kinds(&messages),
        messages,
        changed_by,
        choices: vec![
            format!("Resolve it with `git stream resolve {stream}`, in a worktree of its own."),
            format!(
                "Rebase it by hand with `git -C {} rebase {}`, then `git stream sync {stream}`.",
                shell(worktree),
                base_name(&base.full_name)
            ),
            format!(
                "Give the stream back with `git stream release {stream}`; its commits are kept."
            ),
        ],
    })
}

/// The sorts of conflict, as git's messages have them: `CONFLICT (content): …`.
fn kinds(messages: &[String]) -> Vec<String> {
    let mut kinds: Vec<String> = messages
        .iter()
        .filter_map(|message| {
            let (kind, _) = message.strip_prefix("CONFLICT (")?.split_once(')')?;
            Some(kind.to_owned())
        })
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// A base's name as git's own commands take it.
fn base_name(full_name: &str) -> &str {
    ["refs/heads/", "refs/remotes/"]
        .iter()
        .find_map(|prefix| full_name.strip_prefix(prefix))
        .unwrap_or(full_name)
}
