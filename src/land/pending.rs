//! What is the ledger to be told when the base has moved?
//!
//! Written down before a base moves that cannot move in one step with the ledger, so that a
//! landing which dies in between can be told by whoever comes next, with all that belongs to it.

use std::fs;
use std::path::PathBuf;

use super::Error;
use crate::git::{self, Repo, replace_file};
use crate::ledger::{OpId, Request, is_running};

fn path(repo: &Repo, op: &OpId) -> PathBuf {
    repo.private("landing").join(format!("{op}.json"))
}

/// Writes it down.
pub(super) fn write(repo: &Repo, request: &Request) -> Result<(), Error> {
    let path = path(repo, &request.op);
    let text = serde_json::to_vec(request).map_err(|error| git::Error::Object {
        attempt: "write",
        what: "what the ledger is to be told".to_owned(),
        source: error.into(),
    })?;
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(git::Error::file("create", directory))?;
    }
    Ok(replace_file(&path, &text, 0o644)?)
}

/// Whether an operation has died, or failed, that had written something down.
pub(super) fn has_dead(repo: &Repo) -> Result<bool, Error> {
    let Ok(listing) = fs::read_dir(repo.private("landing")) else {
        return Ok(false);
    };
    for entry in listing.flatten() {
        let path = entry.path();
        let op = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(op) = op.and_then(OpId::parse)
            && !is_running(repo, op.as_str())?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What an operation has written down; nothing where it did not come so far.
pub(super) fn read(repo: &Repo, op: &OpId) -> Result<Option<Request>, Error> {
    let path = path(repo, op);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(git::Error::file("read", &path)(error).into()),
    };
    // It is written as a whole, or not at all: what cannot be read is of another version, and the
    // base itself tells that a stream has landed.
    Ok(serde_json::from_slice(&bytes).ok())
}

/// Forgets what is left of operations that are over: in its turn, a landing is the only one.
pub(super) fn forget_others(repo: &Repo, op: &OpId) {
    let own = path(repo, op);
    let Ok(listing) = fs::read_dir(repo.private("landing")) else {
        return;
    };
    for entry in listing.flatten().filter(|entry| entry.path() != own) {
        // Nobody reads it any more.
        drop(fs::remove_file(entry.path()));
    }
}

/// It was told, or came to nothing.
pub(super) fn forget(repo: &Repo, op: &OpId) {
    drop(fs::remove_file(path(repo, op)));
}
