//! How does an index differ from a tree?
//!
//! The answer is git's own (`git diff-index --cached`), and it costs as little as the index has
//! changed: one pass finds where each entry begins, and entries are read only in directories of
//! which the cache-tree (the `TREE` extension) does not say that they are what they were.
//!
//! | part        | the question                                                        |
//! |-------------|---------------------------------------------------------------------|
//! | `file`      | how does its content get into memory?                               |
//! | `layout`    | where in the file are its entries and its extensions?               |
//! | `cache`     | which directories does the index know the tree of?                  |
//! | `entries`   | what is the n-th entry? (as it lies in the file, or unpacked by gix) |
//! | `names`     | what does a tree hold, name after name?                             |
//! | `walk`      | entries, cache-tree and tree side by side                           |
//! | `untouched` | are files surely as they were committed?                            |
//! | `splice`    | what does it become when some of its files are others?              |
//! | `proof`     | is it the tree that it says it is?                                  |
//!
//! Versions 2 and 3, with or without a cache-tree, full or sparse, are read as they lie in the
//! file. Version 4 (paths are differences from the path before) and a split index (entries in two
//! files) are unpacked by gix first; everything after that is the same code.
//!
//! # What is trusted
//!
//! Whoever may write the index may write anything into it, so each thing that is believed has
//! its reason:
//!
//! - **A directory's tree**, where the cache-tree names the very tree of comparison: then nothing
//!   below is looked at. `git diff` and `git status` believe it in the same way, and `git commit`
//!   writes exactly the tree that is named, so no entry below can change what is committed.
//!   Where another tree is named, it is not asked: the entries are judged, as git's diff does. An
//!   index whose cache-tree contradicts its entries there shows one change and commits another;
//!   that is found when the commit itself is judged, which needs no index.
//! - **How many entries lie below it**: git skips that many. Believed only if the last of them is
//!   in that directory and the next one is not. Anything else is damage: git would lose entries.
//! - **The order**: every entry that is read must come after the one read before it.
//! - **Nothing else.** A length that leaves the file, an extension that must be understood and is
//!   not, a cache-tree in other words than git writes it (git would read some of them, so passing
//!   over it would judge something else than git commits), a mode that git does not have, a path
//!   with an empty name in it, blocks of entries (`IEOT`, which a git with several threads reads
//!   instead of the whole) that are not the entries: each is damage, and damage is an error, never an answer.
//!
//! The checksum is not compared, as git does not compare it: it would cost more than all the rest,
//! and whoever forges an index forges it too.
//!
//! # Limits
//!
//! Paths of 4095 bytes and more cannot be read from a split index, directories nested deeper than
//! [`walk::DEEPEST`] not at all, and of a version 4 or split index an odd mode is read as the
//! nearest one that git has. Unresolved conflicts and entries of `git add -N` below a directory
//! that the cache-tree calls unchanged are not seen; git never calls it that where there are any.

#[cfg(any(test, fuzzing))]
mod alike;
mod cache;
mod entries;
mod file;
mod layout;
mod names;
mod proof;
mod splice;
#[cfg(test)]
mod tests;
mod untouched;
mod walk;

use std::path::Path;

use bstr::BString;

use self::cache::CacheTree;
use self::entries::{Entries, Unpacked};
use self::layout::Layout;
pub(super) use self::splice::{entry_of, small_index};
pub(super) use self::untouched::Look;
use self::walk::Walk;
use super::tree::Change;
use super::{Error, Id, Repo};

