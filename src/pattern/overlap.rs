//! Can two claims own a common path, and which?
//!
//! Two territories meet where an include of one and an include of the other match the same path
//! that nothing takes away again: an exclude of either set, what either gave away, what is shared.
//! Each pair of includes is decided by itself. The search starts without anything that is taken
//! away, and adds only what did take away the path it found, until it finds a path that stays or
//! none at all. So a long list of shared files costs nothing where it does not matter.
//!
//! The decision is exact, and about all paths that git can store, existing or not.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use bstr::{BStr, BString};

use super::automaton::Automaton;
use super::matcher::PatternMatcher;
use super::search::{OverBudget, Search};
use super::{Pattern, PatternSet, Territory, path_problem};
use crate::exit::{Exit, Explain};

/// How many combinations of states one pair of patterns may take; ordinary ones take hundreds.
const BUDGET: usize = 200_000;

/// The paths that every witness is among.
pub(super) static STORABLE: LazyLock<Automaton> = LazyLock::new(Automaton::of_storable_paths);

/// Patterns whose overlap takes too much to decide; to be treated as if they did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the patterns {} are too complex to tell whether they overlap", quoted(.patterns))]
pub struct TooComplex {
    /// As written: one of each claim, then what is taken away from them.
    pub patterns: Vec<String>,
}

fn quoted(patterns: &[String]) -> String {
    let quoted: Vec<String> = patterns.iter().map(|text| format!("'{text}'")).collect();
    quoted.join(", ")
}

impl Explain for TooComplex {
    fn exit(&self) -> Exit {
        Exit::Refused
    }

    fn hints(&self) -> Vec<String> {
        vec![
            "Write several patterns with fewer wildcards each, or name directories, such as \
             `src/api/`."
                .to_owned(),
        ]
    }
}

/// A path, existing or not, that both own; `shared` is owned by neither.
pub fn overlap(
    a: &Territory,
    b: &Territory,
    shared: &PatternSet,
) -> Result<Option<BString>, TooComplex> {
    Overlaps::new().find(a, b, shared)
}

/// How territories are compared: a new [`Overlaps`], behind a pointer. A program that claims nothing
/// never takes the address, and so does not carry the automata with it; the guard's, which starts
/// with every commit, is a fifth smaller for it.
pub type Comparison = fn() -> Box<dyn Compare>;

/// Tells whether two territories meet.
pub trait Compare {
    /// A path, existing or not, that both own; `shared` is owned by neither.
    fn common(
        &mut self,
        a: &Territory,
        b: &Territory,
        shared: &PatternSet,
    ) -> Result<Option<BString>, TooComplex>;
}

impl Compare for Overlaps {
    fn common(
        &mut self,
        a: &Territory,
        b: &Territory,
        shared: &PatternSet,
    ) -> Result<Option<BString>, TooComplex> {
        self.find(a, b, shared)
    }
}

/// Decides many overlaps, and compiles each pattern once.
#[derive(Debug, Default)]
pub struct Overlaps {
    compiled: HashMap<String, Rc<Compiled>>,
}

impl Overlaps {
    /// Knows no pattern yet.
    pub fn new() -> Overlaps {
        Overlaps::default()
    }

    /// The [`Comparison`] that is exact.
    pub fn boxed() -> Box<dyn Compare> {
        Box::new(Overlaps::new())
    }

    /// A path, existing or not, that both own; `shared` is owned by neither.
    ///
    /// A path that was found counts even if other patterns are too complex.
    pub fn find(
        &mut self,
        a: &Territory,
        b: &Territory,
        shared: &PatternSet,
    ) -> Result<Option<BString>, TooComplex> {
        let mut undecided = None;
        for (set_a, set_b) in pairs(&a.sets, &b.sets) {
            let includes_b: Vec<&Pattern> = set_b.includes().collect();
            let mut pairs = set_a
                .includes()
                .flat_map(|one| includes_b.iter().map(move |other| (one, *other)))
                .filter(|(one, other)| may_meet(one, other))
                .peekable();
            if pairs.peek().is_none() {
                continue;
            }
            let taken = self.taken_away([set_a, set_b], [&a.away, &b.away], shared);
            for (one, other) in pairs {
                match self.meet(one, other, &taken) {
                    Ok(Some(path)) => return Ok(Some(path)),
                    Ok(None) => {}
                    Err(error) => undecided = undecided.or(Some(error)),
                }
            }
        }
        undecided.map_or(Ok(None), Err)
    }

