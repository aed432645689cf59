//! What have machines asked that have lost a race, and left to the next winner to decide?
//!
//! Whoever loses a race against many others does not push the ledger again: it *announces* what it
//! has to ask, behind a ref of its own on the remote, which nobody contends for. Whoever gets to
//! push the ledger next decides all that is announced, in its own commits, and removes the
//! announcements in the same push: all of it or nothing. An announcer finds its verdicts on the
//! ledger, by the trailer `Asked:`; where its ref is gone and the ledger does not name it, the
//! answer was no. So a crowd costs one push for each machine and a few for the ledger, instead of
//! as many tries as there are pairs.
//!
//! What is announced is decided once: the ledger moves from one commit only, and an announcement is
//! removed from where it was read only. An announcer that gives up takes its announcement back in
//! the same way, or finds that it was decided. One that dies leaves it to be decided: its claim is
//! then one whose making died. What cannot be understood, a newer version's, is left alone.
//!
//! An announcement is decided soon or not at all: who made it may be gone for days. The machines
//! have no clock in common but the ledger. So it names the entry that it was made on, and where
//! many more have come since it is taken away undecided; whoever waits for it asks again. And what
//! was announced is looked at in a crowd only, as it was fetched for that.
//!
//! # Limits
//!
//! What is announced comes from whoever can push: only so much of it is read.
//! Whoever may write below the inbox may write the ledger: neither is guarded by the server, and
//! what is announced is decided by the same rules as everything else. A server that cannot move
//! several refs together takes no part in it.

use std::fs;

use bstr::{BString, ByteSlice as _};
use serde::{Deserialize, Serialize};

use super::chain;
use super::queue::Ticket;
use super::share::Share;
use crate::git::{self, Commit, Id, Repo, replace_file};
use crate::ledger::error::Error;
use crate::ledger::hex;
use crate::ledger::operation::Machine;
use crate::ledger::request::Request;

/// The form of an announcement; what has another number is left to whoever knows it.
const FORMAT: u32 = 1;
/// The file in its tree.
const FILE: &str = "requests.json";
/// The most bytes of an announcement, and of each object that leads to it.
const MOST_BYTES: u64 = 1 << 20;
/// The most that one announcement asks.
const MOST_REQUESTS: usize = 256;
/// The most announcements that are looked at for one push.
pub(super) const MOST: usize = 1024;
/// How many entries of the ledger make an announcement old.
const OLD: usize = if cfg!(debug_assertions) { 16 } else { 1024 };
/// The file that remembers what this machine has announced.
const MEMORY: &str = "announced.json";
/// The trailer of an entry that was decided for another machine.
const TRAILER: &str = "Asked";

/// What a machine has announced.
pub(super) struct Announced {
    /// Its ref on the remote.
    pub(super) name: String,
    /// The commit that holds it.
    pub(super) commit: Id,
    /// Who asks, as the author of what follows.
    pub(super) author: BString,
    /// The ledger as its machine knew it then.
    since: Option<Id>,
    /// What is asked, in its order.
    pub(super) requests: Vec<Request>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    format: u32,
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    since: Option<Id>,
    requests: Vec<Request>,
}

/// What this machine has announced, until it knows its verdicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    /// The ref on the remote.
    pub(super) name: String,
    /// The commit that holds it.
    #[serde(with = "hex")]
    pub(super) commit: Id,
    /// The ledger as it was known then: the verdicts come later.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Id>,
    /// How far the outbox was in it.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub(super) carried: Option<Id>,
    /// What was asked, and who waits to hear of it.
    pub(super) asked: Vec<Asked>,
}

/// One request that was announced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) request: Request,
    /// What rides along has nobody who waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ticket: Option<Ticket>,
}

impl Pending {
    pub(super) fn read(repo: &Repo) -> Result<Option<Pending>, Error> {
        let path = repo.private(MEMORY);
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

    pub(super) fn write(&self, repo: &Repo) -> Result<(), Error> {
        let text = serde_json::to_vec(self).expect("what is announced is plain data");
        Ok(replace_file(&repo.private(MEMORY), &text, 0o644)?)
    }

    pub(super) fn forget(repo: &Repo) -> Result<(), Error> {
        let path = repo.private(MEMORY);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(git::Error::file("remove", &path)(error).into()),
        }
    }

