//! How is a long chain shortened, and nothing of it lost?
//!
//! The chain begins anew with one commit, which holds the same tree; the old one stays behind a ref
//! of its own, here and on the remote ([`super::chain`]). That ref is there before the ledger
//! moves, so a process that dies in between has changed nothing. The ledger moves as for any other
//! event: from the commit that was decided on, or not at all.
//!
//! Other machines see a ledger that does not descend from what they knew. They follow it only where
//! its first commit names a chain that contains what they knew, has the tree of that chain's tip,
//! and the remote keeps that chain.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::note::Note;
use super::shared::{Shared, TALK};
use super::{Ledger, REF, chain, entry};
use crate::git::{Expect, Id, Lock, Move, Pushed, Update};
use crate::ledger::error::Error;
use crate::ledger::operation::OpId;
use crate::ledger::record::RefMove;
use crate::ledger::transition::Rules;
use crate::name::AgentName;
use crate::word;

/// How often it is tried again on a shared ledger that has grown meanwhile.
const ATTEMPTS: usize = 8;

/// A chain that was shortened, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compacted {
    /// How many entries the ledger has had so far.
    pub entries: usize,
    /// The tip of the old chain.
    pub old: Id,
    /// The first commit of the new one; `None` in a dry run.
    pub new: Option<Id>,
    /// The ref that keeps the old one.
    pub kept: String,
    /// The same on the remote of a shared ledger.
    pub kept_there: Option<String>,
}

/// How one try has ended.
enum Once {
    Done(Compacted),
    /// There is nothing to shorten.
    Nothing,
    /// Another machine was faster.
    Lost,
}

impl Ledger<'_> {
    /// Whether a chain contains an entry, also behind a place where it was shortened.
    pub fn includes(&self, old: Id, tip: Id) -> Result<bool, Error> {
        let is_kept = |behind| Ok(self.repo.read_ref(&chain::kept(behind))? == Some(behind));
        chain::includes(self.repo, (old, tip), &is_kept)
    }

    /// How many entries a chain has, also behind a place where it was shortened.
    pub fn length(&self, tip: Id) -> Result<usize, Error> {
        Ok(chain::since(self.repo, tip, None)?.len())
    }

    /// Where a chain ends that begins anew: the tip of the chain before, which has the same tree,
    /// and the ref that has to keep that. `None` where it just begins.
    pub fn begins_anew(&self, tip: Id) -> Result<Option<(Id, String)>, Error> {
        let mut at = self.repo.commit(tip)?;
        while let [only] = at.parents.as_slice() {
            at = self.repo.commit(*only)?;
        }
        let behind = chain::behind(self.repo, &at)?;
        Ok(behind.map(|old| (old, chain::kept(old))))
    }

    /// The command that brings here what came before the ledger, where it was shortened and that is
    /// not here.
    pub fn command_for_before(&self) -> Result<Option<String>, Error> {
        let (repo, tip) = (self.repo, self.repo.read_ref(REF)?);
        let Some(share) = super::Share::of(&entry::read(repo, tip)?) else {
            return Ok(None);
        };
        let entries = tip.map(|tip| chain::since(repo, tip, None)).transpose()?;
        let Some(first) = entries.and_then(|entries| entries.last().copied()) else {
            return Ok(None);
        };
        Ok(chain::named(repo, &repo.commit(first)?).map(|_old| {
            let (there, remote) = (chain::kept_below(&share), word::quoted(&share.remote));
            format!("git fetch {remote} '{there}*:{}*'", chain::KEPT)
        }))
    }

    /// What [`Self::compact`] would do with the ledger as it is known here; `None` where it has one
    /// entry, or none.
    pub fn compactable(&self) -> Result<Option<Compacted>, Error> {
        let repo = self.repo;
        let Some(old) = repo.read_ref(REF)? else {
            return Ok(None);
        };
        if repo.commit(old)?.parents.is_empty() {
            return Ok(None);
        }
        let share = super::Share::of(&entry::read(repo, Some(old))?);
        Ok(Some(Compacted {
            entries: self.length(old)?,
            old,
            new: None,
            kept: chain::kept(old),
            kept_there: share.map(|share| chain::kept_there(&share, old)),
        }))
    }

    /// Begins the chain anew, with the state that it has. Where the ledger is shared, it counts when
    /// the remote has it.
    pub fn compact(&self, by: &AgentName, rules: &Rules<'_>) -> Result<Option<Compacted>, Error> {
        match super::Share::of(&self.read()?) {
            Some(share) => Shared::new(self, share, rules).compact(by),
            None => self.compact_alone(by),
        }
    }

    fn compact_alone(&self, by: &AgentName) -> Result<Option<Compacted>, Error> {
        let _lock = self.lock()?;
        let Some(mut compacted) = self.compactable()? else {
            return Ok(None);
        };
        let old = compacted.old;
        let new = chain::first(self.repo, old, by.as_str(), OpId::new().as_str())?;
        self.repo.flush()?;
        let there = Expect::from_read(self.repo.read_ref(&compacted.kept)?);
        let moves = [
            Move {
                name: compacted.kept.clone(),
                from: there,
                to: Some(old),
            },
            Move {
                name: REF.to_owned(),
                from: Expect::At(old),
                to: Some(new),
            },
        ];
        self.repo.move_refs(&moves, "stream: compact")?;
        compacted.new = Some(new);
        Ok(Some(compacted))
    }
}

