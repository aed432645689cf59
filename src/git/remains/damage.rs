//! What lies in the git directory that git cannot read, or that nobody uses any more?
//!
//! A power cut leaves files without content where the file system had not written them yet: a ref,
//! an object, an index. A process that was killed leaves its lock.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::git::switch::is_signed;
use crate::git::{Error, Id, Linked, Repo};

impl Repo {
    /// The loose refs whose file names no object and no other ref, with the file. None where refs
    /// are no files.
    pub fn spoiled_refs(&self) -> Vec<(String, PathBuf)> {
        if self.asks_git_for_refs {
            return Vec::new();
        }
        let mut spoiled = Vec::new();
        for file in files_below(&self.common_dir().join("refs")) {
            let Ok(text) = fs::read(&file) else { continue };
            let text = String::from_utf8_lossy(&text);
            let text = text.trim_end();
            let is_ref = text.starts_with("ref: ") || self.parse_id(text).is_some();
            let is_lock = file
                .extension()
                .is_some_and(|extension| extension == "lock");
            let name = file.strip_prefix(self.common_dir()).ok();
            if let (false, false, Some(name)) = (is_ref, is_lock, name.and_then(Path::to_str)) {
                spoiled.push((name.to_owned(), file.clone()));
            }
        }
        spoiled.sort();
        spoiled
    }

