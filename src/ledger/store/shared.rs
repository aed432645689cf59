//! How does an event get onto a ledger that several machines share?
//!
//! The remote's ref is the truth; the local ledger is only ever a commit that the remote has
//! acknowledged. One process of a machine at a time is its pusher: it takes everything that waits
//! along in one push, as commits on top of what it knows. Where another machine was faster it
//! fetches, decides everything again on the new state, and pushes again.
//!
//! ```text
//! request ─→ queue ─┐
//! request ─→ queue ─┼─ pack ─→ note ─→ push ─┬─ done ─→ ledger, outbox and refs move together
//! outbox (rides) ───┘   ↑                    ├─ lost ─→ fetch ─┐
//!                       └────────────────────┴─────────────────┘
//! ```
//!
//! The lock that orders what this machine does to its own files is never held while the network is
//! waited for. What dies between the push and its answer leaves the note, from which the next
//! pusher finds out what arrived.
//!
//! A request that publishes refs of the remote (a landing: the base) is pushed together with the
//! ledger, all of it or nothing. What the remote does not want of that is taken out of the parcel,
//! and everything else goes on.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::crowd::Turn;
use super::inbox;
use super::note::{Awaited, Note};
use super::queue::{self, Answer, Ticket};
use super::share::Share;
use super::{Ledger, REF, Submitted, chain, entry, outbox, watch};
use crate::git::{self, Expect, Id, Lock, Move, Pushed, Repo, Update};
use crate::ledger::error::Error;
use crate::ledger::operation::Machine;
use crate::ledger::record::Claim;
use crate::ledger::refusal::Refusal;
use crate::ledger::request::Request;
use crate::ledger::transition::{Applied, Rules, apply};

/// How long one conversation with the remote may take.
pub(super) const TALK: Duration = Duration::from_secs(30);
/// How long it may take where more than the ledger is pushed.
const PUBLISHING: Duration = Duration::from_secs(120);
/// How long a request is tried at all, unless `GIT_STREAM_PATIENCE` says it in seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// A ledger, and where it is shared.
pub(super) struct Shared<'a, 'r> {
    pub(super) ledger: &'a Ledger<'r>,
    pub(super) repo: &'r Repo,
    pub(super) share: Share,
    pub(super) rules: &'a Rules<'a>,
    pub(super) deadline: Instant,
    /// Whether the server cannot remove them together with the ledger's move.
    pub(super) is_alone: Cell<bool>,
    /// Whether what was announced was fetched for this.
    pub(super) has_inbox: Cell<bool>,
    /// The remote itself, where it is a repository of this computer.
    pub(super) beside: OnceCell<Option<Repo>>,
    /// Whether the remote has said what it has.
    has_heard: Cell<bool>,
    /// Whether the last push was lost, and its note is to be judged by the next look.
    pub(super) lost: Cell<bool>,
    /// The pushes that have not arrived yet, and may.
    late: RefCell<Vec<Note>>,
    /// The tips of old chains that the remote keeps, as it has said.
    kept: RefCell<BTreeSet<Id>>,
    /// What came between this machine and its last push, if it was no other machine.
    hindered: RefCell<Option<Error>>,
}

/// What became of a push.
pub(super) enum Sent {
    /// It is there.
    Yes,
    /// It is not; what had to be known for the next one is known by now.
    Not,
    /// It is not: some of it was taken out, and the rest can be pushed.
    WithoutSome,
}

/// What is pushed at once.
pub(super) struct Parcel {
    /// The ledger as it was acknowledged.
    pub(super) from: Option<Id>,
    /// Its new tip; the same as `from` where there is nothing to push.
    pub(super) to: Option<Id>,
    /// Whether the remote has `from`: it has not when a ledger is shared for the first time.
    is_known_there: bool,
    /// How far the outbox is in it.
    pub(super) carried: Option<Id>,
    pub(super) written: Vec<Awaited>,
    unwritten: Vec<Ticket>,
    moved: Vec<(Ticket, String)>,
    /// The announcements that are decided with it, and removed.
    pub(super) decided: Vec<(String, Id)>,
}

