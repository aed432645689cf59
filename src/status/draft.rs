//! What does a plan that is not committed yet say about this repository?
//!
//! The only place where the plan of a working tree is read: everything else goes by the one at the
//! trusted base. Nothing has to be set up for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice as _};
use serde_json::{Value, json};

use super::Error;
use crate::exit::Exit;
use crate::git::{self, Repo};
use crate::name::StreamName;
use crate::path;
use crate::pattern::{self, Matcher, Pattern, PatternSet};
use crate::plan::{self, LONGEST_PLAN, Parsed, Plan};
use crate::word::count;
use crate::workspace::PLAN;

/// The most paths that a list of the answer holds.
const MOST_LISTED: usize = 1000;
/// The most directories that the text names.
const MOST_NAMED: usize = 6;

/// A plan in the working tree, held against the files of the commit that is checked out.
#[derive(Debug)]
pub struct Draft {
    /// The file, as messages name it.
    pub source: String,
    /// The plan, or what is wrong with it.
    pub parsed: Parsed,
    /// How many files are tracked.
    pub tracked: usize,
    /// The tracked files that no stream owns and that are neither shared nor derived.
    pub unowned: Vec<BString>,
    /// The tracked files that are shared.
    pub shared: Vec<BString>,
    /// Patterns that probably mean something else.
    pub mistakes: Vec<Mistake>,
}

/// A valid pattern that is probably a mistake.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// The stream whose pattern it is; `None` for the tables `shared` and `derived`.
    pub stream: Option<StreamName>,
    /// The pattern.
    pub pattern: String,
    /// What it matches, and what may have been meant.
    pub message: String,
}

impl Draft {
    /// Reads the file that was named, else the private plan, else the one at the worktree's top.
    pub fn read(repo: &Repo, file: Option<&Path>) -> Result<Draft, Error> {
        let (path, source) = place(repo, file)?;
        let parsed = plan::parse(&bytes_of(&path)?);
        let mut draft = Draft {
            source,
            parsed,
            tracked: 0,
            unowned: Vec::new(),
            shared: Vec::new(),
            mistakes: Vec::new(),
        };
        if draft.parsed.plan.is_some() {
            draft.compare(&tracked(repo)?);
        }
        Ok(draft)
    }

    fn compare(&mut self, files: &[BString]) {
        let plan = self.parsed.plan.as_ref().expect("only a plan is compared");
        self.tracked = files.len();
        let shared = Matcher::of_set(&plan.shared.files);
        let derived = Matcher::of_set(&plan.derived.files);
        let streams: Vec<Matcher> = plan
            .streams
            .values()
            .map(|stream| Matcher::of_set(&stream.files))
            .collect();
        for file in files {
            let file = file.as_bstr();
            if shared.is_match(file) {
                self.shared.push(file.to_owned());
            } else if file != PLAN
                && !derived.is_match(file)
                && !streams.iter().any(|stream| stream.is_match(file))
            {
                self.unowned.push(file.to_owned());
            }
        }
        self.mistakes = mistakes(plan, files);
    }

    /// How `git stream plan` ends.
    pub fn exit(&self) -> Exit {
        if self.parsed.problems.is_empty() {
            Exit::Done
        } else {
            Exit::Refused
        }
    }

    /// The answer as JSON.
    pub fn json(&self) -> Value {
        let paths = |all: &[BString]| -> Vec<Value> {
            let first = all.iter().take(MOST_LISTED);
            first.map(|file| path::json(file.as_bstr())).collect()
        };
        let plan = self.parsed.plan.as_ref();
        let milestones: BTreeMap<&String, &Vec<StreamName>> = plan
            .iter()
            .flat_map(|plan| &plan.milestones)
            .map(|(name, milestone)| (name, &milestone.streams))
            .collect();
        let mut answer = json!({
            "version": 1,
            "outcome": self.exit().name(),
            "source": self.source,
            "problems": self.parsed.problems,
            "waves": plan.map(plan::waves).unwrap_or_default(),
            "milestones": milestones,
            "unowned": paths(&self.unowned),
            "unowned_total": self.unowned.len(),
            "shared": paths(&self.shared),
            "shared_total": self.shared.len(),
            "mistakes": self.mistakes,
        });
        if plan.is_none() {
            answer["reason"] = self.summary().into();
        }
        answer
    }

