//! Where do refs point, and how are several moved together or not at all?

mod asked;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};

use super::file::sync_directory;
use super::{Error, Id, Repo};

/// Where a ref must be for a move to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// It must not exist.
    Absent,
    /// It must point here.
    At(Id),
}

impl Expect {
    /// What a read of the ref answered.
    pub fn from_read(id: Option<Id>) -> Expect {
        id.map_or(Expect::Absent, Expect::At)
    }

    fn id(self) -> Option<Id> {
        match self {
            Expect::Absent => None,
            Expect::At(id) => Some(id),
        }
    }
}

/// One ref's way from where it must be to where it shall be; the same place twice makes sure that
/// it is there when the others move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The full name, `refs/…`.
    pub name: String,
    /// Where it must be.
    pub from: Expect,
    /// Where it shall be; `None` removes it.
    pub to: Option<Id>,
}

/// One move of a ref, as its reflog has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Where it was; all zeros before it existed.
    pub old: Id,
    /// Where it went.
    pub new: Id,
    /// Why, in git's words.
    pub message: BString,
}

impl Repo {
    /// Where a ref points, by its full name; symbolic refs are followed, tags peeled.
    pub fn read_ref(&self, full_name: &str) -> Result<Option<Id>, Error> {
        if self.asks_git_for_refs {
            return self.asked_ref(full_name);
        }
        let unreadable = |source: gix::Error| Error::Object {
            attempt: "read",
            what: format!("the ref {full_name}"),
            source: source.into(),
        };
        let Some(reference) = self.gix.try_find_reference(full_name).map_err(unreadable)? else {
            return Ok(None);
        };
        Ok(Some(
            reference
                .into_fully_peeled_id()
                .map_err(unreadable)?
                .detach(),
        ))
    }

    /// The ref that is moved when this one is: its target where it is a symbolic ref.
    pub fn target_of(&self, full_name: &BStr) -> Result<BString, Error> {
        if self.asks_git_for_refs {
            let target = self.asked_target(self.git_dir(), &full_name.to_str_lossy())?;
            return Ok(target.unwrap_or_else(|| full_name.to_owned()));
        }
        let mut name = full_name.to_owned();
        // git itself follows five, and refuses what goes on.
        for _ in 0..=5 {
            let found = self.gix.refs.try_find(name.as_bstr());
            let found = found.map_err(|source| Error::Object {
                attempt: "read",
                what: format!("the ref {name}"),
                source: source.into(),
            })?;
            match found.map(|reference| reference.target) {
                Some(gix::refs::Target::Symbolic(next)) => name = next.as_bstr().to_owned(),
                Some(gix::refs::Target::Object(_)) | None => return Ok(name),
            }
        }
        Err(Error::Object {
            attempt: "follow",
            what: format!("the ref {full_name}"),
            source: "it leads in a circle".into(),
        })
    }

    /// The full name of the branch that HEAD is on, unless it is detached.
    pub fn head_branch(&self) -> Result<Option<String>, Error> {
        if self.asks_git_for_refs {
            let target = self.asked_target(self.git_dir(), "HEAD")?;
            return Ok(target.map(|name| name.to_string()));
        }
        let name = self.gix.head_name().map_err(|source| Error::Object {
            attempt: "read",
            what: "HEAD".to_owned(),
            source: source.into(),
        })?;
        Ok(name.map(|name| name.as_bstr().to_string()))
    }

    /// The commit that HEAD is at; `None` on a branch without a commit.
    pub fn head(&self) -> Result<Option<Id>, Error> {
        self.read_ref("HEAD")
            .or_else(|error| match self.gix.head() {
                Ok(head) if head.is_unborn() => Ok(None),
                _ => Err(error),
            })
    }

    /// How a ref got where it is, oldest first; nothing where git keeps no reflog of it.
    pub fn reflog(&self, full_name: &str) -> Result<Vec<Logged>, Error> {
        if self.asks_git_for_refs {
            return self.asked_reflog(self.git_dir(), full_name);
        }
        let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| Error::Object {
            attempt: "read",
            what: format!("the reflog of {full_name}"),
            source,
        };
        let found = self
            .gix
            .try_find_reference(full_name)
            .map_err(|error| unreadable(error.into()))?;
        let Some(reference) = found else {
            return Ok(Vec::new());
        };
        let mut log = reference.log_iter();
        let lines = log.all().map_err(|error| unreadable(error.into()))?;
        lines
            .into_iter()
            .flatten()
            .map(|line| {
                let line = line.map_err(|error| unreadable(error.into()))?;
                Ok(Logged {
                    old: line.previous_oid(),
                    new: line.new_oid(),
                    message: line.message.to_owned(),
                })
            })
            .collect()
    }

