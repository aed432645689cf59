//! How is a worktree put aside whole, and brought back?
//!
//! By renaming: its directory and its admin directory move into `git-stream/trash/<time>-<op>/`
//! beside a record, which is written first. Nothing is copied, so it costs nothing however much is
//! in it, and nothing that is written at that moment is lost.
//!
//! A process that dies in between leaves the record, and its operation in the ledger's intent:
//! [`take_back`] puts back what that operation had put aside.
//!
//! # Limits
//!
//! Only within one file system; [`Aside::take`] answers `None` elsewhere.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::stamp;
use crate::git::{Error, Linked, Repo, replace_file};
use crate::ledger::OpId;
use crate::name::{AgentName, StreamName};

/// The record's file.
const RECORD: &str = "record.toml";

/// What is written down about a worktree in the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// The stream.
    pub stream: StreamName,
    /// The operation that took it away.
    pub op: OpId,
    /// Who did.
    pub agent: AgentName,
    /// When.
    pub at: Timestamp,
    /// Where it was.
    pub worktree: PathBuf,
    /// What git called it.
    pub worktree_id: String,
    /// Whether there is nothing in it that is not somewhere else.
    pub is_disposable: bool,
    /// What in it is nowhere else, for people.
    pub holds: Vec<String>,
}

/// A worktree in the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trashed {
    /// Its directory.
    pub directory: PathBuf,
    /// What is known about it.
    pub record: Record,
}

/// A worktree whose directory has been moved away, and nothing else has been decided yet.
#[must_use = "a worktree that was moved away goes back, or into the trash"]
pub struct Aside<'r> {
    repo: &'r Repo,
    linked: Linked,
    trashed: Trashed,
}

impl<'r> Aside<'r> {
    /// Moves a worktree's directory away; `None` where it lies on another file system than the
    /// repository, or is mounted there.
    pub fn take(
        repo: &'r Repo,
        linked: &Linked,
        record: Record,
    ) -> Result<Option<Aside<'r>>, Error> {
        let name = format!("{}-{}", stamp(record.at), record.op);
        let directory = repo.private("trash").join(name);
        let trashed = Trashed { directory, record };
        trashed.write()?;
        match fs::rename(&linked.top, trashed.worktree()) {
            Ok(()) => {}
            Err(error)
                if [ErrorKind::CrossesDevices, ErrorKind::ResourceBusy].contains(&error.kind()) =>
            {
                trashed.forget();
                return Ok(None);
            }
            Err(error) => {
                trashed.forget();
                return Err(Error::file("move", &linked.top)(error));
            }
        }
        Ok(Some(Aside {
            repo,
            linked: linked.clone(),
            trashed,
        }))
    }

    /// The worktree where it is now, for git to look into it.
    pub fn linked(&self) -> Linked {
        Linked {
            top: self.trashed.worktree(),
            ..self.linked.clone()
        }
    }

    /// Puts it back where it was.
    pub fn put_back(self) -> Result<(), Error> {
        self.trashed.bring_back(self.repo).map(drop)
    }

    /// Leaves it in the trash: git knows the worktree no longer.
    pub fn complete(mut self, holds: Vec<String>, is_disposable: bool) -> Result<Trashed, Error> {
        let record = &mut self.trashed.record;
        (record.holds, record.is_disposable) = (holds, is_disposable);
        self.trashed.write()?;
        let (from, to) = (&self.linked.git_dir, self.trashed.admin());
        fs::rename(from, to).map_err(Error::file("move", from))?;
        // As git does: only where it was the last one.
        drop(fs::remove_dir(self.repo.common_dir().join("worktrees")));
        Ok(self.trashed)
    }
}

impl Trashed {
    /// The files.
    pub fn worktree(&self) -> PathBuf {
        self.directory.join("worktree")
    }

    fn admin(&self) -> PathBuf {
        self.directory.join("admin")
    }

    fn write(&self) -> Result<(), Error> {
        let text = toml::to_string(&self.record).expect("a record is text and numbers");
        replace_file(&self.directory.join(RECORD), text.as_bytes(), 0o644)
    }

    /// Whether it can go back: nothing stands in its place by now.
    pub fn is_place_free(&self, repo: &Repo) -> bool {
        let is_empty = |path: &Path| fs::read_dir(path).is_ok_and(|mut all| all.next().is_none());
        let top = &self.record.worktree;
        let is_free = top.symlink_metadata().is_err() || is_empty(top);
        is_free && (!self.admin().exists() || !self.home(repo).exists())
    }

    /// Its admin directory's place.
    fn home(&self, repo: &Repo) -> PathBuf {
        let all = repo.common_dir().join("worktrees");
        all.join(&self.record.worktree_id)
    }

    /// Moves it back to where it was, as far as it is in the trash and its place is free. Whether
    /// all of it is back.
    pub fn bring_back(&self, repo: &Repo) -> Result<bool, Error> {
        if !self.is_place_free(repo) {
            return Ok(false);
        }
        for (from, to) in [
            (self.admin(), self.home(repo)),
            (self.worktree(), self.record.worktree.clone()),
        ] {
            if !from.exists() {
                continue;
            }
            if let Some(above) = to.parent() {
                fs::create_dir_all(above).map_err(Error::file("create", above))?;
            }
            // An empty directory gives way.
            fs::rename(&from, &to).map_err(Error::file("move", &from))?;
        }
        self.forget();
        Ok(true)
    }

    /// Removes it for good.
    ///
    /// It says so first: one that is being removed is not brought back.
    pub fn discard(mut self) -> Result<(), Error> {
        self.record.is_disposable = true;
        self.write()?;
        for part in [self.worktree(), self.admin()] {
            match fs::remove_dir_all(&part) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Error::file("remove", &part)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        self.forget();
        Ok(())
    }

    /// Removes the record and the directory, with nothing else in it.
    fn forget(&self) {
        if self.worktree().exists() || self.admin().exists() {
            return;
        }
        drop(fs::remove_file(self.directory.join(RECORD)));
        drop(fs::remove_dir(&self.directory));
        if let Some(all) = self.directory.parent() {
            drop(fs::remove_dir(all));
        }
    }
}

/// Everything in the trash, the oldest first; what has no record that can be read is left out.
pub fn trashed(repo: &Repo) -> Result<Vec<Trashed>, Error> {
    let all = repo.private("trash");
    let listing = match fs::read_dir(&all) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file("list", &all)(error)),
    };
    let mut found = Vec::new();
    for entry in listing {
        let directory = entry.map_err(Error::file("list", &all))?.path();
        let text = fs::read_to_string(directory.join(RECORD)).unwrap_or_default();
        if let Ok(record) = toml::from_str(&text) {
            found.push(Trashed { directory, record });
        }
    }
    found.sort_by(|a, b| a.directory.cmp(&b.directory));
    Ok(found)
}

/// What an operation has put into the trash of a stream; a landing of several has one for each.
pub fn trash_of(repo: &Repo, op: &OpId, stream: &StreamName) -> Result<Option<Trashed>, Error> {
    let is_its = |one: &Trashed| one.record.op == *op && one.record.stream == *stream;
    Ok(trashed(repo)?.into_iter().find(is_its))
}

/// Puts back what an operation had put aside of a stream that came to nothing, or died. Whether
/// there was anything.
///
/// Call it under the ledger's lock.
pub fn take_back(repo: &Repo, op: &OpId, stream: &StreamName) -> Result<bool, Error> {
    match trash_of(repo, op, stream)? {
        Some(trashed) => trashed.bring_back(repo),
        None => Ok(false),
    }
}
