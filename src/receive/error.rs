//! Why can a server not tell whether a push is right?

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::exit::{Exit, Explain};
use crate::git;
use crate::guard;
use crate::ledger;
use crate::workspace;

/// Why it cannot be told. In a hook, each of these refuses the push, or the ref that it is about.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The plan cannot be read.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The guard cannot answer.
    #[error(transparent)]
    Guard(#[from] guard::Error),
    /// Not what git tells a hook.
    #[error("{text:?} is not what git tells a hook about a push")]
    Garbled {
        /// What was given.
        text: String,
    },
    /// The push goes to a part of the refs only.
    #[error("git stream does not know what the refs of a git namespace mean")]
    Namespace,
    /// The server has no base branch yet.
    #[error("the server has no branch '{branch}' that streams could be judged by")]
    NoBase {
        /// The short name of the branch.
        branch: String,
    },
    /// Nothing says which branch the base is.
    #[error("nothing tells the server which branch streams start from")]
    WhichBase,
    /// The hooks are not the repository's own.
    #[error("the hooks are in '{}', outside of this repository", path.display())]
    ForeignHooks {
        /// Their directory.
        path: PathBuf,
    },
    /// There are two hooks of the server's own.
    #[error("there is a 'pre-receive' that is not of git stream, and '{}' as well", path.display())]
    TwoHooks {
        /// The one that was put aside.
        path: PathBuf,
    },
}

impl Error {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Git(_) | Error::Ledger(_) | Error::Workspace(_) | Error::Guard(_) => {
                return None;
            }
            Error::Garbled { .. } => "Hand on what git gives: all of stdin to \
                `git stream receive pre-receive`, or the three arguments to \
                `git stream receive update REF OLD NEW`."
                .to_owned(),
            Error::Namespace => "Use a repository of its own for streams, made with \
                `git init --bare`."
                .to_owned(),
            Error::NoBase { branch } => format!(
                "Push the base first, with `git push REMOTE {branch}`, or name another one on the \
                 server with `git config stream.base BRANCH`."
            ),
            Error::WhichBase => {
                "Name it, on the server, with `git config stream.base main`.".to_owned()
            }
            Error::ForeignHooks { .. } => "Call `git stream receive pre-receive` from the \
                `pre-receive` that is there, with the same stdin, as docs/server.md shows."
                .to_owned(),
            Error::TwoHooks { path } => format!(
                "Nothing was changed. Look at both, and remove the one that is not needed, as in \
                 `rm '{}'`.",
                path.display()
            ),
        };
        Some(hint)
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
            Error::Guard(error) => Some(error),
            _own => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Ledger(error) => error.exit(),
            Error::Workspace(error) => error.exit(),
            Error::Guard(error) => error.exit(),
            Error::Garbled { .. } => Exit::Usage,
            Error::Namespace
            | Error::NoBase { .. }
            | Error::WhichBase
            | Error::ForeignHooks { .. }
            | Error::TwoHooks { .. } => Exit::Broken,
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
