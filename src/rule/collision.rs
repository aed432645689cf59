//! Which path could some machine not tell from an added one?
//!
//! File systems of other machines ignore case, or the difference between `é` written as one
//! character or as two. An added path is compared, one component after the other, with what its
//! directory holds after the change: the base's entries that survive, and what else is added.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice as _};
use unicode_normalization::UnicodeNormalization as _;

use super::judge::Content;
use crate::git::{self, Change, Node};

/// The form in which two names are the same on a machine that ignores case and normalisation.
///
/// Every character in its canonical parts, upper and lower case made one; bytes that are not
/// UTF-8 stand for themselves.
fn folded(name: &[u8]) -> BString {
    if name.is_ascii() {
        return name.to_ascii_lowercase().into();
    }
    let mut folded = BString::default();
    for chunk in name.utf8_chunks() {
        let caseless = chunk
            .valid()
            .nfd()
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase);
        folded.extend_from_slice(caseless.nfd().collect::<String>().as_bytes());
        folded.extend_from_slice(chunk.invalid());
    }
    folded
}

/// The same, without working it out where the bytes say enough.
fn collide(one: &[u8], other: &[u8]) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one != other && one.eq_ignore_ascii_case(other);
    }
    one != other && folded(one) == folded(other)
}

/// One set of changes, ready to be asked about the paths that it adds.
pub(super) struct Collisions<'a, C> {
    changes: &'a [Change],
    base: &'a C,
    /// Every added path and every directory of one, by its folded form.
    added: Option<HashMap<BString, Vec<&'a BStr>>>,
}

impl<'a, C: Content> Collisions<'a, C> {
    pub(super) fn new(changes: &'a [Change], base: &'a C) -> Collisions<'a, C> {
        Collisions {
            changes,
            base,
            added: None,
        }
    }

    /// The path, or the directory of a path, that an added path collides with.
    pub(super) fn of(&mut self, path: &BStr) -> Result<Option<BString>, git::Error> {
        let changes = self.changes;
        let added = self.added.get_or_insert_with(|| all_added(changes));
        for prefix in prefixes(path) {
            let same = added.get(&folded(prefix));
            let other = same.and_then(|all| all.iter().find(|other| **other != prefix));
            if let Some(other) = other {
                return Ok(Some((*other).to_owned()));
            }
        }
        for prefix in prefixes(path) {
            let (directory, name) = prefix.rsplit_once_str("/").unwrap_or((b"", prefix));
            let Some(siblings) = self.base.list(directory.as_bstr())? else {
                break;
            };
            for (other, node) in siblings.iter().filter(|(other, _)| collide(other, name)) {
                let other = joined(directory, other);
                if self.survives(other.as_bstr(), *node)? {
                    return Ok(Some(other));
                }
            }
        }
        Ok(None)
    }

    /// Whether something of what the base has at a path is still there after the changes.
    fn survives(&self, path: &BStr, node: Node) -> Result<bool, git::Error> {
        match node {
            Node::Leaf(_) => Ok(!self
                .changes
                .iter()
                .any(|change| change.path == path && change.new.is_none())),
            Node::Directory(_) => {
                for (name, node) in self.base.list(path)?.iter().flat_map(|list| list.iter()) {
                    if self.survives(joined(path, name).as_bstr(), *node)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

fn all_added(changes: &[Change]) -> HashMap<BString, Vec<&BStr>> {
    let mut all: HashMap<BString, Vec<&BStr>> = HashMap::new();
    let added = changes
        .iter()
        .filter(|change| change.old.is_none() && change.new.is_some());
    for prefix in added.flat_map(|change| prefixes(change.path.as_bstr())) {
        let same = all.entry(folded(prefix)).or_default();
        if !same.contains(&prefix) {
            same.push(prefix);
        }
    }
    all
}

/// `a`, `a/b`, `a/b/c`.
fn prefixes(path: &BStr) -> impl Iterator<Item = &BStr> {
    path.find_iter("/")
        .chain(std::iter::once(path.len()))
        .map(|end| path[..end].as_bstr())
}

fn joined(directory: &[u8], name: &[u8]) -> BString {
    if directory.is_empty() {
        return name.into();
    }
    [directory, b"/", name].concat().into()
}

#[cfg(test)]
mod tests {
    use super::{collide, folded};

    #[test]
    fn names_that_some_file_system_takes_for_the_same() {
        for (one, other) in [
            ("README", "ReadMe"),
            ("\u{e9}", "e\u{301}"),
            ("\u{c9}T\u{c9}", "e\u{301}te\u{301}"),
            ("stra\u{df}e", "STRASSE"),
            ("\u{212a}elvin", "kelvin"),
            ("\u{3c3}", "\u{3c2}"),
        ] {
            assert!(collide(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
    }

    #[test]
    fn names_that_every_file_system_tells_apart() {
        for (one, other) in [("a", "a"), ("a", "b"), ("e", "\u{e9}"), ("a-b", "a_b")] {
            assert!(!collide(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_stand_for_themselves() {
        assert_eq!(folded(b"A\xff\xc9"), &b"a\xff\xc9"[..]);
        assert!(collide(b"A\xff", b"a\xff"));
        assert!(!collide(b"a\xff", b"a\xfe"));
    }
}
