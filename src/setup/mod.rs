//! How is a repository set up, and taken down again?
//!
//! Setting up asks nothing that it can find out, and is safe to run twice. It writes one line
//! into git's configuration (an include of a file of ours), the hooks, and the base branch into
//! the ledger; every claim makes sure of the same.

mod approval;
mod base;
mod error;
mod include;
mod probe;
mod server;
mod starter;

pub use approval::{approve, require_approval};
pub use error::Error;
pub use probe::Probed;
pub use server::serve;

use crate::caller;
use crate::git::{Lock, Repo};
use crate::guard::{hooks, outside};
use crate::ledger::{
    self, Actor, Base, Kind, Ledger, Machine, OpId, Request, Rules, Share, State, What,
};
use crate::name::AgentName;
use crate::plan::Plan;
use crate::workspace::now;

/// What setting up is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The base branch; found out where it is not given.
    pub base: Option<String>,
    /// Trust the base branch as it stands now, although it was rewritten.
    pub accept: bool,
    /// Keep the plan inside the git directory.
    pub private: bool,
    /// Write a plan to begin with, where there is none.
    pub starter: bool,
    /// Judge every move of a stream's branch, or do so no more; as before where it is not given.
    pub strict: Option<bool>,
    /// Begin to share the ledger, where the plan names a remote.
    pub joins: bool,
    /// Change nothing.
    pub dry_run: bool,
    /// Who calls, as given on the command line.
    pub agent: Option<AgentName>,
}

/// What was done, one sentence each; empty where everything was set up already.
#[derive(Debug, Default, PartialEq)]
pub struct Report {
    /// What was done, or would be.
    pub done: Vec<String>,
    /// The base branch.
    pub base: String,
    /// Its full ref name.
    pub base_ref: String,
    /// What the ledger has, or would have, on record about it.
    pub recorded: Option<Base>,
    /// What the remote of a shared ledger can do, where that was tried out.
    pub remote: Option<Probed>,
    /// What the caller should know.
    pub notes: Vec<String>,
}

/// Makes sure that everything is there.
pub fn prepare(repo: &Repo, options: &Options) -> Result<Report, Error> {
    repo.version()?;
    repo.require_top()?;
    repo.require_whole_history()?;
    if !repo.has_identity() {
        return Err(Error::NoIdentity);
    }
    let mut state = Ledger::of(repo).read()?;
    let mut wanted = base::choose(repo, &state, options)?;
    let mut is_away = false;
    if !options.dry_run {
        match joins(repo, &state, &wanted) {
            Ok(true) => {
                state = Ledger::of(repo).read()?;
                wanted = base::choose(repo, &state, options)?;
            }
            Ok(false) => {}
            // Everything else can be set up; whatever needs the ledger joins it then.
            Err(Error::Ledger(ledger::Error::Unreachable { .. })) if options.joins => {
                is_away = true;
            }
            Err(error) => return Err(error),
        }
    }
    let mut report = Report {
        base: wanted.branch.clone(),
        base_ref: crate::workspace::full_name(&wanted.branch, wanted.remote.as_deref()),
        recorded: Some(wanted.clone()),
        ..Report::default()
    };
    if options.dry_run {
        foresee(repo, &state, &wanted, options, &mut report)?;
        return Ok(report);
    }
    if options.strict == Some(false) && outside::is_strict(repo) {
        let by = actor(repo, &state, options)?;
        if by.kind == Kind::Agent {
            return Err(Error::PersonOnly {
                what: "take a layer of the guard away",
            });
        }
    }
    {
        let lock = Ledger::of(repo).lock()?;
        configure(repo, &lock, options, &mut report)?;
    }
    for off in outside::off(repo)? {
        report
            .notes
            .push(format!("{}.", off.message(&wanted.branch)));
    }
    let share = Share::of(&State {
        base: Some(wanted.clone()),
        ..State::default()
    });
    let commit = wanted.commit;
    if !is_away {
        record(repo, &state, wanted, options, &mut report)?;
    }
    if let Some(share) = share.filter(|_| options.joins) {
        report.remote = Some(if is_away {
            Probed::away(&share)
        } else {
            probe::probe(repo, &share, commit)?
        });
    }
    if options.starter {
        starter::write(repo, options.private, &mut report)?;
    }
    Ok(report)
}

