//! What in a worktree forbids to move it?
//!
//! Found before anything moves. Changes that are not committed stay where they do not meet a path
//! that would be rewritten; files that git does not know are never overwritten.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString};
use serde_json::Value;

use super::Error;
use crate::git::{Change, Id, Linked, Repo, Uncommitted, in_the_way};
use crate::ledger::StreamState;
use crate::name::StreamName;
use crate::path;
use crate::word;

/// How many paths a message shows.
const SHOWN: usize = 10;

/// Why a stream cannot be moved now. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The worktree is not there.
    NoWorktree {
        /// Where it was.
        worktree: PathBuf,
    },
    /// The worktree is not on the stream's branch.
    OtherBranch {
        /// The worktree.
        worktree: PathBuf,
        /// The full name of the branch it is on, unless HEAD is detached.
        found: Option<String>,
        /// The stream's branch.
        wanted: String,
    },
    /// A rebase, merge or the like is going on.
    Operation {
        /// The worktree.
        worktree: PathBuf,
        /// What it is.
        name: &'static str,
        /// The command that ends it.
        abort: &'static str,
    },
    /// What it is stacked on is not in review any more, and has not landed.
    Closed {
        /// The worktree.
        worktree: PathBuf,
        /// That stream.
        ground: StreamName,
        /// Where it stands.
        state: StreamState,
        /// Its commit that is below the stream.
        tip: Id,
        /// The commit of the base.
        base: Id,
    },
    /// The index holds a conflict.
    Unmerged {
        /// The worktree.
        worktree: PathBuf,
        /// The paths.
        paths: Vec<BString>,
    },
    /// Uncommitted changes are where the move would write.
    Uncommitted {
        /// The worktree.
        worktree: PathBuf,
        /// The paths.
        paths: Vec<BString>,
    },
    /// Files that git was told not to look at are where the move would write.
    Overlooked {
        /// The worktree.
        worktree: PathBuf,
        /// The paths.
        paths: Vec<BString>,
    },
    /// Files that git does not know are where the move would write.
    InTheWay {
        /// The worktree.
        worktree: PathBuf,
        /// The paths.
        paths: Vec<BString>,
    },
}

impl Obstacle {
    /// One sentence without a full stop.
    pub fn reason(&self) -> String {
        match self {
            Obstacle::NoWorktree { worktree } => {
                format!("its worktree '{}' is gone", worktree.display())
            }
            Obstacle::OtherBranch { found, wanted, .. } => match found {
                Some(found) => format!(
                    "its worktree is on '{}', not on '{wanted}'",
                    found.strip_prefix("refs/heads/").unwrap_or(found)
                ),
                None => format!("its worktree is on no branch, not on '{wanted}'"),
            },
            Obstacle::Operation { name, .. } => format!("a {name} is going on in its worktree"),
            Obstacle::Closed { ground, state, .. } => {
                format!("it stands on {ground}, which is {state}: its pull request was closed")
            }
            Obstacle::Unmerged { paths, .. } => {
                format!("its index holds a conflict in {}", listed(paths))
            }
            Obstacle::Uncommitted { paths, .. } => format!(
                "uncommitted changes are where the base has changed something: {}",
                listed(paths)
            ),
            Obstacle::Overlooked { paths, .. } => format!(
                "files that git was told not to look at differ where the base has changed something: \
                 {}",
                listed(paths)
            ),
            Obstacle::InTheWay { paths, .. } => format!(
                "files that git does not know are where the base has new ones: {}",
                listed(paths)
            ),
        }
    }

    /// What to do, as sentences with one command each.
    pub fn hints(&self, stream: &StreamName) -> Vec<String> {
        if let Obstacle::Uncommitted { .. } = self {
            return vec![format!(
                "Nothing was changed. Commit these files, or take them along with \
                 `git stream sync {stream} --autostash`."
            )];
        }
        self.hints_before(&format!("then `git stream sync {stream}` again"))
    }

