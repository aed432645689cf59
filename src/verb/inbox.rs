//! What does `git stream inbox` take, and what does it answer?

use jiff::Timestamp;

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::inbox::Inbox as Questions;
use crate::name::AgentName;
use crate::workspace::Workspace;

/// Show the questions that wait for a person
///
/// A question is raised where git stream stopped and did not guess: two changes that conflict, a
/// base that was rewritten. It says what happened, shows the evidence, and names for each choice
/// the command that makes it. Those of the streams that the caller holds come first.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-inbox", bin_name = "git stream inbox", version)]
pub struct Inbox {
    /// Show this question in full; the beginning of its id is enough
    id: Option<String>,
    /// Who is calling [default: found out]
    #[arg(long, value_name = "NAME")]
    agent: Option<AgentName>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Inbox {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("See what waits:", "git stream inbox"),
        (
            "Read one question, its evidence and its choices:",
            "git stream inbox 1f3a",
        ),
        (
            "Count the questions in a script:",
            "git stream inbox --json | jq '.escalations | length'",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        let workspace = Workspace::open(&repo)?;
        let caller = workspace.caller(self.agent.as_ref())?;
        let questions = Questions::of(&workspace.state, &caller);
        let now = Timestamp::now();
        if let Some(id) = &self.id {
            let one = questions.only(id)?;
            out.answer(&one.escalations[0].text(now), &one);
            return Ok(Exit::Done);
        }
        out.answer(&questions.list(now), &questions);
        match questions.escalations.first() {
            Some(first) if !out.json() => {
                out.hint(format!("Read one in full with `{}`.", first.command()));
            }
            None if !out.json() => out.say("nothing waits for an answer"),
            _ => {}
        }
        Ok(Exit::Done)
    }
}
