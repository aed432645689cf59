//! Where do the answer and the narration go?
//!
//! A closed pipe ends the talking, never the work: the status stays what it would have been.
//!
//! What others have written (a path, the subject of a commit, git's own words) is quoted where it
//! is put into a text. Here, at the last place that all texts pass, what would still move the
//! cursor of a terminal or give a build server a command is made harmless.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::Common;
use crate::exit::Explain;
use crate::word;

/// The two streams of a verb.
pub struct Out {
    common: Common,
}

impl Out {
    /// Streams that follow the common options.
    pub fn new(common: Common) -> Out {
        Out { common }
    }

    /// Whether the answer is wanted as JSON.
    pub fn json(&self) -> bool {
        self.common.json
    }

    /// Whether more than the usual is wanted.
    pub fn verbose(&self) -> bool {
        self.common.verbose
    }

    /// The answer, in the form that was asked for.
    ///
    /// The text gets a line feed if it has none; an empty text prints nothing.
    pub fn answer(&mut self, text: &dyn Display, object: &impl Serialize) {
        if self.common.json {
            self.object(object);
        } else {
            self.text(text);
        }
    }

    /// The answer where it is a place in the file system: a shell gets exactly that.
    pub fn place(&mut self, place: &str, object: &impl Serialize) {
        if self.common.json {
            self.object(object);
        } else {
            print(place);
        }
    }

    /// One JSON object on a line of stdout.
    pub fn object(&mut self, object: &impl Serialize) {
        let line = serde_json::to_string(object)
            .expect("answers are made of strings, numbers, lists and maps with string keys");
        print(&plain_json(&line));
    }

    /// Text on stdout, ended with a line feed.
    pub fn text(&mut self, text: &dyn Display) {
        print(&word::tamed(&text.to_string()));
    }

    /// Lines on stdout that a build server is to obey; every word of others in them is escaped.
    pub fn commands(&mut self, lines: &str) {
        print(lines);
    }

    /// A part of a long answer on stdout; whether anybody still reads.
    pub fn part(&mut self, text: &str) -> bool {
        let text = if self.common.json {
            text.lines()
                .map(|line| plain_json(line) + "\n")
                .collect::<String>()
        } else {
            word::tamed(text).into_owned()
        };
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes());
        written.and_then(|()| stdout.flush()).is_ok()
    }

    /// A sentence about what was done, unless `--quiet`.
    pub fn say(&mut self, line: impl Display) {
        if !self.common.quiet {
            self.error_line("", line);
        }
    }

    /// A sentence for `--verbose`.
    pub fn detail(&mut self, line: impl Display) {
        if self.common.verbose {
            self.error_line("", line);
        }
    }

    /// Something that went differently than expected, but is no failure.
    pub fn warn(&mut self, line: impl Display) {
        self.error_line("warning: ", line);
    }

    /// A sentence with a command that can be pasted, unless `--quiet`.
    pub fn hint(&mut self, line: impl Display) {
        if !self.common.quiet {
            self.error_line("hint: ", line);
        }
    }

    /// Reports a failure that ends with another status than its own.
    pub fn failed_as(&mut self, failure: &dyn Explain, status: u8) -> ExitCode {
        super::report::failure(self, failure);
        ExitCode::from(status)
    }

    /// A labelled line on stderr; further lines of the text are indented under the label.
    pub fn error_line(&mut self, label: &str, line: impl Display) {
        let text = line.to_string().trim_end().replace('\n', "\n  ");
        let text = format!("{label}{text}");
        give_up_quietly(writeln!(io::stderr().lock(), "{}", word::tamed(&text)));
    }
}

/// JSON says the same in other words: those in which nothing moves a cursor or is a command.
fn plain_json(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '#' if plain.ends_with('#') => plain.push_str("\\u0023"),
            c if c.is_control() => plain.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => plain.push(c),
        }
    }
    plain
}

/// Prints a text, unless it is empty, and a line feed where it has none.
fn print(text: &str) {
    let end = match text {
        "" => return,
        text if text.ends_with('\n') => "",
        _ => "\n",
    };
    let mut stdout = io::stdout().lock();
    let written = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
    give_up_quietly(written);
}

/// Nobody reads any more: nothing can be told about it, and the work goes on.
fn give_up_quietly(result: io::Result<()>) {
    drop(result);
}

#[cfg(test)]
mod tests {
    use super::plain_json;

    #[test]
    fn json_keeps_its_meaning_and_loses_what_others_would_obey() {
        let value = serde_json::json!({"path": "\u{7f}\u{9b}##[add-mask]\n###", "n": [1, "größe"]});
        let plain = plain_json(&value.to_string());
        assert_eq!(
            plain,
            r#"{"path":"\u007f\u009b#\u0023[add-mask]\n#\u0023#","n":[1,"größe"]}"#
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&plain).unwrap(),
            value
        );
    }
}