impl<'a, 'r> Shared<'a, 'r> {
    pub(super) fn new(
        ledger: &'a Ledger<'r>,
        share: Share,
        rules: &'a Rules<'a>,
    ) -> Shared<'a, 'r> {
        Shared {
            ledger,
            repo: ledger.repo,
            share,
            rules,
            deadline: Instant::now() + patience(),
            beside: OnceCell::new(),
            is_alone: Cell::new(false),
            has_inbox: Cell::new(false),
            has_heard: Cell::new(false),
            lost: Cell::new(false),
            late: RefCell::default(),
            kept: RefCell::default(),
            hindered: RefCell::default(),
        }
    }

    /// Puts a request to the remote's ledger and waits for its answer.
    pub(super) fn submit(&self, request: &Request) -> Result<Result<Submitted, Refusal>, Error> {
        loop {
            let ticket = Ticket::put(self.repo, request)?;
            let pusher = self.pusher(&ticket)?;
            ticket.insist()?;
            if ticket.waits()
                && let Err(error) = self.drain(Some(&ticket))
            {
                ticket.withdraw()?;
                return Err(error);
            }
            drop(pusher);
            match ticket.take_answer(self.repo)? {
                Answer::Written(commit) => return Ok(Ok(self.written(request, commit)?)),
                Answer::Moved(name) => return Err(self.moved(request, name)?),
                Answer::Unwanted(name, why) => return Err(self.unwanted(&name, why)),
                Answer::NotAtomic => {
                    return Err(Error::NotAtomic {
                        remote: self.share.remote.clone(),
                    });
                }
                Answer::No => {}
            }
            let before = self.ledger.read()?;
            match apply(&before, request, self.rules) {
                Err(refusal) => return Ok(Err(refusal)),
                Ok(Applied { event: None, state }) => {
                    return Ok(Ok(Submitted {
                        before,
                        state,
                        event: None,
                    }));
                }
                // What stood in its way is gone by now, or who has decided it knew another plan.
                Ok(_) if Instant::now() < self.deadline => self.is_alone.set(true),
                Ok(_) => return Err(self.raced()),
            }
        }
    }

    /// Pushes what waits in the outbox.
    pub(super) fn flush(&self) -> Result<(), Error> {
        let _pusher = Lock::take(&self.lock_path(), self.left())?;
        self.drain(None)
    }

    /// Pushes what waits, and where nothing does, asks what there is: the local ledger is what the
    /// remote has just said.
    pub(super) fn meet(&self) -> Result<(), Error> {
        let _pusher = Lock::take(&self.lock_path(), self.left())?;
        self.drain(None)?;
        if !self.has_heard.get() {
            self.fetch()?;
        }
        Ok(())
    }

    /// Brings the local ledger up to what the remote has.
    pub(super) fn refresh(&self) -> Result<(), Error> {
        let _pusher = Lock::take(&self.lock_path(), self.left())?;
        if !self.settle_note()? {
            self.fetch()?;
        }
        Ok(())
    }

    /// Finds out what became of a push whose pusher died; nothing to do where none did.
    pub(super) fn settle_what_died(&self) -> Result<(), Error> {
        if Note::read(self.repo)?.is_some()
            && let Some(_pusher) = Lock::try_take(&self.lock_path())?
        {
            self.settle_note()?;
        }
        Ok(())
    }

