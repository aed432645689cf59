//! How does a stream come into somebody's hands?

use std::time::Duration;

use crate::claim::takeover::{self, Takeover};
use crate::claim::{Error, RESTORE, give_way, remove, workplace};
use crate::copies;
use crate::git::{Id, Repo};
use crate::ledger::{
    Actor, Claim, NewClaim, On, Operation, RefMove, Refusal, StreamState, What, Work, is_dead,
};
use crate::name::{AgentName, StreamName};
use crate::pattern::{PatternSet, Territory};
use crate::rule::{self, Scope};
use crate::setup;
use crate::word;
use crate::workspace::Workspace;

/// How long the remote may take to say what was pushed of a stream.
const TALK: Duration = Duration::from_secs(120);
/// How often a claim looks around again because somebody else was faster.
const ATTEMPTS: usize = 20;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The stream.
    pub stream: StreamName,
    /// Its patterns, where they are not the plan's.
    pub files: Option<PatternSet>,
    /// Work that exists already, as a revision.
    pub from: Option<String>,
    /// A stream in review to stand on.
    pub on: Option<StreamName>,
    /// From its holder, where somebody has it.
    pub takeover: Option<Takeover>,
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
    /// The stream that it is stacked on.
    pub on: Option<StreamName>,
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
    let operation = Operation::begin(repo)?;
    if wanted.takeover.is_some() {
        // The holder may have been heard of, and how long it was not is counted up to now.
        let mut workspace = Workspace::open(repo)?;
        workspace.refresh()?;
        // It begins with what was pushed of the stream, on a base that may be newer as well.
        copies::fetch(&workspace, TALK)?;
    }
    let mut attempts = 0;
    let mut written = loop {
        attempts += 1;
        match write(repo, wanted, &operation, &report) {
            Err(error) if attempts < ATTEMPTS && error.may_be_outdated() => {}
            written => break written?,
        }
    };
    if let Some(foreseen) = written.foreseen {
        return Ok(foreseen);
    }
    let (workspace, by) = (&mut written.workspace, &written.by);
    let mut notes = report.done;
    notes.extend(written.resumed);
    let already_yours = written.already_yours;
    if wanted.takeover.is_some() {
        notes.extend(give_way(repo)?);
    }
    // A new round of a stream that the caller holds has its worktree already.
    let is_begun = workspace.state.claim(&wanted.stream).is_some_and(|claim| {
        let intent = claim.intent.as_ref();
        intent.is_some_and(|intent| intent.op == *operation.id())
    });
    if is_begun {
        notes.extend(make_worktree(
            workspace,
            &operation,
            by,
            &wanted.stream,
            (written.created, false),
        )?);
    } else if !workplace::is_whole(workspace, &wanted.stream)? {
        notes.extend(make_whole(workspace, &operation, by, &wanted.stream)?);
    }
    let mut taken = describe(workspace, &wanted.stream, already_yours)?;
    notes.extend(workplace::set_up(workspace, &wanted.stream)?);
    taken.notes = notes;
    Ok(taken)
}

/// Makes the worktree of a held stream again, or whole: whatever has died while it was made or
/// removed. Nothing that is in it changes.
pub fn make_whole(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
) -> Result<Vec<String>, Error> {
    remove::take_back_dead(workspace, stream)?;
    let what = What::Begin {
        stream: stream.clone(),
        verb: RESTORE.to_owned(),
        intends: Vec::new(),
    };
    let request = workspace.request(operation.id(), by, what, Vec::new());
    workspace.submit(&request)??;
    let mut notes = vec!["its worktree was gone or not whole, and is made again".to_owned()];
    notes.extend(make_worktree(
        workspace,
        operation,
        by,
        stream,
        (None, true),
    )?);
    Ok(notes)
}

/// A claim that the ledger has written down, or a dry run has foreseen.
struct Written<'r> {
    workspace: Workspace<'r>,
    by: Actor,
    already_yours: bool,
    resumed: Option<String>,
    /// The branch that was made for it, where there was none.
    created: Option<RefMove>,
    foreseen: Option<Taken>,
}

