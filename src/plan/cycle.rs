//! Which streams wait for each other?
//!
//! A depth-first walk along the dependencies; every edge back into the present path closes a
//! cycle. Without those edges there is none, so mending the reported cycles mends them all.

use std::collections::{BTreeMap, BTreeSet};

use super::MOST_REPORTED;
use super::problem::{Problem, kind};
use super::section::{Item, Section};
use super::streams::Draft;

/// Reports every cycle once.
pub(super) fn report(top: &Section, drafts: &[Draft]) {
    let edges: BTreeMap<&str, &[Item]> = drafts
        .iter()
        .map(|draft| (draft.name, draft.dependencies.as_slice()))
        .collect();
    for cycle in cycles(&edges) {
        let first = cycle[0];
        let next = cycle.get(1).copied().unwrap_or(first);
        let edge = edges[first].iter().find(|item| item.text == next);
        let message = format!(
            "'{first}' waits for itself: {} -> {first}",
            cycle.join(" -> ")
        );
        let hint = format!(
            "Remove one of these dependencies, such as {next:?} from `dependencies` of '{first}'."
        );
        let problem = Problem::new(kind::CYCLE, message, hint);
        top.found
            .add(problem.at(edge.map(|item| item.line)).about(cycle));
    }
}

/// The cycles, each from its first name in the alphabet on.
fn cycles<'a>(edges: &BTreeMap<&'a str, &[Item<'a>]>) -> BTreeSet<Vec<&'a str>> {
    let mut cycles = BTreeSet::new();
    let mut done = BTreeSet::new();
    for start in edges.keys() {
        // The present path, and for each stream on it the dependencies not yet followed.
        let mut path: Vec<(&str, std::slice::Iter<Item>)> = Vec::new();
        if !done.contains(start) {
            path.push((start, edges[start].iter()));
        }
        while let Some((name, rest)) = path.last_mut() {
            let Some(next) = rest.next().map(|item| item.text) else {
                done.insert(*name);
                path.pop();
                continue;
            };
            if let Some(at) = path.iter().position(|(name, _)| *name == next) {
                cycles.insert(rotated(path[at..].iter().map(|(name, _)| *name).collect()));
                if cycles.len() == MOST_REPORTED {
                    return cycles;
                }
            } else if !done.contains(next) {
                path.push((next, edges[next].iter()));
            }
        }
    }
    cycles
}

fn rotated(mut cycle: Vec<&str>) -> Vec<&str> {
    let smallest = (0..cycle.len()).min_by_key(|at| cycle[*at]).unwrap_or(0);
    cycle.rotate_left(smallest);
    cycle
}
