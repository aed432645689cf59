//! Which streams could own the same path?
//!
//! Every pair is decided exactly by [`crate::pattern::overlap`]. Most pairs need no decision,
//! because nothing that one can match begins like anything that the other can match; that is found
//! out from the patterns' literal beginnings, and keeps a plan of many streams quick.

use bstr::{BString, ByteSlice};

use super::MOST_REPORTED;
use super::problem::{Problem, kind};
use super::section::{Patterns, Section};
use super::streams::Draft;
use crate::pattern::{self, Territory};

/// What a stream claims, and how its paths begin.
struct Candidate<'a> {
    draft: &'a Draft<'a>,
    territory: Territory,
    beginnings: Vec<&'a str>,
}

/// Reports every two streams that can overlap, unless a pattern that would keep them apart was
/// not understood.
pub(super) fn report(top: &Section, drafts: &[Draft], shared: &Patterns) {
    if !shared.whole {
        return;
    }
    let mut candidates: Vec<Candidate> = drafts
        .iter()
        .filter(|draft| draft.files.bounded)
        .map(candidate)
        .collect();
    candidates.sort_by_key(|candidate| candidate.draft.line);
    let mut reported = 0;
    for (at, later) in candidates.iter().enumerate() {
        for earlier in &candidates[..at] {
            if let Some(problem) = problem(earlier, later, shared) {
                top.found.add(problem);
                reported += 1;
            }
            if reported == MOST_REPORTED {
                return;
            }
        }
    }
}

fn candidate<'a>(draft: &'a Draft<'a>) -> Candidate<'a> {
    let includes = draft
        .files
        .texts
        .iter()
        .filter(|text| !text.starts_with('!'));
    Candidate {
        draft,
        territory: Territory {
            sets: vec![draft.files.set.clone()],
            away: Vec::new(),
        },
        beginnings: includes.map(|text| beginning(text)).collect(),
    }
}

/// What every path that a pattern matches begins with.
fn beginning(pattern: &str) -> &str {
    let literal = pattern
        .find(['*', '?', '[', '{', '\\'])
        .map_or(pattern, |at| &pattern[..at]);
    literal.trim_end_matches('/')
}

fn may_meet(a: &Candidate, b: &Candidate) -> bool {
    a.beginnings.iter().any(|x| {
        b.beginnings
            .iter()
            .any(|y| x.starts_with(y) || y.starts_with(x))
    })
}

/// A path for a message: escaped where a terminal could not show it.
fn quoted(path: &BString) -> String {
    match path.to_str() {
        Ok(text) if !text.chars().any(char::is_control) => format!("'{text}'"),
        _ => format!("{path:?}"),
    }
}

fn problem(a: &Candidate, b: &Candidate, shared: &Patterns) -> Option<Problem> {
    if !may_meet(a, b) {
        return None;
    }
    let names = [a.draft.name, b.draft.name];
    let problem = match pattern::overlap(&a.territory, &b.territory, &shared.set) {
        Ok(None) => return None,
        Ok(Some(witness)) => {
            let (a, b) = (names[0], names[1]);
            let message = format!(
                "'{a}' and '{b}' overlap: both would own {}",
                quoted(&witness)
            );
            let hint = format!(
                "Narrow the `files` of '{a}' or '{b}', or list what both need in `files` below \
                 `[shared]`."
            );
            Problem::new(kind::OVERLAP, message, hint).shown_by(witness)
        }
        Err(error) => {
            let message = format!(
                "'{}' and '{}' cannot be compared: {error}",
                names[0], names[1]
            );
            let hint = "Write the `files` of both with fewer or simpler patterns.";
            Problem::new(kind::TOO_COMPLEX, message, hint)
        }
    };
    Some(problem.at(b.draft.line).about(names))
}
