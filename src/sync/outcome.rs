//! How did a sync end, and what does it say about it?

use bstr::ByteSlice as _;
use serde_json::{Map, Value, json};

use super::all::Behind;
use super::question::short;
use super::{Aside, Dropped, Obstacle, Question, Recalled, Replay, Why};
use crate::exit::Exit;
use crate::git::Id;
use crate::name::StreamName;
use crate::path;
use crate::word;

/// What is said at the end of a dry run.
pub const DRY_RUN: &str = "nothing was changed (--dry-run)";

/// The answer about one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// The stream.
    pub stream: StreamName,
    /// Where its branch was.
    pub old: Id,
    /// Where its branch is; with `--dry-run`, where it would be.
    pub new: Id,
    /// The commit of the base.
    pub base: Id,
    /// The base branch.
    pub base_branch: String,
    /// How many commits of the stream the base does not have.
    pub commits: usize,
    /// What has happened.
    pub outcome: Outcome,
    /// Uncommitted work that was in the way, and what became of it.
    pub aside: Option<Aside>,
    /// The conflicts that were resolved as a person did it before.
    pub recalled: Vec<Recalled>,
    /// What the caller should know besides.
    pub notes: Vec<String>,
    /// Whether nothing was meant to change.
    pub dry_run: bool,
}

/// What has happened to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was moved.
    Rebased(Replay),
    /// It stands on the base already.
    UpToDate,
    /// All of it is on the base, and the branch is there, too.
    Landed(Replay),
    /// It was moved to what a person has resolved.
    Resolved(Replay),
    /// What a person has resolved waits until this is out of the way.
    Pending(Obstacle),
    /// A person must decide; nothing was moved.
    Stopped(Box<Question>),
    /// It cannot be moved now; nothing was changed.
    Refused(Obstacle),
    /// Somebody is at work in it, and it was not moved under them.
    Behind(Behind),
}

impl Synced {
    /// The status that it means.
    pub fn exit(&self) -> Exit {
        let is_kept = self.aside.as_ref().is_some_and(|aside| !aside.put_back);
        match &self.outcome {
            Outcome::Rebased(_) | Outcome::Landed(_) | Outcome::Resolved(_) if is_kept => {
                Exit::Stopped
            }
            Outcome::Rebased(_) | Outcome::UpToDate | Outcome::Landed(_) | Outcome::Resolved(_) => {
                Exit::Done
            }
            Outcome::Pending(_) | Outcome::Behind(_) => Exit::Busy,
            Outcome::Stopped(_) => Exit::Stopped,
            Outcome::Refused(_) => Exit::Refused,
        }
    }

    /// One line for people.
    pub fn text(&self) -> String {
        let (stream, branch) = (&self.stream, &self.base_branch);
        let base = format!("{branch} {}", short(self.base));
        let [rebased, moved, resolved, stopped, refused] = if self.dry_run {
            [
                "would rebase",
                "would move",
                "would resolve",
                "would stop",
                "would refuse",
            ]
        } else {
            ["rebased", "moved", "resolved", "stopped", "refused"]
        };
        match &self.outcome {
            Outcome::Rebased(replay) if replay.picked.is_empty() => {
                format!("{moved} {stream} to {base}: it has no commits of its own")
            }
            Outcome::Rebased(replay) => {
                let commits = word::count(replay.picked.len(), "commit");
                format!("{rebased} {stream}: {commits} onto {base}")
            }
            Outcome::UpToDate => {
                let commits = word::count(self.commits, "commit");
                format!("{stream} is up to date: {commits} on {base}")
            }
            Outcome::Landed(_) => format!("{stream} has landed: {base} has all of it"),
            Outcome::Resolved(replay) => {
                let commits = word::count(replay.picked.len(), "commit");
                format!("{resolved} {stream}: {commits} on {branch}")
            }
            Outcome::Pending(obstacle) => format!(
                "{stream} is resolved, and cannot move there yet: {}",
                obstacle.reason()
            ),
            Outcome::Stopped(question) => format!("{stopped} {stream}: {}", question.question),
            Outcome::Refused(obstacle) => {
                format!("{refused} to move {stream}: {}", obstacle.reason())
            }
            Outcome::Behind(behind) => format!("left {stream} alone: {}", behind.words(branch)),
        }
    }

    /// What was done on the way, one line each.
    pub fn narration(&self) -> Vec<String> {
        let mut lines = self.details();
        if self.dry_run {
            lines.push(DRY_RUN.to_owned());
        }
        lines
    }

