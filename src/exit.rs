//! How does a command end, and what does a failure have to say?
//!
//! The six statuses are the product's oldest promise: scripts and agents branch on them, so they
//! never change. This is the only place that knows the numbers. Every error type of the crate
//! implements [`Explain`] by an exhaustive match: a new kind of failure does not compile until
//! somebody has chosen its status and its hints.

use std::error::Error;
use std::process::ExitCode;

use serde_json::{Map, Value};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Did it, or nothing was left to do.
    Done,
    /// The answer is no until something changes: out of scope, plan invalid, not yours.
    Refused,
    /// The command line was wrong.
    Usage,
    /// A person must decide; an escalation is open.
    Stopped,
    /// The same command may succeed later: held, overlap, dependency not landed, race lost.
    Busy,
    /// The repository, the machine or the remote is not usable.
    Broken,
}

impl Exit {
    /// Every status, in the order of their numbers.
    pub const ALL: [Exit; 6] = [
        Exit::Done,
        Exit::Refused,
        Exit::Usage,
        Exit::Stopped,
        Exit::Busy,
        Exit::Broken,
    ];

    /// The process status.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::Stopped => 3,
            Exit::Busy => 4,
            Exit::Broken => 5,
        }
    }

    /// The word that documentation and JSON use.
    pub fn name(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Refused => "refused",
            Exit::Usage => "usage",
            Exit::Stopped => "stopped",
            Exit::Busy => "busy",
            Exit::Broken => "broken",
        }
    }

    /// What counts when several streams ended differently: 5, 3, 1, 4, 0.
    #[must_use]
    pub fn worst(self, other: Exit) -> Exit {
        if self.weight() >= other.weight() {
            self
        } else {
            other
        }
    }

    fn weight(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Busy => 1,
            Exit::Refused => 2,
            Exit::Stopped => 3,
            Exit::Broken => 4,
            Exit::Usage => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// What every failure can say about itself.
///
/// `Display` is one line, lower case, without a full stop, cause or hint; the cause is `source()`.
pub trait Explain: Error {
    /// The status the command ends with.
    fn exit(&self) -> Exit;

    /// Complete sentences, each with one command that can be pasted.
    fn hints(&self) -> Vec<String>;

    /// The failure of a part below that this one only passes on.
    fn inner(&self) -> Option<&dyn Explain> {
        None
    }

    /// Facts for a program, beside the message: the holder, the witness path.
    fn evidence(&self) -> Map<String, Value> {
        self.inner().map_or_else(Map::new, Explain::evidence)
    }

    /// What git itself said, word for word.
    fn git_said(&self) -> Vec<String> {
        self.inner().map_or_else(Vec::new, Explain::git_said)
    }
}

/// Any failure, on its way to the edge.
pub type Failure = Box<dyn Explain + Send + Sync>;

impl<E: Explain + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Box::new(error)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn over_several_streams_the_worst_counts() {
        let order = [
            Exit::Broken,
            Exit::Stopped,
            Exit::Refused,
            Exit::Busy,
            Exit::Done,
        ];
        for (at, worse) in order.iter().enumerate() {
            for better in &order[at..] {
                assert_eq!(worse.worst(*better), *worse);
                assert_eq!(better.worst(*worse), *worse);
            }
        }
    }

    #[test]
    fn the_numbers_are_the_promise() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5]);
    }
}
