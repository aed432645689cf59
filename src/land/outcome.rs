//! How did a landing end, and what does it say about it?

use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};
use serde_json::{Map, Value, json};

use crate::claim::Kept;
use crate::exit::Exit;
use crate::git::Id;
use crate::ledger::Check;
use crate::name::StreamName;
use crate::path;
use crate::sync::Question;
use crate::word;

/// The answer about one stream.
#[derive(Debug, Clone)]
pub struct Landed {
    /// The stream.
    pub stream: StreamName,
    /// The stream's commit that was looked at.
    pub old: Id,
    /// The base's commit that has it; where nothing has landed, the stream's.
    pub new: Id,
    /// The commit of the base that it was combined with.
    pub base: Id,
    /// The base branch.
    pub base_branch: String,
    /// How many commits of it the base has got, or would get.
    pub commits: usize,
    /// The check, where one was run or would be.
    pub check: Option<Checked>,
    /// What has happened.
    pub outcome: Outcome,
    /// What became of its worktree.
    pub left: Left,
    /// What the caller should know besides.
    pub notes: Vec<String>,
    /// Whether nothing was meant to change.
    pub dry_run: bool,
}

/// What has happened to a stream.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The base has it.
    Landed,
    /// Its pull request waits.
    Submitted(Submission),
    /// A person must decide; nothing has moved.
    Stopped(Box<Question>),
    /// It may not land; nothing has moved.
    Refused(Refused),
    /// There is nothing to land.
    Nothing,
}

/// A pull request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The remote.
    pub remote: String,
    /// The branch there.
    pub branch: String,
    /// What the command that opened it has said: its address, mostly.
    pub said: Option<String>,
    /// Whether anything was pushed, or would be.
    pub is_news: bool,
}

/// Why a stream may not land.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The word that tells a program which reason it is.
    pub cause: &'static str,
    /// One sentence without a full stop.
    pub reason: String,
    /// The same at length, where there is more to say.
    pub text: String,
    /// The paths it is about.
    pub paths: Vec<BString>,
    /// Sentences with one command each.
    pub hints: Vec<String>,
}

/// What became of the worktree and the branch of a stream that has landed.
#[derive(Debug, Clone, Default)]
pub struct Left {
    /// The worktree, where it stays, and why.
    pub worktree: Option<Kept>,
    /// How many commits were made meanwhile, and have not landed.
    pub unlanded: usize,
}

/// How a command of the plan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It succeeded.
    Passed,
    /// It failed.
    Failed,
    /// It took too long and was ended.
    TimedOut,
    /// It printed too much and was ended.
    TooMuch,
    /// A signal ended it.
    Killed,
    /// It was not run: a dry run, or there is none.
    NotRun,
}

/// A check, as an answer tells it.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The command; `None` where the plan has none.
    pub command: Option<String>,
    /// The tree it was run on.
    pub tree: Id,
    /// How it ended.
    pub ending: Ending,
    /// Its exit status; 128+n where signal n ended it.
    pub status: Option<i32>,
    /// What it printed, on this machine.
    pub log: Option<PathBuf>,
    /// The last lines of that.
    pub last: Vec<String>,
    /// The end of it, for the archive.
    pub tail: String,
    /// How long it took.
    pub seconds: u64,
}

impl Ending {
    /// The word that JSON uses.
    pub fn word(self) -> &'static str {
        match self {
            Ending::Passed => "passed",
            Ending::Failed => "failed",
            Ending::TimedOut => "timed-out",
            Ending::TooMuch => "too-much-output",
            Ending::Killed => "killed",
            Ending::NotRun => "not-run",
        }
    }
}

impl Ending {
    /// How it ended, in words: "failed with exit status 1".
    pub(super) fn how(self, status: i32, seconds: u64) -> String {
        match self {
            Ending::Passed => format!("passed in {seconds} s"),
            Ending::Failed => format!("failed with exit status {status}"),
            Ending::TimedOut => format!("took longer than {seconds} s and was ended"),
            Ending::TooMuch => "printed too much and was ended".to_owned(),
            Ending::Killed => format!("was ended by signal {}", status - 128),
            Ending::NotRun => "was not run".to_owned(),
        }
    }
}

impl Checked {
    /// A check that was not run.
    pub(super) fn not_run(command: Option<&str>, tree: Id) -> Checked {
        Checked {
            command: command.map(str::to_owned),
            tree,
            ending: Ending::NotRun,
            status: None,
            log: None,
            last: Vec::new(),
            tail: String::new(),
            seconds: 0,
        }
    }

    /// The check as it is written down, where it has passed.
    pub(super) fn passed(&self) -> Option<Check> {
        let command = self.command.clone();
        let command = command.filter(|_| self.ending == Ending::Passed)?;
        Some(Check {
            command,
            tree: self.tree,
            status: self.status.unwrap_or_default(),
            seconds: self.seconds,
        })
    }

    /// Whether it keeps the stream from landing.
    pub(super) fn is_bad(&self) -> bool {
        match self.ending {
            Ending::Passed | Ending::NotRun => false,
            Ending::Failed | Ending::TimedOut | Ending::TooMuch | Ending::Killed => true,
        }
    }

    /// How it ended, in words: "failed with exit status 1".
    pub(super) fn how(&self) -> String {
        let status = self.status.unwrap_or_default();
        self.ending.how(status, self.seconds)
    }

    /// As JSON has it.
    pub fn json(&self) -> Value {
        json!({
            "command": self.command,
            "status": self.status,
            "log": self.log.as_ref().map(|log| log.display().to_string()),
            "ending": self.ending.word(),
            "seconds": self.seconds,
            "tree": self.tree.to_string(),
        })
    }
}