/// Takes over the ledger that other machines share, where this repository does not share it yet.
fn joins(repo: &Repo, state: &State, wanted: &Base) -> Result<bool, Error> {
    let shared = State {
        base: Some(wanted.clone()),
        ..State::default()
    };
    let Some(share) = Share::of(&shared).filter(|_| Share::of(state).is_none()) else {
        return Ok(false);
    };
    let rules = Rules {
        plan: &Plan::empty(),
        dead: &|_| false,
        compare: None,
    };
    Ledger::of(repo).join(&share, &rules)?;
    Ok(true)
}

/// Writes the include and the hooks.
fn configure(
    repo: &Repo,
    lock: &Lock,
    options: &Options,
    report: &mut Report,
) -> Result<(), Error> {
    if let Some(strict) = options.strict
        && strict != outside::is_strict(repo)
    {
        outside::set_strict(repo, strict)?;
        let judged = if strict { "are" } else { "are not" };
        let done = format!("moves of streams' branches {judged} judged from now on");
        report.done.push(done);
    }
    let before = outside::files(repo)?;
    if hooks::install(repo, lock)? {
        report.done.push(format!(
            "wrote the hooks in '{}'",
            repo.private("hooks").display()
        ));
    }
    let after = outside::files(repo)?;
    for (layer, hook) in after.iter().filter(|one| !before.contains(one)) {
        let what = match layer {
            outside::Layer::Base => format!("guards '{}' in its own checkout", report.base),
            outside::Layer::Strict => "sees streams' branches being moved".to_owned(),
        };
        report
            .done
            .push(format!("wrote '{}', which {what}", hook.display()));
    }
    if include::add(repo)? {
        let config = repo.common_dir().join("config");
        report.done.push(format!(
            "included '{}' in '{}'",
            include::FILE,
            config.display()
        ));
    }
    Ok(())
}

/// Records the base branch in the ledger.
fn record(
    repo: &Repo,
    state: &State,
    wanted: Base,
    options: &Options,
    report: &mut Report,
) -> Result<(), Error> {
    let is_same = |base: &Base| {
        (&base.branch, &base.remote, &base.ledger)
            == (&wanted.branch, &wanted.remote, &wanted.ledger)
    };
    let known = state.base.as_ref().is_some_and(is_same);
    if known && !options.accept {
        return Ok(());
    }
    let why = match (&state.base, options.accept) {
        (_, true) => format!(
            "accepted as it is, at {}",
            wanted.commit.to_hex_with_len(12)
        ),
        (Some(_), false) => "streams start from it from now on".to_owned(),
        (None, false) => format!("set up, at {}", wanted.commit.to_hex_with_len(12)),
    };
    let by = actor(repo, state, options)?;
    if by.kind == Kind::Agent && (options.accept || state.base.is_some()) {
        return Err(Error::PersonOnly {
            what: "change the base branch",
        });
    }
    report
        .done
        .push(format!("recorded the base branch '{}'", wanted.branch));
    let request = Request {
        op: OpId::new(),
        at: now(),
        by,
        what: What::Base { base: wanted, why },
        trusted: None,
        recorded: None,
        moves: Vec::new(),
        moved: Vec::new(),
        publish: Vec::new(),
        published: Vec::new(),
    };
    let rules = Rules {
        plan: &Plan::empty(),
        dead: &|_| false,
        compare: None,
    };
    Ledger::of(repo)
        .submit(&request, &rules)?
        .map_err(Error::Refused)?;
    Ok(())
}

