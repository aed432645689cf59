//! Which entry comes before another, also where the chain was shortened?
//!
//! A chain that has become long is begun anew: by a commit without a parent that holds the same
//! tree, and names the tip of the chain before in a trailer. That chain stays, behind a ref whose
//! name is its tip's.
//!
//! ```text
//! a ── b ── c ── d   refs/stream/history/d…        the same tree in d and e
//!                ┊
//!                e ── f ── g   refs/stream/ledger   Compacts: d…
//! ```
//!
//! So whatever was on the chain is on it still, for whoever goes on behind the seam.
//!
//! # Limits
//!
//! Only a commit without a parent can be a seam, and only to a commit that is here and has the same
//! tree. Where the chain before is not here, the chain ends, as it does for git.

use bstr::ByteSlice as _;

use super::share::Share;
use crate::git::{Commit, Id, Repo};
use crate::ledger::error::Error;

/// The trailer that names the tip of the chain before.
const TRAILER: &str = "Compacts";
/// Below which the chains before are kept, by the ids of their tips.
pub const KEPT: &str = "refs/stream/history/";
/// The same on a remote that takes branches only.
const KEPT_BRANCHES: &str = "refs/heads/stream-history/";

/// The ref of this repository that keeps the chain up to a commit.
pub(super) fn kept(old: Id) -> String {
    format!("{KEPT}{old}")
}

/// The ref of the remote that keeps it.
pub(super) fn kept_there(share: &Share, old: Id) -> String {
    format!("{}{old}", kept_below(share))
}

/// Below which the remote keeps such chains.
pub(super) fn kept_below(share: &Share) -> &'static str {
    if share.name.starts_with("refs/heads/") {
        KEPT_BRANCHES
    } else {
        KEPT
    }
}

/// The first commit of a new chain.
pub(super) fn first(repo: &Repo, old: Id, agent: &str, op: &str) -> Result<Id, Error> {
    let identity = repo.committer()?;
    let short = old.to_hex_with_len(12);
    let message = format!(
        "compact: what was before {short} is kept apart\n\nAgent: {agent}\nOp: {op}\n{TRAILER}: {old}\n"
    );
    Ok(repo.write_commit(&Commit {
        tree: repo.tree_of(old)?,
        parents: Vec::new(),
        author: identity.clone(),
        committer: identity,
        encoding: None,
        message: message.into(),
    })?)
}

/// The tip of the chain before that a first commit names, here or not.
pub(super) fn named(repo: &Repo, first: &Commit) -> Option<Id> {
    if !first.parents.is_empty() {
        return None;
    }
    let mut lines = first.message.lines().filter_map(|line| line.to_str().ok());
    let hex = lines.find_map(|line| line.strip_prefix(TRAILER)?.strip_prefix(": "))?;
    repo.parse_id(hex)
}

/// The tip of the chain before, where the first commit stands for nothing else.
pub(super) fn behind(repo: &Repo, first: &Commit) -> Result<Option<Id>, Error> {
    let Some(old) = named(repo, first).filter(|old| repo.has(*old)) else {
        return Ok(None);
    };
    Ok((repo.tree_of(old)? == first.tree).then_some(old))
}

/// The entry before one.
pub(in crate::ledger) fn before(repo: &Repo, entry: &Commit) -> Result<Option<Id>, Error> {
    match entry.parents.first() {
        Some(parent) => Ok(Some(*parent)),
        None => behind(repo, entry),
    }
}

/// The entries of a chain from the newest to one that is left out, or to the end.
pub(super) fn since(repo: &Repo, tip: Id, end: Option<Id>) -> Result<Vec<Id>, Error> {
    let (mut entries, mut at) = (Vec::new(), Some(tip));
    while let Some(id) = at.filter(|id| Some(*id) != end) {
        entries.push(id);
        at = before(repo, &repo.commit(id)?)?;
    }
    Ok(entries)
}

/// Whether a chain contains an entry. A seam counts where what is behind it `is_kept`.
pub(super) fn includes(
    repo: &Repo,
    (old, tip): (Id, Id),
    is_kept: &dyn Fn(Id) -> Result<bool, Error>,
) -> Result<bool, Error> {
    let mut at = tip;
    while at != old {
        let entry = repo.commit(at)?;
        at = match (entry.parents.first(), behind(repo, &entry)?) {
            (Some(parent), _) => *parent,
            (None, Some(behind)) if is_kept(behind)? => behind,
            (None, _) => return Ok(false),
        };
    }
    Ok(true)
}
