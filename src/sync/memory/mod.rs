//! What has a person decided about this conflict before?
//!
//! What a person has resolved for a stream is remembered for that stream alone, in a tree behind
//! `refs/stream/remembered/<stream>`; the user's own `rerere` is neither asked nor told. There are
//! two forms of it:
//!
//! ```text
//! exact/<key>/paths, exact/<key>/<n>     what the paths of a conflict became, of whatever sort
//! hunks/<key>/before, hunks/<key>/after  a text with its conflicts, and without
//! ```
//!
//! The first is found where all sides are the same again, the second where the same lines
//! contradict one another in a text that has changed elsewhere. What cannot be used as it is, is
//! not used: the sync stops, as it would without.

mod hunks;
mod learn;

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(super) use self::learn::{Resolved, learn};
use super::obstacle::listed;
use super::question::short;
use super::{Error, Stuck};
use crate::git::{GITLINK, Id, Leaf, Repo, SYMLINK};
use crate::name::StreamName;
use crate::path;

/// What is remembered of one stream.
pub(super) struct Memory<'r> {
    repo: &'r Repo,
    tree: Option<Id>,
}

/// The ref behind which it is.
pub(super) fn ref_of(stream: &StreamName) -> String {
    format!("refs/stream/remembered/{stream}")
}

impl<'r> Memory<'r> {
    pub(super) fn of(repo: &'r Repo, stream: &StreamName) -> Result<Memory<'r>, Error> {
        let commit = repo.read_ref(&ref_of(stream))?;
        let tree = commit.map(|commit| repo.tree_of(commit)).transpose()?;
        Ok(Memory { repo, tree })
    }

    /// The tree of a pick that cannot be applied, as a person has resolved it before.
    pub(super) fn recall(&self, stuck: &Stuck) -> Result<Option<Id>, Error> {
        let Some(memory) = self.tree else {
            return Ok(None);
        };
        let edits = match self.exact(memory, stuck)? {
            Some(edits) => Some(edits),
            None => self.hunks(memory, stuck)?,
        };
        let Some(edits) = edits else {
            return Ok(None);
        };
        for leaf in edits.values().flatten() {
            if leaf.mode != GITLINK && hunks::has_marks(&self.repo.blob(leaf.id)?) {
                return Ok(None);
            }
        }
        Ok(Some(
            self.repo.write_tree_holding(Some(stuck.tree), &edits)?,
        ))
    }

    fn exact(&self, memory: Id, stuck: &Stuck) -> Result<Option<Edits>, Error> {
        let place = format!("exact/{}", key(stuck));
        let Some(list) = self.repo.blob_at(memory, &format!("{place}/paths"))? else {
            return Ok(None);
        };
        let mut edits = made_up(stuck);
        for (at, line) in list.to_str_lossy().lines().enumerate() {
            let leaf = self
                .repo
                .leaf_at(memory, format!("{place}/{at}").as_str().into())?;
            edits.insert(path::unquoted(line), leaf);
        }
        Ok(Some(edits))
    }

    fn hunks(&self, memory: Id, stuck: &Stuck) -> Result<Option<Edits>, Error> {
        let repo = self.repo;
        let mut edits = made_up(stuck);
        for path in stuck.paths() {
            let Some(leaf) = text_at(repo, stuck.tree, &path)? else {
                return Ok(None);
            };
            let Some(now) = hunks::conflicted(&repo.blob(leaf.id)?) else {
                return Ok(None);
            };
            let part = |name: &str| repo.blob_at(memory, &format!("hunks/{}/{name}", now.key));
            let (Some(before), Some(after)) = (part("before")?, part("after")?) else {
                return Ok(None);
            };
            let Some(resolved) = repo.merge_texts(&now.text, &before, &after)? else {
                return Ok(None);
            };
            let id = repo.write_blob(&resolved)?;
            edits.insert(
                path,
                Some(Leaf {
                    mode: leaf.mode,
                    id,
                }),
            );
        }
        Ok(Some(edits))
    }
}

/// A conflict that was resolved as a person did it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// The stream's commit.
    pub commit: Id,
    /// Its first line.
    pub subject: BString,
    /// The paths.
    pub paths: Vec<BString>,
    /// The tree that it could not be applied to.
    pub(super) onto: Id,
    /// The tree that it became.
    pub(super) tree: Id,
}

impl Recalled {
    pub(super) fn of(stuck: &Stuck, tree: Id) -> Recalled {
        Recalled {
            commit: stuck.commit,
            subject: stuck.subject.clone(),
            paths: stuck.paths(),
            onto: stuck.onto,
            tree,
        }
    }

    /// As `--json` has it.
    pub fn json(&self) -> Value {
        let paths: Vec<Value> = self.paths.iter().map(|p| path::json(p.as_bstr())).collect();
        json!({
            "commit": self.commit.to_string(),
            "subject": self.subject.to_str_lossy(),
            "paths": paths,
        })
    }

    /// One line for people.
    pub fn text(&self) -> String {
        format!(
            "{} '{}' conflicts in {}: resolved as a person has done it before",
            short(self.commit),
            self.subject,
            listed(&self.paths)
        )
    }
}

type Edits = BTreeMap<BString, Option<Leaf>>;

/// The names that git has made up to put both sides beside one another: they go.
fn made_up(stuck: &Stuck) -> Edits {
    let stages = stuck.conflict.stages.iter();
    let made_up = stages.filter(|one| stuck.real_path(&one.path) != one.path);
    made_up.map(|one| (one.path.clone(), None)).collect()
}

/// The ordinary file that a tree has at a path.
fn text_at(repo: &Repo, tree: Id, path: &BString) -> Result<Option<Leaf>, Error> {
    let leaf = repo.leaf_at(tree, path.as_bstr())?;
    Ok(leaf.filter(|leaf| leaf.mode != GITLINK && leaf.mode != SYMLINK))
}

/// The same where all sides of a conflict are the same.
pub(super) fn key(stuck: &Stuck) -> String {
    let mut stages = stuck.conflict.stages.clone();
    for one in &mut stages {
        one.path = stuck.real_path(&one.path);
    }
    stages.sort();
    let mut hash = Sha256::new();
    for one in stages {
        hash.update(&one.path);
        hash.update(format!("\0{} {:o} {}\0", one.stage, one.mode, one.id));
    }
    let hash = hash.finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
