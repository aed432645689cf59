//! What does `git stream resolve` take, and what does it answer?

use bstr::ByteSlice as _;
use serde_json::{Value, json};

use super::sync::{narrate, versioned};
use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::sync::resolve::{self, Aborted, Opened};
use crate::sync::{Options, Question, Recalled};

/// Finish a stopped sync in a worktree of its own
///
/// The first call makes a worktree beside the stream's, in which the rebase is stopped at the
/// conflict, and prints where it is. Finish it there with ordinary git commands: edit, `git add`,
/// `git rebase --continue`. Nothing of the stream moves meanwhile, and its agent may go on
/// committing.
///
/// `--done` takes the result over: every commit must stay inside the stream; what was committed
/// since is put on top; branch, index and files move together. Where uncommitted changes of the
/// stream are in the way, the result waits for its next sync.
///
/// It is for a person. `resolver = "holder"` below `[sync]` in the plan lets an agent do it where
/// every conflicting path is its own.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-resolve", bin_name = "git stream resolve", version)]
pub struct Resolve {
    /// The stream; that of this worktree if it is not named
    #[arg(value_name = "NAME")]
    stream: Option<StreamName>,
    /// Move the stream to what was resolved
    #[arg(long, conflicts_with = "abort")]
    done: bool,
    /// Give it up; what was resolved so far is kept under a ref
    #[arg(long)]
    abort: bool,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Say what would happen, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Resolve {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "Go where the conflict is:",
            "cd \"$(git stream resolve api)\"",
        ),
        (
            "Take over what was resolved there:",
            "git stream resolve api --done",
        ),
        ("Give it up:", "git stream resolve api --abort"),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        super::settle_landings(&repo, self.agent.as_ref(), self.dry_run, out)?;
        let options = Options {
            agent: self.agent.clone(),
            dry_run: self.dry_run,
            autostash: false,
        };
        let stream = self.stream.as_ref();
        if self.done {
            let synced = resolve::done(&repo, stream, &options)?;
            narrate(&synced, out);
            out.answer(&synced.text(), &versioned(synced.json()));
            return Ok(synced.exit());
        }
        if self.abort {
            aborted(&resolve::abort(&repo, stream, &options)?, out);
        } else {
            opened(&resolve::open(&repo, stream, &options)?, out);
        }
        Ok(Exit::Done)
    }
}

fn opened(opened: &Opened, out: &mut Out) {
    let (stream, top) = (&opened.stream, opened.worktree.display().to_string());
    let paths: Vec<Value> = opened
        .paths
        .iter()
        .map(|p| path::json(p.as_bstr()))
        .collect();
    let question = opened.question.as_deref();
    let outcome = match (opened.dry_run, question) {
        (true, _) => "would-begin",
        (false, Some(_)) => "begun",
        (false, None) => "going-on",
    };
    for known in &opened.recalled {
        out.say(known.text());
    }
    if let Some(question) = question {
        out.say(&question.question);
    }
    for one in &opened.paths {
        out.say(format!("  {}", path::shown(one.as_bstr())));
    }
    out.say(match (opened.dry_run, paths.is_empty()) {
        (true, _) => "nothing was changed (--dry-run)".to_owned(),
        (false, false) => format!(
            "edit these, `git add` them, `git rebase --continue`; then `git stream resolve {stream} \
             --done`"
        ),
        (false, true) => format!("finish there, then `git stream resolve {stream} --done`"),
    });
    let mut object = json!({
        "version": 1,
        "outcome": outcome,
        "stream": stream,
        "worktree": top,
        "paths": paths,
        "escalation": question.map(Question::json),
    });
    if !opened.recalled.is_empty() {
        let recalled: Vec<Value> = opened.recalled.iter().map(Recalled::json).collect();
        object["remembered"] = recalled.into();
    }
    out.place(&top, &object);
}

fn aborted(aborted: &Aborted, out: &mut Out) {
    let stream = &aborted.stream;
    let object = json!({
        "version": 1,
        "outcome": if aborted.dry_run { "would-abort" } else { "aborted" },
        "stream": stream,
        "worktree": aborted.worktree.display().to_string(),
        "kept": aborted.kept,
    });
    let text = if aborted.dry_run {
        format!("would give up the resolution of {stream}; nothing was changed")
    } else {
        format!("gave up the resolution of {stream}; the question stays open")
    };
    out.answer(&text, &object);
    if let Some(kept) = &aborted.kept {
        out.say(format!("what was resolved so far is kept as {kept}"));
    }
}
