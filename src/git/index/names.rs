//! What does a tree hold, name after name?

use bstr::{BStr, ByteSlice as _};
use gix::hash::{Kind, oid};

use crate::git::Id;
use crate::git::tree::{GITLINK, Leaf, SYMLINK, TREE};

/// A tree that is read from front to back.
pub(super) struct Names {
    bytes: Vec<u8>,
    hash: Kind,
    /// Where the next name begins.
    at: usize,
}

/// One name of a tree.
#[derive(Clone, Copy)]
pub(super) struct Named<'t> {
    pub(super) name: &'t BStr,
    pub(super) mode: u32,
    pub(super) id: &'t oid,
    /// Where the name after it begins.
    end: usize,
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

    /// Where the name after it begins.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// The tree behind the name of a directory.
    pub(super) fn subtree(&self) -> Option<Id> {
        self.is_tree().then(|| self.id.to_owned())
    }
}

impl Names {
    pub(super) fn new(bytes: Vec<u8>, hash: Kind) -> Names {
        let at = 0;
        Names { bytes, hash, at }
    }

    /// The next name; `Some(None)` after the last one, `None` where the tree is malformed.
    #[expect(clippy::option_option, reason = "the end is no damage")]
    pub(super) fn peek(&self) -> Option<Option<Named<'_>>> {
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            return Some(None);
        }
        let (mode, rest) = rest.split_once_str(" ")?;
        let name = rest.find_byte(0)?;
        let id = rest.get(name + 1..name + 1 + self.hash.len_in_bytes())?;
        Some(Some(Named {
            name: rest[..name].as_bstr(),
            mode: octal(mode)?,
            id: oid::from_bytes_unchecked(id),
            end: self.bytes.len() - rest.len() + name + 1 + id.len(),
        }))
    }

    /// Where the next name begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What has been passed from there on, as it stands in the tree.
    pub(super) fn since(&self, begin: usize) -> &[u8] {
        &self.bytes[begin..self.at]
    }

    /// Goes on after a name.
    pub(super) fn pass(&mut self, end: usize) {
        self.at = end;
    }

    /// Goes on after the next name if it is exactly this; nothing is looked for then.
    pub(super) fn pass_if(&mut self, mode: u32, name: &[u8], id: &oid) -> bool {
        let spelled: &[u8] = match mode {
            0o100_644 => b"100644 ",
            0o100_755 => b"100755 ",
            SYMLINK => b"120000 ",
            GITLINK => b"160000 ",
            _ => return false,
        };
        let rest = self.bytes[self.at..]
            .strip_prefix(spelled)
            .and_then(|rest| rest.strip_prefix(name))
            .and_then(|rest| rest.strip_prefix(b"\0"))
            .and_then(|rest| rest.strip_prefix(id.as_bytes()));
        if let Some(rest) = rest {
            self.at = self.bytes.len() - rest.len();
        }
        rest.is_some()
    }
}

fn octal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 7 {
        return None;
    }
    digits.iter().try_fold(0, |mode, digit| match digit {
        b'0'..=b'7' => Some(mode << 3 | u32::from(digit - b'0')),
        _ => None,
    })
}
