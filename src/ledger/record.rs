//! What is written down about a stream, and about a question to a person?
//!
//! These are the files in the ledger's tree. Keys that a newer version has added are kept as they
//! are when an older one rewrites a file; a change that an older version must not touch bumps the
//! ledger's format instead.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::hex;
use super::landing::{Landing, Review};
use super::operation::OpId;
use crate::git::Id;
use crate::name::{AgentName, StreamName};
use crate::pattern::{PatternSet, Territory};
use crate::plan::After;

/// Where a stream stands. `tainted` is no state but a mark on any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamState {
    /// Nobody holds it; it may have work on its branch.
    Unclaimed,
    /// Somebody holds it and works.
    InProgress,
    /// Somebody holds it, and a question to a person is open.
    Blocked,
    /// Its holder says that it is complete.
    Completed,
    /// Its pull request waits.
    InReview,
    /// Its work is on the base.
    Landed,
    /// Its holder gave up, or its check failed for good.
    Failed,
}

impl StreamState {
    /// Every state.
    pub const ALL: [StreamState; 7] = [
        StreamState::Unclaimed,
        StreamState::InProgress,
        StreamState::Blocked,
        StreamState::Completed,
        StreamState::InReview,
        StreamState::Landed,
        StreamState::Failed,
    ];

    /// Whether a stream that depends on one which stands there may start.
    pub fn is_enough(self, after: After) -> bool {
        match self {
            StreamState::Landed => true,
            StreamState::InReview => after == After::InReview,
            StreamState::Unclaimed
            | StreamState::InProgress
            | StreamState::Blocked
            | StreamState::Completed
            | StreamState::Failed => false,
        }
    }

    /// The word used in the ledger, in JSON and in tables.
    pub fn name(self) -> &'static str {
        match self {
            StreamState::Unclaimed => "unclaimed",
            StreamState::InProgress => "in-progress",
            StreamState::Blocked => "blocked",
            StreamState::Completed => "completed",
            StreamState::InReview => "in-review",
            StreamState::Landed => "landed",
            StreamState::Failed => "failed",
        }
    }
}

impl fmt::Display for StreamState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The base branch, and the commit of it that is trusted where there is no remote to ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Base {
    /// The short name of the branch.
    pub branch: String,
    /// The remote whose branch it is, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The ref of that remote which is the ledger of all machines; `None` where the ledger is of
    /// this repository alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// The newest commit of it that was accepted.
    #[serde(with = "hex")]
    pub commit: Id,
    /// Keys of newer versions.
    #[serde(flatten)]
    pub extra: toml::Table,
}

/// Whether a person or an agent did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whoever runs without an agent's identity or environment.
    Person,
    /// Whoever runs with an agent's identity, or under an agent's process environment.
    Agent,
}

/// One stream: the file `streams/<name>.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stream {
    /// Where it stands.
    pub state: StreamState,
    /// Grows each time the stream changes hands; what carries an old one is refused.
    pub epoch: u64,
    /// How often it has been worked on from the start; grows when a landed stream is claimed.
    pub round: u64,
    /// Why nothing of it may land until its history is clean again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tainted: Option<String>,
    /// Who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// What was left on its branch when nobody held it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Work>,
    /// How its work came onto the base, the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landing: Option<Landing>,
    /// The pull request that waits, or the last one where that was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// From whom it was taken over, the last one last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Former>,
    /// Keys of newer versions.
    #[serde(flatten)]
    pub extra: toml::Table,
}