    /// Takes over the remote's ledger, if it has one.
    ///
    /// A ledger of this repository alone gives way, under a kept ref, unless streams are held on it.
    pub(super) fn join(&self) -> Result<(), Error> {
        let _pusher = Lock::take(&self.lock_path(), self.left())?;
        let Share { remote, name } = &self.share;
        let there = self.repo.remote_ref(remote, name, TALK);
        let Some(_) = there.map_err(|source| self.unreachable(source))? else {
            return super::view::remember(self.repo);
        };
        let tracking = self.share.tracking();
        self.repo
            .fetch_ref(remote, name, &tracking, TALK)
            .map_err(|source| self.unreachable(source))?;
        super::view::remember(self.repo)?;
        let _lock = self.ledger.lock()?;
        let (ours, theirs) = (self.repo.read_ref(REF)?, self.repo.read_ref(&tracking)?);
        let theirs = theirs.expect("it was fetched just now");
        entry::read(self.repo, Some(theirs))?;
        let mut steps = vec![Move {
            name: REF.to_owned(),
            from: Expect::from_read(ours),
            to: Some(theirs),
        }];
        if let Some(ours) = ours
            && !self.repo.is_ancestor(ours, theirs)?
        {
            let held: Vec<_> = entry::read(self.repo, Some(ours))?
                .held()
                .map(|(name, ..)| name.clone())
                .collect();
            if !held.is_empty() {
                return Err(Error::TwoLedgers {
                    remote: remote.clone(),
                    held,
                });
            }
            steps.push(Move {
                name: format!("refs/stream/kept/ledger/{}", ours.to_hex_with_len(12)),
                from: Expect::Absent,
                to: Some(ours),
            });
        }
        self.repo
            .move_refs(&steps, "stream: joined the ledger of the remote")?;
        self.look()
    }

    pub(super) fn unreachable(&self, source: git::Error) -> Error {
        // What cannot be written down now is only a look that counts for less.
        drop(watch::blink(self.repo));
        Error::Unreachable {
            remote: self.share.remote.clone(),
            source,
        }
    }

    pub(super) fn unwanted(&self, name: &str, why: String) -> Error {
        Error::Unwanted {
            remote: self.share.remote.clone(),
            name: name.to_owned(),
            why,
        }
    }

    fn pusher(&self, ticket: &Ticket) -> Result<Lock, Error> {
        match Lock::take(&self.lock_path(), self.left()) {
            Ok(lock) => Ok(lock),
            Err(error) => {
                ticket.withdraw()?;
                Err(error.into())
            }
        }
    }

    pub(super) fn lock_path(&self) -> std::path::PathBuf {
        self.repo.private("push.lock")
    }

    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    pub(super) fn raced(&self) -> Error {
        Error::RemoteRaced {
            remote: self.share.remote.clone(),
        }
    }

    // ---- pushing ----

    /// Pushes until everything that waits has its answer. Only for the pusher.
    pub(super) fn drain(&self, own: Option<&Ticket>) -> Result<(), Error> {
        let mut is_fresh = self.settle_note()?;
        if inbox::Pending::read(self.repo)?.is_some() {
            // Its process has died, or has given up while the remote was away.
            self.fetch()?;
            is_fresh = true;
        }
        let (mut losses, mut looks, mut waits) = (0, 0, None);
        let (mut joins, mut took) = (false, Duration::ZERO);
        loop {
            let began = Instant::now();
            let parcel = {
                let _lock = self.ledger.lock()?;
                self.pack(own)?
            };
            // An answer that is no may rest on what has changed elsewhere.
            if !is_fresh && !parcel.unwritten.is_empty() {
                self.fetch()?;
                is_fresh = true;
                continue;
            }
            // What only rides along waits for a push that somebody needs.
            let is_needed = own.is_none() || !parcel.written.is_empty();
            if parcel.to == parcel.from || !is_needed {
                return self.end(&parcel);
            }
            if !joins {
                match self.push(&parcel)? {
                    Sent::Yes => return self.end(&parcel),
                    Sent::WithoutSome => continue,
                    Sent::Not => losses += 1,
                }
                took = began.elapsed();
            }
            if is_answered(own) {
                return Ok(());
            }
            // Most that lose had an old view only. What was written meanwhile may be an answer, and
            // who is alone gets through now; in a crowd this push would be lost like the last one.
            if !is_fresh && !self.is_seen_contended(own, parcel.from) {
                self.fetch()?;
                is_fresh = true;
                if is_answered(own) {
                    return self.end(&parcel);
                }
                joins = self.is_contended(parcel.from)?;
                continue;
            }
            joins = false;
            self.announce(own, &parcel)?;
            let waits = waits.get_or_insert_with(|| self.waits(took));
            match self.wait_for_others(own, waits, &mut looks, losses)? {
                Turn::Mine => is_fresh = true,
                // What has arrived after all is not to be decided by others once more.
                Turn::Answered => return self.withdraw().map(drop),
                Turn::Over => return self.give_up(),
            }
        }
    }

