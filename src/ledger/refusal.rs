//! Why is a request refused?
//!
//! A refusal is an answer: it says who holds what, which path two claims would share, and what to
//! do about it.

use bstr::BString;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::record::{Claim, Former, Kind, StreamState};
use crate::exit::{Exit, Explain};
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::word;

/// Who holds a stream, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The stream.
    pub stream: StreamName,
    /// The holder.
    pub agent: AgentName,
    /// Its worktree, on its machine.
    pub worktree: String,
    /// Its machine.
    pub machine: String,
}

impl Holder {
    /// Reads it from a claim.
    pub fn of(stream: &StreamName, claim: &Claim) -> Holder {
        Holder {
            stream: stream.clone(),
            agent: claim.agent.clone(),
            worktree: claim.worktree.clone(),
            machine: claim.machine.clone(),
        }
    }

    fn json(&self) -> Value {
        json!({
            "stream": self.stream,
            "agent": self.agent,
            "worktree": self.worktree,
            "machine": self.machine,
        })
    }
}

/// What somebody is to know who has lost a stream by a takeover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// The stream.
    pub stream: StreamName,
    /// The hold that has ended.
    pub former: Former,
    /// The stream's epoch now.
    pub epoch: u64,
    /// Who holds it now.
    pub holder: Option<Holder>,
    /// Whether something was done here before this machine heard of it.
    pub is_late: bool,
}

/// Why a request is refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else holds the stream.
    #[error("'{}' is held by {} in '{}'", holder.stream, holder.agent, holder.worktree)]
    Held {
        /// Who.
        holder: Holder,
        /// Whether the caller has said who it is: then it is certainly somebody else.
        named: bool,
    },
    /// A held stream could own a common path.
    #[error(
        "'{stream}' and '{}', which {} holds, would both own '{}'",
        holder.stream, holder.agent, path::shown(witness.as_ref())
    )]
    Overlaps {
        /// The stream that was asked for.
        stream: StreamName,
        /// Who holds the other one.
        holder: Holder,
        /// A path that both would own.
        witness: BString,
    },
    /// The plan keeps a path for another stream.
    #[error("the plan keeps '{}' for '{planned}'", path::shown(witness.as_ref()))]
    Planned {
        /// The stream that the plan keeps it for.
        planned: StreamName,
        /// A path that both would own.
        witness: BString,
    },
    /// The patterns are too intricate to decide.
    #[error(
        "the patterns of '{stream}' and '{other}' are too intricate to tell whether they can own a common path"
    )]
    TooComplex {
        /// The stream that was asked for.
        stream: StreamName,
        /// The one that it was compared with.
        other: StreamName,
    },
    /// A stream that it depends on has not landed.
    #[error("'{stream}' depends on '{dependency}', which is {state}")]
    NotLanded {
        /// The stream that was asked for.
        stream: StreamName,
        /// What it depends on.
        dependency: StreamName,
        /// Where that stands.
        state: StreamState,
    },
    /// What it is to be stacked on does not wait for a review.
    #[error("'{stream}' can stand on '{ground}' when that is in review; it is {state}")]
    NotInReview {
        /// The stream that was asked for.
        stream: StreamName,
        /// What it is to be stacked on.
        ground: StreamName,
        /// Where that stands.
        state: StreamState,
    },
    /// A stream that it must not run beside is held.
    #[error("'{stream}' must not run at the same time as '{}', which {} holds", holder.stream, holder.agent)]
    Conflicts {
        /// The stream that was asked for.
        stream: StreamName,
        /// Who holds the other one.
        holder: Holder,
    },
    /// The plan does not know it, and no patterns were given.
    #[error("the plan has no stream '{stream}', and no patterns were given")]
    Unknown {
        /// The stream that was asked for.
        stream: StreamName,
        /// The plan's streams that look like it, or all of them.
        known: Vec<String>,
    },
    /// The plan says what it owns; other patterns were given.
    #[error("the plan says what '{stream}' owns, and other patterns were given")]
    InPlan {
        /// The stream.
        stream: StreamName,
    },
    /// It is the caller's already, with other patterns.
    #[error("'{stream}' is yours already, with other patterns: {}", patterns.join(" "))]
    OtherPatterns {
        /// The stream.
        stream: StreamName,
        /// What it owns now.
        patterns: Vec<String>,
    },
    /// Its name differs from another's only in case.
    #[error("'{stream}' differs from the stream '{other}' only in case")]
    SameName {
        /// The stream that was asked for.
        stream: StreamName,
        /// The one that exists.
        other: StreamName,
    },
    /// Nobody holds it.
    #[error("nobody holds '{stream}'; it is {state}")]
    NotHeld {
        /// The stream.
        stream: StreamName,
        /// Where it stands.
        state: StreamState,
    },
    /// The caller is an agent, and somebody else holds the stream.
    #[error("'{}' is not yours: {} holds it", .0.stream, .0.agent)]
    NotYours(Holder),
    /// The stream is on another machine.
    #[error("'{}' is held on another machine, {}", .0.stream, .0.machine)]
    Elsewhere(Holder),
    /// Somebody else has taken the stream over.
    #[error("{}", .0.words())]
    TakenOver(Box<TakenOver>),
    /// The holder's lease has not ended.
    #[error(
        "{} holds '{}' with a lease of {}, and was silent for {} of it as far as this machine was \
         awake to see it",
        holder.agent, holder.stream, word::time(*lease), word::time(*silence)
    )]
    Alive {
        /// Who.
        holder: Holder,
        /// The lease.
        lease: SignedDuration,
        /// For how long nothing was seen of it.
        silence: SignedDuration,
        /// Who asks.
        asks: Kind,
    },
    /// Another operation on the stream is running.
    #[error("another command ({verb}) is working on '{stream}' at this moment")]
    Busy {
        /// The stream.
        stream: StreamName,
        /// The verb of that command.
        verb: String,
    },
    /// Only a person may do it.
    #[error("only a person may {what}")]
    PersonOnly {
        /// What was asked for, in words.
        what: String,
    },
    /// Something has happened to the stream that was not known when this was asked.
    #[error("something has happened to '{stream}' in the meantime")]
    Overtaken {
        /// The stream.
        stream: StreamName,
    },
    /// A question is open that only an answer can close.
    #[error("a person has to answer {id} first: {question}")]
    Asked {
        /// The stream.
        stream: StreamName,
        /// The question.
        id: String,
        /// Its sentence.
        question: String,
    },
    /// There is no such question.
    #[error("there is no open question '{id}'")]
    NoQuestion {
        /// The id that was given.
        id: String,
    },
}

