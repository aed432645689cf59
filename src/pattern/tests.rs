//! Do matching and deciding agree with globset, with each other and with brute force?
//!
//! Patterns are made of pieces over a small alphabet, so that they meet often; all short paths over
//! the same alphabet are tried. `PROPTEST_CASES` sets how many cases each property gets.

use std::sync::LazyLock;

use bstr::{BStr, BString, ByteSlice as _};
use globset::{Candidate, GlobBuilder, GlobMatcher};
use proptest::prelude::*;
use proptest::sample::select;

use super::automaton::Automaton;
use super::matcher::PatternMatcher;
use super::overlap::STORABLE;
use super::{Matcher, Pattern, PatternSet, Territory, overlap, path_problem};

/// Bytes of the paths that are all tried, and the greatest length.
const ALPHABET: &[u8] = b"/ab.\xff";
const LENGTH: usize = 6;

static PATHS: LazyLock<Vec<BString>> = LazyLock::new(|| {
    let mut paths: Vec<Vec<u8>> = vec![Vec::new()];
    let mut begin = 0;
    for _ in 0..LENGTH {
        let end = paths.len();
        for at in begin..end {
            for byte in ALPHABET {
                let path = [paths[at].as_slice(), &[*byte]].concat();
                paths.push(path);
            }
        }
        begin = end;
    }
    let storable = paths.into_iter().map(BString::from);
    storable
        .filter(|path| path_problem(path.as_bstr()).is_none())
        .collect()
});

fn config(few: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|count| count.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(few),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The text of a pattern without `!`.
fn glob() -> impl Strategy<Value = String> {
    let literal = select(vec!["a", "b", ".", "ab", "é", "a.", ".b"]);
    let wild = select(vec![
        "*",
        "?",
        "[ab]",
        "[!a]",
        "[a-é]",
        "[!é]",
        "[.-b]",
        "{a,b}",
        "{a,b*,?}",
        "{a/b,b}",
        "{,a}",
        "{a,**}",
        "{**/a,b/**}",
        "{a/**/b,{b,.}}",
        "\\a",
        "\\*",
        "**",
        "[!b-\u{10ffff}]",
        ",",
        "]",
    ]);
    let piece = prop_oneof![3 => literal, 2 => wild];
    let component = prop_oneof![
        4 => prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat()),
        1 => Just("**".to_owned()),
        1 => Just("*".to_owned()),
    ];
    let components = prop::collection::vec(component, 1..4);
    (components, prop::bool::weighted(0.25))
        .prop_map(|(components, directory)| components.join("/") + if directory { "/" } else { "" })
}

fn pattern() -> impl Strategy<Value = Pattern> {
    glob().prop_filter_map("not a pattern", |glob| Pattern::parse(&glob).ok())
}

fn set() -> impl Strategy<Value = PatternSet> {
    let includes = prop::collection::vec(glob(), 1..3);
    let excludes = prop::collection::vec(glob().prop_map(|glob| format!("!{glob}")), 0..3);
    (includes, excludes).prop_filter_map("not a set", |(includes, excludes)| {
        PatternSet::parse(includes.iter().chain(&excludes)).ok()
    })
}

fn territory() -> impl Strategy<Value = Territory> {
    (
        prop::collection::vec(set(), 1..3),
        prop::collection::vec(set(), 0..2),
    )
        .prop_map(|(sets, away)| Territory { sets, away })
}

fn shared() -> impl Strategy<Value = PatternSet> {
    prop_oneof![Just(PatternSet::empty()), set()]
}

/// globset's own answer, with `dir/` and `!` written out.
fn globset(pattern: &Pattern) -> GlobMatcher {
    let glob = pattern.text().strip_prefix('!').unwrap_or(pattern.text());
    let glob = if glob.ends_with('/') {
        format!("{glob}**")
    } else {
        glob.to_owned()
    };
    GlobBuilder::new(&glob)
        .literal_separator(true)
        .build()
        .unwrap()
        .compile_matcher()
}

