//! From which commit are a stream's own commits judged?
//!
//! From the trusted base; or from the commit that the stream is stacked on, as long as that is not
//! on the base and the stream stands on it. What is below it was judged as another stream's, and
//! lands before.

use std::time::Duration;

use super::Workspace;
use crate::git::{Error, Id};
use crate::ledger::Review;
use crate::name::StreamName;

/// How long the remote may take to send a stream's branch.
const TALK: Duration = Duration::from_secs(30);

impl Workspace<'_> {
    /// The commit to judge from, for what has `tip` in its history.
    pub fn trusted_for(&self, stream: &StreamName, tip: Id) -> Result<Id, Error> {
        let (repo, base) = (self.repo, self.base.commit);
        let on = self.state.claim(stream).and_then(|claim| claim.on.as_ref());
        let Some(on) = on.filter(|on| repo.has(on.tip)) else {
            return Ok(base);
        };
        let is_below = repo.is_ancestor(on.tip, tip)? && !repo.is_ancestor(on.tip, base)?;
        Ok(if is_below { on.tip } else { base })
    }

    /// Brings here what was pushed for a review, unless it is here.
    pub fn bring(&self, review: &Review) -> Result<(), Error> {
        if self.repo.has(review.head) {
            return Ok(());
        }
        let Review { remote, branch, .. } = review;
        self.repo.fetch_branch(remote, branch, TALK)
    }
}