    /// Everything that a pair of sets does not own although their includes match it.
    fn taken_away(
        &mut self,
        sets: [&PatternSet; 2],
        away: [&[PatternSet]; 2],
        shared: &PatternSet,
    ) -> Vec<Taken> {
        let own = sets.into_iter().flat_map(PatternSet::excludes);
        let mut taken: Vec<Taken> = own
            .map(|pattern| Taken {
                include: self.compile(pattern),
                excludes: Rc::default(),
            })
            .collect();
        for set in away.into_iter().flatten().chain([shared]) {
            let excludes: Rc<[_]> = set
                .excludes()
                .map(|pattern| self.compile(pattern))
                .collect();
            taken.extend(set.includes().map(|pattern| Taken {
                include: self.compile(pattern),
                excludes: Rc::clone(&excludes),
            }));
        }
        taken
    }

    /// A path that both patterns match and that nothing takes away.
    fn meet(
        &mut self,
        one: &Pattern,
        other: &Pattern,
        taken: &[Taken],
    ) -> Result<Option<BString>, TooComplex> {
        let (one, other) = (self.compile(one), self.compile(other));
        if let Some(path) = one.pattern.literal().or(other.pattern.literal()) {
            let path = BStr::new(path);
            let owned = one.matcher.is_match(path)
                && other.matcher.is_match(path)
                && path_problem(path).is_none()
                && !taken.iter().any(|taken| taken.is_match(path));
            return Ok(owned.then(|| path.to_owned()));
        }
        let mut active: Vec<&Taken> = Vec::new();
        let mut budget = BUDGET;
        loop {
            let found = search([&one, &other], &active, &mut budget);
            let Some(path) = found.map_err(|OverBudget| too_complex([&one, &other], &active))?
            else {
                return Ok(None);
            };
            let before = active.len();
            active.extend(taken.iter().filter(|taken| taken.is_match(&path)));
            if active.len() == before {
                return Ok(Some(path));
            }
        }
    }

    fn compile(&mut self, pattern: &Pattern) -> Rc<Compiled> {
        if let Some(compiled) = self.compiled.get(pattern.text()) {
            return Rc::clone(compiled);
        }
        let compiled = Rc::new(Compiled {
            pattern: pattern.clone(),
            matcher: PatternMatcher::new(pattern),
            automaton: OnceCell::new(),
        });
        self.compiled
            .insert(pattern.text().to_owned(), Rc::clone(&compiled));
        compiled
    }
}

/// One pattern, compiled as far as it has been needed.
#[derive(Debug)]
struct Compiled {
    pattern: Pattern,
    matcher: PatternMatcher,
    automaton: OnceCell<Option<Automaton>>,
}

impl Compiled {
    fn automaton(&self) -> Result<&Automaton, OverBudget> {
        let automaton = self
            .automaton
            .get_or_init(|| Automaton::of_pattern(&self.pattern));
        automaton.as_ref().ok_or(OverBudget)
    }
}

/// What one include of a set takes away, unless an exclude of that set matches.
#[derive(Debug)]
struct Taken {
    include: Rc<Compiled>,
    excludes: Rc<[Rc<Compiled>]>,
}

impl Taken {
    fn is_match(&self, path: &[u8]) -> bool {
        self.include.matcher.is_match(path)
            && !self
                .excludes
                .iter()
                .any(|exclude| exclude.matcher.is_match(path))
    }
}

