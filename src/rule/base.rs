//! With which commit of the base is a commit of a stream compared?

use serde_json::{Map, Value};

use crate::exit::{Exit, Explain};
use crate::git::{self, Id, Repo};

/// Why nothing can be said about a change.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git or the file system failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// It is the first commit of a history of its own.
    #[error("{} has no parent, so it does not come from the base", subject(*commit))]
    NoParent {
        /// The commit; `None` for one that is about to be made.
        commit: Option<Id>,
    },
    /// It has no history in common with the base.
    #[error("{} has no commit in common with the base at {trusted}", subject(*commit))]
    NoBase {
        /// The commit; `None` for one that is about to be made.
        commit: Option<Id>,
        /// The trusted commit of the base.
        trusted: Id,
    },
    /// Its history meets the base in several places, none of them the newest.
    #[error(
        "{} meets the base at {} commits, so it cannot be told which changes are its own",
        subject(*commit),
        bases.len()
    )]
    SeveralBases {
        /// The commit; `None` for one that is about to be made.
        commit: Option<Id>,
        /// Where they meet.
        bases: Vec<Id>,
        /// The trusted commit of the base.
        trusted: Id,
    },
}

fn subject(commit: Option<Id>) -> String {
    match commit {
        Some(commit) => format!("commit {commit}"),
        None => "this commit".to_owned(),
    }
}

impl Error {
    /// The same, about a commit that exists.
    pub(super) fn about(self, id: Id) -> Error {
        let commit = Some(id);
        match self {
            Error::Git(error) => Error::Git(error),
            Error::NoParent { .. } => Error::NoParent { commit },
            Error::NoBase { trusted, .. } => Error::NoBase { commit, trusted },
            Error::SeveralBases { bases, trusted, .. } => Error::SeveralBases {
                commit,
                bases,
                trusted,
            },
        }
    }
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Git(error) => error.exit(),
            Error::NoParent { .. } | Error::NoBase { .. } | Error::SeveralBases { .. } => {
                Exit::Refused
            }
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Error::Git(error) => error.hints(),
            Error::NoParent { .. } | Error::NoBase { .. } => vec![
                "Put the work onto the base with `git stream sync`, or look at what is there with \
                 `git log --oneline --graph --all`."
                    .to_owned(),
            ],
            Error::SeveralBases { trusted, .. } => vec![
                format!(
                    "Merge the newest base first, with `git merge {trusted}`, or abandon a merge in \
                 progress with `git merge --abort`."
                ),
                "Put the stream's commits onto the newest base with `git stream sync`.".to_owned(),
            ],
        }
    }

    fn evidence(&self) -> Map<String, Value> {
        match self {
            Error::Git(error) => error.evidence(),
            Error::NoParent { .. } => Map::new(),
            Error::NoBase { trusted, .. } => {
                Map::from_iter([("base".to_owned(), trusted.to_string().into())])
            }
            Error::SeveralBases { bases, trusted, .. } => {
                let bases: Vec<String> = bases.iter().map(ToString::to_string).collect();
                Map::from_iter([
                    ("base".to_owned(), trusted.to_string().into()),
                    ("meets".to_owned(), bases.into()),
                ])
            }
        }
    }

    fn git_said(&self) -> Vec<String> {
        match self {
            Error::Git(error) => error.git_said(),
            Error::NoParent { .. } | Error::NoBase { .. } | Error::SeveralBases { .. } => {
                Vec::new()
            }
        }
    }
}

/// The newest commit of the base that a commit with these parents contains: the one merge base of
/// the trusted commit and a merge of the parents.
pub fn base_for(repo: &Repo, trusted: Id, parents: &[Id]) -> Result<Id, Error> {
    if parents.is_empty() {
        return Err(Error::NoParent { commit: None });
    }
    if parents.contains(&trusted) {
        return Ok(trusted);
    }
    let bases = repo.merge_bases(trusted, parents)?;
    let commit = None;
    match bases.as_slice() {
        [base] => Ok(*base),
        [] => Err(Error::NoBase { commit, trusted }),
        _ => Err(Error::SeveralBases {
            commit,
            bases,
            trusted,
        }),
    }
}
