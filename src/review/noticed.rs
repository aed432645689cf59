//! What is said about a pull request that was merged, closed or opened again?

use crate::claim::Settled;
use crate::git::Id;
use crate::name::StreamName;
use crate::word;

/// What has happened to a stream in review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noticed {
    /// The stream.
    pub stream: StreamName,
    /// What.
    pub news: News,
}

/// What has happened to a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It was merged.
    Merged {
        /// The stream's commit that was.
        tip: Id,
        /// The commit of the base that has it.
        by: Id,
        /// How many commits of the stream are in it.
        commits: usize,
        /// What became of the stream, where that was the caller's to settle.
        settled: Option<Settled>,
    },
    /// It was closed without a merge.
    Closed,
    /// It was opened again.
    Reopened,
}

impl Noticed {
    /// One line for people.
    pub fn text(&self, base: &str) -> String {
        let stream = &self.stream;
        match &self.news {
            News::Merged { by, .. } => {
                let by = by.to_hex_with_len(12);
                format!("the pull request of {stream} is merged: {base} has it as {by}")
            }
            News::Closed => format!(
                "the pull request of {stream} was closed without a merge: its branch is gone, and \
                 {base} has nothing of it"
            ),
            News::Reopened => format!("the pull request of {stream} is open again"),
        }
    }

    /// What follows for people, one line each.
    pub fn details(&self) -> Vec<String> {
        let News::Merged {
            settled: Some(settled),
            ..
        } = &self.news
        else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        if let Some(kept) = &settled.worktree {
            let reasons = kept.reasons.join("; ");
            lines.push(format!("kept '{}': {reasons}", kept.path.display()));
        }
        if settled.unlanded > 0 {
            let commits = word::count(settled.unlanded, "commit");
            lines.push(format!("{} goes on with {commits}", self.stream));
        }
        lines
    }
}
