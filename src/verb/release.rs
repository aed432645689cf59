//! What does `git stream release` take, and what does it answer?

use serde_json::{Value, json};

use crate::claim::{self, Released};
use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::word;

/// Give a stream back; unlanded work is kept and named
///
/// The claim ends, and others may own its paths. Commits that are not on the base stay on the
/// stream's branch, and the next claim of the stream goes on with them. The worktree is removed
/// only where everything in it is somewhere else, too: a file that is uncommitted, untracked or
/// ignored keeps it in place.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-release", bin_name = "git stream release", version)]
pub struct Release {
    /// The stream; that of this worktree if it is not named
    #[arg(value_name = "NAME")]
    stream: Option<StreamName>,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Say what would happen, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Release {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "Give back the stream of this worktree:",
            "git stream release",
        ),
        (
            "See what would be kept:",
            "git stream release api --dry-run",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        let released = claim::release(
            &repo,
            self.stream.as_ref(),
            self.agent.as_ref(),
            self.dry_run,
        )?;
        narrate(&released, out);
        if out.json() {
            out.object(&answer(&released));
        }
        Ok(Exit::Done)
    }
}

fn narrate(released: &Released, out: &mut Out) {
    let Released {
        stream, by, agent, ..
    } = released;
    let verb = if released.dry_run {
        "would give back"
    } else {
        "gives back"
    };
    let of = if by == agent {
        String::new()
    } else {
        format!(", which {agent} held")
    };
    out.say(format!("{by} {verb} {stream}{of}"));
    let keeps = if released.dry_run {
        "would keep"
    } else {
        "kept"
    };
    match released.branch {
        Some(tip) => out.say(format!(
            "{keeps} {}: {} at {}",
            stream.branch(),
            match released.unlanded {
                0 => "no commit of its own,".to_owned(),
                1 => "1 commit that is not on the base,".to_owned(),
                more => format!("{more} commits that are not on the base,"),
            },
            tip.to_hex_with_len(12),
        )),
        None if released.landed => out.say("all of its work is on the base"),
        None => out.say("it had no commits of its own"),
    }
    if !released.past.is_empty() {
        out.say(format!(
            "{keeps} {} that no branch leads to, below refs/stream/kept/{stream}/",
            word::count(released.past.len(), "earlier state")
        ));
    }
    let Some(kept) = &released.worktree else {
        return;
    };
    out.say(format!(
        "{keeps} '{}': {}",
        kept.path.display(),
        kept.reasons.join("; ")
    ));
    for file in kept.files.iter().take(10) {
        out.say(format!("  {}", path::shown(file.as_ref())));
    }
    let more = kept.files.len().saturating_sub(10);
    let place = word::quoted(&kept.path.to_string_lossy());
    if more > 0 {
        out.say(format!(
            "  and {more} more; see them with `git -C {place} status --ignored`"
        ));
    }
    out.hint(format!(
        "Remove it, with all that is in it, by `git worktree remove --force {place}`."
    ));
}

fn answer(released: &Released) -> Value {
    json!({
        "version": 1,
        "outcome": "released",
        "stream": released.stream,
        "agent": released.agent,
        "state": if released.landed { "landed" } else { "unclaimed" },
        "branch": released.branch.map(|_| released.stream.branch()),
        "tip": released.branch.map(|tip| tip.to_string()),
        "unlanded": released.unlanded,
        "past": released.past,
        "worktree": released.worktree.as_ref().map(|kept| kept.path.display().to_string()),
        "reasons": released.worktree.as_ref().map_or(&[][..], |kept| &kept.reasons),
        "kept": released.worktree.as_ref().map_or_else(Vec::new, |kept| {
            kept.files.iter().map(|file| path::json(file.as_ref())).collect()
        }),
    })
}
