//! Why can an operation not be taken back?

use bstr::BString;
use serde_json::{Map, Value, json};

use crate::claim;
use crate::exit::{Exit, Explain};
use crate::git::{self, Id};
use crate::guard;
use crate::land::{self, Landed};
use crate::ledger::{self, OpId, Refusal};
use crate::name::{AgentName, StreamName};
use crate::path::{self, listed};
use crate::rule;
use crate::sync::{self, Obstacle};
use crate::workspace;

/// Why an operation was not taken back. Unless it says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The command could not even begin.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The ledger's answer is no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The stream cannot be given back or taken again.
    #[error(transparent)]
    Claim(#[from] claim::Error),
    /// Its branch and worktree cannot be moved.
    #[error(transparent)]
    Sync(#[from] sync::Error),
    /// The rule cannot be asked.
    #[error(transparent)]
    Rule(#[from] rule::Error),
    /// The history cannot be judged.
    #[error(transparent)]
    Guard(#[from] guard::Error),
    /// The caller has done nothing.
    #[error("{agent} has done nothing {}that can be taken back", on(stream.as_ref()))]
    Nothing {
        /// The caller.
        agent: AgentName,
        /// What brings the entries here that came before, where the ledger was shortened.
        before: Option<String>,
        /// The stream that was named.
        stream: Option<StreamName>,
    },
    /// No operation has the id.
    #[error("the ledger has no operation '{op}'")]
    NoOperation {
        /// What was given.
        op: String,
        /// What brings the entries here that came before, where the ledger was shortened.
        before: Option<String>,
    },
    /// It is nothing that can be taken back.
    #[error("'{event}' is nothing that can be taken back")]
    NotUndoable {
        /// The operation.
        op: OpId,
        /// What it was, in words.
        event: String,
    },
    /// It has changed nothing.
    #[error("the operation {op} has changed nothing that is still so")]
    CameToNothing {
        /// The operation.
        op: OpId,
        /// What it was, in words.
        event: String,
    },
    /// The last thing that happened was a question.
    #[error("what was done last has stopped and moved nothing: '{event}'")]
    Stopped {
        /// What it was, in words.
        event: String,
    },
    /// Something later depends on it.
    #[error("'{event}' came later, and depends on it")]
    Later {
        /// The stream.
        stream: StreamName,
        /// The operation that was to be taken back.
        op: OpId,
        /// The later operation.
        later: OpId,
        /// What that was, in words.
        event: String,
        /// Who did it.
        agent: AgentName,
    },
    /// The branch has moved on.
    #[error(
        "{} on 'stream/{stream}' since then",
        were_made(*commits)
    )]
    MovedOn {
        /// The stream.
        stream: StreamName,
        /// How many commits there are that it had not left there.
        commits: usize,
        /// Where the branch would go.
        back: Option<Id>,
    },
    /// A commit is gone.
    #[error("the commit {commit}, to which it would go back, is not there any more")]
    Gone {
        /// The stream.
        stream: StreamName,
        /// The commit.
        commit: Id,
    },
    /// What was owned more is used.
    #[error(
        "commits of '{stream}' change what it would not own any more: {}",
        listed(paths)
    )]
    InUse {
        /// The stream.
        stream: StreamName,
        /// The paths.
        paths: Vec<BString>,
    },
    /// It cannot be taken off the base, or does not get onto it again.
    #[error(transparent)]
    Land(#[from] land::Error),
    /// What was taken off the base does not land again.
    #[error("{}", .0.text())]
    LandsNot(Box<Landed>),
    /// Commits were made since its landing was taken back.
    #[error("{} on 'stream/{stream}' since its landing was taken back", were_made(*commits))]
    CommittedSince {
        /// The stream.
        stream: StreamName,
        /// How many.
        commits: usize,
    },
    /// A forge has merged it, or is asked to.
    #[error("'{event}' is a forge's to take back")]
    Forge {
        /// The operation.
        op: OpId,
        /// What it was, in words.
        event: String,
    },
    /// A takeover has sent its holder away.
    #[error("'{event}' is a takeover: who held '{stream}' before was told that it is gone")]
    Takeover {
        /// The stream.
        stream: StreamName,
        /// What it was, in words.
        event: String,
    },
    /// Something in the worktree is in the way.
    #[error("'{stream}' cannot be moved: {}", reason(obstacle))]
    InTheWay {
        /// The stream.
        stream: StreamName,
        /// What it is.
        obstacle: Box<Obstacle>,
    },
    /// A revision names no commit.
    #[error("'{revision}' names no commit")]
    NoRevision {
        /// What was given.
        revision: String,
    },
    /// A commit has never been the stream's.
    #[error("'{stream}' has never been at {commit}")]
    NeverThere {
        /// The stream.
        stream: StreamName,
        /// The commit.
        commit: Id,
    },
    /// What it would go back to breaks its rule.
    #[error(
        "at {commit} the history of '{stream}' changes what it may not: {}",
        listed(paths)
    )]
    Breaks {
        /// The stream.
        stream: StreamName,
        /// The commit.
        commit: Id,
        /// The base that it was compared with.
        base: Id,
        /// The paths.
        paths: Vec<BString>,
    },
}

