//! What are the commands? One file each: arguments, one domain call, the answer.

pub mod claim;
pub mod doctor;
pub mod exec;
pub mod guard;
pub mod inbox;
pub mod init;
pub mod land;
pub mod log;
pub mod path;
pub mod plan;
pub mod progress;
pub mod receive;
pub mod release;
pub mod resolve;
pub mod status;
pub mod sync;
pub mod undo;
pub mod verify;

use std::collections::BTreeMap;

use crate::cli::Out;
use crate::copies;
use crate::exit::Failure;
use crate::git::Repo;
use crate::guard::hooks;
use crate::ledger::{Ledger, Machine, Refusal, TakenOver};
use crate::name::{AgentName, StreamName};

/// A sync point: pushes what was committed in this machine's streams, where the ledger is shared.
fn hand_on(repo: &Repo, out: &mut Out) {
    for note in copies::hand_on(repo) {
        out.warn(note);
    }
}

/// The streams that this machine holds as it knows, and their epochs.
struct HeldHere(BTreeMap<StreamName, u64>);

impl HeldHere {
    fn read(repo: &Repo) -> Result<HeldHere, Failure> {
        let machine = Machine::known(repo);
        let here = machine.as_ref().map(|machine| machine.id.as_str());
        let state = Ledger::of(repo).read()?;
        let held = state.held();
        let held = held.filter(|(.., claim)| Some(claim.machine.as_str()) == here);
        let epochs = held.map(|(name, record, _)| (name.clone(), record.epoch));
        Ok(HeldHere(epochs.collect()))
    }

    /// Whether a stream turns out to have been taken over by then.
    fn lost(&self, repo: &Repo, name: &StreamName) -> Result<Option<Refusal>, Failure> {
        let (Some(epoch), Some(machine)) = (self.0.get(name), Machine::known(repo)) else {
            return Ok(None);
        };
        let state = Ledger::of(repo).read()?;
        let lost = TakenOver::meanwhile(&state, name, (&machine.id, *epoch));
        Ok(lost.map(|lost| Refusal::TakenOver(Box::new(lost))))
    }
}

/// A sync point after a command about one stream: what was done in it counts nowhere if somebody
/// else has taken it over meanwhile.
fn hand_on_of(repo: &Repo, stream: &StreamName, out: &mut Out) -> Result<(), Failure> {
    let held = HeldHere::read(repo)?;
    hand_on(repo, out);
    match held.lost(repo, stream)? {
        Some(refusal) => Err(refusal.into()),
        None => Ok(()),
    }
}

/// Settles landings that died when the base had moved already, before anything goes on with a stream.
fn settle_landings(
    repo: &Repo,
    agent: Option<&AgentName>,
    dry_run: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    if !dry_run {
        for note in crate::land::settle_moved(repo, agent)? {
            out.warn(note);
        }
    }
    Ok(())
}

/// Puts the guard's hooks back, where another program has taken their place, and says so. Lets go
/// of what was taken over.
fn mend_hooks(repo: &Repo, out: &mut Out) -> Result<(), Failure> {
    for note in crate::claim::give_way(repo)? {
        out.warn(note);
    }
    let mended = hooks::mend(repo)?;
    if !mended.back.is_empty() {
        out.warn(format!(
            "these hooks of the guard had been replaced, removed or made not executable, and are \
             back: {}",
            mended.back.join(", ")
        ));
    }
    for kept in &mended.kept {
        out.warn(format!(
            "what another program had put there is '{}' now, and runs in the worktrees of streams \
             only",
            kept.display()
        ));
    }
    Ok(())
}
