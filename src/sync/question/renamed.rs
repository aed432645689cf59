//! What is asked where a rename on the base carries a stream's edits out of its patterns?
//!
//! The claim can move along, unless what it would move to is somebody's: then a person has to
//! settle with them who makes the edit.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};

use super::evidence::changes;
use super::whose::{Whose, whose};
use super::{Question, hex_of, landers, origin_of};
use crate::git::Id;
use crate::guard::pattern_for;
use crate::ledger::Escalation;
use crate::name::StreamName;
use crate::path;
use crate::pattern::Matcher;
use crate::sync::Error;
use crate::sync::obstacle::{listed, shell};
use crate::workspace::Workspace;

/// How many commits of the base it names.
const MOST_MENTIONS: usize = 5;
/// How many patterns a choice names.
const MOST_PATTERNS: usize = 20;

/// The question. `paths` are where the edits would be.
pub fn renamed(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    worktree: &std::path::Path,
    tip: Id,
    paths: Vec<BString>,
) -> Result<Question, Error> {
    let (repo, base) = (workspace.repo, &workspace.base);
    let key: Vec<&[u8]> = paths.iter().map(|path| path.as_slice()).collect();
    let mut changed_by = repo.mentions(tip, base.commit, &paths, MOST_MENTIONS)?;
    landers::name(workspace, stream, &mut changed_by)?;
    let mut renames = BTreeMap::new();
    for fork in repo.merge_bases(base.commit, &[tip])? {
        let pairs = repo.renames(fork, base.commit)?;
        renames.extend(pairs.into_iter().map(|(old, new)| (new, old)));
    }
    let whose = whose(workspace, &paths);
    let mut evidence = String::new();
    for path in &paths {
        if let Some(old) = renames.get(path) {
            let (old, new) = (path::shown(old.as_bstr()), path::shown(path.as_bstr()));
            evidence.push_str(&format!("{old} is {new} now\n"));
        }
    }
    for one in &whose {
        evidence.push_str(&format!("{one}\n"));
    }
    evidence.push_str(&changes(&base.branch, &changed_by));
    Ok(Question {
        kind: Escalation::RENAMED,
        question: format!(
            "{} has renamed files that {stream} edits; its edits would now be in {}, which is not \
             {stream}'s",
            base.branch,
            listed(&paths)
        ),
        cause: format!(
            "{} {stream} {}",
            Escalation::RENAMED,
            hex_of(&key.join(&b'\0'))
        ),
        origin: origin_of(Escalation::RENAMED, &changed_by),
        commit: None,
        base: base.commit,
        kinds: Vec::new(),
        messages: Vec::new(),
        changed_by,
        evidence,
        choices: choices(workspace, stream, worktree, &whose, &renames)?,
        whose,
        paths,
    })
}

/// What can be done.
fn choices(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    worktree: &std::path::Path,
    whose: &[Whose],
    renames: &BTreeMap<BString, BString>,
) -> Result<Vec<String>, Error> {
    let mut choices = Vec::new();
    let is_held = |one: &&Whose| one.agent.is_some() || one.shared;
    if let Some(held) = whose.iter().find(is_held) {
        let shown = path::shown(held.path.as_bstr());
        choices.push(match (&held.stream, &held.agent) {
            (Some(other), Some(agent)) => format!(
                "Let {agent} make the edit of {shown}, which is {other}'s now; what they do there \
                 is in `git stream status {other}`."
            ),
            _ => format!("Settle who edits {shown}, which is shared; see `git stream plan`."),
        });
    } else {
        let patterns = patterns(workspace, stream, whose, renames)?;
        let added: Vec<String> = patterns
            .iter()
            .map(|pattern| format!("--add={pattern}"))
            .collect();
        choices.push(format!(
            "Move the claim along with `git stream claim {stream} {}`, then `git stream sync \
             {stream}`.",
            added.join(" ")
        ));
    }
    choices.push(format!(
        "Take the edits out of {stream} with `git -C {} rebase -i {}`, then `git stream sync \
         {stream}`.",
        shell(worktree),
        workspace.base.branch
    ));
    choices.push(format!(
        "Give the stream back with `git stream release {stream}`; its commits are kept."
    ));
    Ok(choices)
}

/// The patterns that the claim needs to follow: a whole directory where all of it came from files
/// of the stream, else the files.
fn patterns(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    whose: &[Whose],
    renames: &BTreeMap<BString, BString>,
) -> Result<Vec<String>, Error> {
    let Some(claim) = workspace.state.claim(stream) else {
        return Ok(Vec::new());
    };
    let own = Matcher::new(&claim.territory());
    let tree = workspace.repo.tree_of(workspace.base.commit)?;
    let mut patterns: Vec<String> = Vec::new();
    for one in whose {
        let old = renames.get(&one.path);
        let directory = match old.and_then(|old| moved(old.as_bstr(), one.path.as_bstr())) {
            Some(directory) => workspace
                .repo
                .files_below(tree, directory)?
                .and_then(|files| {
                    let is_ours = |file: &BString| {
                        let old = renames.get(file);
                        old.is_some_and(|old| own.is_match(old.as_bstr()))
                    };
                    files.iter().all(is_ours).then_some(directory)
                }),
            None => None,
        };
        let pattern = match directory {
            Some(directory) => {
                let directory = pattern_for(directory);
                format!("{}/**'", directory.trim_end_matches('\''))
            }
            None => pattern_for(one.path.as_bstr()),
        };
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns.truncate(MOST_PATTERNS);
    Ok(patterns)
}

/// The directory that a file came into when its directory was renamed: what is left of its path
/// without the end that has stayed the same.
fn moved<'a>(old: &BStr, new: &'a BStr) -> Option<&'a BStr> {
    let (old, parts): (Vec<&[u8]>, Vec<&[u8]>) =
        (old.split_str("/").collect(), new.split_str("/").collect());
    let same = old.iter().rev().zip(parts.iter().rev());
    let same = same.take_while(|(one, other)| one == other).count();
    let same = same.min(parts.len().saturating_sub(1));
    if same == 0 {
        return None;
    }
    let kept: usize = parts
        .iter()
        .rev()
        .take(same)
        .map(|part| part.len() + 1)
        .sum();
    Some(new[..new.len() - kept].as_bstr()).filter(|directory| !directory.is_empty())
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn a_directory_that_was_renamed_is_recognised() {
        let moved = |old: &str, new: &str| moved(old.into(), new.into()).map(ToString::to_string);
        assert_eq!(
            moved("src/api/x/a.rs", "src/v2/x/a.rs"),
            Some("src/v2".into())
        );
        assert_eq!(moved("a.rs", "src/a.rs"), Some("src".into()));
        assert_eq!(moved("src/a.rs", "src/b.rs"), None);
        assert_eq!(moved("src/a.rs", "a.rs"), None);
    }
}
