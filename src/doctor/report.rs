//! What does the doctor say at the end?

use serde_json::{Map, Value, json};

use super::{Examined, Finding, Verdict};
use crate::exit::{Exit, Explain};
use crate::word;

/// All examinations, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was looked at.
    pub examined: Vec<Examined>,
    /// Whether nothing was to be changed.
    pub dry_run: bool,
}

impl Report {
    /// The worst of all verdicts.
    pub fn verdict(&self) -> Verdict {
        let all = self.examined.iter().map(Examined::verdict);
        let found = all.filter(|verdict| *verdict != Verdict::Skipped);
        found.max().unwrap_or(Verdict::Well)
    }

    fn count(&self, is: impl Fn(&Finding) -> bool) -> usize {
        let all = self.examined.iter().flat_map(|one| &one.findings);
        all.filter(|finding| is(finding)).count()
    }

    /// One line for each examination, and under it what was found.
    /// With `verbose` also what is worth knowing where nothing is wrong.
    pub fn text(&self, verbose: bool) -> String {
        let mut text = String::new();
        for one in &self.examined {
            let verdict = one.verdict();
            let line = match verdict {
                Verdict::Well | Verdict::Skipped => one.summary.clone(),
                Verdict::Mended | Verdict::Found | Verdict::Broken => {
                    word::count(one.findings.len(), "finding")
                }
            };
            let (verdict, name) = (verdict.name(), one.name);
            text.push_str(&format!("{verdict:<8} {name:<11} {line}\n"));
            for note in one.notes.iter().filter(|_| verbose) {
                text.push_str(&format!("         {note}\n"));
            }
            for finding in &one.findings {
                text.push_str(&format!("         - {}\n", finding.message));
                text.push_str(&format!("           {}\n", finding.why));
                text.push_str(&match &finding.outcome {
                    Some(Ok(done)) => format!("           mended: {done}\n"),
                    Some(Err(failed)) => format!(
                        "           not mended: {failed}\n           mend it with `{}`\n",
                        finding.command
                    ),
                    None => format!("           mend it with `{}`\n", finding.command),
                });
            }
        }
        text
    }

    /// What is left to do, in a sentence, if anything is.
    pub fn next_step(&self) -> Option<String> {
        let left = self.count(|one| one.outcome.is_none() && one.is_mendable());
        (left > 0).then(|| {
            format!(
                "`git stream doctor --repair` mends {left} of {}; it changes no file that somebody \
                 has written.",
                word::count(self.count(|_| true), "finding")
            )
        })
    }

    /// The report for a program.
    pub fn json(&self) -> Value {
        let outcome = match self.verdict() {
            Verdict::Well | Verdict::Skipped => "well",
            Verdict::Mended => "mended",
            Verdict::Found => "found",
            Verdict::Broken => "broken",
        };
        let examined: Vec<Value> = self.examined.iter().map(Examined::json).collect();
        json!({
            "version": 1,
            "outcome": outcome,
            "examinations": examined,
            "dry_run": self.dry_run,
        })
    }
}

/// A repository that nothing works in.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Unusable {
    /// What was found first.
    pub message: String,
    /// The commands that mend it.
    pub commands: Vec<String>,
    /// All examinations, for a program.
    pub examinations: Value,
}

impl From<&Report> for Unusable {
    fn from(report: &Report) -> Unusable {
        let all = report.examined.iter().flat_map(|one| &one.findings);
        let grave: Vec<&Finding> = all.filter(|one| one.verdict() == Verdict::Broken).collect();
        let first = grave.first().map(|one| one.message.clone());
        Unusable {
            message: first.unwrap_or_default(),
            commands: grave.iter().map(|one| one.command.clone()).collect(),
            examinations: report.json()["examinations"].clone(),
        }
    }
}

impl Explain for Unusable {
    fn exit(&self) -> Exit {
        Exit::Broken
    }

    fn hints(&self) -> Vec<String> {
        let commands = self.commands.iter().take(3);
        commands
            .map(|command| format!("Mend it with `{command}`."))
            .collect()
    }

    fn evidence(&self) -> Map<String, Value> {
        Map::from_iter([("examinations".to_owned(), self.examinations.clone())])
    }
}
