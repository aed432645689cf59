//! Why is a ref not moved, and what is to be done about it?

use bstr::BString;
use serde_json::{Value, json};

use super::Error;
use crate::exit::Explain as _;
use crate::git::Id;
use crate::guard::{self, Verdict};
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::word::count;

/// Why a ref is not moved.
#[derive(Debug)]
pub enum Why {
    /// It cannot be told whether it may be.
    Unknown(Error),
    /// Its commits break the rule.
    Breaks(Verdict),
    /// No stream can have such a branch.
    NotAStream {
        /// The full name.
        name: BString,
    },
    /// Somebody holds the stream whose branch would be deleted.
    Held {
        /// The stream.
        stream: StreamName,
        /// Who holds it.
        agent: AgentName,
    },
    /// The branch of a held stream would lose commits.
    Rewound {
        /// The stream.
        stream: StreamName,
        /// Who holds it.
        agent: AgentName,
        /// How many commits.
        lost: usize,
        /// Whether it would go back to an older base, too.
        older: bool,
    },
    /// The ledger would be deleted.
    LedgerDeleted,
    /// The ledger would lose entries.
    LedgerRewound {
        /// Its newest commit on the server.
        tip: Id,
    },
    /// The ledger would hold something else than one entry after another.
    LedgerForked {
        /// The commit with more than one parent, or the second one with none.
        commit: Id,
    },
    /// A chain of the ledger that was shortened would not be kept any more, or another by its name.
    LedgerKept,
    /// The base branch would be deleted.
    BaseDeleted {
        /// Its short name.
        branch: String,
    },
}

impl Why {
    /// The word that JSON uses.
    pub fn name(&self) -> &'static str {
        match self {
            Why::Unknown(_) => "unknown",
            Why::Breaks(_) => "breaks-rule",
            Why::NotAStream { .. } => "not-a-stream",
            Why::Held { .. } => "held",
            Why::Rewound { .. } => "rewound",
            Why::LedgerDeleted => "ledger-deleted",
            Why::LedgerRewound { .. } => "ledger-rewound",
            Why::LedgerForked { .. } => "ledger-forked",
            Why::LedgerKept => "ledger-kept",
            Why::BaseDeleted { .. } => "base-deleted",
        }
    }

    /// The reason in words; several lines where paths are listed.
    pub fn text(&self) -> String {
        match self {
            Why::Unknown(error) => {
                let mut text = error.to_string();
                let mut source = std::error::Error::source(error);
                while let Some(cause) = source {
                    text.push_str(&format!("\ncaused by: {cause}"));
                    source = cause.source();
                }
                text
            }
            Why::Breaks(verdict) => verdict.text(),
            Why::NotAStream { name } => format!(
                "{} is among the branches of streams, and no stream can have that name",
                path::shown(name.as_ref())
            ),
            Why::Held { stream, agent } => {
                format!("{agent} holds stream '{stream}', so its branch is not deleted")
            }
            Why::Rewound {
                stream,
                agent,
                lost,
                older,
            } => format!(
                "the branch of stream '{stream}' (held by {agent}) would {}lose {} that the base \
                 does not have",
                if *older {
                    "go back to an older base and "
                } else {
                    ""
                },
                count(*lost, "commit")
            ),
            Why::LedgerDeleted => "the ledger is never deleted".to_owned(),
            Why::LedgerRewound { tip } => format!(
                "the ledger only grows, and this does not descend from its newest entry {}",
                tip.to_hex_with_len(12)
            ),
            Why::LedgerForked { commit } => format!(
                "the ledger is one entry after another, and {} is not",
                commit.to_hex_with_len(12)
            ),
            Why::LedgerKept => {
                "it keeps what the ledger was before it was shortened, under its own id, and is \
                 never moved or deleted"
                    .to_owned()
            }
            Why::BaseDeleted { branch } => {
                format!("streams are judged by the base branch '{branch}', so it is not deleted")
            }
        }
    }

    /// What to do about it: sentences with one command each.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Why::Unknown(Error::Guard(guard::Error::UnknownStream { stream })) => format!(
                "Push the claim along, if it was made elsewhere: \
                 `git push REMOTE refs/stream/ledger stream/{stream}`."
            ),
            Why::Unknown(error) => return error.hints(),
            Why::Breaks(verdict) => return verdict.hints(),
            Why::NotAStream { .. } => {
                "Push it under a name that does not begin with 'stream/', as in \
                 `git push REMOTE HEAD:refs/heads/NAME`."
                    .to_owned()
            }
            Why::Held { stream, .. } => format!(
                "Give the stream back first, with `git stream release {stream}`, and push the \
                 ledger together with the deletion."
            ),
            Why::Rewound { stream, .. } => {
                return vec![
                    format!(
                        "Get what is there with `git fetch REMOTE stream/{stream}`, and change it \
                         by a commit on top."
                    ),
                    format!(
                        "Put the commits onto the newest base with `git stream sync {stream}`; \
                         a branch that moves to a newer base may leave its old commits behind."
                    ),
                ];
            }
            Why::LedgerDeleted | Why::LedgerRewound { .. } | Why::LedgerForked { .. } => {
                "Get the server's ledger with \
                 `git fetch REMOTE refs/stream/ledger:refs/stream/theirs`, and see what it has \
                 with `git log refs/stream/theirs`."
                    .to_owned()
            }
            Why::LedgerKept => {
                "See what it keeps with `git ls-remote REMOTE 'refs/stream/history/*'`.".to_owned()
            }
            Why::BaseDeleted { .. } => "Name another base first, on the server, with \
                `git config stream.base BRANCH`."
                .to_owned(),
        };
        vec![hint]
    }

    /// The paths that break the rule, as the guard's JSON has them.
    pub fn paths(&self) -> Value {
        match self {
            Why::Breaks(verdict) => verdict.object()["paths"].take(),
            Why::Unknown(_)
            | Why::NotAStream { .. }
            | Why::Held { .. }
            | Why::Rewound { .. }
            | Why::LedgerDeleted
            | Why::LedgerRewound { .. }
            | Why::LedgerForked { .. }
            | Why::LedgerKept
            | Why::BaseDeleted { .. } => json!([]),
        }
    }
}
