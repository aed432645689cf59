//! How old is what is shown, where the ledger is shared by several machines?

use jiff::Timestamp;
use serde::Serialize;

use crate::inbox::ago;
use crate::ledger::Share;
use crate::workspace::{Workspace, now};

/// A view of a shared ledger.
#[derive(Debug, Serialize)]
pub struct View {
    /// The remote that has it.
    pub remote: String,
    /// When that answered last; none where it never has.
    pub seen: Option<Timestamp>,
}

impl View {
    /// The view that this machine has, unless the ledger is its own.
    pub(super) fn of(workspace: &Workspace<'_>) -> Option<View> {
        Some(View {
            remote: Share::of(&workspace.state)?.remote,
            seen: workspace.ledger().seen(),
        })
    }

    /// What is said of it behind the summary; nothing where it is fresh.
    pub(super) fn words(&self) -> String {
        let remote = &self.remote;
        match self.seen.map(|seen| ago(seen, now())) {
            Some(ago) if ago == "just now" => String::new(),
            Some(ago) => format!("; '{remote}' answered last {ago}"),
            None => format!("; '{remote}' has not answered yet"),
        }
    }
}
