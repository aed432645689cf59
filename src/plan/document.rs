//! Is this a document that can be read as a plan at all?
//!
//! Size, encoding and TOML come first, and each of them ends the reading: what follows a syntax
//! error would be guesses. Everything after that is collected.

use toml::de::{DeTable, Error};

use super::found::Found;
use super::problem::{Parsed, Problem, kind};
use super::{LONGEST_PLAN, read};
use crate::pattern::{Comparison, Overlaps};

/// Reads a plan; every problem of the document is reported in one run.
pub fn parse(bytes: &[u8]) -> Parsed {
    parse_with(bytes, Some(Overlaps::boxed))
}

/// Reads a plan without looking for streams that can overlap, which is most of the cost.
///
/// For every command but `plan`: a claim is compared with the held streams when it is taken.
pub fn parse_quickly(bytes: &[u8]) -> Parsed {
    parse_with(bytes, None)
}

fn parse_with(bytes: &[u8], compare: Option<Comparison>) -> Parsed {
    match text(bytes) {
        Ok(text) => parse_text(text, compare),
        Err(problem) => Parsed {
            plan: None,
            problems: vec![*problem],
        },
    }
}

fn text(bytes: &[u8]) -> Result<&str, Box<Problem>> {
    if bytes.len() > LONGEST_PLAN {
        let message = format!(
            "the plan has {} bytes, more than the 1 MiB that is read",
            bytes.len()
        );
        let hint = "Make it shorter: patterns instead of lists of files, `work` in few words.";
        return Err(Box::new(Problem::new(kind::TOO_LARGE, message, hint)));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
        let bad = bytes[error.valid_up_to()];
        let message = format!("byte {column} of the line, 0x{bad:02x}, is not UTF-8");
        Box::new(Problem::new(kind::NOT_UTF8, message, "Save the file as UTF-8.").at(line))
    })
}

fn parse_text(text: &str, compare: Option<Comparison>) -> Parsed {
    let found = Found::new(text, compare);
    if text.trim().is_empty() {
        let hint = "Write `version = 1` and at least one `[streams.NAME]`.";
        found.add(Problem::new(kind::EMPTY, "the file is empty", hint));
        return outcome(found, None);
    }
    match DeTable::parse(text) {
        Ok(document) => {
            let plan = read::plan(&found, document.get_ref());
            outcome(found, plan)
        }
        Err(error) => {
            found.add(syntax(&found, text, &error));
            outcome(found, None)
        }
    }
}

/// A plan with problems is none.
fn outcome(found: Found, plan: Option<super::Plan>) -> Parsed {
    let problems = found.into_problems();
    Parsed {
        plan: plan.filter(|_| problems.is_empty()),
        problems,
    }
}

fn syntax(found: &Found, text: &str, error: &Error) -> Problem {
    let line = error.span().map(|span| found.line(&span));
    let written = line
        .and_then(|line| text.lines().nth(line - 1))
        .unwrap_or_default();
    let merge = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"];
    let hint = if merge.iter().any(|marker| written.starts_with(marker)) {
        "Resolve the merge conflict in the file first.".to_owned()
    } else if error.message().contains("duplicate key") {
        "Keep one of the two; a key or a table is written once.".to_owned()
    } else {
        "Correct the line; https://toml.io shows how TOML is written.".to_owned()
    };
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    Problem::new(kind::SYNTAX, format!("this is not TOML: {message}"), hint).at(line)
}
