//! In which streams is a command of `git stream exec` running?
//!
//! An `exec` holds a lock, named after its stream and its process, as long as it lives.

use std::fs;
use std::path::PathBuf;

use crate::git::{Error, Lock, Repo};
use crate::name::StreamName;

/// A command is running in a stream, until this is dropped.
pub(super) struct Presence {
    path: PathBuf,
    _lock: Lock,
}

impl Presence {
    /// Says so. `None` where it cannot be said, which must not keep the command from running.
    pub(super) fn begin(repo: &Repo, stream: &StreamName) -> Option<Presence> {
        let name = format!("{stream}{BETWEEN}{}{SUFFIX}", std::process::id());
        let path = repo.private(DIRECTORY).join(name);
        let lock = Lock::try_take(&path).ok()??;
        Some(Presence { path, _lock: lock })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // One that stays behind says nothing: what counts is the lock.
        drop(fs::remove_file(&self.path));
    }
}

/// The processes of `exec` that have a command running in a stream, on this machine.
pub fn sessions(repo: &Repo, stream: &StreamName) -> Result<Vec<u32>, Error> {
    let directory = repo.private(DIRECTORY);
    let listing = match fs::read_dir(&directory) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file("list", &directory)(error)),
    };
    let mut found = Vec::new();
    for entry in listing.flatten() {
        let name = entry.file_name();
        let parts = name.to_str().and_then(|name| {
            let (of, pid) = name.strip_suffix(SUFFIX)?.split_once(BETWEEN)?;
            Some((of, pid.parse().ok()?))
        });
        if let Some((of, pid)) = parts
            && of == stream.as_str()
            && Lock::is_held(&entry.path())?
        {
            found.push(pid);
        }
    }
    found.sort_unstable();
    Ok(found)
}

const DIRECTORY: &str = "sessions";
/// No name of a stream holds it.
const BETWEEN: char = '@';
const SUFFIX: &str = ".lock";
