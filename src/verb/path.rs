//! What does `git stream path` take, and what does it answer?

use serde_json::json;

use crate::claim;
use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::ledger::{Holder, Refusal, StreamState};
use crate::name::StreamName;
use crate::workspace::Workspace;

/// Print a stream's worktree
///
/// The answer is one line, the top of the worktree, for `cd` and for scripts. A stream that nobody
/// holds has none; one that is held on another machine has none here.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-path", bin_name = "git stream path", version)]
pub struct Path {
    /// The stream; that of this worktree if it is not named
    #[arg(value_name = "NAME")]
    stream: Option<StreamName>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Path {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "Go to a stream's worktree:",
            "cd \"$(git stream path api)\"",
        ),
        (
            "Commit there:",
            "git -C \"$(git stream path api)\" commit -am 'Answer faster'",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        let workspace = Workspace::open(&repo)?;
        let stream = workspace.stream(self.stream.as_ref())?;
        let Some(claim) = workspace.state.claim(&stream) else {
            let state = workspace
                .state
                .stream(&stream)
                .map_or(StreamState::Unclaimed, |known| known.state);
            return Err(Refusal::NotHeld { stream, state }.into());
        };
        if claim.machine != workspace.machine.id {
            return Err(Refusal::Elsewhere(Holder::of(&stream, claim)).into());
        }
        let worktree = claim::worktree_of(&workspace, &stream, claim)?;
        if !claim::is_whole(&workspace, &stream)? {
            return Err(claim::Error::NotWhole { stream, worktree }.into());
        }
        let object = json!({"version": 1, "stream": stream, "worktree": worktree});
        out.place(&worktree, &object);
        Ok(Exit::Done)
    }
}
