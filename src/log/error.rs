//! Why can the log not be shown?

use crate::exit::{Exit, Explain};
use crate::git;
use crate::ledger;
use crate::name::StreamName;
use crate::workspace;

/// Why the log cannot be shown. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The state cannot be read.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The ledger has never seen the stream.
    #[error("nothing has ever happened to a stream '{stream}'")]
    NoStream {
        /// What was asked for.
        stream: StreamName,
    },
    /// git does not understand a date.
    #[error("'{text}' is no date that git understands")]
    NoDate {
        /// What was given.
        text: String,
    },
    /// No operation has the id.
    #[error("the ledger has no operation '{op}'")]
    NoOperation {
        /// What was given.
        op: String,
    },
}

impl Explain for Error {
    fn inner(&self) -> Option<&dyn Explain> {
        match self {
            Error::Git(error) => Some(error),
            Error::Ledger(error) => Some(error),
            Error::Workspace(error) => Some(error),
            Error::NoStream { .. } | Error::NoDate { .. } | Error::NoOperation { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Ledger(error) => error.exit(),
            Error::Workspace(error) => error.exit(),
            Error::NoStream { .. } | Error::NoOperation { .. } => Exit::Refused,
            Error::NoDate { .. } => Exit::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Git(error) => return error.hints(),
            Error::Ledger(error) => return error.hints(),
            Error::Workspace(error) => return error.hints(),
            Error::NoStream { .. } => "See every stream with `git stream status`.",
            Error::NoDate { .. } => {
                "Write it as `git log` takes it, as in `git stream log --since '2 days ago'`."
            }
            Error::NoOperation { .. } => {
                "See the ids of all operations, in the first column, with `git stream log`."
            }
        };
        vec![hint.to_owned()]
    }
}
