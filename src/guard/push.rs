//! May these commits leave the repository?
//!
//! git names on stdin what it is about to push, one ref a line. What is judged is every stream's
//! work among it: a branch of a stream on either side, and whatever else holds commits of the
//! stream in whose worktree we are. Each is judged as a range from the trusted base. What belongs
//! to no stream is no business of ours, and a deletion brings no commits.
//!
//! The guard is asked first: the user's own hook often runs a whole test suite. It then gets the
//! very bytes that git gave.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::PathBuf;

use bstr::{BStr, ByteSlice as _};

use super::own::Own;
use super::{Error, Outcome, Verdict, ask, intact, own, who};
use crate::git::{self, Id, Repo};
use crate::name::StreamName;
use crate::workspace::{Workspace, is_no_streams};

/// One ref that is about to be pushed.
struct Pushed<'a> {
    local: &'a BStr,
    commit: Id,
    remote: &'a BStr,
}

pub(super) fn run(repo: &Repo, name: &str, args: &[OsString]) -> Result<Outcome, Error> {
    if is_no_streams(repo)? {
        own::become_it(&Own::of(repo), name, args)?;
        return Ok(Outcome::Passed);
    }
    let mut bytes = Vec::new();
    let read = io::stdin().read_to_end(&mut bytes);
    read.map_err(git::Error::file("read", PathBuf::from("stdin")))?;
    let refused = judge(repo, &bytes)?;
    if !refused.is_empty() {
        return Ok(Outcome::Refused(refused));
    }
    match own::run_with(repo, name, args, &bytes)? {
        0 => Ok(Outcome::Passed),
        status => Ok(Outcome::RefusedByOwn(status)),
    }
}

/// The verdicts that refuse something.
fn judge(repo: &Repo, input: &[u8]) -> Result<Vec<Verdict>, Error> {
    let pushed = parsed(repo, input)?;
    if pushed.is_empty() {
        return Ok(Vec::new());
    }
    intact::have_mended(repo);
    let workspace = Workspace::within_git(repo)?;
    let here = who::here(repo, &workspace.state)?;
    let mut refused: Vec<Verdict> = Vec::new();
    for one in &pushed {
        let named = by_name(one.remote).or_else(|| by_name(one.local));
        let (stream, commit) = match named {
            Some(stream) => (stream, one.commit),
            None => match own_work(&workspace, here.as_ref(), one)? {
                Some(found) => found,
                None => continue,
            },
        };
        let (state, plan) = (&workspace.state, &workspace.plan);
        let scope = ask::scope(state, plan, &stream)?;
        let known = (state, plan);
        let trusted = workspace.trusted_for(&stream, commit)?;
        let ids = repo.commits_between(&[commit], &[trusted])?;
        let verdict = ask::commits(repo, known, (Some(stream), &scope), trusted, &ids)?;
        if !verdict.accepts() {
            refused.push(verdict);
        }
    }
    Ok(refused)
}

/// What is pushed, deletions aside.
fn parsed<'a>(repo: &Repo, input: &'a [u8]) -> Result<Vec<Pushed<'a>>, Error> {
    let mut pushed = Vec::new();
    for line in input.lines() {
        let garbled = || Error::Garbled {
            path: PathBuf::from("stdin"),
            line: line.to_str_lossy().into_owned(),
        };
        let words: Vec<&[u8]> = line.split_str(" ").collect();
        let [local, commit, remote, _remote_commit] = words.as_slice() else {
            return Err(garbled());
        };
        let commit = commit.to_str().ok().and_then(|hex| repo.parse_id(hex));
        let commit = commit.ok_or_else(garbled)?;
        if commit != repo.null_id() {
            pushed.push(Pushed {
                local: local.as_bstr(),
                commit,
                remote: remote.as_bstr(),
            });
        }
    }
    Ok(pushed)
}

/// How many lines of git's bring commits.
pub(super) fn number(repo: &Repo, input: &[u8]) -> Result<usize, Error> {
    Ok(parsed(repo, input)?.len())
}

/// The stream whose branch a ref is.
fn by_name(full_name: &BStr) -> Option<StreamName> {
    StreamName::from_branch_ref(full_name.to_str().ok()?)
}

/// The stream of this worktree and the commit, if that is the stream's work under another name:
/// it is on the stream's branch, and not on the base.
fn own_work(
    workspace: &Workspace<'_>,
    here: Option<&StreamName>,
    one: &Pushed<'_>,
) -> Result<Option<(StreamName, Id)>, Error> {
    let repo = workspace.repo;
    let Some(stream) = here else { return Ok(None) };
    let Some(tip) = repo.read_ref(&stream.branch_ref())? else {
        return Ok(None);
    };
    // A tag has an object of its own; what is no commit at all is nobody's work.
    let commit = if one.local.starts_with(b"refs/tags/") {
        repo.resolve(&one.commit.to_string())?
    } else {
        Some(one.commit)
    };
    let Some(commit) = commit else {
        return Ok(None);
    };
    let is_its = one.local == "HEAD"
        || (repo.is_ancestor(commit, tip)? && !repo.is_ancestor(commit, workspace.base.commit)?);
    Ok(is_its.then(|| (stream.clone(), commit)))
}
