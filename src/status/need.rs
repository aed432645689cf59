//! What needs somebody, and which command answers it?

use bstr::{BString, ByteSlice as _};
use jiff::SignedDuration;
use serde::Serialize;

use super::row::Row;
use super::trespass::Trespass;
use super::worktrees::Found;
use crate::guard::hooks::Trouble;
use crate::inbox::Question;
use crate::ledger::{State, StreamState};
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::word::{count, quoted, time};
use crate::workspace::{Doubt, Trusted};

/// Something that does not go on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Which sort: `question`, `base`, `hooks`, `worktree-gone`, `operation-died`, `tainted`, `trespass`, `drift`, …
    pub kind: &'static str,
    /// The stream, where it is about one.
    pub stream: Option<StreamName>,
    /// What is the matter, in one sentence without a full stop.
    pub message: String,
    /// The command that answers it, or shows more.
    pub command: String,
}

/// A question is answered in the inbox.
pub(super) fn of_question(question: &Question) -> Need {
    Need {
        kind: "question",
        stream: question.streams.first().cloned(),
        message: format!("{}: {}", question.names(), question.question),
        command: question.command(),
    }
}

/// A base that cannot be trusted as it stands.
pub fn of_base(base: &Trusted) -> Option<Need> {
    let branch = &base.branch;
    let message = match base.doubt.as_ref()? {
        Doubt::Gone => format!("the base branch '{branch}' is gone"),
        Doubt::Rewritten { tip } => format!(
            "the base branch '{branch}' was rewritten: {} does not descend from {}",
            tip.to_hex_with_len(12),
            base.commit.to_hex_with_len(12)
        ),
        Doubt::Trespass {
            stream,
            commit,
            paths,
        } => {
            let commit = commit.to_hex_with_len(12);
            let what = match named(paths) {
                // Where it meets the base in several places, nobody can tell.
                None => "may change files".to_owned(),
                Some(paths) => format!("changes {paths}"),
            };
            format!("'{branch}' has commit {commit} of {stream}, which {what} outside its patterns")
        }
    };
    Some(Need {
        kind: "base",
        stream: None,
        message,
        command: format!("git stream init --base {} --accept", quoted(branch)),
    })
}

/// What makes git pass by the guard.
pub fn of_hooks(trouble: &Trouble) -> Need {
    let (message, command) = match trouble {
        Trouble::Changed(names) => (
            format!(
                "git passes by these hooks of the guard, which were replaced, removed or made not \
                 executable: {}",
                names.join(", ")
            ),
            "git stream init".to_owned(),
        ),
        Trouble::NotIncluded => (
            "git's configuration does not include that of the guard, or has a [core] section after \
             it"
            .to_owned(),
            "git stream init".to_owned(),
        ),
        Trouble::Overridden { file } => {
            let file = file.display().to_string();
            (
                format!("'{file}' sets core.hooksPath, so in that worktree no hook of the guard runs"),
                format!(
                    "git config --file {} --unset-all core.hooksPath",
                    quoted(&file)
                ),
            )
        }
    };
    Need {
        kind: "hooks",
        stream: None,
        message,
        command,
    }
}

/// What the base has changed of what a stream holds.
pub(super) fn of_trespass(stream: &StreamName, trespass: &Trespass, branch: &str) -> Need {
    let paths = named(&trespass.paths).unwrap_or_default();
    let commit = trespass.commit.as_ref().map(|commit| {
        let id = commit.id.to_hex_with_len(12);
        format!(", last in {id} ({}) by {}", commit.subject, commit.author)
    });
    Need {
        kind: "trespass",
        stream: Some(stream.clone()),
        message: format!(
            "'{branch}' has changed {paths}, which {stream} holds{}",
            commit.unwrap_or_default()
        ),
        command: format!("git stream sync {stream}"),
    }
}

/// The first path, and how many others there are.
fn named(paths: &[BString]) -> Option<String> {
    let (first, rest) = paths.split_first()?;
    let first = format!("'{}'", path::shown(first.as_bstr()));
    Some(match rest.len() {
        0 => first,
        more => format!("{first} and {}", count(more, "other file")),
    })
}

/// What is the matter with one stream.
pub(super) fn of_stream(row: &Row, state: &State, found: Option<&Found>) -> Vec<Need> {
    let name = &row.name;
    let need = |kind, message: String, command: String| Need {
        kind,
        stream: Some(name.clone()),
        message,
        command,
    };
    let mut needs = Vec::new();
    if let Some(why) = &row.tainted {
        let command = format!("git stream status {name}");
        needs.push(need(
            "tainted",
            format!("{name} is tainted: {why}"),
            command,
        ));
    }
    if let Some(operation) = row.operation.as_ref().filter(|operation| operation.died) {
        let verb = &operation.verb;
        let message = format!("a `{verb}` of {name} died before it was finished");
        needs.push(need(
            "operation-died",
            message,
            format!("git stream {verb} {name}"),
        ));
    } else {
        needs.extend(
            of_worktree(row, found).map(|(kind, message, command)| need(kind, message, command)),
        );
    }
    if row.lease_over {
        let silence = SignedDuration::from_secs(row.silence.unwrap_or_default());
        let agent = row.agent.as_ref().map_or("its holder", AgentName::as_str);
        let message = format!(
            "nothing was seen of {agent}, who holds {name}, for {}: its lease has ended",
            time(silence)
        );
        let command = format!("git stream claim {name} --takeover");
        needs.push(need("lease-over", message, command));
    }
    if row.drifted {
        let message =
            format!("{name} owns what the plan said when it was claimed, and the plan has changed");
        needs.push(need("drift", message, format!("git stream status {name}")));
    }
    needs.extend(of_kept_work(row).map(|(message, command)| need("kept-work", message, command)));
    if row.state == StreamState::Failed && state.claim(name).is_some() {
        let command = format!("git stream release {name}");
        needs.push(need("failed", format!("{name} has failed"), command));
    }
    needs
}

/// Work that nobody holds, unless the base has all of it by now.
fn of_kept_work(row: &Row) -> Option<(String, String)> {
    let (name, tip) = (&row.name, row.kept?);
    let tip = tip.to_hex_with_len(12);
    let message = match &row.worktree {
        Some(worktree) => format!("{name} was released at {tip}, with files left in '{worktree}'"),
        None if row.ahead == Some(0) => return None,
        None => format!("{name} was released with unlanded work, at {tip}"),
    };
    let command = if row.planned {
        format!("git stream claim {name}")
    } else {
        format!("git stream claim {name} --files PATTERN")
    };
    Some((message, command))
}

/// What is the matter with the worktree of a claim of this machine.
fn of_worktree(row: &Row, found: Option<&Found>) -> Option<(&'static str, String, String)> {
    let name = &row.name;
    let worktree = row.worktree.as_deref().unwrap_or_default();
    let claim_runs = row.operation.is_some();
    match found? {
        // A claim that is being made has no worktree yet.
        Found::Gone if claim_runs => None,
        Found::Gone => Some((
            "worktree-gone",
            format!("the worktree of {name} is gone: '{worktree}'"),
            format!("git stream release {name}"),
        )),
        Found::Unreadable(why) => Some((
            "worktree-unreadable",
            format!("the worktree of {name} cannot be read: {why}"),
            format!("git -C {} status", quoted(worktree)),
        )),
        Found::Here(_) if row.off_branch => Some((
            "off-branch",
            format!("the worktree of {name} is not on its branch {}", row.branch),
            format!("git -C {} switch {}", quoted(worktree), row.branch),
        )),
        Found::Here(_) => None,
    }
}