/// One agent's exclusive hold of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Claim {
    /// The holder.
    pub agent: AgentName,
    /// Whether the holder is a person.
    pub kind: Kind,
    /// Tells apart two terminals of one person, where no name was given.
    pub session: String,
    /// Where its worktree is.
    pub machine: String,
    /// The top of its worktree on that machine.
    pub worktree: String,
    /// What git calls that worktree; empty until it is made.
    #[serde(default)]
    pub worktree_id: String,
    /// A small number of its own among the held streams, for ports and the like.
    pub slot: u32,
    /// When it was taken.
    pub taken: Timestamp,
    /// When the holder was last heard of.
    pub renewed: Timestamp,
    /// How long after that others may take it over.
    pub lease: SignedDuration,
    /// The base branch it started from.
    pub base: String,
    /// The commit of the base it started from, or was last moved onto.
    #[serde(with = "hex")]
    pub start: Id,
    /// What it owns: a union of pattern sets, each with its own excludes …
    pub files: Vec<PatternSet>,
    /// … minus what it has given away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub away: Vec<PatternSet>,
    /// The stream that it is stacked on, until that has landed and this one was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<On>,
    /// An operation that was begun and is not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Keys of newer versions.
    #[serde(flatten)]
    pub extra: toml::Table,
}

impl Claim {
    /// What the claim owns.
    pub fn territory(&self) -> Territory {
        Territory {
            sets: self.files.clone(),
            away: self.away.clone(),
        }
    }
}

/// A holder whose stream somebody else has taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Former {
    /// The holder.
    pub agent: AgentName,
    /// Its machine.
    pub machine: String,
    /// Its worktree there, which stays as it was.
    pub worktree: String,
    /// What git calls that worktree.
    #[serde(default)]
    pub worktree_id: String,
    /// The epoch that has ended.
    pub epoch: u64,
    /// Who took it over.
    pub by: AgentName,
    /// When.
    pub at: Timestamp,
    /// Why, where the lease had not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The ref that keeps its commits, on its machine.
    pub kept: String,
}

impl Stream {
    /// The record of a stream that nobody has claimed yet.
    pub fn unclaimed() -> Stream {
        Stream {
            state: StreamState::Unclaimed,
            epoch: 0,
            round: 1,
            tainted: None,
            claim: None,
            work: None,
            landing: None,
            review: None,
            former: Vec::new(),
            extra: toml::Table::new(),
        }
    }

    /// Whether the intent of its claim is that of a landing which the base has, and of which only
    /// the claim and the worktree are left. That it is landed does not say so: that may have been
    /// before, and more was committed since.
    pub fn has_counted(&self) -> bool {
        let claim = self.claim.as_ref();
        let intent = claim.and_then(|claim| claim.intent.as_ref());
        let by = self
            .landing
            .as_ref()
            .and_then(|landing| landing.op.as_ref());
        let lands = intent.is_some_and(|intent| intent.verb == "land" && by == Some(&intent.op));
        lands && self.state == StreamState::Landed
    }

    /// The hold that has ended by a takeover, of a worktree of a machine that the stream does not
    /// have any more; `top` is where the worktree is.
    pub fn lost(&self, machine: &str, worktree_id: &str, top: &Path) -> Option<&Former> {
        let is_its = |claim: &Claim| claim.machine == machine && claim.worktree_id == worktree_id;
        if self.claim.as_ref().is_some_and(is_its) {
            return None;
        }
        let mut last = self.former.iter().rev();
        // What git calls it may not have been known yet to whoever has taken the stream.
        last.find(|one| match one.worktree_id.as_str() {
            _ if one.machine != machine => false,
            "" => Path::new(&one.worktree) == top,
            id => id == worktree_id,
        })
    }
}

/// The stream that a claim is stacked on, while that is in review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct On {
    /// That stream.
    pub stream: StreamName,
    /// Which round of it.
    pub round: u64,
    /// Its commit that the claim's own commits stand on.
    #[serde(with = "hex")]
    pub tip: Id,
}

/// An operation that was begun: what it is about to do to refs and files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Intent {
    /// The operation; its lock is held as long as it lives.
    pub op: OpId,
    /// The verb.
    pub verb: String,
    /// The machine it runs on; nobody else can tell whether it is alive.
    pub machine: String,
    /// When it began.
    pub since: Timestamp,
    /// The refs it is about to move, as `name old new`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<RefMove>,
    /// The refs it is about to move on the base's remote, by their names there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<RefMove>,
}

impl Intent {
    /// The verb of who takes a landing back, where the stream is held again for it: if that comes to
    /// nothing, nobody holds it any more.
    pub const REOPEN: &'static str = "reopen";
    /// The same where its holder had gone on.
    pub const UNLAND: &'static str = "unland";