/// Who sets up.
fn actor(repo: &Repo, state: &State, options: &Options) -> Result<Actor, Error> {
    let machine = Machine::of(repo)?;
    Ok(caller::identify(
        repo,
        state,
        &machine,
        options.agent.as_ref(),
        None,
    )?)
}

/// What [`prepare`] would do.
fn foresee(
    repo: &Repo,
    state: &State,
    wanted: &Base,
    options: &Options,
    report: &mut Report,
) -> Result<(), Error> {
    let done = &mut report.done;
    if !repo.private("hooks").is_dir() {
        done.push(format!(
            "would write the hooks in '{}'",
            repo.private("hooks").display()
        ));
    }
    for off in outside::off(repo)? {
        match off.cause {
            outside::Cause::Missing(hook) => {
                done.push(format!("would write '{}'", hook.display()));
            }
            outside::Cause::Unconfigured => {
                let file = repo.common_dir().join("config");
                done.push(format!("would name a hook in '{}'", file.display()));
            }
            outside::Cause::Elsewhere(_) | outside::Cause::Taken(_) => {}
        }
    }
    if let Some(strict) = options
        .strict
        .filter(|strict| *strict != outside::is_strict(repo))
    {
        let judged = if strict { "would be" } else { "would not be" };
        done.push(format!(
            "moves of streams' branches {judged} judged from now on"
        ));
    }
    if !include::is_in_force(repo)? {
        let config = repo.common_dir().join("config");
        done.push(format!(
            "would include '{}' in '{}'",
            include::FILE,
            config.display()
        ));
    }
    let recorded = state.base.as_ref();
    if options.accept || recorded.is_none_or(|base| base.branch != wanted.branch) {
        done.push(format!("would record the base branch '{}'", wanted.branch));
    }
    if options.starter
        && let Some(path) = starter::missing(repo, options.private)?
    {
        done.push(format!(
            "would write a plan to begin with, '{}'",
            path.display()
        ));
    }
    Ok(())
}

/// Takes everything down again, except what somebody may still need: the ledger, the branches and
/// the worktrees, which are named with the commands that remove them.
pub fn uninstall(repo: &Repo, dry_run: bool) -> Result<Report, Error> {
    let mut report = Report::default();
    let state = Ledger::of(repo).read()?;
    let would = if dry_run { "would remove" } else { "removed" };
    if include::is_there(repo)? {
        let config = repo.common_dir().join("config");
        if !dry_run {
            include::remove(repo)?;
        }
        report
            .done
            .push(format!("{would} the include from '{}'", config.display()));
    }
    let beside = outside::files(repo)?;
    let is_there = repo.private("hooks").exists() || repo.common_dir().join(include::FILE).exists();
    if is_there || !beside.is_empty() {
        if !dry_run {
            let _lock = Ledger::of(repo).lock()?;
            report
                .notes
                .extend(hooks::uninstall(repo)?.iter().map(|kept| {
                    let kept = kept.display();
                    format!("'{kept}' stays, which another program had put there; nothing runs it.")
                }));
        }
        for (_, hook) in beside {
            report.done.push(format!("{would} '{}'", hook.display()));
        }
        report.done.push(format!(
            "{would} the hooks in '{}'",
            repo.private("hooks").display()
        ));
    }
    server::leave(repo, dry_run, &mut report)?;
    for (name, _, claim) in state.held() {
        report.notes.push(format!(
            "'{name}' is still held by {}; its worktree '{}' is not guarded any more",
            claim.agent, claim.worktree
        ));
    }
    if Ledger::of(repo).tip()?.is_some() {
        report.notes.push(
            "The ledger stays; remove it with `git update-ref -d refs/stream/ledger`.".to_owned(),
        );
    }
    let private = repo.private("");
    if private.exists() {
        report.notes.push(format!(
            "Approvals and locks stay in '{}'; a private plan does, too.",
            private.display()
        ));
    }
    Ok(report)
}
