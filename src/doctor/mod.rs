//! Does every layer work, what is wrong, and what of it can be mended?
//!
//! ```text
//! programs, locks, storage, ledger ─→ operations, branches, worktrees, hooks, guard, leases, …
//!   each: findings ─→ with `--repair`, what can be mended without asking anybody
//! ```
//!
//! An examination is one file: it looks, and says what it found, why that matters and which command
//! mends it. What is mended changes no file that somebody has written and forgets no commit. Each
//! examination sees what the ones before it have mended. Without `--repair` nothing changes but
//! what trying the guard needs, and that goes again.

mod branches;
mod compact;
mod finding;
mod hook_files;
mod leases;
mod ledger;
mod locks;
mod operations;
mod plan_file;
mod program;
mod proof;
mod remote;
mod repair;
mod report;
mod storage;
mod worktrees;

pub use compact::{Shortened, compact};
pub use finding::{Examined, Finding, Verdict};
pub use report::{Report, Unusable};

use crate::exit::{Exit, Explain, Failure};
use crate::git::Repo;
use crate::ledger::Actor;
use crate::name::AgentName;
use crate::workspace::Workspace;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Mend what can be mended.
    pub repair: bool,
    /// Why the caller's own claims on another machine are taken over before their lease has ended.
    pub reason: Option<String>,
    /// Who asks, as given on the command line.
    pub agent: Option<AgentName>,
    /// Change nothing at all.
    pub dry_run: bool,
}

/// What needs to know who holds what.
type Examination = fn(&Workspace<'_>, &Actor, &Options) -> Result<Examined, Failure>;

/// In the order in which one rests upon another.
const EXAMINATIONS: [(&str, Examination); 8] = [
    ("operations", |workspace, _, _| {
        operations::examine(workspace)
    }),
    ("branches", |workspace, _, _| branches::examine(workspace)),
    ("worktrees", |workspace, _, _| worktrees::examine(workspace)),
    ("hooks", |workspace, _, _| hook_files::examine(workspace)),
    ("guard", |workspace, _, options| {
        Ok(if options.dry_run {
            Examined::skipped("guard", "not tried with --dry-run")
        } else {
            proof::examine(workspace)
        })
    }),
    ("leases", |workspace, by, options| {
        Ok(leases::examine(workspace, by, options))
    }),
    ("remote", |workspace, _, _| remote::examine(workspace)),
    ("plan", |workspace, _, _| plan_file::examine(workspace)),
];

/// Looks at everything, and mends what can be mended, if that is asked for.
pub fn examine(repo: &Repo, options: &Options) -> Result<Report, Failure> {
    if !options.dry_run {
        proof::sweep(repo);
    }
    let mut examined = vec![program::examine(repo)];
    let treat = |one: Examined| repair::treat(repo, options, one);
    examined.push(treat(locks::examine(repo)?));
    examined.push(treat(storage::examine(repo)?));
    examined.push(treat(ledger::examine(repo)?));
    if options.repair
        && !options.dry_run
        && let Ok(mut workspace) = Workspace::open(repo)
    {
        // What a dead process has pushed is decided, and how long holders were silent is counted up
        // to now. What keeps the remote from answering is told further down.
        drop(workspace.refresh());
    }
    for (name, examination) in EXAMINATIONS {
        let one = Workspace::open(repo)
            .map_err(Failure::from)
            .and_then(|workspace| {
                let by = workspace.caller(options.agent.as_ref())?;
                examination(&workspace, &by, options)
            });
        let one = match one {
            Ok(one) => treat(one),
            Err(error) => not_seen(name, &*error, &examined),
        };
        examined.push(one);
    }
    Ok(Report {
        examined,
        dry_run: options.dry_run,
    })
}

/// What could not be looked at. The first time the reason is a finding, unless it is one already.
fn not_seen(name: &'static str, error: &dyn Explain, before: &[Examined]) -> Examined {
    let said = error.to_string();
    let is_known = before.iter().any(|one| {
        let is_said = one.summary == said || one.findings.iter().any(|one| one.message == said);
        is_said || one.verdict() == Verdict::Broken
    });
    if is_known {
        return Examined::skipped(name, said);
    }
    let command = error.hints().iter().find_map(|hint| {
        let (_, rest) = hint.split_once('`')?;
        Some(rest.split_once('`')?.0.to_owned())
    });
    let finding = Finding::new(
        "not-seen",
        said,
        "as long as it is so, commands that need it end with the same message",
        command.unwrap_or_else(|| "git stream status".to_owned()),
    );
    let is_grave = error.exit() == Exit::Broken;
    let finding = if is_grave { finding.grave() } else { finding };
    Examined::new(name, "", vec![finding])
}
