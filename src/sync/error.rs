//! Why could a stream not be synced, or not be looked at?

use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};
use serde_json::{Map, Value, json};

use super::resolve;
use crate::exit::{Exit, Explain};
use crate::git;
use crate::ledger::{self, Refusal};
use crate::name::StreamName;
use crate::path;
use crate::workspace;

/// Why a stream could not be synced.
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
    /// The remote cannot be asked for the base.
    #[error("cannot fetch '{branch}' from '{remote}'")]
    Unreachable {
        /// The remote.
        remote: String,
        /// The base branch.
        branch: String,
        /// What git said.
        #[source]
        source: git::Error,
    },
    /// What a person has resolved cannot be taken over.
    #[error(transparent)]
    Resolve(#[from] Box<resolve::Error>),
    /// git does not know who commits.
    #[error("git does not know who commits here")]
    NoIdentity,
    /// The stream has no branch.
    #[error("the branch of '{stream}' is gone")]
    NoBranch {
        /// The stream.
        stream: StreamName,
    },
    /// The command was interrupted before it came to the stream.
    #[error("interrupted before '{stream}' was looked at")]
    NotReached {
        /// The stream.
        stream: StreamName,
    },
    /// Another git holds the index of the worktree.
    #[error("another git command is working in '{}'", worktree.display())]
    IndexBusy {
        /// The worktree.
        worktree: PathBuf,
    },
    /// A sync that died has left files that somebody has written to since.
    #[error(
        "an earlier sync of '{stream}' was cut off, and since then somebody has written to {}",
        listed(paths)
    )]
    Torn {
        /// The stream.
        stream: StreamName,
        /// Its worktree.
        worktree: PathBuf,
        /// The files whose content is neither the old nor the new one.
        paths: Vec<BString>,
        /// The ref that keeps uncommitted work.
        kept: Option<String>,
    },
    /// The files could be brought neither to the new place nor back.
    #[error("the move of '{stream}' failed in the middle, and could not be taken back")]
    HalfWay {
        /// The stream.
        stream: StreamName,
        /// Its worktree.
        worktree: PathBuf,
        /// The ref that keeps uncommitted work.
        kept: Option<String>,
        /// What failed.
        #[source]
        source: git::Error,
    },
}

impl Error {
    /// The ref that keeps uncommitted work, where the files are half-way.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "no other failure leaves files half-way"
    )]
    fn kept(&self) -> Option<&str> {
        match self {
            Error::Torn { kept, .. } | Error::HalfWay { kept, .. } => kept.as_deref(),
            _ => None,
        }
    }
}

fn listed(paths: &[BString]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| format!("'{}'", path::shown(path.as_bstr())))
        .collect();
    shown.join(", ")
}

impl From<resolve::Error> for Error {
    fn from(error: resolve::Error) -> Error {
        if let resolve::Error::Sync(error) = error {
            return error;
        }
        Error::Resolve(Box::new(error))
    }
}

impl Explain for Error {
    fn inner(&self) -> Option<&dyn Explain> {
        match self {
            Error::Git(error)
            | Error::Unreachable { source: error, .. }
            | Error::HalfWay { source: error, .. } => Some(error),
            Error::Ledger(error) => Some(error),
            Error::Workspace(error) => Some(error),
            Error::Refused(refusal) => Some(refusal),
            Error::Resolve(error) => Some(error.as_ref()),
            Error::NoIdentity
            | Error::NoBranch { .. }
            | Error::NotReached { .. }
            | Error::IndexBusy { .. }
            | Error::Torn { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Ledger(error) => error.exit(),
            Error::Workspace(error) => error.exit(),
            Error::Refused(refusal) => refusal.exit(),
            Error::Resolve(error) => error.exit(),
            Error::Unreachable { .. } | Error::NoBranch { .. } | Error::HalfWay { .. } => {
                Exit::Broken
            }
            Error::NoIdentity | Error::Torn { .. } => Exit::Refused,
            Error::IndexBusy { .. } | Error::NotReached { .. } => Exit::Busy,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Git(error) => return error.hints(),
            Error::Ledger(error) => return error.hints(),
            Error::Workspace(error) => return error.hints(),
            Error::Refused(refusal) => return refusal.hints(),
            Error::Resolve(error) => return error.hints(),
            Error::Unreachable { remote, .. } => format!(
                "Nothing was changed, and committing works without the remote; see whether it \
                 answers with `git ls-remote {remote}`."
            ),
            Error::NoIdentity => "Nothing was changed. Tell git who commits with \
                 `git config user.name NAME` and `git config user.email MAIL`."
                .to_owned(),
            Error::NoBranch { stream } => format!(
                "Nothing was changed. Find its last commit with `git log -g refs/stream/ledger` \
                 and bring it back with `git branch stream/{stream} COMMIT`."
            ),
            Error::NotReached { .. } => {
                "It is as it was. Go on with `git stream sync --all`.".to_owned()
            }
            Error::IndexBusy { .. } => {
                "Nothing was changed. Run the same command again when that one has ended."
                    .to_owned()
            }
            Error::Torn {
                stream, worktree, ..
            } => format!(
                "Nothing was overwritten. Move these files out of '{}', then finish with \
                 `git stream sync {stream}`.",
                worktree.display()
            ),
            Error::HalfWay {
                stream, worktree, ..
            } => format!(
                "The branch is where it was, and nothing is lost. Mend what failed in '{}'; then \
                 `git stream sync {stream}` goes on where it stopped.",
                worktree.display()
            ),
        };
        let kept = self.kept().map(|name| {
            format!("What was uncommitted is kept; see it with `git diff {name}^ {name}`.")
        });
        std::iter::once(hint).chain(kept).collect()
    }

    fn evidence(&self) -> Map<String, Value> {
        if let Error::Torn { paths, .. } = self {
            let paths: Vec<Value> = paths.iter().map(|p| path::json(p.as_bstr())).collect();
            return Map::from_iter([("paths".to_owned(), json!(paths))]);
        }
        self.inner().map_or_else(Map::new, Explain::evidence)
    }
}
