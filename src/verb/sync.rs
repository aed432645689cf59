//! What does `git stream sync` take, and what does it answer?

use serde_json::{Map, Value, json};

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Explain as _, Failure};
use crate::git::Repo;
use crate::name::{AgentName, StreamName};
use crate::sync::{self, Error, Options, Outcome, Synced};

/// Rebase a stream onto its base, or stop before anything is touched
///
/// Whether every commit of the stream can be applied to the newest base is decided in memory.
/// If it can, branch, index and files move together. If not, nothing is touched: the conflict
/// becomes a question in the inbox, and the status is 3.
///
/// Uncommitted changes stay in place; where they meet something that the base has changed, the
/// stream is not moved and they are listed.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-sync", bin_name = "git stream sync", version)]
pub struct Sync {
    /// The stream; that of this worktree if it is not named
    #[arg(value_name = "NAME", conflicts_with = "all")]
    stream: Option<StreamName>,
    /// Every stream of the caller on this machine, one after the other
    #[arg(long)]
    all: bool,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Say what would happen, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Sync {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("Sync the stream of this worktree:", "git stream sync"),
        (
            "See whether it would stop, and where:",
            "git stream sync api --dry-run",
        ),
        ("Sync all of one's streams:", "git stream sync --all"),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        if !self.dry_run {
            super::mend_hooks(&repo, out)?;
        }
        let options = Options {
            agent: self.agent.clone(),
            dry_run: self.dry_run,
        };
        if !self.all {
            let synced = sync::sync(&repo, self.stream.as_ref(), &options)?;
            narrate(&synced, out);
            out.answer(&synced.text(), &versioned(synced.json()));
            return Ok(synced.exit());
        }
        let answers = sync::sync_all(&repo, &options)?;
        let mut worst = Exit::Done;
        let mut objects = Vec::new();
        for (stream, answer) in &answers {
            worst = worst.worst(match answer {
                Ok(synced) => synced.exit(),
                Err(error) => error.exit(),
            });
            objects.push(one_of_many(stream, answer, out));
        }
        if out.json() {
            out.object(&json!({"version": 1, "streams": objects}));
        } else if answers.is_empty() {
            out.say("no stream on this machine is yours");
        }
        Ok(worst)
    }
}

/// Prints what became of one of several streams, and answers its object.
fn one_of_many(stream: &StreamName, answer: &Result<Synced, Error>, out: &mut Out) -> Value {
    match answer {
        Ok(synced) => {
            narrate(synced, out);
            if !out.json() {
                out.text(&synced.text());
            }
            Value::Object(synced.json())
        }
        Err(error) => {
            if !out.json() {
                out.error_line("error: ", format!("{stream}: {error}"));
                for line in error.git_said() {
                    out.error_line("git: ", line);
                }
                for hint in error.hints() {
                    out.hint(hint);
                }
            }
            json!({
                "stream": stream,
                "outcome": if error.exit() == Exit::Refused { "refused" } else { "failed" },
                "reason": error.to_string(),
                "kind": error.exit().name(),
                "hints": error.hints(),
                "evidence": error.evidence(),
            })
        }
    }
}

pub(super) fn narrate(synced: &Synced, out: &mut Out) {
    if out.json() {
        return;
    }
    for line in synced.narration() {
        out.say(line);
    }
    if let Outcome::Stopped(question) = &synced.outcome {
        if !synced.dry_run {
            out.say(format!(
                "asked as {}; worktree, index and branch are as they were",
                question.id()
            ));
        }
        for line in question.evidence.lines() {
            // No white space at the end of an empty line.
            out.say(format!("  {line}").trim_end());
        }
    }
    for hint in synced.hints() {
        out.hint(hint);
    }
}

pub(super) fn versioned(object: Map<String, Value>) -> Map<String, Value> {
    let version = ("version".to_owned(), 1.into());
    std::iter::once(version).chain(object).collect()
}
