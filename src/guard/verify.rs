//! What does the ledger say of a stream's history afterwards?
//!
//! The whole history is judged from the trusted base. Where it breaks the rule the stream gets a
//! mark and a person a question, both once; a later look that finds it clean takes both away.

use super::Error;
use super::taint::{Taint, taint_of};
use crate::git::Id;
use crate::ledger::{Escalation, OpId, What};
use crate::name::StreamName;
use crate::workspace::{Workspace, now};

/// What was found.
#[derive(Debug)]
pub struct Verified {
    /// How the history breaks the rule; `None` where it is clean.
    pub taint: Option<Taint>,
    /// Whether the stream had the mark before.
    pub was_tainted: bool,
}

/// Judges a stream's history up to `tip`, and sets or takes away the mark.
pub fn verify(
    workspace: &mut Workspace<'_>,
    stream: &StreamName,
    tip: Id,
) -> Result<Verified, Error> {
    let was_tainted = is_marked(workspace, stream);
    let taint = taint_of(workspace, stream, tip)?;
    match &taint {
        Some(taint) => {
            let question = question(workspace, stream, taint)?;
            let what = What::Taint {
                stream: stream.clone(),
                why: taint.why.clone(),
                question: Box::new(question),
            };
            put(workspace, what)?;
        }
        None if was_tainted => {
            let stream = stream.clone();
            put(workspace, What::Untaint { stream })?;
        }
        None => {}
    }
    Ok(Verified { taint, was_tainted })
}

/// Whether a stream has the mark.
pub(super) fn is_marked(workspace: &Workspace<'_>, stream: &StreamName) -> bool {
    let record = workspace.state.stream(stream);
    record.is_some_and(|record| record.tainted.is_some())
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
        origin: String::new(),
        notified: None,
        parts: std::collections::BTreeMap::new(),
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
