//! Why can a stream not be taken, worked in or given back?

use std::io;
use std::path::PathBuf;

use bstr::BString;
use serde_json::{Map, Value, json};

use crate::exit::{Exit, Explain};
use crate::git::{self, Id};
use crate::guard;
use crate::ledger;
use crate::name::{self, StreamName};
use crate::path;
use crate::rule;
use crate::setup;
use crate::word;
use crate::workspace;

/// Why a stream cannot be taken, worked in or given back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The ledger says no.
    #[error(transparent)]
    Refused(#[from] ledger::Refusal),
    /// The workspace cannot be read.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The repository cannot be set up.
    #[error(transparent)]
    Setup(#[from] setup::Error),
    /// The hooks cannot be written.
    #[error(transparent)]
    Guard(#[from] guard::Error),
    /// A name is no name.
    #[error(transparent)]
    Name(#[from] name::Error),
    /// The rule cannot be asked.
    #[error(transparent)]
    Rule(#[from] rule::Error),
    /// Work that was to be adopted changes what the stream does not own.
    #[error(
        "the work changes what '{stream}' would not own, in {}: {}",
        word::count(*commits, "commit"), listed(paths)
    )]
    ForeignWork {
        /// The stream.
        stream: StreamName,
        /// How many commits do so.
        commits: usize,
        /// The paths, sorted.
        paths: Vec<BString>,
    },
    /// The worktree that was kept is not ready to be handed on.
    #[error(
        "the worktree of '{stream}' in '{}' was left {}",
        worktree.display(),
        operation.map_or_else(|| "off its branch".to_owned(), |what| format!("in the middle of a {what}"))
    )]
    LeftUnfinished {
        /// The stream.
        stream: StreamName,
        /// The worktree.
        worktree: PathBuf,
        /// What is in progress in it, if anything is.
        operation: Option<&'static str>,
    },
    /// The worktree is not what a claim makes.
    #[error("the worktree of '{stream}' in '{worktree}' is gone or not whole")]
    NotWhole {
        /// The stream.
        stream: StreamName,
        /// The worktree.
        worktree: String,
    },
    /// There is no such revision.
    #[error("'{revision}' names no commit")]
    NoRevision {
        /// What was given.
        revision: String,
    },
    /// A branch of the stream's name exists, and it is not known to be the stream's work.
    #[error("the branch '{}' exists already, at {}", stream.branch(), tip.to_hex_with_len(12))]
    BranchExists {
        /// The stream.
        stream: StreamName,
        /// The branch's tip.
        tip: Id,
    },
    /// The stream's branch is checked out in a worktree that is not the stream's.
    #[error("the branch '{}' is checked out in '{}'", stream.branch(), worktree.display())]
    BranchInUse {
        /// The stream.
        stream: StreamName,
        /// That worktree.
        worktree: PathBuf,
    },
    /// The place for the worktree holds something else.
    #[error("'{}', where the worktree of '{stream}' belongs, exists and is not empty", path.display())]
    WorktreeExists {
        /// The stream.
        stream: StreamName,
        /// The place.
        path: PathBuf,
    },
    /// The stream's history does not leave the base at one commit.
    #[error(
        "{} and '{base}' have {} merge bases; a stream needs exactly one",
        tip.to_hex_with_len(12), several
    )]
    NoForkPoint {
        /// The stream.
        stream: StreamName,
        /// The commit to start from.
        tip: Id,
        /// The base branch.
        base: String,
        /// How many there are.
        several: usize,
    },
    /// What is on its branch does not stand on the stream that was named.
    #[error("what is on 'stream/{stream}' does not stand on '{ground}'")]
    OtherGround {
        /// The stream.
        stream: StreamName,
        /// What it is to be stacked on.
        ground: StreamName,
        /// Its commit.
        tip: Id,
    },
    /// Others were faster, again and again.
    #[error("the repository changes faster than this command can look at it")]
    Outdated,
    /// Somebody else ended the claim while this command worked on it.
    #[error("the claim of '{stream}' has ended while this command was working on it")]
    Vanished {
        /// The stream.
        stream: StreamName,
    },
    /// The setup command did not start.
    #[error("cannot start the plan's setup command `{command}`")]
    SetupNotStarted {
        /// The command.
        command: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The setup command failed.
    #[error("the plan's setup command `{command}` failed in the worktree of '{stream}': {how}")]
    SetupFailed {
        /// The stream.
        stream: StreamName,
        /// The command.
        command: String,
        /// Its status.
        how: String,
    },
    /// The command to run did not start.
    #[error("cannot start '{command}'")]
    CommandNotStarted {
        /// The command.
        command: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Whether it rests on something that was read before somebody else changed it.
    pub(super) fn may_be_outdated(&self) -> bool {
        if let Error::Workspace(workspace::Error::Ledger(error)) | Error::Ledger(error) = self {
            return matches!(error, ledger::Error::Git(git::Error::Moved { .. }));
        }
        matches!(self, Error::Outdated)
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
            Error::Refused(error) => Some(error),
            Error::Workspace(error) => Some(error),
            Error::Setup(error) => Some(error),
            Error::Guard(error) => Some(error),
            Error::Name(error) => Some(error),
            Error::Rule(error) => Some(error),
            _own => None,
        }
    }

    fn evidence(&self) -> Map<String, Value> {
        let own = |key: &str, value| Map::from_iter([(key.to_owned(), value)]);
        if let Error::ForeignWork { paths, .. } = self {
            let paths: Vec<Value> = paths.iter().map(|path| path::json(path.as_ref())).collect();
            return own("paths", json!(paths));
        }
        self.inner().map_or_else(Map::new, Explain::evidence)
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Ledger(error) => error.exit(),
            Error::Refused(error) => error.exit(),
            Error::Workspace(error) => error.exit(),
            Error::Setup(error) => error.exit(),
            Error::Guard(error) => error.exit(),
            Error::Name(error) => error.exit(),
            Error::Rule(error) => error.exit(),
            Error::NoRevision { .. } => Exit::Usage,
            Error::ForeignWork { .. }
            | Error::LeftUnfinished { .. }
            | Error::BranchExists { .. }
            | Error::BranchInUse { .. }
            | Error::WorktreeExists { .. }
            | Error::NoForkPoint { .. }
            | Error::OtherGround { .. }
            | Error::SetupFailed { .. } => Exit::Refused,
            Error::Vanished { .. } | Error::Outdated => Exit::Busy,
            Error::NotWhole { .. }
            | Error::SetupNotStarted { .. }
            | Error::CommandNotStarted { .. } => Exit::Broken,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Git(error) => return error.hints(),
            Error::Ledger(error) => return error.hints(),
            Error::Refused(error) => return error.hints(),
            Error::Workspace(error) => return error.hints(),
            Error::Setup(error) => return error.hints(),
            Error::Guard(error) => return error.hints(),
            Error::Name(error) => return error.hints(),
            Error::Rule(error) => return error.hints(),
            Error::ForeignWork { stream, .. } => format!(
                "Nothing was changed. Claim '{stream}' with patterns that match them, too; see each commit with `git stream guard range BASE..TIP --files PATTERN`."
            ),
            Error::LeftUnfinished {
                stream,
                worktree,
                operation,
            } => {
                let place = word::quoted(&worktree.to_string_lossy());
                match operation {
                    Some(operation) => format!(
                        "Nothing was changed. Finish it there, or end it with `git -C {place} {operation} --abort`."
                    ),
                    None => format!(
                        "Nothing was changed. Put it back with `git -C {place} switch {}`; what HEAD is on now needs a branch of its own first, if it is to be kept.",
                        stream.branch()
                    ),
                }
            }
            Error::NotWhole { stream, .. } => format!(
                "Its holder makes it again with `git stream claim {stream}`; the branch has all that was committed."
            ),
            Error::NoRevision { .. } => {
                "Nothing was changed. See what there is with `git branch --all`.".to_owned()
            }
            Error::BranchExists { stream, .. } => format!(
                "Nothing was changed. To go on with what is on it, run `git stream claim {stream} \
                 --from {branch}`; to put it aside, run `git branch -m {branch} old-{stream}`.",
                branch = stream.branch()
            ),
            Error::BranchInUse { worktree, .. } => format!(
                "Nothing was changed. Let go of the branch there with `git -C {} switch --detach`.",
                word::quoted(&worktree.to_string_lossy())
            ),
            Error::WorktreeExists { path, .. } => format!(
                "Nothing was changed. Move it away, as in `mv {path} {path}.old`, or set \
                 `worktrees.path` in the plan.",
                path = word::quoted(&path.to_string_lossy())
            ),
            Error::NoForkPoint { tip, base, .. } => format!(
                "Nothing was changed. Put the work onto the base first, with `git rebase {base} {}`.",
                tip.to_hex_with_len(12)
            ),
            Error::OtherGround {
                stream,
                ground,
                tip,
            } => format!(
                "Nothing was changed. Go on with it as it is with `git stream claim {stream}`, or \
                 put it there first, with `git rebase --onto stream/{ground} main {}`.",
                tip.to_hex_with_len(12)
            ),
            Error::Outdated => "Nothing was changed. Run the same command again.".to_owned(),
            Error::Vanished { stream } => {
                format!("See who holds it now with `git stream status {stream}`.")
            }
            Error::SetupNotStarted { .. } => {
                "The claim is yours; see that `sh` can be started, then run the same command again."
                    .to_owned()
            }
            Error::SetupFailed { stream, .. } => format!(
                "The claim is yours, and its worktree is there; mend the cause, then run \
                 `git stream claim {stream}` again to run the setup once more."
            ),
            Error::CommandNotStarted { .. } => {
                "The claim is yours, and its worktree is there; see that the command is on PATH."
                    .to_owned()
            }
        };
        vec![hint]
    }
}

/// The first few paths, and how many more there are.
fn listed(paths: &[BString]) -> String {
    const SHOWN: usize = 5;
    let mut text: Vec<String> = paths
        .iter()
        .take(SHOWN)
        .map(|path| path::shown(path.as_ref()))
        .collect();
    if paths.len() > SHOWN {
        text.push(format!("and {} more", paths.len() - SHOWN));
    }
    text.join(", ")
}
