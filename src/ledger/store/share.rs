//! Where does a ledger live that several machines share, and may an event wait before it counts?

use crate::ledger::record::Claim;
use crate::ledger::request::What;
use crate::ledger::state::State;

/// The ref of a remote that is the ledger of all machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The remote.
    pub remote: String,
    /// The ref's full name there.
    pub name: String,
}

impl Share {
    /// Where the ledger of this state is shared, if it is.
    pub fn of(state: &State) -> Option<Share> {
        let base = state.base.as_ref()?;
        Some(Share {
            remote: base.remote.clone()?,
            name: base.ledger.clone()?,
        })
    }

    /// The ref of this repository that holds what was fetched last; never the ledger itself, which
    /// is only what was accepted.
    pub(super) fn tracking(&self) -> String {
        format!("refs/stream/remotes/{}/ledger", self.remote)
    }

    /// Below which the announcements are that were fetched last.
    pub(super) fn tracking_inbox(&self) -> String {
        format!("refs/stream/remotes/{}/inbox/", self.remote)
    }
}

/// Whether an event counts at once where the ledger is shared, and travels with the next one that
/// has to be acknowledged.
///
/// What others rely on (who owns what, what is on the base) counts only when the remote has it.
/// What a holder says of its own stream cannot collide with anybody, except with a takeover, and
/// then it is void.
pub(in crate::ledger) fn rides(what: &What) -> bool {
    match what {
        // Whether what is owned afterwards is what is owned now.
        What::Undone(undo) => {
            let [left, back] = [&undo.left, &undo.back].map(|record| record.claim.as_ref());
            left.map(Claim::territory) == back.map(Claim::territory)
        }
        What::Base { .. }
        | What::Claim(_)
        | What::TakeOver(_)
        | What::Add { .. }
        | What::Released { .. }
        | What::Landing { .. }
        | What::Landed { .. }
        | What::Reopen { .. }
        | What::Unlanded { .. }
        | What::Submitted { .. } => false,
        What::Claimed { .. }
        | What::Renew { .. }
        | What::Begin { .. }
        | What::Synced { .. }
        | What::RolledBack { .. }
        | What::Abandon { .. }
        | What::GoesOn { .. }
        | What::Report { .. }
        | What::Merged { .. }
        | What::Returned { .. }
        | What::Reopened { .. }
        | What::Taint { .. }
        | What::Untaint { .. }
        | What::Escalate(_)
        | What::Notified { .. }
        | What::Close { .. } => true,
    }
}
