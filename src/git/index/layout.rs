//! Where in an index file are its entries and its extensions?
//!
//! One pass over the file that reads, of each entry, only what says where the next one begins.
//! Every position is checked against the end of the file before anything is read there.

use std::ops::Range;

use bstr::ByteSlice as _;
use gix::hash::Kind;

use super::Damage;
use super::entries::Raw;

/// Signature, version, number of entries.
const HEADER: usize = 12;
/// What an entry has before its id: times, device, inode, mode, owner, size.
pub(super) const STAT: usize = 40;
/// Of how many entries it is noted where the first one begins. The others are counted from there:
/// noting each would write as many pages of memory as a tenth of the file.
pub(super) const STRIDE: usize = 64;
/// In an entry's flags: two more bytes of flags follow.
pub(super) const EXTENDED: u16 = 0x4000;
/// In an entry's flags: the length of its path; all ones where it is that or longer.
pub(super) const LENGTH: u16 = 0x0fff;
/// In the further flags: all that are known, `skip-worktree` and `intent-to-add`.
const KNOWN: u16 = 0x6000;

/// The parts of an index file.
pub(super) struct Layout {
    hash: Kind,
    version: u32,
    count: usize,
    /// Where every [`STRIDE`]th entry begins; empty in version 4.
    starts: Vec<u32>,
    long_path: bool,
    cache_tree: Option<Range<usize>>,
    split: bool,
    sparse: bool,
}

