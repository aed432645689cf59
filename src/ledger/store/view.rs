//! When did this machine hear of the remote's ledger last?

use jiff::{Timestamp, Unit};

use crate::git::{Repo, replace_file};
use crate::ledger::error::Error;

const FILE: &str = "remote-seen";

/// The remote has answered just now.
pub(super) fn remember(repo: &Repo) -> Result<(), Error> {
    Ok(replace_file(&repo.private(FILE), b"", 0o644)?)
}

/// When the remote has answered last; `None` where it never has.
pub(super) fn seen(repo: &Repo) -> Option<Timestamp> {
    let seen = repo.private(FILE).metadata().ok()?.modified().ok()?;
    Timestamp::try_from(seen).ok()?.round(Unit::Second).ok()
}