/// Why the content of an index is not believed.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("it does not begin as an index does")]
    Header,
    #[error("it is of version {0}, which is not known")]
    Version(u32),
    #[error("it is larger than 4 GiB")]
    Size,
    #[error("it ends within entry {0}")]
    Truncated(usize),
    #[error("entry {0} has flags that are not known")]
    Flags(usize),
    #[error("entry {0} has the mode {1:o}, which git does not have")]
    Mode(usize, u32),
    #[error("a path in a split index is longer than 4094 bytes")]
    LongPath,
    #[error("{0:?} is not a path")]
    Path(BString),
    #[error("{0:?} is not in its place")]
    Order(BString),
    #[error("its directories are nested too deeply")]
    Depth,
    #[error("what follows its entries is not a list of extensions")]
    Extensions,
    #[error("its extension {0:?} is not known and must not be passed over")]
    Mandatory(BString),
    #[error("it names other blocks of entries than it has")]
    Blocks,
    #[error("its cache-tree is malformed")]
    CacheTree,
    #[error("its cache-tree counts other entries than there are below {0:?}")]
    Count(BString),
    #[error("it was replaced while it was read")]
    Replaced,
    #[error("its parts cannot be put together")]
    Unpack(#[source] gix::Error),
}

impl Damage {
    fn of(self, index: &Path) -> Error {
        Error::Object {
            attempt: "understand",
            what: format!("the index '{}'", index.display()),
            source: self.into(),
        }
    }
}

/// What is to be found out of an index.
#[derive(Clone, Copy)]
enum Asked {
    /// What differs.
    Changes,
    /// And which tree git would commit.
    TreeAsWell,
}

/// An index beside a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Every path at which they differ, unresolved conflicts included, by path.
    pub changes: Vec<Change>,
    /// The tree that git commits, where the cache-tree names it and the entries are its own.
    pub tree: Option<Id>,
}

impl Repo {
    /// Every path at which an index differs from a tree, unresolved conflicts included, by path.
    ///
    /// Paths that are only meant to be added (`git add -N`) do not count: git would not commit
    /// them. An index that does not exist is empty; one that is damaged is an error.
    pub fn diff_index(&self, index: &Path, tree: Option<Id>) -> Result<Vec<Change>, Error> {
        Ok(self.compare(index, tree, Asked::Changes)?.changes)
    }

    /// The same, and which tree git would commit.
    pub fn compare_index(&self, index: &Path, tree: Option<Id>) -> Result<Compared, Error> {
        self.compare(index, tree, Asked::TreeAsWell)
    }

    fn compare(&self, index: &Path, tree: Option<Id>, asked: Asked) -> Result<Compared, Error> {
        let content = file::content(index).map_err(Error::file("read", index))?;
        let mut compared = match content {
            Some(bytes) => self.judge(index, &bytes, tree, (asked, false))?,
            None => Compared {
                changes: self.diff_trees(tree, None)?,
                tree: None,
            },
        };
        let changes = &mut compared.changes;
        changes.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(compared)
    }

    /// The same for an index that has been read; `unpack` has gix read its entries in any case.
    fn judge(
        &self,
        index: &Path,
        bytes: &[u8],
        tree: Option<Id>,
        (asked, unpack): (Asked, bool),
    ) -> Result<Compared, Error> {
        let damaged = |damage: Damage| damage.of(index);
        let hash = self.gix.object_hash();
        let layout = Layout::of(bytes, hash).map_err(damaged)?;
        let cache = layout
            .cache_tree(bytes)
            .map(|bytes| CacheTree::decode(bytes, hash))
            .transpose()
            .map_err(damaged)?;
        let unpacked = (unpack || !layout.plain())
            .then(|| Unpacked::read(index, bytes, &layout, hash))
            .transpose()
            .map_err(damaged)?;
        let entries = match &unpacked {
            Some(unpacked) => Entries::Unpacked(unpacked.state()),
            None => Entries::Raw(layout.entries(bytes)),
        };
        let walk = Walk::new(self, index, &entries, cache.as_ref());
        let walk = match asked {
            Asked::Changes => walk,
            Asked::TreeAsWell => walk.proving(),
        };
        let (changes, tree) = walk.changes(tree)?;
        Ok(Compared { changes, tree })
    }
}
