//! What does `git stream init` take, and what does it answer?

use serde_json::json;

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::name::AgentName;
use crate::setup::{self, Options, Report};
use crate::workspace::Workspace;

/// Set a repository up for streams; safe to run again
///
/// Finds the base branch, writes the hooks and one include into git's configuration, begins the
/// ledger, and writes a plan to begin with, `streams.toml`, where there is none. It asks nothing.
/// The hooks are active only in the worktrees of streams, and run the hooks that are there already.
/// One more guards the base branch where it is checked out: agents do not commit there, and people
/// are told what streams hold. It is written only where it displaces no other.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-init", bin_name = "git stream init", version)]
pub struct Init {
    /// Let streams start from this branch
    #[arg(long, value_name = "BRANCH")]
    base: Option<String>,
    /// Keep the plan inside the git directory, for trying it alone
    #[arg(long)]
    private: bool,
    /// Approve the commands of the plan as they stand (a person only)
    #[arg(long)]
    approve: bool,
    /// Trust the base branch as it stands now, although it was rewritten (a person only)
    #[arg(long)]
    accept: bool,
    /// Judge every move of a stream's branch, by whatever command: git starts a hook five to seven
    /// times in each commit, and for each ref that is fetched; later runs keep it
    #[arg(long, overrides_with = "no_strict")]
    strict: bool,
    /// Do so no more (a person only)
    #[arg(long)]
    no_strict: bool,
    /// Judge what is pushed to this repository: only the hook `pre-receive` is written
    #[arg(long, conflicts_with_all = ["private", "approve", "accept", "strict", "no_strict"])]
    server: bool,
    /// Take the hooks and the include out again; branches, worktrees and the ledger stay
    #[arg(long, conflicts_with_all = [
        "base", "private", "approve", "accept", "strict", "no_strict", "server",
    ])]
    uninstall: bool,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Say what would happen, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Init {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("Set this repository up:", "git stream init"),
        (
            "Try it alone in a team's repository:",
            "git stream init --private",
        ),
        (
            "Allow the plan's commands to run:",
            "git stream init --approve",
        ),
        (
            "Refuse a stream's branch to plumbing, too:",
            "git stream init --strict",
        ),
        (
            "Judge what is pushed to a bare repository:",
            "git stream init --server",
        ),
        ("Take it out again:", "git stream init --uninstall"),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        let mut report = if self.uninstall {
            setup::uninstall(&repo, self.dry_run)?
        } else if self.server {
            setup::serve(&repo, self.base.as_deref(), self.dry_run)?
        } else {
            setup::prepare(
                &repo,
                &Options {
                    base: self.base.clone(),
                    accept: self.accept,
                    private: self.private,
                    starter: !self.approve,
                    strict: match (self.strict, self.no_strict) {
                        (true, _) => Some(true),
                        (false, true) => Some(false),
                        (false, false) => None,
                    },
                    joins: !self.private,
                    dry_run: self.dry_run,
                    agent: self.agent.clone(),
                },
            )?
        };
        if self.approve {
            self.approve(&repo, &mut report)?;
        }
        tell(&report, out);
        Ok(Exit::Done)
    }
}

impl Init {
    fn approve(&self, repo: &Repo, report: &mut Report) -> Result<(), Failure> {
        let workspace = Workspace::open(repo)?;
        let by = workspace.caller(self.agent.as_ref())?;
        let verb = if self.dry_run {
            "would approve"
        } else {
            "approved"
        };
        let commands = if self.dry_run {
            workspace.plan.commands()
        } else {
            setup::approve(repo, &workspace.plan, &by)?
        };
        if commands.is_empty() {
            report
                .notes
                .push("The plan has no commands to approve.".to_owned());
        }
        report
            .done
            .extend(commands.iter().map(|command| format!("{verb} {command}")));
        Ok(())
    }
}

fn tell(report: &Report, out: &mut Out) {
    let text = if report.done.is_empty() {
        "nothing to do: everything is set up\n".to_owned()
    } else {
        report.done.iter().map(|line| format!("{line}\n")).collect()
    };
    let mut object = json!({
        "version": 1,
        "outcome": if report.done.is_empty() { "nothing" } else { "done" },
        "base": report.base,
        "done": report.done,
        "notes": report.notes,
    });
    if let (Some(object), Some(remote)) = (object.as_object_mut(), &report.remote) {
        object.insert("remote".to_owned(), remote.object());
    }
    out.answer(&text, &object);
    if let Some(remote) = &report.remote {
        out.say(remote.text());
        for hint in remote.hints() {
            out.hint(hint);
        }
    }
    for note in &report.notes {
        out.hint(note);
    }
}
