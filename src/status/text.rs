//! How does the picture look, in a terminal and in Markdown?

use super::Picture;
use super::row::Row;
use super::view::View;
use crate::inbox::table;
use crate::ledger::StreamState;
use crate::word::count;

const HEADER: [&str; 7] = [
    "stream", "state", "agent", "ahead", "behind", "dirty", "note",
];

/// Which streams are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Those of the plan, those that are held, and those with work that was kept.
    Current,
    /// Every stream that the ledger has ever seen.
    All,
}

impl Picture {
    /// One table, what needs somebody, and a summary.
    pub fn text(&self, show: Show) -> String {
        let mut text = table(HEADER, &self.cells(show));
        if !text.is_empty() {
            text.push('\n');
        }
        if !self.needs.is_empty() {
            text.push_str("needs somebody\n");
            for need in &self.needs {
                text.push_str(&format!("  {}\n    {}\n", need.message, need.command));
            }
            text.push('\n');
        }
        for off in &self.off {
            text.push_str(&format!("{}\n\n", off.message));
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    /// The same as Markdown.
    pub fn markdown(&self, show: Show) -> String {
        let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = String::new();
        let rows = self.cells(show);
        if !rows.is_empty() {
            text.push_str(&row(&HEADER.map(str::to_owned)));
            text.push_str("|---|---|---|--:|--:|--:|---|\n");
        }
        for cells in rows {
            text.push_str(&row(&cells.map(|cell| escaped(&cell))));
        }
        if !self.needs.is_empty() {
            text.push_str("\n**Needs somebody**\n\n");
        }
        for need in &self.needs {
            text.push_str(&format!(
                "- {}: `{}`\n",
                escaped(&need.message),
                need.command
            ));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        for off in &self.off {
            text.push_str(&format!("{}\n\n", escaped(&off.message)));
        }
        text + &escaped(&self.summary()) + "\n"
    }

    /// How many streams [`Show::Current`] leaves out.
    pub fn left_out(&self) -> usize {
        self.streams.iter().filter(|row| !row.counts()).count()
    }

    /// The last line.
    pub fn summary(&self) -> String {
        let overall = &self.overall;
        let branch = self.base["branch"].as_str().unwrap_or_default();
        let commit = self.base["commit"].as_str().unwrap_or_default();
        let commit = commit.get(..12).unwrap_or(commit);
        let mut parts = Vec::new();
        if overall.streams == 0 {
            parts.push("no streams".to_owned());
        } else {
            let streams = count(overall.streams, "stream");
            parts.push(format!("{} of {streams} landed", overall.landed));
        }
        let counts = [
            (overall.held, "held"),
            (overall.ready, "ready"),
            (overall.waiting, "waiting"),
        ];
        for (number, what) in counts {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        for milestone in &self.milestones {
            let (name, landed, all) = (&milestone.name, milestone.landed, milestone.streams.len());
            parts.push(format!("milestone {name} {landed}/{all}"));
        }
        let view = self.view.as_ref().map_or_else(String::new, View::words);
        format!("{}; base {branch} at {commit}{view}", parts.join(", "))
    }

    fn cells(&self, show: Show) -> Vec<[String; 7]> {
        let rows = self.streams.iter();
        rows.filter(|row| show == Show::All || row.counts())
            .map(cells)
            .collect()
    }
}

fn cells(row: &Row) -> [String; 7] {
    let mut state = row.state.to_string();
    if row.tainted.is_some() {
        state.push_str(", tainted");
    }
    // Nothing to tell is left blank, so that what there is stands out.
    let number = |number: Option<usize>| match number {
        Some(0) | None => String::new(),
        Some(number) => number.to_string(),
    };
    // What another machine has not pushed is not known.
    let distance = |distance: Option<usize>| match distance {
        None if row.is_held() && row.elsewhere => "?".to_owned(),
        distance => number(distance),
    };
    // Only the machine that has a worktree can look into it.
    let dirty = match row.dirty {
        None if row.is_held() => "?".to_owned(),
        dirty => number(dirty),
    };
    [
        row.name.to_string(),
        state,
        row.agent
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        distance(row.ahead),
        distance(row.behind),
        dirty,
        note(row),
    ]
}

/// What is special about a stream, in a few words.
fn note(row: &Row) -> String {
    let mut notes = Vec::new();
    if row.ready && row.state == StreamState::Unclaimed {
        notes.push("ready".to_owned());
    }
    notes.extend(row.waits_for.iter().map(super::Wait::words));
    if row.kept.is_some() {
        notes.push("has kept work".to_owned());
    }
    if let Some(operation) = &row.operation {
        let how = if operation.died { "died" } else { "runs" };
        notes.push(format!("{} {how}", operation.verb));
    }
    if let Some(under_way) = row.under_way {
        notes.push(format!("{under_way} under way"));
    }
    notes.join("; ")
}

fn escaped(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    let special = ['\\', '|', '*', '_', '`', '<', '[', '#'];
    text.chars()
        .flat_map(|c| special.contains(&c).then_some('\\').into_iter().chain([c]))
        .collect()
}