    /// Everything has its answer, or is about to.
    fn end(&self, parcel: &Parcel) -> Result<(), Error> {
        if !self.withdraw()? {
            return Ok(());
        }
        parcel.turn_down()
    }

    fn give_up(&self) -> Result<(), Error> {
        if !self.withdraw()? {
            return Ok(());
        }
        Err(self.hindered.take().unwrap_or_else(|| self.raced()))
    }

    /// Pushes once.
    fn push(&self, parcel: &Parcel) -> Result<Sent, Error> {
        let Share { remote, name } = &self.share;
        let mut note = parcel.note();
        note.late.clone_from(&self.late.borrow());
        note.write(self.repo)?;
        self.hindered.take();
        let mut updates = vec![Update {
            name: name.clone(),
            from: Expect::from_read(parcel.from.filter(|_| parcel.is_known_there)),
            to: parcel.to,
        }];
        updates.extend(parcel.publishes().map(|one| Update {
            name: one.name.clone(),
            from: Expect::from_read(one.old),
            to: one.new,
        }));
        let publishes = updates.len() > 1;
        updates.extend(parcel.decided.iter().map(|(name, commit)| Update {
            name: name.clone(),
            from: Expect::At(*commit),
            to: None,
        }));
        let is_decided = |lost: &String| parcel.decided.iter().any(|(name, _)| name == lost);
        let limit = if publishes { PUBLISHING } else { TALK };
        let turn_away = |answer: Answer| {
            Note::forget(self.repo)?;
            parcel.turn_away(&answer)?;
            Ok(Sent::WithoutSome)
        };
        match self.repo.push(remote, &updates, limit)? {
            Pushed::Done => {
                super::view::remember(self.repo)?;
                inbox::Pending::forget(self.repo)?;
                self.acknowledge(&note)?;
                Ok(Sent::Yes)
            }
            Pushed::Lost { name: lost, .. } if lost != *name && !is_decided(&lost) => {
                self.lost.set(true);
                self.fetch()?;
                if parcel.written.iter().all(|one| !one.ticket.waits()) {
                    return Ok(Sent::Yes);
                }
                turn_away(Answer::Moved(lost))
            }
            Pushed::Lost { locked, .. } => {
                let remote = remote.clone();
                let hindered = locked.map(|lock| Error::RemoteLocked { remote, lock });
                self.hindered.replace(hindered);
                // What has arrived instead is to be seen when others have had their turn. It may be
                // this very push: a connection that breaks may be made anew, and all of it be said
                // once more. So the note stays until the next look.
                self.lost.set(true);
                Ok(Sent::Not)
            }
            // A hook that judges all of a push at once does not say which ref it is about.
            Pushed::Unwanted { why, .. } if publishes => {
                let base = updates.swap_remove(1).name;
                turn_away(Answer::Unwanted(base, why))
            }
            Pushed::Unwanted { why, .. } => {
                Note::forget(self.repo)?;
                Err(self.unwanted(name, why))
            }
            Pushed::NotAtomic if !publishes => {
                Note::forget(self.repo)?;
                self.is_alone.set(true);
                self.withdraw()?;
                Ok(Sent::WithoutSome)
            }
            Pushed::NotAtomic => turn_away(Answer::NotAtomic),
            Pushed::Unknown(source) => match self.fetch() {
                Ok(()) => {
                    let remote = remote.clone();
                    self.hindered
                        .replace(Some(Error::Unreachable { remote, source }));
                    self.settle(&note)
                }
                // The note stays: the next pusher finds out.
                Err(Error::Unreachable { remote, .. }) => {
                    Err(Error::Unreachable { remote, source })
                }
                Err(error) => Err(error),
            },
        }
    }

