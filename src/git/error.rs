//! What can go wrong between us and git, or between us and the file system?

use std::io;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{Id, Version};
use crate::exit::{Exit, Explain};
use crate::word;

/// Why git or the file system did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `git` on PATH.
    #[error("cannot start `git`")]
    NoGit(#[source] io::Error),
    /// A git command failed.
    #[error("`{command}` {how}")]
    Failed {
        /// The command line, shortened.
        command: String,
        /// "failed with exit status 128", "was ended by signal 9".
        how: String,
        /// Its status, unless a signal ended it.
        status: Option<i32>,
        /// What it wrote on stderr.
        stderr: String,
        /// Whether the file system it ran on is full, which git does not always say.
        full: bool,
    },
    /// A git command answered in a form that is not known.
    #[error("`{command}` answered {answer:?}, which is not understood")]
    Odd {
        /// The command line.
        command: String,
        /// The part of the answer that is odd, shortened.
        answer: String,
    },
    /// The installed git is too old.
    #[error("git {found} is too old: git stream needs git {needed} or newer")]
    TooOld {
        /// What is installed.
        found: Version,
        /// What is needed.
        needed: Version,
    },
    /// A file could not be read, written or removed.
    #[error("cannot {attempt} '{}'", path.display())]
    File {
        /// "read", "write", "lock".
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is no repository here.
    #[error("'{}' is not inside a git repository", directory.display())]
    NoRepository {
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// The repository belongs to somebody else.
    #[error("the repository at '{}' belongs to another user", path.display())]
    Untrusted {
        /// Its git directory.
        path: PathBuf,
    },
    /// The repository has no worktree, and the caller stands in none.
    #[error("this is a bare repository")]
    Bare,
    /// The current branch has no commit.
    #[error("this repository has no commit yet")]
    Unborn,
    /// History is cut off.
    #[error("this is a shallow clone: its history is cut off, so nothing can be proven about it")]
    Shallow,
    /// The object database answered badly.
    #[error("cannot {attempt} {what}")]
    Object {
        /// "read", "write".
        attempt: &'static str,
        /// Which object.
        what: String,
        /// What the library said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A ref is not where it was expected: somebody else moved it.
    #[error("{name} has moved: expected {}, found {}", shown(*expected), shown(*actual))]
    Moved {
        /// The full name of the ref.
        name: String,
        /// Where it should have been; `None` for "must not exist".
        expected: Option<Id>,
        /// Where it is.
        actual: Option<Id>,
    },
    /// Another command holds the lock for too long.
    #[error("another git stream command has been holding '{}' for {seconds} s", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        seconds: u64,
    },
}

fn shown(id: Option<Id>) -> String {
    id.map_or_else(
        || "nothing".to_owned(),
        |id| id.to_hex_with_len(12).to_string(),
    )
}

impl Error {
    /// A failure of the file system, with the file it is about.
    pub fn file(
        attempt: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::File {
            attempt,
            path,
            source,
        }
    }
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Moved { .. } | Error::Locked { .. } => Exit::Busy,
            Error::NoGit(_)
            | Error::Failed { .. }
            | Error::Odd { .. }
            | Error::TooOld { .. }
            | Error::File { .. }
            | Error::NoRepository { .. }
            | Error::Untrusted { .. }
            | Error::Bare
            | Error::Unborn
            | Error::Shallow
            | Error::Object { .. } => Exit::Broken,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::NoGit(_) => "Install git, and see that `git --version` answers.",
            Error::TooOld { .. } => "Upgrade git, and see that `git --version` shows the new one.",
            Error::NoRepository { .. } => {
                "Run the command inside a repository, or create one with `git init`."
            }
            Error::Untrusted { path } => {
                return vec![format!(
                    "If you trust its owner, run `git config --global --add safe.directory '{}'`.",
                    path.display()
                )];
            }
            Error::Bare => {
                "Run the command in a worktree; `git worktree add ../main main` creates one."
            }
            Error::Unborn => {
                "Create the first commit with `git commit --allow-empty -m 'first commit'`."
            }
            Error::Shallow => "Fetch the whole history with `git fetch --unshallow`.",
            Error::Moved { .. } | Error::Locked { .. } => {
                "Run the same command again; another command was faster."
            }
            Error::Failed { full: true, .. } => {
                "The disk is full. Free some space on it, then run the same command again."
            }
            Error::Failed { stderr, .. } if locked_file(stderr).is_some() => {
                let lock = locked_file(stderr).unwrap_or_default();
                return vec![format!(
                    "Another git holds that lock, or one that was killed has left it. When no git \
                     is running here, remove it with `rm {}`.",
                    word::quoted(lock)
                )];
            }
            Error::Object { source, .. } if says_full(source.as_ref()) => {
                "The disk is full. Free some space on it, then run the same command again."
            }
            Error::File { source, .. } if is_full(source) => {
                "Free some space on that file system, then run the same command again."
            }
            Error::File { source, .. } if is_forbidden(source) => {
                "Make the directory writable for this user, then run the same command again."
            }
            Error::Failed { .. }
            | Error::Odd { .. }
            | Error::File { .. }
            | Error::Object { .. } => {
                return Vec::new();
            }
        };
        vec![hint.to_owned()]
    }

    fn evidence(&self) -> Map<String, Value> {
        let mut evidence = Map::new();
        if let Error::Failed {
            command, status, ..
        } = self
        {
            evidence.insert("command".to_owned(), json!(command));
            evidence.insert("status".to_owned(), json!(status));
        }
        evidence
    }

    fn git_said(&self) -> Vec<String> {
        let Error::Failed { stderr, .. } = self else {
            return Vec::new();
        };
        stderr
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(str::to_owned)
            .collect()
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Whether the system's word for a full disk is somewhere in a chain of errors, whose types hide
/// the number.
fn says_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut chain = std::iter::successors(Some(error), |error| error.source());
    chain.any(|error| error.to_string().contains("No space left on device"))
}

/// The lock file that git could not create because it exists (`lockfile.c`, `unable_to_lock_message`).
fn locked_file(stderr: &str) -> Option<&str> {
    let (_, after) = stderr.split_once("Unable to create '")?;
    let (path, rest) = after.split_once("': ")?;
    rest.starts_with("File exists").then_some(path)
}
