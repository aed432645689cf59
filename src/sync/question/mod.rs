//! What is a person asked when a stream cannot be moved?
//!
//! One sentence, the evidence, and the commands that answer it. The same cause gives the same
//! question, whichever stream runs into it and however often.

mod base_moved;
mod conflict;
mod evidence;
mod landers;
mod renamed;
mod whose;

use bstr::{BString, ByteSlice as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use base_moved::base_moved;
pub use conflict::conflict;
pub use renamed::renamed;
pub use whose::Whose;

use crate::git::{Id, Mention};
use crate::ledger::{Actor, Escalation};
use crate::name::StreamName;
use crate::path;
use crate::workspace::Workspace;

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
    /// What on the base it comes from: the same for every stream that the same thing stops.
    pub origin: String,
    /// The base that it met.
    pub base: Id,
    /// The paths it is about.
    pub paths: Vec<BString>,
    /// Whose each of them is.
    pub whose: Vec<Whose>,
    /// What sorts of conflict they are, in git's words: `content`, `modify/delete`, …
    pub kinds: Vec<String>,
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
    pub fn escalation(
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
            origin: self.origin.clone(),
            notified: None,
            parts: std::collections::BTreeMap::new(),
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
            "owners": self.whose.iter().map(Whose::json).collect::<Vec<_>>(),
            "conflicts": self.kinds,
            "messages": self.messages,
            "changed_by": changed_by,
            "evidence": self.evidence,
            "choices": self.choices,
        })
    }
}

/// The first digits of an id, for people.
pub(super) fn short(id: Id) -> String {
    id.to_hex_with_len(12).to_string()
}

/// What on the base a question comes from: the commits that changed the place.
fn origin_of(kind: &str, changed_by: &[Mention]) -> String {
    if changed_by.is_empty() {
        return String::new();
    }
    let mut ids: Vec<String> = changed_by.iter().map(|one| one.id.to_string()).collect();
    ids.sort();
    format!("{kind} {}", hex_of(ids.join(" ").as_bytes()))
}

fn hex_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