    /// Puts everything that waits on top of the ledger, in memory and in the object database.
    fn pack(&self, own: Option<&Ticket>) -> Result<Parcel, Error> {
        let repo = self.repo;
        let from = repo.read_ref(REF)?;
        let held = outbox::read(repo)?;
        let pending = if held.onto == from {
            held.pending
        } else {
            outbox::rebase(repo, &held.pending, from, self.rules)?
        };
        let is_known_there =
            from.is_some() && Share::of(&entry::read(repo, from)?).as_ref() == Some(&self.share);
        let mut parcel = Parcel {
            from,
            to: pending.last().map(|last| last.commit).or(from),
            is_known_there,
            carried: held.tip,
            written: Vec::new(),
            unwritten: Vec::new(),
            moved: Vec::new(),
            decided: Vec::new(),
        };
        let mut state = entry::read(repo, parcel.to)?;
        let mut published = Vec::new();
        for ticket in self.tickets(own)?.into_iter().filter(Ticket::waits) {
            // Two ways of one ref cannot go in one push; the second waits for the next.
            let ways = &ticket.request.publish;
            if ways.iter().any(|one| published.contains(&one.name)) {
                continue;
            }
            published.extend(ways.iter().map(|one| one.name.clone()));
            if let Some(name) = self.misplaced(&ticket.request)? {
                parcel.moved.push((ticket, name));
                continue;
            }
            match apply(&state, &ticket.request, self.rules) {
                Ok(Applied {
                    state: next,
                    event: Some(event),
                }) => {
                    let commit = entry::write(repo, parcel.to, &state, &next, &event)?;
                    (parcel.to, state) = (Some(commit), next);
                    parcel.written.push(Awaited { ticket, commit });
                }
                Ok(_) | Err(_) => parcel.unwritten.push(ticket),
            }
        }
        if parcel.to != from {
            self.decide_others(&mut parcel, state)?;
        }
        repo.flush()?;
        Ok(parcel)
    }

    fn tickets(&self, own: Option<&Ticket>) -> Result<Vec<Ticket>, Error> {
        queue::waiting(self.repo, own, &|request| self.decides(request))
    }

    /// Whether this program can decide it: only some can compare patterns.
    pub(super) fn decides(&self, request: &Request) -> bool {
        !request.what.compares() || self.rules.compare.is_some()
    }

    /// A ref that a request moves, and that is not where the request found it.
    fn misplaced(&self, request: &Request) -> Result<Option<String>, Error> {
        for one in &request.moves {
            if self.repo.read_ref(&one.name)? != one.old {
                return Ok(Some(one.name.clone()));
            }
        }
        Ok(None)
    }

    // ---- what has arrived ----

    /// What became of a push whose pusher died; whether the remote was asked.
    fn settle_note(&self) -> Result<bool, Error> {
        let Some(note) = Note::read(self.repo)? else {
            return Ok(false);
        };
        self.fetch()?;
        self.settle(&note)?;
        Ok(true)
    }

    /// Whether a push has arrived after all, now that the remote's ledger is here.
    pub(super) fn settle(&self, note: &Note) -> Result<Sent, Error> {
        let tip = self.repo.read_ref(&self.share.tracking())?;
        let mut arrived = None;
        for one in note.all() {
            if let Some(tip) = tip
                && self.includes(one.to, tip)?
            {
                arrived = Some(one);
            }
        }
        if let Some(arrived) = arrived {
            self.acknowledge(arrived)?;
        }
        // A server that has taken it in may still be about to move the ref, from there only.
        let late: Vec<Note> = if arrived.is_none() && tip == note.from {
            let alone = |one: &Note| Note {
                late: Vec::new(),
                ..one.clone()
            };
            note.all().map(alone).collect()
        } else {
            Vec::new()
        };
        self.late.replace(late);
        self.follow(tip)?;
        Note::forget(self.repo)?;
        self.look()?;
        Ok(if arrived.is_some() {
            Sent::Yes
        } else {
            Sent::Not
        })
    }

