//! How is a path inside the repository shown: to a program, to a person?
//!
//! Paths are bytes. Most are text and look like it; the rest must survive without loss.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bstr::{BStr, BString, ByteSlice as _};
use serde_json::{Value, json};

use crate::word;

/// A path inside the repository: a string, or `{"bytes": "<base64>"}` where it is not UTF-8.
pub fn json(path: &BStr) -> Value {
    match path.to_str() {
        Ok(text) => text.into(),
        Err(_not_utf8) => json!({ "bytes": STANDARD.encode(path) }),
    }
}

/// A path, or any text of somebody else's, for people: quoted as git quotes it
/// (`core.quotePath=false`) where it holds quotes, backslashes, bytes that are not UTF-8 or what
/// must not be printed.
pub fn shown(path: &BStr) -> String {
    match path.to_str() {
        Ok(text) if is_plain(text) => text.to_owned(),
        _ => format!("\"{}\"", word::escaped(path, '"')),
    }
}

/// Paths for people in a sentence, each in quotes, cut where there are many.
pub fn listed(paths: &[BString]) -> String {
    const SHOWN: usize = 5;
    let some = paths.iter().take(SHOWN);
    let mut some: Vec<String> = some
        .map(|path| format!("'{}'", shown(path.as_ref())))
        .collect();
    if paths.len() > SHOWN {
        some.push(format!("and {} more", paths.len() - SHOWN));
    }
    some.join(", ")
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(['"', '\\']) && word::is_printable(text)
}

/// The path that [`shown`] has written.
pub fn unquoted(text: &str) -> BString {
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

    use super::{json, shown, unquoted};

    proptest! {
        #[test]
        fn a_path_survives_being_shown(bytes in proptest::collection::vec(1_u8.., 1..20)) {
            let path = BString::from(bytes);
            prop_assert_eq!(unquoted(&shown(BStr::new(&path))), path);
        }
    }

    #[test]
    fn ordinary_paths_are_strings() {
        assert_eq!(json("src/größe.rs".into()), "src/größe.rs");
        assert_eq!(shown("src/größe.rs".into()), "src/größe.rs");
    }

    #[test]
    fn bytes_that_are_not_text_survive() {
        assert_eq!(json(b"a\xff"[..].into()).to_string(), r#"{"bytes":"Yf8="}"#);
        assert_eq!(shown(b"a\xff"[..].into()), r#""a\377""#);
    }

    #[test]
    fn odd_paths_are_quoted_as_git_does() {
        assert_eq!(shown("a\nb".into()), r#""a\nb""#);
        assert_eq!(shown("say \"hi\"".into()), r#""say \"hi\"""#);
        assert_eq!(shown("".into()), r#""""#);
        assert_eq!(shown("\u{1b}[2J\u{7f}".into()), r#""\033[2J\177""#);
    }

    #[test]
    fn what_a_build_server_would_obey_is_quoted() {
        assert_eq!(shown("::error::x".into()), r#""::error::x""#);
        assert_eq!(shown("a/##[x]".into()), r#""a/#\043[x]""#);
        assert_eq!(shown("a::b/#c".into()), "a::b/#c");
    }
}
