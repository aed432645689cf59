//! What does a holder say about its stream?

use super::Error;
use crate::git::Repo;
use crate::ledger::{How, OpId, StreamState, What};
use crate::name::{AgentName, StreamName};
use crate::workspace::Workspace;

/// What is said.
#[derive(Debug, Clone)]
pub struct Report {
    /// How far it is.
    pub how: How,
    /// Why, in words.
    pub note: Option<String>,
    /// Who says it, as given on the command line.
    pub agent: Option<AgentName>,
    /// Decide, and change nothing.
    pub dry_run: bool,
}

/// Where the stream stands now.
#[derive(Debug, Clone)]
pub struct Reported {
    /// The stream.
    pub stream: StreamName,
    /// Where it stands.
    pub state: StreamState,
    /// Whether that is news.
    pub changed: bool,
}

/// Says it to the ledger.
pub fn report(repo: &Repo, named: Option<&StreamName>, report: &Report) -> Result<Reported, Error> {
    let mut workspace = Workspace::open(repo)?;
    let by = workspace.caller(report.agent.as_ref())?;
    let stream = workspace.stream(named)?;
    let what = What::Report {
        stream: stream.clone(),
        how: report.how,
        note: report.note.clone(),
    };
    let request = workspace.request(&OpId::new(), &by, what, Vec::new());
    let (state, changed) = if report.dry_run {
        let applied = workspace.decide(&request)?;
        (applied.state, applied.event.is_some())
    } else {
        let submitted = workspace.submit(&request)??;
        (submitted.state, submitted.event.is_some())
    };
    let state = state
        .stream(&stream)
        .map_or(StreamState::Unclaimed, |record| record.state);
    Ok(Reported {
        stream,
        state,
        changed,
    })
}
