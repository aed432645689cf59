//! What does a machine do that has lost a race against many others?
//!
//! It looks whether others write at this very moment. If they do, it announces what it has to ask
//! ([`inbox`]), waits, and looks again: whoever stands first among the announcers decides for all
//! of them, in one push.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use jiff::SignedDuration;

use super::entry::{self, For};
use super::inbox::{self, Asked};
use super::queue::Ticket;
use super::share::Share;
use super::shared::{Parcel, Shared, TALK, is_answered};
use super::{REF, chain, outbox};
use crate::clock;
use crate::git::{Expect, Id, Pushed, Repo, Update};
use crate::ledger::error::Error;
use crate::ledger::history;
use crate::ledger::operation::Machine;
use crate::ledger::request::Request;
use crate::ledger::state::State;
use crate::ledger::transition::{Applied, apply};

/// How often it is looked whether somebody else has decided what was announced, for each try.
const PATIENT_LOOKS: u32 = 4;
/// An entry of the ledger that is no older than this was written at the same moment.
const MOMENT: SignedDuration = SignedDuration::from_secs(5);

/// What was announced, and the entry that each request has become, if it has.
type Decided = (inbox::Pending, Vec<Option<Id>>);

/// How the wait for others has ended.
pub(super) enum Turn {
    /// They have decided.
    Answered,
    /// This machine is to decide.
    Mine,
    /// There is no time left.
    Over,
}

/// Where an announcement stands among those of other machines.
#[derive(PartialEq)]
enum Place {
    First,
    Behind,
    /// It is decided, mostly.
    Gone,
}

impl Shared<'_, '_> {
    /// Whether others write at this very moment, now that a push from `from` has lost and the remote
    /// was looked at. It may be wrong, by the clocks of others: then a push more is lost, or a look.
    pub(super) fn is_contended(&self, from: Option<Id>) -> Result<bool, Error> {
        let tip = self.repo.read_ref(REF)?;
        let Some(tip) = tip.filter(|tip| Some(*tip) != from) else {
            return Ok(true);
        };
        is_of_this_moment(self.repo, tip)
    }

    /// Whether the same is to be seen without bringing the remote's ledger here, and a request has
    /// still something to write on that. Where it cannot be seen, it is not.
    pub(super) fn is_seen_contended(&self, own: Option<&Ticket>, from: Option<Id>) -> bool {
        let (Some(own), Some(there)) = (own, self.beside()) else {
            return false;
        };
        let look = || -> Result<bool, Error> {
            let Some(tip) = there.read_ref(&self.share.name)? else {
                return Ok(false);
            };
            let state = entry::read(there, Some(tip))?;
            Ok((Some(tip) == from || is_of_this_moment(there, tip)?)
                && self.is_written(&state, &own.request))
        };
        look().unwrap_or(false)
    }

    fn beside(&self) -> Option<&Repo> {
        let beside = || self.repo.beside(&self.share.remote);
        self.beside.get_or_init(beside).as_ref()
    }

