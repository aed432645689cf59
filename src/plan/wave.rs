//! Which streams may run at the same time?
//!
//! Each stream is in the earliest wave that its dependencies and conflicts allow; where a conflict
//! has to be decided, the name that sorts first goes first. The same plan gives the same waves.

use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use crate::name::StreamName;

/// The streams in the order in which they may run: everything in one wave at the same time, a
/// wave after the waves before it.
pub fn waves(plan: &Plan) -> Vec<Vec<StreamName>> {
    let mut conflicts: BTreeMap<&StreamName, BTreeSet<&StreamName>> = BTreeMap::new();
    for (name, stream) in &plan.streams {
        for other in &stream.conflicts {
            conflicts.entry(name).or_default().insert(other);
            conflicts.entry(other).or_default().insert(name);
        }
    }

    let mut waiting: BTreeSet<&StreamName> = plan.streams.keys().collect();
    let mut waves = Vec::new();
    while !waiting.is_empty() {
        let mut wave: BTreeSet<&StreamName> = BTreeSet::new();
        for name in &waiting {
            let depends = plan.streams[*name]
                .dependencies
                .iter()
                .any(|on| waiting.contains(on));
            let conflict = conflicts
                .get(name)
                .is_some_and(|others| !others.is_disjoint(&wave));
            if !depends && !conflict {
                wave.insert(name);
            }
        }
        if wave.is_empty() {
            // Only a cycle leaves nothing to start with, and a parsed plan has none.
            wave.clone_from(&waiting);
        }
        waiting.retain(|name| !wave.contains(name));
        waves.push(wave.into_iter().cloned().collect());
    }
    waves
}
