//! Who is calling: which agent or person, from where?
//!
//! The name is `--agent`, else `$GIT_STREAM_AGENT`, else `git config stream.agent`, else user and
//! host. Inside a stream's worktree the caller is its holder, unless it says otherwise by one of
//! the first two. An agent is whoever has an agent's identity or runs under an agent's process
//! environment; anyone else is a person.
//!
//! # Limits
//!
//! This stops accidents, not malice: whoever can set an environment variable can claim any name.

mod company;

use std::env;
use std::fs;

use crate::git::Repo;
use crate::ledger::{Actor, Kind, Machine, State, host_name};
use crate::name::{AgentName, Error, StreamName};

pub use company::{Company, Process};

/// The variable that names the agent.
pub const AGENT: &str = "GIT_STREAM_AGENT";
/// Set by the agents that are known, in every process that they start.
const AGENT_MARKS: [&str; 8] = [
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "CURSOR_AGENT",
    "CURSOR_TRACE_ID",
    "GEMINI_CLI",
    "GIT_STREAM_RUN",
];

/// Finds out who is calling.
///
/// `inside` is the stream in whose worktree the caller stands. The answer may be a person; an
/// explicit name that is no name is an error.
pub fn identify(
    repo: &Repo,
    state: &State,
    machine: &Machine,
    given: Option<&AgentName>,
    inside: Option<StreamName>,
) -> Result<Actor, Error> {
    let from_environment = env::var(AGENT).ok().filter(|name| !name.is_empty());
    let named = match (given, from_environment) {
        (Some(given), _) => Some(given.clone()),
        (None, Some(name)) => Some(name.parse::<AgentName>()?),
        (None, None) => None,
    };
    let holder = inside.as_ref().and_then(|name| state.claim(name));
    let configured = repo
        .config("stream.agent")
        .and_then(|name| name.to_string().trim().parse::<AgentName>().ok());
    // Whoever gives the name that would be found out anyway is no agent by it: `exec` hands a
    // person's name on to the shell it opens.
    let own = user_at_host();
    let is_agent = named.as_ref().is_some_and(|name| *name != own)
        || AGENT_MARKS.iter().any(|mark| env::var_os(mark).is_some());
    let kind = if is_agent { Kind::Agent } else { Kind::Person };
    let is_named = named.is_some() || (configured.is_some() && holder.is_none());
    let agent = named
        .or_else(|| holder.map(|claim| claim.agent.clone()))
        .or(configured)
        .unwrap_or(own);
    Ok(Actor {
        agent,
        kind,
        session: session(),
        machine: machine.id.clone(),
        named: is_named,
        inside,
    })
}

/// `maria@laptop`.
fn user_at_host() -> AgentName {
    let user = ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| env::var(name).ok())
        .filter(|user| !user.is_empty())
        .unwrap_or_else(|| format!("uid-{}", rustix::process::getuid().as_raw()));
    let text: String = format!("{user}@{}", host_name())
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect();
    text.trim_start_matches('-')
        .parse()
        .unwrap_or_else(|_odd| "somebody".parse().expect("a plain word is a name"))
}

/// The terminal session: the same for all commands of one terminal or one script; empty where it
/// cannot be told.
///
/// Inside a container the session may have begun outside. Its number is 0 then, and any number may
/// come again in the next container, as may that of the namespace which counts it; so the namespace
/// belongs to it, and the time at which the first process in there began.
#[cfg(target_os = "linux")]
fn session() -> String {
    let id = stat("self").and_then(|stat| field(&stat, SESSION));
    id.and_then(|id| session_of(&id)).unwrap_or_default()
}

/// The session with this number, seen from here.
fn session_of(id: &str) -> Option<String> {
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let namespace = namespace.to_string_lossy();
    let number: String = namespace.chars().filter(char::is_ascii_digit).collect();
    let began = stat("1").and_then(|stat| field(&stat, BEGAN));
    (!id.is_empty()).then(|| format!("{id}.{number}.{}", began.unwrap_or_default()))
}

fn stat(process: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/stat")).ok()
}

/// The sixth field of `/proc/PID/stat` (proc(5)), counted from behind the name.
const SESSION: usize = 3;
/// The 22nd: when the process began, in clock ticks since the system did.
const BEGAN: usize = 19;

/// A field of `/proc/PID/stat`; the second is a name in parentheses, which may hold anything.
fn field(stat: &str, at: usize) -> Option<String> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name
        .split_ascii_whitespace()
        .nth(at)
        .map(str::to_owned)
}

/// The terminal session: the same for all commands of one terminal or one script; empty where it
/// cannot be told.
#[cfg(not(target_os = "linux"))]
fn session() -> String {
    rustix::process::getsid(None)
        .map_or_else(|_| String::new(), |id| id.as_raw_nonzero().to_string())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{SESSION, field, session};

    #[test]
    fn a_session_is_found_behind_any_name() {
        let of = |stat| field(stat, SESSION);
        assert_eq!(of("7 (a) S 1 2) S 1 7 5 0 -1").as_deref(), Some("5"));
        assert_eq!(of("7 (a) S"), None);
        assert_eq!(of(""), None);
        let session = session();
        let parts: Vec<u64> = session
            .split('.')
            .map(|part| part.parse().unwrap())
            .collect();
        assert_eq!(parts.len(), 3, "{session}");
    }
}
