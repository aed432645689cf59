//! Does every module use only what lies below it?
//!
//! The table is that of `src/lib.rs`, written out: what is missing from a row may not be used.

use std::collections::BTreeSet;

use super::tree::{Source, rust, sources};

/// What everybody may use.
const EVERYWHERE: [&str; 5] = ["clock", "exit", "name", "path", "word"];
/// What a part of the domain may use below itself.
const BELOW: [&str; 7] = [
    "caller",
    "git",
    "ledger",
    "pattern",
    "plan",
    "rule",
    "workspace",
];

/// What a module may use, besides itself.
fn allowed(module: &str) -> Option<Vec<&'static str>> {
    let domain = |more: &[&'static str]| [BELOW.as_slice(), more].concat();
    let own = match module {
        "clock" | "exit" | "name" | "path" | "word" | "pattern" | "git" | "cli" => vec![],
        "plan" => vec!["pattern"],
        "rule" | "ledger" => vec!["pattern", "plan", "git"],
        "caller" => vec!["pattern", "plan", "git", "ledger"],
        "workspace" => vec!["pattern", "plan", "git", "ledger", "caller", "rule"],
        "guard" | "inbox" | "kept" => domain(&[]),
        "copies" => domain(&["kept"]),
        "log" => domain(&["inbox", "kept"]),
        "undo" => domain(&["claim", "guard", "inbox", "kept", "land", "setup", "sync"]),
        "receive" => domain(&["guard"]),
        "setup" => domain(&["guard", "receive"]),
        "claim" => domain(&["copies", "guard", "kept", "setup"]),
        "status" => domain(&["copies", "guard", "inbox", "sync"]),
        "sync" => domain(&["claim", "copies", "guard", "inbox", "kept", "setup"]),
        "review" => domain(&["claim", "sync"]),
        "land" => domain(&["claim", "guard", "inbox", "kept", "review", "setup", "sync"]),
        "doctor" => domain(&["claim", "guard", "land", "setup", "status", "sync"]),
        "verb" => domain(&[
            "cli", "claim", "copies", "doctor", "guard", "inbox", "kept", "land", "log", "receive",
            "review", "setup", "status", "sync", "undo",
        ]),
        _ => return None,
    };
    Some([EVERYWHERE.as_slice(), &own].concat())
}

#[test]
fn arrows_point_downwards() {
    let mut wrong = Vec::new();
    for source in rust() {
        let module = source.module();
        if ["lib", "bin"].contains(&module) {
            continue;
        }
        let allowed = allowed(module).unwrap_or_else(|| panic!("no row for `{module}`"));
        for (line, used) in uses(&source, "crate") {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}:{line}: {module} uses {used}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_binary_uses_its_verb_and_the_edge() {
    for source in rust().iter().filter(|source| source.module() == "bin") {
        for (line, used) in uses(source, "git_stream") {
            let edge = ["verb", "cli"].contains(&used.as_str());
            assert!(edge, "{}:{line} uses {used}", source.path);
        }
    }
}

#[test]
fn the_map_names_every_module_and_no_other() {
    let map = sources("src/lib.rs").remove(0);
    let of = |start: &str, end: &str| -> BTreeSet<String> {
        let names = map.text.lines().filter_map(|line| line.strip_prefix(start));
        names
            .filter_map(|rest| Some(rest.split_once(end)?.0.to_owned()))
            .collect()
    };
    let declared = of("pub mod ", ";");
    assert!(declared.contains("exit"));
    assert_eq!(declared, of("//! | [`", "`]"));
    for module in declared {
        assert!(allowed(&module).is_some(), "no row for `{module}`");
    }
}

/// The modules that follow `root::` in a file, also in braces: `use crate::{exit, name::Agent};`.
fn uses(source: &Source, root: &str) -> Vec<(usize, String)> {
    let start = format!("{root}::");
    let code: Vec<(usize, &str)> = source.code().collect();
    let mut found = Vec::new();
    for (at, (number, line)) in code.iter().enumerate() {
        for (column, _) in line.match_indices(&start) {
            let before = line[..column].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &line[column + start.len()..];
            let more = code[at + 1..].iter().map(|(_, line)| *line);
            let text: String = std::iter::once(rest)
                .chain(more)
                .collect::<Vec<_>>()
                .join(" ");
            found.extend(first_names(&text).into_iter().map(|name| (*number, name)));
        }
    }
    found
}

/// `exit` of `exit::Exit`; `exit` and `name` of `{exit::{Exit, Explain}, name}`.
fn first_names(text: &str) -> Vec<String> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = text.strip_prefix('{') else {
        return vec![word(text)];
    };
    let mut names = Vec::new();
    let (mut depth, mut fresh) = (0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            _ if fresh && !c.is_whitespace() => {
                names.push(word(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn every_form_of_a_use_is_understood() {
    let text = "use crate::exit::Exit;\n// crate::status is a comment\nlet x = crate::git::of(1);\n\
                use crate::{\n    name,\n    plan::{Plan, crate_of},\n    verb::claim,\n};\nmycrate::cli();\n";
    let source = Source {
        path: "src/sync/mod.rs".to_owned(),
        text: text.to_owned(),
    };
    let found: Vec<String> = uses(&source, "crate")
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    assert_eq!(found, ["exit", "git", "name", "plan", "verb"]);
    assert_eq!(source.module(), "sync");
}
