//! When are derived files regenerated, and where does the result go?
//!
//! Where what would land changes a derived file, the plan's command makes all of them anew from
//! the combined tree: two sides that each regenerated a lock file give a third one. Only derived
//! files are taken from what it does.

use std::collections::BTreeMap;

use super::Error;
use super::check::{Place, run};
use super::combine::Combined;
use super::message;
use super::outcome::Ending;
use super::run::Run;
use crate::git::{Commit, Id};
use crate::name::StreamName;
use crate::pattern::Matcher;
use crate::plan::Strategy;
use crate::sync::{self, Stuck};
use crate::workspace::Workspace;

/// A conflict in derived files alone is none: they are made anew afterwards, so the base's are taken
/// for the time being.
pub(super) fn settle(workspace: &Workspace<'_>, stuck: &Stuck) -> Result<Option<Id>, sync::Error> {
    let derived = &workspace.plan.derived;
    let matcher = Matcher::of_set(&derived.files);
    let paths = stuck.paths();
    if derived.command.is_none() || !paths.iter().all(|path| matcher.is_match(path.as_ref())) {
        return Ok(None);
    }
    let repo = workspace.repo;
    let mut edits = BTreeMap::new();
    for stage in &stuck.conflict.stages {
        // Where both sides had to stay beside one another, git made up a name.
        edits.insert(stage.path.clone(), None);
    }
    for path in paths {
        let theirs = repo.leaf_at(stuck.onto, path.as_ref())?;
        edits.insert(path, theirs.map(|leaf| leaf.id));
    }
    Ok(Some(repo.write_tree_with(Some(stuck.tree), &edits)?))
}

/// Whether what would land changes a derived file.
pub(super) fn is_needed(run: &Run<'_>, combined: &Combined, base: Id) -> Result<bool, Error> {
    let derived = &run.workspace.plan.derived;
    if derived.command.is_none() {
        return Ok(false);
    }
    let repo = run.workspace.repo;
    let matcher = Matcher::of_set(&derived.files);
    let changes = repo.diff_trees(Some(repo.tree_of(base)?), Some(combined.tree))?;
    Ok(changes
        .iter()
        .any(|change| matcher.is_match(change.path.as_ref())))
}

/// Regenerates them; the same work, with the result in it.
pub(super) fn regenerate(
    run_: &mut Run<'_>,
    place: &mut Place<'_>,
    streams: &[StreamName],
    combined: Combined,
) -> Result<Combined, Error> {
    let plan = run_.workspace.plan.clone();
    let Some(command) = &plan.derived.command else {
        return Ok(combined);
    };
    let limit = plan.land.timeout.unsigned_abs();
    let job = place.job("derived", command, &names(streams), limit);
    let ran = run(&job, &run_.signals, &mut *run_.tell)?;
    if ran.ending != Ending::Passed {
        return Err(Error::Unprepared {
            what: "derived",
            command: command.clone(),
            how: format!("ended with status {}", ran.status),
            log: job.log,
        });
    }
    let tree = place.tree_with(&Matcher::of_set(&plan.derived.files))?;
    if tree == combined.tree {
        return Ok(combined);
    }
    let repo = run_.workspace.repo;
    let committer = repo.committer()?;
    let all: Vec<&StreamName> = streams.iter().collect();
    let is_own = plan.land.makes() == Strategy::Rebase || streams.len() > 1;
    let commit = if is_own {
        Commit {
            tree,
            parents: vec![combined.new],
            author: committer.clone(),
            committer,
            encoding: None,
            message: message::derived(&run_.workspace, &all),
        }
    } else {
        Commit {
            tree,
            ..repo.commit(combined.new)?
        }
    };
    let new = repo.write_commit_as_configured(&commit)?;
    let mut notes = combined.notes;
    notes.push(format!("`{command}` has regenerated derived files"));
    Ok(Combined {
        new,
        tree,
        notes,
        ..combined
    })
}

/// The streams, as a command of the plan finds them in `GIT_STREAM`.
pub(super) fn names(streams: &[StreamName]) -> String {
    let names: Vec<&str> = streams.iter().map(StreamName::as_str).collect();
    names.join(" ")
}