/// Looks around, and puts the claim to the ledger on what it saw.
fn write<'r>(
    repo: &'r Repo,
    wanted: &Wanted,
    operation: &Operation,
    report: &setup::Report,
) -> Result<Written<'r>, Error> {
    let mut workspace = if wanted.dry_run {
        Workspace::foresee(repo, report.recorded.clone())?.comparing()
    } else {
        Workspace::open(repo)?.comparing()
    };
    let by = workspace.caller(wanted.agent.as_ref())?;
    if workspace.plan.worktrees.setup.is_some() {
        setup::require_approval(repo, &workspace.plan)?;
    }
    if let Some(takeover) = &wanted.takeover
        && (claim_died(&workspace, &wanted.stream)? || !is_ours(&workspace, &by, &wanted.stream))
    {
        return write_takeover(workspace, by, wanted, takeover, operation);
    }
    let new = match plan_claim(&workspace, wanted) {
        // What stands in the way may be what somebody else has made since the state was read.
        Err(_) if !wanted.dry_run && workspace.ledger().read()? != workspace.state => {
            return Err(Error::Outdated);
        }
        planned => planned?,
    };
    let resumed = resumes(&workspace, &new.claim)?;
    let what = What::Claim(Box::new(new.claim));
    let request = workspace.request(operation.id(), &by, what, vec![new.branch]);
    let created = request.moves.iter().find(|one| one.old.is_none()).cloned();
    if wanted.dry_run {
        let foreseen = Some(foresee(&workspace, &request, wanted)?);
        let already_yours = false;
        return Ok(Written {
            workspace,
            by,
            already_yours,
            resumed,
            created,
            foreseen,
        });
    }
    let submitted = workspace.submit(&request)??;
    let already_yours = submitted.event.is_none();
    Ok(Written {
        workspace,
        by,
        already_yours,
        resumed,
        created,
        foreseen: None,
    })
}

/// Whether the caller has the stream here already: then it is claimed as ever.
pub(super) fn is_ours(workspace: &Workspace<'_>, by: &Actor, stream: &StreamName) -> bool {
    let claim = workspace.state.claim(stream);
    claim.is_some_and(|claim| claim.machine == by.machine && by.is_holder_of(stream, claim))
}

/// Puts a takeover to the ledger.
fn write_takeover<'r>(
    mut workspace: Workspace<'r>,
    by: Actor,
    wanted: &Wanted,
    takeover: &Takeover,
    operation: &Operation,
) -> Result<Written<'r>, Error> {
    let taking = takeover::plan(&workspace, &by, &wanted.stream, takeover, operation)?;
    let branch = wanted.stream.branch_ref();
    let mut moves = taking.moves.iter();
    let created = moves
        .find(|one| one.name == branch && one.old.is_none())
        .cloned();
    let what = What::TakeOver(Box::new(taking.asked));
    let request = workspace.request(operation.id(), &by, what, taking.moves);
    let (mut already_yours, mut foreseen) = (false, None);
    if wanted.dry_run {
        foreseen = Some(foresee(&workspace, &request, wanted)?);
    } else {
        already_yours = workspace.submit(&request)??.event.is_none();
    }
    Ok(Written {
        workspace,
        by,
        already_yours,
        resumed: Some(taking.note),
        created,
        foreseen,
    })
}

/// A claim, and the branch that begins with it.
struct Planned {
    claim: NewClaim,
    branch: RefMove,
}

/// Finds where the stream starts, and whether anything is in its way.
fn plan_claim(workspace: &Workspace<'_>, wanted: &Wanted) -> Result<Planned, Error> {
    let (repo, stream) = (workspace.repo, &wanted.stream);
    let branch = repo.read_ref(&stream.branch_ref())?;
    let is_held = workspace.state.claim(stream).is_some();
    let below = below(workspace, wanted, branch)?;
    let tip = match &wanted.from {
        Some(revision) => repo.resolve(revision)?.ok_or_else(|| Error::NoRevision {
            revision: revision.clone(),
        })?,
        None => match (branch, left_work(workspace, stream), &below) {
            (Some(tip), Some(_), _) => tip,
            (_, _, Some(on)) => on.tip,
            _ => workspace.base.commit,
        },
    };
    let on = match below {
        Some(on) if !repo.is_ancestor(on.tip, tip)? => {
            return Err(Error::OtherGround {
                stream: stream.clone(),
                ground: on.stream,
                tip,
            });
        }
        on => on,
    };
    // Whoever holds it has its branch and worktree; the ledger will say so.
    if !is_held || claim_died(workspace, stream)? {
        refuse_foreign_branch(workspace, wanted, branch, tip)?;
        workplace::refuse_occupied(workspace, stream)?;
    }
    let start = match &on {
        Some(on) => on.tip,
        None => fork_point(workspace, stream, tip)?,
    };
    if wanted.from.is_some() {
        refuse_foreign_work(workspace, wanted, tip)?;
    }
    // Where the branch is was read before the ledger decides: it must still be there then.
    let branch = RefMove {
        name: stream.branch_ref(),
        old: branch,
        new: Some(branch.unwrap_or(tip)),
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
            on,
        },
        branch,
    })
}

