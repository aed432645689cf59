//! What do the commits say that landing makes?
//!
//! They name the stream and its agent in trailers, so that `git log` on the base tells whose work
//! it was.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice as _};

use crate::git::{self, Commit, Id};
use crate::ledger::Undo;
use crate::name::{AgentName, StreamName};
use crate::workspace::Workspace;

/// How many commits a revert names.
const REVERTED: usize = 50;

/// The message of the one commit that a squash makes.
///
/// That of the stream's only commit; of several, what the stream is, and each of them.
pub(super) fn squash(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    commits: &[Commit],
    author: &BString,
) -> BString {
    let mut text = match commits {
        [only] => BString::from(only.message.trim_end()),
        _ => {
            let mut text = BString::from(title(workspace, stream, ""));
            for commit in commits {
                text.extend_from_slice(b"\n\n");
                text.extend_from_slice(commit.message.trim());
            }
            text
        }
    };
    let others: BTreeSet<&[u8]> = commits
        .iter()
        .filter_map(|commit| who(&commit.author))
        .filter(|one| Some(*one) != who(author))
        .collect();
    let others = others
        .into_iter()
        .map(|one| ("Co-authored-by", one.as_bstr().to_string()));
    trailers(&mut text, others.chain(whose(workspace, stream)));
    text
}

/// The message of the merge that joins the stream with the base.
pub(super) fn merge(workspace: &Workspace<'_>, stream: &StreamName, commits: &[Commit]) -> BString {
    let mut text = BString::from(title(workspace, stream, "Land "));
    text.push(b'\n');
    for commit in commits {
        text.extend_from_slice(b"\n* ");
        text.extend_from_slice(commit.subject());
    }
    trailers(&mut text, whose(workspace, stream));
    text
}

/// The message of the commit that holds what a command has regenerated.
pub(super) fn derived(workspace: &Workspace<'_>, streams: &[&StreamName]) -> BString {
    let mut text = BString::from("Regenerate derived files");
    let all = streams.iter().flat_map(|stream| whose(workspace, stream));
    trailers(&mut text, all);
    text
}

/// The message of the commit that takes a landing back: which commits of the base it is about, the
/// newest first.
pub(super) fn revert(
    workspace: &Workspace<'_>,
    back: &[Undo],
    agent: &AgentName,
    landed: &[Id],
) -> Result<BString, git::Error> {
    let names: Vec<&str> = back.iter().map(|one| one.stream.as_str()).collect();
    let mut text = match landed {
        [only] => {
            let commit = workspace.repo.commit(*only)?;
            let mut text = BString::from("Revert \"");
            text.extend_from_slice(commit.subject());
            text.push(b'"');
            text
        }
        _ => BString::from(format!("Revert the landing of {}", names.join(", "))),
    };
    text.push(b'\n');
    for id in landed.iter().take(REVERTED) {
        text.extend_from_slice(format!("\nThis reverts commit {id}.").as_bytes());
    }
    if landed.len() > REVERTED {
        let more = landed.len() - REVERTED;
        text.extend_from_slice(format!("\nAnd {more} more before them.").as_bytes());
    }
    let streams = names.iter().map(|name| ("Stream", (*name).to_owned()));
    trailers(&mut text, streams.chain([("Agent", agent.to_string())]));
    Ok(text)
}

/// The stream, and what the plan says that it is.
fn title(workspace: &Workspace<'_>, stream: &StreamName, verb: &str) -> String {
    let planned = workspace.plan.streams.get(stream);
    match planned.and_then(|planned| planned.description.as_deref()) {
        Some(what) => format!("{verb}{stream}: {what}"),
        None => format!("{verb}{stream}"),
    }
}

fn whose(workspace: &Workspace<'_>, stream: &StreamName) -> Vec<(&'static str, String)> {
    let agent = workspace
        .state
        .claim(stream)
        .map(|claim| claim.agent.to_string());
    let agent = agent.map(|agent| ("Agent", agent));
    std::iter::once(("Stream", stream.to_string()))
        .chain(agent)
        .collect()
}

/// `Name <mail>` of an author's line.
fn who(line: &BString) -> Option<&[u8]> {
    Some(&line[..=line.rfind_byte(b'>')?])
}

/// Adds trailers to those that a message ends with, or as a paragraph of their own.
fn trailers(text: &mut BString, trailers: impl IntoIterator<Item = (&'static str, String)>) {
    let last = text.rsplit_str("\n\n").next().unwrap_or_default();
    let has_some = text.contains_str("\n\n")
        && last.lines().all(|line| {
            line.split_once_str(": ").is_some_and(|(key, _)| {
                !key.is_empty() && key.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            })
        });
    text.extend_from_slice(if has_some { b"\n" } else { b"\n\n" });
    for (key, value) in trailers {
        text.extend_from_slice(format!("{key}: {value}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use bstr::BString;

    use super::{trailers, who};

    #[test]
    fn trailers_join_those_that_are_there() {
        let with = |text: &str| {
            let mut text = BString::from(text);
            trailers(&mut text, [("Stream", "api".to_owned())]);
            text.to_string()
        };
        assert_eq!(with("Faster"), "Faster\n\nStream: api\n");
        assert_eq!(with("fix: it"), "fix: it\n\nStream: api\n");
        assert_eq!(
            with("Faster\n\nFixes: #1"),
            "Faster\n\nFixes: #1\nStream: api\n"
        );
        assert_eq!(
            with("Faster\n\nNote: see below\nand here"),
            "Faster\n\nNote: see below\nand here\n\nStream: api\n"
        );
    }

    #[test]
    fn an_author_is_known_without_the_time() {
        let line = BString::from("Ada <ada@example.com> 12 +0000");
        assert_eq!(who(&line), Some(&b"Ada <ada@example.com>"[..]));
    }
}