    /// The entry that each request has become, if it has: of these commits of the ledger.
    pub(super) fn verdicts(&self, repo: &Repo, entries: &[Id]) -> Result<Vec<Option<Id>>, Error> {
        let mut found = vec![None; self.asked.len()];
        let start = format!("{TRAILER}: {} ", self.commit);
        for id in entries {
            let message = repo.commit(*id)?.message;
            let mut lines = message.lines().filter_map(|line| line.to_str().ok());
            let number = lines.find_map(|line| line.strip_prefix(&start)?.parse::<usize>().ok());
            if let Some(place) = number.and_then(|number| found.get_mut(number)) {
                *place = Some(*id);
            }
        }
        Ok(found)
    }
}

/// Whose announcement an entry of the ledger decides, and which of its requests.
pub(super) fn trailer(announced: &Announced, number: usize) -> String {
    format!("{TRAILER}: {} {number}\n", announced.commit)
}

/// Where announcements are on the remote. A server that takes branches only has them as such.
pub(super) fn below(share: &Share) -> &'static str {
    if share.name.starts_with("refs/heads/") {
        "refs/heads/stream-inbox/"
    } else {
        "refs/stream/inbox/"
    }
}

/// Where what is announced there is here, when it was fetched.
pub(super) fn here(share: &Share, there: &str) -> String {
    let name = there.strip_prefix(below(share)).unwrap_or_default();
    format!("{}{name}", share.tracking_inbox())
}

/// The ref of this machine.
pub(super) fn name(share: &Share, machine: &Machine) -> String {
    format!("{}{}", below(share), machine.id)
}

/// Writes an announcement as a commit without history; `None` where it would be too large.
pub(super) fn write(
    repo: &Repo,
    since: Option<Id>,
    requests: Vec<Request>,
) -> Result<Option<Id>, Error> {
    let is_long = requests.len() > MOST_REQUESTS;
    let body = Body {
        format: FORMAT,
        since,
        requests,
    };
    let body = serde_json::to_vec(&body).expect("a request is plain data");
    if is_long || body.len() as u64 > MOST_BYTES {
        return Ok(None);
    }
    let blob = repo.write_blob(&body)?;
    let edits = [(FILE.into(), Some(blob))].into_iter().collect();
    let identity = repo.committer()?;
    let commit = repo.write_commit(&Commit {
        tree: repo.write_tree_with(None, &edits)?,
        parents: Vec::new(),
        author: identity.clone(),
        committer: identity,
        encoding: None,
        message: "announced: decided by whoever writes the ledger next\n".into(),
    })?;
    repo.flush()?;
    Ok(Some(commit))
}

/// Reads one; `None` where it cannot be understood, or is larger than anybody asks for.
pub(super) fn read(repo: &Repo, name: String, commit: Id) -> Option<Announced> {
    let is_small = |id| repo.blob_size(id).is_ok_and(|size| size <= MOST_BYTES);
    let Commit { author, tree, .. } = Some(commit)
        .filter(|id| is_small(*id))
        .and_then(|id| repo.commit(id).ok())?;
    let leaf = Some(tree)
        .filter(|id| is_small(*id))
        .and_then(|id| repo.leaf_at(id, FILE.into()).ok()?)?;
    let text = Some(leaf.id)
        .filter(|id| is_small(*id))
        .and_then(|id| repo.blob(id).ok())?;
    let body: Body = serde_json::from_slice(&text).ok()?;
    let plain = |request: &Request| request.publish.is_empty();
    let is_known = body.format == FORMAT
        && body.requests.len() <= MOST_REQUESTS
        && body.requests.iter().all(plain);
    is_known.then_some(Announced {
        name,
        commit,
        author,
        since: body.since,
        requests: body.requests,
    })
}

impl Announced {
    /// Whether the ledger has grown by too much since.
    pub(super) fn is_old(&self, repo: &Repo, ledger: Option<Id>) -> Result<bool, Error> {
        let mut at = ledger;
        for _ in 0..=OLD {
            if at == self.since {
                return Ok(false);
            }
            let Some(id) = at else { break };
            at = chain::before(repo, &repo.commit(id)?)?;
        }
        Ok(true)
    }
}
