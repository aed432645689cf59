//! Does a territory own this path?
//!
//! Built on every commit for a handful of paths, so what costs is compiling, not matching. A
//! pattern's literal ends decide most questions; its regular expression is compiled when the first
//! path gets past them, into a lazy automaton that only ever builds the states it visits.

use std::sync::{Mutex, OnceLock, PoisonError};

use bstr::BStr;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::glob::Shape;
use super::{Pattern, PatternSet, Territory, path_problem};

/// A territory, ready to be asked about many paths.
#[derive(Debug)]
pub struct Matcher {
    sets: Vec<SetMatcher>,
    away: Vec<SetMatcher>,
}

impl Matcher {
    /// For what a claim owns. What is shared is the caller's to subtract.
    pub fn new(territory: &Territory) -> Matcher {
        Matcher {
            sets: territory.sets.iter().map(SetMatcher::new).collect(),
            away: territory.away.iter().map(SetMatcher::new).collect(),
        }
    }

    /// For one set by itself.
    pub fn of_set(set: &PatternSet) -> Matcher {
        Matcher {
            sets: vec![SetMatcher::new(set)],
            away: Vec::new(),
        }
    }

    /// Whether the path is owned. Never true for a path that git cannot store.
    pub fn is_match(&self, path: &BStr) -> bool {
        self.sets.iter().any(|set| set.is_match(path))
            && !self.away.iter().any(|set| set.is_match(path))
            && path_problem(path).is_none()
    }
}

#[derive(Debug)]
struct SetMatcher {
    includes: Vec<PatternMatcher>,
    excludes: Vec<PatternMatcher>,
}

impl SetMatcher {
    fn new(set: &PatternSet) -> SetMatcher {
        SetMatcher {
            includes: set.includes().map(PatternMatcher::new).collect(),
            excludes: set.excludes().map(PatternMatcher::new).collect(),
        }
    }

    fn is_match(&self, path: &[u8]) -> bool {
        self.includes.iter().any(|pattern| pattern.is_match(path))
            && !self.excludes.iter().any(|pattern| pattern.is_match(path))
    }
}

/// One pattern; asks neither for its `!` nor whether git can store the path.
#[derive(Debug)]
pub(super) struct PatternMatcher {
    pattern: Pattern,
    compiled: OnceLock<(DFA, Mutex<Cache>)>,
}

impl PatternMatcher {
    pub(super) fn new(pattern: &Pattern) -> PatternMatcher {
        PatternMatcher {
            pattern: pattern.clone(),
            compiled: OnceLock::new(),
        }
    }

    pub(super) fn is_match(&self, path: &[u8]) -> bool {
        let prefix = self.pattern.prefix().as_bytes();
        match self.pattern.shape() {
            Shape::Exact => path == prefix,
            Shape::Below => path.starts_with(prefix),
            Shape::Regex => {
                path.starts_with(prefix)
                    && path.ends_with(self.pattern.suffix().as_bytes())
                    && self.regex_matches(path)
            }
        }
    }

    fn regex_matches(&self, path: &[u8]) -> bool {
        let (dfa, cache) = self.compiled.get_or_init(|| {
            let dfa = compile(&self.pattern);
            let cache = Mutex::new(dfa.create_cache());
            (dfa, cache)
        });
        // A cache is a mere memory of states: one left behind by a panic is reset by its next use.
        let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        let input = Input::new(path).anchored(Anchored::Yes);
        dfa.try_search_fwd(&mut cache, &input)
            .expect("no quit byte is configured and the cache may be cleared without limit")
            .is_some()
    }
}

fn compile(pattern: &Pattern) -> DFA {
    DFA::builder()
        .configure(DFA::config().skip_cache_capacity_check(true))
        .thompson(thompson::Config::new().which_captures(WhichCaptures::None))
        .syntax(syntax())
        .build(pattern.regex())
        .expect("globset writes valid expressions, and short and flat ones are accepted")
}

