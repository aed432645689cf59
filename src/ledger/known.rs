//! Which records need not be read?
//!
//! The ledger remembers every stream that there ever was, and a command is about one of them, and
//! about those that are held. So a [`Record`] stands for a stream's record, and is understood when
//! somebody asks for it; whether somebody holds the stream it tells without that.
//!
//! ```text
//! blob ─→ understood ─→ Record ─→ states of this process (the same blob, the same record)
//!             └─→ `.git/git-stream/records` ─→ Record, not yet understood, in the next process
//! ```
//!
//! The file holds what was understood of blobs, by their ids. It is derived from the ledger: it can
//! be removed at any time, one that is not whole or of another version is made anew, and nothing of
//! it is believed about a blob that the ledger's tree does not name. A short ledger has none.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hasher as _};
use std::ops::{Deref, DerefMut, Range};
use std::rc::Rc;

use super::record::Stream;
use super::state::{State, Streams};
use crate::git::{Id, Repo, replace_file};

/// From how many records on some of them are not read.
pub(super) const MANY: usize = 64;
/// How many records are read each time until they are written down.
const NEW: usize = 32;
/// How many states are kept in a process.
const STATES: usize = 4;
/// The file, in our private directory.
const FILE: &str = "records";
/// Raised with each change of what a record is in JSON.
const FORM: u8 = 1;

/// A stream's record, which is understood when it is asked for.
#[derive(Clone)]
pub struct Record(Rc<Inner>);

#[derive(Clone)]
struct Inner {
    stream: OnceCell<Stream>,
    /// Where it comes from, as long as it is unchanged.
    source: Option<Source>,
    mark: OnceCell<String>,
}

#[derive(Clone)]
struct Source {
    blob: Id,
    is_held: bool,
    was_lost: bool,
    /// What is understood of it, in JSON.
    text: Option<(Rc<Vec<u8>>, Range<usize>)>,
}

impl Record {
    /// The record that a blob holds.
    pub(super) fn of_blob(blob: Id, stream: Stream) -> Record {
        let source = Source {
            blob,
            is_held: stream.claim.is_some(),
            was_lost: !stream.former.is_empty(),
            text: None,
        };
        Record(Rc::new(Inner {
            stream: stream.into(),
            source: Some(source),
            mark: OnceCell::new(),
        }))
    }

    /// Whether somebody holds the stream.
    pub fn is_held(&self) -> bool {
        match &self.0.source {
            Some(source) => source.is_held,
            None => self.claim.is_some(),
        }
    }

    /// Whether it was taken over from somebody.
    pub fn was_lost(&self) -> bool {
        match &self.0.source {
            Some(source) => source.was_lost,
            None => !self.former.is_empty(),
        }
    }

    /// As [`Stream::mark`].
    pub fn mark(&self) -> String {
        self.0.mark.get_or_init(|| (**self).mark()).clone()
    }
}

impl From<Stream> for Record {
    fn from(stream: Stream) -> Record {
        Record(Rc::new(Inner {
            stream: stream.into(),
            source: None,
            mark: OnceCell::new(),
        }))
    }
}

impl Deref for Record {
    type Target = Stream;

    fn deref(&self) -> &Stream {
        self.understand()
    }
}

impl Record {
    fn understand(&self) -> &Stream {
        self.0.stream.get_or_init(|| {
            let text = self
                .0
                .source
                .as_ref()
                .and_then(|source| source.text.as_ref());
            let (all, place) = text.expect("what is not understood is text");
            serde_json::from_slice(&all[place.clone()]).expect("the file is whole and of this form")
        })
    }
}

