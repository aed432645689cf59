//! Which hook refused, and which told?
//!
//! git writes down each hook that it starts and how it ended (`GIT_TRACE2_EVENT`), in the order in
//! which it happened, whatever process of git it was.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// What git has written down.
#[derive(Default)]
pub(super) struct Hooks {
    /// The hooks that ended with another status than 0, each once, in their order.
    pub(super) refused: Vec<String>,
    /// The hooks during which the stream was marked in the ledger.
    pub(super) told: Vec<String>,
}

/// Reads a trace; an empty one where git was never asked to write it.
pub(super) fn hooks(trace: &Path) -> Hooks {
    let text = fs::read_to_string(trace).unwrap_or_default();
    let mut hooks = Hooks::default();
    let mut open: Vec<((String, u64), String)> = Vec::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let child = || {
            let session = event["sid"].as_str().unwrap_or_default().to_owned();
            (session, event["child_id"].as_u64().unwrap_or_default())
        };
        match event["event"].as_str() {
            Some("child_start") if event["child_class"] == "hook" => {
                let name = event["hook_name"].as_str().unwrap_or("?").to_owned();
                open.push((child(), name));
            }
            Some("child_exit") => {
                let Some(at) = open.iter().position(|(known, _)| *known == child()) else {
                    continue;
                };
                let (_, name) = open.remove(at);
                if event["code"] != 0 {
                    note(&mut hooks.refused, name);
                }
            }
            Some("start") if is_mark(&event) => {
                if let Some((_, name)) = open.last() {
                    note(&mut hooks.told, name.clone());
                }
            }
            _ => {}
        }
    }
    hooks
}

/// Whether this is the process that writes the mark.
fn is_mark(event: &Value) -> bool {
    let words = event["argv"].as_array();
    words.is_some_and(|words| {
        let mut words = words.iter().filter_map(Value::as_str);
        words.any(|word| word.starts_with("stream: taint "))
    })
}

fn note(names: &mut Vec<String>, name: String) {
    if !names.contains(&name) {
        names.push(name);
    }
}
