//! How does a person learn that something waits?
//!
//! The plan's `notify` gets the question as JSON on its standard input: once when it is raised, or
//! raised for another stream, and again when it has been open for `repeat` and somebody runs into
//! it. Every request to the ledger comes by here, so no place that asks can forget it.
//!
//! What was asked is in the ledger by then. A command that is not approved, fails or hangs is told
//! in one line, and changes nothing about the answer.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use bstr::ByteSlice as _;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use super::approved::is_approved;
use super::{Workspace, now};
use crate::ledger::{Escalation, Request, State, What};
use crate::path;

/// How long the command may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The questions that a request has raised, or run into again after a long time.
pub(super) struct News {
    raised: Vec<Escalation>,
    repeated: Vec<Escalation>,
}

impl News {
    /// What there is to tell: `before` and `after` are the states around the request.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only two requests carry a question"
    )]
    pub(super) fn of(workspace: &Workspace<'_>, request: &Request, before: &State) -> News {
        let after = &workspace.state;
        let mut news = News {
            raised: Vec::new(),
            repeated: Vec::new(),
        };
        if workspace.plan.escalation.notify.is_none() {
            return news;
        }
        let open = after.escalations.values();
        news.raised = open.filter(|one| is_new(one, before)).cloned().collect();
        let asked = match &request.what {
            What::Escalate(asked) => asked,
            What::Taint { question, .. } => question,
            _ => return news,
        };
        let is_asked = |open: &&Escalation| {
            let mut streams = asked.streams.iter();
            streams.any(|one| open.cause_in(one) == Some(&asked.cause))
        };
        let is_due = |open: &&Escalation| {
            let last = open.notified.unwrap_or(open.raised);
            now().duration_since(last) >= workspace.plan.escalation.repeat
        };
        let open = after.escalations.values();
        let again = open.filter(is_asked).filter(is_due);
        let again = again.filter(|one| !news.raised.contains(one)).cloned();
        news.repeated = again.collect();
        news
    }

    /// The questions of which a person is told once more.
    pub(super) fn repeated(&self) -> impl Iterator<Item = &str> {
        self.repeated.iter().map(|one| one.id.as_str())
    }

    /// Tells a person. Answers what kept somebody from being told, one line each.
    pub(super) fn tell(&self, workspace: &Workspace<'_>) -> Vec<String> {
        let Some(command) = &workspace.plan.escalation.notify else {
            return Vec::new();
        };
        let raised = self.raised.iter().map(|one| ("raised", one));
        let all = raised.chain(self.repeated.iter().map(|one| ("repeated", one)));
        let failed = all.filter_map(|(event, one)| {
            let told = may(workspace).and_then(|()| run(workspace, command, event, one));
            let why = told.err()?;
            Some(format!("nobody was told of {}: {why}", one.id))
        });
        failed.collect()
    }
}

/// Whether a question, or what it is in one of its streams, was not there before.
fn is_new(open: &Escalation, before: &State) -> bool {
    open.streams.iter().any(|stream| {
        let known = before.questions_of(stream);
        let mut known = known.filter(|one| one.kind == open.kind);
        !known.any(|one| one.cause_in(stream) == open.cause_in(stream))
    })
}

fn may(workspace: &Workspace<'_>) -> Result<(), String> {
    match is_approved(workspace.repo, &workspace.plan) {
        Ok(true) => Ok(()),
        Ok(false) => Err(
            "the plan's `notify` is not approved; a person does it with `git stream init --approve`"
                .to_owned(),
        ),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs the command, and ends it with all that it has started when it takes too long.
#[expect(
    clippy::disallowed_methods,
    reason = "the plan's notify command, after its approval"
)]
fn run(
    workspace: &Workspace<'_>,
    command: &str,
    event: &str,
    question: &Escalation,
) -> Result<(), String> {
    let repo = workspace.repo;
    let place = repo.main_top().unwrap_or_else(|| repo.common_dir());
    let failed = |error: std::io::Error| format!("`{command}` did not run: {error}");
    let text = object(workspace, event, question).to_string();
    // Files, not pipes: what the command leaves running may keep them open as long as it likes.
    let mut input = tempfile::tempfile().map_err(failed)?;
    let said = tempfile::tempfile().map_err(failed)?;
    writeln!(input, "{text}").map_err(failed)?;
    input.rewind().map_err(failed)?;
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(place)
        .stdin(input)
        .stdout(Stdio::null())
        .stderr(said.try_clone().map_err(failed)?)
        .process_group(0);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        shell.env_remove(name);
    }
    let mut child = shell.spawn().map_err(failed)?;
    let group = Pid::from_child(&child);
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || done.send(child.wait()).ok());
    match wait.recv_timeout(LIMIT) {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("`{command}` failed ({status}){}", first_line(said))),
        Ok(Err(error)) => Err(failed(error)),
        Err(_late) => {
            kill_process_group(group, Signal::KILL).ok();
            Err(format!(
                "`{command}` took longer than {} s and was ended",
                LIMIT.as_secs()
            ))
        }
    }
}

fn first_line(mut said: File) -> String {
    let mut text = Vec::new();
    if said.rewind().is_err() || said.read_to_end(&mut text).is_err() {
        return String::new();
    }
    let line = text.lines().next();
    line.map_or_else(String::new, |line| format!(": {}", line.as_bstr()))
}

/// What the command reads: the fields of `git stream inbox --json`, and where it happened.
fn object(workspace: &Workspace<'_>, event: &str, question: &Escalation) -> Value {
    let paths: Vec<Value> = question
        .paths
        .iter()
        .map(|text| path::json(path::unquoted(text).as_bstr()))
        .collect();
    let repo = workspace.repo;
    let place = repo.main_top().unwrap_or_else(|| repo.common_dir());
    json!({
        "version": 1,
        "event": event,
        "repository": place.display().to_string(),
        "machine": workspace.machine.id,
        "id": question.id,
        "kind": question.kind,
        "streams": question.streams,
        "agent": question.agent,
        "owner": question.owner,
        "raised": question.raised,
        "question": question.question,
        "commit": question.commit.map(|id| id.to_string()),
        "base": question.base.map(|id| id.to_string()),
        "paths": paths,
        "evidence": question.evidence,
        "choices": question.choices,
    })
}
