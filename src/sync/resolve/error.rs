//! Why can a conflict not be resolved now?

use std::path::PathBuf;

use bstr::BString;
use serde_json::{Map, Value};

use super::super::obstacle::{listed, shell};
use crate::exit::{Exit, Explain};
use crate::git::{self, Id};
use crate::guard;
use crate::ledger;
use crate::name::StreamName;
use crate::sync;
use crate::workspace;

/// Why a conflict could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What a sync could not do, either.
    #[error(transparent)]
    Sync(#[from] sync::Error),
    /// The guard cannot judge the result.
    #[error(transparent)]
    Guard(#[from] guard::Error),
    /// There is no conflict.
    #[error("there is nothing to resolve in '{stream}'")]
    Nothing {
        /// The stream.
        stream: StreamName,
    },
    /// Nobody has begun.
    #[error("no conflict of '{stream}' is being resolved here")]
    NotResolving {
        /// The stream.
        stream: StreamName,
    },
    /// The caller is an agent.
    #[error("the conflict of '{stream}' waits for a person")]
    ForPerson {
        /// The stream.
        stream: StreamName,
        /// Whether the plan lets the holder resolve what is its own.
        holder_may: bool,
    },
    /// Something is where the worktree should be.
    #[error("'{}' is there already", path.display())]
    PlaceTaken {
        /// The path.
        path: PathBuf,
    },
    /// git refused to rebase before the first commit.
    #[error("the rebase in '{}' would not begin: {}", worktree.display(), said.trim())]
    WouldNotBegin {
        /// Where.
        worktree: PathBuf,
        /// What git said.
        said: String,
    },
    /// The worktree was removed by hand.
    #[error("the worktree '{}', in which '{stream}' was being resolved, is gone", worktree.display())]
    WorktreeGone {
        /// The stream.
        stream: StreamName,
        /// Where it was.
        worktree: PathBuf,
    },
    /// The rebase is not at its end.
    #[error("the {operation} in '{}' is not finished", worktree.display())]
    Unfinished {
        /// The stream.
        stream: StreamName,
        /// Where.
        worktree: PathBuf,
        /// What is going on.
        operation: &'static str,
    },
    /// Something there is in no commit.
    #[error("in '{}' these files are in no commit: {}", worktree.display(), listed(paths))]
    Unclean {
        /// The stream.
        stream: StreamName,
        /// Where.
        worktree: PathBuf,
        /// The files.
        paths: Vec<BString>,
    },
    /// The result does not stand on the base.
    #[error("what is checked out in '{}' does not stand on the base's commit {base}", worktree.display())]
    NotOnBase {
        /// The stream.
        stream: StreamName,
        /// Where.
        worktree: PathBuf,
        /// The commit of the base.
        base: Id,
    },
    /// The result is not the stream's to make.
    #[error("{headline}")]
    Breaks {
        /// The stream.
        stream: StreamName,
        /// Where.
        worktree: PathBuf,
        /// The commit of the base.
        base: Id,
        /// What is refused, in one line.
        headline: String,
        /// What can be done about it.
        hints: Vec<String>,
    },
    /// The stream's history is another one by now.
    #[error("the history of '{stream}' was rewritten while it was being resolved")]
    Overtaken {
        /// The stream.
        stream: StreamName,
    },
    /// The file about it cannot be read.
    #[error("'{}' is not what git stream writes there", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
    },
}

impl From<git::Error> for Error {
    fn from(error: git::Error) -> Error {
        sync::Error::from(error).into()
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Error {
        sync::Error::from(error).into()
    }
}

impl From<workspace::Error> for Error {
    fn from(error: workspace::Error) -> Error {
        sync::Error::from(error).into()
    }
}

impl Explain for Error {
    fn inner(&self) -> Option<&dyn Explain> {
        match self {
            Error::Sync(error) => Some(error),
            Error::Guard(error) => Some(error),
            Error::Nothing { .. }
            | Error::NotResolving { .. }
            | Error::ForPerson { .. }
            | Error::PlaceTaken { .. }
            | Error::WouldNotBegin { .. }
            | Error::WorktreeGone { .. }
            | Error::Unfinished { .. }
            | Error::Unclean { .. }
            | Error::NotOnBase { .. }
            | Error::Breaks { .. }
            | Error::Overtaken { .. }
            | Error::Garbled { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Sync(error) => error.exit(),
            Error::Guard(error) => error.exit(),
            Error::ForPerson { .. } => Exit::Stopped,
            Error::WouldNotBegin { .. } | Error::Garbled { .. } => Exit::Broken,
            Error::Nothing { .. }
            | Error::NotResolving { .. }
            | Error::PlaceTaken { .. }
            | Error::WorktreeGone { .. }
            | Error::Unfinished { .. }
            | Error::Unclean { .. }
            | Error::NotOnBase { .. }
            | Error::Breaks { .. }
            | Error::Overtaken { .. } => Exit::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Error::Sync(error) => return error.hints(),
            Error::Guard(error) => return error.hints(),
            Error::Nothing { stream } => {
                format!("Bring it onto its base with `git stream sync {stream}`.")
            }
            Error::NotResolving { stream } => {
                format!("Begin with `git stream resolve {stream}`.")
            }
            Error::ForPerson { holder_may, .. } => if *holder_may {
                "Nothing was changed. The plan lets the holder resolve where every conflicting \
                 path is its own and no person has begun; the question is in `git stream inbox`."
            } else {
                "Nothing was changed. The question is in `git stream inbox`; `resolver = \"holder\"` \
                 below `[sync]` in the plan would let the holder resolve what is its own."
            }
            .to_owned(),
            Error::PlaceTaken { path } => format!(
                "Nothing was changed. See what it is with `ls -la {}`, and move it away.",
                shell(path)
            ),
            Error::WouldNotBegin { worktree, .. } => format!(
                "Mend what git says, then try again; remove what is left with \
                 `git worktree remove --force {}`.",
                shell(worktree)
            ),
            Error::WorktreeGone { stream, .. } | Error::Overtaken { stream } => format!(
                "Give this one up with `git stream resolve {stream} --abort`, and begin again."
            ),
            Error::Unfinished { worktree, .. } => format!(
                "Finish it there: `cd {}`, edit, `git add` what is resolved, and \
                 `git rebase --continue`.",
                shell(worktree)
            ),
            Error::Unclean { worktree, .. } => format!(
                "Commit them there, or remove them: `git -C {} status`.",
                shell(worktree)
            ),
            Error::NotOnBase { worktree, base, .. } => format!(
                "Nothing was changed. Put it there with `git -C {} rebase {base}`.",
                shell(worktree)
            ),
            Error::Breaks {
                stream,
                worktree,
                base,
                hints,
                ..
            } => {
                let see = format!(
                    "See every path with `cd {} && git stream guard range {base}..HEAD --stream \
                     {stream}`.",
                    shell(worktree)
                );
                return std::iter::once(see).chain(hints.iter().cloned()).collect();
            }
            Error::Garbled { path } => {
                format!("Remove it with `rm {}`, and begin again.", shell(path))
            }
        };
        vec![hint]
    }

    fn evidence(&self) -> Map<String, Value> {
        self.inner().map_or_else(Map::new, Explain::evidence)
    }
}
