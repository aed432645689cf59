//! What is to be said about one stream alone?

use std::fmt::Write as _;

use bstr::{BString, ByteSlice as _};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::row::Row;
use super::worktrees::{Found, Uncommitted};
use super::{Error, Picture};
use crate::git::Repo;
use crate::inbox::ago;
use crate::path;
use crate::word::count;
use crate::workspace::Trusted;

/// The most commits that are named.
const MOST_COMMITS: usize = 10;
/// The most uncommitted files that the text names.
const MOST_FILES: usize = 20;

/// The commits and the uncommitted files of one stream.
#[derive(Debug, Serialize)]
pub struct Detail {
    /// The newest commits that the base has not.
    pub commits: Vec<Commit>,
    /// What is not committed in its worktree.
    pub uncommitted: Vec<File>,
}

/// One commit.
#[derive(Debug, Serialize)]
pub struct Commit {
    /// Its id, in full hex.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
}

/// One file that is not committed.
#[derive(Debug, Serialize)]
pub struct File {
    /// The path.
    #[serde(serialize_with = "path_json")]
    pub path: BString,
    /// git's two letters for index and worktree; `??` for untracked.
    pub letters: String,
}

fn path_json<S: Serializer>(path: &BString, serializer: S) -> Result<S::Ok, S::Error> {
    path::json(path.as_bstr()).serialize(serializer)
}

impl Detail {
    pub(super) fn of(
        repo: &Repo,
        base: &Trusted,
        row: &Row,
        found: Option<&Found>,
    ) -> Result<Detail, Error> {
        let mut commits = Vec::new();
        if let Some(tip) = row.tip {
            let newest = repo.commits_between(&[tip], &[base.commit])?;
            for id in newest.into_iter().take(MOST_COMMITS) {
                commits.push(Commit {
                    commit: id.to_string(),
                    subject: repo.commit(id)?.subject().to_string(),
                });
            }
        }
        let uncommitted: &[Uncommitted] = match found {
            Some(Found::Here(here)) => &here.uncommitted,
            Some(Found::Gone | Found::Unreadable(_)) | None => &[],
        };
        let files = uncommitted.iter().map(|one| File {
            path: one.path.clone(),
            letters: one.letters.clone(),
        });
        Ok(Detail {
            commits,
            uncommitted: files.collect(),
        })
    }
}

impl Picture {
    /// One stream in full, for people.
    pub fn detail_text(&self, now: Timestamp) -> String {
        let (Some(row), Some(detail)) = (self.streams.first(), &self.detail) else {
            return String::new();
        };
        let mut text = String::new();
        for (key, value) in self.facts(row, now) {
            line(&mut text, format_args!("{:<14}{value}", format!("{key}:")));
        }
        for need in &self.needs {
            line(
                &mut text,
                format_args!("\n{}\n  {}", need.message, need.command),
            );
        }
        list_commits(&mut text, row, &detail.commits);
        list_files(&mut text, &detail.uncommitted);
        text
    }

    /// What is known and worth a line.
    fn facts(&self, row: &Row, now: Timestamp) -> Vec<(&'static str, String)> {
        let base = self.base["branch"].as_str().unwrap_or_default();
        let mut state = row.state.to_string();
        if row.ready {
            state.push_str(", ready to be claimed");
        }
        let distance = row.ahead.zip(row.behind).map(|(ahead, behind)| {
            format!(
                "{} ahead of {base}, {behind} behind",
                count(ahead, "commit")
            )
        });
        let holder = row.agent.as_ref().zip(row.taken).map(|(agent, taken)| {
            let slot = row.slot.unwrap_or_default();
            format!("{agent}, {}, in slot {slot}", ago(taken, now))
        });
        let operation = row.operation.as_ref().map(|operation| {
            let how = if operation.died { "died" } else { "runs" };
            format!(
                "{} {how}, begun {}",
                operation.verb,
                ago(operation.since, now)
            )
        });
        let waits: Vec<String> = row.waits_for.iter().map(super::Wait::words).collect();
        let names = |names: &[crate::name::StreamName]| {
            let names: Vec<&str> = names.iter().map(crate::name::StreamName::as_str).collect();
            some(names.join(" "))
        };
        let elsewhere = row.machine.as_ref().filter(|at| **at != self.machine);
        let planned = row.planned_files.as_ref().map(|files| files.join(" "));
        let facts = [
            ("stream", Some(row.name.to_string())),
            ("description", row.description.clone()),
            ("state", Some(state)),
            ("tainted", row.tainted.clone()),
            ("held by", holder),
            ("owner", row.owner.clone()),
            ("waits", some(waits.join("; "))),
            ("after", names(&row.dependencies)),
            ("not beside", names(&row.conflicts)),
            ("files", some(row.files.join(" "))),
            ("plan says", planned),
            ("given away", some(row.away.join(" "))),
            ("branch", row.tip.map(|_| row.branch.clone())),
            ("distance", distance),
            ("pushed", self.pushed(row)),
            ("machine", elsewhere.cloned()),
            ("worktree", row.worktree.clone()),
            ("under way", row.under_way.map(str::to_owned)),
            ("operation", operation),
            (
                "epoch",
                (row.epoch > 0).then(|| format!("{}, round {}", row.epoch, row.round)),
            ),
        ];
        let known = facts
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        known.collect()
    }
}

impl Picture {
    /// What of it the remote has, too.
    fn pushed(&self, row: &Row) -> Option<String> {
        let remote = &self.view.as_ref()?.remote;
        let short = row.pushed.map(|tip| tip.to_hex_with_len(12).to_string());
        match (short, row.elsewhere) {
            (Some(tip), true) => Some(format!(
                "up to {tip}, as far as it was fetched; what else its machine has is not known here"
            )),
            (None, true) => Some("nothing that is known here".to_owned()),
            (Some(_), false) if row.pushed == row.tip => Some(format!("all of it, to '{remote}'")),
            (Some(tip), false) => Some(format!("up to {tip}, to '{remote}'")),
            (None, false) => None,
        }
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn list_commits(text: &mut String, row: &Row, commits: &[Commit]) {
    if commits.is_empty() {
        return;
    }
    line(text, format_args!("\ncommits:"));
    for Commit { commit, subject } in commits {
        line(text, format_args!("  {} {subject}", &commit[..12]));
    }
    let more = row.ahead.unwrap_or_default().saturating_sub(commits.len());
    if more > 0 {
        line(text, format_args!("  and {} more", count(more, "commit")));
    }
}

fn list_files(text: &mut String, files: &[File]) {
    if files.is_empty() {
        return;
    }
    line(text, format_args!("\nuncommitted:"));
    for File { letters, path } in files.iter().take(MOST_FILES) {
        line(
            text,
            format_args!("  {letters} {}", path::shown(path.as_bstr())),
        );
    }
    let more = files.len().saturating_sub(MOST_FILES);
    if more > 0 {
        line(
            text,
            format_args!("  and {} more (`--json` lists them)", count(more, "file")),
        );
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("strings take whatever is written");
}
