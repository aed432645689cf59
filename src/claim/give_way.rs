//! What becomes of a worktree whose stream somebody else has taken over?
//!
//! It stays where it is, with everything in it, and lets go of the branch: HEAD stays at the same
//! commit. Its hooks go on refusing. A branch that this machine does not have any more goes as
//! well; its commits are kept by the ref that the takeover has named.
//!
//! Done by whatever command comes next on the machine that has lost the stream, and by a takeover
//! itself where both are one machine. Whatever died half-way is finished by the next one.

use super::Error;
use super::release::is_checked_out;
use crate::git::{Expect, Linked, Lock, Move, Repo};
use crate::kept;
use crate::ledger::{Former, Ledger, Machine, Operation, Stream};
use crate::name::StreamName;
use crate::workspace::{marked, now};

/// Lets go of what this machine has lost. Answers what was done.
pub fn give_way(repo: &Repo) -> Result<Vec<String>, Error> {
    let mut done = Vec::new();
    let Some(machine) = Machine::known(repo) else {
        return Ok(done);
    };
    let state = Ledger::of(repo).read()?;
    let lost = state.streams.iter().filter(|(_, record)| record.was_lost());
    for (name, record) in lost {
        let mut its = record.former.iter().filter(|one| one.machine == machine.id);
        let Some(first) = its.next() else { continue };
        let all: Vec<&Former> = std::iter::once(first).chain(its).collect();
        let is_here = match (&record.claim, &record.work) {
            (Some(claim), _) => claim.machine == machine.id,
            (None, Some(work)) => work.machine == machine.id,
            (None, None) => false,
        };
        let lost = Lost {
            repo,
            name,
            all,
            is_elsewhere: !is_here,
        };
        let held = lost.worktrees(record)?;
        if held.is_empty() && !lost.has_branch()? {
            continue;
        }
        let operation = Operation::begin(repo)?;
        let lock = Ledger::of(repo).lock()?;
        for linked in held {
            repo.detach_in_place(&linked, &name.branch_ref(), operation.lock())?;
            done.push(format!(
                "{name} was taken over: '{}' has let go of its branch, and nothing in it has changed",
                linked.top.display()
            ));
        }
        lost.drop_branch(&operation, &lock)?;
    }
    Ok(done)
}

/// A stream that this machine has lost, once or several times.
struct Lost<'a> {
    repo: &'a Repo,
    name: &'a StreamName,
    all: Vec<&'a Former>,
    /// Whether another machine has it now, so that the branch here belongs to nobody.
    is_elsewhere: bool,
}

impl Lost<'_> {
    /// The worktrees that still have the branch, or will come back to it.
    fn worktrees(&self, record: &Stream) -> Result<Vec<Linked>, Error> {
        let branch = self.name.branch_ref();
        let checkouts = self.repo.checkouts_of(&branch)?;
        if checkouts.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.repo.linked_worktrees()?;
        found.retain(|linked| {
            let has_it = checkouts.iter().any(|one| one.top == linked.top);
            let here = self.all.first().map_or("", |one| one.machine.as_str());
            let is_lost = record.lost(here, &linked.id, &linked.top).is_some();
            let is_its = marked(&linked.git_dir).is_ok_and(|mark| mark.as_ref() == Some(self.name));
            has_it && is_lost && is_its
        });
        Ok(found)
    }

    fn has_branch(&self) -> Result<bool, Error> {
        let is_there = self.repo.read_ref(&self.name.branch_ref())?.is_some();
        Ok(self.is_elsewhere && is_there)
    }

    /// The branch goes, and what it led to is kept. One that is checked out elsewhere stays.
    fn drop_branch(&self, operation: &Operation, _lock: &Lock) -> Result<(), Error> {
        let (repo, branch) = (self.repo, self.name.branch_ref());
        let Some(tip) = repo.read_ref(&branch)?.filter(|_| self.is_elsewhere) else {
            return Ok(());
        };
        if is_checked_out(repo, self.name)? {
            return Ok(());
        }
        let mut moves = vec![Move {
            name: branch,
            from: Expect::At(tip),
            to: None,
        }];
        let kept = self.all.last().map(|one| one.kept.clone());
        match kept {
            Some(kept) if repo.read_ref(&kept)?.is_none() => moves.push(Move {
                name: kept,
                from: Expect::Absent,
                to: Some(tip),
            }),
            _ => {
                let made = (now(), operation.id());
                let more = kept::keep(repo, self.name, made, [tip], &[])?;
                moves.extend(more.into_iter().map(|one| Move {
                    name: one.name,
                    from: Expect::Absent,
                    to: one.new,
                }));
            }
        }
        Ok(repo.move_refs(&moves, "stream: taken over")?)
    }
}
