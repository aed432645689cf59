//! How is a set of paths searched, rather than asked about one path?
//!
//! A complete table of states and byte classes, made from a pattern's expression or from the rules
//! for storable paths. States from which nothing, or everything, is accepted are merged into two
//! known ones, so that a search sees at once where it need not go on.

use std::collections::HashMap;
use std::hash::Hash;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};

use super::Pattern;
use super::matcher::syntax;
use super::storable::Reader;

/// The state from which no path is accepted.
pub(super) const NOTHING: u32 = 0;
/// The state from which every path is accepted.
pub(super) const EVERYTHING: u32 = 1;

/// Limits, in bytes, to what one pattern may cost; an ordinary one needs a few thousand.
const TABLE_LIMIT: usize = 4 << 20;
const WORK_LIMIT: usize = 8 << 20;

/// A deterministic automaton over bytes.
#[derive(Debug)]
pub(super) struct Automaton {
    start: u32,
    classes: [u8; 256],
    class_count: usize,
    next: Vec<u32>,
    accepts: Vec<bool>,
}

impl Automaton {
    /// The paths that a pattern matches, without regard to its `!`; none if that takes too much.
    pub(super) fn of_pattern(pattern: &Pattern) -> Option<Automaton> {
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .match_kind(MatchKind::All)
            .accelerate(false)
            .dfa_size_limit(Some(TABLE_LIMIT))
            .determinize_size_limit(Some(WORK_LIMIT));
        let dfa = dense::Builder::new()
            .configure(config)
            .thompson(thompson::Config::new().which_captures(WhichCaptures::None))
            .syntax(syntax())
            .build(pattern.regex())
            .ok()?;
        let start = dfa
            .start_state(&start::Config::new().anchored(Anchored::Yes))
            .expect("an anchored start is configured and there is no quit byte");
        let classes = dfa.byte_classes();
        Some(Automaton::explore(
            start,
            std::array::from_fn(|byte| classes.get(low_byte(byte))),
            |state, byte| dfa.next_state(state, byte),
            |state| dfa.is_match_state(dfa.next_eoi_state(state)),
        ))
    }

    /// The paths that git can store.
    pub(super) fn of_storable_paths() -> Automaton {
        Automaton::explore(
            Reader::START,
            std::array::from_fn(low_byte),
            Reader::step,
            |reader| reader.problem_at_end().is_none(),
        )
    }

    /// The state before the first byte.
    pub(super) fn start(&self) -> u32 {
        self.start
    }

    /// The state after one more byte.
    pub(super) fn step(&self, state: u32, byte: u8) -> u32 {
        self.next[state as usize * self.class_count + usize::from(self.class(byte))]
    }

    /// Whether the path may end in this state.
    pub(super) fn accepts(&self, state: u32) -> bool {
        self.accepts[state as usize]
    }

    /// How many classes of bytes there are.
    pub(super) fn class_count(&self) -> usize {
        self.class_count
    }

    /// Bytes of one class are never told apart.
    pub(super) fn class(&self, byte: u8) -> u8 {
        self.classes[usize::from(byte)]
    }

    /// Tabulates whatever is reached from `start`; `classes` says which bytes act alike.
    fn explore<S: Copy + Eq + Hash>(
        start: S,
        classes: [u8; 256],
        step: impl Fn(S, u8) -> S,
        accepts: impl Fn(S) -> bool,
    ) -> Automaton {
        let bytes = representatives(&classes);
        let mut known = HashMap::from([(start, 0)]);
        let mut states = vec![start];
        let mut next: Vec<u32> = Vec::new();
        let mut at = 0;
        while let Some(&state) = states.get(at) {
            let mut latest = (start, 0);
            for byte in &bytes {
                let target = step(state, *byte);
                // Neighbouring bytes mostly lead to the same state.
                if target != latest.0 {
                    let fresh = u32::try_from(states.len()).expect("the size limits keep it below");
                    let number = *known.entry(target).or_insert_with(|| {
                        states.push(target);
                        fresh
                    });
                    latest = (target, number);
                }
                next.push(latest.1);
            }
            at += 1;
        }
        let accepts: Vec<bool> = states.iter().map(|state| accepts(*state)).collect();
        let numbers = numbering(&next, &accepts, bytes.len());
        Automaton::renumbered(&numbers, &next, &accepts, &classes, bytes.len())
    }

