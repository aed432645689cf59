//! What is the n-th entry of an index?
//!
//! Read where it lies in the file, or from what gix has unpacked; both answer alike.

use std::cell::Cell;
use std::path::Path;

use bstr::{BStr, ByteSlice as _};
use gix::hash::{Kind, oid};
use gix::index::entry::Flags;
use gix::index::{File, State, decode};

use super::layout::{EXTENDED, LENGTH, Layout, STAT, STRIDE, after, u16_at, u32_at};
use super::{Damage, Id};
use crate::git::tree::{GITLINK, SYMLINK, TREE};

/// In an entry's further flags: git would not commit it.
const INTENT_TO_ADD: u16 = 0x2000;

/// What is known of one entry.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) path: &'a BStr,
    pub(super) mode: u32,
    pub(super) id: &'a oid,
    /// 0, or 1 to 3 for the sides of a conflict.
    pub(super) stage: u32,
    /// Only meant to be added: git would not commit it.
    pub(super) intent_to_add: bool,
}

impl Entry<'_> {
    /// Whether it stands for a whole directory, as in a sparse index.
    pub(super) fn is_directory(&self) -> bool {
        self.mode == TREE
    }
}

/// The entries of an index.
pub(super) enum Entries<'a> {
    Raw(Raw<'a>),
    Unpacked(&'a State),
}

impl<'a> Entries<'a> {
    /// The n-th entry; `None` after the last one.
    pub(super) fn get(&self, nth: usize) -> Result<Option<Entry<'a>>, Damage> {
        match self {
            Entries::Raw(raw) => raw.get(nth),
            Entries::Unpacked(state) => Ok(unpacked(state, nth)),
        }
    }
}

/// Entries of version 2 or 3, as they lie in the file.
pub(super) struct Raw<'a> {
    bytes: &'a [u8],
    count: usize,
    /// Where every [`STRIDE`]th begins.
    starts: &'a [u32],
    hash: Kind,
    sparse: bool,
    /// The entry that was asked for last, and where it begins.
    last: Cell<(usize, usize)>,
}

impl<'a> Raw<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        (count, starts): (usize, &'a [u32]),
        hash: Kind,
        sparse: bool,
    ) -> Raw<'a> {
        Raw {
            bytes,
            count,
            starts,
            hash,
            sparse,
            last: Cell::new((usize::MAX, 0)),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The n-th as it lies in the file, with all that comes behind it.
    pub(super) fn bytes_of(&self, nth: usize) -> Option<&'a [u8]> {
        self.bytes.get(self.start(nth)?..)
    }

    /// How its ids are made.
    pub(super) fn hash(&self) -> Kind {
        self.hash
    }

    /// The path and the stage of the entry that begins here, and where the next one does.
    pub(super) fn passed(&self, at: usize) -> Option<(&'a BStr, u16, usize)> {
        let end = after(self.bytes, at, self.hash)?;
        let mut from = at + STAT + self.hash.len_in_bytes();
        let flags = u16_at(self.bytes, from)?;
        from += if flags & EXTENDED == 0 { 2 } else { 4 };
        let path = self.bytes.get(from..end)?;
        let path = match flags & LENGTH {
            LENGTH => path.get(..path.find_byte(0)?)?,
            length => path.get(..usize::from(length))?,
        };
        Some((path.as_bstr(), flags >> 12 & 3, end))
    }

    /// Where an entry begins.
    fn start(&self, nth: usize) -> Option<usize> {
        let (mut number, mut at) = self.last.get();
        if nth < number || nth - number >= STRIDE {
            number = nth / STRIDE * STRIDE;
            at = *self.starts.get(nth / STRIDE)? as usize;
        }
        while number < nth {
            at = after(self.bytes, at, self.hash)?;
            number += 1;
        }
        self.last.set((nth, at));
        Some(at)
    }

    pub(super) fn get(&self, nth: usize) -> Result<Option<Entry<'a>>, Damage> {
        if nth >= self.count {
            return Ok(None);
        }
        let bytes = self.start(nth).and_then(|start| self.bytes.get(start..));
        let entry = bytes.and_then(|bytes| self.parse(bytes));
        let entry = entry.ok_or(Damage::Truncated(nth))?;
        match entry.mode {
            0o100_644 | 0o100_755 | SYMLINK | GITLINK => Ok(Some(entry)),
            TREE if self.sparse => Ok(Some(entry)),
            odd => Err(Damage::Mode(nth, odd)),
        }
    }

    fn parse(&self, bytes: &'a [u8]) -> Option<Entry<'a>> {
        let mode = u32_at(bytes, 24)?;
        let mut at = STAT + self.hash.len_in_bytes();
        let id = oid::try_from_bytes(bytes.get(STAT..at)?).ok()?;
        let flags = u16_at(bytes, at)?;
        at += 2;
        let mut further = 0;
        if flags & EXTENDED != 0 {
            further = u16_at(bytes, at)?;
            at += 2;
        }
        let path = bytes.get(at..)?;
        let path = match flags & LENGTH {
            LENGTH => path.get(..path.find_byte(0)?)?,
            length => path.get(..usize::from(length))?,
        };
        Some(Entry {
            path: path.as_bstr(),
            mode,
            id,
            stage: u32::from(flags >> 12 & 3),
            intent_to_add: further & INTENT_TO_ADD != 0,
        })
    }
}

fn unpacked(state: &State, nth: usize) -> Option<Entry<'_>> {
    let entry = state.entries().get(nth)?;
    Some(Entry {
        path: entry.path(state),
        mode: entry.mode.bits(),
        id: &entry.id,
        stage: entry.stage_raw(),
        intent_to_add: entry.flags.contains(Flags::INTENT_TO_ADD),
    })
}

/// An index that gix has unpacked.
pub(super) enum Unpacked {
    /// From bytes that hold it all.
    One(State),
    /// From two files.
    Split(File),
}

impl Unpacked {
    pub(super) fn read(
        index: &Path,
        bytes: &[u8],
        layout: &Layout,
        hash: Kind,
    ) -> Result<Unpacked, Damage> {
        // gix does not find the end of such an entry.
        if layout.long_path() {
            return Err(Damage::LongPath);
        }
        // One thread: the guard runs in every commit, and starting threads costs more than it
        // saves. The checksum is skipped as git skips it.
        let options = decode::Options {
            thread_limit: Some(1),
            ..Default::default()
        };
        if layout.split() {
            let file = File::at(index, hash, true, options).map_err(Damage::Unpack)?;
            let read = &bytes[bytes.len() - hash.len_in_bytes()..];
            let trailer = Id::try_from(read).ok().filter(|id| !id.is_null());
            // gix has read the file once more: it must be the one whose cache-tree we have.
            if file.checksum() == trailer {
                Ok(Unpacked::Split(file))
            } else {
                Err(Damage::Replaced)
            }
        } else {
            let time = State::new(hash).timestamp();
            let (state, _) =
                State::from_bytes(bytes, time, hash, options).map_err(Damage::Unpack)?;
            Ok(Unpacked::One(state))
        }
    }

    pub(super) fn state(&self) -> &State {
        match self {
            Unpacked::One(state) => state,
            Unpacked::Split(file) => file,
        }
    }
}
