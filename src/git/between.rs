//! Which commits lead to these, and not to those?
//!
//! As `git rev-list tips --not hidden` has it. Who is hidden is painted down from both sides at once,
//! newest first, so that only what differs is read, and a little below it.
//!
//! # Limits
//!
//! A commit's time is what somebody's clock said. The walk goes on below what both sides have for as
//! long as what it finds there is not older than what is still believed to differ, and [`SLOP`]
//! commits further. (git does the same, in `limit_list`, and goes on for five.) Where clocks were so
//! wrong that more than so many commits in a row, which both have, are older than one of their own
//! ancestors, a commit of the hidden ones may be taken for one that is not.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use gix::objs::{CommitRefIter, Find};

use super::{Error, Id};

/// How many commits below everything that differs are looked at.
const SLOP: usize = 16;

const VISIBLE: u8 = 1;
const HIDDEN: u8 = 2;
const BOTH: u8 = VISIBLE | HIDDEN;

struct Seen {
    /// When it was committed, in seconds since 1970.
    time: i64,
    parents: Vec<Id>,
    paint: u8,
    is_queued: bool,
}

/// What is known of a history.
struct Walk<'f, F> {
    find: &'f F,
    seen: HashMap<Id, Seen>,
    queue: BinaryHeap<(i64, Id)>,
    /// How many in the queue are not in both histories.
    apart: usize,
    /// The oldest of those that only `tips` lead to, and others that are hidden by now.
    differing: BinaryHeap<Reverse<(i64, Id)>>,
}

/// The commits that are reachable from `tips` and not from `hidden`, newest first.
pub(super) fn between(find: &impl Find, tips: &[Id], hidden: &[Id]) -> Result<Vec<Id>, Error> {
    let mut walk = Walk {
        find,
        seen: HashMap::new(),
        queue: BinaryHeap::new(),
        apart: 0,
        differing: BinaryHeap::new(),
    };
    for (ids, paint) in [(hidden, HIDDEN), (tips, VISIBLE)] {
        for id in ids {
            walk.paint(*id, paint)?;
        }
    }
    walk.go()?;
    Ok(walk.listed(tips))
}

impl<F: Find> Walk<'_, F> {
    fn paint(&mut self, id: Id, paint: u8) -> Result<(), Error> {
        if !self.seen.contains_key(&id) {
            let seen = read(self.find, id)?;
            self.seen.insert(id, seen);
        }
        let Some(seen) = self.seen.get_mut(&id) else {
            return Ok(());
        };
        let (was, now) = (seen.paint, seen.paint | paint);
        if was == now {
            return Ok(());
        }
        seen.paint = now;
        if seen.is_queued {
            self.apart -= usize::from(now == BOTH);
        } else {
            seen.is_queued = true;
            self.apart += usize::from(now != BOTH);
            self.queue.push((seen.time, id));
        }
        if now == VISIBLE {
            self.differing.push(Reverse((seen.time, id)));
        }
        Ok(())
    }

    fn go(&mut self) -> Result<(), Error> {
        let mut left = SLOP;
        while let Some((time, id)) = self.queue.pop() {
            let Some(oldest) = self.oldest_differing() else {
                return Ok(());
            };
            if self.apart > 0 || time >= oldest {
                left = SLOP;
            } else if left == 0 {
                return Ok(());
            } else {
                left -= 1;
            }
            let Some(seen) = self.seen.get_mut(&id) else {
                continue;
            };
            seen.is_queued = false;
            let (paint, parents) = (seen.paint, seen.parents.clone());
            self.apart -= usize::from(paint != BOTH);
            for parent in parents {
                self.paint(parent, paint)?;
            }
        }
        Ok(())
    }

    fn oldest_differing(&mut self) -> Option<i64> {
        while let Some(Reverse((time, id))) = self.differing.peek() {
            if self.differs(*id) {
                return Some(*time);
            }
            self.differing.pop();
        }
        None
    }

    fn differs(&self, id: Id) -> bool {
        let seen = self.seen.get(&id);
        seen.is_some_and(|seen| seen.paint == VISIBLE)
    }

    /// What differs, a commit before its parents as far as the clocks agree.
    fn listed(&self, tips: &[Id]) -> Vec<Id> {
        let mut queue = BinaryHeap::new();
        let mut known = std::collections::HashSet::new();
        let mut found = Vec::new();
        let mut next = tips.to_vec();
        loop {
            for id in next.drain(..) {
                if let Some(seen) = self.seen.get(&id).filter(|_| self.differs(id))
                    && known.insert(id)
                {
                    // Of two that were made in one second, the one that was met first.
                    queue.push((seen.time, Reverse(known.len()), id));
                }
            }
            let Some((_, _, id)) = queue.pop() else {
                return found;
            };
            found.push(id);
            next.clone_from(&self.seen[&id].parents);
        }
    }
}

