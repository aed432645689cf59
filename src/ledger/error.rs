//! Why could the ledger not be read or written?

use crate::exit::{Exit, Explain};
use crate::git::{self, Id};
use crate::name::StreamName;
use crate::word;

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
    /// The remote that has the ledger does not answer.
    #[error("the ledger's remote '{remote}' does not answer")]
    Unreachable {
        /// The remote.
        remote: String,
        /// What git said.
        #[source]
        source: git::Error,
    },
    /// The remote does not take the ledger.
    #[error("the remote '{remote}' does not take {name}: {why}")]
    Unwanted {
        /// The remote.
        remote: String,
        /// The ref.
        name: String,
        /// Why, in its words.
        why: String,
    },
    /// The remote cannot move several refs together.
    #[error("'{remote}' cannot take the ledger and what is published with it in one step")]
    NotAtomic {
        /// The remote.
        remote: String,
    },
    /// The remote's ledger has not grown out of what it had acknowledged.
    #[error(
        "the ledger on '{remote}' is at {}, which does not contain {}, the last that was acknowledged: it was rewound or rewritten",
        theirs.to_hex_with_len(12), ours.to_hex_with_len(12)
    )]
    Rewound {
        /// The remote.
        remote: String,
        /// The last commit that was acknowledged here.
        ours: Id,
        /// What is there.
        theirs: Id,
    },
    /// The remote has no ledger any more.
    #[error("the ledger {name} is gone from '{remote}'")]
    Gone {
        /// The remote.
        remote: String,
        /// The ref.
        name: String,
    },
    /// Streams are held on a ledger of this repository alone, and the remote has another one.
    #[error(
        "'{remote}' has a ledger of its own, and on the one of this repository is still held: {}",
        names(held)
    )]
    TwoLedgers {
        /// The remote.
        remote: String,
        /// The streams that are held here.
        held: Vec<StreamName>,
    },
    /// Other machines were faster, until the time was up.
    #[error("other machines wrote to the ledger on '{remote}' faster than this one")]
    RemoteRaced {
        /// The remote.
        remote: String,
    },
    /// A lock lay on the server, until the time was up.
    #[error("'{remote}' could not move the ledger: '{lock}' is there")]
    RemoteLocked {
        /// The remote.
        remote: String,
        /// The lock, by its path on the server.
        lock: String,
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
            Error::Git(error) | Error::Unreachable { source: error, .. } => Some(error),
            _own => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::Newer { .. }
            | Error::Unreadable { .. }
            | Error::Unreachable { .. }
            | Error::Unwanted { .. }
            | Error::NotAtomic { .. }
            | Error::Rewound { .. }
            | Error::Gone { .. } => Exit::Broken,
            Error::TwoLedgers { .. } => Exit::Refused,
            Error::Raced { .. } | Error::RemoteRaced { .. } | Error::RemoteLocked { .. } => {
                Exit::Busy
            }
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
            Error::Unreachable { remote, .. } => vec![
                format!("Nothing was changed; see what is wrong with `git ls-remote {remote}`."),
                "Committing in a stream that is yours, `git stream status` and `git stream guard` \
                 work without it."
                    .to_owned(),
            ],
            Error::Unwanted { why, .. } if why.contains("No space left on device") => vec![
                "Nothing was changed; the disk of the server is full. Run the same command again \
                 when those who run the server have made room."
                    .to_owned(),
            ],
            Error::Unwanted { name, .. } if name.starts_with("refs/heads/") => {
                vec!["Nothing was changed; ask those who run the server to allow it.".to_owned()]
            }
            Error::Unwanted { .. } => vec![
                "Nothing was changed; where a server takes no refs but branches, set \
                 `ledger = \"refs/heads/stream-ledger\"` in the plan."
                    .to_owned(),
            ],
            Error::NotAtomic { remote } => vec![format!(
                "Nothing was changed; see what the server is with `git ls-remote {remote}`: one \
                 that speaks git's own protocol can."
            )],
            Error::Rewound { remote, ours, .. } => vec![format!(
                "Nothing was changed; a person puts it back with \
                 `git push --force {remote} {ours}:refs/stream/ledger`, after a look at \
                 `git log refs/stream/remotes/{remote}/ledger`."
            )],
            Error::Gone { remote, name } => vec![format!(
                "Nothing was changed; a person puts it back with \
                 `git push {remote} refs/stream/ledger:{name}`."
            )],
            Error::TwoLedgers { held, .. } => vec![format!(
                "Nothing was changed; give back what is held, as in `git stream release {}`, and \
                 run the same command again.",
                held[0]
            )],
            Error::RemoteLocked { lock, .. } => vec![format!(
                "Nothing was changed; run the same command again. Where no push is running, one \
                 that died has left the lock: whoever runs the server removes it there with `rm {}`.",
                word::quoted(lock)
            )],
            Error::RemoteRaced { .. } | Error::Raced { .. } => {
                vec!["Nothing was changed by this command; run the same command again.".to_owned()]
            }
        }
    }
}

fn names(streams: &[StreamName]) -> String {
    let names: Vec<String> = streams.iter().map(|name| format!("'{name}'")).collect();
    names.join(", ")
}
