//! How does the work of this machine get to the remote, without being in anybody's way?

use std::time::Duration;

use super::due::{Due, due};
use super::memory::{self, Unwanted};
use super::{fetch, known};
use crate::git::{Expect, Id, Lock, Pushed, Repo, Update};
use crate::kept;
use crate::ledger::{OpId, Share};
use crate::name::StreamName;
use crate::word;
use crate::workspace::{Error, Workspace, now};

/// How long a push of all of them may take.
const PUSH: Duration = Duration::from_secs(120);
/// How long the remote may take to say what it has.
const TALK: Duration = Duration::from_secs(30);
/// How often a branch is offered that was not where it was expected.
const ATTEMPTS: usize = 2;

/// Pushes what the remote has not got of this machine's streams, if anything, and takes away there
/// what is gone here. Answers what the caller should know; nothing of it makes a command fail.
pub fn hand_on(repo: &Repo) -> Vec<String> {
    match try_to(repo) {
        Ok(notes) => notes,
        Err(error) => vec![format!(
            "what was committed here is on this machine only for now: {error}"
        )],
    }
}

fn try_to(repo: &Repo) -> Result<Vec<String>, Error> {
    let mut workspace = Workspace::open(repo)?;
    let Some(Share { remote, .. }) = Share::of(&workspace.state) else {
        return Ok(Vec::new());
    };
    let before = due(&workspace, &remote)?;
    if before.is_empty() {
        return Ok(Vec::new());
    }
    // Whoever is at it now pushes what there is, and the next sync point what has come since.
    let Some(_lock) = Lock::try_take(&repo.private("copies.lock"))? else {
        return Ok(Vec::new());
    };
    // Who has lost a stream has lost it from here on.
    workspace.meet()?;
    let rest = due(&workspace, &remote)?;
    let mut round = Round {
        workspace: &workspace,
        remote: &remote,
        unwanted: Unwanted::read(repo),
        notes: lost(&workspace, &before),
    };
    round.push(rest)?;
    Ok(round.notes)
}

/// Which streams are somebody else's by now.
fn lost(workspace: &Workspace<'_>, before: &[Due]) -> Vec<String> {
    let holders = before.iter().filter_map(|one| {
        let claim = workspace.state.claim(&one.stream)?;
        let is_lost = claim.machine != workspace.machine.id;
        is_lost.then(|| {
            format!(
                "{} holds '{}' on {} now: nothing more of it was pushed from here",
                claim.agent, one.stream, claim.machine
            )
        })
    });
    holders.collect()
}

struct Round<'a, 'r> {
    workspace: &'a Workspace<'r>,
    remote: &'a str,
    unwanted: Unwanted,
    notes: Vec<String>,
}

impl Round<'_, '_> {
    fn push(&mut self, mut rest: Vec<Due>) -> Result<(), Error> {
        let repo = self.workspace.repo;
        for attempt in 1..=ATTEMPTS {
            if rest.is_empty() {
                break;
            }
            let updates: Vec<Update> = rest.iter().map(update).collect();
            let answers = repo.push_each(self.remote, &updates, PUSH)?;
            let mut lost = Vec::new();
            for (one, answer) in rest.into_iter().zip(answers) {
                match answer {
                    Pushed::Done => self.remember(&one.stream, one.to)?,
                    Pushed::Unwanted { why, .. } => self.refused(&one, &why)?,
                    Pushed::Lost { .. } => lost.push(one),
                    Pushed::NotAtomic => unreachable!("each ref is pushed by itself"),
                    Pushed::Unknown(error) => return Err(error.into()),
                }
            }
            if lost.is_empty() || attempt == ATTEMPTS {
                break;
            }
            fetch(self.workspace, TALK)?;
            rest = Vec::new();
            for one in lost {
                rest.extend(self.over(one)?);
            }
        }
        Ok(())
    }

    fn remember(&self, stream: &StreamName, tip: Option<Id>) -> Result<(), Error> {
        Ok(memory::remember(
            self.workspace.repo,
            self.remote,
            stream,
            tip,
        )?)
    }

    fn refused(&mut self, one: &Due, why: &str) -> Result<(), Error> {
        let (repo, remote, stream) = (self.workspace.repo, self.remote, &one.stream);
        let Some(tip) = one.to else {
            self.notes.push(format!(
                "'{remote}' does not remove '{}': {}",
                stream.branch(),
                word::one_line(why)
            ));
            return self.remember(stream, None);
        };
        self.unwanted.note(stream, tip, why);
        self.unwanted.write(repo)?;
        self.notes.push(format!(
            "'{remote}' does not take '{}', so what was committed there is on this machine only: {}",
            stream.branch(),
            word::one_line(why)
        ));
        Ok(())
    }

    /// The same push over what was found there instead, if that may be replaced.
    fn over(&mut self, one: Due) -> Result<Option<Due>, Error> {
        let Some(tip) = one.to else {
            // Whoever has moved it has it.
            self.remember(&one.stream, None)?;
            return Ok(None);
        };
        let repo = self.workspace.repo;
        let found = known(repo, self.remote, &one.stream)?;
        if found == Some(tip) {
            self.remember(&one.stream, Some(tip))?;
            return Ok(None);
        }
        if let Some(there) = found
            && !self.may_replace(&one.stream, there, tip)?
        {
            let branch = one.stream.branch();
            self.notes.push(format!(
                "'{branch}' on '{}' is at {}, which is not of this stream: it stays, and what was \
                 committed here is on this machine only",
                self.remote,
                there.to_hex_with_len(12)
            ));
            return Ok(None);
        }
        Ok(Some(Due { from: found, ..one }))
    }

    /// Whether nothing is lost; what an earlier epoch has left there is kept here first.
    fn may_replace(&self, stream: &StreamName, there: Id, tip: Id) -> Result<bool, Error> {
        let Workspace {
            repo, state, base, ..
        } = self.workspace;
        let past = repo.past_of(None, &stream.branch_ref());
        if past.contains(&there)
            || repo.is_ancestor(there, tip)?
            || repo.is_ancestor(there, base.commit)?
        {
            return Ok(true);
        }
        let epoch = state.stream(stream).map_or(0, |record| record.epoch);
        if epoch < 2 {
            return Ok(false);
        }
        let made = (now(), &OpId::new());
        let moves = kept::keep(repo, stream, made, [there], &[tip])?;
        let moves: Vec<_> = moves
            .into_iter()
            .map(|one| crate::git::Move {
                name: one.name,
                from: Expect::Absent,
                to: one.new,
            })
            .collect();
        repo.move_refs(&moves, "stream: replaced on the remote")?;
        Ok(true)
    }
}

fn update(one: &Due) -> Update {
    Update {
        name: one.stream.branch_ref(),
        from: Expect::from_read(one.from),
        to: one.to,
    }
}
