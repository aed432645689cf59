//! How does a worktree go from one tree to another, together with its index, or not at all?
//!
//! [`IndexHold`] keeps git's own `index.lock` from before the first file is rewritten until after
//! the branch has moved: meanwhile nobody can commit, stage or switch in that worktree, so no
//! commit can mix the two sides. The work is done on a copy of the index, which replaces the real
//! one in one step.
//!
//! A process that dies leaves the lock, which says whose it is; [`IndexHold::inherit`] takes it
//! over, and [`IndexHold::settle`] finds out file by file how far it had come.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice as _};

use super::history::os;
use super::{Call, Change, Error, GITLINK, Id, Leaf, Linked, Lock, Repo, SYMLINK};

/// How the lock file of ours begins; the operation's id follows.
const OURS: &str = "git stream sync ";

/// What `git hook run` does where it cannot feed a hook; a shell of git's runs it at the top.
const RUN_HOOK: &str = "hook=$(git rev-parse --git-path hooks/post-rewrite); \
                        if test -x \"$hook\"; then exec \"$hook\" rebase; fi";

/// What the lock file says, to us and to whoever wonders about it.
fn signed(operation: &str) -> String {
    format!("{OURS}{operation}: it is moving this worktree\n")
}

/// Where the lock of a worktree's index is.
pub fn index_lock(linked: &Linked) -> PathBuf {
    linked.git_dir.join("index.lock")
}

/// Whether a lock is one of ours: then it says that files are half-way, and is not only in the way.
pub(super) fn is_signed(lock: &Path) -> bool {
    fs::read(lock).is_ok_and(|text| text.starts_with(OURS.as_bytes()))
}

/// An uncommitted change, in the letters of `git status`; `.` is no change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncommitted {
    /// The path.
    pub path: BString,
    /// How the index differs from HEAD.
    pub staged: u8,
    /// How the file differs from the index.
    pub unstaged: u8,
}

/// What an index says where it is not what the files are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staging {
    /// What it holds; nothing, where it is `None`.
    pub entries: BTreeMap<BString, Option<Leaf>>,
    /// The files that are only meant to be added.
    pub intended: Vec<BString>,
}

/// The lock on a worktree's index, and a copy of the index to work on.
#[must_use = "the index is free again when this is dropped"]
pub struct IndexHold<'r> {
    pub(super) repo: &'r Repo,
    pub(super) linked: Linked,
    lock: PathBuf,
    pub(super) index: PathBuf,
    pub(super) copy: PathBuf,
    /// Whether the copy was made: a large index is copied only where it is worked on.
    has_copy: Cell<bool>,
    /// The index of what is written, where that is not everything, and where it is written first.
    pub(super) part: PathBuf,
    pub(super) staged: PathBuf,
    /// Whether the files are whole: only then may others use the index again.
    pub(super) is_settled: bool,
    /// What the index says in the end.
    staging: Staging,
}

/// What the worktree has at a path that is being rewritten.
enum Found {
    /// Nothing, or the beginning of a file that was being written.
    Gap,
    Before,
    After,
    Foreign,
}

impl Repo {
    /// The uncommitted changes of a worktree; untracked files are not looked for.
    pub fn uncommitted(&self, top: &Path) -> Result<Vec<Uncommitted>, Error> {
        let output = self
            .call_in(top)
            .args(["--no-optional-locks", "status", "--porcelain=v2", "-z"])
            .args(["--untracked-files=no", "--no-renames"])
            .run()?;
        let records = output.stdout.split_str("\0").filter_map(|record| {
            // `1 XY sub mH mI mW hH hI path`; `u XY sub m1 m2 m3 mW h1 h2 h3 path`.
            let fields = match record.first()? {
                b'1' => 9,
                b'u' => 11,
                _ => return None,
            };
            Some(Uncommitted {
                path: record.splitn_str(fields, " ").nth(fields - 1)?.into(),
                staged: *record.get(2)?,
                unstaged: *record.get(3)?,
            })
        });
        Ok(records.collect())
    }

    /// The operation of ours that holds, or has left, the lock of a worktree's index.
    pub fn index_holder(&self, linked: &Linked) -> Option<String> {
        let text = fs::read_to_string(index_lock(linked)).ok()?;
        let operation = text.strip_prefix(OURS)?.split([':', '\n']).next()?;
        Some(operation.to_owned())
    }

