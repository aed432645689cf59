//! Does what is read of the ledger, of a queue or of an announcement say the same when it is written
//! again?
//!
//! Not part of the program: tests and the fuzz targets ask this of any bytes they can think of. What
//! is refused is an answer, too.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::event::Event;
use super::files;
use super::record::{Base, Escalation, Stream};
use super::state::State;
use super::store;
use crate::git::{Commit, Id, Repo};

/// Reads bytes as each file of the ledger's tree, and as a message; how many of them they are.
#[doc(hidden)]
pub fn judge_file(bytes: &[u8]) -> usize {
    let found = [
        survives::<Stream>(bytes),
        survives::<Base>(bytes),
        survives::<Escalation>(bytes),
    ];
    judge_message(&String::from_utf8_lossy(bytes));
    found.into_iter().filter(|found| *found).count()
}

/// What is written of what was read is read as the same.
fn survives<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) -> bool {
    let Ok(read) = files::parse::<T>("file.toml", bytes) else {
        return false;
    };
    let text = toml::to_string(&read).expect("what was read can be written");
    let again = files::parse::<T>("file.toml", text.as_bytes());
    assert_eq!(again.expect("what was written can be read"), read, "{text}");
    true
}

/// A message of anybody's is an event, and says the same once more.
fn judge_message(text: &str) {
    let mut event = Event::parse(text);
    // A ref that only had to stay where it was is not written.
    event.moves.retain(|one| one.old != one.new);
    event.publish.retain(|one| one.old != one.new);
    let null = Id::from_bytes_or_panic(&[0; 20]);
    let again = Event::parse(&event.message(null));
    assert_eq!(again, event, "{text:?}");
}

/// Reads bytes as what waits in a queue or is announced; how many of them they are.
#[doc(hidden)]
pub fn judge_asked(bytes: &[u8]) -> usize {
    store::judge(bytes)
}

/// Reads the state that a commit holds; whether it holds one.
#[doc(hidden)]
pub fn judge_state(repo: &Repo, commit: Id) -> bool {
    let Ok(state) = files::read(repo, commit) else {
        return false;
    };
    let nothing = State::default();
    let tree = files::write(repo, None, (&nothing, &state), &[]).expect("it can be written");
    let Commit { author, .. } = repo.commit(commit).expect("it was read");
    let written = repo.write_commit(&Commit {
        tree,
        parents: Vec::new(),
        author: author.clone(),
        committer: author,
        encoding: None,
        message: "again\n".into(),
    });
    let again = files::read(repo, written.expect("it can be written"));
    assert_eq!(again.expect("what was written can be read"), state);
    true
}