impl Explain for Refusal {
    fn exit(&self) -> Exit {
        match self {
            Refusal::Held { .. }
            | Refusal::Overlaps { .. }
            | Refusal::NotLanded { .. }
            | Refusal::NotInReview { .. }
            | Refusal::Conflicts { .. }
            | Refusal::Busy { .. }
            | Refusal::Overtaken { .. } => Exit::Busy,
            Refusal::Asked { .. } => Exit::Stopped,
            Refusal::Alive {
                asks: Kind::Person, ..
            } => Exit::Usage,
            Refusal::Planned { .. }
            | Refusal::TooComplex { .. }
            | Refusal::Unknown { .. }
            | Refusal::InPlan { .. }
            | Refusal::OtherPatterns { .. }
            | Refusal::SameName { .. }
            | Refusal::NotHeld { .. }
            | Refusal::NotYours(_)
            | Refusal::Elsewhere(_)
            | Refusal::TakenOver(_)
            | Refusal::Alive {
                asks: Kind::Agent, ..
            }
            | Refusal::PersonOnly { .. }
            | Refusal::NoQuestion { .. } => Exit::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Refusal::Held { named: true, .. } => {
                "Nothing was changed. Take another stream; `git stream status` shows which are free."
                    .to_owned()
            }
            Refusal::Held { holder, named: false } => format!(
                "Nothing was changed. If you are {agent}, say so with `git stream claim {stream} --agent {quoted}`; `git stream status` shows every stream.",
                agent = holder.agent,
                quoted = word::quoted(holder.agent.as_str()),
                stream = holder.stream,
            ),
            Refusal::Overlaps { holder, .. } => format!(
                "Nothing was changed. Narrow the patterns, or wait until `git stream status {}` shows the other stream released or landed.",
                holder.stream
            ),
            Refusal::Conflicts { holder, .. } => format!(
                "Nothing was changed. Wait until `git stream status {}` shows the other stream released or landed.",
                holder.stream
            ),
            Refusal::NotLanded { dependency, .. } => format!(
                "Nothing was changed. See how far the dependency is with `git stream status {dependency}`."
            ),
            Refusal::NotInReview { ground, .. } => format!(
                "Nothing was changed. See how far it is with `git stream status {ground}`."
            ),
            Refusal::Planned { planned, .. } => format!(
                "Nothing was changed. See what the plan keeps with `git stream status {planned}`; a person may claim it all the same."
            ),
            Refusal::TooComplex { .. } => {
                "Nothing was changed. Write simpler patterns: fewer `*` and `{}` in one pattern, then check them with `git stream plan`.".to_owned()
            }
            Refusal::Unknown { stream, known } if known.is_empty() => format!(
                "Nothing was changed. Say what the stream owns: `git stream claim {stream} --files 'src/{stream}/**'`."
            ),
            Refusal::Unknown { stream, known } => format!(
                "Nothing was changed. The plan has {}. For a stream outside the plan, say what it owns: `git stream claim {stream} --files 'src/{stream}/**'`.",
                known.join(", ")
            ),
            Refusal::InPlan { stream } => format!(
                "Nothing was changed. Take it as the plan has it with `git stream claim {stream}`, and own more with `git stream claim {stream} --add PATTERN`."
            ),
            Refusal::OtherPatterns { stream, .. } => format!(
                "Nothing was changed. Own more with `git stream claim {stream} --add PATTERN`, or give the stream back with `git stream release {stream}`."
            ),
            Refusal::SameName { other, .. } => format!(
                "Nothing was changed. Their worktrees and branches would collide on some machines; choose another name, or `git stream claim {other}`."
            ),
            Refusal::NotHeld { stream, .. } => {
                format!("Nothing was changed. Take it first with `git stream claim {stream}`.")
            }
            Refusal::NotYours(holder) => format!(
                "Nothing was changed. Ask {} or a person to do it; `git stream status {}` shows the stream.",
                holder.agent, holder.stream
            ),
            Refusal::Elsewhere(holder) => format!(
                "Nothing was changed. Run the same command on {}, in '{}'; see every stream with `git stream status`.",
                holder.machine, holder.worktree
            ),
            Refusal::TakenOver(lost) => return lost.hints(),
            Refusal::Alive {
                holder,
                asks: Kind::Agent,
                ..
            } => format!(
                "Nothing was changed. When its lease has ended anybody may take it over; until then a person may, with `git stream claim {} --takeover --reason TEXT`.",
                holder.stream
            ),
            Refusal::Alive { holder, .. } => format!(
                "Nothing was changed. Say why it is to be taken from {} all the same: `git stream claim {} --takeover --reason TEXT`.",
                holder.agent, holder.stream
            ),
            Refusal::Busy { .. } => {
                "Nothing was changed. Run the same command again when the other has ended.".to_owned()
            }
            Refusal::Overtaken { stream } => {
                format!("Nothing was changed. See what it was with `git stream log {stream}`.")
            }
            Refusal::PersonOnly { .. } => {
                "Nothing was changed. Ask a person; what waits for them is in `git stream inbox`."
                    .to_owned()
            }
            Refusal::Asked { id, .. } => {
                format!("Nothing was changed. Read the question with `git stream inbox {id}`.")
            }
            Refusal::NoQuestion { .. } => {
                "Nothing was changed. See the open questions with `git stream inbox`.".to_owned()
            }
        };
        vec![hint]
    }

