//! May what is staged be committed?
//!
//! The index is the one that git is about to commit: `GIT_INDEX_FILE` as given, which names a
//! temporary one for `commit -a` and `commit PATH`. The parents are HEAD and, in a merge, the
//! commits that are being merged.
//!
//! `commit --amend` will have HEAD's parents instead of HEAD. That asks the same question: all of
//! HEAD's history beyond its parents is HEAD itself, which is a commit of the stream and not on
//! the base, so the newest commit of the base that the result contains is the same.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::owner::Owners;
use super::{Error, Verdict, What, Whose, ask, who};
use crate::git::{self, Compared, Id, Repo};
use crate::name::StreamName;
use crate::rule::{Scope, TreeContent, base_for, judge as judge_changes};
use crate::workspace::Workspace;

/// Asks the rule of the index. [`Error::WhichStream`] where it is not said for whom.
pub fn staged(repo: &Repo, whose: &Whose) -> Result<Verdict, Error> {
    let workspace = Workspace::open(repo)?;
    match whose {
        Whose::Here => {
            let stream = who::here(repo, &workspace.state)?.ok_or(Error::WhichStream)?;
            verdict(&workspace, &stream)
        }
        Whose::Stream(stream) => verdict(&workspace, stream),
        Whose::Files(files) => {
            let scope = Scope::new(&files.clone().into(), &workspace.plan);
            Ok(with_scope(
                &workspace,
                None,
                &scope,
                (Merging::AsRecorded, Wanted::Verdict),
            )?
            .verdict)
        }
    }
}

/// Where it is said what is being merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merging {
    /// In `MERGE_HEAD`.
    AsRecorded,
    /// In the environment, as long as `MERGE_HEAD` is not there: git writes it only after
    /// pre-merge-commit. Anybody can set a variable, so nothing else believes it, and
    /// prepare-commit-msg asks again.
    AsGitSays,
}

/// An index that was judged.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    /// The tree that git will commit, where that is asked for and certain.
    pub(super) tree: Option<Id>,
}

/// What is to be found out of an index.
#[derive(Clone, Copy)]
enum Wanted {
    Verdict,
    /// And the tree, which costs a hash of every directory that has changed.
    TreeAsWell,
}

/// What the rule says of the index of a stream.
pub(super) fn verdict(workspace: &Workspace<'_>, stream: &StreamName) -> Result<Verdict, Error> {
    let scope = ask::scope(&workspace.state, &workspace.plan, stream)?;
    let asked = (Merging::AsRecorded, Wanted::Verdict);
    Ok(with_scope(workspace, Some(stream.clone()), &scope, asked)?.verdict)
}

/// The same for a hook, with the tree that hooks to come need not judge again.
pub(super) fn judge(
    workspace: &Workspace<'_>,
    stream: Option<StreamName>,
    merging: Merging,
) -> Result<Judged, Error> {
    let stream = stream.ok_or(Error::WhichStream)?;
    let scope = ask::scope(&workspace.state, &workspace.plan, &stream)?;
    with_scope(
        workspace,
        Some(stream),
        &scope,
        (merging, Wanted::TreeAsWell),
    )
}

fn with_scope(
    workspace: &Workspace<'_>,
    stream: Option<StreamName>,
    scope: &Scope,
    (merging, wanted): (Merging, Wanted),
) -> Result<Judged, Error> {
    let repo = workspace.repo;
    let base = base(workspace, stream.as_ref(), merging)?;
    let before = repo.tree_of(base)?;
    let index = path(repo)?;
    let Compared { changes, tree } = match wanted {
        Wanted::Verdict => Compared {
            changes: repo.diff_index(&index, Some(before))?,
            tree: None,
        },
        Wanted::TreeAsWell => repo.compare_index(&index, Some(before))?,
    };
    let breaches = judge_changes(scope, &changes, &TreeContent::new(repo, before))?;
    let what = if index == repo.git_dir().join("index") {
        What::Staged
    } else {
        What::Commit
    };
    let mut verdict = Verdict::new(what, stream, changes.len());
    let owners = Owners::new(&workspace.state, &workspace.plan, verdict.stream.as_ref());
    verdict.refuse(None, breaches, &owners);
    Ok(Judged { verdict, tree })
}

/// The newest commit of the trusted base that the commit about to be made will contain.
pub(super) fn base(
    workspace: &Workspace<'_>,
    stream: Option<&StreamName>,
    merging: Merging,
) -> Result<Id, Error> {
    workspace.repo.require_whole_history()?;
    let parents = parents(workspace.repo, merging)?;
    let trusted = match (stream, parents.first()) {
        (Some(stream), Some(head)) => workspace.trusted_for(stream, *head)?,
        (None, _) | (_, None) => workspace.base.commit,
    };
    Ok(base_for(workspace.repo, trusted, &parents)?)
}

/// The index that git is about to commit, or the worktree's.
pub(super) fn path(repo: &Repo) -> Result<PathBuf, Error> {
    match env::var_os("GIT_INDEX_FILE") {
        // git itself takes a relative name from the top of the worktree.
        Some(given) if !given.is_empty() => Ok(repo.require_top()?.join(given)),
        Some(_) | None => Ok(repo.git_dir().join("index")),
    }
}

/// The same, told from the environment and the git directory alone.
pub(super) fn path_in(git_dir: &Path) -> Option<PathBuf> {
    match env::var_os("GIT_INDEX_FILE").map(PathBuf::from) {
        Some(given) if given.is_absolute() => Some(given),
        Some(_) => None,
        None => Some(git_dir.join("index")),
    }
}

/// The parents of the commit about to be made.
fn parents(repo: &Repo, merging: Merging) -> Result<Vec<Id>, Error> {
    let head = repo.head()?.ok_or(git::Error::Unborn)?;
    Ok([vec![head], merged(repo, merging)?].concat())
}

/// The commits that are being merged into HEAD.
pub(super) fn merged(repo: &Repo, merging: Merging) -> Result<Vec<Id>, Error> {
    let mut parents = Vec::new();
    let path = repo.git_dir().join("MERGE_HEAD");
    match fs::read_to_string(&path) {
        Ok(text) => {
            for line in text.lines() {
                let parent = repo.parse_id(line).ok_or_else(|| Error::Garbled {
                    path: path.clone(),
                    line: line.to_owned(),
                })?;
                parents.push(parent);
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if merging == Merging::AsGitSays {
                parents.extend(from_environment(repo));
            }
        }
        Err(error) => return Err(git::Error::file("read", &path)(error).into()),
    }
    Ok(parents)
}

/// The commits that a running `git merge` names by `GITHEAD_<id>`.
fn from_environment(repo: &Repo) -> BTreeSet<Id> {
    env::vars_os()
        .filter_map(|(name, _)| repo.parse_id(name.to_str()?.strip_prefix("GITHEAD_")?))
        .filter(|id| repo.has(*id))
        .collect()
}
