//! Which directories does the index know the tree of?
//!
//! The cache-tree lists directories in pre-order: name, NUL, number of entries below (negative:
//! not known any more), space, number of subdirectories, newline and, where known, the tree's id.
//! It is read in the one spelling that git writes: where git would read a number in another
//! spelling and we would not, git would commit a tree that we never looked at.

use bstr::{BStr, ByteSlice as _};
use gix::hash::{Kind, oid};

use super::Damage;

/// The directories of a cache-tree, in pre-order.
pub(super) struct CacheTree<'a> {
    nodes: Vec<Node<'a>>,
}

/// One directory.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    /// Its name within the directory above it.
    name: &'a BStr,
    /// Its tree and the number of entries below it, unless something below has changed.
    pub(super) known: Option<(&'a oid, usize)>,
    /// The position after everything below it.
    end: usize,
}

impl<'a> CacheTree<'a> {
    pub(super) fn decode(mut bytes: &'a [u8], hash: Kind) -> Result<CacheTree<'a>, Damage> {
        let mut nodes: Vec<Node<'a>> = Vec::new();
        // The directories whose subdirectories are being read, and how many are still to come.
        let mut open: Vec<(usize, usize)> = Vec::new();
        loop {
            let (node, subdirectories) = one(&mut bytes, hash).ok_or(Damage::CacheTree)?;
            if node.name.is_empty() != nodes.is_empty() {
                return Err(Damage::CacheTree);
            }
            open.push((nodes.len(), subdirectories));
            nodes.push(node);
            while let Some((at, 0)) = open.last().copied() {
                nodes[at].end = nodes.len();
                open.pop();
            }
            match open.last_mut() {
                Some((_, left)) => *left -= 1,
                None if bytes.is_empty() => return Ok(CacheTree { nodes }),
                None => return Err(Damage::CacheTree),
            }
        }
    }

    /// The top directory's position.
    pub(super) const TOP: usize = 0;

    pub(super) fn node(&self, at: usize) -> &Node<'a> {
        &self.nodes[at]
    }

    /// The subdirectories of a directory as they stand there: their names and positions.
    pub(super) fn children(&self, at: usize) -> Vec<(&'a BStr, usize)> {
        let end = self.nodes[at].end;
        let mut names = Vec::new();
        let mut child = at + 1;
        while child < end {
            names.push((self.nodes[child].name, child));
            child = self.nodes[child].end;
        }
        names
    }

    /// The subdirectories of a directory.
    pub(super) fn below(&self, at: usize) -> Result<Below<'a>, Damage> {
        let mut names = self.children(at);
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Damage::CacheTree);
        }
        Ok(Below { names })
    }
}

/// The subdirectories of one directory, by name.
#[derive(Default)]
pub(super) struct Below<'a> {
    names: Vec<(&'a BStr, usize)>,
}

impl Below<'_> {
    /// The position of the subdirectory with this name.
    pub(super) fn position(&self, name: &BStr) -> Option<usize> {
        let found = self.names.binary_search_by(|(other, _)| (*other).cmp(name));
        Some(self.names[found.ok()?].1)
    }
}

/// Takes one directory off the front, and says how many subdirectories follow.
fn one<'a>(bytes: &mut &'a [u8], hash: Kind) -> Option<(Node<'a>, usize)> {
    let name = upto(bytes, 0)?;
    let count = number(upto(bytes, b' ')?)?;
    let subdirectories = number(upto(bytes, b'\n')?)?.try_into().ok()?;
    let known = match usize::try_from(count) {
        Err(_negative) => None,
        Ok(count) => {
            let (id, rest) = bytes.split_at_checked(hash.len_in_bytes())?;
            *bytes = rest;
            Some((oid::try_from_bytes(id).ok()?, count))
        }
    };
    let (name, end) = (name.as_bstr(), 0);
    Some((Node { name, known, end }, subdirectories))
}

fn upto<'a>(bytes: &mut &'a [u8], end: u8) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(bytes.find_byte(end)?)?;
    *bytes = &rest[1..];
    Some(taken)
}

/// A number as `%d` writes it; git reads it into 32 bits.
fn number(text: &[u8]) -> Option<i32> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain = text == b"0" || digits.first().is_some_and(|first| *first != b'0');
    if !plain {
        return None;
    }
    let mut number = 0_i32;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(i32::from(digit))?;
    }
    Some(if digits.len() < text.len() {
        -number
    } else {
        number
    })
}