    /// The remote has it: ledger, outbox and the refs that the events move go on together.
    pub(super) fn acknowledge(&self, note: &Note) -> Result<(), Error> {
        let _lock = self.ledger.lock()?;
        if self.repo.read_ref(REF)? == note.from {
            self.advance(note.to, note.carried, &note.moves)?;
        }
        for Awaited { ticket, commit } in &note.written {
            ticket.answer(&Answer::Written(*commit))?;
        }
        Note::forget(self.repo)?;
        self.look()
    }

    /// What the remote has just said is the truth: how long holders are silent is counted by it.
    fn look(&self) -> Result<(), Error> {
        self.has_heard.set(true);
        let tip = self.repo.read_ref(REF)?;
        watch::look(self.repo, &entry::read(self.repo, tip)?)
    }

    /// Brings the remote's ledger here, and follows it unless a push is still to be judged. Of what is
    /// announced, only that of this machine is looked at.
    pub(super) fn fetch(&self) -> Result<(), Error> {
        let own = inbox::Pending::read(self.repo)?.map(|pending| pending.name);
        self.fetch_with(own.as_deref())
    }

    /// The same, with everything that is announced.
    pub(super) fn fetch_all(&self) -> Result<(), Error> {
        self.fetch_with(Some(inbox::below(&self.share)))?;
        self.has_inbox.set(true);
        Ok(())
    }

    fn fetch_with(&self, announced: Option<&str>) -> Result<(), Error> {
        let Share { remote, name } = &self.share;
        let tracking = self.share.tracking();
        let here = announced.map(|there| inbox::here(&self.share, there));
        let below = announced.zip(here.as_deref());
        let fetch = |below| self.repo.fetch_refs(remote, (name, &tracking), below, TALK);
        let fetched = match fetch(below) {
            // An announcement that somebody has removed meanwhile cannot be had any more. What is
            // known of them then is old, and only says that nothing is decided yet.
            Err(git::Error::Failed {
                status: Some(_), ..
            }) if below.is_some() => fetch(below).or_else(|_again| fetch(None)),
            fetched => fetched,
        };
        if let Err(source) = fetched {
            let there = self.repo.remote_ref(remote, name, TALK);
            return match there {
                Ok(None) if !self.is_acknowledged()? => Ok(()),
                Ok(None) => Err(Error::Gone {
                    remote: remote.clone(),
                    name: name.clone(),
                }),
                Ok(Some(_)) | Err(_) => Err(self.unreachable(source)),
            };
        }
        super::view::remember(self.repo)?;
        self.bring_kept()?;
        match Note::read(self.repo)? {
            Some(note) if self.lost.replace(false) => {
                self.settle(&note)?;
            }
            Some(_) => {}
            None => match self.late.take().split_last() {
                Some((last, before)) => {
                    self.settle(&Note {
                        late: before.to_vec(),
                        ..last.clone()
                    })?;
                }
                None => {
                    self.follow(self.repo.read_ref(&tracking)?)?;
                    self.look()?;
                }
            },
        }
        Ok(())
    }

    /// Brings here what the remote keeps of a chain that was shortened since.
    fn bring_kept(&self) -> Result<(), Error> {
        let repo = self.repo;
        let remote = &self.share.remote;
        let (ours, mut at) = (repo.read_ref(REF)?, repo.read_ref(&self.share.tracking())?);
        while let Some(id) = at.filter(|id| ours.is_some() && Some(*id) != ours) {
            let entry = repo.commit(id)?;
            if let Some(old) = chain::named(repo, &entry) {
                let (there, here) = (chain::kept_there(&self.share, old), chain::kept(old));
                let kept = repo.remote_ref(remote, &there, TALK);
                // A ledger that does not say where it comes from is not followed.
                if kept.map_err(|source| self.unreachable(source))? != Some(old) {
                    return Ok(());
                }
                if repo.read_ref(&here)? != Some(old) {
                    let brought = repo.fetch_ref(remote, &there, &here, TALK);
                    brought.map_err(|source| self.unreachable(source))?;
                }
                self.kept.borrow_mut().insert(old);
            }
            at = chain::before(repo, &entry)?;
        }
        Ok(())
    }

