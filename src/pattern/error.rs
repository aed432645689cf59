//! What can be wrong with a pattern, and what should be written instead?

use crate::exit::{Exit, Explain};

/// The longest pattern, in bytes.
pub(super) const LONGEST_PATTERN: usize = 4096;
/// The most patterns one set may hold.
pub(super) const LARGEST_SET: usize = 1000;
/// How deep `{…}` may be nested.
pub(super) const DEEPEST_BRACES: usize = 16;

/// Why a text is not a pattern, or a list of patterns not a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing, or nothing after the `!`.
    #[error("the pattern '{pattern}' is empty")]
    Blank {
        /// The pattern as written.
        pattern: String,
    },
    /// More than one `!` in front.
    #[error("the pattern '{pattern}' begins with more than one '!'")]
    ExcludedTwice {
        /// The pattern as written.
        pattern: String,
    },
    /// Longer than 4096 bytes.
    #[error("the pattern '{beginning}…' has {length} bytes; at most 4096 are allowed")]
    TooLong {
        /// How the pattern begins.
        beginning: String,
        /// Its length in bytes.
        length: usize,
    },
    /// A NUL or a line break inside.
    #[error("the pattern {pattern:?} contains a NUL or a line break")]
    ControlCharacter {
        /// The pattern as written.
        pattern: String,
    },
    /// A leading `/`.
    #[error("the pattern '{pattern}' is absolute")]
    Absolute {
        /// The pattern as written.
        pattern: String,
    },
    /// A `..` component.
    #[error("the pattern '{pattern}' climbs with '..'")]
    Climbs {
        /// The pattern as written.
        pattern: String,
    },
    /// A `.` component.
    #[error("the pattern '{pattern}' contains the component '.', which no path has")]
    Dot {
        /// The pattern as written.
        pattern: String,
    },
    /// Two slashes in a row.
    #[error("the pattern '{pattern}' contains '//', which no path does")]
    DoubleSlash {
        /// The pattern as written.
        pattern: String,
    },
    /// A `.git` component, or one that some file system takes for it.
    #[error("the pattern '{pattern}' names '{component}', where git keeps itself")]
    DotGit {
        /// The pattern as written.
        pattern: String,
        /// The component in question.
        component: String,
    },
    /// Not a glob.
    #[error("'{pattern}' is not a pattern: {reason}")]
    Invalid {
        /// The pattern as written.
        pattern: String,
        /// What globset says.
        reason: String,
    },
    /// Braces within braces within braces.
    #[error("the braces of the pattern '{pattern}' are nested deeper than 16 levels")]
    TooDeep {
        /// The pattern as written.
        pattern: String,
    },
    /// A set that includes nothing.
    #[error("the list of patterns includes nothing")]
    Empty,
    /// A set of more than 1000 patterns.
    #[error("the list holds {count} patterns; at most 1000 are allowed")]
    TooMany {
        /// How many it holds.
        count: usize,
    },
}

impl Error {
    /// The pattern in question, as written; none where the whole list is.
    pub fn pattern(&self) -> Option<&str> {
        match self {
            Error::Blank { pattern }
            | Error::ExcludedTwice { pattern }
            | Error::ControlCharacter { pattern }
            | Error::Absolute { pattern }
            | Error::Climbs { pattern }
            | Error::Dot { pattern }
            | Error::DoubleSlash { pattern }
            | Error::DotGit { pattern, .. }
            | Error::Invalid { pattern, .. }
            | Error::TooDeep { pattern } => Some(pattern),
            Error::TooLong { beginning, .. } => Some(beginning),
            Error::Empty | Error::TooMany { .. } => None,
        }
    }

    fn hint(&self) -> String {
        match self {
            Error::Blank { .. } => {
                "Write `**` for everything, or `dir/` for everything below a directory.".to_owned()
            }
            Error::ExcludedTwice { pattern } => {
                let name = pattern.trim_start_matches('!');
                format!("Write `!{name}`; a name that begins with '!' is written `\\!{name}`.")
            }
            Error::TooLong { .. } | Error::TooDeep { .. } => {
                "Write several shorter patterns instead of one.".to_owned()
            }
            Error::ControlCharacter { .. } => "Write `?` in its place.".to_owned(),
            Error::Absolute { pattern } => {
                let fixed = relative(pattern);
                format!("Write `{fixed}`; patterns count from the top of the repository.")
            }
            Error::Climbs { .. } => {
                "Write the path from the top of the repository, such as `src/api/`.".to_owned()
            }
            Error::Dot { pattern } | Error::DoubleSlash { pattern } => {
                format!("Write `{}`.", relative(pattern))
            }
            Error::DotGit { .. } => {
                "Leave the pattern out; git stores no such path, so nothing can match.".to_owned()
            }
            Error::Invalid { pattern, .. } if looks_like_windows(pattern) => {
                format!(
                    "Write `{}`; '\\' takes away a character's meaning.",
                    forward(pattern)
                )
            }
            Error::Invalid { .. } => {
                "Write `\\` before a character that is meant literally, such as `\\[id\\].tsx`."
                    .to_owned()
            }
            Error::Empty => {
                "Add a pattern without a leading '!', such as `src/api/`; `**` is everything."
                    .to_owned()
            }
            Error::TooMany { .. } => "Name directories, such as `src/api/`, not files.".to_owned(),
        }
    }
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec![self.hint()]
    }
}

/// The pattern without its empty and `.` components.
fn relative(pattern: &str) -> String {
    let (mark, glob) = match pattern.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", pattern),
    };
    let components: Vec<&str> = glob
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    match (components.is_empty(), glob.ends_with('/')) {
        (true, _) => format!("{mark}**"),
        (false, true) => format!("{mark}{}/", components.join("/")),
        (false, false) => format!("{mark}{}", components.join("/")),
    }
}

/// Whether a backslash stands before a letter or a digit, which need no escaping, or at the end.
pub(super) fn looks_like_windows(pattern: &str) -> bool {
    let after = pattern.bytes().skip(1).map(Some).chain([None]);
    pattern
        .bytes()
        .zip(after)
        .any(|(byte, next)| byte == b'\\' && next.is_none_or(|next| next.is_ascii_alphanumeric()))
}

/// The pattern with `/` for `\`.
pub(super) fn forward(pattern: &str) -> String {
    pattern.replace('\\', "/")
}

/// Every pattern of a command line that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong; never empty.
    pub errors: Vec<Error>,
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

impl Explain for Invalid {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hints(&self) -> Vec<String> {
        let mut hints: Vec<String> = self.errors.iter().flat_map(Explain::hints).collect();
        hints.dedup();
        hints
    }
}
