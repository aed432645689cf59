//! What is a person asked when a stream cannot be moved?
//!
//! One sentence, the evidence, and the commands that answer it. The same cause gives the same
//! question, whichever stream runs into it and however often.

use bstr::{BString, ByteSlice as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::obstacle::{listed, shell};
use super::{Error, Stuck};
use crate::git::{Id, Linked, Mention, Repo};
use crate::ledger::{Actor, Escalation};
use crate::name::StreamName;
use crate::path;
use crate::workspace::{Doubt, Workspace};

/// A commit could not be applied.
pub(super) const CONFLICT: &str = "conflict";
/// The base branch was rewritten, or is gone.
pub(super) const BASE_MOVED: &str = "base-moved";
/// A rename on the base carried the stream's edits out of its patterns.
pub(super) const RENAMED: &str = "renamed-out-of-scope";
/// How much of the conflict a question carries.
const MOST_LINES: usize = 200;
const MOST_BYTES: usize = 16 * 1024;
/// How many commits of the base it names.
const MOST_MENTIONS: usize = 5;
/// The lines shown around a conflict.
const CONTEXT: usize = 3;

/// A question, before it is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// `conflict`, `base-moved`, `renamed-out-of-scope`.
    pub kind: &'static str,
    /// The question, in one sentence.
    pub question: String,
    /// The same for the same cause.
    pub cause: String,
    /// The commit that could not be applied, where there is one.
    pub commit: Option<Id>,
    /// The base that it met.
    pub base: Id,
    /// The paths it is about.
    pub paths: Vec<BString>,
    /// git's own words.
    pub messages: Vec<String>,
    /// The commits of the base that changed the place.
    pub changed_by: Vec<Mention>,
    /// The conflict itself, for people.
    pub evidence: String,
    /// What can be done: a sentence with one command each.
    pub choices: Vec<String>,
}

impl Question {
    /// Short, and the same for the same cause.
    pub fn id(&self) -> String {
        format!("{}-{}", self.kind, &hex_of(self.cause.as_bytes())[..8])
    }

    /// As the ledger keeps it.
    pub(super) fn escalation(
        &self,
        workspace: &Workspace<'_>,
        stream: &StreamName,
        by: &Actor,
    ) -> Escalation {
        let planned = workspace.plan.streams.get(stream);
        let paths = self.paths.iter().map(|path| path::shown(path.as_bstr()));
        Escalation {
            id: self.id(),
            kind: self.kind.to_owned(),
            streams: vec![stream.clone()],
            agent: by.agent.clone(),
            owner: planned.and_then(|planned| planned.owner.clone()),
            raised: Timestamp::now(),
            question: self.question.clone(),
            cause: self.cause.clone(),
            commit: self.commit,
            base: Some(self.base),
            paths: paths.collect(),
            evidence: self.evidence.clone(),
            choices: self.choices.clone(),
            extra: toml::Table::new(),
        }
    }

    /// As `--json` has it.
    pub fn json(&self) -> Value {
        let paths: Vec<Value> = self.paths.iter().map(|p| path::json(p.as_bstr())).collect();
        let changed_by: Vec<Value> = self
            .changed_by
            .iter()
            .map(|one| {
                json!({
                    "commit": one.id.to_string(),
                    "author": one.author,
                    "subject": one.subject,
                    "streams": one.streams,
                })
            })
            .collect();
        json!({
            "id": self.id(),
            "kind": self.kind,
            "question": self.question,
            "commit": self.commit.map(|id| id.to_string()),
            "base": self.base.to_string(),
            "paths": paths,
            "messages": self.messages,
            "changed_by": changed_by,
            "evidence": self.evidence,
            "choices": self.choices,
        })
    }
}

