//! Why can the guard not answer?

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::exit::{Exit, Explain};
use crate::git;
use crate::ledger;
use crate::name::StreamName;
use crate::rule;
use crate::workspace;

/// Why the guard cannot answer. In a hook, each of these refuses the commit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// What is known before deciding cannot be known.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The rule cannot be applied.
    #[error(transparent)]
    Rule(#[from] rule::Error),
    /// The worktree's stream was taken over by somebody else.
    #[error(transparent)]
    TakenOver(ledger::Refusal),
    /// The worktree was a stream's, but nobody holds that, or not with this worktree.
    #[error("this worktree was made for stream '{stream}', which nobody holds here any more")]
    Left {
        /// The stream.
        stream: StreamName,
    },
    /// The worktree is on a branch that is not its stream's.
    #[error("this worktree belongs to stream '{stream}', but HEAD is on '{branch}'")]
    OnOtherBranch {
        /// The stream of the worktree.
        stream: StreamName,
        /// The branch that HEAD is on.
        branch: String,
    },
    /// No stream was named, and the caller stands in none.
    #[error("for whom? no stream and no patterns were given, and this is not a stream's worktree")]
    WhichStream,
    /// A stream that is neither held nor planned.
    #[error("there is no stream '{stream}': nobody holds it, and the plan does not have it")]
    UnknownStream {
        /// The stream.
        stream: StreamName,
    },
    /// Not of the form `BASE..TIP`.
    #[error("'{text}' is not a range of commits")]
    NoRange {
        /// What was given.
        text: String,
    },
    /// A revision that names no commit.
    #[error("'{revision}' names no commit")]
    NotACommit {
        /// What was given.
        revision: String,
    },
    /// A revision that is the name of several refs, of which git silently takes one.
    #[error("'{revision}' may be {}", names.join(" or "))]
    Ambiguous {
        /// What was given.
        revision: String,
        /// The refs in full.
        names: Vec<String>,
    },
    /// A path that is not in the worktree.
    #[error("'{}' is outside of this worktree", path.display())]
    OutsidePath {
        /// The path as given.
        path: PathBuf,
    },
    /// A file of git's holds what git does not write.
    #[error("'{}' holds {line:?}, which is not a commit id", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// The line.
        line: String,
    },
    /// The ledger does not say yet what was found.
    #[error("what was found in the history of '{stream}' could not be recorded: {said}")]
    NotRecorded {
        /// The stream.
        stream: StreamName,
        /// Why not, in one line.
        said: String,
    },
    /// What a move brings could not be judged in time.
    #[error("to judge this took longer than {} s", limit.as_secs())]
    TooLong {
        /// The time there was.
        limit: Duration,
    },
    /// The user's own hook could not be started.
    #[error("cannot run the hook '{}'", path.display())]
    OwnHook {
        /// The hook.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// The failure of another module that this one passes on.
    fn inner(&self) -> Option<&dyn Explain> {
        match self {
            Error::Git(error) => Some(error),
            Error::Ledger(error) => Some(error),
            Error::Workspace(error) => Some(error),
            Error::Rule(error) => Some(error),
            Error::TakenOver(error) => Some(error),
            Error::Left { .. }
            | Error::OnOtherBranch { .. }
            | Error::WhichStream
            | Error::UnknownStream { .. }
            | Error::NoRange { .. }
            | Error::NotACommit { .. }
            | Error::Ambiguous { .. }
            | Error::OutsidePath { .. }
            | Error::Garbled { .. }
            | Error::NotRecorded { .. }
            | Error::TooLong { .. }
            | Error::OwnHook { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Git(_)
            | Error::Ledger(_)
            | Error::Workspace(_)
            | Error::Rule(_)
            | Error::TakenOver(_) => return None,
            Error::Left { stream } => {
                format!("Take the stream again with `git stream claim {stream}`.")
            }
            Error::OnOtherBranch { stream, branch } => format!(
                "Go back with `git switch {}`, and use another worktree for '{branch}'.",
                stream.branch()
            ),
            Error::WhichStream => {
                "Name a stream, as in `git stream guard staged --stream api`, or \
                 patterns with `--files`."
                    .to_owned()
            }
            Error::UnknownStream { .. } => {
                "See which streams there are with `git stream status`.".to_owned()
            }
            Error::NoRange { .. } => "Write two revisions with two dots between them, as in \
                 `git stream guard range origin/main..HEAD`."
                .to_owned(),
            Error::NotACommit { revision } => {
                format!("See what git makes of it with `git rev-parse '{revision}'`.")
            }
            Error::Ambiguous { names, .. } => format!(
                "Name the one that is meant in full, or by its id; `git show-ref '{}'` shows where \
                 that one points.",
                names.last().map_or("", String::as_str)
            ),
            Error::OutsidePath { .. } => {
                "Name paths of this worktree; `git rev-parse --show-toplevel` prints its top."
                    .to_owned()
            }
            Error::Garbled { .. } => {
                "Give the merge up with `git merge --abort`, then begin it again.".to_owned()
            }
            Error::NotRecorded { stream, .. } => {
                format!("Look again, and record it, with `git stream verify {stream}`.")
            }
            Error::TooLong { .. } => {
                "No ref was moved. Move the branch in smaller steps, and see what \
                 its commits hold with `git stream guard range BASE..TIP --stream NAME`."
                    .to_owned()
            }
            Error::OwnHook { path, .. } => format!(
                "See what it is with `ls -l '{}'`; a hook begins with the line `#!/bin/sh`.",
                path.display()
            ),
        };
        Some(hint)
    }
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Ledger(error) => error.exit(),
            Error::Workspace(error) => error.exit(),
            Error::Rule(error) => error.exit(),
            Error::TakenOver(error) => error.exit(),
            Error::Left { .. }
            | Error::OnOtherBranch { .. }
            | Error::UnknownStream { .. }
            | Error::TooLong { .. } => Exit::Refused,
            Error::WhichStream
            | Error::NoRange { .. }
            | Error::NotACommit { .. }
            | Error::Ambiguous { .. }
            | Error::OutsidePath { .. } => Exit::Usage,
            Error::Garbled { .. } | Error::NotRecorded { .. } | Error::OwnHook { .. } => {
                Exit::Broken
            }
        }
    }

    fn hints(&self) -> Vec<String> {
        match self.inner() {
            Some(error) => error.hints(),
            None => self.hint().into_iter().collect(),
        }
    }

    fn evidence(&self) -> Map<String, Value> {
        self.inner().map(Explain::evidence).unwrap_or_default()
    }

    fn git_said(&self) -> Vec<String> {
        self.inner().map(Explain::git_said).unwrap_or_default()
    }
}
