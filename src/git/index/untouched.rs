//! Are these files of a worktree surely as they were committed?
//!
//! Asked of the paths that are about to be rewritten, so that a large worktree costs no look at
//! each of its files. What is compared is what git compares: the entry, when and how the file was
//! last written, and its content where that is so new that the times cannot tell. Anything out of
//! the ordinary is a no; that only means that git has to be asked.

use std::cell::Cell;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bstr::{BStr, ByteSlice as _};
use gix::objs::Kind;

use super::entries::{Entry, Raw};
use super::file;
use super::layout::{Layout, STAT, STRIDE, u16_at, u32_at};
use crate::git::below::{About, Below};
use crate::git::tree::joined;
use crate::git::{Change, Differences, Error, GITLINK, Leaf, Linked, Repo, SYMLINK};

/// The files in which git's attributes are.
const ATTRIBUTES: &[u8] = b".gitattributes";
/// Which bits of a mode say what kind of file it is, and what they say of an ordinary one.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
/// In an entry's flags: git was told not to look at the file, or there are more flags.
const UNUSUAL: u16 = 0xc000;

impl Repo {
    /// Whether nothing is staged or changed at, above or below the paths of these changes, which
    /// lead away from what is checked out.
    ///
    /// Costs least where they are sorted by path.
    pub fn is_untouched(&self, linked: &Linked, changes: &[Change]) -> Result<bool, Error> {
        let is_so = self.look(linked, |look| look.are_untouched(changes))?;
        Ok(is_so.unwrap_or(false))
    }

    /// Looks at a worktree and its index; `None` where that is not of the ordinary kind.
    pub(in crate::git) fn look<T>(
        &self,
        linked: &Linked,
        answer: impl FnOnce(&Look<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        let index = linked.git_dir.join("index");
        let failed = |source| Error::file("read", &index)(source);
        let Some(bytes) = file::content(&index).map_err(failed)? else {
            return Ok(None);
        };
        let written = fs::symlink_metadata(&index).map_err(failed)?;
        let Ok(layout) = Layout::of(&bytes, self.gix.object_hash()) else {
            return Ok(None);
        };
        if !layout.plain() {
            return Ok(None);
        }
        let Ok(below) = Below::of(&linked.top) else {
            return Ok(None);
        };
        let look = Look {
            raw: layout.entries(&bytes),
            written: (written.mtime(), written.mtime_nsec()),
            is_whole: layout.whole(),
            below,
            top: &linked.top,
            last: Cell::new((0, 0)),
        };
        Ok(Some(answer(&look)))
    }
}

/// A worktree beside its index.
pub(in crate::git) struct Look<'a> {
    raw: Raw<'a>,
    /// Whether the index lists every file.
    is_whole: bool,
    /// When the index was written.
    written: (i64, i64),
    /// The worktree's files.
    pub(in crate::git) below: Below,
    top: &'a Path,
    /// The block of entries in which was looked last, and the entry there.
    last: Cell<(usize, usize)>,
}

impl<'a> Look<'a> {
    /// Whether these changes can be made file by file: nothing is staged or changed there, and the
    /// files of attributes that say how files are written are as they are in the index, and stay so.
    /// `is_untouched` where the first is known.
    pub(in crate::git) fn is_ready(
        &self,
        Differences {
            changes,
            directories,
        }: &Differences,
        is_untouched: bool,
    ) -> bool {
        let is_about = |change: &Change| change.path.rsplit_str("/").next() == Some(ATTRIBUTES);
        let mut places = directories.iter().map(|directory| directory.path.as_bstr());
        self.is_whole
            && !changes.iter().any(is_about)
            && places.all(|directory| self.are_attributes_settled(directory) == Some(true))
            && (is_untouched || self.are_untouched(changes))
    }

    fn are_untouched(&self, changes: &[Change]) -> bool {
        let mut all = changes.iter();
        all.all(|change| self.is_untouched(change) == Some(true))
    }

    /// Whether nothing is staged or changed at a path; `None` where the index cannot be read.
    pub(in crate::git) fn is_untouched(&self, change: &Change) -> Option<bool> {
        let path = change.path.as_bstr();
        match change.old {
            Some(leaf) => self.is_as_committed(path, leaf),
            None => self.is_free(path),
        }
    }

