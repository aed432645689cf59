//! What does a tree hold, name after name?

use bstr::{BStr, ByteSlice as _};
use gix::hash::{Kind, oid};

use crate::git::Id;
use crate::git::tree::{Leaf, TREE};

/// A tree that is read from front to back.
pub(super) struct Names {
    bytes: Vec<u8>,
    hash: Kind,
    /// The next name; `None` after the last one.
    next: Option<Position>,
}

/// Where in a tree one name lies; its mode is known.
#[derive(Clone, Copy)]
struct Position {
    mode: u32,
    name: usize,
    id: usize,
    end: usize,
}

/// One name of a tree.
#[derive(Clone, Copy)]
pub(super) struct Named<'t> {
    pub(super) name: &'t BStr,
    pub(super) mode: u32,
    pub(super) id: &'t oid,
}

impl Named<'_> {
    pub(super) fn is_tree(&self) -> bool {
        self.mode == TREE
    }

    pub(super) fn leaf(&self) -> Leaf {
        Leaf {
            mode: self.mode,
            id: self.id.to_owned(),
        }
    }

    /// The tree behind the name of a directory.
    pub(super) fn subtree(&self) -> Option<Id> {
        self.is_tree().then(|| self.id.to_owned())
    }
}

impl Names {
    /// Reads a tree; `None` where it is malformed.
    pub(super) fn new(bytes: Vec<u8>, hash: Kind) -> Option<Names> {
        let next = at(&bytes, 0, hash)?;
        Some(Names { bytes, hash, next })
    }

    /// The next name.
    pub(super) fn peek(&self) -> Option<Named<'_>> {
        let next = self.next?;
        Some(Named {
            name: self.bytes[next.name..next.id - 1].as_bstr(),
            mode: next.mode,
            id: oid::from_bytes_unchecked(&self.bytes[next.id..next.end]),
        })
    }

    /// Goes on to the name after it; `None` where the tree is malformed.
    pub(super) fn advance(&mut self) -> Option<()> {
        if let Some(next) = self.next {
            self.next = at(&self.bytes, next.end, self.hash)?;
        }
        Some(())
    }
}

/// The name that begins here: `Some(None)` at the end, `None` where there is something else.
#[expect(clippy::option_option, reason = "the end is no damage")]
fn at(bytes: &[u8], start: usize, hash: Kind) -> Option<Option<Position>> {
    let rest = bytes.get(start..)?;
    if rest.is_empty() {
        return Some(None);
    }
    let mut mode = 0;
    let mut name = start;
    loop {
        let byte = *bytes.get(name)?;
        name += 1;
        match byte {
            b'0'..=b'7' if name - start <= 7 => mode = mode << 3 | u32::from(byte - b'0'),
            b' ' if name - start > 1 => break,
            _ => return None,
        }
    }
    let id = name + bytes.get(name..)?.find_byte(0)? + 1;
    let end = id + hash.len_in_bytes();
    let position = Position {
        mode,
        name,
        id,
        end,
    };
    (end <= bytes.len()).then_some(Some(position))
}
