//! How is the rule asked directly: of a range of commits, or of paths that may not exist yet?
//!
//! Both work without a claim, and in a clone that has no ledger: a build server knows a base and
//! a plan, and that is enough.

use std::path::{Component, Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::owner::Owners;
use super::{Error, Verdict, What, who};
use crate::git::{Change, Id, Leaf, Repo};
use crate::ledger::{Ledger, State};
use crate::name::StreamName;
use crate::pattern::{PatternSet, Territory};
use crate::plan::Plan;
use crate::rule::{self, Scope, TreeContent};
use crate::workspace::{self, Workspace};

/// For whom the rule is asked.
#[derive(Debug, Clone)]
pub enum Whose {
    /// For the stream of this worktree.
    Here,
    /// For a stream: what it holds, else what the plan gives it.
    Stream(StreamName),
    /// For whoever owns exactly this.
    Files(PatternSet),
}

/// What a stream may touch.
pub fn scope(state: &State, plan: &Plan, stream: &StreamName) -> Result<Scope, Error> {
    let territory = match (state.claim(stream), plan.streams.get(stream)) {
        (Some(claim), _) => claim.territory(),
        (None, Some(planned)) => Territory::from(planned.files.clone()),
        (None, None) => {
            let stream = stream.clone();
            return Err(Error::UnknownStream { stream });
        }
    };
    Ok(Scope::new(&territory, plan))
}

fn scope_of(
    repo: &Repo,
    state: &State,
    plan: &Plan,
    whose: &Whose,
) -> Result<(Option<StreamName>, Scope), Error> {
    let stream = match whose {
        Whose::Files(files) => return Ok((None, Scope::new(&files.clone().into(), plan))),
        Whose::Stream(stream) => stream.clone(),
        Whose::Here => who::here(repo, state)?.ok_or(Error::WhichStream)?,
    };
    let scope = scope(state, plan, &stream)?;
    Ok((Some(stream), scope))
}

/// Asks the rule of every commit of `BASE..TIP`; BASE is the commit to trust, whatever it is.
pub fn range(repo: &Repo, range: &str, whose: &Whose) -> Result<Verdict, Error> {
    let (base, trusted, tip) = ends(repo, range)?;
    let state = Ledger::of(repo).read()?;
    let (plan, _) = workspace::plan_at(repo, trusted, base)?;
    let (stream, scope) = scope_of(repo, &state, &plan, whose)?;
    let ids = repo.commits_between(&[tip], &[trusted])?;
    commits(repo, (&state, &plan), (stream, &scope), trusted, &ids)
}

/// What `BASE..TIP` names: BASE as it is written, its commit, and that of TIP.
pub(super) fn ends<'t>(repo: &Repo, range: &'t str) -> Result<(&'t str, Id, Id), Error> {
    match range.split_once("..") {
        Some((base, tip)) if !base.is_empty() && !tip.is_empty() && !tip.starts_with('.') => {
            Ok((base, commit_at(repo, base)?, commit_at(repo, tip)?))
        }
        _ => Err(Error::NoRange {
            text: range.to_owned(),
        }),
    }
}

/// The commit that a revision names.
///
/// Of a short name that several refs have, git takes a tag before a branch, and a file of that name
/// in the git directory before both: whoever may push a tag `main`, or write the file `.git/main`,
/// would say what the base is. So git is asked for the full name of the one ref that has it.
pub fn commit_at(repo: &Repo, revision: &str) -> Result<Id, Error> {
    let (name, rest) = Repo::beginning(revision);
    let mut names = repo.refs_called(name);
    if names.len() > 1 {
        let revision = revision.to_owned();
        return Err(Error::Ambiguous { revision, names });
    }
    let found = match names.pop() {
        Some(full_name) => repo.resolve(&format!("{full_name}{rest}"))?,
        None if repo.has_file_called(name) => None,
        None => repo.resolve(revision)?,
    };
    found.ok_or_else(|| Error::NotACommit {
        revision: revision.to_owned(),
    })
}

/// Asks the rule of each of these commits.
pub fn commits(
    repo: &Repo,
    (state, plan): (&State, &Plan),
    (stream, scope): (Option<StreamName>, &Scope),
    trusted: Id,
    ids: &[Id],
) -> Result<Verdict, Error> {
    repo.require_whole_history()?;
    let mut verdict = Verdict::new(What::Range { base: trusted }, stream, ids.len());
    let owners = Owners::new(state, plan, verdict.stream.as_ref());
    for id in ids {
        let Some(violation) = rule::commit(repo, scope, trusted, *id)? else {
            continue;
        };
        let commit = (violation.commit, violation.subject);
        verdict.refuse(Some(&commit), violation.breaches, &owners);
    }
    Ok(verdict)
}

/// Asks the rule of paths, as if each were edited, or added where the base lacks it.
pub fn paths(repo: &Repo, paths: &[PathBuf], whose: &Whose) -> Result<Verdict, Error> {
    let (state, plan, base) = match Workspace::open(repo) {
        Ok(workspace) => (workspace.state, workspace.plan, workspace.base.commit),
        Err(workspace::Error::NotSetUp) => {
            let head = repo.head()?.ok_or(crate::git::Error::Unborn)?;
            (
                State::default(),
                workspace::plan_at(repo, head, "HEAD")?.0,
                head,
            )
        }
        Err(error) => return Err(error.into()),
    };
    let (stream, scope) = scope_of(repo, &state, &plan, whose)?;
    let tree = repo.tree_of(base)?;
    let mut changes = Vec::new();
    for path in paths {
        let path = from_top(repo, path)?;
        let old = repo.leaf_at(tree, path.as_bstr())?;
        changes.push(Change {
            path,
            old,
            new: Some(Leaf {
                mode: 0o100_644,
                id: repo.null_id(),
            }),
            unmerged: false,
        });
    }
    let breaches = rule::judge(&scope, &changes, &TreeContent::new(repo, tree))?;
    let mut verdict = Verdict::new(What::Paths, stream, changes.len());
    let owners = Owners::new(&state, &plan, verdict.stream.as_ref());
    verdict.refuse(None, breaches, &owners);
    Ok(verdict)
}

/// A path as the caller wrote it, from the top of the worktree. Nothing needs to exist.
fn from_top(repo: &Repo, path: &Path) -> Result<BString, Error> {
    use std::os::unix::ffi::OsStrExt as _;
    let outside = || Error::OutsidePath {
        path: path.to_owned(),
    };
    let top = repo.require_top()?;
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let here = here.map_err(crate::git::Error::file("find", PathBuf::from(".")))?;
    let whole = without_dots(&here.join(path)).ok_or_else(outside)?;
    let inside = match whole.strip_prefix(top) {
        Ok(inside) => inside.to_owned(),
        // An absolute path may come by way of a symlink.
        Err(_) => resolved(&whole)
            .and_then(|whole| Some(whole.strip_prefix(top).ok()?.to_owned()))
            .ok_or_else(outside)?,
    };
    Ok(inside.as_os_str().as_bytes().into())
}

/// The path without `.` and `..`, by its text.
fn without_dots(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !clean.pop() {
                    return None;
                }
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                clean.push(component);
            }
        }
    }
    Some(clean)
}

/// The path with its nearest existing directory resolved.
fn resolved(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find_map(|ancestor| {
        let rest = path.strip_prefix(ancestor).ok()?;
        Some(ancestor.canonicalize().ok()?.join(rest))
    })
}