    /// Where a ref was, newest first, as far as its reflog can be read and the commits are there.
    pub fn remembered_of(&self, full_name: &str) -> Vec<Id> {
        let log = self.common_dir().join("logs").join(full_name);
        let text = fs::read(log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let new = |line: &str| self.parse_id(line.split(' ').nth(1)?);
        let ids = text.lines().rev().filter_map(new);
        ids.filter(|id| self.commit(*id).is_ok()).collect()
    }

    /// The files of loose objects that have no content. One that is being written has another name.
    pub fn empty_objects(&self) -> Vec<PathBuf> {
        let objects = self.common_dir().join("objects");
        let is_fan_out = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().as_bytes();
            name.len() == 2 && name.iter().all(u8::is_ascii_hexdigit)
        };
        let digits = self.null_id().kind().len_in_hex() - 2;
        let is_object = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().as_bytes();
            name.len() == digits && name.iter().all(u8::is_ascii_hexdigit)
        };
        let mut empty: Vec<PathBuf> = entries(&objects)
            .filter(is_fan_out)
            .flat_map(|directory| entries(&directory).collect::<Vec<_>>())
            .filter(is_object)
            .filter(|file| {
                fs::metadata(file).is_ok_and(|about| about.is_file() && about.len() == 0)
            })
            .collect();
        empty.sort();
        empty
    }

    /// Whether the index of a worktree is whole, and git can read it; its words where it cannot.
    ///
    /// Of one that was cut off git may read entries that were never there: it maps the file, and
    /// what is missing up to the end of a page is zeros. So its checksum is asked first, unless the
    /// user has git write none.
    pub fn try_index(&self, linked: &Linked) -> Result<(), Error> {
        let path = linked.git_dir.join("index");
        let bytes = fs::read(&path).map_err(Error::file("read", &path))?;
        let kind = self.null_id().kind();
        let (content, sum) = bytes.split_at(bytes.len().saturating_sub(kind.len_in_bytes()));
        let has_sum = sum.iter().any(|byte| *byte != 0);
        let mut hasher = gix::hash::hasher(kind);
        hasher.update(content);
        let is_whole = hasher.try_finalize().is_ok_and(|id| id.as_bytes() == sum);
        if sum.len() < kind.len_in_bytes() || (has_sum && !is_whole) {
            return Err(Error::Object {
                attempt: "read",
                what: format!("'{}'", path.display()),
                source: "its checksum is wrong".into(),
            });
        }
        let call = self.call_at(linked).arg("--no-optional-locks");
        call.args(["ls-files", "--", ":(top,literal)git-stream: no such file"])
            .run()?;
        Ok(())
    }

    /// Whether a worktree has an index at all.
    pub fn has_index(&self, git_dir: &Path) -> bool {
        git_dir.join("index").exists()
    }

    /// Writes the index of a worktree anew, as HEAD has it; no file changes. What cannot be read is
    /// kept beside it, under the name that is answered.
    pub fn write_index_anew(&self, linked: &Linked) -> Result<PathBuf, Error> {
        let index = linked.git_dir.join("index");
        let aside = linked.git_dir.join("index.unreadable");
        fs::rename(&index, &aside).map_err(Error::file("rename", &index))?;
        self.call_at(linked).args(["read-tree", "HEAD"]).run()?;
        Ok(aside)
    }

    /// The locks of git that are older than this, and in whose place no git runs any more. One of
    /// ours is not among them, however old it is: what its operation had begun has to be finished.
    pub fn stale_locks(&self, age: Duration) -> Result<Vec<PathBuf>, Error> {
        let common = self.common_dir();
        let mut found: Vec<PathBuf> = entries(common).filter(|path| is_lock(path)).collect();
        // Housekeeping locks the logs of refs, too.
        let mut deeper = files_below(&common.join("logs"));
        if !self.asks_git_for_refs {
            deeper.extend(files_below(&common.join("refs")));
        }
        found.extend(deeper.into_iter().filter(|path| is_lock(path)));
        if self.main_top().is_some_and(is_git_in) || is_git_in(common) {
            found.clear();
        }
        for linked in self.linked_worktrees()? {
            if !is_git_in(&linked.top) {
                let mut inside = entries(&linked.git_dir).collect::<Vec<_>>();
                inside.extend(files_below(&linked.git_dir.join("logs")));
                found.extend(inside.into_iter().filter(|path| is_lock(path)));
            }
        }
        found.retain(|path| is_older(path, age) && !is_signed(path));
        found.sort();
        Ok(found)
    }

    /// The files that were being written beside one of ours, and are older than this.
    pub fn abandoned_files(&self, age: Duration) -> Vec<PathBuf> {
        let ours = self.private("");
        let places = [ours.clone(), self.common_dir().to_owned()];
        let below = [
            "hooks",
            "operations",
            "queue",
            "outbox",
            "landing",
            "resolve",
        ];
        let places = places.into_iter().chain(below.map(|name| ours.join(name)));
        let is_new = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().as_bytes();
            name.starts_with(b".new-")
        };
        let mut found: Vec<PathBuf> = places
            .flat_map(|place| entries(&place).collect::<Vec<_>>())
            .filter(|path| is_new(path) && path.is_file() && is_older(path, age))
            .collect();
        found.sort();
        found
    }

    /// Whether every object is there that a commit leads to.
    pub fn is_connected(&self, commit: Id) -> Result<(), Error> {
        let call = self.call().args(["rev-list", "--objects", "--quiet"]);
        call.arg(commit.to_string()).run()?;
        Ok(())
    }

    /// The commits that no ref and no other such commit leads to.
    pub fn dangling_commits(&self) -> Result<Vec<Id>, Error> {
        // Its status says what is damaged besides, one bit each.
        let answers: Vec<i32> = (0..64).collect();
        let output = self
            .call()
            .args([
                "fsck",
                "--no-reflogs",
                "--no-progress",
                "--connectivity-only",
            ])
            .run_allowing(&answers, None)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let ids = text.lines().filter_map(|line| {
            let hex = line.strip_prefix("dangling commit ")?;
            self.parse_id(hex)
        });
        Ok(ids.collect())
    }
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let listing = fs::read_dir(directory).into_iter().flatten().flatten();
    listing.map(|entry| entry.path())
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let (mut files, mut left) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = left.pop() {
        for path in entries(&directory) {
            match path.symlink_metadata() {
                Ok(about) if about.is_dir() => left.push(path),
                Ok(about) if about.is_file() => files.push(path),
                Ok(_) | Err(_) => {}
            }
        }
    }
    files
}

fn is_lock(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("lock")) && path.is_file()
}

fn is_older(path: &Path, age: Duration) -> bool {
    let modified = fs::metadata(path).and_then(|about| about.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|passed| passed > age))
}

/// Whether a git runs at or below a directory, as far as the system tells.
///
/// # Limits
///
/// Only where `/proc` shows it (Linux); elsewhere one may always run.
fn is_git_in(top: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else {
        return true;
    };
    let top = top.canonicalize().unwrap_or_else(|_gone| top.to_owned());
    processes.flatten().any(|process| {
        let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        name.starts_with("git")
            && !name.starts_with("git-stream-doct")
            && fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&top))
    })
}