    /// The trees that a worktree's index and its tracked files are, as far as these paths go: what
    /// `git stash` would keep. Elsewhere both are `base`.
    pub fn trees_of_uncommitted(
        &self,
        linked: &Linked,
        base: Id,
        changes: &[Uncommitted],
    ) -> Result<(Id, Id), Error> {
        let copy = linked.git_dir.join("git-stream-aside");
        let index = linked.git_dir.join("index");
        copy_index(&index, &copy)?;
        let trees = self.trees_in(linked, &copy, base, changes);
        drop(fs::remove_file(&copy));
        trees
    }

    fn trees_in(
        &self,
        linked: &Linked,
        copy: &Path,
        base: Id,
        changes: &[Uncommitted],
    ) -> Result<(Id, Id), Error> {
        let only_these = || -> Result<Id, Error> {
            let call = self.call_in(&linked.top).env("GIT_INDEX_FILE", copy);
            let hex = call.args(["write-tree"]).flushing().run()?.line();
            let all = self.parse_id(&hex).ok_or_else(|| Error::Odd {
                command: "git write-tree".to_owned(),
                answer: hex,
            })?;
            let mut edits = BTreeMap::new();
            for change in changes {
                let leaf = self.leaf_at(all, change.path.as_bstr())?;
                edits.insert(change.path.clone(), leaf);
            }
            self.write_tree_holding(Some(base), &edits)
        };
        let staged = only_these()?;
        self.take_in(&linked.top, copy, &Uncommitted::in_index(changes))?;
        Ok((staged, only_these()?))
    }

    /// Takes the present state of files that an index knows into it.
    fn take_in(&self, top: &Path, index: &Path, paths: &[BString]) -> Result<(), Error> {
        if paths.is_empty() {
            return Ok(());
        }
        self.call_in(top)
            .env("GIT_INDEX_FILE", index)
            .args(["update-index", "--remove", "-z", "--stdin"])
            .flushing()
            .run_with_input(&listed(paths))?;
        Ok(())
    }

    fn set_entries(
        &self,
        top: &Path,
        index: &Path,
        entries: &BTreeMap<BString, Option<Leaf>>,
    ) -> Result<(), Error> {
        let null = self.null_id();
        let mut lines: Vec<(bool, Vec<u8>)> = entries
            .iter()
            .map(|(path, leaf)| {
                let (mode, id) = leaf.map_or((0, null), |leaf| (leaf.mode, leaf.id));
                let line = format!("{mode:o} {id}\t");
                // Removals first: a file may stand where a directory was.
                (mode != 0, [line.as_bytes(), path, b"\0"].concat())
            })
            .collect();
        lines.sort();
        let input: Vec<u8> = lines.into_iter().flat_map(|(_, line)| line).collect();
        self.call_in(top)
            .env("GIT_INDEX_FILE", index)
            .args(["update-index", "-z", "--index-info"])
            .run_with_input(&input)?;
        Ok(())
    }

    /// Copies notes as configured, and runs the hook that is told of rewritten commits, if it is
    /// wanted. `pairs` are old and new ids.
    pub fn tell_rewritten(
        &self,
        top: &Path,
        pairs: &[(Id, Id)],
        is_hook_wanted: bool,
    ) -> Result<(), Error> {
        let mut input = Vec::new();
        for (old, new) in pairs {
            input.extend(format!("{old} {new}\n").into_bytes());
        }
        let is_asked_for = std::env::var_os("GIT_NOTES_REWRITE_REF").is_some();
        if is_asked_for || self.config("notes.rewriteRef").is_some() {
            self.call_in(top)
                .args(["notes", "copy", "--for-rewrite=rebase"])
                .run_with_input(&input)?;
        }
        if !is_hook_wanted {
            return Ok(());
        }
        if !self.version()?.feeds_hooks() {
            let alias = format!("alias.git-stream-hook=!{RUN_HOOK}");
            self.call_in(top)
                .args(["-c", &alias, "git-stream-hook"])
                .run_with_input(&input)?;
            return Ok(());
        }
        let file = tempfile::NamedTempFile::new_in(self.common_dir());
        let mut file = file.map_err(Error::file("create a file in", self.common_dir()))?;
        file.write_all(&input)
            .map_err(Error::file("write", file.path()))?;
        self.call_in(top)
            .args(["hook", "run", "--ignore-missing"])
            .arg(format!("--to-stdin={}", file.path().display()))
            .args(["post-rewrite", "--", "rebase"])
            .run()?;
        Ok(())
    }
}

