//! Is every file of the ledger read as what it says or not at all, whatever its bytes are?

use proptest::prelude::*;

use super::event::Event;
use super::files::parse;
use super::judge_file;
use super::record::Stream;

const STREAM: &str = r#"state = "in-progress"
epoch = 7
round = 2
tainted = "commit 1 changes 'README.md'"

[claim]
agent = "a1"
kind = "agent"
session = "2041.4026531836.12"
machine = "laptop-4193e895"
worktree = "/src/app.streams/api"
worktree-id = "api"
slot = 0
taken = "2026-01-02T03:04:05Z"
renewed = "2026-01-02T03:04:05Z"
lease = "PT24H"
base = "main"
start = "3333333333333333333333333333333333333333"
files = [["src/api/**", "!src/api/generated/**"]]

[claim.intent]
op = "9f2c61d0a8e4b7f3"
verb = "sync"
machine = "laptop-4193e895"
since = "2026-01-02T03:04:05Z"

[[claim.intent.moves]]
name = "refs/heads/stream/api"
old = "3333333333333333333333333333333333333333"
new = "4444444444444444444444444444444444444444"
"#;
const MESSAGE: &str = "claim api: a1 takes src/api/**

Stream: api
Agent: a1
Epoch: 1
Op: 9f2c61d0a8e4b7f3
Ref: refs/heads/stream/api 0000000000000000000000000000000000000000 \
3333333333333333333333333333333333333333
";

/// A text with some of its bytes cut out, replaced or repeated.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let new = proptest::collection::vec(any::<u8>(), 0..6);
    let edit = (0..text.len(), 0..60_usize, new, any::<bool>());
    proptest::collection::vec(edit, 1..5).prop_map(move |edits| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, length, new, repeats) in edits {
            let at = at.min(bytes.len());
            let end = (at + length).min(bytes.len());
            let old = bytes[at..end].to_vec();
            let instead = if repeats { old.repeat(2) } else { new };
            bytes.splice(at..end, instead);
        }
        bytes
    })
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_is_or_refused(bytes in mutated(STREAM)) {
        judge_file(&bytes);
    }

    #[test]
    fn any_bytes_are_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        judge_file(&bytes);
    }

    /// A message of anybody's is an entry; what in it is no name or no ref is left out.
    #[test]
    fn any_message_is_an_event(bytes in mutated(MESSAGE)) {
        let text = String::from_utf8_lossy(&bytes);
        let event = Event::parse(&text);
        let lines = text.lines().count();
        prop_assert!(event.streams.len() <= lines && event.moves.len() <= lines);
        prop_assert!(!event.subject.contains('\n'));
    }
}

#[test]
fn the_record_of_these_tests_is_one() {
    assert!(parse::<Stream>("streams/api.toml", STREAM.as_bytes()).is_ok());
}
