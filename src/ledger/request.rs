//! What can be asked of the ledger?
//!
//! A request is plain data: it can be written down, wait, and be decided again on a newer state.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::hex;
use super::landing::{LandedStream, Review};
use super::operation::OpId;
use super::record::{Base, Escalation, Kind, On, RefMove, Stream, Work};
use crate::git::Id;
use crate::name::{AgentName, StreamName};
use crate::pattern::PatternSet;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The name.
    pub agent: AgentName,
    /// Whether it is a person.
    pub kind: Kind,
    /// Tells apart two terminals of one person, where no name was given.
    pub session: String,
    /// The machine it runs on.
    pub machine: String,
    /// Whether the name was given on purpose: only then does a name alone prove who it is.
    pub named: bool,
    /// The stream in whose worktree the actor stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<StreamName>,
}

/// One change that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The operation it belongs to.
    pub op: OpId,
    /// When it was asked.
    pub at: Timestamp,
    /// Who asks.
    pub by: Actor,
    /// What is asked for.
    pub what: What,
    /// The commit of the base that the caller found trustworthy: the record follows it.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub trusted: Option<Id>,
    /// The commit of the base that was on record when the caller looked: the record follows from
    /// there only. What has moved the base itself knows better, and names none.
    #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Id>,
    /// The refs that move together with the ledger, or not at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<RefMove>,
    /// The refs that git has moved already: written down, and not moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<RefMove>,
    /// The refs of the base's remote that move together with the ledger there, or not at all, by
    /// their names there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<RefMove>,
    /// Those that have moved there already: written down, and not moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<RefMove>,
}

/// What a holder says about its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It is complete, and may land.
    Complete,
    /// It cannot be done.
    Failed,
    /// There is more to do after all.
    Working,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum What {
    /// Record the base branch, or that a newer commit of it is trusted.
    Base {
        /// The branch and the commit.
        base: Base,
        /// Why, in words.
        why: String,
    },
    /// Take a stream: the intent, before its branch and worktree are made.
    Claim(Box<NewClaim>),
    /// Take a stream from its holder. Counts when it is acknowledged.
    TakeOver(Box<TakeOver>),
    /// The worktree of a claim is ready.
    Claimed {
        /// The stream.
        stream: StreamName,
        /// What git calls the worktree.
        worktree_id: String,
    },
    /// Own more: patterns that nobody owns, holds or plans.
    Add {
        /// The stream.
        stream: StreamName,
        /// The new patterns.
        files: PatternSet,
    },
    /// Say that the holder is alive.
    Renew {
        /// The stream.
        stream: StreamName,
    },
    /// Begin to do something to a stream's refs or files.
    Begin {
        /// The stream.
        stream: StreamName,
        /// What: `release`, `sync`.
        verb: String,
        /// The refs it is about to move.
        intends: Vec<RefMove>,
    },
    /// Give a stream back.
    Released {
        /// The stream.
        stream: StreamName,
        /// What is left on its branch, if anything is.
        work: Option<Work>,
        /// Whether all of it is on the base.
        landed: bool,
    },
    /// A stream stands on a newer base.
    Synced {
        /// The stream.
        stream: StreamName,
        /// The commit of the base that it stands on now.
        #[serde(with = "hex")]
        start: Id,
        /// Whether all of it is on the base.
        landed: bool,
        /// How many commits it has there.
        commits: usize,
        /// The stream that it is stacked on still.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<On>,
    },
    /// An operation is taken back: the stream's record is what it was before. Has to be
    /// acknowledged where somebody else may hold the stream's paths afterwards.
    Undone(Box<Undo>),
    /// A stream is back at an earlier point of its own history. May ride along.
    RolledBack {
        /// The stream.
        stream: StreamName,
        /// Where its branch is then.
        #[serde(with = "hex")]
        tip: Id,
        /// The commit of the base that this stands on.
        #[serde(with = "hex")]
        start: Id,
    },
    /// Begin to land streams: nobody else works on them meanwhile. Asked again by the same
    /// operation, it says which refs are about to move. Counts when it is acknowledged.
    Landing {
        /// The streams, each after those that it depends on.
        streams: Vec<StreamName>,
        /// The refs it is about to move here.
        intends: Vec<RefMove>,
        /// The refs it is about to move on the base's remote.
        publish: Vec<RefMove>,
    },
    /// The base has them. Counts when it is acknowledged, together with the base.
    Landed {
        /// The streams, all of them by one move of the base.
        landed: Vec<LandedStream>,
        /// The operation that it takes back, where that had taken a landing back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes: Option<OpId>,
    },
    /// Begin to take a landing back: its streams are held again, as before it, and nobody else
    /// works on them. Asked again by the same operation, it says which refs are about to move.
    /// Counts when it is acknowledged.
    Reopen {
        /// The streams, with the records that are to come back.
        back: Vec<Undo>,
        /// The refs it is about to move here.
        intends: Vec<RefMove>,
        /// The refs it is about to move on the base's remote.
        publish: Vec<RefMove>,
    },
    /// The base is without them again. Counts when it is acknowledged, together with the base.
    Unlanded {
        /// The streams, with the records that come back.
        back: Vec<Undo>,
        /// The commit of the base that takes them back; `None` where the base went back itself.
        #[serde(with = "hex::option", default, skip_serializing_if = "Option::is_none")]
        by: Option<Id>,
    },
    /// After a landing: more was committed meanwhile, and its holder goes on. May ride along.
    GoesOn {
        /// The stream.
        stream: StreamName,
        /// How many commits it has beyond what has landed.
        commits: usize,
    },
    /// Say how far a stream is. May ride along.
    Report {
        /// The stream.
        stream: StreamName,
        /// How far.
        how: How,
        /// Why, in words.
        note: Option<String>,
    },
    /// A stream's branch is pushed, and its pull request waits. Counts when it is acknowledged.
    Submitted {
        /// The stream.
        stream: StreamName,
        /// What was pushed.
        review: Box<Review>,
        /// The end of what the check has printed.
        #[serde(default)]
        log: String,
    },
    /// A stream's pull request was merged. May ride along: the base says so already.
    Merged {
        /// How the base got it.
        landed: Box<LandedStream>,
    },
    /// A stream's pull request was closed without a merge. May ride along.
    Returned {
        /// The stream.
        stream: StreamName,
        /// Why, in words.
        why: String,
    },
    /// A stream's pull request waits again: its branch is back where it was. May ride along.
    Reopened {
        /// The stream.
        stream: StreamName,
    },
    /// An operation that was begun came to nothing, or died: forget its intent.
    Abandon {
        /// The stream.
        stream: StreamName,
        /// The operation whose intent it is.
        dead: OpId,
    },
    /// A stream's history breaks the rule: nothing of it may land until it is clean again.
    Taint {
        /// The stream.
        stream: StreamName,
        /// What breaks it, in one line.
        why: String,
        /// The question to a person, of the kind [`Escalation::TAINTED`].
        question: Box<Escalation>,
    },
    /// A stream's history is clean again.
    Untaint {
        /// The stream.
        stream: StreamName,
    },
    /// Ask a person.
    Escalate(Box<Escalation>),
    /// A person was told once more of a question that is open for long. It may ride along.
    Notified {
        /// The question.
        id: String,
    },
    /// A question needs no answer any more.
    Close {
        /// The question.
        id: String,
        /// Why.
        why: String,
    },
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is asked here is asked of landings, and of what takes them back"
)]
impl What {
    /// The streams that a landing, or what takes one back, is about.
    pub fn streams(&self) -> Vec<StreamName> {
        match self {
            What::Landed { landed, .. } => landed.iter().map(|one| one.stream.clone()).collect(),
            What::Reopen { back, .. } | What::Unlanded { back, .. } => {
                back.iter().map(|undo| undo.stream.clone()).collect()
            }
            What::Landing { streams, .. } => streams.clone(),
            _ => Vec::new(),
        }
    }

