//! Is there uncommitted work that a sync could not put back, and does a person know of it?
//!
//! The ref is the truth. Where there is one without a question, the question is asked, whatever
//! died before it could be; a question whose ref somebody has removed is answered.

use jiff::Timestamp;

use super::{is_of_work, obstacle};
use crate::git::{Id, Linked};
use crate::ledger::{Escalation, What};
use crate::path;
use crate::sync::Error;
use crate::sync::run::Run;

/// Brings questions and refs together; the questions that were asked, by their ids.
pub(in crate::sync) fn watch(run: &mut Run<'_, '_>, linked: &Linked) -> Result<Vec<String>, Error> {
    if run.options.dry_run {
        return Ok(Vec::new());
    }
    let repo = run.workspace.repo;
    let stream = run.stream;
    let below = repo.refs_below(&format!("refs/stream/kept/{stream}/"))?;
    let refs: Vec<(String, Id)> = below
        .into_iter()
        .filter(|(name, _)| is_of_work(name))
        .collect();
    let questions = run.workspace.state.questions_of(stream);
    let known: Vec<(String, String)> = questions
        .filter(|open| open.kind == Escalation::KEPT)
        .map(|open| (open.id.clone(), open.cause.clone()))
        .collect();
    for (id, cause) in &known {
        if !refs.iter().any(|(name, _)| *name == *cause) {
            let why = "what it kept is no longer kept".to_owned();
            let id = id.clone();
            run.submit(What::Close { id, why })?;
        }
    }
    let mut asked = Vec::new();
    for (name, commit) in refs {
        if known.iter().any(|(_, cause)| *cause == name) {
            continue;
        }
        let question = question(run, linked, &name, commit)?;
        asked.push(question.id.clone());
        run.submit(What::Escalate(Box::new(question)))?;
    }
    Ok(asked)
}

fn question(
    run: &Run<'_, '_>,
    linked: &Linked,
    name: &str,
    commit: Id,
) -> Result<Escalation, Error> {
    let (repo, stream) = (run.workspace.repo, run.stream);
    let kept = repo.commit(commit)?;
    let before = match kept.parents.first() {
        Some(old) => Some(repo.tree_of(*old)?),
        None => None,
    };
    let changes = repo.diff_trees(before, Some(kept.tree))?;
    let paths: Vec<_> = changes.into_iter().map(|change| change.path).collect();
    let op = name.rsplit('/').next().unwrap_or(name);
    let op = op.get(..8).unwrap_or(op);
    let planned = run.workspace.plan.streams.get(stream);
    let top = obstacle::shell(&linked.top);
    Ok(Escalation {
        id: format!("{}-{op}", Escalation::KEPT),
        kind: Escalation::KEPT.to_owned(),
        streams: vec![stream.clone()],
        agent: run.by.agent.clone(),
        owner: planned.and_then(|planned| planned.owner.clone()),
        raised: Timestamp::now(),
        question: format!(
            "uncommitted work of {stream} could not be put back after it was moved: {}",
            obstacle::listed(&paths)
        ),
        cause: name.to_owned(),
        commit: Some(commit),
        base: Some(run.workspace.base.commit),
        paths: paths.iter().map(|one| path::shown(one.as_ref())).collect(),
        evidence: format!("it is kept as {name}; see it with `git diff {name}^ {name}`\n"),
        choices: vec![
            format!(
                "Put it back, and resolve it there, with `git -C {top} stash apply {name}`; then \
                 let go of it with `git update-ref -d {name}`."
            ),
            format!("Give it up with `git update-ref -d {name}`."),
        ],
        origin: String::new(),
        notified: None,
        parts: std::collections::BTreeMap::new(),
        extra: toml::Table::new(),
    })
}