    /// Every ref below a prefix such as `refs/heads/stream/`, with what it points at.
    pub fn refs_below(&self, prefix: &str) -> Result<Vec<(String, Id)>, Error> {
        if self.asks_git_for_refs {
            return self.asked_refs(prefix);
        }
        let unreadable = |source: gix::Error| Error::Object {
            attempt: "list",
            what: format!("the refs below {prefix}"),
            source: source.into(),
        };
        let platform = self.gix.references().map_err(unreadable)?;
        let mut found = Vec::new();
        for reference in platform.prefixed(prefix).map_err(unreadable)? {
            let reference = reference.map_err(unreadable)?;
            let name = reference.name().as_bstr().to_string();
            found.push((
                name,
                reference
                    .into_fully_peeled_id()
                    .map_err(unreadable)?
                    .detach(),
            ));
        }
        Ok(found)
    }

    /// The commit that a revision names, in git's own syntax; `HEAD` is that of the caller's
    /// worktree.
    pub fn resolve(&self, revision: &str) -> Result<Option<Id>, Error> {
        self.asked_object(self.git_dir(), &format!("{revision}^{{commit}}"))
    }

    /// What a revision begins with: the name of a ref, if that is one, and the rest.
    pub fn beginning(revision: &str) -> (&str, &str) {
        let ends = ["^", "~", ":", "@{"];
        let end = ends.iter().filter_map(|end| revision.find(end)).min();
        revision.split_at(end.unwrap_or(revision.len()))
    }

    /// The full names of the refs that have this name, in git's order; only the one where it is
    /// a full name itself. None for `HEAD` and its kin.
    pub fn refs_called(&self, name: &str) -> Vec<String> {
        if is_head(name) {
            return Vec::new();
        }
        if name.starts_with("refs/") && self.has_ref(name) {
            return vec![name.to_owned()];
        }
        ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"]
            .into_iter()
            .map(|place| format!("{place}{name}"))
            .filter(|full_name| self.has_ref(full_name))
            .collect()
    }

    /// Whether a file in the git directory would pass for a ref of this name. git looks there
    /// first, so whoever may write such a file would say what a name means.
    pub fn has_file_called(&self, name: &str) -> bool {
        let places = [self.git_dir(), self.common_dir()];
        !name.is_empty() && !is_head(name) && places.iter().any(|place| place.join(name).is_file())
    }

    /// Whether exactly this ref exists; what is no name of a ref does not.
    fn has_ref(&self, full_name: &str) -> bool {
        if self.asks_git_for_refs {
            return self.asked_ref(full_name).is_ok_and(|found| found.is_some());
        }
        let found = self.gix.try_find_reference(full_name).ok().flatten();
        found.is_some_and(|found| found.name().as_bstr() == full_name)
    }

    /// Moves refs together or not at all, and flushes them and their objects to disk.
    ///
    /// [`Error::Moved`] where one of them is not where it must be; then nothing has changed.
    /// The user's reference-transaction hook is not run: these are our own bookkeeping moves.
    pub fn move_refs(&self, moves: &[Move], reason: &str) -> Result<(), Error> {
        if moves.is_empty() {
            return Ok(());
        }
        self.flush()?;
        let mut input = Vec::new();
        for one in moves {
            let old = one.from.id().unwrap_or_else(|| self.null_id());
            let name = &one.name;
            match one.to {
                // It stays where it is, and must be there when the others move.
                same if same == one.from.id() => {
                    input.extend(format!("verify {name}\0{old}\0").bytes());
                }
                Some(new) => input.extend(format!("update {name}\0{new}\0{old}\0").bytes()),
                None => input.extend(format!("delete {name}\0{old}\0").bytes()),
            }
        }
        let result = self
            .call()
            .args([
                "-c",
                "core.fsync=committed",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(["update-ref", "-m", reason, "--stdin", "-z"])
            .run_with_input(&input);
        match result {
            Ok(_) => self.flush_names(moves),
            Err(error) => Err(self.moved(moves)?.unwrap_or(error)),
        }
    }

    /// Flushes the directories of refs that were moved: git has flushed what is in their files, and
    /// leaves their names to the file system.
    fn flush_names(&self, moves: &[Move]) -> Result<(), Error> {
        let directories: BTreeSet<&Path> = moves
            .iter()
            .filter(|one| one.to != one.from.id())
            .filter_map(|one| Path::new(&one.name).parent())
            .collect();
        let is_none =
            |kind: ErrorKind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
        for directory in directories {
            match sync_directory(&self.common_dir().join(directory)) {
                // Refs may be no files, and git removes a directory with the last ref in it.
                Err(Error::File { source, .. }) if is_none(source.kind()) => {}
                flushed => flushed?,
            }
        }
        Ok(())
    }

    /// Which ref was not where it had to be: told from the refs, not from git's words.
    fn moved(&self, moves: &[Move]) -> Result<Option<Error>, Error> {
        for one in moves {
            let actual = self.read_ref(&one.name)?;
            if actual != one.from.id() {
                let (name, expected) = (one.name.clone(), one.from.id());
                return Ok(Some(Error::Moved {
                    name,
                    expected,
                    actual,
                }));
            }
        }
        Ok(None)
    }
}

/// Whether git keeps a commit under this name for itself: `HEAD`, `FETCH_HEAD`.
fn is_head(name: &str) -> bool {
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    name.ends_with("HEAD") && name.bytes().all(upper)
}