impl<'r> IndexHold<'r> {
    /// Takes the lock; `None` where a git of somebody has it.
    pub fn take(
        repo: &'r Repo,
        linked: &Linked,
        operation: &str,
    ) -> Result<Option<IndexHold<'r>>, Error> {
        let hold = IndexHold::of(repo, linked);
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&hold.lock);
        let mut file = match made {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                hold.leave();
                return Ok(None);
            }
            Err(source) => {
                let path = hold.lock.clone();
                hold.leave();
                return Err(Error::file("create", path)(source));
            }
        };
        file.write_all(signed(operation).as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(Error::file("write", &hold.lock))?;
        Ok(Some(hold))
    }

    /// Takes over the lock that a dead operation of ours has left.
    pub fn inherit(
        repo: &'r Repo,
        linked: &Linked,
        operation: &str,
    ) -> Result<IndexHold<'r>, Error> {
        let mut hold = IndexHold::of(repo, linked);
        hold.is_settled = false;
        super::replace_file(&hold.lock, signed(operation).as_bytes(), 0o644)?;
        // Whatever the dead one had begun to write next to its copies.
        for file in [&hold.copy, &hold.part] {
            drop(fs::remove_file(file.with_extension("lock")));
        }
        drop(fs::remove_dir_all(&hold.staged));
        hold.begin()?;
        Ok(hold)
    }

    fn of(repo: &'r Repo, linked: &Linked) -> IndexHold<'r> {
        let file = |name: &str| linked.git_dir.join(name);
        IndexHold {
            repo,
            linked: linked.clone(),
            lock: file("index.lock"),
            index: file("index"),
            copy: file("git-stream-index"),
            has_copy: Cell::new(false),
            part: file("git-stream-part"),
            staged: file("git-stream-files"),
            is_settled: true,
            staging: Staging::default(),
        }
    }

    /// What the index says in the end, where it is not what the files are.
    pub fn stage_in_the_end(&mut self, staging: Staging) {
        self.staging = staging;
    }

    /// Takes the present state of these files into the copy: all of them, or none.
    pub fn take_in(&self, paths: &[BString]) -> Result<(), Error> {
        self.begin_once()?;
        self.repo.take_in(&self.linked.top, &self.copy, paths)
    }

    /// Has the copy say what it is to say in the end.
    fn stage(&self, operation: &Lock) -> Result<(), Error> {
        let Staging { entries, intended } = &self.staging;
        if !entries.is_empty() {
            self.repo
                .set_entries(&self.linked.top, &self.copy, entries)?;
            self.refresh(operation)?;
        }
        if !intended.is_empty() {
            let index = |args: &[&str]| {
                let call = self.repo.call_in(&self.linked.top);
                call.env("GIT_INDEX_FILE", &self.copy)
                    .arg("--literal-pathspecs")
                    .args(args)
                    .run_with_input(&listed(intended))
            };
            index(&["update-index", "--force-remove", "-z", "--stdin"])?;
            index(&[
                "add",
                "--intent-to-add",
                "--force",
                "--pathspec-from-file=-",
                "--pathspec-file-nul",
            ])?;
        }
        Ok(())
    }

    /// Makes the copy of the index anew.
    pub fn begin(&self) -> Result<(), Error> {
        if self.index.exists() {
            copy_index(&self.index, &self.copy)?;
        }
        self.has_copy.set(true);
        Ok(())
    }

    /// Makes the copy where there is none yet.
    fn begin_once(&self) -> Result<(), Error> {
        if self.has_copy.get() {
            return Ok(());
        }
        self.begin()
    }

    fn call(&self, lock: &Lock) -> Call {
        self.repo
            .call_in(&self.linked.top)
            .env("GIT_INDEX_FILE", &self.copy)
            .holding(lock)
    }

    /// Brings files and index from one tree to the other, as `git switch` does: what is changed
    /// but not committed stays where the two trees agree.
    ///
    /// After an error nothing is known about the files until [`IndexHold::settle`] has run.
    pub fn go(&mut self, old: Id, new: Id, operation: &Lock) -> Result<(), Error> {
        self.begin_once()?;
        self.is_settled = false;
        let switch = || {
            self.call(operation)
                .args(["read-tree", "-m", "-u"])
                .args([old.to_string(), new.to_string()])
                .run()
        };
        if let Err(error) = switch() {
            // What the index remembers about the files may be out of date though nothing has
            // changed: read-tree refuses then, before it has touched anything.
            self.refresh(operation)?;
            switch().map_err(|_same_or_follows_from_it| error)?;
        }
        self.stage(operation)?;
        fs::rename(&self.copy, &self.index).map_err(Error::file("replace", &self.index))?;
        self.is_settled = true;
        Ok(())
    }

    fn refresh(&self, operation: &Lock) -> Result<(), Error> {
        self.call(operation)
            .args(["update-index", "-q", "--refresh"])
            .run_allowing(&[0, 1], None)?;
        Ok(())
    }

    /// Finishes what was begun, from wherever it stopped: `changes` lead from `old` to `new`.
    ///
    /// Answers the files whose content is that of neither side, which nobody may overwrite; then
    /// nothing was touched.
    pub fn settle(
        &mut self,
        way: (Id, Id),
        changes: &[Change],
        operation: &Lock,
    ) -> Result<Vec<BString>, Error> {
        self.settle_others(way, changes, operation, false)
    }

    /// The same; but such files may stay as they are (`do_they_stay`), as somebody's changes to what
    /// is checked out then.
    pub fn settle_others(
        &mut self,
        (old, new): (Id, Id),
        changes: &[Change],
        operation: &Lock,
        do_they_stay: bool,
    ) -> Result<Vec<BString>, Error> {
        self.begin_once()?;
        let mut foreign = Vec::new();
        let mut partial = Vec::new();
        let mut entries = BTreeMap::new();
        for change in changes {
            let found = self.find(change, &mut partial)?;
            let leaf = match found {
                Found::Gap | Found::Before => change.old,
                Found::After => change.new,
                Found::Foreign => {
                    foreign.push(change.path.clone());
                    change.new
                }
            };
            entries.insert(change.path.clone(), leaf);
        }
        if !foreign.is_empty() && !do_they_stay {
            return Ok(foreign);
        }
        for path in partial {
            fs::remove_file(&path).map_err(Error::file("remove", &path))?;
        }
        self.repo
            .set_entries(&self.linked.top, &self.copy, &entries)?;
        self.refresh(operation)?;
        self.go(old, new, operation)?;
        Ok(foreign)
    }

    fn find(&self, change: &Change, partial: &mut Vec<PathBuf>) -> Result<Found, Error> {
        let path = self.linked.top.join(os(&change.path));
        if is_gitlink(change.new) {
            return Ok(Found::After);
        }
        let Ok(about) = fs::symlink_metadata(&path) else {
            return Ok(missing(change));
        };
        if about.is_dir() {
            return Ok(missing(change));
        }
        let content = if about.is_symlink() {
            let target = fs::read_link(&path).map_err(Error::file("read", &path))?;
            target.into_os_string().into_vec()
        } else {
            fs::read(&path).map_err(Error::file("read", &path))?
        };
        let here = Here {
            path: change.path.as_bstr(),
            is_symlink: about.is_symlink(),
            is_executable: about.permissions().mode() & 0o100 != 0,
            content,
        };
        if self.is(&here, change.new)? {
            return Ok(Found::After);
        }
        if self.is(&here, change.old)? {
            return Ok(Found::Before);
        }
        for leaf in [change.new, change.old].into_iter().flatten() {
            // git writes a file in place: killed in the middle, it leaves the beginning of it.
            let is_file = leaf.mode != SYMLINK && leaf.mode != GITLINK;
            if is_file && !here.is_symlink && self.repo.blob(leaf.id)?.starts_with(&here.content) {
                partial.push(path);
                return Ok(Found::Gap);
            }
        }
        Ok(Found::Foreign)
    }

    /// Whether a file is what a tree says, byte for byte or after the user's filters.
    fn is(&self, here: &Here<'_>, leaf: Option<Leaf>) -> Result<bool, Error> {
        let Some(leaf) = leaf else { return Ok(false) };
        if leaf.mode == GITLINK || (leaf.mode == SYMLINK) != here.is_symlink {
            return Ok(false);
        }
        let modes_count = self.repo.config_bool("core.fileMode") != Some(false);
        if !here.is_symlink && modes_count && (leaf.mode & 0o100 != 0) != here.is_executable {
            return Ok(false);
        }
        if self.repo.blob(leaf.id)? == here.content {
            return Ok(true);
        }
        if here.is_symlink {
            return Ok(false);
        }
        let cleaned = self
            .repo
            .call_in(&self.linked.top)
            .args(["hash-object", "--stdin", "--path"])
            .arg(os(&here.path.to_owned()))
            .run_with_input(&here.content)?
            .line();
        Ok(self.repo.parse_id(&cleaned) == Some(leaf.id))
    }

    /// Whether no file has been rewritten yet: for a move that git refused to begin.
    pub fn is_untouched(&self, changes: &[Change]) -> Result<bool, Error> {
        let mut partial = Vec::new();
        for change in changes {
            if matches!(self.find(change, &mut partial)?, Found::After)
                && change.new.is_some()
                && !is_gitlink(change.new)
            {
                return Ok(false);
            }
        }
        Ok(partial.is_empty())
    }

    /// Says that the files are whole, so that the index is free again.
    pub fn release(mut self) {
        self.is_settled = true;
    }

    /// Gives up the hold and leaves everything as it is, for a later run to settle.
    pub fn leave(mut self) {
        self.is_settled = false;
    }
}

