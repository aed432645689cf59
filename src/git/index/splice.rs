//! What does an index become when some of its files are others?
//!
//! Everything else is taken over as it lies in the file, so that a move of a few files does not
//! cost a look at each entry.
//!
//! Of the extensions, the cache-tree is carried on (below directories that have changed, a tree is
//! known again where the old one was known); the others are notes from which git only gains time,
//! and which say nothing true any more.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};
use gix::hash::Kind;
use sha1::{Digest as _, Sha1};

use super::cache::CacheTree;
use super::entries::Raw;
use super::file;
use super::layout::{LENGTH, Layout, u32_at};
use crate::git::below::About;
use crate::git::tree::Directory;
use crate::git::{Change, Error, Id, Leaf, Repo};

/// Where an entry has when its file was written, and how large it was.
const WRITTEN: usize = 8;
const SIZE: usize = 36;
/// What comes before the entries.
const HEADER: usize = 12;

/// An index that holds these files alone, of which nothing is known but what they are.
pub(in crate::git) fn small_index(files: &[(&BStr, Leaf)], hash: Kind) -> Result<Vec<u8>, Error> {
    let mut bytes = header(2, files.len());
    for (path, leaf) in files {
        bytes.extend(entry_of(path, *leaf, None));
    }
    seal(&mut bytes, hash)?;
    Ok(bytes)
}

/// An entry as it lies in an index; `about` is what is known of the file.
pub(in crate::git) fn entry_of(path: &BStr, leaf: Leaf, about: Option<About>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(72 + path.len());
    let mut number = |number: u64| bytes.extend(low(number).to_be_bytes());
    let times = about.map(|about| {
        let ((changed, its_rest), (written, rest)) = (about.changed, about.written);
        [changed, its_rest, written, rest].map(i64::cast_unsigned)
    });
    for time in times.unwrap_or_default() {
        number(time);
    }
    number(about.map_or(0, |about| about.dev));
    number(about.map_or(0, |about| about.ino));
    number(leaf.mode.into());
    number(about.map_or(0, |about| about.uid.into()));
    number(about.map_or(0, |about| about.gid.into()));
    number(about.map_or(0, |about| about.size));
    bytes.extend_from_slice(leaf.id.as_slice());
    let length = u16::try_from(path.len()).unwrap_or(u16::MAX).min(LENGTH);
    bytes.extend(length.to_be_bytes());
    bytes.extend_from_slice(path);
    // One to eight NULs, up to a multiple of eight bytes.
    let padding = 8 - bytes.len() % 8;
    bytes.resize(bytes.len() + padding, 0);
    bytes
}

/// As much of a number as an index holds.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

impl Repo {
    /// The content of an index in which what changes is as these entries say, one for each change,
    /// in the order of their paths; `None` where one of them is not as it has to be for that.
    /// `directories` are all that hold any of the changes, before and after.
    pub(in crate::git) fn splice(
        &self,
        index: &Path,
        (changes, news): (&[Change], &[Vec<u8>]),
        directories: &[Directory],
    ) -> Result<Option<Vec<u8>>, Error> {
        let hash = self.gix.object_hash();
        let failed = |source| Error::file("read", index)(source);
        let written = fs::symlink_metadata(index).map_err(failed)?;
        let Some(bytes) = file::content(index).map_err(failed)? else {
            return Ok(None);
        };
        let Ok(layout) = Layout::of(&bytes, hash) else {
            return Ok(None);
        };
        if !layout.whole() {
            return Ok(None);
        }
        let mut spliced = Vec::with_capacity(bytes.len() + bytes.len() / 8);
        let count = entries_into(
            &mut spliced,
            (&bytes, layout.entries(&bytes)),
            (changes, news),
            (written.mtime(), written.mtime_nsec()),
        );
        let (Some(count), Some(version)) = (count, u32_at(&bytes, 4)) else {
            return Ok(None);
        };
        spliced[..HEADER].copy_from_slice(&header(version, count));
        let cache = layout
            .cache_tree(&bytes)
            .map(|tree| CacheTree::decode(tree, hash));
        if let Some(Ok(cache)) = cache {
            let carried = carried(&cache, changes, directories);
            spliced.extend(b"TREE");
            spliced.extend(u32::try_from(carried.len()).unwrap_or(0).to_be_bytes());
            spliced.extend(carried);
        }
        seal(&mut spliced, hash)?;
        Ok(Some(spliced))
    }
}

/// Writes the entries; answers how many they are.
fn entries_into(
    spliced: &mut Vec<u8>,
    (bytes, raw): (&[u8], Raw<'_>),
    (changes, news): (&[Change], &[Vec<u8>]),
    index_written: (i64, i64),
) -> Option<usize> {
    spliced.resize(HEADER, 0);
    let mut count = 0;
    let mut changes = changes.iter().zip(news).peekable();
    let (mut at, mut run) = (HEADER, HEADER);
    for nth in 0..raw.len() {
        let (path, stage, end) = raw.passed(at)?;
        if stage != 0 {
            return None;
        }
        if changes
            .peek()
            .is_some_and(|(change, _)| change.path.as_bstr() <= path)
        {
            spliced.extend_from_slice(&bytes[run..at]);
            run = at;
        }
        while let Some((change, new)) = changes.next_if(|(change, _)| change.path.as_bstr() < path)
        {
            // What was there must be.
            change.old.is_none().then_some(())?;
            spliced.extend_from_slice(new);
            count += usize::from(change.new.is_some());
        }
        if let Some((change, new)) = changes.next_if(|(change, _)| change.path.as_bstr() == path) {
            let entry = raw.get(nth).ok()??;
            change
                .old
                .filter(|old| old.mode == entry.mode && *entry.id == *old.id)?;
            spliced.extend_from_slice(new);
            count += usize::from(change.new.is_some());
            run = end;
        } else {
            count += 1;
            let time = |at: usize| u32_at(bytes, at).map(i64::from);
            let file = (time(at + WRITTEN)?, time(at + WRITTEN + 4)?);
            if file >= index_written {
                // A change may hide in the instant in which the index was written: git looks at
                // the content of what has no size.
                spliced.extend_from_slice(&bytes[run..at + SIZE]);
                spliced.extend([0; 4]);
                run = at + SIZE + 4;
            }
        }
        at = end;
    }
    spliced.extend_from_slice(bytes.get(run..at)?);
    for (change, new) in changes {
        change.old.is_none().then_some(())?;
        spliced.extend_from_slice(new);
        count += usize::from(change.new.is_some());
    }
    Some(count)
}

fn header(version: u32, count: usize) -> Vec<u8> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    [b"DIRC", &version.to_be_bytes()[..], &count.to_be_bytes()].concat()
}

