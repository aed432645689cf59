//! What does `git stream verify` take, and what does it answer?

use serde_json::json;

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::{Id, Repo};
use crate::guard;
use crate::name::StreamName;
use crate::workspace::Workspace;

/// Judge a stream's whole history, and record what is found
///
/// Every commit since the trusted base must stay inside the stream, by the rule of
/// `git stream guard`. A stream whose history breaks it is marked as tainted, and a person is
/// asked, once, how it shall become clean; both go when the history is clean again.
///
/// The hooks of the stream's worktree do this by themselves. It is needed after a move of the
/// branch that runs no hook, such as `git reset`. If another program has taken the place of one of
/// these hooks, they are put back first, and that program's file runs from beside them.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-verify", bin_name = "git stream verify", version)]
pub struct Verify {
    /// The stream; that of this worktree if it is not named
    #[arg(value_name = "NAME")]
    stream: Option<StreamName>,
    /// Judge the history of this commit instead of the branch
    #[arg(long, value_name = "COMMIT")]
    tip: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Verify {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "Is the history clean, now that it was mended?",
            "git stream verify api",
        ),
        (
            "Is this worktree's stream clean? For a script:",
            "git stream verify --json",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        super::mend_hooks(&repo, out)?;
        let mut workspace = Workspace::open(&repo)?;
        let stream = workspace.stream(self.stream.as_ref())?;
        let tip = self.tip(&repo, &stream)?;
        let verified = guard::verify(&mut workspace, &stream, tip)?;
        for note in workspace.take_notes() {
            out.say(note);
        }
        let taint = verified.taint.as_ref();
        let text = match (taint, verified.was_tainted) {
            (Some(taint), _) => taint.text.clone(),
            (None, true) => format!("the history of '{stream}' is clean again"),
            (None, false) => format!("the history of '{stream}' is clean"),
        };
        let object = json!({
            "version": 1,
            "stream": stream,
            "tip": tip.to_string(),
            "clean": taint.is_none(),
            "was_tainted": verified.was_tainted,
            "why": taint.map(|taint| &taint.why),
            "paths": taint.map(|taint| &taint.paths),
        });
        out.answer(&text, &object);
        let Some(taint) = taint else {
            return Ok(Exit::Done);
        };
        if !out.json() {
            taint.hints.iter().for_each(|hint| out.hint(hint));
        }
        Ok(Exit::Refused)
    }
}

impl Verify {
    fn tip(&self, repo: &Repo, stream: &StreamName) -> Result<Id, Failure> {
        if let Some(revision) = &self.tip {
            return Ok(guard::commit_at(repo, revision)?);
        }
        Ok(guard::commit_at(repo, &stream.branch_ref())?)
    }
}
