//! What of this machine's work has the remote not got yet?

use std::collections::BTreeMap;

use super::memory::{self, Unwanted};
use crate::git::{Error, Id};
use crate::ledger::{Stream, StreamState};
use crate::name::StreamName;
use crate::workspace::Workspace;

/// Below which the branches of streams are.
const BRANCHES: &str = "refs/heads/stream/";

/// A stream's branch that is to move on the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) stream: StreamName,
    /// Where this machine has left it there.
    pub(super) from: Option<Id>,
    /// Where it shall be; `None` removes it.
    pub(super) to: Option<Id>,
}

/// Whose a stream's branch is, by the ledger.
enum Whose {
    /// This machine's: somebody here holds it, or has left work on it. From where it began.
    Ours(Id),
    Others,
    Nobodys,
}

/// Every branch of this machine that the remote has not got as it is.
pub(super) fn due(workspace: &Workspace<'_>, remote: &str) -> Result<Vec<Due>, Error> {
    let repo = workspace.repo;
    let pushed = memory::pushed(repo, remote)?;
    let unwanted = Unwanted::read(repo);
    let here: BTreeMap<String, Id> = repo.refs_below(BRANCHES)?.into_iter().collect();
    let mut all = Vec::new();
    for (stream, record) in &workspace.state.streams {
        let from = pushed.get(stream).copied();
        let tip = here.get(&stream.branch_ref()).copied();
        // Most streams that there ever were have been nowhere near.
        if from.is_none() && tip.is_none() {
            continue;
        }
        // What is known to hold another stream's paths goes nowhere until it is clean again.
        if belongs_to_another(record) || record.tainted.is_some() {
            continue;
        }
        match whose(workspace, record) {
            Whose::Others => continue,
            Whose::Nobodys if from.is_none() => continue,
            Whose::Nobodys | Whose::Ours(_) => {}
        }
        let is_news = match (tip, whose(workspace, record)) {
            (None, _) => from.is_some(),
            // Somebody has made it by hand.
            (Some(_), Whose::Nobodys | Whose::Others) => false,
            (Some(tip), Whose::Ours(start)) => {
                let has_own = from.is_some() || has_own(workspace, tip, start)?;
                has_own && from != Some(tip) && !unwanted.has(stream, tip) && !reopens(record, tip)
            }
        };
        if is_news {
            all.push(Due {
                stream: stream.clone(),
                from,
                to: tip,
            });
        }
    }
    Ok(all)
}

/// Whether its branch on the remote is a pull request's, or an operation is just moving it.
fn belongs_to_another(record: &Stream) -> bool {
    let intent = record.claim.as_ref().map(|claim| claim.intent.is_some());
    record.state == StreamState::InReview || intent == Some(true)
}

/// Whether pushing it would look as if a closed pull request had been opened again.
fn reopens(record: &Stream, tip: Id) -> bool {
    let review = record.review.as_ref();
    review.is_some_and(|review| review.head == tip)
}

fn whose(workspace: &Workspace<'_>, record: &Stream) -> Whose {
    let here = &workspace.machine.id;
    match (&record.claim, &record.work) {
        (Some(claim), _) if claim.machine == *here => Whose::Ours(claim.start),
        (None, Some(work)) if work.machine == *here => Whose::Ours(work.start),
        (None, None) => Whose::Nobodys,
        (Some(_), _) | (None, Some(_)) => Whose::Others,
    }
}

/// Whether there is anything on it that the base has not.
fn has_own(workspace: &Workspace<'_>, tip: Id, start: Id) -> Result<bool, Error> {
    let base = workspace.base.commit;
    Ok(tip != start && tip != base && !workspace.repo.is_ancestor(tip, base)?)
}
