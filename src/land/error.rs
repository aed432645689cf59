//! Why could a stream not be landed, or not be looked at?

use std::io;
use std::path::PathBuf;

use bstr::BString;
use serde_json::{Map, Value, json};

use super::Later;
use crate::claim;
use crate::exit::{Exit, Explain};
use crate::git::{self, Id, Mention};
use crate::guard;
use crate::ledger::{self, Refusal, StreamState};
use crate::name::StreamName;
use crate::path::{self, listed};
use crate::rule;
use crate::setup;
use crate::sync::{self, Obstacle};
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
    /// Something in the base's checkout keeps it from going back.
    #[error("'{branch}' cannot go back in '{}': {}", checkout.display(), way_back(obstacle))]
    Obstructed {
        /// The base branch.
        branch: String,
        /// The worktree.
        checkout: PathBuf,
        /// What it is.
        obstacle: Box<Obstacle>,
    },
    /// Somebody has written to files of the base's checkout while they were being moved.
    #[error(
        "'{branch}' was being moved in '{}', and somebody else wrote to {}",
        checkout.display(), listed(paths)
    )]
    Torn {
        /// The base branch.
        branch: String,
        /// The worktree.
        checkout: PathBuf,
        /// The files.
        paths: Vec<BString>,
    },
    /// Nobody can tell what the base is.
    #[error("{question}")]
    Doubted {
        /// What is asked, in one sentence.
        question: String,
        /// What a person can do.
        choices: Vec<String>,
    },
    /// Another stream depends on the one whose landing is to be taken back.
    #[error("'{dependent}' depends on '{stream}', and is {state}")]
    DependedOn {
        /// The stream.
        stream: StreamName,
        /// The other one.
        dependent: StreamName,
        /// Where that stands.
        state: StreamState,
    },
    /// A later landing has changed the same files.
    #[error("'{}' came later, and changes the same files: {}", later.event, listed(paths))]
    BuiltUpon {
        /// The later landing.
        later: Box<Later>,
        /// The files.
        paths: Vec<BString>,
    },
    /// A stream has gone on since it landed.
    #[error("'{stream}' has gone on since it landed{}", at(worktree.as_ref()))]
    GoneOn {
        /// The stream.
        stream: StreamName,
        /// Its worktree.
        worktree: Option<String>,
        /// Whether somebody holds it.
        is_held: bool,
        /// The moves of the base.
        ways: Vec<(Id, Id)>,
    },
    /// Commits that came later are in the way.
    #[error(
        "what has landed cannot be taken out of '{branch}' any more: {} changed since{}",
        listed(paths),
        by(commits)
    )]
    Entangled {
        /// The base branch.
        branch: String,
        /// The files.
        paths: Vec<BString>,
        /// The newest commits that have changed them since.
        commits: Vec<Mention>,
        /// The moves of the base.
        ways: Vec<(Id, Id)>,
    },
    /// The commit that was landed is gone.
    #[error("the commit of '{stream}' that has landed is not there any more")]
    TipGone {
        /// The stream.
        stream: StreamName,
        /// The commit.
        tip: Option<Id>,
    },
    /// The check fails on the base without it.
    #[error("the check `{command}` {how} on the base without it")]
    FailsWithout {
        /// The streams.
        streams: Vec<StreamName>,
        /// The command.
        command: String,
        /// How it ended.
        how: String,
        /// What it printed.
        log: PathBuf,
        /// The last lines of that.
        last: Vec<String>,
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
            | Error::Obstructed { .. }
            | Error::Doubted { .. }
            | Error::DependedOn { .. }
            | Error::BuiltUpon { .. }
            | Error::GoneOn { .. }
            | Error::Entangled { .. }
            | Error::TipGone { .. }
            | Error::FailsWithout { .. }
            | Error::Rejected { .. } => Exit::Refused,
            Error::Queued { .. }
            | Error::CheckoutBusy { .. }
            | Error::InTheWay { .. }
            | Error::Interrupted { .. }
            | Error::Raced { .. } => Exit::Busy,
            Error::Occupied { .. }
            | Error::NotStarted { .. }
            | Error::Torn { .. }
            | Error::Unknown { .. } => Exit::Broken,
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each error, as everywhere"
    )]
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
            Error::Obstructed { obstacle, .. } => {
                return obstacle.hints_before("then `git stream undo` again");
            }
            Error::Torn { checkout, .. } => format!(
                "The base has not moved, and nothing is lost. Bring these files to what \
                 `git -C {} status` wants, and run the same command again.",
                word::quoted(&checkout.to_string_lossy())
            ),
            Error::Doubted { choices, .. } => return choices.clone(),
            Error::DependedOn { dependent, .. } => format!(
                "Nothing was changed. See how far it is with `git stream status {dependent}`; it has \
                 to be given back or taken back first."
            ),
            Error::BuiltUpon { later, .. } => format!(
                "Nothing was changed. Take that back first with `git stream undo --op {}`.",
                later.op
            ),
            Error::GoneOn {
                worktree: Some(worktree),
                is_held: true,
                ways,
                ..
            } => format!(
                "Nothing was changed. Take its commits back in the stream, with \
                 `git -C {} revert {}`, and land that.",
                word::quoted(worktree),
                ranges(ways)
            ),
            Error::GoneOn { stream, .. } => format!(
                "Nothing was changed. Go on with it by `git stream claim {stream}`, take its \
                 commits back there, and land that."
            ),
            Error::Entangled { ways, .. } => format!(
                "Nothing was changed. Take it back by hand, as a change of its own, with \
                 `git revert {}`.",
                ranges(ways)
            ),
            Error::TipGone { stream, .. } => format!(
                "Nothing was changed. See what is kept still with `git stream log --kept {stream}`."
            ),
            Error::FailsWithout { log, .. } => format!(
                "Nothing was changed. See all that it printed with `less {}`.",
                word::quoted(&log.to_string_lossy())
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
        let of = |value: Value| value.as_object().cloned().unwrap_or_default();
        let shown = |paths: &[BString]| -> Vec<Value> {
            paths.iter().map(|one| path::json(one.as_ref())).collect()
        };
        match self {
            Error::Obstructed {
                checkout, obstacle, ..
            } => of(json!({
                "cause": obstacle.cause(),
                "checkout": checkout.display().to_string(),
                "paths": shown(obstacle.paths()),
            })),
            Error::Torn {
                checkout, paths, ..
            } => of(json!({
                "cause": "torn", "checkout": checkout.display().to_string(), "paths": shown(paths),
            })),
            Error::Doubted { .. } => of(json!({"cause": "base-moved"})),
            Error::DependedOn {
                dependent, state, ..
            } => of(json!({"cause": "depended-on", "stream": dependent, "state": state})),
            Error::BuiltUpon { later, paths } => of(json!({
                "cause": "later", "op": later.op, "event": later.event, "agent": later.agent,
                "streams": later.streams, "paths": shown(paths),
            })),
            Error::GoneOn {
                stream, worktree, ..
            } => of(json!({"cause": "gone-on", "stream": stream, "worktree": worktree})),
            Error::Entangled { paths, commits, .. } => {
                let ids: Vec<String> = commits.iter().map(|one| one.id.to_string()).collect();
                of(json!({"cause": "conflict", "paths": shown(paths), "commits": ids}))
            }
            Error::TipGone { stream, tip } => {
                let tip = tip.map(|tip| tip.to_string());
                of(json!({"cause": "gone", "stream": stream, "commit": tip}))
            }
            Error::FailsWithout {
                log, last, streams, ..
            } => of(json!({
                "cause": "check-failed", "log": log.display().to_string(), "last": last,
                "streams": streams,
            })),
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

/// The reason of a sync, in words that fit a way back as well.
fn way_back(obstacle: &Obstacle) -> String {
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

fn at(worktree: Option<&String>) -> String {
    worktree.map_or_else(String::new, |place| format!(", in '{place}'"))
}

fn by(commits: &[Mention]) -> String {
    let named = |one: &Mention| {
        let id = one.id.to_hex_with_len(12);
        match one.streams.as_str() {
            "" => format!("{id} '{}'", one.subject),
            streams => format!("{id} '{}' of {streams}", one.subject),
        }
    };
    let named: Vec<String> = commits.iter().map(named).collect();
    if named.is_empty() {
        return String::new();
    }
    format!(", by {}", named.join(", "))
}

/// The landed commits, as `git revert` takes them: the newest first.
fn ranges(ways: &[(Id, Id)]) -> String {
    let ranges = ways.iter().rev();
    let ranges: Vec<String> = ranges.map(|(old, new)| format!("{old}..{new}")).collect();
    ranges.join(" ")
}
