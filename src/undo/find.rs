//! Which operation is meant, what has it changed, and what came later?
//!
//! The ledger keeps every state: the one before an operation is the tree of the entry before its
//! first. That is the first one whose parent does not know of it: between the entries of an
//! operation the stream's record names it in its intent.

use super::Error;
use crate::git::Repo;
use crate::ledger::{Entry, Ledger, OpId, RefMove, Reverted, Stream, StreamState};
use crate::name::{AgentName, StreamName};

/// What an undo can take back.
const OPERATIONS: [&str; 5] = ["claim", "release", "sync", "land", "undo"];
/// What is named as the caller's last operation, and is never taken back.
const TAKEOVER: &str = "takeover";
/// What happens to a stream without anybody deciding it.
const SIGNS: [&str; 4] = ["renew", "taint", "untaint", "progress"];

/// Which operation is asked for.
pub(super) struct Wanted<'a> {
    /// How its id begins.
    pub(super) op: Option<&'a str>,
    /// Its stream.
    pub(super) stream: Option<&'a StreamName>,
    /// Who did it, where no id is given.
    pub(super) agent: &'a AgentName,
}

/// An operation, and what it has changed.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) op: OpId,
    pub(super) verb: String,
    /// Its last entry, in words.
    pub(super) event: String,
    pub(super) agent: AgentName,
    pub(super) stream: StreamName,
    pub(super) before: Stream,
    pub(super) after: Stream,
    /// The refs that it moved, each from where it was to where it went; safety refs aside.
    pub(super) moves: Vec<RefMove>,
    pub(super) questions: Vec<Reverted>,
    /// The operation that it took back, where it is an undo.
    pub(super) undoes: Option<OpId>,
    /// The oldest later entry about the stream.
    pub(super) later: Option<Entry>,
}

impl Found {
    /// Where a branch went, and where it was.
    pub(super) fn move_of(&self, full_name: &str) -> Option<&RefMove> {
        self.moves.iter().find(|one| one.name == full_name)
    }

    fn is_nothing(&self) -> bool {
        self.moves.is_empty() && self.before.says_the_same_as(&self.after)
    }
}

/// Finds it: the newest one that is meant.
pub(super) fn find(repo: &Repo, wanted: &Wanted<'_>) -> Result<Found, Error> {
    let ledger = Ledger::of(repo);
    let mut newer: Vec<Entry> = Vec::new();
    for entry in ledger.history()? {
        let entry = entry?;
        if is_meant(&entry, wanted)? {
            let mut entries = vec![entry.clone()];
            let stream = entry.event.stream().cloned();
            let Some(stream) = stream else {
                return Err(Error::NotUndoable {
                    op: entry.event.op.clone(),
                    event: entry.event.subject,
                });
            };
            let mut rest = ledger.history_from(entry.parent);
            while !is_first(&ledger, &entries, &stream)? {
                let Some(next) = rest.next() else { break };
                let next = next?;
                if next.event.op == entry.event.op {
                    entries.push(next);
                }
            }
            // A landing has moved the base as well, and others may have built on that.
            if let Some(taken) = entries.iter().find(|one| one.event.verb() == TAKEOVER) {
                return Err(Error::Takeover {
                    stream,
                    event: taken.event.subject.clone(),
                });
            }
            if let Some(landed) = entries.iter().find(|one| one.event.verb() == "land") {
                return Err(Error::NotUndoable {
                    op: landed.event.op.clone(),
                    event: landed.event.subject.clone(),
                });
            }
            let found = describe(&ledger, stream, &entries, &newer)?;
            if !found.is_nothing() {
                return Ok(found);
            }
            if wanted.op.is_some() {
                return Err(Error::CameToNothing {
                    op: found.op,
                    event: found.event,
                });
            }
        }
        newer.push(entry);
    }
    Err(match wanted.op {
        Some(op) => Error::NoOperation { op: op.to_owned() },
        None => Error::Nothing {
            agent: wanted.agent.clone(),
            stream: wanted.stream.cloned(),
        },
    })
}

