//! How do the answers about many streams look in one table?

use super::all::Result;
use super::question::short;
use super::{Outcome, Synced};
use crate::exit::Explain as _;
use crate::inbox::table;
use crate::name::StreamName;
use crate::word::count;

const HEADER: [&str; 4] = ["stream", "outcome", "commits", "note"];

/// One line for each stream, in the order in which they were synced.
pub fn summary(answers: &[(StreamName, Result)]) -> String {
    let rows: Vec<[String; 4]> = answers
        .iter()
        .map(|(stream, answer)| match answer {
            Ok(synced) => synced.cells(),
            Err(error) => {
                let outcome = error.exit().name().to_owned();
                let note = error.to_string();
                [stream.to_string(), outcome, String::new(), note]
            }
        })
        .collect();
    table(HEADER, &rows)
}

impl Synced {
    fn cells(&self) -> [String; 4] {
        let base = format!("{} {}", self.base_branch, short(self.base));
        let note = match &self.outcome {
            Outcome::Rebased(replay) => {
                let dropped = match replay.dropped.len() {
                    0 => String::new(),
                    dropped => format!("; {} dropped", count(dropped, "commit")),
                };
                format!("onto {base}{dropped}")
            }
            Outcome::UpToDate => format!("on {base}"),
            Outcome::Landed(_) => format!("{base} has all of it"),
            Outcome::Resolved(_) => "as a person has resolved it".to_owned(),
            Outcome::Stopped(question) => question.question.clone(),
            Outcome::Refused(obstacle) | Outcome::Pending(obstacle) => obstacle.reason(),
            Outcome::Behind(behind) => behind.words(&self.base_branch),
        };
        let outcome = self.outcome.word().to_owned();
        let commits = self.commits.to_string();
        [self.stream.to_string(), outcome, commits, note]
    }
}
