//! How does an event read, in `git log refs/stream/ledger`?

use std::fmt::Write as _;

use super::operation::OpId;
use super::record::RefMove;
use crate::git::Id;
use crate::name::{AgentName, StreamName};

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event in words: the commit's subject.
    pub subject: String,
    /// The streams it is about.
    pub streams: Vec<StreamName>,
    /// Who did it.
    pub agent: AgentName,
    /// Their epochs after it, in the same order.
    pub epochs: Vec<u64>,
    /// The operation it belongs to.
    pub op: OpId,
    /// Every ref that the operation moved: what `undo` reads.
    pub moves: Vec<RefMove>,
    /// The operation that it takes back.
    pub undoes: Option<OpId>,
    /// Every ref that git had moved for it before.
    pub moved: Vec<RefMove>,
    /// Every ref of the base's remote that it moved, by its name there.
    pub publish: Vec<RefMove>,
    /// What it puts into the ledger's tree beside the state: names and contents.
    pub files: Vec<(String, String)>,
}

/// How the entry ends that only says that an operation has begun.
pub(super) const BEGINS: &str = " begins";
/// How the entry ends that only says that an operation has been completed.
pub(super) const READY: &str = ": its worktree is ready";

/// How the entry ends that says that an operation has done nothing, …
pub(super) const CAME_TO_NOTHING: &str = ": the operation came to nothing";
/// … or that it died before it had.
pub(super) const DIED: &str = ": the operation died";

impl Event {
    /// The commit message: the subject, then the trailers.
    pub fn message(&self, null: Id) -> String {
        let mut text = format!("{}\n\n", self.subject.replace('\n', " "));
        let mut trailer = |key: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "{key}: {value}").expect("strings take whatever is written");
        };
        for stream in &self.streams {
            trailer("Stream", stream);
        }
        trailer("Agent", &self.agent);
        for epoch in &self.epochs {
            trailer("Epoch", epoch);
        }
        trailer("Op", &self.op);
        if let Some(undone) = &self.undoes {
            trailer("Undoes", undone);
        }
        for (key, moves) in [
            ("Ref", &self.moves),
            ("Ref", &self.moved),
            ("Push", &self.publish),
        ] {
            // A ref that only had to stay where it was has not moved.
            for RefMove { name, old, new } in moves.iter().filter(|one| one.old != one.new) {
                let (old, new) = (old.unwrap_or(null), new.unwrap_or(null));
                trailer(key, &format!("{name} {old} {new}"));
            }
        }
        text
    }

    /// Reads a message as [`Event::message`] writes it. What is not understood is left out: a log
    /// has to show also what somebody else has written.
    pub fn parse(message: &str) -> Event {
        let first = message.lines().next().unwrap_or_default();
        // What ends a line elsewhere is no part of it.
        let subject = first.trim_end_matches('\r').to_owned();
        let mut event = Event {
            subject,
            streams: Vec::new(),
            agent: "somebody".parse().expect("a plain word is a name"),
            epochs: Vec::new(),
            op: OpId::nobodys(),
            moves: Vec::new(),
            undoes: None,
            moved: Vec::new(),
            publish: Vec::new(),
            files: Vec::new(),
        };
        for line in message.lines().skip(1) {
            let Some((key, value)) = line.split_once(": ") else {
                continue;
            };
            match key {
                "Stream" => event.streams.extend(value.parse().ok()),
                "Agent" => event.agent = value.parse().unwrap_or(event.agent),
                "Epoch" => event.epochs.extend(value.parse::<u64>().ok()),
                "Op" => event.op = OpId::parse(value).unwrap_or(event.op),
                "Undoes" => event.undoes = OpId::parse(value),
                "Ref" => event.moves.extend(ref_move(value)),
                "Push" => event.publish.extend(ref_move(value)),
                _ => {}
            }
        }
        event
    }

    /// The stream it is about; of several that have landed together, the first.
    pub fn stream(&self) -> Option<&StreamName> {
        self.streams.first()
    }

    /// The verb that wrote it.
    pub fn verb(&self) -> &str {
        let first = self.subject.split([' ', ':']).next();
        first.unwrap_or_default()
    }

    /// What happened, without what the other fields say: verb, stream, agent.
    pub fn what(&self) -> &str {
        let mut rest = self.subject.as_str();
        let mut skip = |word: &str| rest = rest.strip_prefix(word).unwrap_or(rest);
        let verb = self.verb();
        skip(&format!("{verb} "));
        skip(&format!("{verb}: "));
        if let Some(stream) = self.stream() {
            skip(&format!("{stream}: "));
        }
        skip(&format!("{} ", self.agent));
        rest
    }

    /// Whether an entry's subject says that its operation has ended without having done anything.
    pub fn is_given_up(subject: &str) -> bool {
        [CAME_TO_NOTHING, DIED]
            .iter()
            .any(|how| subject.ends_with(how))
    }

    /// Whether it is only a step on the way, which decides nothing: that an operation has begun,
    /// that a worktree is ready, that a holder is alive.
    pub fn is_step(&self) -> bool {
        self.verb() == "renew" || self.subject.ends_with(BEGINS) || self.subject.ends_with(READY)
    }
}

