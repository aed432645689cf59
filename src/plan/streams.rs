//! Which streams does the plan have, and do they fit together?
//!
//! First every stream is read for itself into a [`Draft`], as it is written; then the drafts are
//! held against each other. A draft with a bad name still counts as a stream there, so that one
//! mistake is reported once.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::{Problem, kind};
use super::rules::{Milestone, OnFailure};
use super::schema::{MILESTONE, STREAM, nearest};
use super::section::{Item, Patterns, Section};
use super::{MOST_STREAMS, Stream, cycle, overlap, value};
use crate::name::StreamName;

/// A stream as it is written.
pub(super) struct Draft<'a> {
    pub(super) name: &'a str,
    pub(super) line: usize,
    pub(super) files: Patterns<'a>,
    /// The dependencies that are streams of the plan, other than itself.
    pub(super) dependencies: Vec<Item<'a>>,
}

/// The streams and the milestones.
pub(super) fn read<'a>(
    top: &Section<'a>,
    shared: &Patterns<'a>,
) -> (BTreeMap<StreamName, Stream>, BTreeMap<String, Milestone>) {
    let sections = top.named_tables("streams", &STREAM);
    let names: BTreeSet<&str> = sections.iter().map(|(name, _)| *name).collect();
    let mut streams = BTreeMap::new();
    let mut drafts = Vec::new();
    for (name, section) in &sections {
        let (stream, draft) = stream(name, section, &names);
        if let Some(name) = stream_name(name, section, "stream") {
            streams.insert(name, stream);
        }
        drafts.push(draft);
    }
    if drafts.len() > MOST_STREAMS {
        let message = format!(
            "{} streams are more than the {MOST_STREAMS} possible",
            drafts.len()
        );
        let hint = "Split the plan: land some of the streams before the others are planned.";
        top.add(
            drafts.first().map(|first| first.line),
            kind::TOO_LARGE,
            message,
            hint,
        );
    } else {
        report_collisions(top, &drafts);
        cycle::report(top, &drafts);
        if let Some(new) = top.found.compare() {
            overlap::report(top, &drafts, shared, &mut *new());
        }
    }
    (streams, milestones(top, &names))
}

fn stream<'a>(
    name: &'a str,
    section: &Section<'a>,
    names: &BTreeSet<&'a str>,
) -> (Stream, Draft<'a>) {
    let line = section.line.unwrap_or(1);
    let files = files(section);
    let dependencies = references(section, "dependencies", names, Some(name));
    let conflicts = references(section, "conflicts", names, Some(name));
    let stream = Stream {
        description: section.checked("description", "text in quotes", value::one_line),
        owner: section.checked("owner", "text in quotes", value::one_line),
        files: files.set.clone(),
        agent: section.checked("agent", "text in quotes", value::agent),
        dependencies: stream_names(&dependencies),
        conflicts: stream_names(&conflicts),
        work: section.text("work").map(str::to_owned),
        on_failure: section.word("on-failure", OnFailure::Isolate),
        line,
    };
    (
        stream,
        Draft {
            name,
            line,
            files,
            dependencies,
        },
    )
}

/// What the stream owns: something.
fn files<'a>(section: &Section<'a>) -> Patterns<'a> {
    if !section.has("files") {
        section.report_missing("files", "the stream would own nothing");
    }
    section.refuse_empty_list("files", "the stream would own nothing");
    section.patterns("files")
}

/// The elements of a list that are streams of the plan, each once.
fn references<'a>(
    section: &Section<'a>,
    key: &'static str,
    names: &BTreeSet<&'a str>,
    own: Option<&str>,
) -> Vec<Item<'a>> {
    let mut seen = BTreeSet::new();
    let mut known = Vec::new();
    for item in section.list(key) {
        if own == Some(item.text) {
            let message = format!("'{}' names itself in `{key}`", item.text);
            let hint = format!("Remove it from `{key}`{}.", section.place());
            section.add(item.line, kind::SELF_REFERENCE, message, hint);
        } else if !names.contains(item.text) {
            let message = format!(
                "`{key}`{} names {:?}, which is no stream",
                section.place(),
                item.text
            );
            let hint = match nearest(item.text, names.iter().copied()) {
                Some(near) => format!("Did you mean {near:?}?"),
                None => "Add the stream to the plan, or remove the name here.".to_owned(),
            };
            section.add(item.line, kind::UNKNOWN_STREAM, message, hint);
        } else if seen.insert(item.text) {
            known.push(item);
        }
    }
    known
}

/// The names that can be names; the others are reported where they are given to a table.
fn stream_names(items: &[Item]) -> Vec<StreamName> {
    items
        .iter()
        .filter_map(|item| item.text.parse().ok())
        .collect()
}

fn stream_name(name: &str, section: &Section, what: &str) -> Option<StreamName> {
    match value::stream(name) {
        Ok(name) => Some(name),
        Err(unfit) => {
            let message = format!("{name:?} cannot name a {what}: {}", unfit.why);
            let hint = "Choose a short name such as `api` or `fix-login`.";
            section.add(section.line, kind::BAD_NAME, message, hint);
            None
        }
    }
}

/// Two names that are one directory on a file system that ignores case.
fn report_collisions(top: &Section, drafts: &[Draft]) {
    let mut folded: BTreeMap<String, &Draft> = BTreeMap::new();
    let mut in_order: Vec<&Draft> = drafts.iter().collect();
    in_order.sort_by_key(|draft| draft.line);
    for draft in in_order {
        let first = *folded.entry(draft.name.to_lowercase()).or_insert(draft);
        if first.name != draft.name {
            let message = format!("'{}' and '{}' differ only in case", first.name, draft.name);
            let hint = "Rename one of them: some file systems would take both for the same.";
            let problem = Problem::new(kind::NAME_COLLISION, message, hint);
            top.found
                .add(problem.at(draft.line).about([first.name, draft.name]));
        }
    }
}

fn milestones(top: &Section, names: &BTreeSet<&str>) -> BTreeMap<String, Milestone> {
    let mut milestones = BTreeMap::new();
    for (name, section) in top.named_tables("milestones", &MILESTONE) {
        if !section.has("streams") {
            section.report_missing("streams", "the milestone would be reached from the start");
        }
        section.refuse_empty_list("streams", "the milestone would be reached from the start");
        let streams = stream_names(&references(&section, "streams", names, None));
        if let Some(name) = stream_name(name, &section, "milestone") {
            let line = section.line.unwrap_or(1);
            milestones.insert(name.into(), Milestone { streams, line });
        }
    }
    milestones
}
