//! What does `git stream exec` take, and what does it answer?

use std::ffi::OsString;
use std::process::ExitCode;

use crate::claim::{self, Session, Wanted};
use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Explain as _, Failure};
use crate::git::Repo;
use crate::name::{AgentName, StreamName};
use crate::review;

/// Take a stream and run a command or a shell in it
///
/// Claims the stream, or resumes it where it is the caller's, and runs COMMAND in its worktree with
/// GIT_STREAM, GIT_STREAM_AGENT, GIT_STREAM_SLOT (a small number of its own, for ports) and
/// GIT_STREAM_EPOCH set. The claim is renewed as long as COMMAND runs, and stays when it ends.
///
/// The status is COMMAND's own. `--busy-status` tells a stream that is busy from a command that
/// ended with 4.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-exec", bin_name = "git stream exec", version)]
pub struct Exec {
    /// The stream to work in
    #[arg(value_name = "NAME")]
    stream: StreamName,
    /// Own the paths that these patterns match, if the plan does not say
    #[arg(long, value_name = "PATTERN")]
    files: Vec<String>,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// End with this status instead of 4 where the stream is busy
    #[arg(long, value_name = "N")]
    busy_status: Option<u8>,
    /// The command and its arguments; a shell if there is none
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Exec {
    type Status = ExitCode;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "Let an agent work in a stream:",
            "git stream exec api --agent claude-1 -- claude",
        ),
        ("Open a shell in it:", "git stream exec api"),
        (
            "Run one command in it:",
            "git stream exec api -- cargo test",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<ExitCode, Failure> {
        let repo = Repo::here()?;
        super::mend_hooks(&repo, out)?;
        let wanted = Wanted {
            stream: self.stream.clone(),
            files: super::claim::patterns(&self.files)?,
            from: None,
            on: None,
            takeover: None,
            agent: self.agent.clone(),
            dry_run: false,
        };
        let taken = match (review::take(&repo, &wanted), self.busy_status) {
            (Err(error), Some(status)) if error.exit() == Exit::Busy => {
                return Ok(out.failed_as(&error, status));
            }
            (taken, _) => taken?,
        };
        super::claim::narrate(&taken, false, out);
        super::hand_on(&repo, out);
        let session = Session {
            taken: &taken,
            command: &self.command,
        };
        let ended = claim::work_in(&repo, &session, &mut |lost| {
            out.warn(lost);
            for hint in lost.hints() {
                out.hint(hint);
            }
        })?;
        super::hand_on(&repo, out);
        Ok(ExitCode::from(ended.status))
    }
}
