//! How is the ledger read, and how does a request become a commit on it?

use std::time::Duration;

use super::error::Error;
use super::event::Event;
use super::files;
use super::refusal::Refusal;
use super::request::Request;
use super::state::State;
use super::transition::{Applied, Rules, apply};
use crate::git::{self, Commit, Expect, Id, Lock, Move, Repo};

/// The ref that holds everything.
pub const REF: &str = "refs/stream/ledger";
/// How often a request is decided again when somebody else was faster.
const ATTEMPTS: usize = 32;
/// How long a command waits for the others of this machine.
const PATIENCE: Duration = Duration::from_secs(60);

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

    /// The ledger's newest commit.
    pub fn tip(&self) -> Result<Option<Id>, Error> {
        Ok(self.repo.read_ref(REF)?)
    }

    /// The present state; the empty one where there is no ledger yet.
    pub fn read(&self) -> Result<State, Error> {
        match self.tip()? {
            Some(tip) => files::read(self.repo, tip),
            None => Ok(State::default()),
        }
    }

    /// The state as one commit of the ledger has it.
    pub fn at(&self, commit: Id) -> Result<State, Error> {
        files::read(self.repo, commit)
    }

    /// The lock that orders this machine's writes to its own files: the ledger, worktrees, hooks.
    ///
    /// It is never held while the network is waited for.
    pub fn lock(&self) -> Result<Lock, Error> {
        Ok(Lock::take(&self.repo.private("lock"), PATIENCE)?)
    }

    /// Decides a request on the present state and writes what follows, together with the refs it
    /// moves: all of it or nothing.
    ///
    /// The outer error says that it could not be decided or written, the inner one that the answer
    /// is no. A ref of the request that is not where the request expects it is
    /// [`git::Error::Moved`].
    pub fn submit(
        &self,
        request: &Request,
        rules: &Rules<'_>,
    ) -> Result<Result<Submitted, Refusal>, Error> {
        let _lock = self.lock()?;
        for _ in 0..ATTEMPTS {
            let tip = self.tip()?;
            let before = match tip {
                Some(tip) => files::read(self.repo, tip)?,
                None => State::default(),
            };
            let Applied { state, event } = match apply(&before, request, rules) {
                Ok(applied) => applied,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if let Some(event) = &event {
                match self.write(tip, &before, &state, event) {
                    Ok(()) => {}
                    Err(Error::Git(git::Error::Moved { name, .. })) if name == REF => continue,
                    Err(error) => return Err(error),
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

    fn write(
        &self,
        tip: Option<Id>,
        before: &State,
        after: &State,
        event: &Event,
    ) -> Result<(), Error> {
        let repo = self.repo;
        let tree = tip.map(|tip| repo.tree_of(tip)).transpose()?;
        let identity = repo.committer()?;
        let commit = repo.write_commit(&Commit {
            tree: files::write(repo, tree, before, after)?,
            parents: tip.into_iter().collect(),
            author: identity.clone(),
            committer: identity,
            encoding: None,
            message: event.message(repo.null_id()).into(),
        })?;
        let mut moves = vec![Move {
            name: REF.to_owned(),
            from: Expect::from_read(tip),
            to: Some(commit),
        }];
        moves.extend(event.moves.iter().map(|one| Move {
            name: one.name.clone(),
            from: Expect::from_read(one.old),
            to: one.new,
        }));
        Ok(repo.move_refs(&moves, &format!("stream: {}", event.subject))?)
    }
}
