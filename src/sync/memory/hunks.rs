//! When are two conflicts in a text the same?
//!
//! When the same sides contradict one another, whichever of them is called ours, and whatever
//! stands around them: the text may have grown elsewhere since.

use bstr::ByteSlice as _;
use sha2::{Digest as _, Sha256};

/// A text with conflicts, in the form in which two are compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conflicted {
    /// The text, with plain marks and the sides in order.
    pub(super) text: Vec<u8>,
    /// The same for the same conflicts.
    pub(super) key: String,
}

/// Where a line belongs.
#[derive(Clone, Copy)]
enum In {
    Text,
    Ours,
    Base,
    Theirs,
}

/// Reads a text that git has marked; `None` where it has no whole conflict, or a broken one.
pub(super) fn conflicted(content: &[u8]) -> Option<Conflicted> {
    let mut text = Vec::new();
    let mut hash = Sha256::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut place, mut count) = (In::Text, 0_usize);
    for line in content.lines_with_terminator() {
        match (place, mark(line)) {
            (In::Text, Some(b'<')) => place = In::Ours,
            (In::Ours, Some(b'|')) => place = In::Base,
            (In::Ours | In::Base, Some(b'=')) => place = In::Theirs,
            (In::Theirs, Some(b'>')) => {
                let (one, other) = if ours <= theirs {
                    (&ours, &theirs)
                } else {
                    (&theirs, &ours)
                };
                for part in [
                    b"<<<<<<<\n".as_slice(),
                    one,
                    b"=======\n",
                    other,
                    b">>>>>>>\n",
                ] {
                    text.extend_from_slice(part);
                    hash.update(part);
                }
                ours.clear();
                theirs.clear();
                count += 1;
                place = In::Text;
            }
            (In::Text, Some(b'>' | b'|')) | (In::Ours | In::Base | In::Theirs, Some(_)) => {
                return None;
            }
            (In::Text, _) => text.extend_from_slice(line),
            (In::Ours, None) => ours.extend_from_slice(line),
            (In::Base, None) => {}
            (In::Theirs, None) => theirs.extend_from_slice(line),
        }
    }
    if count == 0 || !matches!(place, In::Text) {
        return None;
    }
    let key = hash.finalize();
    let key = key.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(Conflicted { text, key })
}

/// Whether git's marks are left in a text.
pub(super) fn has_marks(content: &[u8]) -> bool {
    content
        .lines()
        .any(|line| matches!(mark(line), Some(b'<' | b'>')))
}

/// The character of which a line is git's mark. A line of `=` alone may be a heading, so it counts
/// only between the two sides.
fn mark(line: &[u8]) -> Option<u8> {
    let first = *line.first().filter(|byte| b"<|=>".contains(byte))?;
    let is_mark = line.len() >= 7
        && line[..7].iter().all(|byte| *byte == first)
        && line.get(7).is_none_or(|next| b" \r\n".contains(next));
    is_mark.then_some(first)
}

#[cfg(test)]
mod tests {
    use super::{conflicted, has_marks};

    const ONE: &str = "a\n<<<<<<< main\nx\n=======\ny\n>>>>>>> 1234 (Work)\nb\n";

    #[test]
    fn names_order_and_surroundings_do_not_count() {
        let other = "new\na\n<<<<<<< HEAD\ny\n||||||| base\nz\n=======\nx\n>>>>>>> other\nc\n";
        let (one, other) = (conflicted(ONE.as_bytes()), conflicted(other.as_bytes()));
        assert_eq!(one.unwrap().key, other.unwrap().key);
        let third = ONE.replace("y\n", "w\n");
        let (one, third) = (conflicted(ONE.as_bytes()), conflicted(third.as_bytes()));
        assert_ne!(one.unwrap().key, third.unwrap().key);
    }

    #[test]
    fn a_text_without_a_whole_conflict_is_none() {
        assert_eq!(conflicted(b"a\n=======\nb\n"), None);
        assert_eq!(conflicted(b"<<<<<<< a\nb\n"), None);
        assert_eq!(conflicted(b"<<<<<<< a\nb\n>>>>>>> c\n"), None);
    }

    #[test]
    fn marks_are_found() {
        assert!(has_marks(ONE.as_bytes()));
        assert!(has_marks(b"<<<<<<<\n"));
        assert!(!has_marks(b"Title\n=======\n<<<<<<<<\n"));
    }
}
