//! How does what the guard refuses get out of the index?
//!
//! Each refused path is set to what the base has there: the commit then says nothing about it.
//! That is also right in a merge of the base, where HEAD's version would take the base's change
//! back, and after a commit that slipped by, whose change is thereby reverted. Files are not
//! touched.

use bstr::BString;

use super::index::{self, Merging};
use super::verdict::{Refused, Verdict};
use super::{Error, who};
use crate::git::{Id, Repo};
use crate::rule::Why;
use crate::workspace::Workspace;

/// What was taken out of the index.
#[derive(Debug)]
pub struct Unstaged {
    /// The verdict on the index as it was.
    pub before: Verdict,
    /// The paths that are out of it now, or would be.
    pub paths: Vec<BString>,
    /// What stays, because it has to be resolved instead.
    pub left: Vec<Refused>,
}

/// Whether it is done or only said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It is done.
    Really,
    /// It is only said.
    DryRun,
}

/// Unstages exactly the paths that the guard refuses in this stream's worktree.
pub fn unstage(repo: &Repo, doing: Doing) -> Result<Unstaged, Error> {
    let workspace = Workspace::open(repo)?;
    let stream = who::here(repo, &workspace.state)?.ok_or(Error::WhichStream)?;
    let before = index::verdict(&workspace, &stream)?;
    let (left, refused): (Vec<Refused>, Vec<Refused>) = before
        .refused
        .iter()
        .cloned()
        .partition(|refused| refused.breach.why == Why::Unmerged);
    let paths: Vec<BString> = refused
        .into_iter()
        .map(|refused| refused.breach.path)
        .collect();
    if doing == Doing::Really && !paths.is_empty() {
        let base = index::base(&workspace, Some(&stream), Merging::AsRecorded)?;
        reset(repo, base, &paths)?;
    }
    Ok(Unstaged {
        before,
        paths,
        left,
    })
}

fn reset(repo: &Repo, base: Id, paths: &[BString]) -> Result<(), Error> {
    let mut input = Vec::new();
    for path in paths {
        input.extend_from_slice(path);
        input.push(0);
    }
    repo.call_in(repo.require_top()?)
        .env("GIT_INDEX_FILE", index::path(repo)?)
        .env("GIT_LITERAL_PATHSPECS", "1")
        .args(["reset", "--quiet"])
        .arg(base.to_string())
        .args(["--pathspec-from-file=-", "--pathspec-file-nul"])
        .run_with_input(&input)?;
    Ok(())
}
