//! How do processes of one machine wait for one another?
//!
//! A lock is an advisory `flock` on a file of ours. The kernel gives it back when the last process
//! that holds it ends, however it ends, so a lock is never stale.
//!
//! # Limits
//!
//! Locking is a convention: it orders commands of git stream, not other programs. On network file
//! systems without `flock` between machines it orders one machine only.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use backon::{BlockingRetryable as _, ExponentialBuilder};
use rustix::fs::{FlockOperation, flock};

use super::Error;

/// A lock that is held until it is dropped.
#[derive(Debug)]
#[must_use = "a lock that is dropped at once protects nothing"]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock, waiting at most so long for another holder.
    pub fn take(path: &Path, patience: Duration) -> Result<Lock, Error> {
        let file = open(path)?;
        let started = Instant::now();
        let attempt = || match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(()),
            Err(error) => Err(std::io::Error::from(error)),
        };
        let waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(2))
            .with_max_delay(Duration::from_millis(40))
            .with_jitter()
            .without_max_times()
            .with_total_delay(Some(patience));
        match attempt
            .retry(waits)
            .when(|error| error.kind() == std::io::ErrorKind::WouldBlock)
            .call()
        {
            Ok(()) => Ok(Lock { file }),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Err(Error::Locked {
                path: path.to_owned(),
                seconds: started.elapsed().as_secs(),
            }),
            Err(source) => Err(Error::File {
                attempt: "lock",
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Takes the lock if nobody holds it.
    pub fn try_take(path: &Path) -> Result<Option<Lock>, Error> {
        let file = open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock { file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(Error::File {
                attempt: "lock",
                path: path.to_owned(),
                source: error.into(),
            }),
        }
    }

    /// Whether some process holds the lock. A lock file that does not exist is held by nobody.
    pub fn is_held(path: &Path) -> Result<bool, Error> {
        if !path.exists() {
            return Ok(false);
        }
        // Shared: several may look at the same time without taking one another for the holder.
        match flock(&open(path)?, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(false),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
            Err(error) => Err(Error::File {
                attempt: "look at",
                path: path.to_owned(),
                source: error.into(),
            }),
        }
    }

    /// A second handle of the same lock, for a child process.
    pub(super) fn share(&self) -> Option<File> {
        self.file.try_clone().ok()
    }
}

fn open(path: &Path) -> Result<File, Error> {
    if let Some(directory) = path.parent() {
        create_directory(directory)?;
    }
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .read(true)
        .open(path)
        .map_err(Error::file("open", PathBuf::from(path)))
}

fn create_directory(directory: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(directory).map_err(Error::file("create", directory))
}
