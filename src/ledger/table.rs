//! From which state to which may a stream go, by which request?
//!
//! The table is the documentation (`docs/states.md` shows it) and the check: a test drives
//! [`super::apply`] through random requests and finds every step it takes in here.

use super::record::StreamState::{
    self, Blocked, Completed, Failed, InProgress, InReview, Landed, Unclaimed,
};

/// One step a stream may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// The command or the event that takes the step.
    pub by: &'static str,
    /// Where the stream stood; `None` for one that the ledger has never seen.
    pub from: Option<StreamState>,
    /// Where it stands afterwards.
    pub to: StreamState,
    /// Who may take the step, and when.
    pub when: &'static str,
}

const fn step(
    by: &'static str,
    from: Option<StreamState>,
    to: StreamState,
    when: &'static str,
) -> Transition {
    Transition { by, from, to, when }
}

/// Every step that there is, but those of `undo`, which takes any of them back.
pub const TRANSITIONS: &[Transition] = &[
    step(
        "claim",
        None,
        InProgress,
        "anybody, where no held stream overlaps",
    ),
    step(
        "claim",
        Some(Unclaimed),
        InProgress,
        "anybody; work that was left is resumed",
    ),
    step("claim", Some(Landed), InProgress, "anybody: a new round"),
    step(
        "claim",
        Some(Blocked),
        InProgress,
        "anybody, where a claim died before it was complete",
    ),
    step("claim", Some(Completed), InProgress, "as above"),
    step("claim", Some(InReview), InProgress, "as above"),
    step("claim", Some(Failed), InProgress, "as above"),
    step(
        "release",
        Some(InProgress),
        Unclaimed,
        "the holder, or a person on its machine",
    ),
    step(
        "release",
        Some(Blocked),
        Unclaimed,
        "the holder, or a person on its machine",
    ),
    step(
        "release",
        Some(Completed),
        Unclaimed,
        "the holder, or a person on its machine",
    ),
    step(
        "release",
        Some(Failed),
        Unclaimed,
        "the holder, or a person on its machine",
    ),
    step(
        "release",
        Some(InReview),
        Unclaimed,
        "the holder, or a person on its machine",
    ),
    step(
        "release",
        Some(Landed),
        Unclaimed,
        "as above, where work was added after it had landed",
    ),
    step(
        "release",
        Some(InProgress),
        Landed,
        "as above, where the base has all of its work",
    ),
    step(
        "release",
        Some(Blocked),
        Landed,
        "as above, where the base has all of its work",
    ),
    step(
        "release",
        Some(Completed),
        Landed,
        "as above, where the base has all of its work",
    ),
    step(
        "release",
        Some(InReview),
        Landed,
        "as above, where the base has all of its work",
    ),
    step(
        "release",
        Some(Failed),
        Landed,
        "as above, where the base has all of its work",
    ),
    step(
        "sync",
        Some(InProgress),
        Blocked,
        "a conflict that a person must decide",
    ),
    step(
        "sync",
        Some(Completed),
        Blocked,
        "a conflict that a person must decide",
    ),
    step("sync", Some(Blocked), InProgress, "the conflict is gone"),
    step(
        "sync",
        Some(Landed),
        InProgress,
        "its holder has gone on after the landing",
    ),
    step(
        "sync",
        Some(InProgress),
        Landed,
        "the base has all of its work",
    ),
    step(
        "sync",
        Some(Blocked),
        Landed,
        "the base has all of its work",
    ),
    step(
        "sync",
        Some(Completed),
        Landed,
        "the base has all of its work",
    ),
    step(
        "sync",
        Some(InReview),
        Landed,
        "the base has all of its work",
    ),
    step("sync", Some(Failed), Landed, "the base has all of its work"),
    step(
        "land",
        Some(InProgress),
        Landed,
        "the holder, or a person on its machine; the base has moved",
    ),
    step(
        "land",
        Some(Blocked),
        Landed,
        "as above, where landing has answered the question",
    ),
    step(
        "land",
        Some(Completed),
        Landed,
        "as above; the queue takes these",
    ),
    step("land", Some(Failed), Landed, "as above"),
    step(
        "land",
        Some(InReview),
        Landed,
        "as above, or anybody who sees that it was merged",
    ),
    step(
        "land",
        Some(Completed),
        Blocked,
        "its check has failed in the queue",
    ),
    step(
        "land",
        Some(Landed),
        InProgress,
        "its holder has committed more meanwhile: a new round",
    ),
    step(
        "land",
        Some(InProgress),
        InReview,
        "its branch is pushed, its pull request open",
    ),
    step(
        "land",
        Some(Blocked),
        InReview,
        "as above, where landing has answered the question",
    ),
    step("land", Some(Completed), InReview, "as above"),
    step("land", Some(Failed), InReview, "as above"),
    step(
        "land",
        Some(Landed),
        InReview,
        "as above, where work was added after it had landed",
    ),
    step(
        "land",
        Some(InReview),
        InProgress,
        "its pull request was closed without a merge",
    ),
    step(
        "progress",
        Some(InProgress),
        Completed,
        "the holder: it may land",
    ),
    step(
        "progress",
        Some(Failed),
        Completed,
        "the holder: it may land after all",
    ),
    step(
        "progress",
        Some(Blocked),
        Completed,
        "the holder, when it has mended what a check found",
    ),
    step(
        "progress",
        Some(InProgress),
        Failed,
        "the holder: it cannot be done",
    ),
    step(
        "progress",
        Some(Completed),
        Failed,
        "the holder: it cannot be done",
    ),
    step(
        "progress",
        Some(Completed),
        InProgress,
        "the holder: there is more to do",
    ),
    step(
        "progress",
        Some(Failed),
        InProgress,
        "the holder: it goes on after all",
    ),
    step(
        "progress",
        Some(InReview),
        InProgress,
        "the holder: its pull request is to be forgotten",
    ),
    step(
        "takeover",
        Some(Completed),
        InProgress,
        "anybody, where the lease has ended; before that a person, with a reason",
    ),
    step("takeover", Some(Failed), InProgress, "as above"),
    step(
        "takeover",
        Some(Landed),
        InProgress,
        "as above: a new round",
    ),
    step(
        "taint",
        Some(InProgress),
        Blocked,
        "its history breaks the rule: how shall it become clean?",
    ),
    step(
        "taint",
        Some(Completed),
        Blocked,
        "its history breaks the rule: how shall it become clean?",
    ),
    step(
        "untaint",
        Some(Blocked),
        InProgress,
        "its history is clean again, and no other question is open",
    ),
    step(
        "abandon",
        Some(InProgress),
        Unclaimed,
        "a claim that died before it was complete",
    ),
    step(
        "abandon",
        Some(Blocked),
        Unclaimed,
        "a claim that died before it was complete",
    ),
    step("abandon", Some(Completed), Unclaimed, "as above"),
    step("abandon", Some(InReview), Unclaimed, "as above"),
    step("abandon", Some(Failed), Unclaimed, "as above"),
    step("abandon", Some(Landed), Unclaimed, "as above"),
];

/// Whether an entry of the log, by the first word of its subject, may take a stream from one state to
/// the other; standing still always may. An undo takes back any step, or an undo of it.
pub fn allows(word: &str, from: Option<StreamState>, to: StreamState) -> bool {
    let is_forth = |step: &Transition| step.from == from && step.to == to;
    let is_back = |step: &Transition| step.from == Some(to) && Some(step.to) == from;
    let is_step = |step: &Transition| match word {
        "undo" => is_back(step) || is_forth(step),
        _ => is_forth(step) && rows_of(word).contains(&step.by),
    };
    from == Some(to) || TRANSITIONS.iter().any(is_step)
}

/// Which rows of the table an entry may take: whoever begins something also ends what died, and a
/// question is asked for the command that met it.
fn rows_of(word: &str) -> &'static [&'static str] {
    match word {
        "claim" => &["claim", "abandon"],
        "release" => &["release", "abandon"],
        "sync" => &["sync", "abandon"],
        "takeover" => &["takeover", "abandon"],
        "escalate" => &["sync", "land"],
        "close" => &["sync"],
        "land" => &["land"],
        "progress" => &["progress", "sync"],
        "taint" => &["taint"],
        "untaint" => &["untaint"],
        _ => &[],
    }
}
