//! Has the base got something that matters to a stream, so that now is a good time to sync?
//!
//! Told to whoever commits, in one line, once for each commit that the base is at, and only where
//! what is new since the last look touches what the stream builds on:
//!
//! - a path that it owns, or that it has changed;
//! - a shared file of the plan;
//! - a path of a stream among its `dependencies`.
//!
//! The base is looked at once, when it has moved; which of its commits was looked at is remembered
//! in the worktree's admin directory. As long as the base stays there, this costs the reading of a
//! small file.
//!
//! # Limits
//!
//! Merges on the base are not counted, only what they brought. At most [`MOST`] commits are.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};
use rustix::fs::OFlags;

use super::Error;
use crate::git::{Id, Repo};
use crate::ledger::Claim;
use crate::name::StreamName;
use crate::path;
use crate::pattern::Matcher;
use crate::plan::Plan;
use crate::word::count;
use crate::workspace::Workspace;

/// The file in a worktree's admin directory.
const FILE: &str = "git-stream-base";
/// How many commits of the base are looked at.
const MOST: usize = 100;
/// How many paths are followed through them.
const MOST_PATHS: usize = 50;

/// What the base has that a stream builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The stream.
    pub stream: StreamName,
    /// The base branch.
    pub base: String,
    /// How many of its commits touch what the stream builds on.
    pub commits: usize,
    /// What they touch.
    pub paths: Vec<BString>,
}

impl Behind {
    /// One line.
    pub fn text(&self) -> String {
        let first = self.paths.first().map(|path| path::shown(path.as_bstr()));
        let more = match self.paths.len() {
            0 | 1 => String::new(),
            2 => " and 1 more path".to_owned(),
            many => format!(" and {} more paths", many - 1),
        };
        format!(
            "{} has {} that touch{} what '{}' builds on ({}{more}); now is a good time for \
             `git stream sync`",
            self.base,
            count(self.commits, "new commit"),
            if self.commits == 1 { "es" } else { "" },
            self.stream,
            first.unwrap_or_default()
        )
    }
}

/// The commit of the base that was looked at last: while the base is there, nothing is to be told.
pub(super) fn last(repo: &Repo) -> Option<Id> {
    let told = fs::read_to_string(file(repo)).ok()?;
    repo.parse_id(told.trim_end())
}

/// What is to be told after a commit, if anything; the base counts as looked at then.
pub(super) fn look(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    tip: Id,
) -> Result<Option<Behind>, Error> {
    let (repo, base) = (workspace.repo, workspace.base.commit);
    let last = last(repo);
    if last == Some(base) {
        return Ok(None);
    }
    let found = find(workspace, stream, tip, last);
    remember(repo, base);
    found
}

fn find(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    tip: Id,
    last: Option<Id>,
) -> Result<Option<Behind>, Error> {
    let (repo, base) = (workspace.repo, &workspace.base);
    let forks = repo.merge_bases(base.commit, &[tip])?;
    let [fork] = forks.as_slice() else {
        return Ok(None);
    };
    if *fork == base.commit {
        return Ok(None);
    }
    let start = repo.tree_of(*fork)?;
    let since = |id: Id| repo.diff_trees(Some(start), Some(repo.tree_of(id)?));
    let ground = Ground::of(
        workspace,
        stream,
        since(tip)?.into_iter().map(|one| one.path),
    );
    // What was there at the last look was told then, or did not matter.
    if let Some(last) = last.filter(|last| repo.has(*last)) {
        let since = repo.diff_trees(Some(repo.tree_of(last)?), Some(repo.tree_of(base.commit)?))?;
        if !since.iter().any(|change| ground.has(&change.path)) {
            return Ok(None);
        }
    }
    let news = since(base.commit)?.into_iter().map(|one| one.path);
    let paths: Vec<BString> = news.filter(|path| ground.has(path)).collect();
    if paths.is_empty() {
        return Ok(None);
    }
    let mut commits = 0;
    let new = repo.commits_between(&[base.commit], &[*fork])?;
    for id in new.into_iter().take(MOST) {
        commits += usize::from(touches(repo, id, &paths)?);
    }
    Ok((commits > 0).then(|| Behind {
        stream: stream.clone(),
        base: base.branch.clone(),
        commits,
        paths,
    }))
}

/// Whether a commit that is no merge changes one of these paths.
fn touches(repo: &Repo, id: Id, paths: &[BString]) -> Result<bool, Error> {
    let commit = repo.commit(id)?;
    let [parent] = commit.parents.as_slice() else {
        return Ok(false);
    };
    let before = repo.tree_of(*parent)?;
    for path in paths.iter().take(MOST_PATHS) {
        let path = path.as_bstr();
        if repo.leaf_at(before, path)? != repo.leaf_at(commit.tree, path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a stream builds on.
struct Ground {
    patterns: Vec<Matcher>,
    changed: BTreeSet<BString>,
}

impl Ground {
    fn of(
        workspace: &Workspace<'_>,
        stream: &StreamName,
        changed: impl Iterator<Item = BString>,
    ) -> Ground {
        let (state, plan): (_, &Plan) = (&workspace.state, &workspace.plan);
        let own = state.claim(stream).map(Claim::territory);
        let planned = plan.streams.get(stream).into_iter();
        let before = planned
            .flat_map(|planned| &planned.dependencies)
            .filter_map(|name| plan.streams.get(name))
            .map(|planned| Matcher::of_set(&planned.files));
        let patterns = own
            .iter()
            .map(Matcher::new)
            .chain([Matcher::of_set(&plan.shared.files)])
            .chain(before)
            .collect();
        Ground {
            patterns,
            changed: changed.collect(),
        }
    }

    fn has(&self, path: &BString) -> bool {
        self.changed.contains(path) || self.patterns.iter().any(|one| one.is_match(path.as_bstr()))
    }
}

fn file(repo: &Repo) -> PathBuf {
    repo.git_dir().join(FILE)
}

/// What cannot be written is looked at again. A link in its place is not followed.
fn remember(repo: &Repo, base: Id) {
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    if let Ok(mut file) = options.custom_flags(no_link).open(file(repo)) {
        drop(writeln!(file, "{base}"));
    }
}