    /// Merges the states without a future of their own, and the bytes that act alike after that.
    fn renumbered(
        numbers: &[u32],
        next: &[u32],
        accepts: &[bool],
        classes: &[u8; 256],
        width: usize,
    ) -> Automaton {
        let count = numbers
            .iter()
            .max()
            .map_or(2, |highest| highest.max(&EVERYTHING) + 1) as usize;
        let mut columns: Vec<Vec<u32>> = vec![vec![NOTHING; count]; width];
        let mut accepting = vec![false; count];
        for (state, number) in numbers.iter().enumerate() {
            accepting[*number as usize] = accepts[state];
            for (class, column) in columns.iter_mut().enumerate() {
                column[*number as usize] = numbers[next[state * width + class] as usize];
            }
        }
        for column in &mut columns {
            column[EVERYTHING as usize] = EVERYTHING;
        }
        accepting[EVERYTHING as usize] = true;
        let mut distinct: HashMap<&[u32], u8> = HashMap::new();
        let mut kept: Vec<&[u32]> = Vec::new();
        let merged: Vec<u8> = columns
            .iter()
            .map(|column| {
                *distinct.entry(column).or_insert_with(|| {
                    kept.push(column);
                    low_byte(kept.len() - 1)
                })
            })
            .collect();
        let next = (0..count).flat_map(|state| kept.iter().map(move |column| column[state]));
        Automaton {
            start: numbers[0],
            classes: classes.map(|class| merged[usize::from(class)]),
            class_count: kept.len(),
            next: next.collect(),
            accepts: accepting,
        }
    }
}

/// A number below 256, as there are no more bytes and classes of bytes than that.
fn low_byte(number: usize) -> u8 {
    u8::try_from(number).expect("bytes and their classes number at most 256")
}

/// The first byte of each class, in the order of the classes.
fn representatives(classes: &[u8; 256]) -> Vec<u8> {
    let count = classes
        .iter()
        .max()
        .map_or(0, |highest| usize::from(*highest) + 1);
    let mut bytes = vec![0; count];
    for byte in (0..=u8::MAX).rev() {
        bytes[usize::from(classes[usize::from(byte)])] = byte;
    }
    bytes
}

/// The new number of each state: [`NOTHING`], [`EVERYTHING`], or one of its own from 2 on.
fn numbering(next: &[u32], accepts: &[bool], width: usize) -> Vec<u32> {
    let sources = sources(next, accepts.len(), width);
    let can_accept = reaching(&sources, |state| accepts[state]);
    let can_refuse = reaching(&sources, |state| !accepts[state]);
    let mut fresh = EVERYTHING;
    (0..accepts.len())
        .map(|state| match (can_accept[state], can_refuse[state]) {
            (false, _) => NOTHING,
            (true, false) => EVERYTHING,
            (true, true) => {
                fresh += 1;
                fresh
            }
        })
        .collect()
}

/// For each state, those with a step to it.
fn sources(next: &[u32], count: usize, width: usize) -> Vec<Vec<usize>> {
    let mut sources = vec![Vec::new(); count];
    for (at, target) in next.iter().enumerate() {
        let list: &mut Vec<usize> = &mut sources[*target as usize];
        if list.last() != Some(&(at / width)) {
            list.push(at / width);
        }
    }
    sources
}

/// Which states have a way, of any length, to a goal.
fn reaching(sources: &[Vec<usize>], goal: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut reached: Vec<bool> = (0..sources.len()).map(goal).collect();
    let mut waiting: Vec<usize> = (0..sources.len()).filter(|state| reached[*state]).collect();
    while let Some(state) = waiting.pop() {
        for source in &sources[state] {
            if !std::mem::replace(&mut reached[*source], true) {
                waiting.push(*source);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::{Automaton, EVERYTHING, NOTHING, Pattern};

    fn run(automaton: &Automaton, path: &[u8]) -> u32 {
        path.iter().fold(automaton.start(), |state, byte| {
            automaton.step(state, *byte)
        })
    }

    #[test]
    fn a_directory_accepts_everything_once_it_is_entered() {
        let automaton = Automaton::of_pattern(&Pattern::parse("src/").unwrap()).unwrap();
        assert_eq!(run(&automaton, b"src/"), EVERYTHING);
        assert_eq!(run(&automaton, b"src/a\xff/b"), EVERYTHING);
        assert_eq!(run(&automaton, b"sr/"), NOTHING);
        assert!(!automaton.accepts(run(&automaton, b"src")));
    }

    #[test]
    fn an_expression_without_a_match_is_nothing_from_the_start() {
        let automaton = Automaton::of_pattern(&Pattern::parse("[!\u{80}-é]").unwrap()).unwrap();
        assert!(automaton.accepts(run(&automaton, b"a")));
        let never = Automaton::of_storable_paths();
        assert_eq!(run(&never, b"a//"), NOTHING);
        assert_eq!(run(&never, b"\0"), NOTHING);
    }

    #[test]
    fn a_pattern_that_needs_too_many_states_is_given_up() {
        let pattern = Pattern::parse(&format!("*a{}", "?".repeat(40))).unwrap();
        assert!(Automaton::of_pattern(&pattern).is_none());
    }
}
