//! Which operation is meant, what has it changed, and what came later?
//!
//! The ledger keeps every state: the one before an operation is the tree of the entry before its
//! first. That is the first one whose parent does not know of it: between the entries of an
//! operation the stream's record names it in its intent.
//!
//! A landing has moved the base as well, and may be one of several streams; what takes one back is
//! about the same streams.

use std::collections::BTreeSet;

use super::Error;
use crate::git::{Id, Repo};
use crate::land::Later;
use crate::ledger::{Entry, Event, Intent, Ledger, OpId, RefMove, Reverted, State, Stream, Undo};
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
    /// What more it is than an operation on one stream.
    pub(super) kind: Kind,
}

/// What sort of operation it is.
#[derive(Debug)]
pub(super) enum Kind {
    /// One on its stream alone.
    Own,
    /// A landing.
    Landing {
        /// Its streams, that of [`Found`] among them.
        back: Vec<Undo>,
        /// The moves of the base, oldest first.
        ways: Vec<(Id, Id)>,
        /// The landings that came later and were not taken back, oldest first.
        later: Vec<Later>,
    },
    /// It has taken a landing back.
    Unlanding {
        /// Its streams.
        back: Vec<Undo>,
    },
}

impl Found {
    /// Where a branch went, and where it was.
    pub(super) fn move_of(&self, full_name: &str) -> Option<&RefMove> {
        self.moves.iter().find(|one| one.name == full_name)
    }

    fn is_nothing(&self) -> bool {
        let intent = self
            .after
            .claim
            .as_ref()
            .and_then(|claim| claim.intent.as_ref());
        let begins = [Intent::REOPEN, Intent::UNLAND];
        let is_begun =
            |intent: &Intent| intent.op == self.op && begins.contains(&intent.verb.as_str());
        if intent.is_some_and(is_begun) {
            return true;
        }
        let is_own = matches!(self.kind, Kind::Own);
        // What of the record is another then, somebody else has changed meanwhile.
        let has_changed =
            !Event::is_given_up(&self.event) && !self.before.says_the_same_as(&self.after);
        is_own && self.moves.is_empty() && !has_changed
    }

    /// Of a landing: the oldest later entry about one of its streams that is not what it has left.
    pub(super) fn overtaken<'n>(&self, state: &State, newer: &'n [Entry]) -> Option<&'n Entry> {
        let (Kind::Landing { back, .. } | Kind::Unlanding { back }) = &self.kind else {
            return None;
        };
        let mut changed = back.iter().filter(|undo| {
            let now = state.stream(&undo.stream);
            now.is_none_or(|now| !now.says_the_same_as(&undo.left))
        });
        changed.find_map(|undo| later(newer, &undo.stream, &self.op))
    }
}

/// Finds it: the newest one that is meant, and all entries that came later.
pub(super) fn find(repo: &Repo, wanted: &Wanted<'_>) -> Result<(Found, Vec<Entry>), Error> {
    let ledger = Ledger::of(repo);
    let mut newer: Vec<Entry> = Vec::new();
    let mut looked_at = BTreeSet::new();
    let mut nothing = BTreeSet::new();
    for entry in ledger.history()? {
        let entry = entry?;
        if nothing.contains(entry.event.op.as_str()) {
            continue;
        }
        // One operation writes several entries: it is looked at once.
        if looked_at.contains(entry.event.op.as_str()) || !is_meant(&entry, wanted)? {
            newer.push(entry);
            continue;
        }
        let op = entry.event.op.clone();
        looked_at.insert(op.as_str().to_owned());
        let found = whole(&ledger, wanted, &entry, &newer)?;
        if !found.is_nothing() {
            newer.retain(|other| other.event.op != op);
            return Ok((found, newer));
        }
        if wanted.op.is_some() {
            return Err(Error::CameToNothing {
                op: found.op,
                event: found.event,
            });
        }
        // Nothing came of it: it stands in nobody's way.
        newer.retain(|other| other.event.op != op);
        nothing.insert(op.as_str().to_owned());
    }
    let before = ledger.command_for_before()?;
    Err(match wanted.op {
        Some(op) => Error::NoOperation {
            op: op.to_owned(),
            before,
        },
        None => Error::Nothing {
            before,
            agent: wanted.agent.clone(),
            stream: wanted.stream.cloned(),
        },
    })
}