impl DerefMut for Record {
    fn deref_mut(&mut self) -> &mut Stream {
        // From here on nothing but this says what it is.
        self.understand();
        let inner = Rc::make_mut(&mut self.0);
        (inner.source, inner.mark) = (None, OnceCell::new());
        inner.stream.get_mut().expect("it was understood just now")
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Record) -> bool {
        let blob = |one: &Record| one.0.source.as_ref().map(|source| source.blob);
        let is_same =
            Rc::ptr_eq(&self.0, &other.0) || (blob(self).is_some() && blob(self) == blob(other));
        is_same || **self == **other
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// What one process has understood of the ledger.
#[derive(Default)]
pub(super) struct Known {
    records: RefCell<HashMap<Id, Record>>,
    /// By their trees, the newest last.
    states: RefCell<Vec<(Id, State)>>,
    /// The streams that were read last, by their tree.
    streams: RefCell<Option<(Id, Streams)>>,
    is_loaded: OnceCell<()>,
    /// How many of the records are not in the file.
    new: RefCell<usize>,
}

impl Known {
    pub(super) fn state(&self, tree: Id) -> Option<State> {
        let states = self.states.borrow();
        let found = states.iter().find(|(one, _)| *one == tree);
        found.map(|(_, state)| state.clone())
    }

    pub(super) fn keep_state(&self, tree: Id, state: &State) {
        let mut states = self.states.borrow_mut();
        if states.len() == STATES {
            states.remove(0);
        }
        states.push((tree, state.clone()));
    }

    /// The streams that were read last, and their tree: others differ in a few.
    pub(super) fn streams(&self) -> Option<(Id, Streams)> {
        self.streams.borrow().clone()
    }

    pub(super) fn keep_streams(&self, tree: Id, streams: &Streams) {
        self.streams.replace(Some((tree, streams.clone())));
    }

    pub(super) fn record(&self, blob: Id) -> Option<Record> {
        self.records.borrow().get(&blob).cloned()
    }

    pub(super) fn keep_record(&self, blob: Id, stream: Stream) -> Record {
        let record = Record::of_blob(blob, stream);
        self.records.borrow_mut().insert(blob, record.clone());
        *self.new.borrow_mut() += 1;
        record
    }

    /// Reads the file, once.
    pub(super) fn load(&self, repo: &Repo) {
        self.is_loaded.get_or_init(|| {
            let text = std::fs::read(repo.private(FILE)).unwrap_or_default();
            let read = read(&Rc::new(text), repo.null_id().as_slice().len()).unwrap_or_default();
            self.records.borrow_mut().extend(read);
        });
    }

    /// Writes the file anew, where much of a state is not in it. It is there to save time: where it
    /// cannot be written, that is all that is lost.
    pub(super) fn save(&self, repo: &Repo, state: &State) {
        let is_much = *self.new.borrow() >= NEW && state.streams.len() >= MANY;
        if !is_much || repo.is_only_read() {
            return;
        }
        *self.new.borrow_mut() = 0;
        if repo.private("").is_dir() {
            drop(replace_file(&repo.private(FILE), &write(state), 0o644));
        }
    }
}

/// ```text
/// header, then for each record: id, flags, mark, length, JSON; at the end a sum of all that
/// ```
fn write(state: &State) -> Vec<u8> {
    let mut bytes = header();
    for record in state.streams.values() {
        let Some(source) = &record.0.source else {
            continue;
        };
        let text = match &source.text {
            Some((all, place)) => all[place.clone()].to_vec(),
            None => match serde_json::to_vec(&**record) {
                // What does not come back as it was is read each time.
                Ok(text)
                    if serde_json::from_slice(&text).is_ok_and(|back: Stream| back == **record) =>
                {
                    text
                }
                Ok(_) | Err(_) => continue,
            },
        };
        let Ok(length) = u32::try_from(text.len()) else {
            continue;
        };
        bytes.extend_from_slice(source.blob.as_slice());
        bytes.push(u8::from(source.is_held) | u8::from(source.was_lost) << 1);
        bytes.extend_from_slice(record.mark().as_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend_from_slice(&text);
    }
    bytes.extend(sum(&bytes).to_le_bytes());
    bytes
}

fn read(all: &Rc<Vec<u8>>, id_length: usize) -> Option<Vec<(Id, Record)>> {
    let end = all.len().checked_sub(8)?;
    let (content, expected) = all.split_at(end);
    if sum(content).to_le_bytes() != expected {
        return None;
    }
    let mut rest = content.strip_prefix(header().as_slice())?;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let mut take = |length: usize| {
            let (taken, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(taken)
        };
        let blob = Id::try_from(take(id_length)?).ok()?;
        let flags = take(1)?[0];
        let mark = std::str::from_utf8(take(MARK)?).ok()?.to_owned();
        let length = u32::from_le_bytes(take(4)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?;
        take(length)?;
        let after = end - rest.len();
        let source = Source {
            blob,
            is_held: flags & 1 != 0,
            was_lost: flags & 2 != 0,
            text: Some((Rc::clone(all), after - length..after)),
        };
        let record = Record(Rc::new(Inner {
            stream: OnceCell::new(),
            source: Some(source),
            mark: mark.into(),
        }));
        records.push((blob, record));
    }
    Some(records)
}

/// How long a mark is.
const MARK: usize = 16;

fn header() -> Vec<u8> {
    format!("git-stream {} records {FORM}\n", env!("CARGO_PKG_VERSION")).into_bytes()
}

fn sum(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{Record, read, write};
    use crate::git::Id;
    use crate::ledger::State;
    use crate::ledger::tests::held_by_one;

    fn of_blobs() -> State {
        let mut state = held_by_one();
        let released = state.streams.values().next().unwrap().clone();
        state.streams.insert("other".parse().unwrap(), released);
        for (number, record) in (1..).zip(state.streams.values_mut()) {
            let mut stream = (**record).clone();
            stream.claim = stream.claim.filter(|_| number == 1);
            *record = Record::of_blob(Id::from_bytes_or_panic(&[number; 20]), stream);
        }
        state
    }

    #[test]
    fn what_was_written_down_is_the_same_when_it_is_asked_for() {
        let state = of_blobs();
        let text = Rc::new(write(&state));
        let back = read(&text, 20).unwrap();
        assert_eq!(back.len(), 2);
        for ((blob, record), known) in back.iter().zip(state.streams.values()) {
            assert!(record.0.stream.get().is_none());
            assert_eq!(record.is_held(), known.claim.is_some());
            assert_eq!(Some(*blob), known.0.source.as_ref().map(|one| one.blob));
            assert_eq!(**record, **known);
            assert_eq!(record.mark(), known.mark());
        }
        assert_eq!(
            back.iter().filter(|(_, record)| record.is_held()).count(),
            1
        );
    }

    #[test]
    fn a_file_that_is_not_whole_says_nothing() {
        let text = write(&of_blobs());
        for at in 0..text.len() {
            assert!(read(&Rc::new(text[..at].to_vec()), 20).is_none(), "{at}");
            let mut other = text.clone();
            other[at] ^= 1;
            assert!(read(&Rc::new(other), 20).is_none(), "{at}");
        }
        assert!(read(&Rc::new(text), 20).is_some());
    }

    #[test]
    fn what_is_changed_is_known_as_it_is_and_only_there() {
        let state = of_blobs();
        let mut next = state.clone();
        let record = next.streams.values_mut().next().unwrap();
        record.claim = None;
        assert!(!record.is_held());
        let before = state.streams.values().next().unwrap();
        assert!(before.is_held() && before.claim.is_some());
        assert_ne!(before, &*record);
        assert_ne!(before.mark(), record.mark());
    }

    /// Another program reads what this one has written: what changes here raises `FORM`.
    #[test]
    fn the_form_of_a_record() {
        let text = serde_json::to_string(&**held_by_one().streams.values().next().unwrap());
        insta::assert_snapshot!(text.unwrap(), @r#"{"state":"in-progress","epoch":7,"round":1,"claim":{"agent":"one","kind":"agent","session":"s","machine":"here","worktree":"/w","worktree-id":"w","slot":0,"taken":"1970-01-01T00:00:00Z","renewed":"1970-01-01T00:00:00Z","lease":"PT1H","base":"main","start":"0101010101010101010101010101010101010101","files":[["a/b/*"]]}}"#);
    }
}
