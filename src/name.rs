//! Which strings may name a stream or an agent?
//!
//! Names are parsed once, at the edge, and trusted afterwards. A stream's name becomes a component
//! of a ref, a directory, a file in the ledger's tree and a trailer, so its alphabet is the common
//! part of what all of them allow without quoting.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Explain};

/// The longest stream name, in bytes: leaves room for suffixes within a 255-byte file name.
const LONGEST_STREAM: usize = 100;
/// The longest agent name, in bytes.
const LONGEST_AGENT: usize = 200;

/// The name of a stream; its branch is `stream/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName(Arc<str>);

impl StreamName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The short name of the stream's branch: `stream/<name>`.
    pub fn branch(&self) -> String {
        format!("stream/{}", self.0)
    }

    /// The full name of the stream's branch: `refs/heads/stream/<name>`.
    pub fn branch_ref(&self) -> String {
        format!("refs/heads/stream/{}", self.0)
    }

    /// The stream whose branch this is, if it is one.
    pub fn from_branch_ref(full_name: &str) -> Option<StreamName> {
        full_name.strip_prefix("refs/heads/stream/")?.parse().ok()
    }

    /// The form in which two names collide on a file system that ignores case.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for StreamName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match stream_problem(text) {
            None => Ok(StreamName(text.into())),
            Some(problem) => Err(Error::Stream {
                text: text.to_owned(),
                problem,
            }),
        }
    }
}

fn stream_problem(text: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    if text.is_empty() {
        Some("it is empty")
    } else if text.len() > LONGEST_STREAM {
        Some("it is longer than 100 bytes")
    } else if text.starts_with('-') {
        Some("it begins with '-' and would be taken for an option")
    } else if !text.bytes().all(allowed) {
        Some("only ASCII letters, digits, '.', '_', '-' and '+' are allowed")
    } else if text.starts_with('.') || text.ends_with('.') || text.contains("..") {
        Some("git allows no '.' at the ends of a ref component and no '..' in it")
    } else if text.to_ascii_lowercase().ends_with(".lock") {
        Some("git keeps names that end with '.lock' for itself")
    } else {
        None
    }
}

impl TryFrom<String> for StreamName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<StreamName> for String {
    fn from(name: StreamName) -> String {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who works on a stream: one line of printable text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentName(String);

impl AgentName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AgentName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let problem = if text.trim().is_empty() {
            "it is empty"
        } else if text.len() > LONGEST_AGENT {
            "it is longer than 200 bytes"
        } else if text.chars().any(char::is_control) {
            "it contains a control character"
        } else if text.trim() != text {
            "it begins or ends with white space"
        } else if text.starts_with('-') {
            "it begins with '-' and would be taken for an option"
        } else {
            return Ok(AgentName(text.to_owned()));
        };
        Err(Error::Agent {
            text: text.to_owned(),
            problem,
        })
    }
}

impl TryFrom<String> for AgentName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<AgentName> for String {
    fn from(name: AgentName) -> String {
        name.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a string is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a stream's name.
    #[error("{text:?} cannot name a stream: {problem}")]
    Stream {
        /// What was given.
        text: String,
        /// Which rule it breaks.
        problem: &'static str,
    },
    /// Not an agent's name.
    #[error("{text:?} cannot name an agent: {problem}")]
    Agent {
        /// What was given.
        text: String,
        /// Which rule it breaks.
        problem: &'static str,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Error::Stream { .. } => {
                vec!["Choose a short name such as `api` or `fix-login`.".to_owned()]
            }
            Error::Agent { .. } => {
                vec!["Choose one line of printable text, such as `--agent claude-1`.".to_owned()]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AgentName, StreamName};

    #[test]
    fn names_that_refs_and_directories_take_without_quoting() {
        for good in ["api", "fix-login", "a", "v1.2", "A_b+c", "0"] {
            assert!(good.parse::<StreamName>().is_ok(), "{good}");
        }
    }

    #[test]
    fn names_that_some_place_could_not_hold() {
        let long = "x".repeat(101);
        for bad in [
            "", "-x", ".x", "x.", "a..b", "a/b", "a b", "x.lock", "x.LOCK", "ä", "a\nb", "@", &long,
        ] {
            assert!(bad.parse::<StreamName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_agent_is_one_line_of_text() {
        assert!("maria@laptop (night shift)".parse::<AgentName>().is_ok());
        for bad in ["", " ", "a\nb", " a", "-a"] {
            assert!(bad.parse::<AgentName>().is_err(), "{bad:?}");
        }
    }
}