/// Whether an entry belongs to the operation that is asked for.
fn is_meant(entry: &Entry, wanted: &Wanted<'_>) -> Result<bool, Error> {
    let event = &entry.event;
    if let Some(op) = wanted.op {
        if !event.op.as_str().starts_with(op) {
            return Ok(false);
        }
        let is_operation = OPERATIONS.contains(&event.verb()) || event.verb() == TAKEOVER;
        return if is_operation {
            Ok(true)
        } else {
            Err(Error::NotUndoable {
                op: event.op.clone(),
                event: event.subject.clone(),
            })
        };
    }
    let is_of_stream = |stream| event.streams.contains(stream);
    if event.agent != *wanted.agent || !wanted.stream.is_none_or(is_of_stream) {
        return Ok(false);
    }
    // A sync that stopped has asked a question and moved nothing: taking back the operation before
    // it would surprise whoever has just seen it stop.
    if event.verb() == "escalate" {
        return Err(Error::Stopped {
            event: event.subject.clone(),
        });
    }
    Ok(OPERATIONS.contains(&event.verb()) || event.verb() == TAKEOVER)
}

/// Whether the oldest of these entries is the first of its operation.
fn is_first(ledger: &Ledger<'_>, entries: &[Entry], stream: &StreamName) -> Result<bool, Error> {
    let oldest = entries.last().expect("at least the one that was found");
    let Some(parent) = oldest.parent else {
        return Ok(true);
    };
    let record = ledger.stream_at(parent, stream)?;
    let intent = record.and_then(|record| record.claim?.intent);
    Ok(intent.is_none_or(|intent| intent.op != oldest.event.op))
}

/// What an operation has changed; its entries are the newest first.
fn describe(
    ledger: &Ledger<'_>,
    stream: StreamName,
    entries: &[Entry],
    newer: &[Entry],
) -> Result<Found, Error> {
    let newest = &entries[0];
    let oldest = entries.last().expect("at least the newest");
    let before = match oldest.parent {
        Some(parent) => ledger.at(parent)?,
        None => crate::ledger::State::default(),
    };
    let after = ledger.at(newest.commit)?;
    let known = after.stream(&stream).cloned();
    let ids = before.escalations.keys().chain(after.escalations.keys());
    let mut ids: Vec<&String> = ids.collect();
    ids.sort();
    ids.dedup();
    let questions = ids.into_iter().filter_map(|id| {
        let (back, left) = (before.escalations.get(id), after.escalations.get(id));
        let mut both = [back, left].into_iter().flatten();
        let is_its = both.any(|question| question.streams.contains(&stream));
        (back != left && is_its).then(|| Reverted {
            id: id.clone(),
            left: left.cloned(),
            back: back.cloned(),
        })
    });
    let questions = questions.collect();
    let decisive = entries.iter().find(|entry| !entry.event.is_step());
    let decisive = decisive.unwrap_or(newest);
    let later = newer.iter().rev().find(|entry| {
        let event = &entry.event;
        let is_its = event.streams.contains(&stream) && event.op != newest.event.op;
        is_its && !SIGNS.contains(&event.verb())
    });
    Ok(Found {
        op: newest.event.op.clone(),
        verb: newest.event.verb().to_owned(),
        event: decisive.event.subject.clone(),
        agent: newest.event.agent.clone(),
        before: before.stream(&stream).cloned().unwrap_or_else(never_seen),
        after: known.unwrap_or_else(never_seen),
        moves: net(entries),
        questions,
        undoes: entries.iter().find_map(|entry| entry.event.undoes.clone()),
        later: later.cloned(),
        stream,
    })
}

/// The record of a stream that the ledger has not seen: what its first claim goes back to.
fn never_seen() -> Stream {
    Stream {
        state: StreamState::Unclaimed,
        epoch: 0,
        round: 1,
        tainted: None,
        claim: None,
        work: None,
        landing: None,
        review: None,
        former: Vec::new(),
        extra: toml::Table::new(),
    }
}

/// Where each ref was first, and where it went last.
fn net(entries: &[Entry]) -> Vec<RefMove> {
    let mut all: Vec<RefMove> = Vec::new();
    for one in entries.iter().rev().flat_map(|entry| &entry.event.moves) {
        if one.name.starts_with("refs/stream/kept/") {
            continue;
        }
        match all.iter_mut().find(|known| known.name == one.name) {
            Some(known) => known.new = one.new,
            None => all.push(one.clone()),
        }
    }
    all.retain(|one| one.old != one.new);
    all
}
