//! What becomes of uncommitted work where the base has changed the same files?
//!
//! It is kept first, as a commit of the form that `git stash` makes, under a ref of the stream:
//! `refs/stash` belongs to all worktrees at once. Then it is decided in memory what the files and
//! the index are afterwards, and the worktree goes there in one move. Where work and base conflict,
//! the files are the base's, and the ref stays until a person has put the work back.
//!
//! What is uncommitted elsewhere is not touched at all, and neither is what git does not know.

mod carry;
pub(super) mod kept;

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice as _};
use serde_json::{Value, json};

use self::carry::Carried;
use super::{Error, obstacle};
use crate::git::{Commit, Id, Linked, Lock, Repo, Staging, Uncommitted};
use crate::ledger::{OpId, RefMove};
use crate::name::StreamName;
use crate::path;

/// How the ref of uncommitted work ends.
const SUFFIX: &str = "-stash";
/// How its message says which files were only meant to be added.
const INTENDED: &str = "Intended: ";

/// Uncommitted work that is in the way of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The ref that keeps it, as long as that is needed.
    pub name: String,
    /// What it points at: `git stash apply --index` takes it.
    pub commit: Id,
    /// The paths.
    pub paths: Vec<BString>,
    /// Whether files and index get it back.
    pub put_back: bool,
    /// Whether what was staged is staged again, and the rest is not.
    pub apart: bool,
    /// Those of them that the index knows.
    known: Vec<BString>,
    /// What the files and the index are before the move.
    before: Side,
    /// And afterwards.
    after: Side,
}

/// What the files and the index are, as trees.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Side {
    files: Id,
    staging: Staging,
}

/// What a move needs to know.
pub(super) struct Way<'a> {
    pub(super) repo: &'a Repo,
    pub(super) linked: &'a Linked,
    pub(super) stream: &'a StreamName,
    pub(super) operation: (&'a OpId, &'a Lock),
    pub(super) registering: &'a dyn Fn() -> Result<Lock, Error>,
    /// The commits that the branch is at, and goes to.
    pub(super) old: Id,
    pub(super) new: Id,
}

impl Aside {
    /// Keeps what is uncommitted at these changes, which the move would meet. No ref is made yet.
    pub(super) fn keep(way: &Way<'_>, changes: &[Uncommitted]) -> Result<Aside, Error> {
        let (repo, linked) = (way.repo, way.linked);
        let tree = repo.tree_of(way.old)?;
        let (staged, files) = repo.trees_of_uncommitted(linked, tree, changes)?;
        let intended: Vec<BString> = changes
            .iter()
            .filter(|change| change.is_intended())
            .map(|change| change.path.clone())
            .collect();
        let commit = write(way, staged, files, &intended)?;
        let name = format!(
            "refs/stream/kept/{}/{}{SUFFIX}",
            way.stream, way.operation.0
        );
        let mut paths: Vec<BString> = changes.iter().map(|change| change.path.clone()).collect();
        paths.sort();
        let known = Uncommitted::in_index(changes);
        let aside = Aside::decide(way, name, commit, paths, (staged, files, intended))?;
        Ok(Aside { known, ..aside })
    }

    /// The same, from what an operation that died has kept.
    pub(super) fn again(way: &Way<'_>, name: &str, commit: Id) -> Result<Aside, Error> {
        let repo = way.repo;
        let kept = repo.commit(commit)?;
        let staged = match kept.parents.get(1) {
            Some(index) => repo.tree_of(*index)?,
            None => kept.tree,
        };
        let lines = kept.message.lines();
        let intended = lines
            .filter_map(|line| line.strip_prefix(INTENDED.as_bytes()))
            .map(|line| path::unquoted(&line.to_str_lossy()))
            .collect();
        let tree = repo.tree_of(way.old)?;
        let mut paths: Vec<BString> = Vec::new();
        for side in [staged, kept.tree] {
            let changes = repo.diff_trees(Some(tree), Some(side))?;
            paths.extend(changes.into_iter().map(|change| change.path));
        }
        paths.sort();
        paths.dedup();
        let sides = (staged, kept.tree, intended);
        Aside::decide(way, name.to_owned(), commit, paths, sides)
    }

    fn decide(
        way: &Way<'_>,
        name: String,
        commit: Id,
        paths: Vec<BString>,
        (staged, files, intended): (Id, Id, Vec<BString>),
    ) -> Result<Aside, Error> {
        let repo = way.repo;
        let new = repo.tree_of(way.new)?;
        let Carried { files: to, index } = carry::carry(way, staged, files)?;
        let put_back = to.is_some();
        let to = to.unwrap_or(new);
        let index_after = if put_back { index } else { Some(new) };
        let after = Side {
            files: to,
            staging: match index_after {
                Some(index) => staging(repo, to, index, &paths, &intended)?,
                None => together(repo, to, new, &paths)?,
            },
        };
        let before = Side {
            files,
            staging: staging(repo, files, staged, &paths, &intended)?,
        };
        Ok(Aside {
            name,
            commit,
            paths,
            put_back,
            apart: index_after.is_some(),
            known: Vec::new(),
            before,
            after,
        })
    }