    /// Whether the ledger contains an entry, also one of a chain that was shortened and is kept.
    fn includes(&self, old: Id, tip: Id) -> Result<bool, Error> {
        // What is not there is found out at the first entry that both have, unless there is a seam.
        if self.kept.borrow().is_empty() {
            return Ok(self.repo.is_ancestor(old, tip)?);
        }
        let is_kept = |behind| Ok(self.kept.borrow().contains(&behind));
        chain::includes(self.repo, (old, tip), &is_kept)
    }

    /// Whether the remote has ever acknowledged a ledger of ours.
    fn is_acknowledged(&self) -> Result<bool, Error> {
        let tip = self.repo.read_ref(REF)?;
        Ok(Share::of(&entry::read(self.repo, tip)?).as_ref() == Some(&self.share))
    }

    /// Moves the local ledger to what the remote has, if that has only grown.
    fn follow(&self, tip: Option<Id>) -> Result<(), Error> {
        let _lock = self.ledger.lock()?;
        let (Some(theirs), ours) = (tip, self.repo.read_ref(REF)?) else {
            return Ok(());
        };
        let decided = self.decided(theirs)?;
        if ours == Some(theirs) && decided.is_none() {
            return Ok(());
        }
        if let Some(ours) = ours
            && !self.includes(ours, theirs)?
        {
            return Err(Error::Rewound {
                remote: self.share.remote.clone(),
                ours,
                theirs,
            });
        }
        // A ledger that cannot be read is not followed.
        entry::read(self.repo, Some(theirs))?;
        let Some((pending, verdicts)) = decided else {
            return self.advance(theirs, None, &[]);
        };
        let moves = pending.asked.iter().zip(&verdicts);
        // What rides along has moved its refs already.
        let moves = moves.filter(|(asked, verdict)| asked.ticket.is_some() && verdict.is_some());
        let moves: Vec<_> = moves
            .flat_map(|(asked, _)| asked.request.moves.clone())
            .collect();
        self.advance(theirs, pending.carried, &moves)?;
        for (asked, verdict) in pending.asked.iter().zip(verdicts) {
            if let Some(ticket) = asked.ticket.as_ref().filter(|ticket| ticket.waits()) {
                ticket.answer(&verdict.map_or(Answer::No, Answer::Written))?;
            }
        }
        inbox::Pending::forget(self.repo)
    }

    /// Moves ledger, outbox and refs in one step. Under the lock of this machine's files.
    fn advance(
        &self,
        to: Id,
        carried: Option<Id>,
        moves: &[crate::ledger::RefMove],
    ) -> Result<(), Error> {
        let repo = self.repo;
        let from = repo.read_ref(REF)?;
        let held = outbox::read(repo)?;
        let done = held
            .pending
            .iter()
            .position(|one| Some(one.commit) == carried)
            .map_or(0, |at| at + 1);
        let rest = outbox::rebase(repo, &held.pending[done..], Some(to), self.rules)?;
        let mut steps = vec![Move {
            name: REF.to_owned(),
            from: Expect::from_read(from),
            to: Some(to),
        }];
        let next = rest.last().map(|last| last.commit);
        steps.extend(outbox::step(held.tip, next));
        steps.extend(self.keep_what_was_lost(to)?);
        for one in moves {
            // One that somebody has moved meanwhile stays where it is; its own process is told.
            if repo.read_ref(&one.name)? == one.old {
                // Who takes a stream from a claim that has died meanwhile makes its branch as well:
                // the last of them is what the ledger ends with.
                steps.retain(|step| step.name != one.name);
                steps.push(Move {
                    name: one.name.clone(),
                    from: Expect::from_read(one.old),
                    to: one.new,
                });
            }
        }
        for one in &rest {
            outbox::keep(repo, one.commit, &one.request)?;
        }
        repo.move_refs(&steps, "stream: acknowledged")?;
        outbox::forget(repo, &held.pending, &rest);
        Ok(())
    }

