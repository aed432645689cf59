//! How is the ledger read, and how does a request become a commit on it?

mod chain;
mod compact;
mod crowd;
mod entry;
mod inbox;
mod note;
mod outbox;
mod queue;
mod share;
mod shared;
mod view;
mod watch;

use std::fmt::Debug;
use std::time::Duration;

use bstr::ByteSlice as _;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::Error;
use super::event::Event;
use super::files;
use super::lease::Watch;
use super::refusal::Refusal;
use super::request::{Request, What};
use super::state::State;
use super::transition::{Applied, Rules, apply};
use crate::git::{self, Expect, Id, Lock, Move, Repo};
use crate::name::StreamName;

pub use chain::KEPT;
pub(super) use chain::before;
pub use compact::Compacted;
use outbox::OUTBOX;
pub use share::Share;
pub(super) use share::rides;
use shared::Shared;

/// The ref that holds everything.
pub const REF: &str = "refs/stream/ledger";
/// The refs on which the present state depends.
pub const REFS: [&str; 2] = [OUTBOX, REF];
/// How often a request is decided again when somebody else was faster.
const ATTEMPTS: usize = 32;
/// How long a command waits for the others of this machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads bytes as what lies in the queue, in a note and in an announcement; how many of them they
/// are. Panics where one of them does not say the same when it is written again.
pub(super) fn judge(bytes: &[u8]) -> usize {
    let found = [
        survives::<Request>(bytes),
        survives::<inbox::Body>(bytes),
        survives::<inbox::Pending>(bytes),
        survives::<note::Note>(bytes),
    ];
    found.into_iter().filter(|found| *found).count()
}

fn survives<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) -> bool {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else {
        return false;
    };
    let text = serde_json::to_vec(&read).expect("what was read can be written");
    let again: T = serde_json::from_slice(&text).expect("what was written can be read");
    assert_eq!(again, read);
    true
}

/// The ledger of a repository.
pub struct Ledger<'r> {
    repo: &'r Repo,
}

/// What became of a request.
#[derive(Debug)]
pub struct Submitted {
    /// The state it was decided on.
    pub before: State,
    /// The state now.
    pub state: State,
    /// The entry in the log; `None` where nothing has changed.
    pub event: Option<Event>,
}

impl<'r> Ledger<'r> {
    /// The ledger of a repository, which may not exist yet.
    pub fn of(repo: &'r Repo) -> Ledger<'r> {
        Ledger { repo }
    }

    pub(super) fn repo(&self) -> &'r Repo {
        self.repo
    }

    /// The ledger's newest commit, with what this machine has said and the remote has not heard.
    pub fn tip(&self) -> Result<Option<Id>, Error> {
        match self.repo.read_ref(OUTBOX)? {
            Some(tip) => Ok(Some(tip)),
            None => Ok(self.repo.read_ref(REF)?),
        }
    }

    /// The present state; the empty one where there is no ledger yet.
    pub fn read(&self) -> Result<State, Error> {
        entry::read(self.repo, self.tip()?)
    }

    /// The state as one commit of the ledger has it.
    pub fn at(&self, commit: Id) -> Result<State, Error> {
        files::read(self.repo, commit)
    }

