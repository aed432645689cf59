//! What does a question say, to a person and to a program?

use std::fmt::Write as _;

use bstr::ByteSlice as _;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::since::ago;
use crate::ledger::Escalation;
use crate::name::{AgentName, StreamName};
use crate::path;

/// An open question, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Question {
    /// Short; names it on the command line.
    pub id: String,
    /// What sort of question: `conflict`, `base-moved`, …
    pub kind: String,
    /// The streams that wait for the answer.
    pub streams: Vec<StreamName>,
    /// Who ran into it.
    pub agent: AgentName,
    /// The person it goes to, where the plan names one.
    pub owner: Option<String>,
    /// When.
    pub raised: Timestamp,
    /// The question, in one sentence.
    pub question: String,
    /// The commit that could not be applied, in full hex.
    pub commit: Option<String>,
    /// The base that it met, in full hex.
    pub base: Option<String>,
    /// The paths it is about.
    pub paths: Vec<Value>,
    /// The same for people, as the ledger has them.
    #[serde(skip)]
    pub shown_paths: Vec<String>,
    /// What happened, for people.
    pub evidence: String,
    /// What can be done: a sentence with one command each.
    pub choices: Vec<String>,
    /// Whether it concerns a stream that the caller holds.
    pub yours: bool,
}

/// The form in which a question is shown.
pub fn describe(escalation: &Escalation) -> Question {
    let paths = escalation.paths.iter();
    Question {
        id: escalation.id.clone(),
        kind: escalation.kind.clone(),
        streams: escalation.streams.clone(),
        agent: escalation.agent.clone(),
        owner: escalation.owner.clone(),
        raised: escalation.raised,
        question: escalation.question.clone(),
        commit: escalation.commit.map(|id| id.to_string()),
        base: escalation.base.map(|id| id.to_string()),
        paths: paths
            .map(|text| path::json(path::unquoted(text).as_bstr()))
            .collect(),
        shown_paths: escalation.paths.clone(),
        evidence: escalation.evidence.clone(),
        choices: escalation.choices.clone(),
        yours: false,
    }
}

impl Question {
    /// Its streams, for a table.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.streams.iter().map(StreamName::as_str).collect();
        names.join(", ")
    }

    /// The command that shows it in full.
    pub fn command(&self) -> String {
        format!("git stream inbox {}", self.id)
    }

    /// The question in full: what happened, the evidence, the choices.
    pub fn text(&self, now: Timestamp) -> String {
        let mut text = String::new();
        let mut line = |line: std::fmt::Arguments<'_>| {
            writeln!(text, "{line}").expect("strings take whatever is written");
        };
        line(format_args!("{}\n", self.question));
        line(format_args!("id:      {}", self.id));
        line(format_args!("kind:    {}", self.kind));
        line(format_args!("streams: {}", self.names()));
        line(format_args!(
            "raised:  {} by {}",
            ago(self.raised, now),
            self.agent
        ));
        let optional = [
            ("owner: ", &self.owner),
            ("commit:", &self.commit),
            ("base:  ", &self.base),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                line(format_args!("{key}  {value}"));
            }
        }
        for (at, path) in self.shown_paths.iter().enumerate() {
            let key = if at == 0 { "paths:  " } else { "        " };
            line(format_args!("{key} {path}"));
        }
        if !self.evidence.trim().is_empty() {
            line(format_args!("\nevidence:\n{}", indented(&self.evidence)));
        }
        if !self.choices.is_empty() {
            line(format_args!("\nchoices:"));
        }
        for (at, choice) in self.choices.iter().enumerate() {
            line(format_args!("  {}. {choice}", at + 1));
        }
        text
    }
}

fn indented(text: &str) -> String {
    let lines = text.trim_end().lines();
    let lines = lines.map(|line| format!("  {line}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}
