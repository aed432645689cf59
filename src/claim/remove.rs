//! How does a worktree go, so that nothing in it is lost?
//!
//! It stays where somebody is in it, or something in it is changed, untracked or in progress. It
//! goes into the trash where only ignored files are nowhere else, and for good where nothing is.
//! Either way its directory is moved away first and looked into again there: what is written at
//! that very moment is seen.

use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::workplace::MAKING;
use super::{Error, copy};
use crate::git::{Linked, Repo};
use crate::guard::hooks;
use crate::kept::{self, Aside, Record, Trashed};
use crate::ledger::{Intent, Operation, is_dead};
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::word;
use crate::workspace::{Workspace, now};

/// How many files a record in the trash names.
const NAMED: usize = 20;
/// The file that marks a directory as a cache, which its program makes again, and how it begins
/// (<https://bford.info/cachedir/>).
const CACHE: (&str, &[u8]) = (
    "CACHEDIR.TAG",
    b"Signature: 8a477f597d28d172789f06886806bc55",
);

/// A worktree that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its top.
    pub path: PathBuf,
    /// Why it stays, in words.
    pub reasons: Vec<String>,
    /// The files that are nowhere else.
    pub files: Vec<BString>,
}

/// Where a worktree is when its stream is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Left {
    /// There is none any more.
    Gone,
    /// Where it was.
    Stays(Kept),
    /// In the trash, until the ledger says that it may go for good; a dry run only names the files
    /// that are nowhere else.
    Trash {
        trashed: Option<Trashed>,
        files: Vec<BString>,
    },
}

/// What is about to take a worktree away.
pub(super) struct Removal<'a, 'r> {
    pub(super) workspace: &'a Workspace<'r>,
    pub(super) operation: &'a Operation,
    pub(super) stream: &'a StreamName,
    pub(super) by: &'a AgentName,
}

/// What in a worktree is nowhere else.
#[derive(Default)]
struct Unique {
    changed: Vec<BString>,
    ignored: Vec<BString>,
}

impl Removal<'_, '_> {
    /// Takes the worktree away where nothing is lost by it.
    pub(super) fn leave(
        &self,
        linked: Option<&Linked>,
        stays: Option<&Path>,
        dry_run: bool,
    ) -> Result<Left, Error> {
        let (repo, stream) = (self.workspace.repo, self.stream);
        let Some(linked) = linked.filter(|linked| linked.top.exists()) else {
            return Ok(Left::Gone);
        };
        let unique = unique(self.workspace, linked)?;
        let mut reasons = reasons_to_stay(repo, stream, linked, &unique.changed);
        if stays == Some(linked.top.as_path()) {
            reasons.push("it was there before".to_owned());
        }
        if !reasons.is_empty() {
            return Ok(left_there(linked, reasons, unique));
        }
        if dry_run {
            return Ok(if unique.ignored.is_empty() && !has_submodules(linked) {
                Left::Gone
            } else {
                let files = unique.ignored;
                Left::Trash {
                    trashed: None,
                    files,
                }
            });
        }
        let lock = self.workspace.ledger().lock()?;
        let left = if linked.git_dir.join(MAKING).exists() {
            // Its first checkout died; nobody was ever told of it.
            repo.discard_worktree(linked)?;
            Left::Gone
        } else {
            match Aside::take(repo, linked, self.record(linked))? {
                Some(aside) => self.look_again(linked, aside)?,
                None => self.remove_in_place(linked, unique)?,
            }
        };
        hooks::install(repo, &lock)?;
        Ok(left)
    }

    fn record(&self, linked: &Linked) -> Record {
        Record {
            stream: self.stream.clone(),
            op: self.operation.id().clone(),
            agent: self.by.clone(),
            at: now(),
            worktree: linked.top.clone(),
            worktree_id: linked.id.clone(),
            is_disposable: false,
            holds: Vec::new(),
        }
    }

    /// Decides once more, on what nobody finds any more where it was.
    fn look_again(&self, linked: &Linked, aside: Aside<'_>) -> Result<Left, Error> {
        let unique = match unique(self.workspace, &aside.linked()) {
            Ok(unique) => unique,
            Err(error) => {
                aside.put_back()?;
                return Err(error);
            }
        };
        if !unique.changed.is_empty() {
            aside.put_back()?;
            let reasons =
                reasons_to_stay(self.workspace.repo, self.stream, linked, &unique.changed);
            return Ok(left_there(linked, reasons, unique));
        }
        let files = unique.ignored;
        let is_disposable = files.is_empty() && !has_submodules(linked);
        let named = files.iter().take(NAMED);
        let holds = named.map(|file| path::shown(file.as_ref())).collect();
        let trashed = aside.complete(holds, is_disposable)?;
        Ok(Left::Trash {
            trashed: Some(trashed),
            files,
        })
    }

    /// Where it cannot be moved away: git removes it, unless something would be lost.
    fn remove_in_place(&self, linked: &Linked, unique: Unique) -> Result<Left, Error> {
        if !unique.ignored.is_empty() || has_submodules(linked) {
            let reason = "it is on another file system than the repository, and so cannot be moved \
                          into its trash";
            return Ok(left_there(linked, vec![reason.to_owned()], unique));
        }
        remove_copies(self.workspace, linked)?;
        let repo = self.workspace.repo;
        repo.remove_worktree(&linked.top, self.operation.lock())?;
        Ok(Left::Gone)
    }
}

