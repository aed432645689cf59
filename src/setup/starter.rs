//! What does a plan look like on its first day?

use std::path::PathBuf;

use super::{Error, Report};
use crate::git::{Repo, replace_file};
use crate::workspace::PLAN;

const TEXT: &str = include_str!("starter.toml");

/// Writes a plan to begin with, where there is none.
pub(super) fn write(repo: &Repo, private: bool, report: &mut Report) -> Result<(), Error> {
    let Some(path) = missing(repo, private)? else {
        return Ok(());
    };
    let text = TEXT.replace("@BASE@", &report.base);
    replace_file(&path, text.as_bytes(), 0o644)?;
    report
        .done
        .push(format!("wrote a plan to begin with, '{}'", path.display()));
    if !private {
        report.notes.push(format!(
            "Describe your streams in it, check it with `git stream plan`, and commit it to '{}'; \
             it counts from then on.",
            report.base
        ));
    }
    Ok(())
}

/// Where the plan would be written, if there is none yet.
pub(super) fn missing(repo: &Repo, private: bool) -> Result<Option<PathBuf>, Error> {
    if private {
        let path = repo.private(PLAN);
        return Ok((!path.exists()).then_some(path));
    }
    let Some(top) = repo.top() else {
        return Ok(None);
    };
    let is_committed = match repo.head()? {
        Some(head) => repo.blob_at(repo.tree_of(head)?, PLAN)?.is_some(),
        None => false,
    };
    let path = top.join(PLAN);
    let is_there = is_committed || path.exists() || repo.private(PLAN).exists();
    Ok((!is_there).then_some(path))
}
