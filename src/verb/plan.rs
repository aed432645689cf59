//! What does `git stream plan` take, and what does it answer?

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::status::Draft;

/// Check the plan before it is committed
///
/// Reads the draft of the plan: FILE, else the private plan inside the git directory, else
/// `streams.toml` at the top of this worktree. All that is wrong with it is reported in one run,
/// with lines and remedies; streams that could own a common path are shown one such path. A draft
/// without problems is answered by its waves (the streams that may run at the same time), its
/// milestones, and the files that nobody owns. Every other verb reads the plan as it stands at the
/// base branch.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-plan", bin_name = "git stream plan", version)]
pub struct Plan {
    /// The plan to check [default: streams.toml]
    file: Option<PathBuf>,
    /// Print the digest of the plan's commands, for `GIT_STREAM_APPROVED`
    #[arg(long)]
    digest: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Plan {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("Check the plan of this worktree:", "git stream plan"),
        (
            "List the files that nobody owns:",
            "git stream plan --json | jq -r '.unowned[]'",
        ),
        (
            "Approve the plan's commands on a machine without a person:",
            "export GIT_STREAM_APPROVED=$(git stream plan --digest)",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        let draft = Draft::read(&repo, self.file.as_deref())?;
        if self.digest {
            return digest(draft, out);
        }
        out.answer(&draft.text(), &draft.json());
        // JSON has them in its answer.
        let mistakes = draft.mistakes.iter().filter(|_| !out.json());
        for mistake in mistakes.collect::<Vec<_>>() {
            out.hint(match &mistake.stream {
                Some(stream) => format!("{stream}: {}", mistake.message),
                None => mistake.message.clone(),
            });
        }
        Ok(draft.exit())
    }
}

fn digest(draft: Draft, out: &mut Out) -> Result<Exit, Failure> {
    let plan = draft.parsed.into_plan(&draft.source)?;
    let digest = plan.digest();
    let commands: Vec<Value> = plan
        .commands()
        .iter()
        .map(|command| json!({"kind": command.kind.to_string(), "text": command.text}))
        .collect();
    if digest.is_none() {
        out.say("the plan has no commands to approve");
    }
    let object = json!({"version": 1, "digest": digest, "commands": commands});
    out.answer(&digest.unwrap_or_default(), &object);
    Ok(Exit::Done)
}
