//! With which commit of the base is a commit of a stream compared?

use bstr::{BString, ByteSlice as _};
use serde_json::{Map, Value};

use crate::exit::{Exit, Explain};
use crate::git::{self, Flaw, Id, Repo};
use crate::path;

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
    /// It holds a tree that git does not write, and that each program reads in its own way.
    #[error(
        "{} holds a tree that git does not write: {} {}",
        subject(*commit),
        path::shown(whole(flaw).as_bstr()),
        flaw.what
    )]
    BadTree {
        /// The commit; `None` for one that is about to be made.
        commit: Option<Id>,
        /// What is wrong with it.
        flaw: Flaw,
    },
}

/// The path of what is wrong.
fn whole(flaw: &Flaw) -> BString {
    if flaw.directory.is_empty() {
        return flaw.name.clone();
    }
    [flaw.directory.as_slice(), b"/", flaw.name.as_slice()]
        .concat()
        .into()
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
            Error::BadTree { flaw, .. } => Error::BadTree { commit, flaw },
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
            Error::NoParent { .. }
            | Error::NoBase { .. }
            | Error::SeveralBases { .. }
            | Error::BadTree { .. } => Exit::Refused,
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
            Error::BadTree { flaw, .. } => vec![
                format!(
                    "Look at the tree with `git ls-tree {}`, and at what git makes of it with \
                     `git fsck --strict`.",
                    flaw.tree
                ),
                "Make the commit again from its files, with git: what is in the index is written \
                 as it should be."
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
            Error::BadTree { flaw, .. } => {
                Map::from_iter([("tree".to_owned(), flaw.tree.to_string().into())])
            }
        }
    }

    fn git_said(&self) -> Vec<String> {
        match self {
            Error::Git(error) => error.git_said(),
            Error::NoParent { .. }
            | Error::NoBase { .. }
            | Error::SeveralBases { .. }
            | Error::BadTree { .. } => Vec::new(),
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
