//! How does a stream's history break the rule, and how does it become clean?

use std::collections::HashSet;

use bstr::ByteSlice as _;

use super::{Error, Verdict, ask};
use crate::exit::Explain as _;
use crate::git::{Change, Id, Repo};
use crate::name::StreamName;
use crate::path;
use crate::rule::{self, TreeContent};
use crate::workspace::Workspace;

/// How a stream's history breaks the rule.
#[derive(Debug)]
pub struct Taint {
    /// What breaks it, in one line.
    pub why: String,
    /// The same with every path, grouped.
    pub text: String,
    /// How it becomes clean again: sentences with one command each.
    pub hints: Vec<String>,
    /// The newest commit that breaks it; `None` where the history as a whole does.
    pub(super) commit: Option<Id>,
    /// The paths that are not the stream's.
    pub paths: Vec<String>,
}

/// The verdict on commits of a stream, seen from the commit to trust.
pub fn judge(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    trusted: Id,
    ids: &[Id],
) -> Result<Verdict, Error> {
    let (state, plan) = (&workspace.state, &workspace.plan);
    let scope = ask::scope(state, plan, stream)?;
    let whose = (Some(stream.clone()), &scope);
    ask::commits(workspace.repo, (state, plan), whose, trusted, ids)
}

/// Whether commits of a stream that stand in a line on this base obey the rule, told from
/// what each of them changes alone: `changes` lead from what the base has at a path to what one of
/// the commits makes of it. A no says only that the commits have to be judged one by one.
pub fn surely_obey(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    base: Id,
    changes: &[Change],
) -> Result<bool, Error> {
    let scope = ask::scope(&workspace.state, &workspace.plan, stream)?;
    let repo = workspace.repo;
    let base = TreeContent::new(repo, repo.tree_of(base)?);
    // What one commit removes does not make room for what another one adds.
    let (made, removed): (Vec<Change>, Vec<Change>) = changes
        .iter()
        .cloned()
        .partition(|change| change.new.is_some());
    Ok(rule::judge(&scope, &made, &base)?.is_empty()
        && rule::judge(&scope, &removed, &base)?.is_empty())
}

/// How the history up to `tip` breaks the rule, if it does.
pub(super) fn taint_of(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    tip: Id,
) -> Result<Option<Taint>, Error> {
    let repo = workspace.repo;
    let trusted = workspace.trusted_for(stream, tip)?;
    let ids = repo.commits_between(&[tip], &[trusted])?;
    let verdict = match judge(workspace, stream, trusted, &ids) {
        Ok(verdict) if verdict.accepts() => return Ok(None),
        Ok(verdict) => verdict,
        Err(Error::Rule(error)) if !matches!(error, rule::Error::Git(_)) => {
            let why = error.to_string();
            return Ok(Some(Taint {
                text: why.clone(),
                why,
                hints: error.hints(),
                commit: None,
                paths: Vec::new(),
            }));
        }
        Err(error) => return Err(error),
    };
    let bad: HashSet<Id> = verdict.commits().collect();
    let mut hints = Vec::new();
    if let Some(clean) = last_clean(repo, trusted, tip, &bad)? {
        hints.push(format!(
            "Go back to the last clean commit with `git reset --soft {}`; the index and the files \
             keep their content.",
            clean.to_hex_with_len(9)
        ));
        hints.push(
            "Take what is not the stream's out of the index with `git stream guard unstage`, \
             before committing again."
                .to_owned(),
        );
    }
    hints.extend(verdict.hints());
    let refused = verdict.refused.iter();
    let mut paths: Vec<String> = refused
        .map(|one| path::shown(one.breach.path.as_bstr()))
        .collect();
    paths.sort();
    paths.dedup();
    Ok(Some(Taint {
        why: verdict.headline(),
        text: verdict.text(),
        hints,
        commit: verdict.commits().next(),
        paths,
    }))
}

/// The newest commit on the way back from `tip` that has none of these in its history.
fn last_clean(repo: &Repo, trusted: Id, tip: Id, bad: &HashSet<Id>) -> Result<Option<Id>, Error> {
    let mut commit = tip;
    loop {
        let history = repo.commits_between(&[commit], &[trusted])?;
        if !history.iter().any(|id| bad.contains(id)) {
            return Ok(Some(commit));
        }
        match repo.commit(commit)?.parents.first() {
            Some(parent) => commit = *parent,
            None => return Ok(None),
        }
    }
}
