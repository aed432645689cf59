//! What is remembered of a resolution that is going on?
//!
//! A file of this machine, `.git/git-stream/resolve/<stream>.toml`: where it began, where its
//! worktree is, and where it ended. The ref `refs/stream/resolved/<stream>` keeps the result from
//! being collected as garbage; the file alone says whether there is one.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Error;
use crate::git::{Error as GitError, Expect, Id, Linked, Move, Repo, replace_file};
use crate::name::StreamName;

/// A resolution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sync) struct Resolution {
    version: u32,
    /// The stream.
    pub(in crate::sync) stream: StreamName,
    /// The epoch of the claim.
    pub(super) epoch: u64,
    /// The stream's commit that is being rebased, in hex.
    tip: String,
    /// The commit of the base that it is rebased onto, in hex.
    base: String,
    /// Where the person works.
    pub(super) worktree: PathBuf,
    /// Whether a person has begun it: then no agent may end it.
    #[serde(default)]
    pub(super) person: bool,
    /// The result, in hex, once the person has finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<String>,
}

impl Resolution {
    pub(super) fn new(
        stream: &StreamName,
        epoch: u64,
        (tip, base): (Id, Id),
        worktree: PathBuf,
        person: bool,
    ) -> Resolution {
        Resolution {
            version: 1,
            stream: stream.clone(),
            epoch,
            tip: tip.to_string(),
            base: base.to_string(),
            worktree,
            person,
            result: None,
        }
    }

    /// That of a stream, if one is going on.
    pub(super) fn read(repo: &Repo, stream: &StreamName) -> Result<Option<Resolution>, Error> {
        let path = file(repo, stream);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(GitError::file("read", &path)(error).into()),
        };
        toml::from_str(&text)
            .map(Some)
            .map_err(|_garbled| Error::Garbled { path })
    }

    pub(super) fn write(&self, repo: &Repo) -> Result<(), Error> {
        let text = toml::to_string(self).expect("strings and numbers can be written as TOML");
        let path = file(repo, &self.stream);
        Ok(replace_file(&path, text.as_bytes(), 0o644)?)
    }

    /// Removes it, with the ref of its result.
    pub(super) fn forget(&self, repo: &Repo) -> Result<(), Error> {
        let path = file(repo, &self.stream);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(GitError::file("remove", &path)(error).into())
            }
            _ => sweep(repo, &self.stream),
        }
    }

    /// The stream's commit that is being rebased.
    pub(super) fn tip(&self, repo: &Repo) -> Result<Id, Error> {
        self.id(repo, &self.tip)
    }

    /// What it is rebased onto.
    pub(super) fn base(&self, repo: &Repo) -> Result<Id, Error> {
        self.id(repo, &self.base)
    }

    fn id(&self, repo: &Repo, hex: &str) -> Result<Id, Error> {
        repo.parse_id(hex).ok_or_else(|| Error::Garbled {
            path: file(repo, &self.stream),
        })
    }

    /// Where it ended; `None` while the person is at it.
    pub(super) fn result(&self, repo: &Repo) -> Result<Option<Id>, Error> {
        let hex = self.result.as_deref();
        hex.map(|hex| self.id(repo, hex)).transpose()
    }

    /// Writes down where it ended.
    pub(super) fn finish(&mut self, repo: &Repo, result: Id) -> Result<(), Error> {
        let name = result_ref(&self.stream);
        let ended = Move {
            from: Expect::from_read(repo.read_ref(&name)?),
            to: Some(result),
            name,
        };
        repo.move_refs(&[ended], "stream: resolved")?;
        self.result = Some(result.to_string());
        self.write(repo)
    }

    /// The worktree, if git still knows it.
    pub(super) fn linked(&self, repo: &Repo) -> Result<Option<Linked>, Error> {
        let found = repo.linked_worktree_at(&self.worktree)?;
        Ok(found.filter(|linked| !linked.half_made && linked.top.is_dir()))
    }
}

/// Removes the ref of a result, where the file about it is gone already.
pub(super) fn sweep(repo: &Repo, stream: &StreamName) -> Result<(), Error> {
    let name = result_ref(stream);
    let Some(result) = repo.read_ref(&name)? else {
        return Ok(());
    };
    let gone = Move {
        name,
        from: Expect::from_read(Some(result)),
        to: None,
    };
    Ok(repo.move_refs(&[gone], "stream: resolved")?)
}

fn file(repo: &Repo, stream: &StreamName) -> PathBuf {
    repo.private("resolve").join(format!("{stream}.toml"))
}

fn result_ref(stream: &StreamName) -> String {
    format!("refs/stream/resolved/{stream}")
}
