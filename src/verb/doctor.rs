//! What does `git stream doctor` take, and what does it answer?

use crate::cli::{Common, Out, Verb};
use crate::doctor::{self, Options, Unusable, Verdict};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::name::AgentName;

/// Prove that every layer works, name what is wrong, and mend it
///
/// The guard is really tried: in a worktree of its own, which goes again, it is given commits,
/// merges, patches and a push that it must refuse, and one commit that it must let through. Then it
/// looks at the programs, refs, objects and indexes, the ledger and its remote, operations that
/// died, branches, worktrees, hooks, leases, the plan, and at locks that were left behind.
///
/// One line for each, and for each finding what it is, why it matters, and the command that mends
/// it. With `--repair` it mends what needs nobody's word: nothing that somebody has written is
/// changed, and no commit is forgotten.
///
/// In a new clone it joins the ledger, and takes to it the streams that the caller holds on another
/// machine, where their lease has ended. A person who knows that the machine is gone says so with
/// `--reason`.
///
/// With `--compact` it does nothing of that: it begins the ledger's chain anew, with the same state,
/// and keeps the old one as `refs/stream/history/…`, here and on the remote. Fresh clones then fetch
/// the short chain only. Nobody else has to do anything.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-doctor", bin_name = "git stream doctor", version)]
pub struct Doctor {
    /// Mend what can be mended without asking anybody
    #[arg(long)]
    repair: bool,
    /// Why the caller's own streams on another machine come here before their lease has ended (a
    /// person only)
    #[arg(long, value_name = "WHY", requires = "repair")]
    reason: Option<String>,
    /// Shorten the ledger's chain; what it was so far is kept apart (a person only)
    #[arg(long, conflicts_with = "repair")]
    compact: bool,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Change nothing at all: the guard is not tried, and nothing is mended
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Doctor {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("Is everything as it should be?", "git stream doctor"),
        (
            "After a crash, or a power cut:",
            "git stream doctor --repair",
        ),
        (
            "On a new machine, when the old one is lost:",
            "git stream doctor --repair --reason lost",
        ),
        (
            "When the ledger has become long:",
            "git stream doctor --compact --dry-run",
        ),
        (
            "For a script, what is left for a person:",
            "git stream doctor --json | jq -c '.examinations[].findings[]'",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        if self.compact {
            let shortened = doctor::compact(&repo, self.agent.as_ref(), self.dry_run)?;
            if out.json() {
                out.object(&shortened.json());
            } else {
                out.text(&shortened.text());
            }
            return Ok(Exit::Done);
        }
        let options = Options {
            repair: self.repair,
            reason: self.reason.clone(),
            agent: self.agent.clone(),
            dry_run: self.dry_run,
        };
        let report = doctor::examine(&repo, &options)?;
        if !out.json() {
            out.text(&report.text(out.verbose()));
        }
        let exit = match report.verdict() {
            Verdict::Broken => return Err(Unusable::from(&report).into()),
            Verdict::Found => Exit::Refused,
            Verdict::Well | Verdict::Skipped | Verdict::Mended => Exit::Done,
        };
        if out.json() {
            out.object(&report.json());
        }
        if let Some(hint) = report.next_step() {
            out.hint(hint);
        }
        Ok(exit)
    }
}
