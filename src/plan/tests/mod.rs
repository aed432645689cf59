//! Does every mistake get its line and its remedy, and does a valid plan say what it says?

mod answer;
mod documentation;
mod meaning;
mod mistakes;
mod noise;
mod schedule;

use super::{Plan, parse};

/// The example of every key.
const EXAMPLE: &str = include_str!("example.toml");

/// The plan that a text is, which has to be valid.
fn plan(text: &str) -> Plan {
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.problems, [], "in {text}");
    parsed.plan.expect("a text without problems is a plan")
}
