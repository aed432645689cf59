//! Do the tables of the documentation say what the code says?

use std::fs;

use git_stream::ledger::TRANSITIONS;

use super::{hold, top};

/// Replaces what stands between the marks of a table in a page.
pub(super) fn hold_table(path: &str, mark: &str, table: &str) {
    let begin = format!("<!-- {mark}: written by the tests -->\n");
    let end = format!("<!-- end of {mark} -->\n");
    let page = fs::read_to_string(top().join(path)).unwrap_or_default();
    let (before, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{path}: no {mark}"));
    let (_, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("{path}: {mark} has no end"));
    hold(path, &format!("{before}{begin}\n{table}\n{end}{after}"));
}

#[test]
fn the_page_about_states_has_every_transition() {
    let mut table = String::from("| by | from | to | who, and when |\n|---|---|---|---|\n");
    for step in TRANSITIONS {
        let from = step.from.map_or("—", |state| state.name());
        let line = format!("| {} | {from} | {} | {} |\n", step.by, step.to, step.when);
        table.push_str(&line);
    }
    hold_table("docs/states.md", "transitions", &table);
}
