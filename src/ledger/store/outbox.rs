//! Which events of this machine does the remote not have yet?
//!
//! The outbox is a chain of commits on top of the ledger, behind a ref of its own. It looks like
//! the ledger and is read instead of it, so what this machine has said counts here at once. It
//! moves together with the refs that its events move. Beside each of its commits lies the request
//! that led to it: when the ledger has grown elsewhere, the requests are decided again on the new
//! state, and those that it refuses are void.

use std::fs;
use std::path::PathBuf;

use super::entry;
use crate::git::{self, Expect, Id, Move, Repo, replace_file};
use crate::ledger::error::Error;
use crate::ledger::request::Request;
use crate::ledger::transition::{Applied, Rules, apply};

/// The ref of the chain.
pub(super) const OUTBOX: &str = "refs/stream/outbox";

/// One event that waits.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    /// Its commit.
    pub(super) commit: Id,
    /// What was asked.
    pub(super) request: Request,
}

/// The events that wait, oldest first, and the commit of the ledger that they stand on.
pub(super) struct Outbox {
    pub(super) tip: Option<Id>,
    pub(super) pending: Vec<Pending>,
    pub(super) onto: Option<Id>,
}

/// Reads the chain.
pub(super) fn read(repo: &Repo) -> Result<Outbox, Error> {
    let tip = repo.read_ref(OUTBOX)?;
    let (mut pending, mut at) = (Vec::new(), tip);
    while let Some(commit) = at {
        let Some(request) = note(repo, commit)? else {
            break;
        };
        pending.push(Pending { commit, request });
        at = repo.commit(commit)?.parents.first().copied();
    }
    pending.reverse();
    Ok(Outbox {
        tip,
        pending,
        onto: at,
    })
}

/// Writes down the request of a commit, before any ref leads to the commit.
pub(super) fn keep(repo: &Repo, commit: Id, request: &Request) -> Result<(), Error> {
    let text = serde_json::to_vec(request).expect("a request is plain data");
    Ok(replace_file(&path(repo, commit), &text, 0o644)?)
}

/// Forgets the requests of commits that no ref leads to any more.
pub(super) fn forget(repo: &Repo, gone: &[Pending], kept: &[Pending]) {
    for one in gone {
        if kept.iter().any(|other| other.commit == one.commit) {
            continue;
        }
        // A note that stays belongs to a commit that no ref leads to.
        drop(fs::remove_file(path(repo, one.commit)));
    }
}

/// The same events on top of another commit of the ledger; what it refuses is left out.
///
/// Commits and no notes: [`keep`] them before a ref leads there.
pub(super) fn rebase(
    repo: &Repo,
    pending: &[Pending],
    onto: Option<Id>,
    rules: &Rules<'_>,
) -> Result<Vec<Pending>, Error> {
    let (mut tip, mut state) = (onto, entry::read(repo, onto)?);
    let mut rebased = Vec::new();
    for one in pending {
        let Ok(Applied {
            state: next,
            event: Some(event),
        }) = apply(&state, &one.request, rules)
        else {
            continue;
        };
        let commit = entry::write(repo, tip, &state, &next, &event)?;
        (tip, state) = (Some(commit), next);
        rebased.push(Pending {
            commit,
            request: one.request.clone(),
        });
    }
    Ok(rebased)
}

/// The move of the ref from one chain to another.
pub(super) fn step(from: Option<Id>, to: Option<Id>) -> Option<Move> {
    (from != to).then(|| Move {
        name: OUTBOX.to_owned(),
        from: Expect::from_read(from),
        to,
    })
}

fn note(repo: &Repo, commit: Id) -> Result<Option<Request>, Error> {
    let path = path(repo, commit);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(git::Error::file("read", &path)(error).into()),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|source| Error::Unreadable {
            file: path.display().to_string(),
            source: source.into(),
        })
}

fn path(repo: &Repo, commit: Id) -> PathBuf {
    repo.private("outbox").join(format!("{commit}.json"))
}