fn globset_matches(pattern: &Pattern, path: &BStr) -> bool {
    globset(pattern).is_match_candidate(&Candidate::from_bytes(path))
}

fn in_set(set: &PatternSet, path: &BStr) -> bool {
    let any = |excludes: bool| {
        let mut patterns = set
            .patterns()
            .iter()
            .filter(|one| one.is_exclude() == excludes);
        patterns.any(|pattern| globset_matches(pattern, path))
    };
    any(false) && !any(true)
}

/// What owning a path means, spelled out.
fn owns(territory: &Territory, shared: &PatternSet, path: &BStr) -> bool {
    territory.sets.iter().any(|set| in_set(set, path))
        && !territory.away.iter().any(|set| in_set(set, path))
        && !in_set(shared, path)
}

/// A path that is often matched: the pattern with something in place of each wildcard.
fn likely(pattern: &Pattern, fill: &str) -> Vec<u8> {
    let glob = pattern
        .text()
        .replace("**", "a/b")
        .replace('*', fill)
        .replace('?', "b");
    glob.replace("[!a]", "b")
        .replace("[ab]", "a")
        .replace("{a,b}", "b")
        .into_bytes()
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn an_overlap_is_found_exactly_where_there_is_one(
        a in territory(), b in territory(), shared in shared(),
    ) {
        let found = overlap(&a, &b, &shared).unwrap();
        let matchers = [Matcher::new(&a), Matcher::new(&b)];
        let shared_matcher = Matcher::of_set(&shared);
        if let Some(path) = &found {
            prop_assert_eq!(path_problem(path.as_bstr()), None);
            prop_assert!(owns(&a, &shared, path.as_bstr()), "{path} is not of the first");
            prop_assert!(owns(&b, &shared, path.as_bstr()), "{path} is not of the second");
            prop_assert!(matchers.iter().all(|matcher| matcher.is_match(path.as_bstr())));
            prop_assert!(!shared_matcher.is_match(path.as_bstr()));
        } else {
            let common = PATHS.iter().map(|path| path.as_bstr()).find(|path| {
                matchers.iter().all(|matcher| matcher.is_match(path))
                    && !shared_matcher.is_match(path)
            });
            prop_assert_eq!(common, None);
        }
        prop_assert_eq!(overlap(&b, &a, &shared).unwrap().is_some(), found.is_some());
    }
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn two_single_patterns_meet_exactly_where_one_path_matches_both(
        one in pattern(), other in pattern(),
    ) {
        let territory = |pattern: &Pattern| PatternSet::parse([pattern.text()]).unwrap().into();
        let found = overlap(&territory(&one), &territory(&other), &PatternSet::empty()).unwrap();
        if let Some(path) = found {
            prop_assert_eq!(path_problem(path.as_bstr()), None);
            prop_assert!(globset_matches(&one, path.as_bstr()));
            prop_assert!(globset_matches(&other, path.as_bstr()));
        } else {
            let (one, other) = (PatternMatcher::new(&one), PatternMatcher::new(&other));
            let common = PATHS.iter().find(|path| one.is_match(path) && other.is_match(path));
            prop_assert_eq!(common, None);
        }
    }

    #[test]
    fn every_pattern_matches_what_globset_says(
        pattern in pattern(),
        fill in "[ab.]{0,2}",
        paths in prop::collection::vec(
            prop::collection::vec(select(b"aab.//\xc3\xa9\xff\n*,]".to_vec()), 0..9), 1..40),
    ) {
        let (ours, globset) = (PatternMatcher::new(&pattern), globset(&pattern));
        let automaton = Automaton::of_pattern(&pattern).unwrap();
        for path in paths.into_iter().chain([likely(&pattern, &fill)]) {
            let expected = globset.is_match_candidate(&Candidate::from_bytes(&path));
            prop_assert_eq!(ours.is_match(&path), expected, "{}", path.as_bstr());
            prop_assert_eq!(accepts(&automaton, &path), expected, "{}", path.as_bstr());
        }
    }

    #[test]
    fn a_matcher_is_the_formula_over_globset_for_storable_paths(
        territory in territory(),
        paths in prop::collection::vec(
            prop::collection::vec(select(b"aab.//\xc3\xa9\xff".to_vec()), 0..7), 1..10),
    ) {
        let matcher = Matcher::new(&territory);
        for path in &paths {
            let path = path.as_bstr();
            let expected =
                owns(&territory, &PatternSet::empty(), path) && path_problem(path).is_none();
            prop_assert_eq!(matcher.is_match(path), expected, "{}", path);
        }
    }

    #[test]
    fn the_table_of_storable_paths_says_what_the_check_says(
        pieces in prop::collection::vec(select(PIECES.to_vec()), 0..8),
    ) {
        let path = pieces.concat();
        let storable = accepts(&STORABLE, &path);
        prop_assert_eq!(storable, path_problem(path.as_bstr()).is_none(), "{}", path.as_bstr());
        prop_assert_eq!(storable, storable_by_the_book(&path), "{}", path.as_bstr());
    }
}