/// Looks for a path that both patterns match and that nothing of `unwanted` takes away.
fn search(
    wanted: [&Compiled; 2],
    unwanted: &[&Taken],
    budget: &mut usize,
) -> Result<Option<BString>, OverBudget> {
    let [one, other] = [wanted[0].automaton()?, wanted[1].automaton()?];
    let mut search = Search::wanting([one, other, &*STORABLE]);
    for taken in unwanted {
        let excludes: Vec<&Automaton> = taken
            .excludes
            .iter()
            .map(|exclude| exclude.automaton())
            .collect::<Result<_, _>>()?;
        search.without(taken.include.automaton()?, excludes);
    }
    search.run(budget)
}

fn too_complex(pair: [&Compiled; 2], active: &[&Taken]) -> TooComplex {
    let taken = active.iter().map(|taken| &*taken.include);
    let texts = pair
        .into_iter()
        .chain(taken)
        .map(|compiled| compiled.pattern.text().to_owned());
    TooComplex {
        patterns: texts.collect(),
    }
}

fn pairs<'a, T>(a: &'a [T], b: &'a [T]) -> impl Iterator<Item = (&'a T, &'a T)> {
    a.iter()
        .flat_map(move |one| b.iter().map(move |other| (one, other)))
}

/// Whether the literal ends of two patterns leave room for a common path.
fn may_meet(one: &Pattern, other: &Pattern) -> bool {
    let (a, b) = (one.prefix(), other.prefix());
    let (x, y) = (one.suffix(), other.suffix());
    (a.starts_with(b) || b.starts_with(a)) && (x.ends_with(y) || y.ends_with(x))
}

#[cfg(test)]
mod tests {
    use super::{Explain as _, Overlaps, PatternSet, Territory, overlap};

    fn set(texts: &[&str]) -> PatternSet {
        if texts.is_empty() {
            PatternSet::empty()
        } else {
            PatternSet::parse(texts).unwrap()
        }
    }

    fn witness_but(a: &[&str], b: &[&str], shared: &[&str]) -> String {
        let found = overlap(&set(a).into(), &set(b).into(), &set(shared)).unwrap();
        found.map_or("none".to_owned(), |path| path.to_string())
    }

    fn witness(a: &[&str], b: &[&str]) -> String {
        witness_but(a, b, &[])
    }

    #[test]
    fn a_directory_meets_the_files_of_a_kind_below_it() {
        assert_eq!(witness(&["src/api/**"], &["src/**/*.rs"]), "src/api/a.rs");
        assert_eq!(witness(&["src/"], &["src/api/"]), "src/api/a");
        assert_eq!(witness(&["**"], &["*"]), "a");
        assert_eq!(witness(&["a/*/c"], &["a/b/*"]), "a/b/c");
    }

    #[test]
    fn a_shared_prefix_of_a_name_is_no_overlap() {
        assert_eq!(witness(&["src/api/"], &["src/apis/"]), "none");
        assert_eq!(witness(&["src/api*"], &["src/apis"]), "src/apis");
    }

    #[test]
    fn kinds_that_exclude_each_other_never_meet() {
        assert_eq!(witness(&["**/*.rs"], &["**/*.ts"]), "none");
        assert_eq!(witness(&["**/[a-m]*"], &["**/[n-z]*"]), "none");
        assert_eq!(witness(&["src/?"], &["src/??"]), "none");
    }

    #[test]
    fn a_literal_meets_what_matches_it() {
        assert_eq!(witness(&["Cargo.toml"], &["*.toml"]), "Cargo.toml");
        assert_eq!(witness(&["*.toml"], &["Cargo.toml", "x"]), "Cargo.toml");
        assert_eq!(witness(&["a"], &["b"]), "none");
        assert_eq!(witness(&["*.toml", "!Cargo.toml"], &["Cargo.toml"]), "none");
    }

    #[test]
    fn excludes_keep_two_sets_apart() {
        assert_eq!(witness(&["src/", "!src/api/"], &["src/api/"]), "none");
        assert_eq!(witness(&["src/api/"], &["src/", "!src/api/"]), "none");
        assert_eq!(
            witness(&["src/", "!src/api/*"], &["src/api/"]),
            "src/api/a/a"
        );
        assert_eq!(
            witness(&["src/", "!src/a*"], &["src/", "!src/[b-z]*"]),
            "src/0"
        );
    }

