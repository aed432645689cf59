//! What does `git stream sync` take, and what does it answer?

use serde_json::{Map, Value, json};

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Explain as _, Failure};
use crate::git::Repo;
use crate::name::{AgentName, StreamName};
use crate::review;
use crate::sync::{self, Error, Many, Options, Outcome, Synced};

/// Rebase a stream onto its base, or stop before anything is touched
///
/// Whether every commit of the stream can be applied to the newest base is decided in memory.
/// If it can, branch, index and files move together. If not, nothing is touched: the conflict
/// becomes a question in the inbox, and the status is 3.
///
/// Uncommitted changes stay in place; where they meet something that the base has changed, the
/// stream is not moved and they are listed. With `--autostash` they are kept under a ref of the
/// stream, never in `refs/stash`, and put back after the move, staged and unstaged apart. Where
/// they cannot be put back they stay behind that ref, which is named, and the status is 3.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-sync", bin_name = "git stream sync", version)]
pub struct Sync {
    /// The stream; that of this worktree if it is not named
    #[arg(value_name = "NAME", conflicts_with = "all")]
    stream: Option<StreamName>,
    /// Every stream of the caller on this machine, one after the other
    ///
    /// What others depend on comes first, the base is fetched once, and a stream that stops does
    /// not keep the next one from being synced. A stream in which somebody else is at work is not
    /// moved under them: it is named, with how far it is behind.
    #[arg(long)]
    all: bool,
    /// With --all: those of others on this machine, too; for a person
    #[arg(long, requires = "all", conflicts_with = "stream")]
    others: bool,
    /// With --all: also where somebody is at work
    #[arg(long, requires = "all", conflicts_with = "stream")]
    now: bool,
    /// Keep uncommitted work that is in the way, and put it back afterwards
    #[arg(long)]
    autostash: bool,
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
        (
            "Sync with uncommitted work in the same files:",
            "git stream sync --autostash",
        ),
        ("Sync all of one's streams:", "git stream sync --all"),
        (
            "See what would become of every stream on this machine:",
            "git stream sync --all --others --dry-run",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        super::settle_landings(&repo, self.agent.as_ref(), self.dry_run, out)?;
        if !self.dry_run {
            super::mend_hooks(&repo, out)?;
        }
        let options = Options {
            agent: self.agent.clone(),
            dry_run: self.dry_run,
            autostash: self.autostash,
        };
        if !self.all {
            let synced = review::sync(&repo, self.stream.as_ref(), &options)?;
            narrate(&synced, out);
            if !self.dry_run {
                super::hand_on_of(&repo, &synced.stream, out)?;
            }
            out.answer(&synced.text(), &versioned(synced.json()));
            return Ok(synced.exit());
        }
        let many = Many {
            others: self.others,
            now: self.now,
        };
        let mut told = |stream: &StreamName, answer: &Result<Synced, Error>| {
            if !out.json() {
                narrate_one_of_many(stream, answer, out);
            }
        };
        let mut answers = review::sync_all(&repo, &many, &options, &mut told)?;
        if !self.dry_run {
            hand_on(&repo, &mut answers, out)?;
        }
        let exits = answers.iter().map(|(_, answer)| match answer {
            Ok(synced) => synced.exit(),
            Err(error) => error.exit(),
        });
        let worst = exits.fold(Exit::Done, Exit::worst);
        if out.json() {
            let objects = answers
                .iter()
                .map(|(stream, answer)| object(stream, answer));
            let objects: Vec<Value> = objects.collect();
            out.object(&json!({"version": 1, "streams": objects}));
        } else if answers.is_empty() {
            out.say("no stream on this machine is yours");
        } else {
            if self.dry_run {
                out.say(sync::DRY_RUN);
            }
            out.text(&sync::summary(&answers));
        }
        Ok(worst)
    }
}

/// A sync point after many: what was done in streams that somebody else has taken over meanwhile
/// counts nowhere.
fn hand_on(
    repo: &Repo,
    answers: &mut [(StreamName, Result<Synced, Error>)],
    out: &mut Out,
) -> Result<(), Failure> {
    let held = super::HeldHere::read(repo)?;
    super::hand_on(repo, out);
    for (stream, answer) in answers {
        if let Some(refusal) = held.lost(repo, stream)? {
            *answer = Err(refusal.into());
            if !out.json() {
                narrate_one_of_many(stream, answer, out);
            }
        }
    }
    Ok(())
}

/// One of several streams, as an object.
fn object(stream: &StreamName, answer: &Result<Synced, Error>) -> Value {
    match answer {
        Ok(synced) => Value::Object(synced.json()),
        Err(error) => json!({
            "stream": stream,
            "outcome": if error.exit() == Exit::Refused { "refused" } else { "failed" },
            "reason": error.to_string(),
            "kind": error.exit().name(),
            "hints": error.hints(),
            "evidence": error.evidence(),
        }),
    }
}

/// Tells what was done with one of several streams; the table follows when all are done.
fn narrate_one_of_many(stream: &StreamName, answer: &Result<Synced, Error>, out: &mut Out) {
    match answer {
        Ok(synced) => {
            out.say(synced.text());
            for line in synced.details() {
                out.say(format!("  {line}"));
            }
            match &synced.outcome {
                // The choices are many, and the question is kept.
                Outcome::Stopped(question) if !synced.dry_run => out.hint(format!(
                    "See the question and its choices with `git stream inbox {}`.",
                    question.id()
                )),
                Outcome::Stopped(_) => out.hint(format!(
                    "See where with `git stream sync {stream} --dry-run`."
                )),
                Outcome::Rebased(_)
                | Outcome::UpToDate
                | Outcome::Landed(_)
                | Outcome::Resolved(_)
                | Outcome::Pending(_)
                | Outcome::Refused(_)
                | Outcome::Behind(_) => synced.hints().iter().for_each(|hint| out.hint(hint)),
            }
        }
        Err(error) => {
            out.error_line("error: ", format!("{stream}: {error}"));
            for line in error.git_said() {
                out.error_line("git: ", line);
            }
            for hint in error.hints() {
                out.hint(hint);
            }
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
