//! Which commands can a plan run, and how is exactly that text approved?
//!
//! A plan comes with the repository, so whoever can change a branch can change its commands. They
//! run only after a person has approved them, and what is approved is the digest given here.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{Plan, Through};
use crate::name::AgentName;

/// What a command of the plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CommandKind {
    /// `worktrees.setup`: makes a new worktree ready.
    Setup,
    /// `derived.command`: regenerates derived files.
    Derived,
    /// `land.check`: must succeed on the combined result.
    Check,
    /// `land.open`: opens a pull request.
    Open,
    /// `escalation.notify`: tells a person.
    Notify,
    /// `agents.NAME.command`: runs an agent.
    Agent(AgentName),
}

impl fmt::Display for CommandKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandKind::Setup => f.write_str("setup"),
            CommandKind::Derived => f.write_str("derived"),
            CommandKind::Check => f.write_str("check"),
            CommandKind::Open => f.write_str("open"),
            CommandKind::Notify => f.write_str("notify"),
            CommandKind::Agent(name) => write!(f, "agent {name}"),
        }
    }
}

/// A command that a plan can run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Command {
    /// What it is for.
    pub kind: CommandKind,
    /// Its text for the shell; an agent's program and arguments as a JSON array.
    pub text: String,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`", self.kind, self.text)
    }
}

impl Plan {
    /// Every command that the plan can run, in a fixed order. `open` is among them only where
    /// landing goes through pull requests, because nothing else runs it.
    pub fn commands(&self) -> Vec<Command> {
        let open = match self.land.through {
            Through::Push => None,
            Through::Pr => Some(&self.land.open),
        };
        let shell = [
            (CommandKind::Setup, self.worktrees.setup.as_ref()),
            (CommandKind::Derived, self.derived.command.as_ref()),
            (CommandKind::Check, self.land.check.as_ref()),
            (CommandKind::Open, open),
            (CommandKind::Notify, self.escalation.notify.as_ref()),
        ];
        let shell = shell.into_iter().filter_map(|(kind, text)| {
            Some(Command {
                kind,
                text: text?.clone(),
            })
        });
        let agents = self.agents.iter().map(|(name, rules)| Command {
            kind: CommandKind::Agent(name.clone()),
            text: serde_json::json!(rules.command).to_string(),
        });
        shell.chain(agents).collect()
    }

    /// What a person approves: the lower-case hex SHA-256 over every command, or nothing where the
    /// plan has none.
    ///
    /// What is hashed is the line `git-stream commands 1`, then for each of [`Plan::commands`] its
    /// kind and its text as netstrings (`5:check,10:cargo test,`): no two lists of commands have
    /// the same encoding.
    pub fn digest(&self) -> Option<String> {
        let commands = self.commands();
        if commands.is_empty() {
            return None;
        }
        let mut hash = Sha256::new();
        hash.update("git-stream commands 1\n");
        for command in &commands {
            for part in [&command.kind.to_string(), &command.text] {
                hash.update(format!("{}:{part},", part.len()));
            }
        }
        let digest = hash.finalize();
        Some(
            digest
                .iter()
                .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")),
        )
    }
}
