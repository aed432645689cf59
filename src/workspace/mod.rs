//! What does a command know before it decides: state, trusted base, plan, caller?
//!
//! Everything is read once, at the start. What is decided on it is decided again by the ledger,
//! on the newest state, before it counts.

mod approved;
mod base;
mod error;
mod ground;
mod notify;
mod place;
mod probe;
mod source;
mod trespass;

pub use crate::clock::now;
pub use approved::{APPROVED, approvals, is_approved};
pub use base::{Doubt, Trusted, full_name};
pub use error::Error;
pub use place::{MARKER, Place, holding, is_no_streams, lost, marked, place_beside, worktree_path};
pub use probe::{is_probe, write_probe};
pub use source::{PLAN, plan_at};

use crate::caller;
use crate::git::Repo;
use crate::ledger::{
    Actor, Applied, Base, Intent, Ledger, Machine, OpId, RefMove, Refusal, Request, Rules, State,
    Submitted, What, apply, is_dead,
};
use crate::name::{AgentName, StreamName};
use crate::pattern::{Comparison, Overlaps};
use crate::plan::Plan;

/// A repository that is set up, as one command sees it.
pub struct Workspace<'r> {
    /// The repository.
    pub repo: &'r Repo,
    /// This machine.
    pub machine: Machine,
    /// The state when the command began.
    pub state: State,
    /// The base, and the commit of it that is trusted.
    pub base: Trusted,
    /// The plan as it stands there, or the private one.
    pub plan: Plan,
    /// Where the plan comes from: `streams.toml at main`.
    pub plan_source: String,
    /// Which stream's worktree the caller stands in.
    pub place: Place,
    /// How what is claimed is compared with what is held; only claims know.
    compare: Option<Comparison>,
    /// What the caller should know about the questions that were raised.
    notes: Vec<String>,
}

impl<'r> Workspace<'r> {
    /// Reads everything. [`Error::NotSetUp`] where `git stream init` has not run.
    pub fn open(repo: &'r Repo) -> Result<Workspace<'r>, Error> {
        let state = Ledger::of(repo).read()?;
        repo.version()?;
        Workspace::assemble(repo, state)
    }

    /// The same in a hook: whichever git runs it will do.
    pub fn within_git(repo: &'r Repo) -> Result<Workspace<'r>, Error> {
        Workspace::assemble(repo, probe::seen_from(repo, Ledger::of(repo).read()?)?)
    }

    /// The workspace as it would be with this base on record: for a dry run in a repository that
    /// nobody has set up.
    pub fn foresee(repo: &'r Repo, base: Option<Base>) -> Result<Workspace<'r>, Error> {
        let mut state = Ledger::of(repo).read()?;
        repo.version()?;
        state.base = state.base.or(base);
        Workspace::assemble(repo, state)
    }

    fn assemble(repo: &'r Repo, state: State) -> Result<Workspace<'r>, Error> {
        let base = base::trusted(repo, &state)?;
        // Remembers an id at first use: only where git stream is set up.
        let machine = match Ledger::of(repo).tip()? {
            Some(_) => Machine::of(repo)?,
            None => Machine::known(repo).unwrap_or_else(Machine::unknown),
        };
        let (plan, plan_source) = plan_at(repo, base.commit, &base.branch)?;
        let place = Place::of(repo, &state)?;
        Ok(Workspace {
            repo,
            machine,
            state,
            base,
            plan,
            plan_source,
            place,
            compare: None,
            notes: Vec::new(),
        })
    }

    /// The same workspace, in which paths can be claimed.
    #[must_use]
    pub fn comparing(self) -> Workspace<'r> {
        let compare = Some(Overlaps::boxed as Comparison);
        Workspace { compare, ..self }
    }

    /// Reads everything again, for the same command.
    pub fn look_again(&mut self) -> Result<(), Error> {
        let compare = self.compare;
        *self = Workspace::open(self.repo)?;
        self.compare = compare;
        Ok(())
    }

    /// The ledger.
    pub fn ledger(&self) -> Ledger<'r> {
        Ledger::of(self.repo)
    }

    /// Who is calling; `given` is `--agent`.
    pub fn caller(&self, given: Option<&AgentName>) -> Result<Actor, Error> {
        let inside = self.place.stream().cloned();
        Ok(caller::identify(
            self.repo,
            &self.state,
            &self.machine,
            given,
            inside,
        )?)
    }

    /// Decides a request on the state as it is, without writing anything: a dry run.
    pub fn decide(&self, request: &Request) -> Result<Applied, Refusal> {
        let (repo, machine) = (self.repo, &self.machine);
        let dead = |intent: &Intent| is_dead(repo, machine, intent).unwrap_or(false);
        apply(
            &self.state,
            request,
            &Rules {
                plan: &self.plan,
                dead: &dead,
                compare: self.compare,
            },
        )
    }

    /// The same workspace with another state: what a dry run would lead to.
    #[must_use]
    pub fn seeing(&self, state: State) -> Workspace<'r> {
        Workspace {
            repo: self.repo,
            machine: self.machine.clone(),
            state,
            base: self.base.clone(),
            plan: self.plan.clone(),
            plan_source: self.plan_source.clone(),
            place: self.place.clone(),
            compare: self.compare,
            notes: Vec::new(),
        }
    }

    /// Puts a request to the ledger, and keeps the newer state. A person is told of a question that
    /// it has raised.
    pub fn submit(&mut self, request: &Request) -> Result<Result<Submitted, Refusal>, Error> {
        let submitted = self.put(request)?;
        if let Ok(submitted) = &submitted {
            let news = notify::News::of(self, request, &submitted.before);
            for id in news.repeated() {
                // Written first: of several that run into it at once, one tells.
                let what = What::Notified { id: id.to_owned() };
                let noted = self.request(&request.op, &request.by, what, Vec::new());
                drop(self.put(&noted)?);
            }
            let notes = news.tell(self);
            self.notes.extend(notes);
        }
        Ok(submitted)
    }

    /// What the caller should know about the questions that were raised so far.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn put(&mut self, request: &Request) -> Result<Result<Submitted, Refusal>, Error> {
        let (repo, machine) = (self.repo, &self.machine);
        // An operation that cannot be looked at counts as alive: refused rather than overrun.
        let dead = |intent: &Intent| is_dead(repo, machine, intent).unwrap_or(false);
        let rules = Rules {
            plan: &self.plan,
            dead: &dead,
            compare: self.compare,
        };
        let submitted = Ledger::of(self.repo).submit(request, &rules)?;
        if let Ok(submitted) = &submitted {
            self.state = submitted.state.clone();
        }
        Ok(submitted)
    }

