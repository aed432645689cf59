//! Which locks and half-written files has a process left that was killed?
//!
//! Nothing counts as left behind as long as a command of ours is at work, a git runs in its place,
//! or it is young.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::finding::Mend;
use super::{Examined, Finding};
use crate::exit::Failure;
use crate::git::{Lock, Repo};
use crate::word;

const NAME: &str = "locks";
/// How long no process holds a lock of git that is alive.
const LONG: Duration = Duration::from_secs(600);

/// Looks for them.
pub(super) fn examine(repo: &Repo) -> Result<Examined, Failure> {
    if Lock::is_held(&repo.private("lock"))? {
        return Ok(Examined::skipped(NAME, "another command is at work"));
    }
    let locks = repo.stale_locks(LONG)?;
    let mut findings: Vec<Finding> = locks.into_iter().map(|file| of_lock(&file)).collect();
    for file in repo.abandoned_files(LONG) {
        let finding = Finding::new(
            "file-abandoned",
            format!(
                "'{}' was being written when its process died",
                file.display()
            ),
            "nobody needs it; it only takes room",
            remove(&file),
        );
        findings.push(finding.mended_by(Mend::Remove(file)));
    }
    Ok(Examined::new(NAME, "none was left behind", findings))
}

fn of_lock(file: &Path) -> Finding {
    let finding = Finding::new(
        "lock-stale",
        format!(
            "'{}' is more than ten minutes old, and no git is running there",
            file.display()
        ),
        "every git that needs what it locks gives up",
        remove(file),
    );
    finding.mended_by(Mend::Remove(PathBuf::from(file)))
}

fn remove(file: &Path) -> String {
    format!("rm -f {}", word::quoted(&file.to_string_lossy()))
}