    /// The refs that keep the branches of this machine's streams that were taken over, made in the
    /// step in which it hears of that.
    fn keep_what_was_lost(&self, to: Id) -> Result<Vec<Move>, Error> {
        let mut steps = Vec::new();
        let Some(here) = Machine::known(self.repo) else {
            return Ok(steps);
        };
        for (name, record) in &entry::read(self.repo, Some(to))?.streams {
            if !record.was_lost() {
                continue;
            }
            let is_here = |claim: &Claim| claim.machine == here.id;
            if record.claim.as_ref().is_some_and(is_here) {
                continue;
            }
            let mut last = record.former.iter().rev();
            let Some(former) = last.find(|one| one.machine == here.id) else {
                continue;
            };
            if let (None, Some(tip)) = (
                self.repo.read_ref(&former.kept)?,
                self.repo.read_ref(&name.branch_ref())?,
            ) {
                steps.push(Move {
                    name: former.kept.clone(),
                    from: Expect::Absent,
                    to: Some(tip),
                });
            }
        }
        Ok(steps)
    }

    // ---- what the caller is told ----

    fn written(&self, request: &Request, commit: Id) -> Result<Submitted, Error> {
        let parent = self.repo.commit(commit)?.parents.first().copied();
        let before = entry::read(self.repo, parent)?;
        let event = apply(&before, request, self.rules)
            .ok()
            .and_then(|applied| applied.event);
        let state = self.ledger.read()?;
        Ok(Submitted {
            before,
            state,
            event,
        })
    }

    fn moved(&self, request: &Request, name: String) -> Result<Error, Error> {
        let moves = || request.moves.iter().chain(&request.publish);
        let expected = moves().find(|one| one.name == name);
        let is_here = request.moves.iter().any(|one| one.name == name);
        let actual = if is_here {
            self.repo.read_ref(&name)?
        } else {
            None
        };
        Ok(git::Error::Moved {
            expected: expected.and_then(|one| one.old),
            actual,
            name,
        }
        .into())
    }
}

/// How long a request is tried: as the caller says.
fn patience() -> Duration {
    let said = std::env::var("GIT_STREAM_PATIENCE").ok();
    let seconds = said.and_then(|text| text.parse().ok());
    seconds.map_or(PATIENCE, Duration::from_secs)
}

pub(super) fn is_answered(own: Option<&Ticket>) -> bool {
    own.is_some_and(|own| !own.waits())
}

impl Parcel {
    /// The refs of the remote that are pushed beside the ledger.
    fn publishes(&self) -> impl Iterator<Item = &crate::ledger::RefMove> {
        let written = self.written.iter();
        written.flat_map(|one| &one.ticket.request.publish)
    }

    /// Answers those whose refs beside the ledger are not taken.
    fn turn_away(&self, answer: &Answer) -> Result<(), Error> {
        let publish = |one: &&Awaited| !one.ticket.request.publish.is_empty();
        for one in self.written.iter().filter(publish) {
            one.ticket.answer(answer)?;
        }
        Ok(())
    }

    fn note(&self) -> Note {
        let moves = self
            .written
            .iter()
            .flat_map(|one| &one.ticket.request.moves);
        Note {
            from: self.from,
            to: self.to.expect("something is to be pushed"),
            carried: self.carried,
            moves: moves.cloned().collect(),
            written: self.written.clone(),
            late: Vec::new(),
        }
    }

    /// Tells those whose request is not on the ledger.
    fn turn_down(&self) -> Result<(), Error> {
        for ticket in &self.unwritten {
            ticket.answer(&Answer::No)?;
        }
        for (ticket, name) in &self.moved {
            ticket.answer(&Answer::Moved(name.clone()))?;
        }
        Ok(())
    }
}