/// Puts back what an operation on a held stream had taken away when it died: the ledger was never
/// told. Before the next operation on the stream is written down, whose intent takes the place of
/// the dead one's.
pub fn take_back_dead(workspace: &mut Workspace<'_>, stream: &StreamName) -> Result<(), Error> {
    let repo = workspace.repo;
    // What it has told the remote may count, although the answer was never heard.
    if dead_intent(workspace, stream)?.is_some() && workspace.ledger().is_pushing()? {
        workspace.refresh()?;
    }
    let Some(intent) = dead_intent(workspace, stream)? else {
        return Ok(());
    };
    let lock = workspace.ledger().lock()?;
    if kept::take_back(repo, &intent.op, stream)? {
        hooks::install(repo, &lock)?;
    }
    Ok(())
}

fn dead_intent<'w>(
    workspace: &'w Workspace<'_>,
    stream: &StreamName,
) -> Result<Option<&'w Intent>, Error> {
    let claim = workspace.state.claim(stream);
    let intent = claim.and_then(|claim| claim.intent.as_ref());
    match intent {
        Some(intent) if is_dead(workspace.repo, &workspace.machine, intent)? => Ok(Some(intent)),
        Some(_) | None => Ok(None),
    }
}

fn left_there(linked: &Linked, reasons: Vec<String>, unique: Unique) -> Left {
    Left::Stays(Kept {
        path: linked.top.clone(),
        reasons,
        files: [unique.changed, unique.ignored].concat(),
    })
}

fn has_submodules(linked: &Linked) -> bool {
    linked.git_dir.join("modules").exists()
}

/// Why a worktree may not be removed, in words.
fn reasons_to_stay(
    repo: &Repo,
    stream: &StreamName,
    linked: &Linked,
    files: &[BString],
) -> Vec<String> {
    let mut reasons = Vec::new();
    if !files.is_empty() {
        let are = if files.len() == 1 { "is" } else { "are" };
        let count = word::count(files.len(), "file");
        reasons.push(format!("{count} in it that {are} nowhere else"));
    }
    if let Some(operation) = repo.operation_in_progress(&linked.git_dir) {
        reasons.push(format!("a {operation} is in progress in it"));
    }
    if linked.branch.as_deref() != Some(stream.branch_ref().as_str()) {
        reasons.push(format!("its HEAD is not on '{}'", stream.branch()));
    }
    if linked.git_dir.join("locked").exists() && !linked.half_made {
        reasons.push("it is locked (`git worktree lock`)".to_owned());
    }
    if is_somebody_in(&linked.top) {
        reasons.push("a process is running in it".to_owned());
    }
    reasons
}

/// The files of a worktree that are in no commit and, as they are there, in no other place.
fn unique(workspace: &Workspace<'_>, linked: &Linked) -> Result<Unique, Error> {
    let repo = workspace.repo;
    if linked.git_dir.join(MAKING).exists() {
        return Ok(Unique::default());
    }
    let unclean = repo.unclean(linked)?;
    let (mut changed, mut ignored) = (unclean.changed, unclean.ignored);
    changed.extend(repo.overlooked_files(linked)?);
    ignored.retain(|file| !is_cache(&linked.top, file));
    if let Some(main) = repo.main_top() {
        let copies = copy::wanted(workspace, main)?;
        changed.retain(|file| !(copies.contains(file) && is_same(main, &linked.top, file)));
        ignored.retain(|file| !is_same(main, &linked.top, file));
    }
    Ok(Unique { changed, ignored })
}

/// Whether an ignored directory says of itself that whatever is in it can be made again.
fn is_cache(top: &Path, directory: &BString) -> bool {
    let tag = top.join(directory.to_path_lossy()).join(CACHE.0);
    let is_file =
        fs::symlink_metadata(&tag).is_ok_and(|about| about.is_file() && about.len() < 10_000);
    is_file && fs::read(&tag).is_ok_and(|text| text.starts_with(CACHE.1))
}

fn is_same(main: &Path, top: &Path, file: &BString) -> bool {
    let relative = file.to_path_lossy();
    let (here, there) = (main.join(&relative), top.join(&relative));
    let length = |path: &Path| {
        let about = fs::symlink_metadata(path).ok()?;
        about.is_file().then_some(about.len())
    };
    length(&here).is_some()
        && length(&here) == length(&there)
        && fs::read(here).is_ok_and(|here| fs::read(there).is_ok_and(|there| here == there))
}

/// Removes the unchanged copies, which git would count as untracked files.
fn remove_copies(workspace: &Workspace<'_>, linked: &Linked) -> Result<(), Error> {
    let top = &linked.top;
    let Some(main) = workspace.repo.main_top() else {
        return Ok(());
    };
    for file in copy::wanted(workspace, main)? {
        if is_same(main, top, &file) && !workspace.repo.is_tracked(linked, &file)? {
            drop(fs::remove_file(top.join(file.to_path_lossy())));
        }
    }
    Ok(())
}

/// Whether some process has its working directory in a worktree, as far as the system tells.
///
/// # Limits
///
/// Only where `/proc` shows it (Linux), and only for processes of the same user.
fn is_somebody_in(top: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else {
        return false;
    };
    let top = top.canonicalize().unwrap_or_else(|_gone| top.to_owned());
    processes
        .flatten()
        .filter_map(|process| fs::read_link(process.path().join("cwd")).ok())
        .any(|directory| directory.starts_with(&top))
}
