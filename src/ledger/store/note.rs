//! What was being pushed when the pusher died?
//!
//! The note is written before a push and removed when its outcome is known. Where one is found, the
//! remote is asked first: had everything arrived, the refs that this machine did not get to move
//! are moved then.

use std::fs;

use serde::{Deserialize, Serialize};

use super::queue::Ticket;
use crate::git::{self, Id, Repo, replace_file};
use crate::ledger::error::Error;
use crate::ledger::hex;
use crate::ledger::record::RefMove;

/// A push whose outcome is not known yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The ledger as it was acknowledged before.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Id>,
    /// What was pushed.
    #[serde(with = "hex")]
    pub(super) to: Id,
    /// How far the outbox was in it.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub(super) carried: Option<Id>,
    /// The refs of this repository that move with it.
    #[serde(default)]
    pub(super) moves: Vec<RefMove>,
    /// Who waits to hear that it is there.
    #[serde(default)]
    pub(super) written: Vec<Awaited>,
    /// Earlier pushes from the same commit, which may still arrive instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) late: Vec<Note>,
}

/// A request, and the commit of the ledger that is its event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Awaited {
    pub(super) ticket: Ticket,
    #[serde(with = "hex")]
    pub(super) commit: Id,
}

const FILE: &str = "pushing.json";

impl Note {
    /// This push, and those that may arrive instead of it.
    pub(super) fn all(&self) -> impl Iterator<Item = &Note> {
        std::iter::once(self).chain(&self.late)
    }

    pub(super) fn write(&self, repo: &Repo) -> Result<(), Error> {
        let text = serde_json::to_vec(self).expect("a note is plain data");
        Ok(replace_file(&repo.private(FILE), &text, 0o644)?)
    }

    pub(super) fn read(repo: &Repo) -> Result<Option<Note>, Error> {
        let path = repo.private(FILE);
        match fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text)
                    .map(Some)
                    .map_err(|source| Error::Unreadable {
                        file: path.display().to_string(),
                        source: source.into(),
                    })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(git::Error::file("read", &path)(error).into()),
        }
    }

    pub(super) fn forget(repo: &Repo) -> Result<(), Error> {
        let path = repo.private(FILE);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(git::Error::file("remove", &path)(error).into()),
        }
    }
}
