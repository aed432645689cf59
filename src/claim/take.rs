//! How does a stream come into somebody's hands?

use crate::claim::{Error, workplace};
use crate::git::{Id, Repo};
use crate::ledger::{Actor, Claim, NewClaim, Operation, RefMove, What, Work, is_dead};
use crate::name::{AgentName, StreamName};
use crate::pattern::PatternSet;
use crate::setup;
use crate::word;
use crate::workspace::{Workspace, worktree_path};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The stream.
    pub stream: StreamName,
    /// Its patterns, where they are not the plan's.
    pub files: Option<PatternSet>,
    /// Work that exists already, as a revision.
    pub from: Option<String>,
    /// Who asks, as given on the command line.
    pub agent: Option<AgentName>,
    /// Decide, and change nothing.
    pub dry_run: bool,
}

/// A stream in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Whether it was the caller's before.
    pub already_yours: bool,
    /// The stream.
    pub stream: StreamName,
    /// The holder.
    pub agent: AgentName,
    /// The short name of its branch.
    pub branch: String,
    /// The top of its worktree.
    pub worktree: String,
    /// The commit of the base that it stands on.
    pub base: Id,
    /// The base branch.
    pub base_branch: String,
    /// Grows each time the stream changes hands.
    pub epoch: u64,
    /// A small number of its own, for ports.
    pub slot: u32,
    /// Its patterns, as written.
    pub files: Vec<String>,
    /// What the caller should know.
    pub notes: Vec<String>,
}

/// Takes a stream, or finds that it is the caller's already.
pub fn take(repo: &Repo, wanted: &Wanted) -> Result<Taken, Error> {
    // In a repository that nobody has set up, the first claim does it.
    let setting_up = setup::Options {
        agent: wanted.agent.clone(),
        dry_run: wanted.dry_run,
        ..setup::Options::default()
    };
    let report = setup::prepare(repo, &setting_up)?;
    let mut workspace = match Workspace::open(repo) {
        Err(crate::workspace::Error::NotSetUp) if wanted.dry_run => {
            return Err(Error::NotSetUpYet { would: report.done });
        }
        opened => opened?,
    };
    let by = workspace.caller(wanted.agent.as_ref())?;
    if workspace.plan.worktrees.setup.is_some() {
        setup::require_approval(repo, &workspace.plan)?;
    }
    let operation = Operation::begin(repo)?;
    let new = plan_claim(&workspace, wanted)?;
    let resumed = resumes(&workspace, &new.claim)?;
    let request = workspace.request(
        operation.id(),
        &by,
        What::Claim(Box::new(new.claim)),
        new.branch.into_iter().collect(),
    );
    if wanted.dry_run {
        return foresee(&workspace, &request, wanted);
    }
    let submitted = workspace.submit(&request)??;
    let mut notes = report.done;
    notes.extend(resumed);
    let already_yours = submitted.event.is_none();
    if already_yours && workplace::is_missing(&workspace, &wanted.stream) {
        let what = What::Begin {
            stream: wanted.stream.clone(),
            verb: "restore".to_owned(),
            intends: Vec::new(),
        };
        let request = workspace.request(operation.id(), &by, what, Vec::new());
        workspace.submit(&request)??;
        notes.push("its worktree was gone and is made again".to_owned());
    }
    if !already_yours || workplace::is_missing(&workspace, &wanted.stream) {
        notes.extend(make_worktree(
            &mut workspace,
            &operation,
            &by,
            &wanted.stream,
        )?);
    }
    let mut taken = describe(&workspace, &wanted.stream, already_yours)?;
    notes.extend(workplace::set_up(&workspace, &wanted.stream)?);
    taken.notes = notes;
    Ok(taken)
}

/// A claim, and the branch that begins with it.
struct Planned {
    claim: NewClaim,
    branch: Option<RefMove>,
}

/// Finds where the stream starts, and whether anything is in its way.
fn plan_claim(workspace: &Workspace<'_>, wanted: &Wanted) -> Result<Planned, Error> {
    let (repo, stream) = (workspace.repo, &wanted.stream);
    let branch = repo.read_ref(&stream.branch_ref())?;
    let is_held = workspace.state.claim(stream).is_some();
    let tip = match &wanted.from {
        Some(revision) => repo.resolve(revision)?.ok_or_else(|| Error::NoRevision {
            revision: revision.clone(),
        })?,
        None => match (branch, left_work(workspace, stream)) {
            (Some(tip), Some(_)) => tip,
            _ => workspace.base.commit,
        },
    };
    // Whoever holds it has its branch and worktree; the ledger will say so.
    if !is_held || claim_died(workspace, stream)? {
        refuse_foreign_branch(workspace, wanted, branch, tip)?;
        workplace::refuse_occupied(workspace, stream)?;
    }
    let start = fork_point(workspace, stream, tip)?;
    let branch = match branch {
        Some(_) => None,
        None => Some(RefMove {
            name: stream.branch_ref(),
            old: None,
            new: Some(tip),
        }),
    };
    Ok(Planned {
        claim: NewClaim {
            stream: stream.clone(),
            files: wanted.files.clone(),
            tip,
            start,
            adopts: wanted.from.is_some(),
            base: workspace.base.branch.clone(),
            worktree: place(workspace, stream)?,
            lease: workspace.plan.claim.lease,
        },
        branch,
    })
}

/// What the caller should know about work that the claim goes on with.
fn resumes(workspace: &Workspace<'_>, claim: &NewClaim) -> Result<Option<String>, Error> {
    if claim.tip == claim.start {
        return Ok(None);
    }
    let commits = workspace
        .repo
        .commits_between(&[claim.tip], &[claim.start])?
        .len();
    let left = left_work(workspace, &claim.stream).filter(|_| !claim.adopts);
    let whose = left.map_or_else(String::new, |work| format!(" that {} left", work.agent));
    Ok(Some(format!(
        "goes on with {}{whose}",
        word::count(commits, "commit")
    )))
}

