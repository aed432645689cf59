//! What does `git stream land` take, and what does it answer?

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Explain, Failure};
use crate::git::Repo;
use crate::land::{self, Beat, Ended, Landed, Options, Outcome, Queue};
use crate::name::{AgentName, StreamName};
use crate::word;

/// Bring a finished stream onto the base, verified and checked
///
/// Every commit of the stream is judged anew, against the base as it was just fetched. Its work is
/// combined with the newest base in memory, the plan's check runs on the result in a worktree of
/// its own, and the base moves to exactly what was checked, if it is still where it was: where
/// somebody was faster, all of it is done again. Then the claim ends, and the worktree goes if
/// everything in it is somewhere else and nobody is in it.
///
/// A conflict with the base is a question in the inbox, and the status is 3. A check that fails is
/// status 1 and names its log. Whatever keeps a stream from landing, nothing has moved.
///
/// Where the plan says `through = "pr"`, the stream itself is put on the newest base, its branch is
/// pushed and the plan's `open` command runs: the stream is in review until the forge has merged
/// it. Run again, it pushes what is new.
///
/// With --all, the streams that `git stream progress --complete` has named land together: one on
/// top of the other, with one check. Where that fails, the stream that is to blame is found by
/// halving and becomes a question; all the others land.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-land", bin_name = "git stream land", version)]
pub struct Land {
    /// The stream; that of this worktree if it is not named
    #[arg(value_name = "NAME", conflicts_with = "all")]
    stream: Option<StreamName>,
    /// Every stream that is complete, as one batch with one check
    #[arg(long)]
    all: bool,
    /// Stay, and land whatever becomes complete, until a signal comes
    #[arg(long, requires = "all", conflicts_with = "dry_run")]
    watch: bool,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Say what would happen, without running the check, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Land {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("Land the stream of this worktree:", "git stream land"),
        (
            "See whether it would be refused, and why:",
            "git stream land api --dry-run",
        ),
        ("Land all that is complete:", "git stream land --all"),
        (
            "Stay, and land whatever becomes complete:",
            "git stream land --all --watch",
        ),
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
            ..Options::default()
        };
        if self.watch {
            return watch(&repo, &options, out);
        }
        if self.all {
            return queue(&repo, &options, out);
        }
        let landed = {
            let mut tell = |beat: Beat| narrate_beat(&beat, out);
            land::land(&repo, self.stream.as_ref(), &options, &mut tell)?
        };
        narrate(&landed, out);
        // A landing that was refused pushes nothing.
        if !self.dry_run && landed.exit() == Exit::Done {
            super::hand_on(&repo, out);
        }
        out.answer(&landed.text(), &versioned(landed.json()));
        Ok(landed.exit())
    }
}

/// Says one line for each batch; with `--json`, one object. The status is that of what has not
/// landed in the end.
fn watch(repo: &Repo, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
    let mut stands: BTreeMap<StreamName, Exit> = BTreeMap::new();
    let out = RefCell::new(out);
    let mut tell = |beat: Beat| narrate_beat(&beat, &mut out.borrow_mut());
    let mut heard = |queue: Result<Queue, land::Error>| {
        let mut out = out.borrow_mut();
        let out = &mut **out;
        if queue.as_ref().is_ok_and(has_landed) {
            super::hand_on(repo, out);
        }
        let queue = match queue {
            Ok(queue) => queue,
            Err(error) => {
                out.error_line("error: ", error.to_string());
                // What only a person can change does not change while it is waited for.
                return error.exit() != Exit::Refused;
            }
        };
        let (mut landed, mut left, mut objects) = (Vec::new(), Vec::new(), Vec::new());
        for (stream, ended) in &queue.streams {
            let exit = exit_of(ended);
            stands.insert(stream.clone(), exit);
            let names = if exit == Exit::Done {
                &mut landed
            } else {
                &mut left
            };
            names.push(stream.to_string());
            objects.push(one_of_many(stream, ended, out, false));
        }
        if out.json() {
            out.object(&json!({"version": 1, "streams": objects, "checks": queue.checks}));
            return true;
        }
        let checks = word::count(queue.checks, "check");
        let mut parts = Vec::new();
        for (what, names) in [("landed", landed), ("not landed", left)] {
            if !names.is_empty() {
                parts.push(format!("{what}: {}", names.join(", ")));
            }
        }
        out.text(&format!("{} ({checks})", parts.join("; ")));
        true
    };
    land::watch(repo, options, &mut tell, &mut heard)?;
    Ok(stands.into_values().fold(Exit::Done, Exit::worst))
}

fn exit_of(ended: &Ended) -> Exit {
    match ended {
        Ok(landed) => landed.exit(),
        Err(error) => error.exit(),
    }
}

/// Whether anything in it is done.
fn has_landed(queue: &Queue) -> bool {
    let mut ended = queue.streams.iter().map(|(_, ended)| ended);
    ended.any(|ended| exit_of(ended) == Exit::Done)
}

fn queue(repo: &Repo, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
    let queue = {
        let mut tell = |beat: Beat| narrate_beat(&beat, out);
        land::land_all(repo, options, &mut tell)?
    };
    if !options.dry_run && has_landed(&queue) {
        super::hand_on(repo, out);
    }
    let mut worst = Exit::Done;
    let mut objects = Vec::new();
    for (stream, ended) in &queue.streams {
        worst = worst.worst(exit_of(ended));
        objects.push(one_of_many(stream, ended, out, true));
    }
    for note in &queue.notes {
        out.say(note.clone());
    }
    if out.json() {
        out.object(&json!({"version": 1, "streams": objects, "checks": queue.checks}));
    } else if queue.streams.is_empty() {
        out.say("no stream that you may land is complete");
        out.hint("Say that one is with `git stream progress NAME --complete`.");
    }
    Ok(worst)
}

/// Prints what became of one of several streams, and answers its object.
fn one_of_many(stream: &StreamName, ended: &Ended, out: &mut Out, is_answer: bool) -> Value {
    match ended {
        Ok(landed) => {
            narrate(landed, out);
            if !out.json() && is_answer {
                out.text(&landed.text());
            }
            Value::Object(landed.json())
        }
        Err(error) => failed_one(stream, error, out),
    }
}

/// Prints why nothing is known of one of several streams, and answers its object.
fn failed_one(stream: &StreamName, error: &dyn Explain, out: &mut Out) -> Value {
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

/// Says what goes on while a command of the plan runs.
pub(super) fn narrate_beat(beat: &Beat, out: &mut Out) {
    match beat {
        Beat::Begins { what, command, log } => {
            out.say(format!(
                "{what}: `{command}`; its output is in '{}'",
                log.display()
            ));
        }
        Beat::Runs { what, since } => out.say(format!("{what}: running for {} s", since.as_secs())),
        Beat::Waits { what } => out.say(what.clone()),
    }
}

fn narrate(landed: &Landed, out: &mut Out) {
    if out.json() {
        return;
    }
    for line in landed.narration() {
        out.say(line);
    }
    if let Outcome::Stopped(question) = &landed.outcome {
        if !landed.dry_run {
            out.say(format!("asked as {}; nothing has moved", question.id()));
        }
        for line in question.evidence.lines() {
            // No white space at the end of an empty line.
            out.say(format!("  {line}").trim_end());
        }
    }
    for line in landed.details() {
        out.say(format!("  {line}").trim_end());
    }
    for hint in landed.hints() {
        out.hint(hint);
    }
}

fn versioned(object: Map<String, Value>) -> Map<String, Value> {
    super::sync::versioned(object)
}