/// What to do when an obstacle is out of the way.
const AGAIN: &str = "then `git stream undo` again";

/// The reason of a sync, in words that fit a way back as well.
fn reason(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Uncommitted { paths, .. } => format!(
            "uncommitted changes are where files would be rewritten: {}",
            listed(paths)
        ),
        Obstacle::InTheWay { paths, .. } => format!(
            "files that git does not know are where others would be written: {}",
            listed(paths)
        ),
        Obstacle::NoWorktree { .. }
        | Obstacle::OtherBranch { .. }
        | Obstacle::Operation { .. }
        | Obstacle::Overlooked { .. }
        | Obstacle::Closed { .. }
        | Obstacle::Unmerged { .. } => obstacle.reason(),
    }
}

fn on(stream: Option<&StreamName>) -> String {
    stream.map_or_else(String::new, |stream| format!("to '{stream}' "))
}

fn were_made(commits: usize) -> String {
    match commits {
        0 => "something has moved".to_owned(),
        1 => "1 commit was made".to_owned(),
        more => format!("{more} commits were made"),
    }
}

impl Explain for Error {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all the others are of this module"
    )]
    fn inner(&self) -> Option<&dyn Explain> {
        match self {
            Error::Git(error) => Some(error),
            Error::Ledger(error) => Some(error),
            Error::Workspace(error) => Some(error),
            Error::Refused(error) => Some(error),
            Error::Claim(error) => Some(error),
            Error::Sync(error) => Some(error),
            Error::Rule(error) => Some(error),
            Error::Guard(error) => Some(error),
            Error::Land(error) => Some(error),
            _own => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Ledger(error) => error.exit(),
            Error::Workspace(error) => error.exit(),
            Error::Refused(error) => error.exit(),
            Error::Claim(error) => error.exit(),
            Error::Sync(error) => error.exit(),
            Error::Rule(error) => error.exit(),
            Error::Guard(error) => error.exit(),
            Error::Land(error) => error.exit(),
            Error::LandsNot(landed) => landed.exit(),
            Error::NoRevision { .. } => Exit::Usage,
            Error::Nothing { .. }
            | Error::NoOperation { .. }
            | Error::NotUndoable { .. }
            | Error::CameToNothing { .. }
            | Error::Stopped { .. }
            | Error::Later { .. }
            | Error::MovedOn { .. }
            | Error::Gone { .. }
            | Error::InUse { .. }
            | Error::Forge { .. }
            | Error::CommittedSince { .. }
            | Error::Takeover { .. }
            | Error::InTheWay { .. }
            | Error::NeverThere { .. }
            | Error::Breaks { .. } => Exit::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Git(error) => return error.hints(),
            Error::Ledger(error) => return error.hints(),
            Error::Workspace(error) => return error.hints(),
            Error::Refused(error) => return error.hints(),
            Error::Claim(error) => return error.hints(),
            Error::Sync(error) => return error.hints(),
            Error::Rule(error) => return error.hints(),
            Error::Guard(error) => return error.hints(),
            Error::Land(error) => return error.hints(),
            Error::LandsNot(landed) => return landed.hints(),
            Error::InTheWay { obstacle, .. } => return obstacle.hints_before(AGAIN),
            Error::Nothing {
                before: Some(command),
                ..
            }
            | Error::NoOperation {
                before: Some(command),
                ..
            } => format!(
                "Nothing was changed. The ledger was shortened, and what came before is not here; \
                 get it with `{command}`, and ask again."
            ),
            Error::Nothing { .. } => "Nothing was changed. See what others have done with \
                 `git stream log`; a person may take it back with `git stream undo --op ID`."
                .to_owned(),
            Error::NoOperation { .. } => "Nothing was changed. The ids are in the first column of \
                 `git stream log`."
                .to_owned(),
            Error::NotUndoable { op, .. } | Error::CameToNothing { op, .. } => {
                format!("Nothing was changed. See all of it with `git stream log --op {op}`.")
            }
            Error::Stopped { .. } => "Nothing was changed. The question is in `git stream inbox`; \
                 take back what was done before that with `git stream undo --op ID`."
                .to_owned(),
            Error::Later { later, .. } => format!(
                "Nothing was changed. Take that back first with `git stream undo --op {later}`."
            ),
            Error::MovedOn {
                stream,
                back: Some(back),
                ..
            } => format!(
                "Nothing was changed. To leave these commits behind, too, kept under a name, use \
                 `git stream undo {stream} --to {back}`."
            ),
            Error::MovedOn { stream, .. } => {
                format!("Nothing was changed. See what it was with `git log -g stream/{stream}`.")
            }
            Error::Gone { stream, .. } => format!(
                "Nothing was changed. See what is kept still with `git stream log --kept {stream}`."
            ),
            Error::InUse { stream, .. } => format!(
                "Nothing was changed. Leave these commits behind with `git stream undo {stream} \
                 --to COMMIT`, or keep what is owned."
            ),
            Error::CommittedSince { stream, .. } => {
                format!("Nothing was changed. Land all of it with `git stream land {stream}`.")
            }
            Error::Forge { .. } => "Nothing was changed. Take its commits back with `git revert`, \
                 as a change of its own, or by what the forge offers for it."
                .to_owned(),
            Error::Takeover { stream, .. } => format!(
                "Nothing was changed. Give the stream back with `git stream release {stream}`; \
                 whoever had it may claim it again."
            ),
            Error::NoRevision { .. } => "Nothing was changed. Name a commit, as \
                 `git rev-parse REVISION` takes it."
                .to_owned(),
            Error::NeverThere { stream, .. } => format!(
                "Nothing was changed. See where it has been with `git log -g stream/{stream}` and \
                 `git stream log --kept {stream}`."
            ),
            Error::Breaks {
                stream,
                commit,
                base,
                ..
            } => format!(
                "Nothing was changed. See all of it with `git stream guard range {base}..{commit} \
                 --stream {stream}`."
            ),
        };
        vec![hint]
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the message of all the others says all of it"
    )]
    fn evidence(&self) -> Map<String, Value> {
        let of = |value: Value| value.as_object().cloned().unwrap_or_default();
        let paths_of = |cause: &str, paths: &[BString]| {
            let paths: Vec<Value> = paths.iter().map(|one| path::json(one.as_ref())).collect();
            of(json!({"cause": cause, "paths": paths}))
        };
        match self {
            Error::Later {
                later,
                event,
                agent,
                ..
            } => of(json!({"cause": "later", "op": later, "event": event, "agent": agent})),
            Error::MovedOn { commits, .. } => of(json!({"cause": "moved-on", "commits": commits})),
            Error::InTheWay { obstacle, .. } => {
                let mut map = paths_of("", obstacle.paths());
                map.insert("cause".to_owned(), obstacle.cause());
                map
            }
            Error::InUse { paths, .. } => paths_of("in-use", paths),
            Error::Breaks { paths, .. } => paths_of("breaks", paths),
            Error::Forge { op, .. } => of(json!({"cause": "forge", "op": op})),
            Error::LandsNot(landed) => landed.json(),
            Error::CommittedSince { commits, .. } => {
                of(json!({"cause": "moved-on", "commits": commits}))
            }
            Error::Stopped { .. } => of(json!({"cause": "stopped"})),
            _ => self.inner().map_or_else(Map::new, Explain::evidence),
        }
    }
}