    fn evidence(&self) -> Map<String, Value> {
        let value = match self {
            Refusal::Held { holder, .. } => json!({"cause": "held", "holder": holder.json()}),
            Refusal::Overlaps {
                holder, witness, ..
            } => json!({
                "cause": "overlap", "holder": holder.json(), "witness": path::json(witness.as_ref()),
            }),
            Refusal::Planned { planned, witness } => json!({
                "cause": "planned", "stream": planned, "witness": path::json(witness.as_ref()),
            }),
            Refusal::TooComplex { other, .. } => json!({"cause": "too-complex", "stream": other}),
            Refusal::NotLanded {
                dependency, state, ..
            } => json!({
                "cause": "dependency", "stream": dependency, "state": state,
            }),
            Refusal::NotInReview { ground, state, .. } => json!({
                "cause": "not-in-review", "stream": ground, "state": state,
            }),
            Refusal::Conflicts { holder, .. } => {
                json!({"cause": "conflict", "holder": holder.json()})
            }
            Refusal::Unknown { known, .. } => json!({"cause": "unknown", "known": known}),
            Refusal::InPlan { .. } => json!({"cause": "in-plan"}),
            Refusal::OtherPatterns { patterns, .. } => {
                json!({"cause": "other-patterns", "files": patterns})
            }
            Refusal::SameName { other, .. } => json!({"cause": "same-name", "stream": other}),
            Refusal::NotHeld { state, .. } => json!({"cause": "not-held", "state": state}),
            Refusal::NotYours(holder) => json!({"cause": "not-yours", "holder": holder.json()}),
            Refusal::Elsewhere(holder) => json!({"cause": "elsewhere", "holder": holder.json()}),
            Refusal::TakenOver(lost) => json!({
                "cause": "taken-over",
                "by": lost.former.by,
                "at": lost.former.at,
                "reason": lost.former.reason,
                "kept": lost.former.kept,
                "epoch": lost.epoch,
                "holder": lost.holder.as_ref().map(Holder::json),
            }),
            Refusal::Alive {
                holder,
                lease,
                silence,
                ..
            } => json!({
                "cause": "alive",
                "holder": holder.json(),
                "lease": lease.as_secs(),
                "silence": silence.as_secs(),
            }),
            Refusal::Busy { verb, .. } => json!({"cause": "operation", "verb": verb}),
            Refusal::Overtaken { .. } => json!({"cause": "overtaken"}),
            Refusal::PersonOnly { .. } => json!({"cause": "person-only"}),
            Refusal::Asked { id, .. } => json!({"cause": "asked", "question": id}),
            Refusal::NoQuestion { .. } => json!({"cause": "no-question"}),
        };
        let Value::Object(map) = value else {
            return Map::new();
        };
        map
    }
}