/// The question that a conflict is.
pub(super) fn conflict(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    linked: &Linked,
    tip: Id,
    stuck: &Stuck,
) -> Result<Question, Error> {
    let (repo, base) = (workspace.repo, &workspace.base);
    let words = Words::of(stuck, &base.branch);
    let paths = stuck.paths();
    let messages: Vec<String> = stuck
        .conflict
        .messages
        .iter()
        .map(|message| words.replace(message))
        .collect();
    let changed_by = repo.mentions(tip, base.commit, &paths, MOST_MENTIONS)?;
    let question = format!(
        "commit {} '{}' of {stream} conflicts with {} in {}",
        short(stuck.commit),
        stuck.subject,
        base.branch,
        listed(&paths)
    );
    Ok(Question {
        kind: CONFLICT,
        question,
        cause: cause_of(stuck),
        commit: Some(stuck.commit),
        base: base.commit,
        evidence: evidence(repo, base, stuck, &words, &messages, &changed_by)?,
        paths,
        messages,
        changed_by,
        choices: vec![
            format!("Resolve it with `git stream resolve {stream}`, in a worktree of its own."),
            format!(
                "Rebase it by hand with `git -C {} rebase {}`, then `git stream sync {stream}`.",
                shell(&linked.top),
                base_name(&base.full_name)
            ),
            format!(
                "Give the stream back with `git stream release {stream}`; its commits are kept."
            ),
        ],
    })
}

/// The same conflict has the same cause, whoever runs into it: the kind, the paths, and what the
/// three sides have there.
fn cause_of(stuck: &Stuck) -> String {
    let mut stages = stuck.conflict.stages.clone();
    for one in &mut stages {
        one.path = stuck.real_path(&one.path);
    }
    stages.sort();
    let mut text = Vec::new();
    for one in stages {
        text.extend_from_slice(&one.path);
        text.extend(format!("\0{} {:o} {}\0", one.stage, one.mode, one.id).into_bytes());
    }
    format!("{CONFLICT} {}", hex_of(&text))
}

fn evidence(
    repo: &Repo,
    base: &crate::workspace::Trusted,
    stuck: &Stuck,
    words: &Words,
    messages: &[String],
    changed_by: &[Mention],
) -> Result<String, Error> {
    let mut text = String::new();
    for message in messages {
        text.push_str(&format!("git: {message}\n"));
    }
    if !changed_by.is_empty() {
        text.push_str(&format!("changed on {} by:\n", base.branch));
    }
    for one in changed_by {
        let streams = if one.streams.is_empty() {
            String::new()
        } else {
            format!(", stream {}", one.streams)
        };
        let (id, subject, author) = (short(one.id), &one.subject, &one.author);
        text.push_str(&format!("  {id} '{subject}' ({author}{streams})\n"));
    }
    let mut budget = MOST_LINES;
    let stages = stuck.conflict.stages.iter();
    let places: std::collections::BTreeSet<_> = stages.map(|one| one.path.clone()).collect();
    for path in places {
        let Some(leaf) = repo.leaf_at(stuck.tree, path.as_bstr())? else {
            continue;
        };
        if leaf.mode == crate::git::GITLINK || leaf.mode == crate::git::SYMLINK {
            continue;
        }
        let hunks = hunks(&repo.blob(leaf.id)?);
        if hunks.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{}:\n", path::shown(path.as_bstr())));
        for line in hunks {
            if budget == 0 || text.len() + line.len() > MOST_BYTES {
                text.push_str("(cut here)\n");
                return Ok(text);
            }
            budget -= 1;
            text.push_str(&words.replace(&line));
            text.push('\n');
        }
    }
    Ok(text)
}

/// The conflicts of a file with a few lines around them; nothing of a file that is no text.
fn hunks(content: &[u8]) -> Vec<String> {
    if content.contains(&0) {
        return Vec::new();
    }
    let lines: Vec<&[u8]> = content.lines().collect();
    let mut wanted = vec![false; lines.len()];
    let mut opened = None;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with(b"<<<<<<< ") {
            opened = opened.or(Some(at));
        } else if line.starts_with(b">>>>>>> ")
            && let Some(start) = opened.take()
        {
            let from = start.saturating_sub(CONTEXT);
            let to = (at + CONTEXT + 1).min(lines.len());
            wanted[from..to].fill(true);
        }
    }
    let mut shown = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if wanted[at] {
            if at > 0 && !wanted[at - 1] {
                shown.push(format!("@@ line {} @@", at + 1));
            }
            shown.push(line.to_str_lossy().into_owned());
        }
    }
    shown
}

/// What people call the trees that git names by their ids.
struct Words(Vec<(String, String)>);

impl Words {
    fn of(stuck: &Stuck, base: &str) -> Words {
        let commit = format!("{} ({})", short(stuck.commit), stuck.subject);
        Words(vec![
            (stuck.onto.to_string(), base.to_owned()),
            (stuck.theirs.to_string(), commit.clone()),
            (stuck.parent.to_string(), format!("parent of {commit}")),
        ])
    }

