//! Why can a repository not be set up?

use serde_json::{Map, Value, json};

use crate::exit::{Exit, Explain};
use crate::git;
use crate::guard;
use crate::ledger;
use crate::name;
use crate::plan::{self, Command};
use crate::receive;
use crate::word;
use crate::workspace;

/// Why a repository cannot be set up.
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
    /// The plan has problems.
    #[error(transparent)]
    Plan(#[from] plan::Invalid),
    /// The hooks cannot be written.
    #[error(transparent)]
    Guard(#[from] guard::Error),
    /// A name is no name.
    #[error(transparent)]
    Name(#[from] name::Error),
    /// The workspace cannot be read.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The hook of a server cannot be written.
    #[error(transparent)]
    Receive(#[from] receive::Error),
    /// git does not know who commits.
    #[error("git does not know who you are: user.name or user.email is not set")]
    NoIdentity,
    /// The base branch does not exist.
    #[error("there is no base branch '{full_name}'")]
    NoBase {
        /// The short name of the branch.
        branch: String,
        /// The remote whose branch it is.
        remote: Option<String>,
        /// What was looked for.
        full_name: String,
    },
    /// No branch offers itself as the base.
    #[error(
        "which branch do streams start from? HEAD is on none, and there is no 'main' or 'master'"
    )]
    WhichBase,
    /// Nobody has approved the commands.
    #[error("the plan wants to run commands that no person has approved on this machine")]
    NotApproved {
        /// What would be approved.
        digest: String,
        /// The commands.
        commands: Vec<Command>,
    },
    /// Only a person may do it.
    #[error("only a person may {what}")]
    PersonOnly {
        /// What was asked for.
        what: &'static str,
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
            Error::Refused(error) => Some(error),
            Error::Plan(error) => Some(error),
            Error::Guard(error) => Some(error),
            Error::Receive(error) => Some(error),
            Error::Name(error) => Some(error),
            Error::Workspace(error) => Some(error),
            _own => None,
        }
    }

    fn evidence(&self) -> Map<String, Value> {
        if let Error::NotApproved { digest, .. } = self {
            return Map::from_iter([("digest".to_owned(), json!(digest))]);
        }
        self.inner().map_or_else(Map::new, Explain::evidence)
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Ledger(error) => error.exit(),
            Error::Refused(error) => error.exit(),
            Error::Plan(error) => error.exit(),
            Error::Guard(error) => error.exit(),
            Error::Receive(error) => error.exit(),
            Error::Name(error) => error.exit(),
            Error::Workspace(error) => error.exit(),
            Error::NoIdentity | Error::NoBase { .. } | Error::WhichBase => Exit::Broken,
            Error::NotApproved { .. } | Error::PersonOnly { .. } => Exit::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Git(error) => return error.hints(),
            Error::Ledger(error) => return error.hints(),
            Error::Refused(error) => return error.hints(),
            Error::Plan(error) => return error.hints(),
            Error::Guard(error) => return error.hints(),
            Error::Receive(error) => return error.hints(),
            Error::Name(error) => return error.hints(),
            Error::Workspace(error) => return error.hints(),
            Error::NoIdentity => "Nothing was changed. Tell git with \
                `git config user.name NAME` and `git config user.email MAIL`."
                .to_owned(),
            Error::NoBase {
                branch,
                remote: Some(remote),
                ..
            } => format!(
                "Nothing was changed. Fetch it with `git fetch {} {}`.",
                word::quoted(remote),
                word::quoted(branch)
            ),
            Error::NoBase { remote: None, .. } => "Nothing was changed. Name one that exists, \
                as in `git stream init --base main`; `git branch` lists them."
                .to_owned(),
            Error::WhichBase => {
                "Nothing was changed. Name it with `git stream init --base BRANCH`.".to_owned()
            }
            Error::NotApproved { commands, .. } => {
                let listed: Vec<String> = commands.iter().map(ToString::to_string).collect();
                return vec![
                    format!(
                        "Nothing was changed, and nothing was run. The commands are: {}.",
                        listed.join("; ")
                    ),
                    "A person who has read them approves them with `git stream init --approve`; \
                     on a machine without one, set GIT_STREAM_APPROVED to what \
                     `git stream plan --digest` prints."
                        .to_owned(),
                ];
            }
            Error::PersonOnly { .. } => {
                "Nothing was changed. Ask a person to run the same command in a terminal of \
                 their own."
                    .to_owned()
            }
        };
        vec![hint]
    }
}