    /// Brings a shared ledger up to what the remote has, and keeps the newer state.
    pub fn refresh(&mut self) -> Result<(), Error> {
        let (repo, machine) = (self.repo, &self.machine);
        let dead = |intent: &Intent| is_dead(repo, machine, intent).unwrap_or(false);
        let rules = Rules {
            plan: &self.plan,
            dead: &dead,
            compare: self.compare,
        };
        self.ledger().refresh(&rules)?;
        self.state = self.ledger().read()?;
        Ok(())
    }

    /// Sends what this machine has said to the remote of a shared ledger.
    pub fn flush(&mut self) -> Result<(), Error> {
        let (repo, machine) = (self.repo, &self.machine);
        let dead = |intent: &Intent| is_dead(repo, machine, intent).unwrap_or(false);
        let rules = Rules {
            plan: &self.plan,
            dead: &dead,
            compare: self.compare,
        };
        self.ledger().flush(&rules)?;
        self.state = self.ledger().read()?;
        Ok(())
    }

    /// Makes a shared ledger and that of its remote the same, and keeps the newer state.
    pub fn meet(&mut self) -> Result<(), Error> {
        let (repo, machine) = (self.repo, &self.machine);
        let dead = |intent: &Intent| is_dead(repo, machine, intent).unwrap_or(false);
        let rules = Rules {
            plan: &self.plan,
            dead: &dead,
            compare: self.compare,
        };
        self.ledger().meet(&rules)?;
        self.state = self.ledger().read()?;
        Ok(())
    }

    /// A request of a caller, as of now.
    pub fn request(&self, op: &OpId, by: &Actor, what: What, moves: Vec<RefMove>) -> Request {
        let trusted = self.base.doubt.is_none().then_some(self.base.commit);
        Request {
            op: op.clone(),
            at: now(),
            by: by.clone(),
            what,
            trusted,
            recorded: Some(self.base.recorded),
            moves,
            moved: Vec::new(),
            publish: Vec::new(),
            published: Vec::new(),
        }
    }

    /// The stream that a command is about: the one named, or the one of this worktree.
    pub fn stream(&self, named: Option<&StreamName>) -> Result<StreamName, Error> {
        let here = self.place.stream().cloned().or_else(|| self.lost_here());
        named.cloned().or(here).ok_or(Error::WhichStream)
    }

    /// The stream that this worktree has lost by a takeover: the ledger says so to whoever asks.
    fn lost_here(&self) -> Option<StreamName> {
        let Place::Left(name) = &self.place else {
            return None;
        };
        lost(self.repo, &self.state, name).map(|_| name.clone())
    }
}
