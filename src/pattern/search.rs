//! Which path do several automata agree on?
//!
//! All of them read the same path side by side; the search goes from combination of states to
//! combination of states, nicest path first, and ends at one where the path may end. It is exact:
//! if it finds nothing within its budget, there is nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;
use std::rc::Rc;
use std::sync::LazyLock;

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
        let mut next: Vec<u32> = self
            .automata
            .iter()
            .map(|automaton| automaton.start())
            .collect();
        if next[..self.wanted].contains(&NOTHING) || !self.settle(&mut next) {
            return Ok(None);
        }
        let mut visited = Visited::from(&next);
        let mut latest = Vec::new();
        while let Some(at) = visited.next() {
            *budget = budget.checked_sub(1).ok_or(OverBudget)?;
            let states = Rc::clone(&visited.steps[at].states);
            if self.accepts(&states) {
                return Ok(Some(visited.path_to(at)));
            }
            latest.clear();
            for byte in &bytes {
                let goes_on = self.step(&states, *byte, &mut next) && self.settle(&mut next);
                // Neighbouring bytes mostly lead to the same place, and the first was nicer.
                if goes_on && next != latest {
                    visited.reach(at, *byte, &next);
                    std::mem::swap(&mut next, &mut latest);
                }
            }
        }
        Ok(None)
    }

    /// Where `byte` leads to; false where no wanted path goes on.
    fn step(&self, states: &[u32], byte: u8, next: &mut Vec<u32>) -> bool {
        next.clear();
        for (at, automaton) in self.automata.iter().enumerate() {
            let state = automaton.step(states[at], byte);
            if at < self.wanted && state == NOTHING {
                return false;
            }
            next.push(state);
        }
        true
    }

    /// Forgets what no longer matters; false where everything that can follow is unwanted.
    fn settle(&self, states: &mut [u32]) -> bool {
        self.unwanted.iter().all(|range| {
            let (excludes, include) = (range.start + 1..range.end, range.start);
            if states[include] == NOTHING || states[excludes.clone()].contains(&EVERYTHING) {
                states[range.clone()].fill(NOTHING);
                return true;
            }
            states[include] != EVERYTHING || states[excludes].iter().any(|state| *state != NOTHING)
        })
    }

    /// One byte, the nicest, of each class of bytes that no automaton tells apart.
    fn bytes(&self) -> Vec<u8> {
        let mut classes = [0; 256];
        let mut count = 1;
        for automaton in &self.automata {
            let width = automaton.class_count();
            let mut joint = vec![None; count * width];
            count = 0;
            for byte in 0..=u8::MAX {
                let class = &mut classes[usize::from(byte)];
                let both = *class * width + usize::from(automaton.class(byte));
                *class = *joint[both].get_or_insert_with(|| {
                    count += 1;
                    count - 1
                });
            }
        }
        let mut seen = vec![false; count];
        let first = |byte: &u8| !std::mem::replace(&mut seen[classes[usize::from(*byte)]], true);
        NICEST_FIRST.iter().copied().filter(first).collect()
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

/// Every byte, in the order in which people like to see it.
static NICEST_FIRST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bytes: Vec<u8> = (0..=u8::MAX).collect();
    bytes.sort_by_key(|byte| (effort(*byte, false), !byte.is_ascii_lowercase(), *byte));
    bytes
});

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
    fn from(start: &[u32]) -> Visited {
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
    fn reach(&mut self, from: usize, byte: u8, states: &[u32]) {
        let effort = self.steps[from].effort + effort(byte, self.steps[from].byte == b'/');
        if let Some(&at) = self.known.get(states) {
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
