//! Which path do several automata agree on?
//!
//! All of them read the same path side by side; the search goes from combination of states to
//! combination of states, nicest path first, and ends at one where the path may end. It is exact:
//! if it finds nothing within its budget, there is nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use bstr::BString;

use super::automaton::{Automaton, EVERYTHING, NOTHING};

/// What is looked for: a path that all of `wanted` and none of `unwanted` accept.
#[derive(Debug, Default)]
pub(super) struct Search<'a> {
    automata: Vec<&'a Automaton>,
    wanted: usize,
    unwanted: Vec<Range<usize>>,
}

/// The search would have to look at more combinations than it was allowed to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OverBudget;

impl<'a> Search<'a> {
    /// For a path that each of these accepts.
    pub(super) fn wanting(automata: impl IntoIterator<Item = &'a Automaton>) -> Search<'a> {
        let automata: Vec<&Automaton> = automata.into_iter().collect();
        Search {
            wanted: automata.len(),
            automata,
            unwanted: Vec::new(),
        }
    }

    /// And that is not in the set of what `include` accepts and none of `excludes` does.
    pub(super) fn without(
        &mut self,
        include: &'a Automaton,
        excludes: impl IntoIterator<Item = &'a Automaton>,
    ) {
        let begin = self.automata.len();
        self.automata.push(include);
        self.automata.extend(excludes);
        self.unwanted.push(begin..self.automata.len());
    }

    /// The nicest such path; at most `budget` combinations are visited and taken off it.
    pub(super) fn run(&self, budget: &mut usize) -> Result<Option<BString>, OverBudget> {
        let bytes = self.bytes();
        let start = self
            .automata
            .iter()
            .map(|automaton| automaton.start())
            .collect();
        let Some(start) = self.settled(start) else {
            return Ok(None);
        };
        let mut visited = Visited::from(start);
        while let Some(at) = visited.next() {
            *budget = budget.checked_sub(1).ok_or(OverBudget)?;
            let states = Rc::clone(&visited.steps[at].states);
            if self.accepts(&states) {
                return Ok(Some(visited.path_to(at)));
            }
            for byte in &bytes {
                let read = self.automata.iter().zip(states.iter());
                let next = read
                    .map(|(automaton, state)| automaton.step(*state, *byte))
                    .collect();
                if let Some(next) = self.settled(next) {
                    visited.reach(at, *byte, next);
                }
            }
        }
        Ok(None)
    }

    /// One byte, the nicest, of each class of bytes that no automaton tells apart.
    fn bytes(&self) -> Vec<u8> {
        let mut seen = HashSet::new();
        let class = |byte: u8| -> Vec<u8> {
            self.automata
                .iter()
                .map(|automaton| automaton.class(byte))
                .collect()
        };
        let mut bytes: Vec<u8> = (0..=u8::MAX).collect();
        bytes.sort_by_key(|byte| (effort(*byte, false), !byte.is_ascii_lowercase(), *byte));
        bytes.retain(|byte| seen.insert(class(*byte)));
        bytes
    }

    /// The combination in its simplest form, or none where no path can go on from.
    fn settled(&self, mut states: Vec<u32>) -> Option<Vec<u32>> {
        if states[..self.wanted].contains(&NOTHING) {
            return None;
        }
        for range in &self.unwanted {
            let (include, excludes) = states[range.clone()].split_first_mut()?;
            if *include == NOTHING || excludes.contains(&EVERYTHING) {
                // Nothing of this set can follow: its automata no longer matter.
                *include = NOTHING;
                excludes.fill(NOTHING);
            } else if *include == EVERYTHING && excludes.iter().all(|state| *state == NOTHING) {
                return None;
            }
        }
        Some(states)
    }

    fn accepts(&self, states: &[u32]) -> bool {
        let accepted = |at: usize| self.automata[at].accepts(states[at]);
        (0..self.wanted).all(accepted)
            && !self
                .unwanted
                .iter()
                .any(|range| accepted(range.start) && !(range.start + 1..range.end).any(accepted))
    }
}

/// How unwelcome a byte is in a path that people will read; the search adds it up.
fn effort(byte: u8, begins_component: bool) -> u32 {
    match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'/' => 4,
        // `a.rs` rather than `.rs`.
        b'.' if begins_component => 10,
        b'_' | b'-' | b'.' | b'A'..=b'Z' => 5,
        b' '..=b'~' => 7,
        _ => 12,
    }
}

/// The combinations reached so far, each with the nicest way to it.
#[derive(Debug)]
struct Visited {
    steps: Vec<Step>,
    known: HashMap<Rc<[u32]>, usize>,
    waiting: BinaryHeap<Reverse<(u32, usize)>>,
}

#[derive(Debug)]
struct Step {
    states: Rc<[u32]>,
    effort: u32,
    from: usize,
    byte: u8,
    done: bool,
}

impl Visited {
    fn from(start: Vec<u32>) -> Visited {
        let states: Rc<[u32]> = start.into();
        Visited {
            known: HashMap::from([(Rc::clone(&states), 0)]),
            // The beginning of a path is the beginning of a component, as if after a slash.
            steps: vec![Step {
                states,
                effort: 0,
                from: 0,
                byte: b'/',
                done: false,
            }],
            waiting: BinaryHeap::from([Reverse((0, 0))]),
        }
    }

    /// The nicest combination that has not been looked at.
    fn next(&mut self) -> Option<usize> {
        loop {
            let Reverse((_, at)) = self.waiting.pop()?;
            if !std::mem::replace(&mut self.steps[at].done, true) {
                return Some(at);
            }
        }
    }

    /// Notes that `byte` leads from one combination to another.
    fn reach(&mut self, from: usize, byte: u8, states: Vec<u32>) {
        let effort = self.steps[from].effort + effort(byte, self.steps[from].byte == b'/');
        if let Some(&at) = self.known.get(states.as_slice()) {
            if self.steps[at].effort > effort {
                let step = &mut self.steps[at];
                (step.effort, step.from, step.byte) = (effort, from, byte);
                self.waiting.push(Reverse((effort, at)));
            }
            return;
        }
        let at = self.steps.len();
        let states: Rc<[u32]> = states.into();
        self.known.insert(Rc::clone(&states), at);
        self.steps.push(Step {
            states,
            effort,
            from,
            byte,
            done: false,
        });
        self.waiting.push(Reverse((effort, at)));
    }

    fn path_to(&self, mut at: usize) -> BString {
        let mut path = Vec::new();
        while at != 0 {
            path.push(self.steps[at].byte);
            at = self.steps[at].from;
        }
        path.reverse();
        path.into()
    }
}
