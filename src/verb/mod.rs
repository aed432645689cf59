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

use crate::cli::Out;
use crate::copies;
use crate::exit::Failure;
use crate::git::Repo;
use crate::guard::hooks;
use crate::name::AgentName;

/// A sync point: pushes what was committed in this machine's streams, where the ledger is shared.
fn hand_on(repo: &Repo, out: &mut Out) {
    for note in copies::hand_on(repo) {
        out.warn(note);
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