/// What an earlier claim has left, whether it was given back or died.
fn left_work<'w>(workspace: &'w Workspace<'_>, stream: &StreamName) -> Option<&'w Work> {
    workspace.state.stream(stream)?.work.as_ref()
}

fn claim_died(workspace: &Workspace<'_>, stream: &StreamName) -> Result<bool, Error> {
    let intent = workspace
        .state
        .claim(stream)
        .and_then(|claim| claim.intent.as_ref());
    match intent {
        Some(intent) if intent.verb == "claim" => {
            Ok(is_dead(workspace.repo, &workspace.machine, intent)?)
        }
        Some(_) | None => Ok(false),
    }
}

/// A branch of the stream's name must be the stream's own work, or what the caller adopts.
fn refuse_foreign_branch(
    workspace: &Workspace<'_>,
    wanted: &Wanted,
    branch: Option<Id>,
    tip: Id,
) -> Result<(), Error> {
    let Some(branch) = branch else { return Ok(()) };
    let left = left_work(workspace, &wanted.stream);
    let is_ours = match left {
        Some(work) => workspace.repo.is_ancestor(work.tip, branch)?,
        None => false,
    };
    if branch == tip && (is_ours || wanted.from.is_some()) {
        return Ok(());
    }
    Err(Error::BranchExists {
        stream: wanted.stream.clone(),
        tip: branch,
    })
}

/// Where the stream's history leaves the base.
fn fork_point(workspace: &Workspace<'_>, stream: &StreamName, tip: Id) -> Result<Id, Error> {
    let base = workspace.base.commit;
    if tip == base {
        return Ok(base);
    }
    match workspace.repo.merge_bases(base, &[tip])?.as_slice() {
        [only] => Ok(*only),
        several => Err(Error::NoForkPoint {
            stream: stream.clone(),
            tip,
            base: workspace.base.branch.clone(),
            several: several.len(),
        }),
    }
}

/// Where the worktree goes: where the stream's last one was kept, or where the plan says.
fn place(workspace: &Workspace<'_>, stream: &StreamName) -> Result<String, Error> {
    let kept = left_work(workspace, stream).filter(|work| work.machine == workspace.machine.id);
    if let Some(path) = kept.and_then(|work| work.worktree.as_ref())
        && std::path::Path::new(path).exists()
    {
        return Ok(path.clone());
    }
    Ok(worktree_path(workspace.repo, &workspace.plan, stream)?)
}

/// Makes the worktree and tells the ledger, or takes the claim back.
fn make_worktree(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
) -> Result<Vec<String>, Error> {
    match workplace::make(workspace, operation, stream) {
        Ok(made) => {
            let what = What::Claimed {
                stream: stream.clone(),
                worktree_id: made.id,
            };
            let request = workspace.request(operation.id(), by, what, Vec::new());
            workspace.submit(&request)??;
            Ok(made.notes)
        }
        Err(error) => {
            workplace::unmake(workspace, operation, stream);
            let what = What::Abandon {
                stream: stream.clone(),
                dead: operation.id().clone(),
            };
            let request = workspace.request(operation.id(), by, what, Vec::new());
            // The first error is the one to tell; an intent that stays is found dead later.
            drop(workspace.submit(&request));
            Err(error)
        }
    }
}

fn describe(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    already_yours: bool,
) -> Result<Taken, Error> {
    let (Some(record), Some(claim)) = (
        workspace.state.stream(stream),
        workspace.state.claim(stream),
    ) else {
        return Err(Error::Vanished {
            stream: stream.clone(),
        });
    };
    Ok(Taken {
        already_yours,
        stream: stream.clone(),
        agent: claim.agent.clone(),
        branch: stream.branch(),
        worktree: claim.worktree.clone(),
        base: claim.start,
        base_branch: claim.base.clone(),
        epoch: record.epoch,
        slot: claim.slot,
        files: texts(claim),
        notes: Vec::new(),
    })
}

fn texts(claim: &Claim) -> Vec<String> {
    claim
        .files
        .iter()
        .flat_map(|set| set.texts().map(str::to_owned))
        .collect()
}

/// What [`take`] would answer, decided on the state as it is.
fn foresee(
    workspace: &Workspace<'_>,
    request: &crate::ledger::Request,
    wanted: &Wanted,
) -> Result<Taken, Error> {
    let applied = workspace.decide(request)?;
    let already_yours = applied.event.is_none();
    let foreseen = workspace.seeing(applied.state);
    let mut taken = describe(&foreseen, &wanted.stream, already_yours)?;
    taken
        .notes
        .push("nothing was changed (--dry-run)".to_owned());
    Ok(taken)
}

/// Lets the holder of a stream own more.
pub fn widen(
    repo: &Repo,
    stream: &StreamName,
    files: PatternSet,
    agent: Option<&AgentName>,
    dry_run: bool,
) -> Result<Taken, Error> {
    let mut workspace = Workspace::open(repo)?;
    let by = workspace.caller(agent)?;
    let operation = Operation::begin(repo)?;
    let what = What::Add {
        stream: stream.clone(),
        files,
    };
    let request = workspace.request(operation.id(), &by, what, Vec::new());
    if dry_run {
        let applied = workspace.decide(&request)?;
        let mut taken = describe(&workspace.seeing(applied.state), stream, true)?;
        taken
            .notes
            .push("nothing was changed (--dry-run)".to_owned());
        return Ok(taken);
    }
    let submitted = workspace.submit(&request)??;
    describe(&workspace, stream, submitted.event.is_none())
}
