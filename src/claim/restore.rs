//! How does a stream that is held again get its worktree back?
//!
//! Out of the trash, where it is there, with everything that was in it; else it is made anew.

use std::fs;
use std::path::Path;

use super::Error;
use super::take::make_worktree;
use crate::guard::hooks;
use crate::kept::Trashed;
use crate::ledger::{Actor, Operation};
use crate::name::StreamName;
use crate::workspace::{Workspace, marked};

/// The verb in the intent of whoever makes the worktree of a held stream again.
pub const RESTORE: &str = "restore";

/// Refuses a place for the worktree of a stream that holds something else by now.
pub fn refuse_place(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    place: &Path,
) -> Result<(), Error> {
    let is_free = fs::read_dir(place).map_or_else(
        |error| error.kind() == std::io::ErrorKind::NotFound,
        |mut all| all.next().is_none(),
    );
    let is_its = match workspace.repo.linked_worktree_at(place)? {
        Some(linked) => marked(&linked.git_dir)?.as_ref() == Some(stream),
        None => false,
    };
    if is_free || is_its {
        return Ok(());
    }
    Err(Error::WorktreeExists {
        stream: stream.clone(),
        path: place.to_owned(),
    })
}

/// Brings the worktree of a claim back, and tells the ledger that it is ready. Answers what the
/// caller should know.
///
/// The claim's intent must be this operation's.
pub fn restore(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    trashed: Option<&Trashed>,
) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    if let Some(trashed) = trashed {
        let lock = workspace.ledger().lock()?;
        if trashed.bring_back(workspace.repo)? {
            hooks::install(workspace.repo, &lock)?;
        } else {
            notes.push(format!(
                "its place is taken: what was in it stays in the trash, in '{}'",
                trashed.worktree().display()
            ));
        }
    }
    // What was left in it is as it was, also what is missing.
    let made = make_worktree(workspace, operation, by, stream, (None, false))?;
    notes.extend(made);
    Ok(notes)
}