/// The operation to which an entry belongs that is meant.
fn whole(
    ledger: &Ledger<'_>,
    wanted: &Wanted<'_>,
    entry: &Entry,
    newer: &[Entry],
) -> Result<Found, Error> {
    let is_its = |other: &&Entry| other.event.op == entry.event.op;
    let mut entries: Vec<Entry> = newer.iter().filter(is_its).cloned().collect();
    entries.push(entry.clone());
    let named = wanted
        .stream
        .filter(|name| entry.event.streams.contains(name));
    let Some(stream) = named.or_else(|| entry.event.stream()).cloned() else {
        return Err(Error::NotUndoable {
            op: entry.event.op.clone(),
            event: entry.event.subject.clone(),
        });
    };
    let mut rest = ledger.history_from(entry.parent);
    while !is_first(ledger, &entries, &stream)? {
        let Some(next) = rest.next() else { break };
        let next = next?;
        if next.event.op == entry.event.op {
            entries.push(next);
        }
    }
    if let Some(taken) = entries.iter().find(|one| one.event.verb() == TAKEOVER) {
        return Err(Error::Takeover {
            stream,
            event: taken.event.subject.clone(),
        });
    }
    describe(ledger, stream, &entries, newer)
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
        None => State::default(),
    };
    let after = ledger.at(newest.commit)?;
    // A landing is not about what follows for each of its streams.
    let landed = entries.iter().find(|entry| has_landed(entry));
    let decisive = landed.or_else(|| entries.iter().find(|entry| !entry.event.is_step()));
    let decisive = decisive.unwrap_or(newest);
    let op = newest.event.op.clone();
    let verb = decisive.event.verb().to_owned();
    let part = |stream: &StreamName| Undo {
        stream: stream.clone(),
        op: op.clone(),
        verb: verb.clone(),
        whose: newest.event.agent.clone(),
        left: record(&after, stream),
        back: record(&before, stream),
        questions: questions(&before, &after, stream),
    };
    let own = part(&stream);
    let kind = kind((&before, &after), &own, entries, newer, &part);
    Ok(Found {
        event: decisive.event.subject.clone(),
        agent: newest.event.agent.clone(),
        moves: net(entries),
        undoes: entries.iter().find_map(|entry| entry.event.undoes.clone()),
        later: later(newer, &stream, &op).cloned(),
        op,
        verb: if matches!(kind, Kind::Own) && landed.is_none() {
            newest.event.verb().to_owned()
        } else {
            verb
        },
        before: own.back,
        after: own.left,
        questions: own.questions,
        stream,
        kind,
    })
}

/// Whether an entry says that the base has got something.
fn has_landed(entry: &Entry) -> bool {
    entry.event.verb() == "land" && entry.event.subject.contains(" onto ")
}

/// What sort of operation it is: told by what it has done to the base, and to how many streams.
fn kind(
    (before, after): (&State, &State),
    own: &Undo,
    entries: &[Entry],
    newer: &[Entry],
    part: &dyn Fn(&StreamName) -> Undo,
) -> Kind {
    let streams: BTreeSet<&StreamName> = entries
        .iter()
        .flat_map(|entry| &entry.event.streams)
        .collect();
    let changed = streams.into_iter().filter(|name| {
        let (was, is) = (record(before, name), record(after, name));
        !was.says_the_same_as(&is)
    });
    let back: Vec<Undo> = changed.map(part).collect();
    if entries.iter().any(takes_landing_back) {
        return Kind::Unlanding { back };
    }
    let branch = after.base.as_ref().map(|base| base.branch.clone());
    let branch = branch.unwrap_or_default();
    let ways = ways(entries, &branch);
    let is_its = own.left.landing != own.back.landing;
    if !is_its || (ways.is_empty() && back.len() < 2) {
        return Kind::Own;
    }
    let undone: BTreeSet<&str> = newer
        .iter()
        .filter_map(|entry| Some(entry.event.undoes.as_ref()?.as_str()))
        .collect();
    let landings = newer.iter().rev().filter(|entry| {
        let event = &entry.event;
        event.verb() == "land" && event.op != own.op && !undone.contains(event.op.as_str())
    });
    let later = landings.filter_map(|entry| {
        let ways = ways_of(entry, &branch);
        (!ways.is_empty()).then(|| Later {
            op: entry.event.op.clone(),
            event: entry.event.subject.clone(),
            agent: entry.event.agent.clone(),
            streams: entry.event.streams.clone(),
            ways,
        })
    });
    let later = later.collect();
    Kind::Landing { back, ways, later }
}

/// Whether an entry says that a landing is taken back.
fn takes_landing_back(entry: &Entry) -> bool {
    entry.event.verb() == "undo" && entry.event.subject.contains(" takes back land ")
}

/// Where an operation has moved the base from and to, oldest first.
fn ways(entries: &[Entry], branch: &str) -> Vec<(Id, Id)> {
    let oldest_first = entries.iter().rev();
    oldest_first
        .flat_map(|entry| ways_of(entry, branch))
        .collect()
}

fn ways_of(entry: &Entry, branch: &str) -> Vec<(Id, Id)> {
    let base = format!("refs/heads/{branch}");
    let event = &entry.event;
    let moves = event.moves.iter().chain(&event.publish);
    let moves = moves.filter(|one| one.name == base);
    moves.filter_map(|one| one.old.zip(one.new)).collect()
}

fn record(state: &State, stream: &StreamName) -> Stream {
    state
        .stream(stream)
        .cloned()
        .unwrap_or_else(Stream::unclaimed)
}

/// The questions of a stream that an operation has changed.
fn questions(before: &State, after: &State, stream: &StreamName) -> Vec<Reverted> {
    let ids: BTreeSet<&String> = before
        .escalations
        .keys()
        .chain(after.escalations.keys())
        .collect();
    let changed = ids.into_iter().filter_map(|id| {
        let (back, left) = (before.escalations.get(id), after.escalations.get(id));
        let mut both = [back, left].into_iter().flatten();
        let is_its = both.any(|question| question.streams.contains(stream));
        (back != left && is_its).then(|| Reverted {
            id: id.clone(),
            left: left.cloned(),
            back: back.cloned(),
        })
    });
    changed.collect()
}

/// The oldest entry about a stream that came later, of another operation.
fn later<'n>(newer: &'n [Entry], stream: &StreamName, op: &OpId) -> Option<&'n Entry> {
    newer.iter().rev().find(|entry| {
        let event = &entry.event;
        let is_its = event.streams.contains(stream) && event.op != *op;
        is_its && !SIGNS.contains(&event.verb())
    })
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
