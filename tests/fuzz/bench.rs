//! What does a target need of a repository?

use std::path::{Path, PathBuf};
use std::process::Command;

use git_stream::git::Repo;

/// An empty bare repository that is this process's own.
pub fn directory() -> PathBuf {
    let directory = std::env::temp_dir().join(format!("git-stream-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let init = ["init", "--quiet", "--bare", "--template="];
    let made = Command::new("git").args(init).arg(&directory).status();
    assert!(made.unwrap().success(), "git cannot make a repository");
    directory
}

/// The repository there.
pub fn repo(directory: &Path) -> Repo {
    Repo::at(directory).unwrap()
}
