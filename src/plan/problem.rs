//! How does a plan say what is wrong with it?
//!
//! A [`Problem`] is one mistake: where it is, which streams it is about, and what to write
//! instead. A plan with problems is no plan at all ([`Parsed`]), so nothing is ever decided on a
//! half-understood one; the verbs that need one refuse with [`Invalid`].

use bstr::{BString, ByteSlice};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Map, Value, json};

use super::Plan;
use crate::exit::{Exit, Explain};

/// The stable names of everything that can be wrong with a plan.
pub mod kind {
    /// A pattern that cannot be understood.
    pub const BAD_PATTERN: &str = "bad-pattern";
    /// A table's name that cannot name a stream, an agent or a milestone.
    pub const BAD_NAME: &str = "bad-name";
    /// A value of another type than the key takes.
    pub const BAD_TYPE: &str = "bad-type";
    /// A value of the right type that the key does not take.
    pub const BAD_VALUE: &str = "bad-value";
    /// Streams that wait for each other.
    pub const CYCLE: &str = "cycle";
    /// Nothing where something has to be.
    pub const EMPTY: &str = "empty";
    /// A key that has to be given.
    pub const MISSING_KEY: &str = "missing-key";
    /// Two streams' names differ only in case.
    pub const NAME_COLLISION: &str = "name-collision";
    /// The plan is written for a newer `git stream`.
    pub const NEWER_VERSION: &str = "newer-version";
    /// The file is not text.
    pub const NOT_UTF8: &str = "not-utf8";
    /// Two streams could own the same path.
    pub const OVERLAP: &str = "overlap";
    /// A stream names itself.
    pub const SELF_REFERENCE: &str = "self-reference";
    /// The file is not TOML.
    pub const SYNTAX: &str = "syntax";
    /// Patterns that are too complex to compare.
    pub const TOO_COMPLEX: &str = "too-complex";
    /// The file, or the number of its streams, is beyond what is read.
    pub const TOO_LARGE: &str = "too-large";
    /// A key that nothing reads.
    pub const UNKNOWN_KEY: &str = "unknown-key";
    /// A stream that the plan does not have.
    pub const UNKNOWN_STREAM: &str = "unknown-stream";

    /// Every name, in alphabetical order.
    pub const ALL: [&str; 17] = [
        BAD_NAME,
        BAD_PATTERN,
        BAD_TYPE,
        BAD_VALUE,
        CYCLE,
        EMPTY,
        MISSING_KEY,
        NAME_COLLISION,
        NEWER_VERSION,
        NOT_UTF8,
        OVERLAP,
        SELF_REFERENCE,
        SYNTAX,
        TOO_COMPLEX,
        TOO_LARGE,
        UNKNOWN_KEY,
        UNKNOWN_STREAM,
    ];
}

/// One thing that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which sort of mistake, one of [`kind`].
    pub kind: &'static str,
    /// What is wrong, on one line, lower case, without a full stop.
    pub message: String,
    /// What to write instead: a sentence.
    pub hint: String,
    /// The streams it is about, as they are written, in the order of the message.
    pub streams: Vec<String>,
    /// A path that shows it.
    pub witness: Option<BString>,
    /// Where it is, counted from 1.
    pub line: Option<usize>,
}

impl Problem {
    pub(super) fn new(
        kind: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Problem {
        Problem {
            kind,
            message: message.into(),
            hint: hint.into(),
            streams: Vec::new(),
            witness: None,
            line: None,
        }
    }

    pub(super) fn at(mut self, line: impl Into<Option<usize>>) -> Problem {
        self.line = line.into();
        self
    }

    pub(super) fn about<'n>(mut self, streams: impl IntoIterator<Item = &'n str>) -> Problem {
        self.streams = streams.into_iter().map(str::to_owned).collect();
        self
    }

    pub(super) fn shown_by(mut self, witness: BString) -> Problem {
        self.witness = Some(witness);
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Problem", 6)?;
        fields.serialize_field("kind", self.kind)?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("hint", &self.hint)?;
        fields.serialize_field("streams", &self.streams)?;
        let witness = self
            .witness
            .as_ref()
            .map(|path| crate::path::json(path.as_bstr()));
        fields.serialize_field("witness", &witness)?;
        fields.serialize_field("line", &self.line)?;
        fields.end()
    }
}

/// What was found in `streams.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The plan; there is one only where nothing is wrong with it.
    pub plan: Option<Plan>,
    /// Everything that is wrong, in the order of the lines.
    pub problems: Vec<Problem>,
}

impl Parsed {
    /// The plan, or the refusal to go on without one; `source` says what was read, such as
    /// `streams.toml at main`.
    pub fn into_plan(self, source: &str) -> Result<Plan, Invalid> {
        self.plan.ok_or_else(|| Invalid {
            problems: self.problems,
            source: source.to_owned(),
        })
    }
}

/// A plan that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Everything that is wrong with it; never empty.
    pub problems: Vec<Problem>,
    /// What was read, such as `streams.toml at main`.
    pub source: String,
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cannot be used", self.source)?;
        match self.problems.as_slice() {
            [] => Ok(()),
            [only] => write!(f, ": {only}"),
            [first, ..] => write!(f, ": {} problems, first: {first}", self.problems.len()),
        }
    }
}

impl std::error::Error for Invalid {}

impl Explain for Invalid {
    fn exit(&self) -> Exit {
        Exit::Refused
    }

    fn hints(&self) -> Vec<String> {
        match self.problems.as_slice() {
            [] => vec!["Run `git stream plan` to check the plan.".to_owned()],
            [only] => vec![only.hint.clone()],
            [first, ..] => {
                vec![
                    first.hint.clone(),
                    "Run `git stream plan` to see all problems.".to_owned(),
                ]
            }
        }
    }

    fn evidence(&self) -> Map<String, Value> {
        let mut evidence = Map::new();
        evidence.insert("source".to_owned(), Value::from(self.source.as_str()));
        evidence.insert("problems".to_owned(), json!(self.problems));
        evidence
    }
}
