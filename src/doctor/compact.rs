//! How is a ledger shortened that has become long?

use serde_json::{Value, json};

use crate::exit::Failure;
use crate::git::Repo;
use crate::ledger::{Compacted, Intent, Kind, Refusal, Rules, is_dead};
use crate::name::AgentName;
use crate::word;
use crate::workspace::Workspace;

/// What became of the ledger's chain.
#[derive(Debug)]
pub struct Shortened {
    compacted: Option<Compacted>,
    dry_run: bool,
}

/// Begins the chain anew, and keeps what it was so far.
pub fn compact(
    repo: &Repo,
    agent: Option<&AgentName>,
    dry_run: bool,
) -> Result<Shortened, Failure> {
    let workspace = Workspace::open(repo)?;
    let by = workspace.caller(agent)?;
    if by.kind != Kind::Person {
        let what = "shorten the ledger".to_owned();
        return Err(Refusal::PersonOnly { what }.into());
    }
    let ledger = workspace.ledger();
    let compacted = if dry_run {
        ledger.compactable()
    } else {
        let machine = &workspace.machine;
        let dead = |intent: &Intent| is_dead(repo, machine, intent).unwrap_or(false);
        let rules = Rules {
            plan: &workspace.plan,
            dead: &dead,
            compare: None,
        };
        ledger.compact(&by.agent, &rules)
    };
    Ok(Shortened {
        compacted: compacted?,
        dry_run,
    })
}

impl Shortened {
    /// What was done, for people.
    pub fn text(&self) -> String {
        let Some(one) = &self.compacted else {
            return "nothing to shorten: the ledger's chain has one entry\n".to_owned();
        };
        let entries = word::count(one.entries, "event");
        let would = if self.dry_run { "would keep" } else { "kept" };
        let there = match &one.kept_there {
            Some(there) => format!(", and as {there} on the remote"),
            None => String::new(),
        };
        let kept = &one.kept;
        let text = format!("{would} {entries} of the ledger as {kept}{there}\n");
        match one.new {
            Some(new) => format!(
                "{text}the chain begins anew at {}\n",
                new.to_hex_with_len(12)
            ),
            None => text,
        }
    }

    /// The same for a program.
    pub fn json(&self) -> Value {
        let one = self.compacted.as_ref();
        let outcome = if one.is_some() {
            "compacted"
        } else {
            "nothing"
        };
        json!({
            "version": 1,
            "outcome": outcome,
            "entries": one.map(|one| one.entries),
            "old": one.map(|one| one.old.to_string()),
            "new": one.and_then(|one| one.new).map(|new| new.to_string()),
            "kept": one.map(|one| &one.kept),
            "kept_there": one.and_then(|one| one.kept_there.as_ref()),
            "dry_run": self.dry_run,
        })
    }
}