    fn replace(&self, text: &str) -> String {
        // A scratch worktree calls what it picks onto HEAD, which means nothing to the reader.
        if let ("<<<<<<< HEAD", Some((_, base))) = (text, self.0.first()) {
            return format!("<<<<<<< {base}");
        }
        self.0
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

/// The question that a base in doubt is.
pub(super) fn base_moved(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    doubt: &Doubt,
) -> Question {
    let base = &workspace.base;
    let (branch, trusted) = (&base.branch, short(base.commit));
    let mut paths = Vec::new();
    let (question, about) = match doubt {
        Doubt::Gone => (
            format!("the base '{branch}' is gone; {stream} stands on its commit {trusted}"),
            "gone".to_owned(),
        ),
        Doubt::Rewritten { tip } => (
            format!(
                "the base '{branch}' was rewritten: {} does not descend from {trusted}",
                short(*tip)
            ),
            tip.to_string(),
        ),
        Doubt::Trespass {
            stream: other,
            commit,
            paths: theirs,
        } => {
            let what = if theirs.is_empty() {
                "cannot be told from the base's own work".to_owned()
            } else {
                format!("changes {}, which is not {other}'s", listed(theirs))
            };
            paths.clone_from(theirs);
            (
                format!(
                    "the base '{branch}' has commit {} of {other}, which {what}",
                    short(*commit)
                ),
                commit.to_string(),
            )
        }
    };
    Question {
        kind: BASE_MOVED,
        question,
        cause: format!("{BASE_MOVED} {branch} {} {about}", base.commit),
        commit: match doubt {
            Doubt::Trespass { commit, .. } => Some(*commit),
            Doubt::Gone | Doubt::Rewritten { .. } => None,
        },
        base: base.commit,
        paths,
        messages: Vec::new(),
        changed_by: Vec::new(),
        evidence: format!("see what has changed with `git log --graph {trusted} {branch}`\n"),
        choices: vec![
            format!("Accept the branch as it is with `git stream init --base {branch} --accept`."),
            match doubt {
                Doubt::Gone => format!("Put it back with `git branch {branch} {trusted}`."),
                Doubt::Rewritten { .. } | Doubt::Trespass { .. } => {
                    format!(
                        "Put it back with `git reset --keep {trusted}` where it is checked out."
                    )
                }
            },
        ],
    }
}

/// The question that edits outside the stream's patterns are.
pub(super) fn renamed(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    paths: Vec<BString>,
) -> Question {
    let base = &workspace.base;
    let key: Vec<&[u8]> = paths.iter().map(|path| path.as_slice()).collect();
    let first = paths.first().map(|path| path::shown(path.as_bstr()));
    Question {
        kind: RENAMED,
        question: format!(
            "{} has renamed files that {stream} edits; its edits would now be in {}, which is not \
             {stream}'s",
            base.branch,
            listed(&paths)
        ),
        cause: format!("{RENAMED} {stream} {}", hex_of(&key.join(&b'\0'))),
        commit: None,
        base: base.commit,
        messages: Vec::new(),
        changed_by: Vec::new(),
        evidence: String::new(),
        choices: vec![format!(
            "Move the claim along with `git stream claim {stream} --add '{}'`, then \
             `git stream sync {stream}`.",
            first.unwrap_or_default()
        )],
        paths,
    }
}

/// The first digits of an id, for people.
pub(super) fn short(id: Id) -> String {
    id.to_hex_with_len(12).to_string()
}

/// A base's name as git's own commands take it.
fn base_name(full_name: &str) -> &str {
    ["refs/heads/", "refs/remotes/"]
        .iter()
        .find_map(|prefix| full_name.strip_prefix(prefix))
        .unwrap_or(full_name)
}

fn hex_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::hunks;

    #[test]
    fn a_conflict_is_shown_with_a_few_lines_around_it() {
        let text = "1\n2\n3\n4\n5\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n6\n7\n8\n9\n";
        let shown = hunks(text.as_bytes());
        assert_eq!(shown[0], "@@ line 3 @@");
        assert_eq!(shown[1], "3");
        assert_eq!(shown.last().map(String::as_str), Some("8"));
    }

    #[test]
    fn bytes_that_are_no_text_are_not_shown() {
        assert!(hunks(b"<<<<<<< a\n\0\n>>>>>>> b\n").is_empty());
        assert!(hunks(b"no conflict\n").is_empty());
    }
}
