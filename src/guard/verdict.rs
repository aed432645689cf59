//! What did the guard decide, and how is that told?
//!
//! Refused paths are grouped by the reason and by whose they are; of a long group only the
//! beginning is listed. The JSON has all of them.

use std::fmt::Write as _;

use bstr::{BStr, BString, ByteSlice as _};
use serde_json::{Map, Value, json};

use super::hint;
use super::owner::{Owner, Owners};
use crate::git::Id;
use crate::name::StreamName;
use crate::path;
use crate::rule::{Breach, Why};

/// The most paths of one group that a text lists.
const LISTED: usize = 10;

/// What was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The worktree's index.
    Staged,
    /// The index of a commit that takes more or less than what is staged (`-a`, `-- PATH`).
    Commit,
    /// The commits of a range.
    Range {
        /// The commit that is trusted.
        base: Id,
    },
    /// The commits of a range that belongs to no stream.
    Outsider {
        /// The commit that is trusted.
        base: Id,
        /// Whether there is a ledger that says who holds what.
        ledger: bool,
    },
    /// The commits that the move of a branch would bring.
    Brought {
        /// The commit that is trusted.
        base: Id,
    },
    /// Paths that were only named.
    Paths,
}

/// The guard's answer.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What was judged.
    pub what: What,
    /// For which stream; `None` where patterns were given instead.
    pub stream: Option<StreamName>,
    /// How much was judged: changed paths, or commits of a range.
    pub judged: usize,
    /// What is refused, in the order in which it was judged.
    pub refused: Vec<Refused>,
}

/// One path that is refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The commit of a range, and the first line of its message.
    pub commit: Option<(Id, BString)>,
    /// The path, and which part of the rule it breaks.
    pub breach: Breach,
    /// Whose it is.
    pub owner: Owner,
}

impl Verdict {
    pub(super) fn new(what: What, stream: Option<StreamName>, judged: usize) -> Verdict {
        Verdict {
            what,
            stream,
            judged,
            refused: Vec::new(),
        }
    }

    pub(super) fn refuse(
        &mut self,
        commit: Option<&(Id, BString)>,
        breaches: Vec<Breach>,
        owners: &Owners<'_>,
    ) {
        self.refused.extend(breaches.into_iter().map(|breach| {
            let owner = match breach.why {
                Why::OutOfScope => owners.of(breach.path.as_bstr()),
                Why::Shared
                | Why::Plan
                | Why::BadPath(_)
                | Why::CaseCollision { .. }
                | Why::SymlinkOut { .. }
                | Why::Gitlink
                | Why::Unmerged => Owner::Nobody,
            };
            Refused {
                commit: commit.cloned(),
                breach,
                owner,
            }
        }));
    }

    /// Whether nothing is refused.
    pub fn accepts(&self) -> bool {
        self.refused.is_empty()
    }

    /// The answer as the contract has it.
    pub fn object(&self) -> Value {
        let paths: Vec<Value> = self.refused.iter().map(Refused::object).collect();
        json!({
            "version": 1,
            "verdict": if self.accepts() { "accept" } else { "refuse" },
            "stream": self.stream,
            "paths": paths,
        })
    }

    /// The answer in words, without what to do about it.
    pub fn text(&self) -> String {
        if self.accepts() {
            return self.accepted();
        }
        let mut text = self.headline();
        for (label, group) in self.groups() {
            let _never_fails = write!(text, "\n{label}:");
            for refused in group.iter().take(LISTED) {
                let _never_fails = write!(text, "\n  {}", refused.line());
            }
            if group.len() > LISTED {
                let _never_fails = write!(text, "\n  … and {} more", group.len() - LISTED);
            }
        }
        text
    }

    /// What to do about it: sentences with one command each.
    pub fn hints(&self) -> Vec<String> {
        if self.accepts() {
            return hint::unknown(self.what).into_iter().collect();
        }
        hint::hints(self)
    }