    /// The answer for people: every problem with its remedy, or waves and milestones.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for problem in &self.parsed.problems {
            let line = problem.line.map(|line| format!(":{line}"));
            let (source, message, hint) = (&self.source, &problem.message, &problem.hint);
            let line = line.unwrap_or_default();
            push(
                &mut text,
                format_args!("{source}{line}: {message}\n  {hint}"),
            );
        }
        let summary = self.summary();
        let Some(plan) = &self.parsed.plan else {
            push(&mut text, format_args!("{summary}"));
            return text;
        };
        push(&mut text, format_args!("{summary}"));
        for (at, wave) in plan::waves(plan).iter().enumerate() {
            push(
                &mut text,
                format_args!("  wave {}: {}", at + 1, listed(wave)),
            );
        }
        for (name, milestone) in &plan.milestones {
            let streams = listed(&milestone.streams);
            push(&mut text, format_args!("  milestone {name}: {streams}"));
        }
        if !self.shared.is_empty() {
            push(&mut text, format_args!("shared: {}", grouped(&self.shared)));
        }
        if !self.unowned.is_empty() {
            let groups = grouped(&self.unowned);
            push(&mut text, format_args!("owned by nobody: {groups}"));
        }
        text
    }

    fn summary(&self) -> String {
        let source = &self.source;
        match &self.parsed.plan {
            None => {
                let problems = self.parsed.problems.len();
                format!("{source} cannot be used: {}", count(problems, "problem"))
            }
            Some(plan) if plan.streams.is_empty() => {
                let files = count(self.tracked, "file");
                format!("{source}: no streams yet, {files} tracked")
            }
            Some(plan) => format!(
                "{source}: {} in {}, {} tracked",
                count(plan.streams.len(), "stream"),
                count(plan::waves(plan).len(), "wave"),
                count(self.tracked, "file"),
            ),
        }
    }
}

/// The draft's file, and how messages name it.
fn place(repo: &Repo, file: Option<&Path>) -> Result<(PathBuf, String), Error> {
    if let Some(file) = file {
        return Ok((file.to_owned(), file.display().to_string()));
    }
    let private = repo.private(PLAN);
    if private.exists() {
        let source = private.display().to_string();
        return Ok((private, source));
    }
    Ok((repo.require_top()?.join(PLAN), PLAN.to_owned()))
}

/// The file's bytes, or so many of them that the reader calls it too large.
fn bytes_of(path: &Path) -> Result<Vec<u8>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::NoPlan {
                path: path.to_owned(),
            });
        }
        Err(error) => return Err(git::Error::file("open", path)(error).into()),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST_PLAN as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(git::Error::file("read", path))?;
    Ok(bytes)
}

/// Every file of the commit that is checked out; none before the first commit.
fn tracked(repo: &Repo) -> Result<Vec<BString>, Error> {
    let Some(head) = repo.head()? else {
        return Ok(Vec::new());
    };
    let tree = repo.tree_of(head)?;
    let leaves = repo.diff_trees(None, Some(tree))?;
    Ok(leaves.into_iter().map(|leaf| leaf.path).collect())
}

fn mistakes(plan: &Plan, files: &[BString]) -> Vec<Mistake> {
    let of_streams = plan
        .streams
        .iter()
        .map(|(name, stream)| (Some(name), &stream.files));
    let others = [&plan.shared.files, &plan.derived.files];
    let all = of_streams.chain(others.map(|set| (None, set)));
    all.flat_map(|(stream, set)| {
        let suspects = set.patterns().iter().filter(|one| misses(one, files));
        suspects.filter_map(move |one| {
            Some(Mistake {
                stream: stream.cloned(),
                pattern: one.text().to_owned(),
                message: pattern::hint(one)?,
            })
        })
    })
    .collect()
}

/// Whether a pattern that has a hint matches no file, while what may have been meant does.
fn misses(pattern: &Pattern, files: &[BString]) -> bool {
    if pattern::hint(pattern).is_none() {
        return false;
    }
    let text = pattern.text().trim_start_matches('!');
    let any = |texts: [String; 1]| {
        let set = PatternSet::parse(texts).ok();
        let matcher = set.map(|set| Matcher::of_set(&set));
        matcher.is_some_and(|matcher| files.iter().any(|file| matcher.is_match(file.as_bstr())))
    };
    let meant = match pattern.literal() {
        Some(_) => format!("{text}/"),
        None if text.contains('\\') => text.replace('\\', "/"),
        None => format!("**/{text}"),
    };
    !any([text.to_owned()]) && any([meant])
}

/// A few by name, many as `29 files: 8 in docs/, 4 at the top, 17 elsewhere`.
fn grouped(files: &[BString]) -> String {
    if files.len() <= MOST_NAMED / 2 {
        let names: Vec<String> = files
            .iter()
            .map(|file| path::shown(file.as_bstr()))
            .collect();
        return names.join(", ");
    }
    let mut groups: BTreeMap<&BStr, usize> = BTreeMap::new();
    for file in files {
        let directory = match file.find_byte(b'/') {
            Some(end) => &file[..=end],
            None => &file[..0],
        };
        *groups.entry(directory.as_bstr()).or_default() += 1;
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(directory, count)| (std::cmp::Reverse(*count), *directory));
    let named = groups.iter().take(MOST_NAMED).map(|(directory, files)| {
        if directory.is_empty() {
            format!("{files} at the top")
        } else {
            format!("{files} in {}", path::shown(directory))
        }
    });
    let mut parts: Vec<String> = named.collect();
    let rest: usize = groups.iter().skip(MOST_NAMED).map(|(_, count)| count).sum();
    if rest > 0 {
        parts.push(format!("{rest} elsewhere (`--json` lists them)"));
    }
    format!("{}: {}", count(files.len(), "file"), parts.join(", "))
}

fn listed(names: &[StreamName]) -> String {
    let names: Vec<&str> = names.iter().map(StreamName::as_str).collect();
    names.join(" ")
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("strings take whatever is written");
}