/// What spellings of `.git` are made of, whole and in parts.
const PIECES: &[&[u8]] = &[
    b".",
    b"g",
    b"I",
    b"t",
    b".git",
    b".GIT",
    b"git",
    b"~",
    b"1",
    b"git~1",
    b" ",
    b":",
    b"\\",
    b"/",
    b"/",
    b"a",
    b"\0",
    b"\xff",
    b"\xe2\x80\x8c",
    b"\xe2\x81\xaf",
    b"\xef\xbb\xbf",
    b"\xe2",
    b"\x80",
    b"\xaa",
    b"\xef\xbf\xbe",
    b"\xef\xbf\xbd",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xf0\x9f",
    b"\x98\x80",
    b"\xf4\x90",
];

fn accepts(automaton: &Automaton, path: &[u8]) -> bool {
    let last = path.iter().fold(automaton.start(), |state, byte| {
        automaton.step(state, *byte)
    });
    automaton.accepts(last)
}

/// The rules for storable paths once more, on whole components instead of byte by byte.
fn storable_by_the_book(path: &[u8]) -> bool {
    !path.contains(&0)
        && path.split(|byte| *byte == b'/').all(|component| {
            !matches!(component, b"" | b"." | b"..")
                && !component.split(|byte| *byte == b'\\').any(dotgit_for_ntfs)
                && !dotgit_for_hfs(component)
        })
}

fn dotgit_for_ntfs(component: &[u8]) -> bool {
    let lower = component.to_ascii_lowercase();
    let rest = lower.strip_prefix(b".git").or(lower.strip_prefix(b"git~1"));
    let tail = rest.map(|rest| rest.trim_start_with(|char| char == '.' || char == ' '));
    tail.is_some_and(|tail| matches!(tail.first(), None | Some(b':')))
}

fn dotgit_for_hfs(component: &[u8]) -> bool {
    let mut characters = component.utf8_chunks().flat_map(|chunk| {
        let malformed = (!chunk.invalid().is_empty()).then_some(None);
        let read = |char| {
            if matches!(char, '\u{fffe}' | '\u{ffff}') {
                None
            } else {
                Some(char)
            }
        };
        chunk
            .valid()
            .chars()
            .map(read)
            .chain(malformed)
            .collect::<Vec<_>>()
    });
    let mut next = || {
        characters.find(|char| {
            !matches!(
                char,
                Some(
                    '\u{200c}'..='\u{200f}'
                    | '\u{202a}'..='\u{202e}'
                    | '\u{206a}'..='\u{206f}'
                    | '\u{feff}',
                )
            )
        })
    };
    let begins = ".git".chars().all(|expected| {
        next()
            .flatten()
            .is_some_and(|char| char.to_ascii_lowercase() == expected)
    });
    begins && matches!(next(), None | Some(None))
}