    /// What is refused as annotations of a GitHub Actions log: one line for each path, which is
    /// then shown beside the file in the pull request.
    pub fn annotations(&self) -> String {
        let lines = self.refused.iter().map(|refused| {
            let message = format!("{}: {}", refused.label(), refused.line());
            format!(
                "::error file={},title=git stream::{}\n",
                property(refused.breach.path.as_bstr()),
                data(&message)
            )
        });
        lines.collect()
    }

    /// Whether the text leaves something out.
    pub(super) fn is_cut(&self) -> bool {
        self.groups().iter().any(|(_, group)| group.len() > LISTED)
    }

    fn accepted(&self) -> String {
        let whose = match &self.stream {
            Some(stream) => format!("stream '{stream}'"),
            None => "the patterns".to_owned(),
        };
        match (self.what, self.judged) {
            (What::Staged | What::Commit, 0) => "nothing is staged".to_owned(),
            (What::Range { .. } | What::Outsider { .. } | What::Brought { .. }, 0) => {
                "the range has no commit".to_owned()
            }
            (What::Outsider { ledger: false, .. }, _) => {
                "there is no ledger here, so no stream is known to be held".to_owned()
            }
            (What::Outsider { .. }, 1) => "the commit touches no held stream".to_owned(),
            (What::Outsider { .. }, n) => format!("none of the {n} commits touches a held stream"),
            (What::Staged | What::Commit, n) => {
                format!("{} inside {whose}", staying(n, "staged path"))
            }
            (What::Range { .. } | What::Brought { .. }, n) => {
                format!("{} inside {whose}", staying(n, "commit"))
            }
            (What::Paths, n) => format!("{} inside {whose}", staying(n, "path")),
        }
    }

    /// What is refused, in one line.
    pub fn headline(&self) -> String {
        let whose = match &self.stream {
            Some(stream) => format!("stream '{stream}'"),
            None => "the owner of these patterns".to_owned(),
        };
        let groups: Vec<String> = self
            .groups()
            .iter()
            .map(|(label, group)| format!("{} {label}", group.len()))
            .collect();
        let groups = groups.join(", ");
        let (refused, judged) = (self.refused.len(), self.judged);
        match self.what {
            What::Staged | What::Commit => format!(
                "{whose} may not change {} to be committed: {groups}",
                any(&of(refused, judged, "path"))
            ),
            What::Paths => format!(
                "{whose} may not change {}: {groups}",
                any(&of(refused, judged, "path"))
            ),
            What::Range { .. } | What::Outsider { .. } | What::Brought { .. } => {
                let mut commits: Vec<Id> = self.commits().collect();
                commits.dedup();
                let changes = match commits.len() {
                    1 => "changes",
                    _ => "change",
                };
                let commits = of(commits.len(), judged, "commit");
                if matches!(self.what, What::Outsider { .. }) {
                    format!("{commits} {changes} what others hold: {groups}")
                } else {
                    format!("{commits} of {whose} {changes} what it may not: {groups}")
                }
            }
        }
    }

    /// The commits that something is refused of, newest first, with repetitions.
    pub(super) fn commits(&self) -> impl Iterator<Item = Id> {
        let commits = self.refused.iter().filter_map(|one| one.commit.as_ref());
        commits.map(|(id, _)| *id)
    }

    /// What is refused, by label, in the order in which each label first occurs.
    fn groups(&self) -> Vec<(String, Vec<&Refused>)> {
        let mut groups: Vec<(String, Vec<&Refused>)> = Vec::new();
        for refused in &self.refused {
            let label = refused.label();
            match groups.iter_mut().find(|(known, _)| *known == label) {
                Some((_, group)) => group.push(refused),
                None => groups.push((label, vec![refused])),
            }
        }
        groups
    }
}

/// Text as a message of GitHub's workflow commands takes it.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

/// A path as a property, which also ends at a colon or a comma. It is the path itself, so that the
/// file is found; one that would move a terminal's cursor is quoted.
fn property(path: &BStr) -> String {
    let moves = |c: char| c.is_control() && c != '\r' && c != '\n';
    let text = match path.to_str() {
        Ok(text) if !text.contains(moves) => text.to_owned(),
        _ => path::shown(path),
    };
    data(&text).replace(':', "%3A").replace(',', "%2C")
}

