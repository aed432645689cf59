//! Why can a command not even begin?

use std::path::PathBuf;

use crate::exit::{Exit, Explain};
use crate::git::{self, Id};
use crate::ledger;
use crate::name;
use crate::plan;

/// Why a command cannot begin. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The plan has problems.
    #[error(transparent)]
    Plan(#[from] plan::Invalid),
    /// A name is no name.
    #[error(transparent)]
    Name(#[from] name::Error),
    /// `git stream init` has not run.
    #[error("git stream is not set up in this repository")]
    NotSetUp,
    /// The base's commit is not in this repository any more.
    #[error("the base '{branch}' was at {commit}, which is not in this repository any more")]
    BaseLost {
        /// The branch.
        branch: String,
        /// The commit that was recorded.
        commit: Id,
    },
    /// No stream was named, and the caller stands in none.
    #[error("which stream? none was named, and this is not the worktree of one")]
    WhichStream,
    /// A worktree's path is not text.
    #[error("the worktree's path '{}' is not UTF-8", path.display())]
    PathNotText {
        /// The path.
        path: PathBuf,
    },
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
            Error::Plan(error) => Some(error),
            Error::Name(error) => Some(error),
            _own => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Ledger(error) => error.exit(),
            Error::Plan(error) => error.exit(),
            Error::Name(error) => error.exit(),
            Error::NotSetUp | Error::BaseLost { .. } | Error::PathNotText { .. } => Exit::Broken,
            Error::WhichStream => Exit::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Git(error) => return error.hints(),
            Error::Ledger(error) => return error.hints(),
            Error::Plan(error) => return error.hints(),
            Error::Name(error) => return error.hints(),
            Error::NotSetUp => "Set it up with `git stream init`.".to_owned(),
            Error::BaseLost { branch, .. } => format!(
                "Bring it back with `git fetch --all`, or accept the branch as it is with \
                 `git stream init --base {branch} --accept`."
            ),
            Error::WhichStream => {
                "Name it, as in `git stream status api`, or change into its worktree.".to_owned()
            }
            Error::PathNotText { .. } => {
                "Move the repository to a directory whose name is UTF-8, or set \
                 `worktrees.path` in the plan."
                    .to_owned()
            }
        };
        vec![hint]
    }
}
