//! What does a stream stand on, and what is it to stand on next?
//!
//! The base; or, as long as the stream that it is stacked on is in review, what was pushed of that.
//! When that has landed, the stream's own commits go onto the base: what is below them is there in
//! whatever shape the forge has given it, and is never replayed.

use super::Error;
use crate::git::Id;
use crate::ledger::{On, StreamState};
use crate::name::StreamName;
use crate::workspace::Workspace;

/// What a stream is to stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The commit.
    pub commit: Id,
    /// The commit below the stream's own, where that is below the new one in another shape.
    pub from: Option<Id>,
    /// The stream that it is stacked on then.
    pub on: Option<On>,
    /// Where that stream stands, if it is not in review any more and has not landed.
    pub closed: Option<StreamState>,
}

/// Finds it for a stream at `tip`.
pub fn ground(workspace: &Workspace<'_>, stream: &StreamName, tip: Id) -> Result<Ground, Error> {
    let (repo, state) = (workspace.repo, &workspace.state);
    let base = Ground {
        commit: workspace.base.commit,
        from: None,
        on: None,
        closed: None,
    };
    let Some(on) = state.claim(stream).and_then(|claim| claim.on.as_ref()) else {
        return Ok(base);
    };
    let stands_on = |id: Id| Ok::<bool, Error>(repo.has(id) && repo.is_ancestor(id, tip)?);
    let is_stacked = stands_on(on.tip)?;
    if state.has_landed(on) || repo.is_ancestor(on.tip, base.commit)? {
        let from = Some(on.tip).filter(|_| is_stacked);
        return Ok(Ground { from, ..base });
    }
    let record = state.stream(&on.stream);
    let stands = record.map_or(StreamState::Unclaimed, |record| record.state);
    let review = record.and_then(|record| record.review.as_ref());
    let Some(review) = review.filter(|_| stands == StreamState::InReview) else {
        // Whoever has moved off it by hand stands on the base.
        return Ok(if is_stacked {
            Ground {
                commit: on.tip,
                on: Some(on.clone()),
                closed: Some(stands),
                ..base
            }
        } else {
            base
        });
    };
    workspace.bring(review)?;
    if !is_stacked && !stands_on(review.head)? {
        return Ok(base);
    }
    Ok(Ground {
        commit: review.head,
        from: Some(on.tip).filter(|tip| is_stacked && *tip != review.head),
        on: Some(On {
            tip: review.head,
            ..on.clone()
        }),
        closed: None,
    })
}