    fn is_as_committed(&self, path: &BStr, leaf: Leaf) -> Option<bool> {
        let nth = self.position(path)?;
        let entry = self.raw.get(nth).ok()??;
        let is_it = entry.path == path
            && entry.stage == 0
            && entry.mode == leaf.mode
            && entry.id == leaf.id
            && leaf.mode != GITLINK;
        if !is_it {
            return Some(false);
        }
        let Ok(about) = self.below.about(path) else {
            return Some(false);
        };
        let stat = self.raw.bytes_of(nth)?;
        let flags = u16_at(stat, STAT + self.raw.hash().len_in_bytes())?;
        let is_same = is_same(stat, &about)? && is_mode(leaf.mode, &about);
        Some(flags & UNUSUAL == 0 && is_same && (self.is_old(&about) || self.has(path, leaf)?))
    }

    /// Whether the file of attributes of a directory is as it is in the index, if it is there.
    fn are_attributes_settled(&self, directory: &BStr) -> Option<bool> {
        let path = joined(directory, ATTRIBUTES.as_bstr());
        let entry = self.raw.get(self.position(path.as_bstr())?).ok()?;
        match entry.filter(|entry| entry.path == path) {
            None => Some(true),
            Some(entry) => {
                let (mode, id) = (entry.mode, entry.id.to_owned());
                self.is_as_committed(path.as_bstr(), Leaf { mode, id })
            }
        }
    }

    /// Whether no change can hide in the instant in which the index was written.
    fn is_old(&self, about: &About) -> bool {
        about.written < self.written
    }

    /// Whether a file has the content that was committed, byte for byte.
    fn has(&self, path: &BStr, leaf: Leaf) -> Option<bool> {
        let file = self.top.join(path.to_path_lossy());
        let content = if leaf.mode == SYMLINK {
            fs::read_link(file).ok()?.into_os_string().into_vec()
        } else {
            fs::read(file).ok()?
        };
        let id = gix::objs::compute_hash(leaf.id.kind(), Kind::Blob, &content).ok()?;
        Some(id == leaf.id)
    }

    /// Whether the index has nothing at a path, above or below it.
    fn is_free(&self, path: &BStr) -> Option<bool> {
        let mut below = path.to_owned();
        below.push(b'/');
        let is_at =
            |found: Option<Entry<'a>>, path: &BStr| found.is_some_and(|entry| entry.path == path);
        let next = self.raw.get(self.position(below.as_bstr())?).ok()?;
        if next.is_some_and(|entry| entry.path.starts_with(&below)) {
            return Some(false);
        }
        let above = path.find_iter("/").map(|at| path[..at].as_bstr());
        for place in above.chain([path]) {
            if is_at(self.raw.get(self.position(place)?).ok()?, place) {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Where a path is, or would be.
    fn position(&self, path: &BStr) -> Option<usize> {
        let is_before = |nth: usize| Some(self.raw.get(nth).ok()??.path < path);
        // The last block that begins before it.
        let (mut block, mut high) = (0, self.raw.len().div_ceil(STRIDE));
        while block + 1 < high {
            let middle = block + (high - block) / 2;
            if is_before(middle * STRIDE)? {
                block = middle;
            } else {
                high = middle;
            }
        }
        let last = self.last.get();
        let mut nth = if last.0 == block && is_before(last.1) == Some(true) {
            last.1
        } else {
            block * STRIDE
        };
        while nth < self.raw.len() && is_before(nth)? {
            nth += 1;
        }
        self.last.set((block, nth));
        Some(nth)
    }
}

fn is_mode(mode: u32, about: &About) -> bool {
    let is_executable = about.mode & 0o100 != 0;
    match (mode, about.mode & KIND) {
        (SYMLINK, kind) => kind == SYMLINK,
        (0o100_755, kind) => kind == REGULAR && is_executable,
        (_, kind) => kind == REGULAR && !is_executable,
    }
}

/// Whether a file is the one that the index has seen.
fn is_same(stat: &[u8], about: &About) -> Option<bool> {
    let low = |number: u64| u32::try_from(number & u64::from(u32::MAX)).ok();
    let signed = |number: i64| low(number.cast_unsigned());
    let found = [
        (0, signed(about.changed.0)?),
        (4, signed(about.changed.1)?),
        (8, signed(about.written.0)?),
        (12, signed(about.written.1)?),
        (20, low(about.ino)?),
        (28, about.uid),
        (32, about.gid),
        (36, low(about.size)?),
    ];
    let is_now = |(at, now): &(usize, u32)| u32_at(stat, *at) == Some(*now);
    Some(found.iter().all(is_now))
}
