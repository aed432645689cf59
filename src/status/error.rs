//! Why is there no picture?

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::exit::{Exit, Explain};
use crate::git;
use crate::name::StreamName;
use crate::sync;
use crate::workspace;

/// Why there is no picture. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The state cannot be read.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// It cannot be told what has landed already.
    #[error(transparent)]
    Sync(#[from] sync::Error),
    /// There is no draft.
    #[error("there is no plan: '{}' does not exist", path.display())]
    NoPlan {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Neither the plan nor the ledger knows the stream.
    #[error("there is no stream '{stream}', neither in the plan nor in the ledger")]
    Unknown {
        /// What was asked for.
        stream: StreamName,
        /// The stream that looks most like it.
        nearest: Option<StreamName>,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Workspace(error) => error.exit(),
            Error::Sync(error) => error.exit(),
            Error::NoPlan { .. } | Error::Unknown { .. } => Exit::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Git(error) => return error.hints(),
            Error::Workspace(error) => return error.hints(),
            Error::Sync(error) => return error.hints(),
            Error::NoPlan { .. } => {
                "Let `git stream init` write one to begin with, or name another file.".to_owned()
            }
            Error::Unknown {
                nearest: Some(near),
                ..
            } => format!("Did you mean `git stream status {near}`?"),
            Error::Unknown { nearest: None, .. } => {
                "See every stream with `git stream status`.".to_owned()
            }
        };
        vec![hint]
    }

    fn evidence(&self) -> Map<String, Value> {
        let mut evidence = Map::new();
        match self {
            Error::Git(error) => return error.evidence(),
            Error::Workspace(error) => return error.evidence(),
            Error::Sync(error) => return error.evidence(),
            Error::NoPlan { path } => {
                evidence.insert("path".to_owned(), path.to_string_lossy().into());
            }
            Error::Unknown { nearest, .. } => {
                evidence.insert("nearest".to_owned(), json!(nearest));
            }
        }
        evidence
    }

    fn git_said(&self) -> Vec<String> {
        match self {
            Error::Git(error) => error.git_said(),
            Error::Workspace(error) => error.git_said(),
            Error::Sync(error) => error.git_said(),
            Error::NoPlan { .. } | Error::Unknown { .. } => Vec::new(),
        }
    }
}
