//! How is a path inside the repository shown: to a program, to a person?
//!
//! Paths are bytes. Most are text and look like it; the rest must survive without loss.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bstr::{BStr, ByteSlice as _};
use serde_json::{Value, json};

/// A path inside the repository: a string, or `{"bytes": "<base64>"}` where it is not UTF-8.
pub fn json(path: &BStr) -> Value {
    match path.to_str() {
        Ok(text) => text.into(),
        Err(_not_utf8) => json!({ "bytes": STANDARD.encode(path) }),
    }
}

/// A path for people: quoted as git quotes it (`core.quotePath=false`) where it holds control
/// characters, quotes, backslashes or bytes that are not UTF-8.
pub fn shown(path: &BStr) -> String {
    let plain = path.to_str().is_ok_and(|text| {
        !text
            .chars()
            .any(|c| c.is_control() || c == '"' || c == '\\')
            && !text.is_empty()
    });
    if plain {
        return path.to_string();
    }
    let mut quoted = String::from("\"");
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                '\n' => quoted.push_str("\\n"),
                '\t' => quoted.push_str("\\t"),
                '\r' => quoted.push_str("\\r"),
                c if c.is_control() => {
                    let mut buffer = [0; 4];
                    for byte in c.encode_utf8(&mut buffer).bytes() {
                        quoted.push_str(&format!("\\{byte:03o}"));
                    }
                }
                c => quoted.push(c),
            }
        }
        for byte in chunk.invalid() {
            quoted.push_str(&format!("\\{byte:03o}"));
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{json, shown};

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
    }
}
