//! What does `git stream release` take, and what does it answer?

use bstr::BString;
use serde_json::{Value, json};

use crate::claim::{self, Aside, Released};
use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::word;

/// How many files are listed.
const LISTED: usize = 10;

/// Give a stream back; unlanded work is kept and named
///
/// The claim ends, and others may own its paths. Commits that are not on the base stay on the
/// stream's branch, and the next claim of the stream goes on with them. The worktree is removed
/// only where everything in it is somewhere else, too: a file that is uncommitted or untracked keeps
/// it in place. One in which only ignored files are nowhere else goes into the trash, as it is, for
/// the time that the plan's `land.keep` says. Caches (directories with a `CACHEDIR.TAG`) count as
/// files that can be made again.
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
        super::settle_landings(&repo, self.agent.as_ref(), self.dry_run, out)?;
        let released = claim::release(
            &repo,
            self.stream.as_ref(),
            self.agent.as_ref(),
            self.dry_run,
        )?;
        narrate(&released, out);
        if !self.dry_run {
            super::hand_on(&repo, out);
        }
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
    if let Some(aside) = &released.trash {
        narrate_trash(aside, released.dry_run, out);
    }
    let Some(kept) = &released.worktree else {
        return;
    };
    out.say(format!(
        "{keeps} '{}': {}",
        kept.path.display(),
        kept.reasons.join("; ")
    ));
    let more = list(&kept.files, out);
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

fn narrate_trash(aside: &Aside, dry_run: bool, out: &mut Out) {
    let put = if dry_run { "would put" } else { "put" };
    let why = match aside.files.len() {
        0 => "it has submodules".to_owned(),
        1 => "1 ignored file in it is nowhere else".to_owned(),
        more => format!("{more} ignored files in it are nowhere else"),
    };
    out.say(format!("{put} the worktree into the trash: {why}"));
    let more = list(&aside.files, out);
    if more > 0 {
        out.say(format!("  and {more} more"));
    }
    if let Some(trashed) = &aside.trashed {
        let place = word::quoted(&trashed.directory.to_string_lossy());
        out.hint(format!(
            "Remove it now, instead of later, by `rm -r {place}`."
        ));
    }
}

/// Lists the first of some files; how many more there are.
fn list(files: &[BString], out: &mut Out) -> usize {
    for file in files.iter().take(LISTED) {
        out.say(format!("  {}", path::shown(file.as_ref())));
    }
    files.len().saturating_sub(LISTED)
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
        "trash": released.trash.as_ref().and_then(|aside| {
            aside.trashed.as_ref().map(|trashed| trashed.worktree().display().to_string())
        }),
        "reasons": released.worktree.as_ref().map_or(&[][..], |kept| &kept.reasons),
        "kept": released.worktree.as_ref().map_or_else(Vec::new, |kept| {
            kept.files.iter().map(|file| path::json(file.as_ref())).collect()
        }),
    })
}
