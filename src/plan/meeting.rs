//! Which streams are worth comparing?
//!
//! Deciding an overlap exactly costs far more than seeing that two patterns name different
//! directories. A pair that is left out here has no common path for certain; a pair that is named
//! may have one.

use std::collections::{BTreeMap, BTreeSet};

/// What one component of a pattern can match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Component<'a> {
    /// Exactly this component.
    Literal(&'a str),
    /// Exactly one component, whichever.
    One,
    /// Any number of components, or something that is not looked into.
    Any,
}

use Component::{Any, Literal, One};

/// The pairs of indices, smaller first, whose lists of includes may match a common path.
pub(super) fn pairs(includes: &[Vec<&str>]) -> BTreeSet<(usize, usize)> {
    let mut by_beginning: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
    for (stream, patterns) in includes.iter().enumerate() {
        for pattern in patterns {
            by_beginning
                .entry(beginning(pattern))
                .or_default()
                .push((stream, pattern));
        }
    }
    let mut pairs = BTreeSet::new();
    // In this order, everything that a text begins with is on a stack when the text comes.
    let mut above: Vec<(&str, &[(usize, &str)])> = Vec::new();
    for (text, here) in &by_beginning {
        while above
            .last()
            .is_some_and(|(shorter, _)| !text.starts_with(shorter))
        {
            above.pop();
        }
        above.push((text, here));
        for (one, pattern) in here {
            for (other, with) in above.iter().flat_map(|(_, patterns)| *patterns) {
                let pair = (*one.min(other), *one.max(other));
                if one != other && !pairs.contains(&pair) && may_meet(pattern, with) {
                    pairs.insert(pair);
                }
            }
        }
    }
    pairs
}

/// What every path that a pattern matches begins with.
fn beginning(pattern: &str) -> &str {
    let special = pattern.find(['*', '?', '[', '{', '\\']);
    special
        .map_or(pattern, |at| &pattern[..at])
        .trim_end_matches('/')
}

/// Whether some path may match both patterns.
fn may_meet(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (components(a), components(b));
    let alike_forwards = may_begin_alike(&a, &b);
    a.reverse();
    b.reverse();
    alike_forwards && may_begin_alike(&a, &b)
}

fn may_begin_alike(a: &[Component], b: &[Component]) -> bool {
    for at in 0..a.len().max(b.len()) {
        match (a.get(at), b.get(at)) {
            (Some(Any), _) | (_, Some(Any)) => return true,
            (Some(Literal(x)), Some(Literal(y))) if x != y => return false,
            (Some(Literal(_) | One), Some(Literal(_) | One)) => {}
            (None, _) | (_, None) => return false,
        }
    }
    true
}

fn components(pattern: &str) -> Vec<Component<'_>> {
    let mut components = Vec::new();
    for text in pattern.split('/') {
        if text.is_empty() || text.contains("**") {
            components.push(Any);
        } else if text.contains(['[', '{', '\\']) {
            // These may hold a `/`, so that nothing is known about what follows.
            components.push(Any);
            break;
        } else if text.contains(['*', '?']) {
            components.push(One);
        } else {
            components.push(Literal(text));
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{may_meet, pairs};
    use crate::pattern::{PatternSet, Territory, overlap};

    #[test]
    fn only_pairs_with_room_for_a_common_path_are_compared() {
        let lists: [Vec<&str>; 7] = [
            vec!["src/api/**", "README.md"],
            vec!["src/ui/", "docs/*/ui.md"],
            vec!["src/*/gen/x.rs"],
            vec!["docs/*/api.md", "src2/"],
            vec!["src/api"],
            vec!["READM"],
            vec!["{README.md,x}"],
        ];
        let found: Vec<_> = pairs(&lists).into_iter().collect();
        assert_eq!(
            found,
            [
                (0, 2),
                (0, 4),
                (0, 6),
                (1, 2),
                (1, 6),
                (2, 6),
                (3, 6),
                (4, 6),
                (5, 6)
            ]
        );
    }

    fn pattern() -> impl Strategy<Value = String> {
        let component = proptest::sample::select(vec![
            "a", "b", "ab", "*", "?", "a*", "*b", "**", "{a,b}", "{a/b,b}", "[ab]", "\\a", "a**",
        ]);
        let dir = proptest::sample::select(vec!["", "/"]);
        (proptest::collection::vec(component, 1..5), dir)
            .prop_map(|(components, dir)| format!("{}{dir}", components.join("/")))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_not_compared_does_not_overlap(a in pattern(), b in pattern()) {
            let territory = |text: &String| PatternSet::parse([text]).map(Territory::from);
            let (Ok(x), Ok(y)) = (territory(&a), territory(&b)) else { return Ok(()) };
            let meet = overlap(&x, &y, &PatternSet::empty());
            let compared = !pairs(&[vec![&a], vec![&b]]).is_empty();
            prop_assert!(compared || meet == Ok(None), "{a} {b} {meet:?}");
            prop_assert!(may_meet(&a, &b) || meet == Ok(None), "{a} {b} {meet:?}");
        }
    }
}
