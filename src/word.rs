//! How do words and numbers get into a sentence for people, or into a command line?

use std::borrow::Cow;

use bstr::ByteSlice as _;
use jiff::SignedDuration;

/// A word as a shell takes it: quoted where it must be.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-+/=:,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        in_quotes(word.as_bytes())
    }
}

/// Any bytes as one word of a shell: between single quotes, or as `$'…'` where some of them must
/// not be printed.
pub fn in_quotes(word: &[u8]) -> String {
    match word.to_str() {
        Ok(text) if is_printable(text) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => format!("$'{}'", escaped(word, '\'')),
    }
}

/// Whether a text of somebody else's can be printed as it is: no character of it moves the cursor,
/// is invisible or turns the direction of writing, and no build server takes part of it for a
/// command (`::stop-commands::` at the beginning of a line, `##[add-mask]` anywhere).
pub fn is_printable(text: &str) -> bool {
    !text.chars().any(is_hidden) && !text.contains("##") && !text.trim_start().starts_with("::")
}

/// Text with backslashes, as in C and in git: what must not be printed, the backslash itself, and
/// this quote.
pub fn escaped(bytes: &[u8], quote: char) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                c if c == quote || c == '\\' => text.extend(['\\', c]),
                '#' if text.ends_with('#') => text.push_str("\\043"),
                c if is_hidden(c) => text.push_str(&escape(c)),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\{byte:03o}"));
        }
    }
    text
}

/// A text that may hold words of others, as it can be printed line by line.
///
/// The last resort for what was not quoted where it was put in. Line feeds and tabs stay.
pub fn tamed(text: &str) -> Cow<'_, str> {
    let is_control = |c: char| c.is_control() && c != '\n' && c != '\t';
    let is_command = |line: &str| line.trim_start().starts_with("::");
    if !text.contains(is_control) && !text.contains("##") && !text.lines().any(is_command) {
        return Cow::Borrowed(text);
    }
    let mut tame = String::new();
    for line in text.split_inclusive('\n') {
        if is_command(line) {
            tame.push('\\');
        }
        let mut rest = line.chars();
        while let Some(c) = rest.next() {
            if is_control(c) {
                tame.push_str(&escape(c));
            } else if c == '#' && tame.ends_with('#') && opens_command(rest.as_str()) {
                tame.push_str("\\043");
            } else {
                tame.push(c);
            }
        }
    }
    Cow::Owned(tame)
}

/// Whether `##` before this is a build server's: `[add-mask]`, `vso[task.setvariable]`.
fn opens_command(rest: &str) -> bool {
    rest.trim_start_matches(|c: char| c.is_ascii_alphabetic())
        .starts_with('[')
}

/// A character that does not show itself as what it is: a control character, or one that turns or
/// breaks the line it stands in.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
        )
        || ('\u{2028}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
        || ('\u{e0000}'..='\u{e007f}').contains(&c)
}

fn escape(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        '\r' => "\\r".to_owned(),
        c => {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).bytes();
            bytes.map(|byte| format!("\\{byte:03o}")).collect()
        }
    }
}

/// `1 file`, `2 files`: a number and a noun whose plural ends with `s`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// A length of time, in the two largest units that it has: `1 d 2 h`, `40 min`, `0 s`.
pub fn time(length: SignedDuration) -> String {
    let mut rest = length.as_secs().max(0);
    let mut parts = Vec::new();
    for (size, unit) in [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")] {
        let number = rest / size;
        rest %= size;
        if number > 0 {
            parts.push(format!("{number} {unit}"));
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() {
        return "0 s".to_owned();
    }
    parts.join(" ")
}

/// A text as it may stand in a line of a table: whatever controls a terminal is a space.
pub fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::{count, in_quotes, is_printable, quoted, tamed};

    #[test]
    fn what_a_shell_would_change_is_quoted() {
        assert_eq!(quoted("src/api/lib.rs"), "src/api/lib.rs");
        assert_eq!(quoted("src/**"), "'src/**'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn what_must_not_be_printed_is_a_word_all_the_same() {
        assert_eq!(in_quotes(b"a\x1b[2J'b\\\xff"), r"$'a\033[2J\'b\\\377'");
        assert_eq!(quoted("##[add-mask]a"), r"$'#\043[add-mask]a'");
    }

    #[test]
    fn what_moves_hides_or_commands_is_not_printable() {
        for text in [
            "\u{1b}[2J",
            "\u{9b}1m",
            "a\rb",
            "a\u{202e}b",
            "\u{200b}",
            "a\u{2028}b",
            "\u{feff}",
            "::error::x",
            " \t::x",
            "a##[b]",
            "\u{e0041}",
        ] {
            assert!(!is_printable(text), "{text:?}");
        }
        for text in [
            "größe.rs",
            "a::b",
            "a#b",
            "\u{5e9}\u{5dc}",
            "\u{1f469}\u{200d}\u{1f52c}",
        ] {
            assert!(is_printable(text), "{text:?}");
        }
    }

    #[test]
    fn a_text_is_tamed_and_otherwise_left_alone() {
        for text in ["a\n\tb: größe\n", "## Title\n", "a::b\n# x\n", "###"] {
            assert_eq!(tamed(text), text);
        }
        assert_eq!(
            tamed("a\u{1b}[2Jb\r\n\u{9b}c"),
            "a\\033[2Jb\\r\n\\302\\233c"
        );
        assert_eq!(tamed("x\n  ::error::y\n"), "x\n\\  ::error::y\n");
        assert_eq!(
            tamed("a ##[add-mask]b ##vso[c]"),
            "a #\\043[add-mask]b #\\043vso[c]"
        );
        assert_eq!(tamed("###[x]"), "##\\043[x]");
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
    }
}