fn read(find: &impl Find, id: Id) -> Result<Seen, Error> {
    let broken = |source: Box<dyn std::error::Error + Send + Sync>| Error::Object {
        attempt: "read",
        what: format!("commit {id}"),
        source,
    };
    let mut buffer = Vec::new();
    let found = find.try_find(&id, &mut buffer);
    let found = found.map_err(|error| broken(error.into()))?;
    let Some(data) = found.filter(|data| data.kind == gix::objs::Kind::Commit) else {
        return Err(broken("there is no such commit".into()));
    };
    let commit = CommitRefIter::from_bytes(data.data, id.kind());
    let committer = commit.committer().map_err(|error| broken(error.into()))?;
    Ok(Seen {
        time: committer.seconds(),
        parents: commit.parent_ids().collect(),
        paint: 0,
        is_queued: false,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use gix::hash::oid;
    use gix::objs::{Data, Find, Kind};
    use proptest::prelude::*;

    use super::{Id, between};

    /// A history in memory: each commit's parents come before it.
    #[derive(Default)]
    struct History {
        ids: Vec<Id>,
        parents: HashMap<Id, Vec<Id>>,
        content: HashMap<Id, Vec<u8>>,
    }

    impl History {
        fn commit(&mut self, time: i64, parents: &[usize]) {
            let mut text = format!("tree {}\n", "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
            let parents: Vec<Id> = parents.iter().map(|at| self.ids[*at]).collect();
            for parent in &parents {
                text.push_str(&format!("parent {parent}\n"));
            }
            let who = format!("A <a@example.com> {time} +0000");
            text.push_str(&format!(
                "author {who}\ncommitter {who}\n\n{}\n",
                self.ids.len()
            ));
            let kind = gix::hash::Kind::Sha1;
            let id = gix::objs::compute_hash(kind, Kind::Commit, text.as_bytes()).unwrap();
            self.ids.push(id);
            self.parents.insert(id, parents);
            self.content.insert(id, text.into_bytes());
        }

        fn above(&self, ids: &[Id]) -> HashSet<Id> {
            let mut found = HashSet::new();
            let mut next = ids.to_vec();
            while let Some(id) = next.pop() {
                if found.insert(id) {
                    next.extend(&self.parents[&id]);
                }
            }
            found
        }

        fn assert_right(&self, tip: Id, hidden: Id) {
            let found = between(self, &[tip], &[hidden]).unwrap();
            let set: HashSet<Id> = found.iter().copied().collect();
            assert_eq!(set.len(), found.len(), "one of them comes twice");
            let (all, without) = (self.above(&[tip]), self.above(&[hidden]));
            let expected: HashSet<Id> = all.difference(&without).copied().collect();
            assert_eq!(set, expected);
            assert!(found.first().is_none_or(|first| *first == tip));
        }
    }

    impl Find for History {
        fn try_find<'a>(
            &self,
            id: &oid,
            buffer: &'a mut Vec<u8>,
        ) -> Result<Option<Data<'a>>, gix::Error> {
            buffer.clear();
            let Some(content) = self.content.get(&id.to_owned()) else {
                return Ok(None);
            };
            buffer.extend_from_slice(content);
            Ok(Some(Data::new(buffer, Kind::Commit, id.kind())))
        }
    }

    /// Work whose commits come from the future, and a base whose newest commit is from the past:
    /// the work's whole history was walked before anything of the base.
    #[test]
    fn a_clock_that_has_jumped_brings_nothing_of_the_base() {
        let mut history = History::default();
        history.commit(100, &[]);
        for at in 0..8 {
            history.commit(101 + at, &[usize::try_from(at).unwrap()]);
        }
        for at in 0..3 {
            history.commit(
                5000 + at,
                &[if at == 0 {
                    6
                } else {
                    8 + usize::try_from(at).unwrap()
                }],
            );
        }
        history.commit(105, &[4]);
        history.commit(110, &[8, 12]);
        history.commit(1, &[13]);
        history.assert_right(history.ids[11], history.ids[14]);
        history.assert_right(history.ids[14], history.ids[11]);
    }

    #[test]
    fn what_is_no_commit_is_an_error() {
        let mut history = History::default();
        history.commit(1, &[]);
        let nowhere = Id::null(gix::hash::Kind::Sha1);
        assert!(between(&history, &[nowhere], &[]).is_err());
        assert_eq!(
            between(&history, &[history.ids[0]], &[]).unwrap(),
            history.ids
        );
    }

    proptest! {
        /// As few commits as the walk goes on for: no clock can be wrong enough.
        #[test]
        fn no_clock_changes_what_is_between(
            commits in prop::collection::vec((0_i64..40, any::<[prop::sample::Index; 2]>(), 0_usize..3), 2..16),
            tip in any::<prop::sample::Index>(),
            hidden in any::<prop::sample::Index>(),
        ) {
            let history = drawn(&commits);
            history.assert_right(*tip.get(&history.ids), *hidden.get(&history.ids));
        }

        /// Clocks that agree, and long histories.
        #[test]
        fn of_a_long_history_it_is_what_differs(
            commits in prop::collection::vec((0_i64..1, any::<[prop::sample::Index; 2]>(), 1_usize..3), 2..120),
            tip in any::<prop::sample::Index>(),
            hidden in any::<prop::sample::Index>(),
        ) {
            let mut commits = commits;
            for (at, commit) in commits.iter_mut().enumerate() {
                commit.0 = i64::try_from(at / 2).unwrap();
            }
            let history = drawn(&commits);
            history.assert_right(*tip.get(&history.ids), *hidden.get(&history.ids));
        }
    }

    /// Commits by their time, where their parents are among those before, and how many they have.
    fn drawn(commits: &[(i64, [prop::sample::Index; 2], usize)]) -> History {
        let mut history = History::default();
        for (time, places, count) in commits {
            let before = history.ids.len();
            let places = places.iter().take(*count).filter(|_| before > 0);
            let mut parents: Vec<usize> = places.map(|place| place.index(before)).collect();
            parents.dedup();
            history.commit(*time, &parents);
        }
        history
    }
}
