//! Which questions are open after one was asked, or after a stream has got through?
//!
//! A question is asked once. Streams that the same thing on the base has stopped share one, which
//! has a part for each of them; a stream that gets through leaves it, and with the last one it is
//! closed.

use super::record::{Escalation, Part};
use super::state::State;
use crate::name::StreamName;

/// The kinds of which a stream has one at a time: a sync stops at the first thing in its way.
const OF_SYNC: [&str; 3] = [
    Escalation::CONFLICT,
    Escalation::RENAMED,
    Escalation::BASE_MOVED,
];

/// Asks a question, for its one stream. Answers whether anything has changed.
pub(super) fn ask(state: &mut State, asked: &Escalation) -> bool {
    let before = state.escalations.clone();
    let open = state.escalations.values().find(|open| is_same(open, asked));
    let joined = match open.cloned() {
        Some(open) => join(open, asked),
        None => asked.clone(),
    };
    if OF_SYNC.contains(&asked.kind.as_str()) {
        for stream in &asked.streams {
            leave(state, stream, |other| {
                other.id != joined.id && OF_SYNC.contains(&other.kind.as_str())
            });
        }
    }
    state.escalations.insert(joined.id.clone(), joined);
    state.escalations != before
}

/// Takes a stream out of these questions; one that nobody waits for any more is closed.
pub(super) fn leave(state: &mut State, stream: &StreamName, these: impl Fn(&Escalation) -> bool) {
    state.escalations.retain(|_, open| {
        if these(open) && open.streams.contains(stream) {
            open.streams.retain(|other| other != stream);
            open.parts.remove(stream);
            sum_up(open);
        }
        !open.streams.is_empty()
    });
}

/// Whether it is asked already, or something that the same thing has brought about in another
/// stream.
fn is_same(open: &Escalation, asked: &Escalation) -> bool {
    let causes = open.parts.values().map(|part| &part.cause);
    let same_cause = open.cause == asked.cause || causes.into_iter().any(|it| *it == asked.cause);
    let is_shared = open.streams.iter().any(|one| !asked.streams.contains(one));
    let same_origin = !asked.origin.is_empty() && open.origin == asked.origin;
    open.kind == asked.kind && (same_cause || (is_shared && same_origin))
}

fn join(mut open: Escalation, asked: &Escalation) -> Escalation {
    if open.streams == asked.streams {
        let is_known = open.cause == asked.cause;
        return Escalation {
            // Who ran into it first; whoever asks again changes nothing.
            agent: if is_known {
                open.agent
            } else {
                asked.agent.clone()
            },
            id: open.id,
            raised: open.raised,
            notified: open.notified,
            ..asked.clone()
        };
    }
    if open.parts.is_empty() {
        let part = part_of(&open);
        let streams = open.streams.iter().cloned();
        open.parts = streams.map(|stream| (stream, part.clone())).collect();
    }
    for stream in &asked.streams {
        let mut part = part_of(asked);
        if let Some(known) = open.parts.remove(stream)
            && known.cause == part.cause
        {
            part.agent = known.agent;
        }
        open.parts.insert(stream.clone(), part);
    }
    sum_up(&mut open);
    open
}

fn part_of(whole: &Escalation) -> Part {
    Part {
        agent: whole.agent.clone(),
        owner: whole.owner.clone(),
        question: whole.question.clone(),
        cause: whole.cause.clone(),
        commit: whole.commit,
        base: whole.base,
        paths: whole.paths.clone(),
        evidence: whole.evidence.clone(),
        choices: whole.choices.clone(),
    }
}

/// Makes the whole say what its parts say.
fn sum_up(whole: &mut Escalation) {
    let parts = std::mem::take(&mut whole.parts);
    let Some((_, first)) = parts.first_key_value() else {
        return;
    };
    whole.streams = parts.keys().cloned().collect();
    whole.agent.clone_from(&first.agent);
    whole.owner.clone_from(&first.owner);
    whole.cause.clone_from(&first.cause);
    whole.question.clone_from(&first.question);
    whole.base = first.base;
    whole.commit = first.commit.filter(|_| parts.len() == 1);
    let all = |list: fn(&Part) -> &Vec<String>| {
        let mut all: Vec<String> = Vec::new();
        for one in parts.values().flat_map(list) {
            if !all.contains(one) {
                all.push(one.clone());
            }
        }
        all
    };
    whole.paths = all(|part| &part.paths);
    whole.choices = all(|part| &part.choices);
    whole.evidence.clone_from(&first.evidence);
    if parts.len() == 1 {
        return;
    }
    let others = parts.iter().skip(1);
    if others
        .clone()
        .any(|(_, other)| other.question != first.question)
    {
        let names: Vec<&str> = others.map(|(name, _)| name.as_str()).collect();
        whole.question = format!("{}; the same stops {}", first.question, names.join(", "));
        let told = parts.iter().map(|(name, part)| {
            let evidence = part.evidence.trim_end();
            format!("{name}: {}\n{evidence}\n", part.question)
        });
        whole.evidence = told.collect::<Vec<_>>().join("\n");
    }
    whole.parts = parts;
}
