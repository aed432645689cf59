//! What is in the worktrees of this machine that is not committed yet?
//!
//! One `git status` for each, several at the same time, and none of them refreshes an index: the
//! picture must not change what it shows, nor make an agent's git wait for a lock.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use bstr::{BString, ByteSlice as _};

use super::Error;
use crate::git::{self, Call, Id, Leaf, Linked, Output, Pending, Repo};
use crate::ledger::{Claim, Machine, State};
use crate::name::StreamName;

/// A path that differs from the last commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Uncommitted {
    /// git's two letters for index and worktree, `.` for unchanged; `??` for untracked.
    pub(super) letters: String,
    /// The path.
    pub(super) path: BString,
    /// What the last commit has there.
    pub(super) committed: Option<Leaf>,
    /// Whether the index holds an unresolved conflict there.
    pub(super) unmerged: bool,
}

/// What was found where a claim's worktree should be.
#[derive(Debug)]
pub(super) enum Found {
    /// It is not there.
    Gone,
    /// It is there, and git does not answer in it.
    Unreadable(String),
    /// It is there.
    Here(Here),
}

/// A worktree that is there.
#[derive(Debug)]
pub(super) struct Here {
    /// What is not committed.
    pub(super) uncommitted: Vec<Uncommitted>,
    /// The worktree.
    pub(super) linked: Linked,
    /// The operation of git that is under way in it: `rebase`, `merge`, …
    pub(super) under_way: Option<&'static str>,
}

impl Here {
    /// The full name of the branch it is on, unless HEAD is detached.
    pub(super) fn branch(&self) -> Option<&String> {
        self.linked.branch.as_ref()
    }

    /// What is not committed, for those who want to see it as a tree.
    pub(super) fn pending(&self) -> Vec<Pending> {
        let pending = self.uncommitted.iter().map(|one| Pending {
            path: one.path.clone(),
            committed: one.committed,
        });
        pending.collect()
    }
}

/// The worktree of every claim of this machine, or of one; those of other machines are left out.
pub(super) fn all(
    repo: &Repo,
    state: &State,
    machine: &Machine,
    only: Option<&StreamName>,
) -> Result<BTreeMap<StreamName, Found>, Error> {
    let linked = repo.linked_worktrees()?;
    let mut found = BTreeMap::new();
    let mut here = Vec::new();
    let wanted = |name: &StreamName| only.is_none_or(|only| only == name);
    let held = state.held().filter(|(name, ..)| wanted(name));
    for (name, _, claim) in held.filter(|(.., claim)| claim.machine == machine.id) {
        match worktree_of(claim, &linked) {
            Some(linked) => here.push((name.clone(), linked)),
            None => drop(found.insert(name.clone(), Found::Gone)),
        }
    }
    let calls = here.iter().map(|(_, linked)| call(repo, &linked.top));
    let answers = at_the_same_time(calls.collect());
    for ((name, linked), answer) in here.into_iter().zip(answers) {
        let looked = match answer {
            Ok(output) => Found::Here(Here {
                uncommitted: parse(&output.stdout),
                linked: linked.clone(),
                under_way: repo.operation_in_progress(&linked.git_dir),
            }),
            Err(error) => Found::Unreadable(error.to_string()),
        };
        found.insert(name, looked);
    }
    Ok(found)
}

fn worktree_of<'l>(claim: &Claim, linked: &'l [Linked]) -> Option<&'l Linked> {
    linked.iter().find(|one| {
        let is_its = if claim.worktree_id.is_empty() {
            one.top == Path::new(&claim.worktree)
        } else {
            one.id == claim.worktree_id
        };
        is_its && one.top.is_dir()
    })
}

fn call(repo: &Repo, top: &Path) -> Call {
    repo.call_in(top).args([
        "--no-optional-locks",
        "status",
        "--porcelain=v2",
        "-z",
        "--no-renames",
        "--untracked-files=normal",
    ])
}

/// Runs them all, as many at once as the machine can; the answers in the order of the calls.
fn at_the_same_time(calls: Vec<Call>) -> Vec<Result<Output, git::Error>> {
    let most = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = most.min(calls.len());
    let queue = Mutex::new(calls.into_iter().enumerate());
    let answers = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((at, call)) = take(&queue) {
            let answer = call.run();
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.insert(at, answer);
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.into_values().collect()
}

fn take<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// Reads `git status --porcelain=v2 -z --no-renames`: the path follows a fixed number of words.
fn parse(bytes: &[u8]) -> Vec<Uncommitted> {
    let lines = bytes.split(|byte| *byte == 0);
    let parsed = lines.filter_map(|line| {
        let words = match line.first()? {
            b'1' => 9,
            b'u' => 11,
            b'?' => 2,
            _ => return None,
        };
        let words: Vec<&[u8]> = line.splitn(words, |byte| *byte == b' ').collect();
        let is_untracked = line[0] == b'?';
        Some(Uncommitted {
            letters: if is_untracked {
                "??".to_owned()
            } else {
                words.get(1)?.to_str_lossy().into_owned()
            },
            path: words.last().copied()?.into(),
            committed: (line[0] == b'1').then(|| committed(&words)).flatten(),
            unmerged: line[0] == b'u',
        })
    });
    parsed.collect()
}

/// `1 <XY> <sub> <mH> <mI> <mW> <hH> <hI> <path>`: what HEAD has there.
fn committed(words: &[&[u8]]) -> Option<Leaf> {
    let mode = u32::from_str_radix(words.get(3)?.to_str().ok()?, 8).ok()?;
    let id = Id::from_hex(words.get(6)?).ok()?;
    (mode != 0).then_some(Leaf { mode, id })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_kind_of_line_is_understood() {
        let zero = "0".repeat(40);
        let text = format!(
            "1 .M N... 100644 100644 100644 {zero} {zero} a file\0\
             u UU N... 100644 100644 100644 100644 {zero} {zero} {zero} both\nlines\0\
             ? new dir/\0"
        );
        let found: Vec<(String, String)> = parse(text.as_bytes())
            .into_iter()
            .map(|one| (one.letters, one.path.to_string()))
            .collect();
        let expected = [(".M", "a file"), ("UU", "both\nlines"), ("??", "new dir/")];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert!(parse(b"").is_empty());
    }
}