impl Layout {
    pub(super) fn of(bytes: &[u8], hash: Kind) -> Result<Layout, Damage> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(Damage::Size);
        }
        let end = bytes.len().checked_sub(hash.len_in_bytes());
        let body = &bytes[..end.ok_or(Damage::Header)?];
        if !body.starts_with(b"DIRC") {
            return Err(Damage::Header);
        }
        let version = u32_at(body, 4).ok_or(Damage::Header)?;
        let count = u32_at(body, 8).ok_or(Damage::Header)? as usize;
        let mut layout = Layout {
            hash,
            version,
            count,
            starts: Vec::new(),
            long_path: false,
            cache_tree: None,
            split: false,
            sparse: false,
        };
        let entries_end = match version {
            2 | 3 => layout.find_entries(body, count)?,
            4 => layout.pass_packed_entries(body, count)?,
            other => return Err(Damage::Version(other)),
        };
        layout.find_extensions(body, entries_end)?;
        Ok(layout)
    }

    /// Notes where every so many entries one begins; returns where the last one ends.
    fn find_entries(&mut self, body: &[u8], count: usize) -> Result<usize, Damage> {
        let fixed = STAT + self.hash.len_in_bytes() + 2;
        // A number that the file has no room for must not make us ask for memory.
        let room = count.min(body.len() / fixed);
        let mut starts = Vec::with_capacity(room.div_ceil(STRIDE));
        let (mut at, mut nth) = (HEADER, 0);
        while nth < count {
            starts.push(u32::try_from(at).unwrap_or(u32::MAX));
            let end = count.min(nth + STRIDE);
            while nth < end {
                let Some(flags) = u16_at(body, at + fixed - 2) else {
                    return Err(Damage::Truncated(nth));
                };
                let length = flags & (EXTENDED | LENGTH);
                at = if length < LENGTH {
                    padded(at, fixed + usize::from(length))
                } else {
                    self.after_odd_entry(body, at, flags, nth)?
                };
                nth += 1;
            }
        }
        if at > body.len() {
            return Err(Damage::Truncated(count));
        }
        self.starts = starts;
        Ok(at)
    }

    /// The end of an entry that has more flags, or whose path ends where its first NUL is.
    #[cold]
    fn after_odd_entry(
        &mut self,
        body: &[u8],
        at: usize,
        flags: u16,
        nth: usize,
    ) -> Result<usize, Damage> {
        if flags & EXTENDED != 0 {
            known_flags(body, at + STAT + self.hash.len_in_bytes() + 2, nth)?;
        }
        self.long_path |= flags & LENGTH == LENGTH;
        let end = after(body, at, self.hash);
        end.ok_or(Damage::Truncated(nth))
    }

    /// Passes over the entries of version 4; returns where the last one ends.
    fn pass_packed_entries(&mut self, body: &[u8], count: usize) -> Result<usize, Damage> {
        let fixed = STAT + self.hash.len_in_bytes() + 2;
        let mut at = HEADER;
        for nth in 0..count {
            let Some(flags) = u16_at(body, at + fixed - 2) else {
                return Err(Damage::Truncated(nth));
            };
            at += fixed;
            if flags & EXTENDED != 0 {
                known_flags(body, at, nth)?;
                at += 2;
            }
            let rest = body.get(at..).unwrap_or_default();
            // How much of the path before to drop: a number that ends with the first small byte.
            let number = rest.iter().position(|byte| byte & 0x80 == 0);
            let path = number.and_then(|last| rest[last + 1..].find_byte(0).map(|nul| last + nul));
            at += path.ok_or(Damage::Truncated(nth))? + 2;
        }
        Ok(at)
    }

    /// Notes what matters of the extensions, which must fill the file up to its checksum.
    fn find_extensions(&mut self, body: &[u8], entries_end: usize) -> Result<(), Damage> {
        let mut at = entries_end;
        while at < body.len() {
            let name = body.get(at..at + 4).ok_or(Damage::Extensions)?;
            let size = u32_at(body, at + 4).ok_or(Damage::Extensions)? as usize;
            let content = at + 8..(at + 8).saturating_add(size);
            at = content.end;
            match name {
                b"TREE" if self.cache_tree.is_some() => return Err(Damage::Extensions),
                b"TREE" => self.cache_tree = Some(content),
                b"link" if self.split => return Err(Damage::Extensions),
                // Without the maps that follow the id, nothing says which entries are replaced.
                b"link" if size <= self.hash.len_in_bytes() => return Err(Damage::Extensions),
                b"link" => self.split = true,
                b"sdir" if size == 0 => self.sparse = true,
                b"EOIE" => match u32_at(body, content.start) {
                    Some(end) if end as usize == entries_end => {}
                    _ => return Err(Damage::Blocks),
                },
                b"IEOT" => {
                    let content = body.get(content).ok_or(Damage::Extensions)?;
                    self.check_blocks(body, content)?;
                }
                // git's own test for an extension that may be passed over.
                other if other[0].is_ascii_uppercase() => {}
                other => return Err(Damage::Mandatory(other.into())),
            }
        }
        if at == body.len() {
            Ok(())
        } else {
            Err(Damage::Extensions)
        }
    }

    /// Makes sure that the blocks of entries that an index names, so that several threads can read
    /// it, are all of its entries in their order: a git with several threads reads nothing else.
    fn check_blocks(&self, body: &[u8], content: &[u8]) -> Result<(), Damage> {
        let packed = (self.version == 4).then(|| Packed::all(body, self));
        let begins = |nth: usize| match &packed {
            Some(packed) => packed.get(nth).filter(|one| one.is_whole).map(|one| one.at),
            None => start(body, (self.count, &self.starts), self.hash, nth),
        };
        let (version, blocks) = content.split_at_checked(4).ok_or(Damage::Blocks)?;
        let mut nth = 0;
        for block in blocks.chunks(8) {
            let at = u32_at(block, 0).map(|at| at as usize);
            let count = u32_at(block, 4).ok_or(Damage::Blocks)?;
            if count > 0 && (at.is_none() || at != begins(nth)) {
                return Err(Damage::Blocks);
            }
            nth += count as usize;
        }
        if u32_at(version, 0) == Some(1) && nth == self.count {
            Ok(())
        } else {
            Err(Damage::Blocks)
        }
    }

    /// Whether the entries can be read as they lie in the file.
    pub(super) fn plain(&self) -> bool {
        self.version != 4 && !self.split
    }

    /// Whether they are all that the index has, each a file.
    pub(super) fn whole(&self) -> bool {
        self.plain() && !self.sparse
    }

    pub(super) fn split(&self) -> bool {
        self.split
    }

    /// Whether some path is too long for its length to be written down (not in version 4).
    pub(super) fn long_path(&self) -> bool {
        self.long_path
    }

    /// The content of the cache-tree extension.
    pub(super) fn cache_tree<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        Some(&bytes[self.cache_tree.clone()?])
    }

    /// The entries of an index that is [`Layout::plain`].
    pub(super) fn entries<'a>(&'a self, bytes: &'a [u8]) -> Raw<'a> {
        Raw::new(bytes, (self.count, &self.starts), self.hash, self.sparse)
    }
}

