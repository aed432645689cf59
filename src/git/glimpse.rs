//! What can be seen of a repository without opening it?
//!
//! A hook runs in every commit. Opening a repository reads all of git's configuration and looks
//! through its packs, which costs more than what a hook mostly has to know: whether anything has
//! changed since it was asked before. For that it is enough to look at a few files, in the
//! worktree that git has named.
//!
//! What is not in its ordinary place is not seen. That is never an answer: whoever looks here opens
//! the repository instead.

use std::env;
use std::fs;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::object::{is_what_its_id_says, parse};
use super::{Commit, Id};

/// The linked worktree that git has started us in.
pub struct Glimpse {
    git_dir: PathBuf,
    common_dir: PathBuf,
}

impl Glimpse {
    /// The worktree that the environment names, as git does it for every hook in a linked one.
    pub fn of_environment() -> Option<Glimpse> {
        if env::var_os("GIT_COMMON_DIR").is_some() {
            return None;
        }
        let git_dir = PathBuf::from(env::var_os("GIT_DIR")?);
        let common_dir = fs::read_to_string(git_dir.join("commondir")).ok()?;
        let common_dir = git_dir.join(common_dir.trim_end_matches('\n'));
        // Refs that are no files are not seen.
        let has_files = !common_dir.join("reftable").exists();
        (git_dir.is_absolute() && has_files).then_some(Glimpse {
            git_dir,
            common_dir,
        })
    }

    /// The git directory of the worktree, as it is named.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// A place of ours inside the shared git directory.
    pub fn private(&self, name: &str) -> PathBuf {
        self.common_dir.join("git-stream").join(name)
    }

    /// The full name of the branch that HEAD is on.
    pub fn head_branch(&self) -> Option<String> {
        let head = fs::read_to_string(self.git_dir.join("HEAD")).ok()?;
        let name = head.strip_prefix("ref: ")?.trim_end();
        name.starts_with("refs/heads/").then(|| name.to_owned())
    }

    /// Where a ref of all worktrees points, if it has a file of its own.
    pub fn loose_ref(&self, full_name: &str) -> Option<Id> {
        let text = fs::read(self.common_dir.join(full_name)).ok()?;
        Id::from_hex(text.trim_ascii_end()).ok()
    }

    /// What stays the same as long as a ref of all worktrees points where it does, or does not exist.
    pub fn mark_of_ref(&self, full_name: &str) -> Option<String> {
        match fs::read_to_string(self.common_dir.join(full_name)) {
            // What follows another ref moves without a change of its own.
            Ok(text) => {
                let text = text.trim_end();
                (!text.starts_with("ref:")).then(|| text.to_owned())
            }
            Err(error) if is_absent(&error) => {
                let packed = self.common_dir.join("packed-refs");
                match fs::symlink_metadata(&packed) {
                    Err(error) if is_absent(&error) => Some("nowhere".to_owned()),
                    _ => stamp(&packed),
                }
            }
            Err(_) => None,
        }
    }

    /// A commit that nobody has packed yet.
    pub fn loose_commit(&self, id: Id) -> Option<Commit> {
        let objects = gix::odb::loose::Store::at(self.common_dir.join("objects"), id.kind());
        let mut bytes = Vec::new();
        let found = objects.try_find(&id, &mut bytes).ok()??;
        is_what_its_id_says(&id, found.kind, found.data).ok()?;
        let is_commit = found.kind == gix::objs::Kind::Commit;
        is_commit.then(|| parse(found.data, id.kind()).ok())?
    }
}

fn is_absent(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}

/// What stays the same as long as nobody writes to a file or replaces it; `None` where there is
/// none.
pub fn stamp(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    Some(format!(
        "{} {} {} {}.{:09} {}.{:09}",
        about.dev(),
        about.ino(),
        about.size(),
        about.mtime(),
        about.mtime_nsec(),
        about.ctime(),
        about.ctime_nsec()
    ))
}
