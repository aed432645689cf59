//! Where do the answer and the narration go?
//!
//! A closed pipe ends the talking, never the work: the status stays what it would have been.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::Common;
use crate::exit::Explain;

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
    /// The text is printed as it is, with a line feed if it has none; an empty text prints nothing.
    pub fn answer(&mut self, text: &dyn Display, object: &impl Serialize) {
        if self.common.json {
            self.object(object);
        } else {
            self.text(text);
        }
    }

    /// One JSON object on a line of stdout.
    pub fn object(&mut self, object: &impl Serialize) {
        let line = serde_json::to_string(object)
            .expect("answers are made of strings, numbers, lists and maps with string keys");
        self.text(&line);
    }

    /// Text on stdout, ended with a line feed.
    pub fn text(&mut self, text: &dyn Display) {
        let mut text = text.to_string();
        if text.is_empty() {
            return;
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        self.bytes(text.as_bytes());
    }

    /// Bytes on stdout, for paths that need not be text.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        give_up_quietly(stdout.write_all(bytes).and_then(|()| stdout.flush()));
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
        give_up_quietly(writeln!(io::stderr().lock(), "{label}{text}"));
    }
}

/// Nobody reads any more: nothing can be told about it, and the work goes on.
fn give_up_quietly(result: io::Result<()>) {
    drop(result);
}
