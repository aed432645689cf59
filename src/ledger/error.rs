//! Why could the ledger not be read or written?

use crate::exit::{Exit, Explain};
use crate::git;

/// Why the ledger could not be read or written. Never a reason to let a claim through.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A newer git stream wrote it.
    #[error("the ledger is of format {found}; this git stream reads format {known}")]
    Newer {
        /// What the ledger says.
        found: String,
        /// The newest that is known.
        known: u32,
    },
    /// One of its files makes no sense.
    #[error("the ledger's file '{file}' cannot be understood")]
    Unreadable {
        /// The file in the ledger's tree.
        file: String,
        /// What the parser said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Too many others were faster.
    #[error("the ledger has changed {attempts} times while this command tried to write to it")]
    Raced {
        /// How often it was tried.
        attempts: usize,
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
            _own => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Newer { .. } | Error::Unreadable { .. } => Exit::Broken,
            Error::Raced { .. } => Exit::Busy,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Error::Git(error) => error.hints(),
            Error::Newer { .. } => vec![
                "Install the newer git stream that wrote it; see what it wrote with \
                 `git log refs/stream/ledger`."
                    .to_owned(),
            ],
            Error::Unreadable { .. } => vec![
                "Nothing was changed; look at the ledger's history with \
                 `git log --stat refs/stream/ledger`."
                    .to_owned(),
            ],
            Error::Raced { .. } => {
                vec!["Nothing was changed by this command; run the same command again.".to_owned()]
            }
        }
    }
}
