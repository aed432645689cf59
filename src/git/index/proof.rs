//! Is an index the tree that it says it is?
//!
//! git commits the tree that the cache-tree names for the top. Of every directory that is compared
//! entry by entry, the tree is put together as git would write it, and its id must be the one that
//! is named. The others are named as in the tree of comparison, and no entry of theirs is looked at
//! by anybody.

use gix::hash::{Kind, oid};
use gix::objs;

use crate::git::tree::TREE;

/// What was found out up to here.
pub(super) struct Proof {
    hash: Kind,
    holds: bool,
}

impl Proof {
    pub(super) fn new(hash: Kind) -> Proof {
        Proof { hash, holds: true }
    }

    /// Whether every directory was what it is named.
    pub(super) fn holds(&self) -> bool {
        self.holds
    }

    /// A name of a directory: what git would write there, if anything is known.
    pub(super) fn name(&mut self, written: &mut Vec<u8>, name: &[u8], is: Option<(u32, &oid)>) {
        match is {
            Some((mode, id)) => {
                let mode = match mode {
                    TREE => &b"40000 "[..],
                    0o100_755 => b"100755 ",
                    0o120_000 => b"120000 ",
                    0o160_000 => b"160000 ",
                    _ => b"100644 ",
                };
                for part in [mode, name, b"\0", id.as_bytes()] {
                    written.extend_from_slice(part);
                }
            }
            None => self.holds = false,
        }
    }

    /// A whole directory, and the tree that is named for it.
    pub(super) fn directory(&mut self, written: &[u8], named: Option<&oid>) {
        self.holds = self.holds
            && named.is_some_and(|named| {
                let id = objs::compute_hash(self.hash, objs::Kind::Tree, written);
                id.is_ok_and(|id| *id == *named)
            });
    }
}
