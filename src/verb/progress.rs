//! What does `git stream progress` take, and what does it answer?

use serde_json::json;

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::land::{self, Report};
use crate::ledger::How;
use crate::name::{AgentName, StreamName};

/// Say how far a stream is: complete, failed, or in work after all
///
/// A stream that is complete is taken by `git stream land --all`. One whose check has failed in
/// the queue is complete again when its holder says so. All of it is the holder's word: landing
/// verifies and checks for itself.
#[derive(Debug, clap::Parser)]
#[command(
    name = "git-stream-progress",
    bin_name = "git stream progress",
    version
)]
pub struct Progress {
    /// The stream; that of this worktree if it is not named
    #[arg(value_name = "NAME")]
    stream: Option<StreamName>,
    /// It is complete, and may land
    #[arg(long, group = "how", required_unless_present_any = ["failed", "working"])]
    complete: bool,
    /// It cannot be done
    #[arg(long, group = "how")]
    failed: bool,
    /// There is more to do after all; takes a stream out of review
    #[arg(long, group = "how")]
    working: bool,
    /// Why, in words, for the log
    #[arg(short = 'm', long, value_name = "TEXT", requires = "how")]
    message: Option<String>,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Say what would happen, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Progress {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "The stream of this worktree may land:",
            "git stream progress --complete",
        ),
        (
            "Give up, and say why:",
            "git stream progress api --failed -m impossible",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        super::settle_landings(&repo, self.agent.as_ref(), self.dry_run, out)?;
        let how = match (self.complete, self.failed) {
            (true, _) => How::Complete,
            (_, true) => How::Failed,
            _ => How::Working,
        };
        let report = Report {
            how,
            note: self.message.clone(),
            agent: self.agent.clone(),
            dry_run: self.dry_run,
        };
        let reported = land::report(&repo, self.stream.as_ref(), &report)?;
        if self.dry_run {
            out.say("nothing was changed (--dry-run)");
        } else {
            super::hand_on_of(&repo, &reported.stream, out)?;
        }
        let object = json!({
            "version": 1,
            "outcome": if reported.changed { "done" } else { "nothing" },
            "stream": reported.stream,
            "state": reported.state,
        });
        out.answer(
            &format!("{} is {}", reported.stream, reported.state),
            &object,
        );
        Ok(Exit::Done)
    }
}