    /// The commit that the base has when it counts, where the base only grows by it.
    pub fn leads_base_to(&self) -> Option<Id> {
        match self {
            What::Landed { landed, .. } => landed.first().map(|one| one.landing.new),
            What::Unlanded { by, .. } => *by,
            _ => None,
        }
    }

    /// The operation that it takes back, if it does that.
    pub(super) fn undoes(&self) -> Option<&OpId> {
        match self {
            What::Undone(undo) => Some(&undo.op),
            What::Unlanded { back, .. } => back.first().map(|undo| &undo.op),
            What::Landed { undoes, .. } => undoes.as_ref(),
            _ => None,
        }
    }

    /// Whether it takes paths that somebody else could own: deciding it means comparing patterns.
    pub(super) fn compares(&self) -> bool {
        match self {
            What::Claim(_) | What::Add { .. } | What::Reopen { .. } => true,
            What::Undone(undo) => undo.left.claim.is_none() && undo.back.claim.is_some(),
            _ => false,
        }
    }
}

/// An operation that is to be taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// The stream.
    pub stream: StreamName,
    /// The operation.
    pub op: OpId,
    /// Its verb.
    pub verb: String,
    /// Who did it.
    pub whose: AgentName,
    /// The stream's record as the operation left it: it must still be like that.
    pub left: Stream,
    /// What it was before.
    pub back: Stream,
    /// The questions that it changed.
    pub questions: Vec<Reverted>,
}

/// A question that an operation closed, opened or changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reverted {
    /// The question.
    pub id: String,
    /// As the operation left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Escalation>,
    /// What it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Escalation>,
}

/// A takeover that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// The claim that is to come; it owns what the one before has owned.
    pub claim: NewClaim,
    /// The epoch that is to end.
    pub epoch: u64,
    /// How the record looked for as long as the lease, where that has ended: see [`Stream::mark`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<String>,
    /// For how long the caller's machine has seen nothing of the holder.
    pub silence: SignedDuration,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The ref that keeps the former holder's commits, on its machine.
    pub kept: String,
}

/// A claim that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewClaim {
    /// The stream.
    pub stream: StreamName,
    /// The patterns given on the command line; `None` takes those of the plan.
    pub files: Option<PatternSet>,
    /// The commit to start from: the base's, or that of work which is adopted.
    #[serde(with = "hex")]
    pub tip: Id,
    /// The commit of the base that it forks from.
    #[serde(with = "hex")]
    pub start: Id,
    /// Whether the caller named `tip` (`--from`): a different branch of the stream's name is then
    /// in the way, and the stream's earlier work is not resumed.
    pub adopts: bool,
    /// The base branch.
    pub base: String,
    /// Where its worktree will be.
    pub worktree: String,
    /// After how long without a sign of life others may take it over.
    pub lease: SignedDuration,
    /// The stream that it is stacked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<On>,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.agent.fmt(f)
    }
}