    /// The pauses between tries, of the length that one has taken: all of them share the server.
    pub(super) fn waits(&self, one: Duration) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay((one / 4).max(Duration::from_millis(20)))
            .with_max_delay(Duration::from_secs(8))
            .with_factor(1.5)
            .with_jitter()
            .without_max_times()
            .with_total_delay(Some(self.left()))
            .build()
    }

    /// Whether a request has nothing to write on the ledger as it is now.
    fn is_in_vain(&self, own: Option<&Ticket>) -> Result<bool, Error> {
        let Some(own) = own else {
            return Ok(false);
        };
        Ok(!self.is_written(&self.ledger.read()?, &own.request))
    }

    /// Whether a request has something to write on a state.
    fn is_written(&self, state: &State, request: &Request) -> bool {
        let applied = apply(state, request, self.rules);
        matches!(applied, Ok(Applied { event: Some(_), .. }))
    }

    /// Waits until what was announced is decided, or is to be decided here: then everything that is
    /// announced is here as well.
    pub(super) fn wait_for_others(
        &self,
        own: Option<&Ticket>,
        waits: &mut ExponentialBackoff,
        looks: &mut u32,
        losses: u32,
    ) -> Result<Turn, Error> {
        let mut seen = None;
        loop {
            let wait = waits.next();
            match wait {
                Some(wait) => std::thread::sleep(wait.min(self.left())),
                // The last look at what became of the last push.
                None if self.lost.get() => {}
                None => return Ok(Turn::Over),
            }
            let (place, tip) = self.place()?;
            *looks += 1;
            // Whoever stands first writes for all; where nobody does, the others do.
            let is_ours = place == Place::First || *looks > PATIENT_LOOKS * losses;
            if wait.is_none() || place == Place::Gone || self.is_alone.get() {
                self.fetch()?;
            } else if is_ours {
                self.fetch_all()?;
            } else if seen != tip && self.may_be_in_vain(own, tip)? {
                self.fetch()?;
            } else {
                seen = tip;
                continue;
            }
            seen = tip;
            if is_answered(own) {
                return Ok(Turn::Answered);
            }
            if wait.is_none() {
                return Ok(Turn::Over);
            }
            // Nothing of it is announced any more, or who asks will be told no.
            if is_ours || inbox::Pending::read(self.repo)?.is_none() || self.is_in_vain(own)? {
                return Ok(Turn::Mine);
            }
        }
    }

    /// Whether what was announced may have its answer by the remote's ledger: whoever writes there
    /// now need not know of the announcement.
    fn may_be_in_vain(&self, own: Option<&Ticket>, tip: Option<Id>) -> Result<bool, Error> {
        if let (Some(own), Some(there)) = (own, self.beside()) {
            let state = entry::read(there, tip);
            return Ok(state.is_ok_and(|state| !self.is_written(&state, &own.request)));
        }
        Ok(tip != self.repo.read_ref(REF)?)
    }

    /// Where the announcement of this machine stands, and the ledger, as the remote's refs say:
    /// nothing is brought here for that.
    fn place(&self) -> Result<(Place, Option<Id>), Error> {
        let Some(pending) = inbox::Pending::read(self.repo)? else {
            return Ok((Place::First, None));
        };
        let Share { remote, name } = &self.share;
        let below = inbox::below(&self.share);
        let told = match self.beside() {
            Some(there) => there.refs_below(below).and_then(|mut all| {
                all.extend(there.read_ref(name)?.map(|tip| (name.clone(), tip)));
                Ok(all)
            }),
            None => {
                let patterns = [&*format!("{below}*"), name];
                self.repo.remote_refs(remote, &patterns, TALK)
            }
        };
        // Where it cannot be seen, the fetch that follows says why.
        let told = told.unwrap_or_default();
        let tip = told.iter().find(|(found, _)| found == name);
        let tip = tip.map(|(_, tip)| *tip);
        let mut announced = told.into_iter().filter(|(name, _)| name.starts_with(below));
        let own = announced.position(|one| one == (pending.name.clone(), pending.commit));
        let place = match own {
            None => Place::Gone,
            Some(0) => Place::First,
            Some(_) => Place::Behind,
        };
        Ok((place, tip))
    }

    /// Leaves what waits to whoever writes next, unless that was done before.
    pub(super) fn announce(&self, own: Option<&Ticket>, parcel: &Parcel) -> Result<(), Error> {
        if self.is_alone.get() || inbox::Pending::read(self.repo)?.is_some() {
            return Ok(());
        }
        let Some(machine) = Machine::known(self.repo) else {
            return Ok(());
        };
        let plain = |request: &Request| request.publish.is_empty();
        let mut rides = outbox::read(self.repo)?.pending;
        let last = rides
            .iter()
            .position(|one| Some(one.commit) == parcel.carried);
        // What was said since waits for the next push.
        rides.truncate(last.map_or(0, |last| last + 1));
        let mut asked: Vec<Asked> = rides
            .into_iter()
            .map(|one| Asked {
                request: one.request,
                ticket: None,
            })
            .collect();
        asked.extend(parcel.written.iter().map(|one| Asked {
            request: one.ticket.request.clone(),
            ticket: Some(one.ticket.clone()),
        }));
        if own.is_none() || !asked.iter().all(|one| plain(&one.request)) {
            return Ok(());
        }
        let requests = asked.iter().map(|one| one.request.clone()).collect();
        let Some(commit) = inbox::write(self.repo, parcel.from, requests)? else {
            return Ok(());
        };
        let pending = inbox::Pending {
            name: inbox::name(&self.share, &machine),
            commit,
            since: parcel.from,
            carried: parcel.carried,
            asked,
        };
        pending.write(self.repo)?;
        let update = Update {
            name: pending.name.clone(),
            from: Expect::Absent,
            to: Some(pending.commit),
        };
        match self.repo.push(&self.share.remote, &[update], TALK)? {
            // It may have arrived: the next look tells.
            Pushed::Done | Pushed::Unknown(_) => {}
            // One that an earlier process has left there is decided by whoever writes next.
            Pushed::Lost { .. } | Pushed::Unwanted { .. } | Pushed::NotAtomic => {
                inbox::Pending::forget(self.repo)?;
                self.is_alone.set(true);
            }
        }
        Ok(())
    }

    /// Takes back what was announced; whether it is not decided, and will not be.
    pub(super) fn withdraw(&self) -> Result<bool, Error> {
        let Some(pending) = inbox::Pending::read(self.repo)? else {
            return Ok(true);
        };
        let update = Update {
            name: pending.name.clone(),
            from: Expect::At(pending.commit),
            to: None,
        };
        if let Pushed::Done = self.repo.push(&self.share.remote, &[update], TALK)? {
            inbox::Pending::forget(self.repo)?;
            return Ok(true);
        }
        self.fetch()?;
        Ok(inbox::Pending::read(self.repo)?.is_some())
    }

    /// What became of the announcement, now that the remote's ledger and inbox are here: `None`
    /// where nobody has decided it.
    pub(super) fn decided(&self, tip: Id) -> Result<Option<Decided>, Error> {
        let Some(pending) = inbox::Pending::read(self.repo)? else {
            return Ok(None);
        };
        let entries = chain::since(self.repo, tip, pending.since)?;
        let verdicts = pending.verdicts(self.repo, &entries)?;
        let here = inbox::here(&self.share, &pending.name);
        let waits = self.repo.read_ref(&here)? == Some(pending.commit);
        // The server shows its refs one after the other: what the ledger names is decided, even
        // where the announcement was still to be seen.
        let is_decided = !waits || verdicts.iter().any(Option::is_some);
        Ok(is_decided.then_some((pending, verdicts)))
    }

    /// Decides what others have announced, on top of a parcel.
    pub(super) fn decide_others(&self, parcel: &mut Parcel, mut state: State) -> Result<(), Error> {
        let repo = self.repo;
        if self.is_alone.get() {
            return Ok(());
        }
        let own = inbox::Pending::read(repo)?.map(|pending| (pending.name, pending.commit));
        let first = parcel.written.first();
        let trusted = first.and_then(|one| one.ticket.request.trusted);
        let below = self.share.tracking_inbox();
        // What was fetched another time may be as old as that.
        let fetched = if self.has_inbox.get() {
            repo.refs_below(&below)?
        } else {
            Vec::new()
        };
        for (tracking, commit) in fetched.into_iter().take(inbox::MOST) {
            let last = tracking.strip_prefix(&below).unwrap_or_default();
            let name = format!("{}{last}", inbox::below(&self.share));
            if own.as_ref().is_some_and(|(own, _)| *own == name) {
                continue;
            }
            let Some(announced) = inbox::read(repo, name, commit) else {
                continue;
            };
            if announced.is_old(repo, parcel.from)? {
                parcel.decided.push((announced.name, announced.commit));
                continue;
            }
            // The same base means the same plan: by another one it may be decided differently.
            let is_ours = |one: &Request| trusted.is_some() && one.trusted == trusted;
            if !announced
                .requests
                .iter()
                .all(|one| is_ours(one) && self.decides(one))
            {
                continue;
            }
            for (number, request) in announced.requests.iter().enumerate() {
                let Ok(Applied {
                    state: next,
                    event: Some(event),
                }) = apply(&state, request, self.rules)
                else {
                    continue;
                };
                let of = For {
                    author: announced.author.clone(),
                    trailer: inbox::trailer(&announced, number),
                };
                let both = (&state, &next);
                let commit = entry::write_for(repo, parcel.to, both, &event, Some(of))?;
                (parcel.to, state) = (Some(commit), next);
            }
            parcel.decided.push((announced.name, announced.commit));
        }
        parcel.decided.extend(own);
        Ok(())
    }
}

/// Whether an entry of the ledger was written just now.
fn is_of_this_moment(repo: &Repo, entry: Id) -> Result<bool, Error> {
    let (written, _) = history::time(&repo.commit(entry)?.committer);
    Ok(clock::now().duration_since(written).abs() <= MOMENT)
}
