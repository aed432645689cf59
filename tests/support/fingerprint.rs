//! Has anything changed, and is the repository whole?

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use sha2::{Digest as _, Sha256};

use super::Sandbox;

/// Every byte of a worktree and of git's view of it: one line for each file, ref and state file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(BTreeMap<String, String>);

impl Fingerprint {
    /// Of the worktree at `directory`: its files, its index, HEAD and the other files of its admin
    /// directory, and all refs of the repository.
    pub(crate) fn of(sandbox: &Sandbox, directory: &Path) -> Fingerprint {
        let mut lines = BTreeMap::new();
        for path in files_below(directory, &|path| path.file_name() != Some(".git".as_ref())) {
            lines.insert(format!("file {}", name(directory, &path)), content(&path));
        }
        let admin = sandbox.git_in(directory, &["rev-parse", "--absolute-git-dir"]);
        let admin = PathBuf::from(admin.trim_end());
        // Objects, refs and worktrees are the repository's; refs are listed below.
        let shared = [
            "objects",
            "refs",
            "worktrees",
            "packed-refs",
            "logs",
            "git-stream",
        ];
        let own = |path: &Path| !shared.iter().any(|name| path == admin.join(name));
        for path in files_below(&admin, &own) {
            lines.insert(format!("admin {}", name(&admin, &path)), content(&path));
        }
        let refs = sandbox.git_in(
            directory,
            &["for-each-ref", "--format=%(refname) %(objectname)"],
        );
        for line in refs.lines() {
            let (name, id) = line.split_once(' ').unwrap();
            lines.insert(format!("ref {name}"), id.to_owned());
        }
        Fingerprint(lines)
    }

    /// Of these files and directories alone, as far as they exist.
    pub(crate) fn of_paths(sandbox: &Sandbox, paths: &[PathBuf]) -> Fingerprint {
        let mut lines = BTreeMap::new();
        for path in paths.iter().filter(|path| path.exists()) {
            let files = if path.is_dir() {
                files_below(path, &|_| true)
            } else {
                vec![path.clone()]
            };
            for file in files {
                lines.insert(
                    format!("file {}", name(sandbox.root(), &file)),
                    content(&file),
                );
            }
        }
        Fingerprint(lines)
    }

    /// The same without the ledger's refs: what a stop may not touch, though it writes a question.
    pub(crate) fn without_ledger(mut self) -> Fingerprint {
        self.0
            .retain(|name, _| !name.starts_with("ref refs/stream/"));
        self
    }

    /// The same without one line.
    pub(crate) fn without(mut self, line: &str) -> Fingerprint {
        self.0.remove(line);
        self
    }

    /// Fails, and lists what differs, unless `later` is the same.
    #[track_caller]
    pub(crate) fn assert_same(&self, later: &Fingerprint) {
        let mut changes = String::new();
        for name in self
            .0
            .keys()
            .chain(later.0.keys().filter(|name| !self.0.contains_key(*name)))
        {
            let (was, is) = (self.0.get(name), later.0.get(name));
            if was != is {
                writeln!(changes, "{name}: {was:?} -> {is:?}").unwrap();
            }
        }
        assert!(changes.is_empty(), "something has changed:\n{changes}");
    }
}

fn name(directory: &Path, path: &Path) -> String {
    path.strip_prefix(directory)
        .unwrap()
        .as_os_str()
        .as_bytes()
        .escape_bytes()
        .to_string()
}

fn content(path: &Path) -> String {
    let about = fs::symlink_metadata(path).unwrap();
    if about.is_symlink() {
        let target = fs::read_link(path).unwrap();
        return format!("-> {}", target.as_os_str().as_bytes().escape_bytes());
    }
    let mut line = format!("{:o} ", about.permissions().mode());
    for byte in Sha256::digest(fs::read(path).unwrap()) {
        write!(line, "{byte:02x}").unwrap();
    }
    line
}

/// Every file and symlink below a directory, except where `enter` says no.
fn files_below(directory: &Path, enter: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        if !enter(&path) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&path, enter));
        } else {
            found.push(path);
        }
    }
    found
}

/// Fails unless the repository is whole: `git fsck` has nothing to say, no lock file of git is
/// left, every branch and every ledger ref leads to a commit.
#[track_caller]
pub(crate) fn assert_sound(sandbox: &Sandbox, directory: &Path) {
    let fsck = [
        "fsck",
        "--full",
        "--strict",
        "--no-dangling",
        "--no-progress",
    ];
    let ran = sandbox.program("git", fsck).in_dir(directory).go();
    assert!(
        ran.status() == 0 && ran.stdout().is_empty(),
        "{}",
        ran.block()
    );

    let common = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    let common = PathBuf::from(sandbox.git_in(directory, &common).trim_end());
    // What we lock with the kernel's help stays as an empty file in our own directory.
    let not_ours = |path: &Path| path != common.join("git-stream");
    let locks: Vec<PathBuf> = files_below(&common, &not_ours)
        .into_iter()
        .filter(|path| path.extension() == Some("lock".as_ref()))
        .collect();
    assert!(locks.is_empty(), "lock files are left: {locks:?}");

    let kinds = [
        "for-each-ref",
        "--format=%(objecttype) %(refname)",
        "refs/heads",
        "refs/stream",
    ];
    for line in sandbox.git_in(directory, &kinds).lines() {
        assert!(line.starts_with("commit "), "not a commit: {line}");
    }
}
