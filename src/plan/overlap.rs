//! Which streams could own the same path?
//!
//! Every pair that is worth comparing ([`meeting`]) is decided exactly by [`Compare`].

use bstr::{BString, ByteSlice};

use super::problem::{Problem, kind};
use super::section::{Patterns, Section};
use super::streams::Draft;
use super::{MOST_REPORTED, meeting};
use crate::exit::Explain;
use crate::pattern::{Compare, Territory};

/// Reports every two streams that can overlap, unless a pattern that would keep them apart was
/// not understood.
pub(super) fn report(
    top: &Section,
    drafts: &[Draft],
    shared: &Patterns,
    overlaps: &mut dyn Compare,
) {
    if !shared.whole {
        return;
    }
    let mut drafts: Vec<&Draft> = drafts.iter().filter(|draft| draft.files.bounded).collect();
    drafts.sort_by_key(|draft| draft.line);
    let includes: Vec<Vec<&str>> = drafts.iter().map(|draft| draft.files.includes()).collect();
    let pairs = meeting::pairs(&includes);
    let problems = pairs
        .into_iter()
        .filter_map(|(a, b)| compare(overlaps, drafts[a], drafts[b], shared));
    for problem in problems.take(MOST_REPORTED) {
        top.found.add(problem);
    }
}

/// A path for a message: escaped where a terminal could not show it.
fn quoted(path: &BString) -> String {
    match path.to_str() {
        Ok(text) if !text.chars().any(char::is_control) => format!("'{text}'"),
        _ => format!("{path:?}"),
    }
}

fn compare(overlaps: &mut dyn Compare, a: &Draft, b: &Draft, shared: &Patterns) -> Option<Problem> {
    let names = [a.name, b.name];
    let [x, y]: [Territory; 2] = [a, b].map(|draft| draft.files.set.clone().into());
    let problem = match overlaps.common(&x, &y, &shared.set) {
        Ok(None) => return None,
        Ok(Some(witness)) => {
            let [a, b] = names;
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
            let [a, b] = names;
            let message = format!("'{a}' and '{b}' cannot be compared: {error}");
            Problem::new(kind::TOO_COMPLEX, message, error.hints().concat())
        }
    };
    Some(problem.at(b.line).about(names))
}
