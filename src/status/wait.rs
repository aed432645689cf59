//! Could a stream be claimed now, and if not, what does it wait for?
//!
//! The ledger decides a claim by itself; this is the same decision for all streams at once, and a
//! test holds the two together.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice as _;
use serde::Serialize;
use serde_json::Value;

use crate::ledger::{State, StreamState};
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::pattern::{Overlaps, Territory};
use crate::plan::Plan;

/// Something that stands in the way of a claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "cause")]
pub enum Wait {
    /// A stream that it depends on has not landed.
    Dependency {
        /// The stream.
        stream: StreamName,
        /// Where that stands.
        state: StreamState,
    },
    /// A stream that must not run at the same time is held.
    Conflict {
        /// The stream.
        stream: StreamName,
        /// Its holder.
        agent: AgentName,
    },
    /// A held stream could own a common path.
    Overlap {
        /// The stream.
        stream: StreamName,
        /// Its holder.
        agent: AgentName,
        /// A path that both would own.
        witness: Value,
    },
    /// Nobody can tell whether a held stream could own a common path.
    TooComplex {
        /// The stream.
        stream: StreamName,
    },
    /// A stream whose name differs only in case.
    SameName {
        /// The stream.
        stream: StreamName,
    },
}

impl Wait {
    /// A few words, for a table.
    pub(super) fn words(&self) -> String {
        match self {
            Wait::Dependency { stream, .. } => format!("after {stream}"),
            Wait::Conflict { stream, .. } => format!("not beside {stream}"),
            Wait::Overlap {
                stream, witness, ..
            } => {
                let path = witness.as_str().map(|path| path::shown(path.into()));
                let path = path.unwrap_or_else(|| witness.to_string());
                format!("overlaps {stream} at '{path}'")
            }
            Wait::TooComplex { stream } => format!("may overlap {stream}"),
            Wait::SameName { stream } => format!("collides with {stream}"),
        }
    }
}

/// Answers for many streams of one plan and one state.
pub(super) struct Waits<'a> {
    state: &'a State,
    plan: &'a Plan,
    overlaps: Overlaps,
    /// All names by the form in which they collide.
    folded: BTreeMap<String, BTreeSet<&'a StreamName>>,
}

impl<'a> Waits<'a> {
    pub(super) fn new(state: &'a State, plan: &'a Plan) -> Waits<'a> {
        let mut folded: BTreeMap<String, BTreeSet<&StreamName>> = BTreeMap::new();
        for name in state.streams.keys().chain(plan.streams.keys()) {
            folded.entry(name.folded()).or_default().insert(name);
        }
        Waits {
            state,
            plan,
            overlaps: Overlaps::new(),
            folded,
        }
    }

    /// What a claim of a planned stream, which nobody holds, would wait for.
    pub(super) fn of(&mut self, name: &StreamName) -> Vec<Wait> {
        let mut waits = Vec::new();
        waits.extend(self.same_name(name));
        waits.extend(self.dependencies(name));
        waits.extend(self.conflicts(name));
        waits.extend(self.overlaps(name));
        waits
    }

    fn same_name(&self, name: &StreamName) -> Option<Wait> {
        let alike = self.folded.get(&name.folded())?;
        let other = alike.iter().find(|other| **other != name)?;
        Some(Wait::SameName {
            stream: (*other).clone(),
        })
    }

    fn dependencies(&self, name: &StreamName) -> Vec<Wait> {
        let needed = self.plan.streams.get(name).into_iter();
        let needed = needed.flat_map(|planned| &planned.dependencies);
        let waits = needed.filter_map(|dependency| {
            let record = self.state.stream(dependency);
            let state = record.map_or(StreamState::Unclaimed, |record| record.state);
            let is_enough = state.is_enough(self.plan.land.after);
            (!is_enough).then(|| Wait::Dependency {
                stream: dependency.clone(),
                state,
            })
        });
        waits.collect()
    }

    fn conflicts(&self, name: &StreamName) -> Vec<Wait> {
        let never_beside = self.plan.conflicts_of(name);
        let held = self.state.held();
        held.filter(|(other, ..)| never_beside.contains(other))
            .map(|(other, _, claim)| Wait::Conflict {
                stream: other.clone(),
                agent: claim.agent.clone(),
            })
            .collect()
    }

    fn overlaps(&mut self, name: &StreamName) -> Vec<Wait> {
        let Some(planned) = self.plan.streams.get(name) else {
            return Vec::new();
        };
        let own = Territory::from(planned.files.clone());
        let shared = &self.plan.shared.files;
        let mut waits = Vec::new();
        for (other, _, claim) in self.state.held().filter(|(other, ..)| *other != name) {
            match self.overlaps.find(&own, &claim.territory(), shared) {
                Ok(None) => {}
                Ok(Some(witness)) => waits.push(Wait::Overlap {
                    stream: other.clone(),
                    agent: claim.agent.clone(),
                    witness: path::json(witness.as_bstr()),
                }),
                Err(_too_complex) => waits.push(Wait::TooComplex {
                    stream: other.clone(),
                }),
            }
        }
        waits
    }
}
