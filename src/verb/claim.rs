//! What does `git stream claim` take, and what does it answer?

use serde_json::json;

use crate::claim::{self, Taken, Takeover, Wanted};
use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::name::{AgentName, StreamName};
use crate::pattern::{self, PatternSet};
use crate::review;
use crate::word;

/// Take a stream and print its worktree
///
/// A claim is exclusive: while it lasts, nobody else can own a path that its patterns match, not
/// even one that does not exist yet. It gets a branch, `stream/NAME`, and a worktree of its own,
/// in which commits outside the patterns are refused.
///
/// Of many callers at the same time exactly one wins; the others end with status 4 and learn who
/// holds the stream. Taking a stream that is the caller's already answers its worktree again.
///
/// With --takeover the stream is taken from its holder. That needs a lease that has ended, as far
/// as this machine was awake to see nothing of the holder, or a person who says why. The work goes
/// on in a new worktree, from what is known of the holder's commits; its own worktree stays as it
/// is, lets go of the branch, and commits there are refused.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-claim", bin_name = "git stream claim", version)]
pub struct Claim {
    /// The stream to take
    #[arg(value_name = "NAME")]
    stream: StreamName,
    /// Own the paths that these patterns match; needs no plan
    #[arg(long, value_name = "PATTERN", num_args = 1.., conflicts_with = "add")]
    files: Vec<String>,
    /// Own these, too: patterns that nobody owns, holds or plans
    #[arg(long, value_name = "PATTERN", num_args = 1..)]
    add: Vec<String>,
    /// Adopt work that exists already: the stream begins at this revision
    #[arg(long, value_name = "REV", conflicts_with = "add")]
    from: Option<String>,
    /// Take it from its holder: when the lease has ended, or as a person with --reason
    #[arg(long, conflicts_with_all = ["files", "add", "from"])]
    takeover: bool,
    /// Why it is taken from a holder whose lease has not ended
    #[arg(long, value_name = "TEXT", requires = "takeover", value_parser = reason)]
    reason: Option<String>,
    /// Stand on this stream, which is in review, until it has landed
    #[arg(long, value_name = "NAME", conflicts_with_all = ["add", "from"])]
    on: Option<StreamName>,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Say what would happen, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Claim {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "Take a stream that the plan describes, and go to its worktree:",
            "cd \"$(git stream claim api)\"",
        ),
        (
            "Take a stream without a plan:",
            "git stream claim api --files 'src/api/**' 'tests/api/**'",
        ),
        ("Own a file more:", "git stream claim api --add docs/api.md"),
        (
            "Go on with a branch that exists:",
            "git stream claim api --files 'src/api/**' --from my-branch",
        ),
        (
            "Begin on top of a stream whose pull request waits:",
            "git stream claim ui --on api",
        ),
        (
            "Take a stream from a holder who is gone:",
            "git stream claim api --takeover --reason 'laptop-gone'",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        if !self.dry_run {
            super::mend_hooks(&repo, out)?;
        }
        let taken = if self.add.is_empty() {
            let wanted = Wanted {
                stream: self.stream.clone(),
                files: patterns(&self.files)?,
                from: self.from.clone(),
                on: self.on.clone(),
                takeover: self.takeover.then(|| Takeover {
                    reason: self.reason.clone(),
                }),
                agent: self.agent.clone(),
                dry_run: self.dry_run,
            };
            review::take(&repo, &wanted)?
        } else {
            let files = patterns(&self.add)?.expect("it is not empty");
            claim::widen(
                &repo,
                &self.stream,
                files,
                self.agent.as_ref(),
                self.dry_run,
            )?
        };
        narrate(&taken, self.dry_run, out);
        if !self.dry_run {
            super::hand_on(&repo, out);
        }
        hint_at_mistakes(&repo, &taken, out)?;
        out.place(&taken.worktree, &json(&taken));
        Ok(Exit::Done)
    }
}

/// A reason says something, in one line.
fn reason(text: &str) -> Result<String, &'static str> {
    let text = word::one_line(text.trim());
    if text.is_empty() {
        return Err("it says nothing");
    }
    Ok(text)
}

/// The patterns of the command line; `None` where there are none.
pub(super) fn patterns(texts: &[String]) -> Result<Option<PatternSet>, Failure> {
    if texts.is_empty() {
        return Ok(None);
    }
    match PatternSet::parse(texts) {
        Ok(set) => Ok(Some(set)),
        Err(errors) => Err(pattern::Invalid { errors }.into()),
    }
}

pub(super) fn narrate(taken: &Taken, dry_run: bool, out: &mut Out) {
    for note in &taken.notes {
        out.say(note);
    }
    let Taken {
        stream,
        agent,
        branch,
        base_branch,
        files,
        ..
    } = taken;
    let verb = match (taken.already_yours, dry_run) {
        (true, _) => "holds",
        (false, true) => "would take",
        (false, false) => "takes",
    };
    let base = taken.base.to_hex_with_len(12);
    out.say(format!("{agent} {verb} {stream}: {}", files.join(" ")));
    out.say(format!("on branch {branch}, from {base_branch} {base}"));
}

/// Patterns that match less than they seem to, told where the tree shows that it matters.
fn hint_at_mistakes(repo: &Repo, taken: &Taken, out: &mut Out) -> Result<(), Failure> {
    let tree = repo.tree_of(taken.base)?;
    for text in &taken.files {
        let Ok(parsed) = pattern::Pattern::parse(text) else {
            continue;
        };
        let Some(hint) = pattern::hint(&parsed) else {
            continue;
        };
        let is_mistake = match parsed.literal() {
            Some(name) => repo.is_directory(tree, name.into())?,
            None => true,
        };
        if is_mistake {
            out.hint(hint);
        }
    }
    Ok(())
}

pub(super) fn json(taken: &Taken) -> serde_json::Value {
    json!({
        "version": 1,
        "outcome": if taken.already_yours { "already-yours" } else { "claimed" },
        "stream": taken.stream,
        "agent": taken.agent,
        "branch": taken.branch,
        "worktree": taken.worktree,
        "base": taken.base.to_string(),
        "base_branch": taken.base_branch,
        "epoch": taken.epoch,
        "slot": taken.slot,
        "files": taken.files,
        "on": taken.on,
    })
}
