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

#[test]
fn the_page_about_the_architecture_has_every_module_and_every_file() {
    let page = fs::read_to_string(top().join("docs/architecture.md")).unwrap();
    let map = fs::read_to_string(top().join("src/lib.rs")).unwrap();
    for module in map.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let module = module.trim_end_matches(';');
        assert!(page.contains(&format!("| `{module}` |")), "no {module}");
    }
    let mut files = 0;
    for source in super::super::tree::rust() {
        for after in source.text.split(".private(\"").skip(1) {
            let file = after.split('"').next().unwrap();
            assert!(page.contains(&format!("`git-stream/{file}")), "no {file}");
            files += 1;
        }
    }
    assert!(files > 5, "only {files} were found");
}