impl Landed {
    /// The status that it means.
    pub fn exit(&self) -> Exit {
        match &self.outcome {
            Outcome::Landed | Outcome::Submitted(_) | Outcome::Nothing => Exit::Done,
            Outcome::Stopped(_) => Exit::Stopped,
            Outcome::Refused(_) => Exit::Refused,
        }
    }

    /// One line for people, without the narration.
    pub fn text(&self) -> String {
        let (stream, branch) = (&self.stream, &self.base_branch);
        let [landed, submitted, stopped, refused] = if self.dry_run {
            ["would land", "would submit", "would stop", "would refuse"]
        } else {
            ["landed", "submitted", "stopped", "refused"]
        };
        match &self.outcome {
            Outcome::Landed if self.commits == 0 => {
                format!(
                    "{stream} has landed: {branch} {} has all of it",
                    short(self.new)
                )
            }
            Outcome::Landed => {
                let commits = word::count(self.commits, "commit");
                format!(
                    "{landed} {stream}: {commits} onto {branch}, now {}",
                    short(self.new)
                )
            }
            Outcome::Submitted(review) if review.is_news => {
                let commits = word::count(self.commits, "commit");
                let what = format!("{submitted} {stream}: {commits} for {branch}");
                format!("{what}, as {} on {}", review.branch, review.remote)
            }
            Outcome::Submitted(review) => {
                let (branch, remote) = (&review.branch, &review.remote);
                format!("{stream} is in review, as {branch} on {remote}; nothing is new")
            }
            Outcome::Stopped(question) => format!("{stopped} {stream}: {}", question.question),
            Outcome::Refused(why) => format!("{refused} to land {stream}: {}", why.reason),
            Outcome::Nothing => format!("{stream} has nothing to land"),
        }
    }

    /// What was done on the way, one line each.
    pub fn narration(&self) -> Vec<String> {
        let mut lines = self.notes.clone();
        if let (Outcome::Landed | Outcome::Submitted(_), Some(check)) = (&self.outcome, &self.check)
        {
            lines.extend(match (&check.command, check.ending) {
                (None, _) => Some("the plan has no check: nothing was checked".to_owned()),
                (Some(command), Ending::NotRun) => Some(format!(
                    "`{command}` would have to pass first; it was not run"
                )),
                (Some(command), _) => Some(format!("`{command}` {}", check.how())),
            });
        }
        if let Outcome::Submitted(Submission {
            said: Some(said), ..
        }) = &self.outcome
        {
            lines.push(format!("its pull request: {said}"));
        }
        if let Some(kept) = &self.left.worktree {
            lines.push(format!(
                "kept '{}': {}",
                kept.path.display(),
                kept.reasons.join("; ")
            ));
        }
        if self.left.unlanded > 0 {
            let commits = word::count(self.left.unlanded, "commit");
            let (were, have) = match self.left.unlanded {
                1 => ("was", "has"),
                _ => ("were", "have"),
            };
            lines.push(format!(
                "{commits} {were} made meanwhile and {have} not landed; the stream goes on"
            ));
        }
        if self.dry_run {
            lines.push("nothing was changed (--dry-run)".to_owned());
        }
        lines
    }

    /// The paths and the output that a refusal is about, one line each.
    pub fn details(&self) -> Vec<String> {
        let Outcome::Refused(why) = &self.outcome else {
            return Vec::new();
        };
        why.text.lines().map(str::to_owned).collect()
    }

    /// Sentences with one command each.
    pub fn hints(&self) -> Vec<String> {
        match &self.outcome {
            Outcome::Stopped(question) => question.choices.clone(),
            Outcome::Refused(why) => why.hints.clone(),
            Outcome::Landed | Outcome::Submitted(_) | Outcome::Nothing => Vec::new(),
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
        put(
            "check",
            self.check.as_ref().map_or(Value::Null, Checked::json),
        );
        put("notes", json!(self.notes));
        if self.dry_run {
            put("dry_run", true.into());
        }
        match &self.outcome {
            Outcome::Landed => {
                let worktree = self.left.worktree.as_ref();
                put(
                    "worktree",
                    json!(worktree.map(|kept| kept.path.display().to_string())),
                );
                put(
                    "reasons",
                    json!(worktree.map_or(&[][..], |kept| &kept.reasons)),
                );
                put("unlanded", json!(self.left.unlanded));
            }
            Outcome::Submitted(review) => {
                put("remote", json!(review.remote));
                put("branch", json!(review.branch));
                put("said", json!(review.said));
                put("news", review.is_news.into());
            }
            Outcome::Stopped(question) => {
                put("reason", question.question.clone().into());
                put("escalation", question.json());
            }
            Outcome::Refused(why) => {
                let paths: Vec<Value> = why.paths.iter().map(|p| path::json(p.as_bstr())).collect();
                put("reason", why.reason.clone().into());
                put("cause", why.cause.into());
                put("paths", paths.into());
                put("hints", json!(why.hints));
            }
            Outcome::Nothing => {}
        }
        map
    }
}

impl Outcome {
    /// The word that JSON uses.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Landed => "landed",
            Outcome::Submitted(_) => "submitted",
            Outcome::Stopped(_) => "stopped",
            Outcome::Refused(_) => "refused",
            Outcome::Nothing => "nothing",
        }
    }
}

/// The first digits of an id, for people.
pub(super) fn short(id: Id) -> String {
    id.to_hex_with_len(12).to_string()
}