    /// The same for another command, which is to be run again.
    pub fn hints_before(&self, again: &str) -> Vec<String> {
        let hint = match self {
            Obstacle::NoWorktree { .. } => format!(
                "Nothing was changed. If it was moved, say where with `git worktree repair PATH`, \
                 {again}."
            ),
            Obstacle::OtherBranch {
                worktree, wanted, ..
            } => format!(
                "Nothing was changed. Go back with `git -C {} switch {wanted}`, {again}.",
                shell(worktree)
            ),
            Obstacle::Operation {
                worktree, abort, ..
            } => format!(
                "Nothing was changed. Finish it, or give it up with `git -C {} {}`, {again}.",
                shell(worktree),
                abort.strip_prefix("git ").unwrap_or(abort)
            ),
            Obstacle::Closed {
                worktree,
                ground,
                tip,
                base,
                ..
            } => {
                return vec![
                    format!(
                        "Nothing was changed. It goes on when the other is submitted again, with \
                         `git stream land {ground}`."
                    ),
                    format!(
                        "Or put it onto the base without that, with `git -C {} rebase --onto {} \
                         {}`, {again}.",
                        shell(worktree),
                        base.to_hex_with_len(12),
                        tip.to_hex_with_len(12)
                    ),
                ];
            }
            Obstacle::Unmerged { worktree, .. } => format!(
                "Nothing was changed. Resolve it and commit; `git -C {} status` shows where.",
                shell(worktree)
            ),
            Obstacle::Uncommitted { worktree, .. } => format!(
                "Nothing was changed. Commit these files; `git -C {} status` shows them.",
                shell(worktree)
            ),
            Obstacle::Overlooked { worktree, paths } => format!(
                "Nothing was changed. Let git see them with `cd {} && git update-index \
                 --no-assume-unchanged {words} && git update-index --no-skip-worktree {words}`, \
                 {again}.",
                shell(worktree),
                words = words(paths)
            ),
            Obstacle::InTheWay { worktree, .. } => format!(
                "Nothing was changed. Move these files away, {again}; \
                 `git -C {} status --ignored` shows them.",
                shell(worktree)
            ),
        };
        vec![hint]
    }

    /// The paths it is about.
    pub fn paths(&self) -> &[BString] {
        match self {
            Obstacle::Unmerged { paths, .. }
            | Obstacle::Uncommitted { paths, .. }
            | Obstacle::Overlooked { paths, .. }
            | Obstacle::InTheWay { paths, .. } => paths,
            Obstacle::NoWorktree { .. }
            | Obstacle::OtherBranch { .. }
            | Obstacle::Closed { .. }
            | Obstacle::Operation { .. } => &[],
        }
    }

    /// The word that tells a program which one it is.
    pub fn cause(&self) -> Value {
        let word = match self {
            Obstacle::NoWorktree { .. } => "no-worktree",
            Obstacle::OtherBranch { .. } => "other-branch",
            Obstacle::Operation { .. } => "operation",
            Obstacle::Closed { .. } => "closed",
            Obstacle::Unmerged { .. } => "unmerged",
            Obstacle::Uncommitted { .. } => "uncommitted",
            Obstacle::Overlooked { .. } => "overlooked",
            Obstacle::InTheWay { .. } => "in-the-way",
        };
        word.into()
    }
}

/// Finds what forbids to bring the worktree from one tree to the other, along these changes.
pub fn find(
    repo: &Repo,
    top: &Path,
    old_tree: Id,
    changes: &[Change],
) -> Result<Option<Obstacle>, Error> {
    let met = uncommitted(repo, top, changes)?;
    if !met.is_empty() {
        let paths = met.into_iter().map(|change| change.path).collect();
        let worktree = top.to_owned();
        return Ok(Some(Obstacle::Uncommitted { worktree, paths }));
    }
    unknown(repo, top, old_tree, changes)
}

