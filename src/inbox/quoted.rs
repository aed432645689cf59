//! Which path does git's quoted form stand for?
//!
//! The ledger keeps paths as lines of text, quoted as [`crate::path::shown`] does it where they
//! are not plain; programs get them back as they are.

use bstr::BString;

/// The path that [`crate::path::shown`] has written.
pub(super) fn unquoted(text: &str) -> BString {
    let quoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let Some(inner) = quoted else {
        return text.into();
    };
    let mut path = Vec::new();
    let mut bytes = inner.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            path.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => path.push(b'\n'),
            Some(b't') => path.push(b'\t'),
            Some(b'r') => path.push(b'\r'),
            Some(digit @ b'0'..=b'3') => {
                let next = [bytes.next(), bytes.next()];
                let value = next
                    .into_iter()
                    .flatten()
                    .fold(digit - b'0', |value, digit| (value << 3) | (digit & 7));
                path.push(value);
            }
            Some(other) => path.push(other),
            None => path.push(b'\\'),
        }
    }
    path.into()
}

#[cfg(test)]
mod tests {
    use bstr::{BStr, BString};
    use proptest::prelude::*;

    use super::unquoted;
    use crate::path::shown;

    proptest! {
        #[test]
        fn a_path_survives_being_shown(bytes in proptest::collection::vec(1_u8.., 1..20)) {
            let path = BString::from(bytes);
            prop_assert_eq!(unquoted(&shown(BStr::new(&path))), path);
        }
    }
}