/// The commit of another stream that this one is to stand on: as it was asked for, or as it was
/// when the stream's work was left.
fn below(
    workspace: &Workspace<'_>,
    wanted: &Wanted,
    branch: Option<Id>,
) -> Result<Option<On>, Error> {
    if workspace.state.claim(&wanted.stream).is_some() && !claim_died(workspace, &wanted.stream)? {
        return Ok(None);
    }
    let left = left_work(workspace, &wanted.stream).filter(|_| branch.is_some());
    let left = left.and_then(|work| work.on.clone());
    let Some(ground) = &wanted.on else {
        return Ok(left.filter(|_| wanted.from.is_none()));
    };
    if let Some(left) = left.filter(|left| left.stream == *ground) {
        return Ok(Some(left));
    }
    let record = workspace.state.stream(ground);
    let stands = record.map_or(StreamState::Unclaimed, |record| record.state);
    let review = record.and_then(|record| Some((record.round, record.review.as_ref()?)));
    let Some((round, review)) = review.filter(|_| stands == StreamState::InReview) else {
        return Err(Refusal::NotInReview {
            stream: wanted.stream.clone(),
            ground: ground.clone(),
            state: stands,
        }
        .into());
    };
    workspace.bring(review)?;
    Ok(Some(On {
        stream: ground.clone(),
        round,
        tip: review.head,
    }))
}

/// What the caller should know about work that the claim goes on with.
fn resumes(workspace: &Workspace<'_>, claim: &NewClaim) -> Result<Option<String>, Error> {
    if claim.tip == claim.start {
        let on = claim.on.as_ref();
        return Ok(on.map(|on| {
            let tip = on.tip.to_hex_with_len(12);
            format!("stands on {} at {tip}, which is in review", on.stream)
        }));
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

pub(super) fn claim_died(workspace: &Workspace<'_>, stream: &StreamName) -> Result<bool, Error> {
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
    let repo = workspace.repo;
    let is_ours = match left {
        // Work that another machine has left need not be here.
        Some(work) => repo.has(work.tip) && repo.is_ancestor(work.tip, branch)?,
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

/// Work that is adopted must be what the stream may do: nothing else of it could ever land.
fn refuse_foreign_work(workspace: &Workspace<'_>, wanted: &Wanted, tip: Id) -> Result<(), Error> {
    let planned = workspace
        .plan
        .streams
        .get(&wanted.stream)
        .map(|stream| &stream.files);
    let Some(files) = wanted.files.as_ref().or(planned) else {
        return Ok(());
    };
    let scope = Scope::new(&Territory::from(files.clone()), &workspace.plan);
    let violations = rule::range(workspace.repo, &scope, workspace.base.commit, tip)?;
    if violations.is_empty() {
        return Ok(());
    }
    let commits = violations.len();
    let breaches = violations
        .into_iter()
        .flat_map(|violation| violation.breaches);
    let mut paths: Vec<_> = breaches.map(|breach| breach.path).collect();
    paths.sort();
    paths.dedup();
    Err(Error::ForeignWork {
        stream: wanted.stream.clone(),
        commits,
        paths,
    })
}

/// Where the stream's history leaves the base.
pub(super) fn fork_point(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    tip: Id,
) -> Result<Id, Error> {
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
    workplace::place(workspace, stream, None)
}

/// Makes the worktree and tells the ledger, or takes the claim back, with the branch that was
/// `created` for it. To `mend` is to bring back every tracked file that is missing.
pub(super) fn make_worktree(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    (created, mend): (Option<RefMove>, bool),
) -> Result<Vec<String>, Error> {
    let is_new = workspace
        .state
        .claim(stream)
        .is_some_and(|claim| claim.worktree_id.is_empty());
    match workplace::make(workspace, operation, stream, mend) {
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
            let is_unmade = is_new && workplace::unmake(workspace, operation, stream);
            let moves = created.filter(|_| is_unmade).map(|made| RefMove {
                old: made.new,
                new: None,
                ..made
            });
            let what = What::Abandon {
                stream: stream.clone(),
                dead: operation.id().clone(),
            };
            let request = workspace.request(operation.id(), by, what, moves.into_iter().collect());
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
        worktree: worktree_of(workspace, stream, claim)?,
        base: claim.start,
        base_branch: claim.base.clone(),
        epoch: record.epoch,
        slot: claim.slot,
        files: texts(claim),
        on: claim.on.as_ref().map(|on| on.stream.clone()),
        notes: Vec::new(),
    })
}

/// Where the worktree of a claim is: the recorded place, or where it was moved to.
pub fn worktree_of(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    claim: &Claim,
) -> Result<String, Error> {
    if claim.machine != workspace.machine.id {
        return Ok(claim.worktree.clone());
    }
    let found = workplace::of_claim(workspace.repo, stream, claim)?;
    let moved = found.filter(|linked| linked.top.exists());
    let moved = moved.and_then(|linked| linked.top.to_str().map(str::to_owned));
    Ok(moved.unwrap_or_else(|| claim.worktree.clone()))
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
    let mut workspace = Workspace::open(repo)?.comparing();
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
