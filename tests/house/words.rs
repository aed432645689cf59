//! Is there a word in the tree that must not be released?

use regex_automata::dfa::regex::Regex;

use super::tree::{rust, written};

/// Looks for a pattern in every written file but this one.
fn assert_absent(pattern: &str) {
    let pattern = Regex::new(&format!("(?-u){pattern}")).unwrap();
    let mut found = Vec::new();
    for source in written() {
        if source.path == "tests/house/words.rs" {
            continue;
        }
        for (at, line) in source.text.lines().enumerate() {
            if pattern.is_match(line) {
                found.push(format!("{}:{}: {}", source.path, at + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "not in a release:\n{}", found.join("\n"));
}

#[test]
fn nothing_is_left_for_later() {
    assert_absent(r"(?i)\b(fixme|xxx|nocommit)\b|\b(dbg|todo|unimplemented)!");
    assert_absent(r"\bTODO\b");
}

#[test]
fn no_path_leads_into_one_persons_machine() {
    assert_absent(r"(^|[ -)+,:-@\[^`|~/])/(work|root|home|Users)/");
}

#[test]
fn the_program_prints_at_its_edge_only() {
    for source in rust()
        .iter()
        .filter(|source| !["bin", "cli"].contains(&source.module()))
    {
        for (at, line) in source.code() {
            let prints = ["println!", "eprintln!", "process::exit"]
                .iter()
                .any(|p| line.contains(p));
            assert!(!prints, "{}:{at}: {}", source.path, line.trim());
        }
    }
}