    #[test]
    fn what_is_shared_belongs_to_neither() {
        assert_eq!(witness_but(&["*.rs"], &["lib.?s"], &["lib.rs"]), "none");
        assert_eq!(
            witness_but(&["src/"], &["src/"], &["src/", "!src/x"]),
            "src/x"
        );
    }

    #[test]
    fn what_was_given_away_can_be_taken_by_another() {
        let shared = PatternSet::empty();
        let mut giver = Territory::from(set(&["src/"]));
        let taker = Territory::from(set(&["src/api/"]));
        assert!(overlap(&giver, &taker, &shared).unwrap().is_some());
        giver.away.push(set(&["src/api/", "!src/api/keep"]));
        let kept = overlap(&giver, &taker, &shared).unwrap();
        assert_eq!(kept.unwrap(), "src/api/keep");
        giver.away.push(set(&["src/api/keep"]));
        assert_eq!(overlap(&giver, &taker, &shared).unwrap(), None);
        assert_eq!(overlap(&taker, &giver, &shared).unwrap(), None);
    }

    #[test]
    fn an_exclude_of_one_set_does_not_limit_another_set_of_the_same_claim() {
        let a = Territory {
            sets: vec![set(&["src/", "!src/a"]), set(&["src/a"])],
            away: vec![],
        };
        let found = overlap(&a, &set(&["src/a"]).into(), &PatternSet::empty()).unwrap();
        assert_eq!(found.unwrap(), "src/a");
    }

    #[test]
    fn a_path_that_git_cannot_store_is_no_witness() {
        assert_eq!(witness(&["[.]git/*"], &["**"]), "none");
        assert_eq!(witness(&["[.]"], &["?"]), "none");
        assert_eq!(witness(&["a*/{.,..,c}"], &["ab/**"]), "ab/c");
        assert_eq!(witness(&["[.]git*"], &["*"]), ".gita");
    }

    #[test]
    fn bytes_that_are_no_text_are_decided_too() {
        let found = overlap(
            &set(&["é"]).into(),
            &set(&["??", "!?[!\u{a9}-é]"]).into(),
            &PatternSet::empty(),
        );
        assert_eq!(found.unwrap().unwrap(), "é");
        assert_eq!(witness(&["é"], &["?"]), "none");
    }

    #[test]
    fn patterns_without_bounds_are_refused_not_guessed() {
        let long = format!("*a{}", "?".repeat(40));
        let (a, b) = (set(&[&long]).into(), set(&["*b*"]).into());
        let error = overlap(&a, &b, &PatternSet::empty()).unwrap_err();
        assert_eq!(error.patterns, [long.as_str(), "*b*"]);
        assert!(!error.hints().is_empty());
    }

    #[test]
    fn a_witness_counts_even_beside_patterns_without_bounds() {
        let long = format!("*a{}", "?".repeat(40));
        assert_eq!(witness(&[&long, "x"], &["*b*", "x"]), "x");
        assert_eq!(witness(&["x"], &[&long, "x"]), "x");
        assert_eq!(witness(&["x*", &format!("!{long}")], &["*b*"]), "xb");
    }

    #[test]
    fn one_cache_answers_many_questions() {
        let mut overlaps = Overlaps::new();
        for _ in 0..2 {
            let (a, b) = (set(&["src/**/*.rs"]).into(), set(&["src/api/"]).into());
            let found = overlaps.find(&a, &b, &PatternSet::empty()).unwrap();
            assert_eq!(found.unwrap(), "src/api/a.rs");
        }
        let excluded = set(&["src/", "!src/**/*.rs"]).into();
        let found = overlaps.find(
            &excluded,
            &set(&["src/**/*.rs"]).into(),
            &PatternSet::empty(),
        );
        assert_eq!(found.unwrap(), None);
    }
}
