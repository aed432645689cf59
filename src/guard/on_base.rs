//! May this be committed on the base branch, in a worktree of no stream?
//!
//! Streams start from the base, and only landing judges what comes onto it: an agent that commits
//! there is refused. A person may commit anything, and is told what of it streams hold, since those
//! will meet it when they sync. What a stream itself has made of a path is no news to it: bringing
//! its work onto the base, by a merge or by hand, is told of no stream but others.
//!
//! # Limits
//!
//! git runs no hook before a fast-forward. Whatever cannot be found out is no reason to refuse a
//! person.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};

use super::index::{self, Merging};
use super::moves::Stopped;
use super::owner::{Owner, Owners};
use super::{Error, Outcome, who};
use crate::caller;
use crate::exit::Explain as _;
use crate::git::{Change, Id, Repo};
use crate::ledger::{Kind, Machine, State};
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::pattern::Matcher;
use crate::word::count;
use crate::workspace::{self, MARKER, Workspace, marked};

/// What our hook calls the guard with.
pub(super) const NAME: &str = "on-base";

/// Judges the commit that git is about to make in the worktree of the current directory.
pub(super) fn run() -> Outcome {
    // A stream's worktree has hooks of its own. It comes here where a manager calls us from among
    // the user's.
    let admin = env::var_os("GIT_DIR").map(PathBuf::from);
    if admin.is_some_and(|admin| admin.join(MARKER).exists()) {
        return Outcome::Passed;
    }
    let repo = match Repo::here() {
        Ok(repo) => repo,
        Err(error) => return Outcome::Warned(vec![unknown(&error.into())]),
    };
    match look(&repo) {
        Ok(outcome) => outcome,
        Err(error) if is_agent(&repo, &State::default()) => Outcome::Stopped(vec![Stopped {
            text: unknown(&error),
            hints: error.hints(),
        }]),
        Err(error) => Outcome::Warned(vec![unknown(&error)]),
    }
}

fn unknown(error: &Error) -> String {
    format!("cannot tell what of this commit streams hold: {error}")
}

fn look(repo: &Repo) -> Result<Outcome, Error> {
    if marked(repo.git_dir())?.is_some() {
        return Ok(Outcome::Passed);
    }
    let workspace = match Workspace::within_git(repo) {
        Ok(workspace) => workspace,
        Err(workspace::Error::NotSetUp) => return Ok(Outcome::Passed),
        Err(error) => return Err(error.into()),
    };
    let base = &workspace.base.branch;
    if who::branch(repo)? != Some(format!("refs/heads/{base}")) {
        return Ok(Outcome::Passed);
    }
    if is_agent(repo, &workspace.state) {
        return Ok(Outcome::Stopped(vec![not_here(base)]));
    }
    let told = touched(&workspace)?;
    let lines = told.into_iter().map(|((stream, agent), paths)| {
        format!(
            "this commit changes {}, which '{stream}' holds ({agent} works on it)",
            named(&paths)
        )
    });
    Ok(Outcome::Warned(lines.collect()))
}

/// Whether an agent commits. Whoever calls itself by what is no name is none of the people.
fn is_agent(repo: &Repo, state: &State) -> bool {
    let machine = Machine::known(repo).unwrap_or_else(Machine::unknown);
    let by = caller::identify(repo, state, &machine, None, None);
    !by.is_ok_and(|by| by.kind == Kind::Person)
}

fn not_here(base: &str) -> Stopped {
    Stopped {
        text: format!("agents do not commit on '{base}': streams start from it"),
        hints: vec![
            "Nothing was committed, and what is staged stays so. Work in the worktree of a \
             stream, which `git stream claim NAME` takes and prints."
                .to_owned(),
            "A person may commit here, in a terminal of their own; see what there is to commit \
             with `git status`."
                .to_owned(),
        ],
    }
}

/// The first path, and how many others there are.
fn named(paths: &[BString]) -> String {
    let first = paths.first().map(|first| path::shown(first.as_bstr()));
    let first = first.unwrap_or_default();
    match paths.len() {
        1 => format!("'{first}'"),
        n => format!("'{first}' and {}", count(n - 1, "other file")),
    }
}

/// What the commit changes of what streams hold, by stream and holder.
fn touched(
    workspace: &Workspace<'_>,
) -> Result<BTreeMap<(StreamName, AgentName), Vec<BString>>, Error> {
    let (repo, state, plan) = (workspace.repo, &workspace.state, &workspace.plan);
    let mut found = BTreeMap::<_, Vec<BString>>::new();
    if state.held().next().is_none() {
        return Ok(found);
    }
    let head = repo.head()?;
    let tree = head.map(|head| repo.tree_of(head)).transpose()?;
    let changes = repo.diff_index(&index::path(repo)?, tree)?;
    let owners = Owners::new(state, plan, None);
    let shared = Matcher::of_set(&plan.shared.files);
    let mut work = BTreeMap::new();
    for change in changes {
        let Owner::Held { stream, agent } = owners.of(change.path.as_bstr()) else {
            continue;
        };
        if shared.is_match(change.path.as_bstr()) {
            continue;
        }
        let brought = match work.entry(stream.clone()) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                new.insert(Work::of(repo, &stream, head)?)
            }
        };
        if !brought.has(repo, &change)? {
            found.entry((stream, agent)).or_default().push(change.path);
        }
    }
    Ok(found)
}

/// What a stream has made so far.
enum Work {
    /// This commit merges it.
    Merged,
    /// The tree at the tip of its branch.
    Tree(Id),
    /// It has no branch.
    None,
}

impl Work {
    fn of(repo: &Repo, stream: &StreamName, head: Option<Id>) -> Result<Work, Error> {
        let Some(tip) = repo.read_ref(&stream.branch_ref())? else {
            return Ok(Work::None);
        };
        for merged in index::merged(repo, Merging::AsRecorded)? {
            // One that has done nothing yet is below everything that came after.
            let is_new = match head {
                Some(head) => !repo.is_ancestor(tip, head)?,
                None => true,
            };
            if repo.is_ancestor(merged, tip)? || (is_new && repo.is_ancestor(tip, merged)?) {
                return Ok(Work::Merged);
            }
        }
        Ok(Work::Tree(repo.tree_of(tip)?))
    }

    /// Whether a change is the stream's own work.
    fn has(&self, repo: &Repo, change: &Change) -> Result<bool, Error> {
        Ok(match self {
            Work::Merged => true,
            Work::Tree(tree) => repo.leaf_at(*tree, change.path.as_bstr())? == change.new,
            Work::None => false,
        })
    }
}
