//! What is wrong with a changed path?

use std::fmt;

use bstr::{BStr, BString, ByteSlice as _};

use crate::path;
use crate::pattern::PathProblem;

/// A changed path that breaks the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The path from the top, with `/`.
    pub path: BString,
    /// Which part of the rule it breaks.
    pub why: Why,
}

/// Which part of the rule a path breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The stream does not own it.
    OutOfScope,
    /// It is shared, and the stream does not hold its lock.
    Shared,
    /// It is the plan, which belongs to no stream.
    Plan,
    /// No git should store such a path.
    BadPath(PathProblem),
    /// Some machines cannot tell it from a path that exists.
    CaseCollision {
        /// The path that exists, or its directory.
        other: BString,
    },
    /// A symlink that leads out of the stream.
    SymlinkOut {
        /// Its target, as written in it.
        target: BString,
    },
    /// A submodule or a nested repository.
    Gitlink,
    /// The index holds an unresolved conflict there.
    Unmerged,
}

impl Why {
    /// The word that JSON uses.
    pub fn name(&self) -> &'static str {
        match self {
            Why::OutOfScope => "out-of-scope",
            Why::Shared => "shared",
            Why::Plan => "plan",
            Why::BadPath(_) => "bad-path",
            Why::CaseCollision { .. } => "case-collision",
            Why::SymlinkOut { .. } => "symlink-out",
            Why::Gitlink => "gitlink",
            Why::Unmerged => "unmerged",
        }
    }
}

/// In words, as the end of "PATH: …".
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |path: &BStr| path::shown(path);
        match self {
            Why::OutOfScope => f.write_str("not a path of this stream"),
            Why::Shared => f.write_str("shared, and this stream holds no lock on it"),
            Why::Plan => f.write_str("the plan, which belongs to no stream"),
            Why::BadPath(problem) => problem.fmt(f),
            Why::CaseCollision { other } => write!(
                f,
                "differs from {} only in case or in how its letters are encoded",
                quoted(other.as_bstr())
            ),
            Why::SymlinkOut { target } => {
                write!(
                    f,
                    "a symlink to {}, which leaves the stream",
                    quoted(target.as_bstr())
                )
            }
            Why::Gitlink => f.write_str("a submodule, which the plan's policy does not allow"),
            Why::Unmerged => f.write_str("an unresolved conflict"),
        }
    }
}
