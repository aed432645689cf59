//! Is a tree one that git writes?
//!
//! Anybody can put a tree together byte by byte, and most programs take it: with a name twice, of
//! which each program sees another one; with a `/` in a name, so that one entry is a path; out of
//! order, so that lookups miss what is there; with a mode that git reads as another; with an empty
//! directory, which no list of paths shows; with more levels than git reads. What is decided from a list of changed paths does not
//! hold for such trees. What was there before is not looked at: old histories have some.

use bstr::{BStr, BString, ByteSlice as _};

use super::tree::{Entries, Entry, is_too_deep, joined};
use super::{Error, Id, Repo};

/// What is wrong with a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The directory that it is; empty for the top.
    pub directory: BString,
    /// The tree.
    pub tree: Id,
    /// The entry that is wrong.
    pub name: BString,
    /// What is wrong with it, as the end of "'NAME' …".
    pub what: &'static str,
}

impl Repo {
    /// The first tree below `new` that git would not write, of those that are not in `old`.
    pub fn flaw(&self, old: Option<Id>, new: Id) -> Result<Option<Flaw>, Error> {
        self.flaw_below(b"".as_bstr(), old, new)
    }

    fn flaw_below(
        &self,
        directory: &BStr,
        old: Option<Id>,
        new: Id,
    ) -> Result<Option<Flaw>, Error> {
        if old == Some(new) || new.is_empty_tree() {
            return Ok(None);
        }
        if is_too_deep(directory) {
            return Ok(Some(Flaw {
                directory: BString::default(),
                tree: new,
                name: directory.split_str("/").next().unwrap_or_default().into(),
                what: "is nested deeper than git reads",
            }));
        }
        let (before, entries) = (self.entries(old)?, self.listed(new)?);
        if let Some((name, what)) = wrong(&before, &entries) {
            return Ok(Some(Flaw {
                directory: directory.to_owned(),
                tree: new,
                name: name.clone(),
                what,
            }));
        }
        for (name, entry) in &entries {
            let Some(subtree) = entry.subtree() else {
                continue;
            };
            let before = before.get(name).copied().and_then(Entry::subtree);
            let path = joined(directory, name.as_bstr());
            let flaw = self.flaw_below(path.as_bstr(), before, subtree)?;
            if flaw.is_some() {
                return Ok(flaw);
            }
        }
        Ok(None)
    }
}

/// The first entry that is wrong. `before` is what the directory held: its entries may stay.
fn wrong<'a>(
    before: &Entries,
    entries: &'a [(BString, Entry)],
) -> Option<(&'a BString, &'static str)> {
    let mut names = std::collections::HashSet::new();
    for (at, (name, entry)) in entries.iter().enumerate() {
        let follows = at
            .checked_sub(1)
            .is_none_or(|last| sorted_as(&entries[last]) < sorted_as(&entries[at]));
        let what = if !names.insert(name) {
            "is there twice"
        } else if !follows {
            "is out of order"
        } else if before.get(name) == Some(entry) {
            continue;
        } else if name.is_empty() || name.contains(&b'/') {
            "is no name"
        } else if !matches!(
            entry.mode,
            0o040_000 | 0o100_644 | 0o100_755 | 0o120_000 | 0o160_000
        ) {
            "has a mode that git does not write"
        } else if entry.is_tree() && entry.id.is_empty_tree() {
            "is an empty directory"
        } else {
            continue;
        };
        return Some((name, what));
    }
    None
}

/// git sorts a directory as if its name ended with `/`.
fn sorted_as((name, entry): &(BString, Entry)) -> Vec<u8> {
    let mut key = name.to_vec();
    if entry.is_tree() {
        key.push(b'/');
    }
    key
}

#[cfg(test)]
mod tests {
    use super::{Entries, Entry, wrong};
    use crate::git::Id;
    use bstr::BString;

    fn entry(name: &str, mode: u32) -> (BString, Entry) {
        let id = Id::from_hex(&[b'1'; 40]).unwrap();
        (name.into(), Entry { mode, id })
    }

    fn empty(name: &str) -> (BString, Entry) {
        let id = Id::empty_tree(gix::hash::Kind::Sha1);
        (
            name.into(),
            Entry {
                mode: 0o040_000,
                id,
            },
        )
    }

    #[track_caller]
    fn flaw(entries: &[(BString, Entry)]) -> Option<&'static str> {
        wrong(&Entries::new(), entries).map(|(_, what)| what)
    }

    #[test]
    fn what_git_writes_has_no_flaw() {
        let entries = [
            entry("a", 0o100_644),
            entry("b.c", 0o100_755),
            entry("b", 0o040_000),
            entry("b0", 0o120_000),
            entry("c", 0o160_000),
        ];
        assert_eq!(flaw(&entries), None);
    }

    #[test]
    fn what_git_does_not_write_has_one() {
        let (file, tree) = (entry("a", 0o100_644), entry("a", 0o040_000));
        assert_eq!(flaw(&[file.clone(), file.clone()]), Some("is there twice"));
        assert_eq!(flaw(&[file.clone(), tree.clone()]), Some("is there twice"));
        let apart = [file.clone(), entry("a.b", 0o100_644), tree];
        assert_eq!(flaw(&apart), Some("is there twice"));
        let unsorted = [entry("b", 0o100_644), file];
        assert_eq!(flaw(&unsorted), Some("is out of order"));
        assert_eq!(flaw(&[entry("a/b", 0o100_644)]), Some("is no name"));
        assert_eq!(flaw(&[entry("", 0o100_644)]), Some("is no name"));
        assert_eq!(flaw(&[empty("a")]), Some("is an empty directory"));
        for mode in [0, 0o644, 0o100_664, 0o120_777, 0o040_755, 0o170_000] {
            let found = flaw(&[entry("a", mode)]);
            assert_eq!(found, Some("has a mode that git does not write"));
        }
    }

    #[test]
    fn an_entry_that_was_there_before_may_stay() {
        let before = Entries::from_iter([entry("a", 0o100_664), empty("b")]);
        let after = [entry("a", 0o100_664), empty("b"), entry("c", 0o100_644)];
        assert_eq!(wrong(&before, &after), None);
        assert!(wrong(&before, &[entry("a", 0o100_644), entry("b", 0o755)]).is_some());
    }
}
