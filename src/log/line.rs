//! How does an entry look, in a line for people and as an object for programs?

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::ledger::Entry;
use crate::name::StreamName;
use crate::word;

/// How much of an operation's id is shown; it is enough to name it.
const SHORT: usize = 8;

/// One entry, as the log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The entry.
    pub entry: Entry,
    /// Whether its operation was taken back later.
    pub is_undone: bool,
}

impl Line {
    /// Operation, time, agent, stream, what.
    fn cells(&self) -> [String; 5] {
        let event = &self.entry.event;
        let op: String = event.op.as_str().chars().take(SHORT).collect();
        let mut what = match event.what() {
            "" => event.verb().to_owned(),
            what => format!("{}: {what}", event.verb()),
        };
        if self.is_undone {
            what.push_str(" (taken back)");
        }
        let streams: Vec<&str> = event.streams.iter().map(StreamName::as_str).collect();
        [
            op,
            self.time(),
            event.agent.to_string(),
            streams.join(", "),
            what,
        ]
    }

    /// In the zone of whoever wrote it, as git shows times.
    fn time(&self) -> String {
        let there = self.entry.offset.to_datetime(self.entry.at);
        there.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The entry for a program.
    pub fn json(&self) -> Value {
        let Entry { commit, event, .. } = &self.entry;
        let at: Timestamp = self.entry.at;
        let refs = event.moves.iter().map(|one| {
            let id = |id: Option<crate::git::Id>| id.map(|id| id.to_string());
            json!({"name": one.name, "old": id(one.old), "new": id(one.new)})
        });
        json!({
            "version": 1,
            "commit": commit.to_string(),
            "time": at,
            "op": event.op,
            "agent": event.agent,
            "stream": event.stream(),
            "streams": event.streams,
            "epoch": event.epochs.first(),
            "verb": event.verb(),
            "event": event.subject,
            "refs": refs.collect::<Vec<_>>(),
            "undoes": event.undoes,
            "undone": self.is_undone,
        })
    }
}

/// Lines in columns; `widths` are those of the lines before, and grow with these.
pub fn text(lines: &[Line], widths: &mut [usize; 4]) -> String {
    let rows: Vec<[String; 5]> = lines.iter().map(Line::cells).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths.iter()) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        line.push_str(&row[4]);
        text.push_str(&word::one_line(line.trim_end()));
        text.push('\n');
    }
    text
}
