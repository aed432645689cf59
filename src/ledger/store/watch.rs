//! What has this machine seen of the holders, over all its commands?
//!
//! A file of its own, written by whoever has just looked at the truth: the ledger of a repository
//! alone, or what the remote has answered. One that cannot be read is begun anew, which makes
//! leases longer and never shorter.

use std::fs;

use crate::clock;
use crate::git::{Repo, replace_file};
use crate::ledger::error::Error;
use crate::ledger::lease::Watch;
use crate::ledger::state::State;

const FILE: &str = "leases.json";

/// What was seen so far.
pub(super) fn read(repo: &Repo) -> Watch {
    let text = fs::read(repo.private(FILE)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// The ledger was looked at just now.
pub(super) fn look(repo: &Repo, state: &State) -> Result<(), Error> {
    let before = read(repo);
    let after = before.look(&clock::awake(), state);
    write(repo, &after)
}

/// The remote did not answer.
pub(super) fn blink(repo: &Repo) -> Result<(), Error> {
    let before = read(repo);
    if before == Watch::default() {
        return Ok(());
    }
    write(repo, &before.blink())
}

fn write(repo: &Repo, watch: &Watch) -> Result<(), Error> {
    let text = serde_json::to_vec(watch).expect("what was seen is plain data");
    Ok(replace_file(&repo.private(FILE), &text, 0o644)?)
}