    /// The files that must be taken into the index as they are, before the move.
    pub(super) fn known(&self) -> &[BString] {
        &self.known
    }

    /// The trees that the files go from and to.
    pub(super) fn trees(&self) -> (Id, Id) {
        (self.before.files, self.after.files)
    }

    /// What the index says at the end of the way there.
    pub(super) fn staging_after(&self) -> Staging {
        self.after.staging.clone()
    }

    /// What it says after the way back.
    pub(super) fn staging_before(&self) -> Staging {
        self.before.staging.clone()
    }

    /// The move that makes its ref.
    pub(super) fn kept(&self) -> RefMove {
        RefMove {
            name: self.name.clone(),
            old: None,
            new: Some(self.commit),
        }
    }

    /// The move that removes it again.
    pub(super) fn let_go(&self) -> RefMove {
        RefMove {
            name: self.name.clone(),
            old: Some(self.commit),
            new: None,
        }
    }

    /// As `--json` has it.
    pub fn json(&self) -> Value {
        let paths: Vec<Value> = self.paths.iter().map(|p| path::json(p.as_bstr())).collect();
        json!({
            "paths": paths,
            "put_back": self.put_back,
            "staged_apart": self.put_back && self.apart,
            "ref": (!self.put_back).then_some(&self.name),
            "commit": self.commit.to_string(),
        })
    }

    /// One line for people.
    pub(super) fn text(&self, dry_run: bool) -> String {
        let (paths, name) = (obstacle::listed(&self.paths), &self.name);
        match (self.put_back, dry_run) {
            (true, false) if self.apart => format!("put uncommitted work back: {paths}"),
            (true, false) => format!(
                "put uncommitted work back, all of it unstaged, since the base has changed what was \
                 staged: {paths}"
            ),
            (true, true) => format!("would put uncommitted work back: {paths}"),
            (false, false) => {
                format!("uncommitted work conflicts with the base and is kept as {name}: {paths}")
            }
            (false, true) => format!(
                "uncommitted work conflicts with the base and would be kept under a ref: {paths}"
            ),
        }
    }
}

/// The ref of uncommitted work among the moves that an operation intended.
pub(super) fn intended(moves: &[RefMove]) -> Option<(&str, Id)> {
    let kept = moves.iter().find(|one| is_of_work(&one.name))?;
    Some((&kept.name, kept.new?))
}

/// Whether a ref keeps uncommitted work.
fn is_of_work(name: &str) -> bool {
    name.starts_with("refs/stream/kept/") && name.ends_with(SUFFIX)
}

/// The commit that keeps it, in the form of `git stash`: the files, with the index as its second
/// parent.
fn write(way: &Way<'_>, staged: Id, files: Id, intended: &[BString]) -> Result<Id, Error> {
    let repo = way.repo;
    let committer = repo.committer()?;
    let commit = |tree, parents, message: String| {
        repo.write_commit(&Commit {
            tree,
            parents,
            author: committer.clone(),
            committer: committer.clone(),
            encoding: None,
            message: message.into(),
        })
    };
    let stream = way.stream;
    let index = commit(
        staged,
        vec![way.old],
        format!("index of {stream}, kept by a sync\n"),
    )?;
    let mut message = format!("uncommitted work of {stream}, kept by a sync\n");
    for (at, path) in intended.iter().enumerate() {
        let start = if at == 0 { "\n" } else { "" };
        let path = path::shown(path.as_bstr());
        message.push_str(&format!("{start}{INTENDED}{path}\n"));
    }
    Ok(commit(files, vec![way.old, index], message)?)
}

/// What the index says where it is not what the files are.
fn staging(
    repo: &Repo,
    files: Id,
    index: Id,
    paths: &[BString],
    intended: &[BString],
) -> Result<Staging, Error> {
    let mut entries = BTreeMap::new();
    for change in repo.diff_trees(Some(files), Some(index))? {
        entries.insert(change.path, change.new);
    }
    for path in paths {
        let leaf = repo.leaf_at(index, path.as_bstr())?;
        entries.insert(path.clone(), leaf);
    }
    let mut still = Vec::new();
    for path in intended {
        let is_there = repo.leaf_at(files, path.as_bstr())?.is_some();
        if is_there && repo.leaf_at(index, path.as_bstr())?.is_none() {
            entries.remove(path);
            still.push(path.clone());
        }
    }
    Ok(Staging {
        entries,
        intended: still,
    })
}

/// Nothing is staged but what the base does not have: git must go on knowing it.
fn together(repo: &Repo, files: Id, new: Id, paths: &[BString]) -> Result<Staging, Error> {
    let mut staging = staging(repo, files, new, paths, &[])?;
    for (path, entry) in &mut staging.entries {
        if entry.is_none() {
            *entry = repo.leaf_at(files, path.as_bstr())?;
        }
    }
    Ok(staging)
}
