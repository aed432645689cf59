//! Has a stream's history come to break the rule, whatever way round the other hooks was taken?
//!
//! git runs post-commit, post-merge, post-rewrite and post-checkout when everything has happened:
//! nothing can be refused there. The stream gets a mark in the ledger instead, and a person a
//! question, both once; the mark goes when a later look finds the history clean. Landing asks
//! again and does not rely on the mark.
//!
//! The user's own hook runs first, and its status is the hook's: none of our failures is.
//!
//! # Limits
//!
//! After an ordinary commit only what it brings is judged, unless the stream has the mark. A move
//! of the branch that runs no hook (`git reset`, `git update-ref`) is seen at the next that does.

use std::collections::HashSet;
use std::ffi::OsString;

use bstr::ByteSlice as _;

use super::{Error, Outcome, Verdict, ask, own};
use crate::exit::Explain as _;
use crate::git::{Id, Repo};
use crate::ledger::{Escalation, OpId, What, is_dead};
use crate::name::StreamName;
use crate::path;
use crate::rule;
use crate::workspace::{Workspace, marked, now};

/// What is told after the fact.
#[derive(Debug)]
pub enum Notice {
    /// The stream's history breaks the rule.
    Tainted(Box<Taint>),
    /// It is clean again.
    CleanAgain(StreamName),
    /// It could not be looked at.
    Failed(Error),
}

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
    commit: Option<Id>,
    /// The paths that are not the stream's.
    paths: Vec<String>,
}

/// Runs the user's own hook, then looks at what has become of the stream.
pub(super) fn run(repo: &Repo, name: &str, args: &[OsString]) -> Outcome {
    let own = own::run(repo, name, args);
    let looked = match &own {
        Ok(_) => look(repo, name, args),
        Err(_) => Ok(None),
    };
    let (own, notice) = match (own, looked) {
        (Ok(status), Ok(notice)) => (status, notice),
        (Ok(status), Err(error)) => (status, Some(Notice::Failed(error))),
        (Err(error), _) => (0, Some(Notice::Failed(error))),
    };
    Outcome::Noticed { own, notice }
}

fn look(repo: &Repo, name: &str, args: &[OsString]) -> Result<Option<Notice>, Error> {
    if !may_have_moved(repo, name, args) || marked(repo.git_dir())?.is_none() {
        return Ok(None);
    }
    let mut workspace = Workspace::open(repo)?;
    let Some(stream) = workspace.place.stream().cloned() else {
        return Ok(None);
    };
    if is_being_worked_on(&workspace, &stream)? {
        return Ok(None);
    }
    let tip = if is_on_branch(repo, &stream, name)? {
        repo.head()?
    } else {
        None
    };
    let Some(tip) = tip else { return Ok(None) };
    if name == "post-commit" && brings_nothing_wrong(&workspace, &stream, tip)? {
        return Ok(None);
    }
    examine(&mut workspace, &stream, tip)
}

/// Whether the branch may be somewhere else since the last look.
fn may_have_moved(repo: &Repo, name: &str, args: &[OsString]) -> bool {
    let word = |at: usize| args.get(at).and_then(|word| word.to_str());
    match name {
        // A squash makes no commit; that is for the commit hooks.
        "post-merge" => word(0) != Some("1"),
        // post-commit has seen what was amended.
        "post-rewrite" => word(0) == Some("rebase"),
        // Files only, or a worktree that is just being made.
        "post-checkout" => word(2) == Some("1") && word(0) != Some(&repo.null_id().to_string()),
        _ => true,
    }
}

/// Whether HEAD is where the stream's branch is, or is about to be.
fn is_on_branch(repo: &Repo, stream: &StreamName, name: &str) -> Result<bool, Error> {
    let full_name = stream.branch_ref();
    match repo.head_branch()? {
        Some(branch) => Ok(branch == full_name),
        // `git rebase --apply` tells what it has rewritten while HEAD is still detached, and
        // moves the branch from where it began afterwards.
        None if name == "post-rewrite" => {
            let began = repo.read_ref("ORIG_HEAD")?;
            Ok(began.is_some() && began == repo.read_ref(&full_name)?)
        }
        None => Ok(false),
    }
}