/// How globset reads the expressions that it writes.
pub(super) fn syntax() -> syntax::Config {
    syntax::Config::new().utf8(false).dot_matches_new_line(true)
}

#[cfg(test)]
mod tests {
    use bstr::{BStr, ByteSlice as _};

    use super::{Matcher, PatternSet, Territory};

    fn set(texts: &[&str]) -> PatternSet {
        PatternSet::parse(texts).unwrap()
    }

    fn matches(texts: &[&str], path: impl AsRef<[u8]>) -> bool {
        Matcher::of_set(&set(texts)).is_match(path.as_ref().as_bstr())
    }

    #[test]
    fn stars_stay_inside_a_component_and_double_stars_cross() {
        assert!(matches(&["src/*.rs"], "src/a.rs"));
        assert!(!matches(&["src/*.rs"], "src/a/b.rs"));
        assert!(matches(&["src/**/*.rs"], "src/a.rs"));
        assert!(matches(&["src/**/*.rs"], "src/a/b/c.rs"));
        assert!(matches(&["**/*.snap"], "a.snap"));
    }

    #[test]
    fn a_directory_with_a_slash_means_everything_below_it() {
        assert!(matches(&["src/"], "src/a/b"));
        assert!(!matches(&["src/"], "src"));
        assert!(!matches(&["src/"], "srcs/a"));
        assert!(matches(&["*/"], "a/b/c"));
        assert!(!matches(&["*/"], "a"));
    }

    #[test]
    fn a_pattern_without_a_slash_means_the_top_level() {
        assert!(matches(&["*.md"], "README.md"));
        assert!(!matches(&["*.md"], "docs/a.md"));
        assert!(!matches(&["src"], "src/a"));
    }

    #[test]
    fn an_exclude_wins_over_every_include_of_its_set_only() {
        assert!(!matches(&["!src/gen/", "src/", "src/gen/a"], "src/gen/a"));
        let both = Territory {
            sets: vec![set(&["src/", "!src/a"]), set(&["src/a"])],
            away: vec![],
        };
        assert!(Matcher::new(&both).is_match("src/a".into()));
    }

    #[test]
    fn what_was_given_away_is_not_owned_by_any_set() {
        let territory = Territory {
            sets: vec![set(&["src/"]), set(&["src/a"])],
            away: vec![set(&["src/a*", "!src/ab"])],
        };
        let matcher = Matcher::new(&territory);
        assert!(!matcher.is_match("src/a".into()));
        assert!(matcher.is_match("src/ab".into()));
        assert!(matcher.is_match("src/b".into()));
    }

    #[test]
    fn bytes_that_are_no_text_match_as_bytes() {
        assert!(matches(&["src/?"], b"src/\xff"));
        assert!(matches(&["src/**"], b"src/\n\xff"));
        assert!(matches(&["é*"], "été"));
        assert!(!matches(&["?t?"], "été"), "é is two bytes");
    }

    #[test]
    fn a_path_that_git_cannot_store_matches_nothing() {
        for path in ["", "/a", "a/", "a//b", "./a", "a/..", ".git/config", "a\0"] {
            assert!(!matches(&["**"], path), "{path:?}");
        }
    }

    #[test]
    fn a_name_that_ends_with_a_dot_is_a_name() {
        assert!(matches(&["**/*."], "a/b."));
        assert!(matches(&["**/*"], "a."));
    }

    #[test]
    fn an_empty_set_and_an_empty_territory_match_nothing() {
        let path = BStr::new("a");
        assert!(!Matcher::of_set(&PatternSet::empty()).is_match(path));
        assert!(!Matcher::new(&Territory::default()).is_match(path));
    }

    #[test]
    fn a_matcher_can_be_asked_from_several_threads() {
        fn assert_shareable<T: Send + Sync>() {}
        assert_shareable::<Matcher>();
    }
}