    /// Where the streams' branches were before they moved, newest first: the state of before, the
    /// stream, and its commit. At most so many moves of any refs are looked at.
    pub fn branches_moved(&self, most: usize) -> Result<Vec<(Id, StreamName, Id)>, Error> {
        let Some(tip) = self.tip()? else {
            return Ok(Vec::new());
        };
        let format = "--format=%P%x20%(trailers:key=Ref,valueonly,separator=%x20)";
        let output = self
            .repo
            .call()
            .args(["log", "--no-show-signature", "--first-parent", format])
            .args(["-E", "--grep=^Ref: refs/heads/stream/"])
            .args([format!("--max-count={most}"), format!("--glob={KEPT}")])
            .arg(tip.to_string())
            .run()?;
        let mut found = Vec::new();
        for line in output.stdout.to_str_lossy().lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let Some(before) = words.first().and_then(|hex| self.repo.parse_id(hex)) else {
                continue;
            };
            for moved in words[1..].chunks(3) {
                if let [name, old, _new] = moved
                    && let Some(name) = name.strip_prefix("refs/heads/stream/")
                    && let (Ok(name), Some(old)) = (name.parse(), self.repo.parse_id(old))
                    && !old.is_null()
                {
                    found.push((before, name, old));
                }
            }
        }
        Ok(found)
    }

    /// The lock that orders this machine's writes to its own files: the ledger, worktrees, hooks.
    ///
    /// It is never held while the network is waited for.
    pub fn lock(&self) -> Result<Lock, Error> {
        Ok(Lock::take(&self.repo.private("lock"), PATIENCE)?)
    }

    /// Decides a request on the present state and writes what follows, together with the refs it
    /// moves: all of it or nothing. Where the ledger is shared, what others rely on counts when the
    /// remote has acknowledged it.
    ///
    /// The outer error says that it could not be decided or written, the inner one that the answer
    /// is no. A ref of the request that is not where the request expects it is
    /// [`git::Error::Moved`].
    pub fn submit(
        &self,
        request: &Request,
        rules: &Rules<'_>,
    ) -> Result<Result<Submitted, Refusal>, Error> {
        match self.share_for(request)? {
            None => {
                if let What::Claim(_) | What::TakeOver(_) = request.what {
                    self.watch()?;
                }
                self.append(REF, request, rules)
            }
            Some(share) if rides(&request.what) => {
                if let What::Begin { .. } = request.what {
                    // What is begun must not rest on a state that the remote has left behind.
                    Shared::new(self, share, rules).settle_what_died()?;
                }
                self.append(OUTBOX, request, rules)
            }
            Some(share) => Shared::new(self, share, rules).submit(request),
        }
    }

    /// Where this request has to be acknowledged; also by the remote with which it begins to share.
    fn share_for(&self, request: &Request) -> Result<Option<Share>, Error> {
        if let What::Base { base, .. } = &request.what {
            let state = State {
                base: Some(base.clone()),
                ..State::default()
            };
            return Ok(Share::of(&state));
        }
        Ok(Share::of(&self.read()?))
    }

    /// Brings a shared ledger up to what the remote has; any other is only looked at.
    pub fn refresh(&self, rules: &Rules<'_>) -> Result<(), Error> {
        match Share::of(&self.read()?) {
            Some(share) => Shared::new(self, share, rules).refresh(),
            None => self.watch(),
        }
    }

    /// What this machine has seen of the holders, up to its last look at the truth.
    pub fn watched(&self) -> Watch {
        watch::read(self.repo)
    }

    /// Remembers how a ledger of this repository alone looks.
    fn watch(&self) -> Result<(), Error> {
        let _lock = self.lock()?;
        watch::look(self.repo, &self.read()?)
    }

    /// Sends what this machine has said to the remote; nothing to do for a ledger of one machine.
    pub fn flush(&self, rules: &Rules<'_>) -> Result<(), Error> {
        match Share::of(&self.read()?) {
            Some(share) => Shared::new(self, share, rules).flush(),
            None => Ok(()),
        }
    }

    /// Sends what waits, or asks where nothing does: a shared ledger is then what the remote has just
    /// said. Nothing to do for a ledger of one machine.
    pub fn meet(&self, rules: &Rules<'_>) -> Result<(), Error> {
        match Share::of(&self.read()?) {
            Some(share) => Shared::new(self, share, rules).meet(),
            None => Ok(()),
        }
    }

    /// Takes over what a remote has, before this repository has a shared ledger of its own.
    pub fn join(&self, share: &Share, rules: &Rules<'_>) -> Result<(), Error> {
        Shared::new(self, share.clone(), rules).join()
    }

    /// Whether what others rely on counts when a remote has acknowledged it.
    pub fn is_shared(&self) -> Result<bool, Error> {
        Ok(Share::of(&self.read()?).is_some())
    }

    /// Whether it is not known yet what became of the last push.
    pub fn is_pushing(&self) -> Result<bool, Error> {
        Ok(note::Note::read(self.repo)?.is_some())
    }

    /// When the remote of a shared ledger has answered last; `None` where it never has.
    pub fn seen(&self) -> Option<Timestamp> {
        view::seen(self.repo)
    }

    /// Writes an event behind a ref of this repository: the ledger, or what waits on top of it.
    fn append(
        &self,
        name: &str,
        request: &Request,
        rules: &Rules<'_>,
    ) -> Result<Result<Submitted, Refusal>, Error> {
        let repo = self.repo;
        let _lock = self.lock()?;
        for _ in 0..ATTEMPTS {
            let tip = self.tip()?;
            let before = entry::read(repo, tip)?;
            let Applied { state, event } = match apply(&before, request, rules) {
                Ok(applied) => applied,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if let Some(event) = &event {
                let commit = entry::write(repo, tip, &before, &state, event)?;
                if name == OUTBOX {
                    outbox::keep(repo, commit, request)?;
                }
                let mut moves = vec![Move {
                    name: name.to_owned(),
                    from: Expect::from_read(repo.read_ref(name)?),
                    to: Some(commit),
                }];
                moves.extend(event.moves.iter().map(|one| Move {
                    name: one.name.clone(),
                    from: Expect::from_read(one.old),
                    to: one.new,
                }));
                match repo.move_refs(&moves, &format!("stream: {}", event.subject)) {
                    Ok(()) => {}
                    Err(git::Error::Moved {
                        name: ref which, ..
                    }) if which == name => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            return Ok(Ok(Submitted {
                before,
                state,
                event,
            }));
        }
        Err(Error::Raced { attempts: ATTEMPTS })
    }
}
