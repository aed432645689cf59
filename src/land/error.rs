//! Why could a stream not be landed, or not be looked at?

use std::io;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::claim;
use crate::exit::{Exit, Explain};
use crate::git;
use crate::guard;
use crate::ledger::{self, Refusal};
use crate::name::StreamName;
use crate::rule;
use crate::setup;
use crate::sync;
use crate::word;
use crate::workspace;

/// Why a stream could not be landed.
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
    /// It could not be combined with the base.
    #[error(transparent)]
    Sync(#[from] sync::Error),
    /// The plan's commands are not approved.
    #[error(transparent)]
    Setup(#[from] setup::Error),
    /// The guard could not judge it.
    #[error(transparent)]
    Guard(#[from] guard::Error),
    /// Nothing can be said about its changes.
    #[error(transparent)]
    Rule(#[from] rule::Error),
    /// Its worktree or branch could not be cleared away.
    #[error(transparent)]
    Claim(#[from] claim::Error),
    /// The plan wants pull requests, and the base is here.
    #[error("the plan lands streams by pull request, and the base '{branch}' is on no remote")]
    NoRemote {
        /// The base branch.
        branch: String,
    },
    /// The stream's branch on the remote has commits of others.
    #[error("'{}' on '{remote}' has commits that are not here", stream.branch())]
    Foreign {
        /// The stream.
        stream: StreamName,
        /// The remote.
        remote: String,
        /// Its worktree, or another place in the repository.
        worktree: PathBuf,
    },
    /// The remote does not take the stream's branch.
    #[error("'{remote}' does not take '{}': {reason}", stream.branch())]
    NotTaken {
        /// The stream.
        stream: StreamName,
        /// The remote.
        remote: String,
        /// Its reason.
        reason: String,
    },
    /// The branch is pushed, and the command that opens its pull request failed.
    #[error("the plan's open command `{command}` {how}, and printed: {said}")]
    NotOpened {
        /// The stream.
        stream: StreamName,
        /// The command.
        command: String,
        /// How it ended.
        how: String,
        /// The last line of what it printed.
        said: String,
        /// All of that.
        log: PathBuf,
    },
    /// The caller carries the number of an earlier claim.
    #[error(
        "'{stream}' has changed hands: this process began in its epoch {had}, and it is in {now}"
    )]
    OldEpoch {
        /// The stream.
        stream: StreamName,
        /// What the caller carries.
        had: String,
        /// What counts.
        now: u64,
    },
    /// Another landing has been going on for too long.
    #[error("another landing has been going on here for {seconds} s")]
    Queued {
        /// How long we waited.
        seconds: u64,
    },
    /// The place of the check's worktree holds something else.
    #[error("'{}', where checks run, exists and is not git stream's", path.display())]
    Occupied {
        /// The place.
        path: PathBuf,
    },
    /// A command of the plan did not start.
    #[error("cannot start the plan's command `{command}`")]
    NotStarted {
        /// The command.
        command: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A command that has to come before the check failed.
    #[error("the plan's {what} command `{command}` {how} on the combined tree")]
    Unprepared {
        /// `setup`, `derived`.
        what: &'static str,
        /// The command.
        command: String,
        /// How it ended.
        how: String,
        /// What it printed.
        log: PathBuf,
    },
    /// A signal came while a command of the plan ran.
    #[error("interrupted while the plan's command `{command}` ran")]
    Interrupted {
        /// The command.
        command: String,
    },
    /// The base is checked out where something else is going on.
    #[error("a {operation} is going on in '{}', where '{branch}' is checked out", checkout.display())]
    CheckoutBusy {
        /// The base branch.
        branch: String,
        /// The worktree.
        checkout: PathBuf,
        /// What it is.
        operation: &'static str,
    },
    /// The base's checkout has something in the way.
    #[error("'{branch}' is checked out in '{}', and git cannot move it forward there", checkout.display())]
    InTheWay {
        /// The base branch.
        branch: String,
        /// The worktree.
        checkout: PathBuf,
        /// What git said.
        #[source]
        source: git::Error,
    },
    /// The base moved again and again.
    #[error("'{branch}' has moved {attempts} times while this landing was being checked")]
    Raced {
        /// The base branch.
        branch: String,
        /// How often it was tried.
        attempts: usize,
    },
    /// The remote does not take it.
    #[error("'{remote}' does not let '{branch}' be pushed: {reason}")]
    Rejected {
        /// The remote.
        remote: String,
        /// The base branch.
        branch: String,
        /// Its reason.
        reason: String,
    },
    /// Nobody knows whether the remote has moved.
    #[error(
        "the push of '{branch}' to '{remote}' broke off, and whether it has arrived is not known"
    )]
    Unknown {
        /// The remote.
        remote: String,
        /// The base branch.
        branch: String,
        /// The stream.
        stream: StreamName,
        /// What git said.
        #[source]
        source: git::Error,
    },
}

impl Explain for Error {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all the others are of this module"
    )]
    fn inner(&self) -> Option<&dyn Explain> {
        match self {
            Error::Git(error)
            | Error::InTheWay { source: error, .. }
            | Error::Unknown { source: error, .. } => Some(error),
            Error::Ledger(error) => Some(error),
            Error::Workspace(error) => Some(error),
            Error::Refused(refusal) => Some(refusal),
            Error::Sync(error) => Some(error),
            Error::Setup(error) => Some(error),
            Error::Guard(error) => Some(error),
            Error::Rule(error) => Some(error),
            Error::Claim(error) => Some(error),
            _own => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Ledger(error) => error.exit(),
            Error::Workspace(error) => error.exit(),
            Error::Refused(refusal) => refusal.exit(),
            Error::Sync(error) => error.exit(),
            Error::Setup(error) => error.exit(),
            Error::Guard(error) => error.exit(),
            Error::Rule(error) => error.exit(),
            Error::Claim(error) => error.exit(),
            Error::NoRemote { .. }
            | Error::Foreign { .. }
            | Error::NotTaken { .. }
            | Error::NotOpened { .. }
            | Error::OldEpoch { .. }
            | Error::Unprepared { .. }
            | Error::Rejected { .. } => Exit::Refused,
            Error::Queued { .. }
            | Error::CheckoutBusy { .. }
            | Error::InTheWay { .. }
            | Error::Interrupted { .. }
            | Error::Raced { .. } => Exit::Busy,
            Error::Occupied { .. } | Error::NotStarted { .. } | Error::Unknown { .. } => {
                Exit::Broken
            }
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Git(error) => return error.hints(),
            Error::Ledger(error) => return error.hints(),
            Error::Workspace(error) => return error.hints(),
            Error::Refused(refusal) => return refusal.hints(),
            Error::Sync(error) => return error.hints(),
            Error::Setup(error) => return error.hints(),
            Error::Guard(error) => return error.hints(),
            Error::Rule(error) => return error.hints(),
            Error::Claim(error) => return error.hints(),
            Error::NoRemote { .. } => {
                "Nothing was changed. Name the remote in the plan, or let streams land with \
                 `through = \"push\"`; what the plan says is checked by `git stream plan`."
                    .to_owned()
            }
            Error::Foreign {
                stream,
                remote,
                worktree,
            } => format!(
                "Nothing was pushed. Bring them here with `git -C {} pull --rebase {remote} {}`, \
                 then land the stream again.",
                word::quoted(&worktree.to_string_lossy()),
                stream.branch()
            ),
            Error::NotTaken { stream, .. } => format!(
                "Nothing was pushed, and the stream is not in review. See which of its commits \
                 break a rule with `git stream verify {stream}`."
            ),
            Error::NotOpened { stream, log, .. } => {
                return vec![
                    format!(
                        "The branch is pushed, and the stream is not in review yet. See all that \
                         it printed with `less {}`.",
                        word::quoted(&log.to_string_lossy())
                    ),
                    format!(
                        "What is pushed is not pushed again: go on with `git stream land {stream}`."
                    ),
                ];
            }
            Error::OldEpoch { stream, .. } => format!(
                "Nothing was changed. See who holds it now with `git stream status {stream}`."
            ),
            Error::Queued { .. } => {
                "Nothing was changed. Run the same command again when the other has ended, or land \
                 all that is complete at once with `git stream land --all`."
                    .to_owned()
            }
            Error::Occupied { path } => format!(
                "Nothing was changed. Move it away, as in `mv {path} {path}.old`.",
                path = word::quoted(&path.to_string_lossy())
            ),
            Error::NotStarted { .. } => {
                "Nothing was changed. See that `sh -c true` can be run here.".to_owned()
            }
            Error::Unprepared { log, .. } => format!(
                "Nothing was changed. Read what it printed with `less {}`.",
                word::quoted(&log.to_string_lossy())
            ),
            Error::Interrupted { .. } => {
                "Nothing was changed, and the command was ended. Run the same landing again."
                    .to_owned()
            }
            Error::CheckoutBusy { checkout, .. } => format!(
                "Nothing was changed. Finish it there; `git -C {} status` says how.",
                word::quoted(&checkout.to_string_lossy())
            ),
            Error::InTheWay { checkout, .. } => format!(
                "Nothing was changed. Commit what is in the way, or move it away; `git -C {} \
                 status` shows it.",
                word::quoted(&checkout.to_string_lossy())
            ),
            Error::Raced { .. } => {
                "Nothing was changed. Run the same command again when the base is quieter."
                    .to_owned()
            }
            Error::Rejected { remote, .. } => format!(
                "Nothing was changed. Where the branch is protected, let streams land by pull \
                 request: `through = \"pr\"` in the plan's [land]; `git remote show {remote}` names \
                 the server."
            ),
            Error::Unknown { stream, remote, .. } => format!(
                "Nothing is lost. When `git ls-remote {remote}` answers, `git stream land {stream}` \
                 finds out and finishes it."
            ),
        };
        vec![hint]
    }

    fn evidence(&self) -> Map<String, Value> {
        match self {
            Error::Unprepared { log, .. } | Error::NotOpened { log, .. } => {
                Map::from_iter([("log".to_owned(), json!(log.display().to_string()))])
            }
            Error::Rejected { reason, .. } | Error::NotTaken { reason, .. } => {
                Map::from_iter([("reason".to_owned(), json!(reason))])
            }
            Error::OldEpoch { now, .. } => Map::from_iter([("epoch".to_owned(), json!(now))]),
            Error::CheckoutBusy { checkout, .. } | Error::InTheWay { checkout, .. } => {
                let checkout = checkout.display().to_string();
                Map::from_iter([("checkout".to_owned(), json!(checkout))])
            }
            Error::NoRemote { .. }
            | Error::Foreign { .. }
            | Error::Git(_)
            | Error::Ledger(_)
            | Error::Workspace(_)
            | Error::Refused(_)
            | Error::Sync(_)
            | Error::Setup(_)
            | Error::Guard(_)
            | Error::Rule(_)
            | Error::Claim(_)
            | Error::Queued { .. }
            | Error::Occupied { .. }
            | Error::NotStarted { .. }
            | Error::Interrupted { .. }
            | Error::Raced { .. }
            | Error::Unknown { .. } => self.inner().map_or_else(Map::new, Explain::evidence),
        }
    }
}