/// Whether a command of ours moves the branch at this moment: it looks by itself.
fn is_being_worked_on(workspace: &Workspace<'_>, stream: &StreamName) -> Result<bool, Error> {
    let claim = workspace.state.claim(stream);
    match claim.and_then(|claim| claim.intent.as_ref()) {
        Some(intent) => Ok(!is_dead(workspace.repo, &workspace.machine, intent)?),
        None => Ok(false),
    }
}

/// Whether a stream without the mark has been given nothing that breaks the rule by its newest
/// commit: the cheap question after every commit.
fn brings_nothing_wrong(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    tip: Id,
) -> Result<bool, Error> {
    let (repo, trusted) = (workspace.repo, workspace.base.commit);
    let record = workspace.state.stream(stream);
    if record.is_none_or(|record| record.tainted.is_some()) {
        return Ok(false);
    }
    let mut known = vec![trusted];
    known.extend(repo.commit(tip)?.parents.first());
    let new = repo.commits_between(&[tip], &known)?;
    match judge(workspace, stream, &new) {
        Ok(verdict) => Ok(verdict.accepts()),
        Err(Error::Rule(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Judges a stream's whole history from the trusted base, and sets or takes away the mark.
pub fn examine(
    workspace: &mut Workspace<'_>,
    stream: &StreamName,
    tip: Id,
) -> Result<Option<Notice>, Error> {
    let has_mark = workspace
        .state
        .stream(stream)
        .is_some_and(|record| record.tainted.is_some());
    let Some(taint) = taint_of(workspace, stream, tip)? else {
        if !has_mark {
            return Ok(None);
        }
        let stream = stream.clone();
        put(
            workspace,
            What::Untaint {
                stream: stream.clone(),
            },
        )?;
        return Ok(Some(Notice::CleanAgain(stream)));
    };
    let question = question(workspace, stream, &taint)?;
    let what = What::Taint {
        stream: stream.clone(),
        why: taint.why.clone(),
        question: Box::new(question),
    };
    put(workspace, what)?;
    Ok(Some(Notice::Tainted(Box::new(taint))))
}

fn judge(workspace: &Workspace<'_>, stream: &StreamName, ids: &[Id]) -> Result<Verdict, Error> {
    let (state, plan) = (&workspace.state, &workspace.plan);
    let scope = ask::scope(state, plan, stream)?;
    let whose = (Some(stream.clone()), &scope);
    ask::commits(
        workspace.repo,
        (state, plan),
        whose,
        workspace.base.commit,
        ids,
    )
}

/// How the history up to `tip` breaks the rule, if it does.
fn taint_of(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    tip: Id,
) -> Result<Option<Taint>, Error> {
    let (repo, trusted) = (workspace.repo, workspace.base.commit);
    let ids = repo.commits_between(&[tip], &[trusted])?;
    let verdict = match judge(workspace, stream, &ids) {
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

fn question(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    taint: &Taint,
) -> Result<Escalation, Error> {
    let by = workspace.caller(None)?;
    let planned = workspace.plan.streams.get(stream);
    Ok(Escalation {
        id: format!("{}-{stream}", Escalation::TAINTED),
        kind: Escalation::TAINTED.to_owned(),
        streams: vec![stream.clone()],
        agent: by.agent,
        owner: planned.and_then(|planned| planned.owner.clone()),
        raised: now(),
        question: format!(
            "How shall the history of {stream} become clean? {}",
            taint.why
        ),
        cause: format!("{} {stream}", Escalation::TAINTED),
        commit: taint.commit,
        base: Some(workspace.base.commit),
        paths: taint.paths.clone(),
        evidence: taint.text.clone(),
        choices: taint.hints.clone(),
        extra: toml::Table::new(),
    })
}

/// Puts it to the ledger. A refusal means that somebody was faster, and the stream is not what it
/// was: there is nothing to mark.
fn put(workspace: &mut Workspace<'_>, what: What) -> Result<(), Error> {
    let by = workspace.caller(None)?;
    let request = workspace.request(&OpId::new(), &by, what, Vec::new());
    drop(workspace.submit(&request)?);
    Ok(())
}
