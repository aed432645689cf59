//! What does `streams.toml` say, and what is wrong with it?
//!
//! Bytes in, [`Parsed`] out: this module reads no file and asks git nothing. A plan is either
//! whole and valid or not there; every mistake of a document is reported in one run, with its line
//! and with what to write instead. What needs the repository's files (which of them nobody owns)
//! is asked elsewhere.
//!
//! ```text
//! bytes → document (size, UTF-8, TOML) → section by section (keys, types, values)
//!       → streams against each other (names, references, cycles, overlaps) → plan, or problems
//! ```
//!
//! `docs/plan.md` is the reference of every key; a test holds it to the reader.

mod command;
mod cycle;
mod document;
mod found;
mod meeting;
mod overlap;
mod problem;
mod read;
mod rules;
mod schema;
mod section;
mod streams;
mod value;
mod wave;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use command::{Command, CommandKind};
pub use document::{parse, parse_quickly};
pub use problem::{Invalid, Parsed, Problem, kind};
pub use rules::{
    After, AgentRules, ClaimRules, Derived, Escalation, Land, Milestone, OnFailure, Policy,
    Resolver, Shared, Strategy, SyncRules, Through, Widen, Worktrees,
};
pub use wave::waves;

use crate::name::{AgentName, StreamName};
use crate::pattern::PatternSet;

/// The ledger's ref, unless the plan says otherwise.
pub const LEDGER: &str = "refs/stream/ledger";
/// The ledger's ref for hosts that take branches only.
pub const LEDGER_BRANCH: &str = "refs/heads/stream-ledger";
/// The longest `streams.toml` that is read, in bytes.
pub const LONGEST_PLAN: usize = 1 << 20;
/// The most streams that a plan may have.
pub const MOST_STREAMS: usize = 1000;
/// The most cycles, and the most overlaps, that one run reports: each may have a great many causes.
const MOST_REPORTED: usize = 200;

/// A valid plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The short name of the branch that streams start from and land on.
    pub base: String,
    /// Whether the plan names the base itself.
    pub base_given: bool,
    /// The git remote through which the ledger is shared.
    pub remote: Option<String>,
    /// The ledger's full ref name, [`LEDGER`] or [`LEDGER_BRANCH`].
    pub ledger: String,
    /// How long claims last and how they grow.
    pub claim: ClaimRules,
    /// Where worktrees are and how they are made ready.
    pub worktrees: Worktrees,
    /// The paths that no stream owns.
    pub shared: Shared,
    /// The files that a command can regenerate.
    pub derived: Derived,
    /// How streams follow their base.
    pub sync: SyncRules,
    /// How streams land.
    pub land: Land,
    /// How people learn of questions.
    pub escalation: Escalation,
    /// What the guard lets through beyond plain files.
    pub policy: Policy,
    /// The agents that `run` can start.
    pub agents: BTreeMap<AgentName, AgentRules>,
    /// The streams.
    pub streams: BTreeMap<StreamName, Stream>,
    /// The synchronization points.
    pub milestones: BTreeMap<String, Milestone>,
}

/// One stream of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What it is, in a few words.
    pub description: Option<String>,
    /// The person its questions go to.
    pub owner: Option<String>,
    /// What it owns, before shared files are taken away; includes at least one path.
    pub files: PatternSet,
    /// Who is meant to do it; not necessarily one of [`Plan::agents`].
    pub agent: Option<AgentName>,
    /// The streams that come first, as written, each once.
    pub dependencies: Vec<StreamName>,
    /// The streams that never run at the same time, as written, each once. The relation holds in
    /// both directions: ask [`Plan::conflicts_of`].
    pub conflicts: Vec<StreamName>,
    /// What is to be done.
    pub work: Option<String>,
    /// What its failure means for the others.
    pub on_failure: OnFailure,
    /// Where it stands in the plan, counted from 1.
    pub line: usize,
}

impl Plan {
    /// What counts where there is no `streams.toml`: every default, and no stream.
    pub fn empty() -> Plan {
        Plan {
            base: "main".to_owned(),
            base_given: false,
            remote: None,
            ledger: LEDGER.to_owned(),
            claim: ClaimRules::default(),
            worktrees: Worktrees::default(),
            shared: Shared::default(),
            derived: Derived::default(),
            sync: SyncRules::default(),
            land: Land::default(),
            escalation: Escalation::default(),
            policy: Policy::default(),
            agents: BTreeMap::new(),
            streams: BTreeMap::new(),
            milestones: BTreeMap::new(),
        }
    }

    /// The streams that never run at the same time as this one, whichever of the two says so.
    pub fn conflicts_of(&self, name: &StreamName) -> BTreeSet<&StreamName> {
        let own = self
            .streams
            .get(name)
            .into_iter()
            .flat_map(|stream| &stream.conflicts);
        let of_others = self
            .streams
            .iter()
            .filter(|(_, other)| other.conflicts.contains(name));
        own.chain(of_others.map(|(other, _)| other)).collect()
    }
}