/// "the staged path stays", "all 3 staged paths stay".
fn staying(n: usize, thing: &str) -> String {
    match n {
        1 => format!("the {thing} stays"),
        n => format!("all {n} {thing}s stay"),
    }
}

/// "may not change any of the 3 paths" says what "all 3 paths" leaves open.
fn any(number: &str) -> String {
    match number.strip_prefix("all ") {
        Some(rest) => format!("any of the {rest}"),
        None => number.to_owned(),
    }
}

/// "the path", "all 3 paths", "2 of the 3 paths".
fn of(some: usize, all: usize, thing: &str) -> String {
    match (some, all) {
        (1, 1) => format!("the {thing}"),
        (some, all) if some == all => format!("all {all} {thing}s"),
        (some, all) => format!("{some} of the {all} {thing}s"),
    }
}

impl Refused {
    fn object(&self) -> Value {
        let breach = &self.breach;
        let mut object = Map::new();
        let mut put = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
        put("path", path::json(breach.path.as_bstr()));
        put("why", breach.why.name().into());
        let (owner, agent) = match &self.owner {
            Owner::Held { stream, agent } => (json!(stream), json!(agent)),
            Owner::Planned { stream } => (json!(stream), Value::Null),
            Owner::Nobody => (Value::Null, Value::Null),
        };
        put("owner", owner);
        put("agent", agent);
        match &breach.why {
            Why::CaseCollision { other } => put("other", path::json(other.as_bstr())),
            Why::SymlinkOut { target } => put("target", path::json(target.as_bstr())),
            Why::BadPath(problem) => put("problem", problem.to_string().into()),
            Why::OutOfScope | Why::Shared | Why::Plan | Why::Gitlink | Why::Unmerged => {}
        }
        if let Some((commit, _)) = &self.commit {
            put("commit", commit.to_string().into());
        }
        Value::Object(object)
    }

    /// What the path has in common with others.
    fn label(&self) -> String {
        match (&self.breach.why, &self.owner) {
            (Why::OutOfScope, Owner::Held { stream, agent }) => {
                format!("of {stream} (held by {agent})")
            }
            (Why::OutOfScope, Owner::Planned { stream }) => {
                format!("of {stream} (held by nobody)")
            }
            (Why::OutOfScope, Owner::Nobody) => "owned by nobody".to_owned(),
            (Why::Shared, _) => "shared by all streams (locks do not exist yet)".to_owned(),
            (Why::Plan, _) => "the plan, which belongs to no stream".to_owned(),
            (Why::BadPath(_), _) => "that no git should store".to_owned(),
            (Why::CaseCollision { .. }, _) => {
                "that some machines cannot tell from another".to_owned()
            }
            (Why::SymlinkOut { .. }, _) => "leading out of the stream by a symlink".to_owned(),
            (Why::Gitlink, _) => "submodules, which the plan does not allow".to_owned(),
            (Why::Unmerged, _) => "with an unresolved conflict".to_owned(),
        }
    }

    /// The path, with what is said about it alone.
    fn line(&self) -> String {
        let shown = path::shown(self.breach.path.as_bstr());
        let mut line = match &self.breach.why {
            Why::OutOfScope | Why::Shared | Why::Plan | Why::Gitlink | Why::Unmerged => shown,
            Why::BadPath(problem) => format!("{shown}: {problem}"),
            Why::CaseCollision { other } => {
                format!("{shown} collides with {}", path::shown(other.as_bstr()))
            }
            Why::SymlinkOut { target } => {
                format!("{shown} -> {}", path::shown(target.as_bstr()))
            }
        };
        if let Some((commit, subject)) = &self.commit {
            let subject = path::shown(subject.as_bstr());
            let _never_fails = write!(line, " in {} ({subject})", commit.to_hex_with_len(9));
        }
        line
    }
}