/// An entry of version 4, whose path is a difference from the one before.
struct Packed {
    at: usize,
    /// Whether nothing of the path before is taken over, as it is where a block begins.
    is_whole: bool,
}

impl Packed {
    /// All entries, of which [`Layout::pass_packed_entries`] has seen that they are there.
    fn all(body: &[u8], layout: &Layout) -> Vec<Packed> {
        let fixed = STAT + layout.hash.len_in_bytes() + 2;
        let (mut at, mut length) = (HEADER, 0_usize);
        let mut all = Vec::new();
        for _ in 0..layout.count {
            let begin = at;
            let flags = u16_at(body, at + fixed - 2).unwrap_or_default();
            at += fixed + if flags & EXTENDED != 0 { 2 } else { 0 };
            let rest = body.get(at..).unwrap_or_default();
            let digits = rest.iter().position(|byte| byte & 0x80 == 0).unwrap_or(0) + 1;
            let dropped = varint(&rest[..digits.min(rest.len())]);
            let path = rest.get(digits..).unwrap_or_default();
            let added = path.find_byte(0).unwrap_or(0);
            let is_whole = dropped == length;
            all.push(Packed {
                at: begin,
                is_whole,
            });
            length = length.saturating_sub(dropped) + added;
            at += digits + added + 1;
        }
        all
    }
}

/// git's number of variable length, as in packs: seven bits a byte, one added for each that
/// follows.
fn varint(bytes: &[u8]) -> usize {
    let (first, more) = bytes.split_first().map_or((0, &[][..]), |(f, m)| (*f, m));
    let start = usize::from(first & 0x7f);
    more.iter().fold(start, |value, byte| {
        (value.saturating_add(1) << 7) | usize::from(byte & 0x7f)
    })
}

fn known_flags(body: &[u8], at: usize, nth: usize) -> Result<(), Damage> {
    let flags = u16_at(body, at).ok_or(Damage::Truncated(nth))?;
    if flags & !KNOWN == 0 {
        Ok(())
    } else {
        Err(Damage::Flags(nth))
    }
}

/// Where the n-th entry begins.
fn start(body: &[u8], (count, starts): (usize, &[u32]), hash: Kind, nth: usize) -> Option<usize> {
    let mut at = *starts.get(nth / STRIDE).filter(|_| nth < count)? as usize;
    for _ in 0..nth % STRIDE {
        at = after(body, at, hash)?;
    }
    Some(at)
}

/// Where an entry ends that begins here.
pub(super) fn after(body: &[u8], at: usize, hash: Kind) -> Option<usize> {
    let mut fixed = STAT + hash.len_in_bytes() + 2;
    let flags = u16_at(body, at + fixed - 2)?;
    if flags & EXTENDED != 0 {
        fixed += 2;
    }
    let length = match flags & LENGTH {
        LENGTH => body.get(at + fixed..)?.find_byte(0)?,
        length => usize::from(length),
    };
    Some(padded(at, fixed + length))
}

/// Where an entry ends: one to eight NULs follow its path, up to a multiple of eight bytes.
fn padded(start: usize, length: usize) -> usize {
    start + ((length + 8) & !7)
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}