/// The uncommitted changes that meet a path that would be rewritten.
pub(super) fn uncommitted(
    repo: &Repo,
    top: &Path,
    changes: &[Change],
) -> Result<Vec<Uncommitted>, Error> {
    let rewritten = rewritten(changes);
    let mut found = repo.uncommitted(top)?;
    found.retain(|change| meets(&change.path, &rewritten));
    Ok(found)
}

fn rewritten(changes: &[Change]) -> BTreeSet<&BString> {
    changes.iter().map(|change| &change.path).collect()
}

/// The files that git does not know and that are where a new one would go.
pub(super) fn unknown(
    repo: &Repo,
    top: &Path,
    old_tree: Id,
    changes: &[Change],
) -> Result<Option<Obstacle>, Error> {
    let is_known = |path: &BStr| Ok(repo.leaf_at(old_tree, path)?.is_some());
    let mut paths = Vec::new();
    for change in changes.iter().filter(|change| change.old.is_none()) {
        // What git lets nobody have there, it refuses itself, and a `.git` is not to be moved away.
        if change.new.is_some() && change.is_fit() {
            paths.extend(in_the_way(top, change.path.as_ref(), &is_known)?);
        }
    }
    paths.sort();
    paths.dedup();
    let worktree = top.to_owned();
    Ok((!paths.is_empty()).then_some(Obstacle::InTheWay { worktree, paths }))
}

/// The files that git was told not to look at and that would be rewritten: what git found when it
/// refused to.
pub(super) fn overlooked(
    repo: &Repo,
    linked: &Linked,
    changes: &[Change],
) -> Result<Option<Obstacle>, Error> {
    let rewritten = rewritten(changes);
    let mut paths = repo.overlooked_files(linked)?;
    paths.retain(|path| meets(path, &rewritten));
    let worktree = linked.top.clone();
    Ok((!paths.is_empty()).then_some(Obstacle::Overlooked { worktree, paths }))
}

/// Whether a path is rewritten, or lies above or below one that is.
fn meets(path: &BString, rewritten: &BTreeSet<&BString>) -> bool {
    if rewritten.contains(path) {
        return true;
    }
    let mut below = path.clone();
    below.push(b'/');
    let is_above = rewritten
        .range::<BString, _>(&below..)
        .next()
        .is_some_and(|other| other.starts_with(&below));
    let is_below = path
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'/')
        .any(|(at, _)| rewritten.contains(&BString::from(&path[..at])));
    is_above || is_below
}

/// Paths for people, cut where there are many.
pub(super) fn listed(paths: &[BString]) -> String {
    let mut shown: Vec<String> = paths
        .iter()
        .take(SHOWN)
        .map(|path| format!("'{}'", path::shown(path.as_ref())))
        .collect();
    if paths.len() > SHOWN {
        shown.push(format!("and {} more", paths.len() - SHOWN));
    }
    shown.join(", ")
}

/// Paths as the words of a command, cut where there are many.
fn words(paths: &[BString]) -> String {
    let words = paths.iter().take(SHOWN);
    let words = words.map(|path| word::quoted(&path.to_string()));
    words.collect::<Vec<_>>().join(" ")
}

/// A path as a shell takes it.
pub(super) fn shell(path: &Path) -> String {
    word::quoted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bstr::BString;

    use super::{listed, meets};

    #[test]
    fn a_path_meets_itself_and_what_is_above_or_below_it() {
        let paths: Vec<BString> = ["a/b/c", "d"].map(BString::from).to_vec();
        let rewritten: BTreeSet<&BString> = paths.iter().collect();
        for path in ["a/b/c", "a/b", "a", "d", "d/e", "a/b/c/d"] {
            assert!(meets(&path.into(), &rewritten), "{path}");
        }
        for path in ["a/b/d", "a/bb", "a/b/c2", "dd", "ab"] {
            assert!(!meets(&path.into(), &rewritten), "{path}");
        }
    }

    #[test]
    fn long_lists_are_cut() {
        let paths: Vec<BString> = (0..12).map(|n| format!("f{n}").into()).collect();
        let text = listed(&paths);
        assert!(text.ends_with("'f9', and 2 more"), "{text}");
    }
}
