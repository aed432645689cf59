//! Does the page about the ledger show what the commands write?

use regex_automata::dfa::regex::Regex;

use super::table::hold_table;
use crate::support::Sandbox;

const PLAN: &str =
    "version = 1\n\n[streams.api]\nfiles = [\"src/api/**\", \"!src/api/generated/**\"]\n";

/// The same words on every day and every machine, in place of what a snapshot masks.
fn plausible(block: &str) -> String {
    let mut text = block.to_owned();
    // The oldest event is another operation than those after it.
    if let Some(oldest) = text.rfind("$OP") {
        text.replace_range(oldest..oldest + 3, "03b7a65f2c9d1e84");
    }
    let mut text = text
        .replace("$ROOT/repo", "/src/app")
        .replace("$HOST", "laptop")
        .replace("$TIME", "2026-01-02T03:04:05Z")
        .replace("$OP", "9f2c61d0a8e4b7f3")
        .replace("$ZERO", &"0".repeat(40));
    for number in (1..=20_u32).rev() {
        let digits = char::from_digit(number % 16, 16).unwrap().to_string();
        text = text
            .replace(&format!("$OID{number}"), &digits.repeat(40))
            .replace(&format!("$oid{number}"), &digits.repeat(12));
    }
    for (pattern, words) in [
        (r#"machine = "[^"]*""#, "machine = \"laptop-4193e895\""),
        (r#"session = "[^"]*""#, "session = \"2041.4026531836.12\""),
    ] {
        let pattern = Regex::new(pattern).unwrap();
        while let Some(found) = pattern
            .find_iter(&text)
            .find(|found| &text[found.range()] != words)
        {
            text.replace_range(found.range(), words);
        }
    }
    text
}

#[test]
fn the_page_about_the_ledger_shows_a_real_one() {
    let sandbox = Sandbox::new();
    sandbox.commit("Plan", &[("streams.toml", PLAN)]);
    assert_eq!(sandbox.run(["init"]).status(), 0);
    assert_eq!(sandbox.run(["claim", "api"]).agent("a1").status(), 0);
    let shown = |args: &[&str]| {
        let block = sandbox.program("git", args).block();
        let block = block.strip_suffix("\n[status 0]").expect("git succeeds");
        plausible(block)
    };
    let parts = [
        shown(&["log", "--format=%h%n%B", "refs/stream/ledger"]),
        shown(&["ls-tree", "-r", "--name-only", "refs/stream/ledger"]),
        shown(&["show", "refs/stream/ledger:base.toml"]),
        shown(&["show", "refs/stream/ledger:streams/api.toml"]),
    ];
    let blocks: Vec<String> = parts
        .iter()
        .map(|part| format!("```console\n{}\n```\n", part.trim_end()))
        .collect();
    hold_table("docs/ledger.md", "example", blocks.join("\n").trim_end());
}

#[test]
fn the_page_about_the_ledger_names_every_key() {
    let top = super::top();
    let read = |file: &str| std::fs::read_to_string(top.join("src/ledger").join(file)).unwrap();
    let record = read("record.rs") + &read("landing.rs");
    let page = std::fs::read_to_string(top.join("docs/ledger.md")).unwrap();
    let fields = record
        .lines()
        .filter_map(|line| line.strip_prefix("    pub "));
    let keys = fields.filter_map(|line| Some(line.split_once(": ")?.0.replace('_', "-")));
    let mut named = 0;
    for key in keys.filter(|key| key != "extra" && !key.contains(' ')) {
        assert!(page.contains(&format!("`{key}`")), "no `{key}`");
        named += 1;
    }
    assert!(named > 30, "only {named} keys were found");
}