impl Shared<'_, '_> {
    fn compact(&self, by: &AgentName) -> Result<Option<Compacted>, Error> {
        let _pusher = Lock::take(&self.lock_path(), self.left())?;
        for _ in 0..ATTEMPTS {
            self.drain(None)?;
            self.fetch()?;
            self.forget_spare()?;
            match self.compact_once(by)? {
                Once::Done(compacted) => return Ok(Some(compacted)),
                Once::Nothing => return Ok(None),
                Once::Lost => {}
            }
            if Instant::now() >= self.deadline {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(self.raced())
    }

    fn compact_once(&self, by: &AgentName) -> Result<Once, Error> {
        let Some((mut compacted, note)) = self.begin_anew(by)? else {
            return Ok(Once::Nothing);
        };
        let remote = &self.share.remote;
        let there = chain::kept_there(&self.share, compacted.old);
        self.keep_there(&there, compacted.old)?;
        compacted.new = Some(note.to);
        note.write(self.repo)?;
        let update = Update {
            name: self.share.name.clone(),
            from: Expect::At(compacted.old),
            to: Some(note.to),
        };
        match self.repo.push(remote, &[update], TALK)? {
            Pushed::Done => {
                super::view::remember(self.repo)?;
                self.acknowledge(&note)?;
            }
            Pushed::Lost { .. } => {
                self.lost.set(true);
                self.fetch()?;
            }
            Pushed::Unwanted { name, why } => {
                Note::forget(self.repo)?;
                return Err(self.unwanted(&name, why));
            }
            Pushed::NotAtomic => {
                Note::forget(self.repo)?;
                return Err(Error::NotAtomic {
                    remote: remote.clone(),
                });
            }
            Pushed::Unknown(source) => {
                // Where the remote is away, the note stays: the next pusher finds out.
                if self.fetch().is_ok() {
                    self.settle(&note)?;
                }
                if !self.is_on(note.to)? {
                    return Err(self.unreachable(source));
                }
            }
        }
        if self.is_on(note.to)? {
            return Ok(Once::Done(compacted));
        }
        self.forget_there(&there, compacted.old)?;
        Ok(Once::Lost)
    }

    /// Writes the first commit of the new chain; nothing leads to it yet.
    fn begin_anew(&self, by: &AgentName) -> Result<Option<(Compacted, Note)>, Error> {
        let _lock = self.ledger.lock()?;
        let Some(compacted) = self.ledger.compactable()? else {
            return Ok(None);
        };
        let to = chain::first(self.repo, compacted.old, by.as_str(), OpId::new().as_str())?;
        self.repo.flush()?;
        let kept = RefMove {
            name: compacted.kept.clone(),
            old: self.repo.read_ref(&compacted.kept)?,
            new: Some(compacted.old),
        };
        let note = Note {
            from: Some(compacted.old),
            to,
            carried: None,
            moves: vec![kept],
            written: Vec::new(),
            late: Vec::new(),
        };
        Ok(Some((compacted, note)))
    }

    /// Has the remote keep the old chain, before anything else.
    fn keep_there(&self, name: &str, old: Id) -> Result<(), Error> {
        let remote = &self.share.remote;
        let there = self.repo.remote_ref(remote, name, TALK);
        if there.map_err(|source| self.unreachable(source))? == Some(old) {
            return Ok(());
        }
        let update = Update {
            name: name.to_owned(),
            from: Expect::Absent,
            to: Some(old),
        };
        match self.repo.push(remote, &[update], TALK)? {
            Pushed::Done => Ok(()),
            // Another may have had it kept at the same moment.
            Pushed::Lost { .. } | Pushed::NotAtomic => {
                let there = self.repo.remote_ref(remote, name, TALK);
                match there.map_err(|source| self.unreachable(source))? {
                    Some(there) if there == old => Ok(()),
                    _ => Err(self.raced()),
                }
            }
            Pushed::Unwanted { name, why } => Err(self.unwanted(&name, why)),
            Pushed::Unknown(source) => Err(self.unreachable(source)),
        }
    }

    /// Takes the ref away again that keeps a chain which has gone on as it was: nobody can begin
    /// anew from there any more. A server that does not let it go keeps what it has anyway.
    fn forget_there(&self, name: &str, old: Id) -> Result<(), Error> {
        let Some(tip) = self.repo.read_ref(REF)? else {
            return Ok(());
        };
        // As long as the ledger is there, a push that has failed may still arrive.
        if tip != old && chain::includes(self.repo, (old, tip), &|_| Ok(false))? {
            self.take_away(name, old)?;
        }
        Ok(())
    }

    fn take_away(&self, name: &str, old: Id) -> Result<(), Error> {
        let update = Update {
            name: name.to_owned(),
            from: Expect::At(old),
            to: None,
        };
        drop(self.repo.push(&self.share.remote, &[update], TALK)?);
        Ok(())
    }

    /// Takes away what the remote keeps for nothing: of a compaction that has died between its two
    /// pushes, on a ledger that has gone on since.
    fn forget_spare(&self) -> Result<(), Error> {
        let (repo, below) = (self.repo, chain::kept_below(&self.share));
        let kept = repo.remote_refs(&self.share.remote, &[&format!("{below}*")], TALK);
        let kept = kept.map_err(|source| self.unreachable(source))?;
        let Some(tip) = repo.read_ref(REF)?.filter(|_| !kept.is_empty()) else {
            return Ok(());
        };
        let entries: HashSet<Id> = chain::since(repo, tip, None)?.into_iter().collect();
        let mut named = HashSet::new();
        for id in &entries {
            named.extend(chain::named(repo, &repo.commit(*id)?));
        }
        for (name, old) in kept {
            let is_spare = old != tip && entries.contains(&old) && !named.contains(&old);
            if is_spare && name == chain::kept_there(&self.share, old) {
                self.take_away(&name, old)?;
            }
        }
        Ok(())
    }

    /// Whether the acknowledged ledger contains an entry.
    fn is_on(&self, entry: Id) -> Result<bool, Error> {
        match self.repo.read_ref(REF)? {
            Some(tip) => chain::includes(self.repo, (entry, tip), &|_| Ok(true)),
            None => Ok(false),
        }
    }
}