impl Uncommitted {
    /// Those that the index knows.
    pub fn in_index(changes: &[Uncommitted]) -> Vec<BString> {
        let known = changes.iter().filter(|change| change.staged != b'D');
        known.map(|change| change.path.clone()).collect()
    }

    /// Whether it is a file that is only meant to be added.
    pub fn is_intended(&self) -> bool {
        (self.staged, self.unstaged) == (b'.', b'A')
    }
}

/// Copies an index together with when it was written: a file that was changed in that very instant
/// would look unchanged to whoever reads a younger copy.
fn copy_index(index: &Path, copy: &Path) -> Result<(), Error> {
    let failed = |source| Error::file("copy", index)(source);
    fs::copy(index, copy).map_err(failed)?;
    let written = fs::metadata(index).and_then(|about| about.modified());
    let copied = OpenOptions::new().write(true).open(copy);
    copied
        .and_then(|file| file.set_modified(written?))
        .map_err(failed)
}

/// Paths as git reads them from its stdin.
fn listed(paths: &[BString]) -> Vec<u8> {
    let lines = paths.iter().map(|path| [path.as_slice(), b"\0"].concat());
    lines.collect::<Vec<_>>().concat()
}

struct Here<'a> {
    path: &'a BStr,
    is_symlink: bool,
    is_executable: bool,
    content: Vec<u8>,
}

