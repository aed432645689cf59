//! Which sets of changed paths can meet in a merge?
//!
//! git merges three trees path by path. Two sides that have changed different paths are merged
//! without a question, and the result holds what each of them has, unless
//!
//! - a path of the one lies above one of the other: a file where the other has a directory;
//! - a file that one side has renamed is changed by the other. A rename is a removal and an
//!   addition, so the old path is among those that the one has changed. The other has it as well
//!   if there is anything to carry over, and both meet there. Where the new path is in the other's
//!   way, they meet there;
//! - one side has renamed a whole directory in which the other has added a file. git can be told to
//!   carry the file along; here it is told not to, as in every sync and landing
//!   (`merge.directoryRenames=false`), and the file stays where it was added.
//!
//! So it is enough to look for a path that both have changed, or of which one lies above the other.

use std::collections::{BTreeSet, HashMap};

use bstr::{BStr, BString, ByteSlice as _};

/// The pairs that can meet, as two places in the list, the smaller one first.
pub(super) fn meetings(sets: &[BTreeSet<BString>]) -> BTreeSet<(usize, usize)> {
    let mut changed: HashMap<&BStr, Vec<usize>> = HashMap::new();
    for (at, set) in sets.iter().enumerate() {
        for path in set {
            changed.entry(path.as_bstr()).or_default().push(at);
        }
    }
    let mut found = BTreeSet::new();
    for (path, here) in &changed {
        for (nth, one) in here.iter().enumerate() {
            found.extend(here[nth + 1..].iter().map(|other| (*one, *other)));
        }
        for above in above(path) {
            for other in changed.get(above).into_iter().flatten() {
                let pairs = here.iter().filter(|one| *one != other);
                found.extend(pairs.map(|one| (*one.min(other), *one.max(other))));
            }
        }
    }
    found
}

/// Whether two of them can meet.
pub(super) fn can_meet(one: &BTreeSet<BString>, other: &BTreeSet<BString>) -> bool {
    let is_in = |path: &BString, set: &BTreeSet<BString>| {
        set.contains(path) || above(path.as_bstr()).any(|above| set.contains(above))
    };
    one.iter().any(|path| is_in(path, other)) || other.iter().any(|path| is_in(path, one))
}

/// The paths that both have changed, unless one of the one lies above one of the other.
pub(super) fn common<'a>(
    one: &'a BTreeSet<BString>,
    other: &'a BTreeSet<BString>,
) -> Option<Vec<&'a BStr>> {
    let is_below = |path: &BString, set: &BTreeSet<BString>| {
        let mut above = above(path.as_bstr());
        above.any(|above| set.contains(above))
    };
    let are_nested = one.iter().any(|path| is_below(path, other))
        || other.iter().any(|path| is_below(path, one));
    let common = one.intersection(other).map(AsRef::as_ref);
    (!are_nested).then(|| common.collect())
}

/// The directories in which a path lies, without `/` at their ends.
fn above(path: &BStr) -> impl Iterator<Item = &BStr> {
    let ends = path.find_iter("/").collect::<Vec<_>>();
    ends.into_iter().map(|end| path[..end].as_bstr())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bstr::BString;
    use proptest::prelude::*;

    use super::{can_meet, common, meetings};

    fn set(paths: &[&str]) -> BTreeSet<BString> {
        paths.iter().map(|path| BString::from(*path)).collect()
    }

    #[test]
    fn a_common_path_or_one_above_the_other_is_a_meeting() {
        let sets = [
            set(&["a/b", "x"]),
            set(&["a/c", "y"]),
            set(&["a"]),
            set(&["y", "ab/c"]),
            set(&[]),
        ];
        let found: Vec<_> = meetings(&sets).into_iter().collect();
        assert_eq!(found, [(0, 2), (1, 2), (1, 3)]);
    }

    #[test]
    fn what_is_common_is_known_unless_a_directory_is_a_file() {
        let one = set(&["a/b", "c", "d"]);
        assert_eq!(
            common(&one, &set(&["a/b", "d", "e"])).unwrap(),
            ["a/b", "d"]
        );
        assert_eq!(common(&one, &set(&["c", "d/e"])), None);
        assert_eq!(common(&one, &set(&["a", "c"])), None);
    }

    fn sets() -> impl Strategy<Value = Vec<BTreeSet<BString>>> {
        let path = "[ab](/[ab]){0,2}".prop_map(BString::from);
        let set = prop::collection::btree_set(path, 0..4);
        prop::collection::vec(set, 0..6)
    }

    proptest! {
        #[test]
        fn all_at_once_is_each_pair_by_itself(sets in sets()) {
            let found = meetings(&sets);
            for one in 0..sets.len() {
                for other in one + 1..sets.len() {
                    let meets = can_meet(&sets[one], &sets[other]);
                    prop_assert_eq!(found.contains(&(one, other)), meets);
                }
            }
        }
    }
}
