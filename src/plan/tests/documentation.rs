//! Does `docs/plan.md` list what is read, and nothing else?

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::schema::TABLES;
use super::super::{AgentRules, Plan, kind};
use super::{EXAMPLE, plan};

const PAGE: &str = include_str!("../../../docs/plan.md");

/// The rows of every table of the page: heading, then key, then default.
fn rows() -> BTreeMap<&'static str, BTreeMap<&'static str, &'static str>> {
    let mut rows: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    let mut heading = "";
    for line in PAGE.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            heading = text.trim_matches(['`', '[', ']']);
        } else if let Some(row) = line.strip_prefix("| `") {
            let (key, rest) = row.split_once("` | ").unwrap();
            let (default, _) = rest.split_once(" |").unwrap();
            rows.entry(heading)
                .or_default()
                .insert(key, default.trim_matches('`'));
        }
    }
    rows
}

#[test]
fn the_page_lists_the_keys_that_are_read_and_no_other() {
    let rows = rows();
    for table in TABLES {
        let heading = if table.place.is_empty() {
            "Top level"
        } else {
            table.place
        };
        let written: Vec<&str> = rows[heading].keys().copied().collect();
        let mut read: Vec<&str> = table.keys.iter().map(|key| key.name).collect();
        read.retain(|name| !(table.place.is_empty() && is_table(name)));
        read.sort_unstable();
        assert_eq!(written, read, "under {heading}");
    }
}

fn is_table(name: &str) -> bool {
    TABLES
        .iter()
        .any(|table| table.place.split('.').next() == Some(name))
}

#[test]
fn the_page_gives_the_defaults_that_count() {
    let mut text = "version = 1\n".to_owned();
    for table in TABLES {
        let place = table.place.replace("NAME", "name");
        let heading = if place.is_empty() {
            "Top level"
        } else {
            table.place
        };
        if !place.is_empty() && place != "milestones.name" {
            writeln!(text, "[{place}]").unwrap();
        }
        for (key, default) in &rows()[heading] {
            let unsaid = ["—", "**required**"].contains(default) || table.place == "derived";
            if !unsaid {
                writeln!(text, "{key} = {default}").unwrap();
            }
        }
        match table.place {
            "agents.NAME" => text.push_str("command = ['x']\n"),
            "streams.NAME" => text.push_str("files = ['x']\n"),
            _ => {}
        }
    }
    let mut said = plan(&text);
    let agent = said.agents.pop_first().unwrap().1;
    assert_eq!(
        agent,
        AgentRules {
            command: vec!["x".to_owned()],
            ..AgentRules::default()
        }
    );
    let streams = std::mem::take(&mut said.streams);
    let unsaid = plan("version = 1\n[streams.name]\nfiles = ['x']").streams;
    let lineless = |mut streams: BTreeMap<_, super::super::Stream>| {
        for stream in streams.values_mut() {
            stream.line = 0;
        }
        streams
    };
    assert_eq!(lineless(streams), lineless(unsaid));
    assert_eq!(
        said,
        Plan {
            base_given: true,
            ..Plan::empty()
        }
    );
}

#[test]
fn the_page_lists_every_kind_of_problem() {
    let written: Vec<&str> = rows()["What is refused"].keys().copied().collect();
    assert_eq!(written, kind::ALL);
}

#[test]
fn the_example_shows_every_key() {
    for table in TABLES {
        for key in table.keys {
            let written = EXAMPLE
                .lines()
                .any(|line| line.starts_with(&format!("{} =", key.name)) || is_table(key.name));
            assert!(written, "{} of [{}]", key.name, table.place);
        }
    }
}

#[test]
fn the_examples_in_hints_can_be_written() {
    for table in TABLES {
        for key in table.keys.iter().filter(|key| !is_table(key.name)) {
            let derived = if key.name == "files" {
                "command = 'x'"
            } else {
                "files = ['x']"
            };
            let (header, others) = match table.place {
                "" if key.name == "version" => (String::new(), ""),
                "" => ("version = 1".to_owned(), ""),
                "derived" => ("version = 1\n[derived]".to_owned(), derived),
                "agents.NAME" if key.name != "command" => {
                    ("version = 1\n[agents.name]".to_owned(), "command = ['x']")
                }
                "streams.NAME" if key.name != "files" => {
                    ("version = 1\n[streams.name]".to_owned(), "files = ['x']")
                }
                place => (
                    format!("version = 1\n[{}]", place.replace("NAME", "name")),
                    "",
                ),
            };
            let streams = "[streams.api]\nfiles = ['1']\n[streams.ui]\nfiles = ['2']\n\
                           [streams.schema]\nfiles = ['3']\n";
            plan(&format!(
                "{header}\n{} = {}\n{others}\n{streams}",
                key.name, key.example
            ));
        }
    }
}