fn ref_move(value: &str) -> Option<RefMove> {
    let mut words = value.split(' ');
    let name = words.next()?.to_owned();
    let mut id = || {
        let id = Id::from_hex(words.next()?.as_bytes()).ok()?;
        Some((!id.is_null()).then_some(id))
    };
    let (old, new) = (id()?, id()?);
    Some(RefMove { name, old, new })
}

#[cfg(test)]
mod tests {
    use super::Event;
    use crate::git::Id;
    use crate::ledger::{OpId, RefMove};

    fn event() -> Event {
        Event {
            subject: "sync api: 2 commits onto 111111111111".to_owned(),
            streams: vec!["api".parse().unwrap()],
            agent: "a: b".parse().unwrap(),
            epochs: vec![3],
            op: OpId::new(),
            moves: vec![RefMove {
                name: "refs/heads/stream/api".to_owned(),
                old: None,
                new: Some(Id::from_bytes_or_panic(&[1; 20])),
            }],
            undoes: Some(OpId::new()),
            moved: Vec::new(),
            publish: Vec::new(),
            files: Vec::new(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let null = Id::from_bytes_or_panic(&[0; 20]);
        let event = event();
        assert_eq!(Event::parse(&event.message(null)), event);
    }

    #[test]
    fn anything_is_an_event() {
        for text in [
            "",
            "\n",
            "x",
            "x\r",
            "x\n\nOp: ../../x\nRef: a\nRef: a b c\nStream: /\nAgent: \n",
        ] {
            let event = Event::parse(text);
            assert!(!event.subject.ends_with('\r'), "{text:?}");
            assert_eq!((event.streams.len(), event.moves.len()), (0, 0), "{text:?}");
        }
    }

    #[test]
    fn a_column_does_not_say_what_another_one_says() {
        let what = |subject: &str| {
            let subject = subject.to_owned();
            Event { subject, ..event() }.what().to_owned()
        };
        assert_eq!(what("sync api: 2 commits"), "2 commits");
        assert_eq!(what("claim api: a: b takes src/**"), "takes src/**");
        assert_eq!(
            what("escalate conflict: both sides"),
            "conflict: both sides"
        );
        assert_eq!(what("compact: what was before"), "what was before");
        assert_eq!(what("odd"), "odd");
    }

    #[test]
    fn steps_on_the_way_decide_nothing() {
        let is_step = |subject: &str| {
            let subject = subject.to_owned();
            Event { subject, ..event() }.is_step()
        };
        assert!(is_step("release api: a1 begins"));
        assert!(is_step("claim api: its worktree is ready"));
        assert!(is_step("renew api: a1 is alive"));
        assert!(!is_step("claim api: a1 begins round 2"));
    }
}