    /// The same without the reminder that it was a dry run.
    pub fn details(&self) -> Vec<String> {
        let mut lines = self.notes.clone();
        if !matches!(self.outcome, Outcome::Stopped(_)) {
            lines.extend(self.recalled.iter().map(Recalled::text));
        }
        let aside = self.aside.as_ref();
        lines.extend(aside.map(|aside| aside.text(self.dry_run)));
        if let Outcome::Rebased(replay) | Outcome::Landed(replay) | Outcome::Resolved(replay) =
            &self.outcome
        {
            lines.extend(replay.dropped.iter().map(|dropped| {
                let (id, subject) = (short(dropped.id), &dropped.subject);
                format!(
                    "dropped {id} '{subject}': {}",
                    dropped.why.words(&self.base_branch)
                )
            }));
            if replay.merges > 0 {
                let merges = match replay.merges {
                    1 => "1 merge was".to_owned(),
                    many => format!("{many} merges were"),
                };
                lines.push(format!("{merges} flattened, as `git rebase` does"));
            }
        }
        lines
    }

    /// Sentences with one command each.
    pub fn hints(&self) -> Vec<String> {
        if let Some(aside) = self
            .aside
            .as_ref()
            .filter(|aside| !aside.put_back && !self.dry_run)
        {
            let name = &aside.name;
            return vec![format!(
                "Put it back, and resolve it, with `git stash apply {name}` in the stream's \
                 worktree; then let go of it with `git update-ref -d {name}`."
            )];
        }
        match &self.outcome {
            Outcome::Stopped(question) => question.choices.clone(),
            Outcome::Refused(obstacle) | Outcome::Pending(obstacle) => obstacle.hints(&self.stream),
            Outcome::Behind(_) => vec![format!(
                "Its agent syncs it at a point that suits; move it all the same with \
                 `git stream sync {}`.",
                self.stream
            )],
            Outcome::Rebased(_) | Outcome::UpToDate | Outcome::Landed(_) | Outcome::Resolved(_) => {
                Vec::new()
            }
        }
    }

    /// The answer's object.
    pub fn json(&self) -> Map<String, Value> {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        put("outcome", self.outcome.word().into());
        put("stream", json!(self.stream));
        put("old", self.old.to_string().into());
        put("new", self.new.to_string().into());
        put("base", self.base.to_string().into());
        put("base_branch", json!(self.base_branch));
        put("commits", json!(self.commits));
        put("notes", json!(self.notes));
        if !self.recalled.is_empty() {
            let recalled: Vec<Value> = self.recalled.iter().map(Recalled::json).collect();
            put("remembered", recalled.into());
        }
        if let Some(aside) = &self.aside {
            put("autostash", aside.json());
        }
        if self.dry_run {
            put("dry_run", true.into());
        }
        match &self.outcome {
            Outcome::Rebased(replay) | Outcome::Landed(replay) | Outcome::Resolved(replay) => {
                let dropped: Vec<Value> = replay.dropped.iter().map(Dropped::json).collect();
                put("dropped", dropped.into());
                put("merges_flattened", replay.merges.into());
            }
            Outcome::UpToDate => {}
            Outcome::Behind(behind) => {
                put("reason", behind.words(&self.base_branch).into());
                put("behind", behind.behind.into());
                put("live", behind.live.json());
                put("hints", json!(self.hints()));
            }
            Outcome::Stopped(question) => {
                put("reason", question.question.clone().into());
                put("escalation", question.json());
            }
            Outcome::Refused(obstacle) | Outcome::Pending(obstacle) => {
                let paths: Vec<Value> = obstacle
                    .paths()
                    .iter()
                    .map(|p| path::json(p.as_bstr()))
                    .collect();
                put("reason", obstacle.reason().into());
                put("cause", obstacle.cause());
                put("paths", paths.into());
                put("hints", json!(obstacle.hints(&self.stream)));
            }
        }
        map
    }
}

impl Outcome {
    /// The word that JSON uses.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Rebased(_) => "rebased",
            Outcome::UpToDate => "up-to-date",
            Outcome::Landed(_) => "landed",
            Outcome::Resolved(_) => "resolved",
            Outcome::Pending(_) => "pending",
            Outcome::Stopped(_) => "stopped",
            Outcome::Refused(_) => "refused",
            Outcome::Behind(_) => "behind",
        }
    }
}

impl Behind {
    /// In one sentence without a full stop.
    pub(super) fn words(&self, base: &str) -> String {
        let commits = word::count(self.behind, "commit");
        let live = self.live.words();
        format!("{commits} behind {base}, and {live}")
    }
}

impl Dropped {
    fn json(&self) -> Value {
        json!({
            "commit": self.id.to_string(),
            "subject": self.subject.to_str_lossy(),
            "why": self.why.word(),
        })
    }
}

impl Why {
    fn word(self) -> &'static str {
        match self {
            Why::SameChange => "same-change",
            Why::Landed(_) => "landed",
            Why::BecameEmpty => "became-empty",
        }
    }

    fn words(self, base: &str) -> String {
        match self {
            Why::SameChange => format!("{base} has a commit with the same change"),
            Why::Landed(by) => format!("it has landed on {base} as {}", short(by)),
            Why::BecameEmpty => format!("{base} has what it changes already"),
        }
    }
}