/// Puts the checksum at the end. Nobody can gain anything by a second content with the same one, so
/// no time is spent on a look for what only an attack on SHA-1 makes, as objects get it.
fn seal(bytes: &mut Vec<u8>, hash: Kind) -> Result<(), Error> {
    if hash == Kind::Sha1 {
        bytes.extend_from_slice(&Sha1::digest(&*bytes));
        return Ok(());
    }
    let mut hasher = gix::hash::hasher(hash);
    hasher.update(bytes);
    let id = hasher.try_finalize().map_err(|source| Error::Object {
        attempt: "write",
        what: "an index".to_owned(),
        source: source.into(),
    })?;
    bytes.extend_from_slice(id.as_slice());
    Ok(())
}

/// The cache-tree after the changes.
fn carried(cache: &CacheTree<'_>, changes: &[Change], directories: &[Directory]) -> Vec<u8> {
    let mut more: BTreeMap<&BStr, i64> = BTreeMap::new();
    for change in changes {
        let by = i64::from(change.new.is_some()) - i64::from(change.old.is_some());
        if by != 0 {
            for at in change.path.find_iter("/") {
                *more.entry(change.path[..at].as_bstr()).or_default() += by;
            }
            *more.entry(b"".as_bstr()).or_default() += by;
        }
    }
    let mut known: BTreeMap<&BStr, &Directory> = BTreeMap::new();
    let mut made: BTreeMap<&BStr, Vec<&BStr>> = BTreeMap::new();
    for directory in directories {
        let path = directory.path.as_bstr();
        known.insert(path, directory);
        if directory.old.is_none() && directory.new.is_some() {
            let above = path.rfind_byte(b'/').map_or(&b""[..], |at| &path[..at]);
            made.entry(above.as_bstr()).or_default().push(path);
        }
    }
    let carrier = Carrier {
        cache,
        more,
        changed: known,
        made,
    };
    let mut out = Vec::new();
    carrier.node(Some(CacheTree::TOP), &BString::default(), &mut out);
    out
}

struct Carrier<'a> {
    cache: &'a CacheTree<'a>,
    /// How many more entries there are below a directory.
    more: BTreeMap<&'a BStr, i64>,
    changed: BTreeMap<&'a BStr, &'a Directory>,
    /// The directories that are new, by the one above them.
    made: BTreeMap<&'a BStr, Vec<&'a BStr>>,
}

impl Carrier<'_> {
    /// Writes a directory and all below it.
    fn node(&self, at: Option<usize>, path: &BString, out: &mut Vec<u8>) {
        let known = at.and_then(|at| self.cache.node(at).known);
        let known: Option<(Id, usize)> = match self.changed.get(path.as_bstr()) {
            None => known.map(|(id, count)| (id.to_owned(), count)),
            Some(Directory { old, new, .. }) => {
                let before = match known {
                    Some((id, count)) => (*old == Some(id.to_owned())).then_some(count),
                    // It is new, and nothing was below it.
                    None => at.is_none().then_some(0),
                };
                let more = self.more.get(path.as_bstr()).copied().unwrap_or(0);
                let count =
                    before.and_then(|count| count.checked_add_signed(more.try_into().ok()?));
                new.zip(count)
            }
        };
        let mut below: Vec<(Option<usize>, BString)> = Vec::new();
        for (name, child) in at.map(|at| self.cache.children(at)).unwrap_or_default() {
            let path = joined(path, name);
            let is_gone = |directory: &&Directory| directory.new.is_none();
            if !self.changed.get(path.as_bstr()).is_some_and(is_gone) {
                below.push((Some(child), path));
            }
        }
        if known.is_some() {
            let made = self.made.get(path.as_bstr()).into_iter().flatten();
            let is_there = |path: &&&BStr| !below.iter().any(|(_, other)| other == **path);
            let made: Vec<_> = made
                .filter(is_there)
                .map(|path| (None, (**path).to_owned()))
                .collect();
            below.extend(made);
        }
        // As git sorts them.
        below.sort_by(|(_, one), (_, other)| (one.len(), one).cmp(&(other.len(), other)));
        let name = path
            .rfind_byte(b'/')
            .map_or(&path[..], |at| &path[at + 1..]);
        out.extend_from_slice(name);
        out.push(0);
        let count = known.map_or("-1".to_owned(), |(_, count)| count.to_string());
        out.extend(format!("{count} {}\n", below.len()).into_bytes());
        if let Some((id, _)) = known {
            out.extend_from_slice(id.as_slice());
        }
        for (at, path) in below {
            self.node(at, &path, out);
        }
    }
}

fn joined(above: &BString, name: &BStr) -> BString {
    if above.is_empty() {
        return name.to_owned();
    }
    [above.as_slice(), b"/", name].concat().into()
}