    /// Whether it is that of a landing, or of who takes one back.
    pub fn is_of_landing(&self) -> bool {
        ["land", Intent::REOPEN, Intent::UNLAND].contains(&self.verb.as_str())
    }
}

/// A ref's way from one commit to another, as the ledger records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefMove {
    /// The full name.
    pub name: String,
    /// Where it was.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Id>,
    /// Where it went.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Id>,
}

/// What was left on a stream's branch when its claim ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Work {
    /// The tip of the branch.
    #[serde(with = "hex")]
    pub tip: Id,
    /// The commit of the base that it started from.
    #[serde(with = "hex")]
    pub start: Id,
    /// Who had it.
    pub agent: AgentName,
    /// The worktree that was kept, because something in it is nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
    /// The machine of that worktree.
    pub machine: String,
    /// The stream that it was stacked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<On>,
}

/// A question to a person: the file `escalations/<id>.toml`, as long as it is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Escalation {
    /// Short, and the same as the file's name.
    pub id: String,
    /// What sort of question: `conflict`, `base-moved`, …
    pub kind: String,
    /// The streams that wait for the answer.
    pub streams: Vec<StreamName>,
    /// Who ran into it.
    pub agent: AgentName,
    /// The person it goes to, where the plan names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When.
    pub raised: Timestamp,
    /// The question, in one sentence.
    pub question: String,
    /// The same for the same cause, so that nothing is asked twice.
    pub cause: String,
    /// The commit that could not be applied, where there is one.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Id>,
    /// The base that it met.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Id>,
    /// The paths it is about, as git's quoted form where they are not plain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The evidence, for people: what git said, the conflict itself.
    #[serde(default)]
    pub evidence: String,
    /// What the person can do: a sentence with one command each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What on the base it comes from: streams that the same thing has stopped share a question.
    /// Empty where it concerns one stream alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// When a person was last told of it by the plan's `notify`, if not when it was raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notified: Option<Timestamp>,
    /// What it is in each of its streams, where there are several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<StreamName, Part>,
    /// Keys of newer versions.
    #[serde(flatten)]
    pub extra: toml::Table,
}

/// What a question of several streams is in one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Part {
    /// Who ran into it.
    pub agent: AgentName,
    /// The person it goes to, where the plan names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The question, in one sentence.
    pub question: String,
    /// The same for the same cause.
    pub cause: String,
    /// The commit that could not be applied, where there is one.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Id>,
    /// The base that it met.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Id>,
    /// The paths it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The evidence.
    #[serde(default)]
    pub evidence: String,
    /// What the person can do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

impl Escalation {
    /// A commit could not be applied to the base.
    pub const CONFLICT: &'static str = "conflict";
    /// A rename on the base carried a stream's edits out of its patterns.
    pub const RENAMED: &'static str = "renamed-out-of-scope";
    /// The base branch was rewritten, or is gone.
    pub const BASE_MOVED: &'static str = "base-moved";
    /// The kind that asks how a tainted stream shall become clean; it goes with the mark.
    pub const TAINTED: &'static str = "tainted";
    /// Uncommitted work that could not be put back after a move; it goes with the ref that keeps
    /// it.
    pub const KEPT: &'static str = "uncommitted-kept";

    /// What it is in one of its streams.
    pub fn cause_in(&self, stream: &StreamName) -> Option<&str> {
        let is_there = self.streams.contains(stream);
        let part = self.parts.get(stream).map(|part| part.cause.as_str());
        is_there.then(|| part.unwrap_or(&self.cause))
    }

    /// The kind that says that a check has failed in the queue.
    pub const CHECK_FAILED: &'static str = "check-failed";

    /// Whether a landing finds out by itself, each time, if there is still reason to ask.
    pub fn is_decided_again(&self) -> bool {
        let kinds = [
            Escalation::TAINTED,
            Escalation::CONFLICT,
            Escalation::BASE_MOVED,
            Escalation::RENAMED,
            Escalation::CHECK_FAILED,
        ];
        kinds.contains(&self.kind.as_str())
    }
}