/// Whether a submodule ends up there: its directory is the user's own, whatever is in it.
fn is_gitlink(leaf: Option<Leaf>) -> bool {
    leaf.is_some_and(|leaf| leaf.mode == GITLINK)
}

/// Nothing is there: it was not written yet, or it was removed already.
fn missing(change: &Change) -> Found {
    if change.new.is_none() {
        Found::After
    } else {
        Found::Gap
    }
}

impl Drop for IndexHold<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            return;
        }
        drop(fs::remove_file(&self.copy));
        drop(fs::remove_file(&self.part));
        drop(fs::remove_dir_all(&self.staged));
        // The lock goes last: nobody else may see the copy.
        drop(fs::remove_file(&self.lock));
    }
}

/// Whether anything is in the way of a new path, and what: a file that the old tree does not
/// have at that place, or something where a directory must be.
///
/// `is_known` says whether the old tree has a file there.
pub fn in_the_way(
    top: &Path,
    path: &BStr,
    is_known: &dyn Fn(&BStr) -> Result<bool, Error>,
) -> Result<Vec<BString>, Error> {
    for at in path.find_iter("/") {
        let directory = path[..at].as_bstr();
        match fs::symlink_metadata(top.join(std::ffi::OsStr::from_bytes(directory))) {
            Ok(about) if about.is_dir() => {}
            Ok(_) if is_known(directory)? => return Ok(Vec::new()),
            Ok(_) => return Ok(vec![directory.to_owned()]),
            Err(_nothing) => return Ok(Vec::new()),
        }
    }
    let place = top.join(std::ffi::OsStr::from_bytes(path));
    let mut found = Vec::new();
    match fs::symlink_metadata(&place) {
        Ok(about) if about.is_dir() => unknown_below(&place, path, is_known, &mut found)?,
        Ok(_) if !is_known(path)? => found.push(path.to_owned()),
        Ok(_) | Err(_) => {}
    }
    Ok(found)
}

fn unknown_below(
    place: &Path,
    path: &BStr,
    is_known: &dyn Fn(&BStr) -> Result<bool, Error>,
    found: &mut Vec<BString>,
) -> Result<(), Error> {
    let listing = fs::read_dir(place).map_err(Error::file("list", place))?;
    for entry in listing {
        let entry = entry.map_err(Error::file("list", place))?;
        let name = entry.file_name();
        let path: BString = [path.as_bytes(), b"/", name.as_bytes()].concat().into();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            unknown_below(&entry.path(), path.as_bstr(), is_known, found)?;
        } else if !is_known(path.as_bstr())? {
            found.push(path);
        }
    }
    Ok(())
}
