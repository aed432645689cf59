//! How is a command run in a stream, with its identity, and its claim kept alive?

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::presence::Presence;
use super::{Error, Taken};
use crate::caller::AGENT;
use crate::copies;
use crate::git::Repo;
use crate::ledger::{Kind, OpId, Refusal, What};
use crate::workspace::Workspace;

/// How often the child is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// The claim is renewed this many times in a lease.
const RENEWALS: i32 = 4;
/// And not more often than this.
const SHORTEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 1 } else { 10 });

/// A command to be run in a stream's worktree.
pub struct Session<'a> {
    /// The stream, in the caller's hands.
    pub taken: &'a Taken,
    /// The command and its arguments; empty for a shell.
    pub command: &'a [OsString],
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status; 128 and the signal's number where a signal ended it, as a shell has it.
    pub status: u8,
}

/// Runs the command and waits for it, renewing the claim meanwhile. `tell` hears it when the
/// stream is taken over; the command goes on, and its commits are refused.
///
/// Ctrl-C and Ctrl-\ reach the command, as the terminal sends them to all of the foreground;
/// SIGTERM and SIGHUP are passed on to it. This process ends when the command does.
pub fn work_in(
    repo: &Repo,
    session: &Session<'_>,
    tell: &mut dyn FnMut(&Error),
) -> Result<Ended, Error> {
    let name = program(session);
    let signals = Signals::watch();
    let _presence = Presence::begin(repo, &session.taken.stream);
    let mut child = command(session, &name)
        .spawn()
        .map_err(|source| Error::CommandNotStarted {
            command: name.to_string_lossy().into_owned(),
            source,
        })?;
    let waited = |source| Error::CommandNotStarted {
        command: name.to_string_lossy().into_owned(),
        source,
    };
    let mut heartbeat = Heartbeat::of(repo, session.taken);
    loop {
        if let Some(status) = child.try_wait().map_err(waited)? {
            return Ok(Ended {
                status: as_shell(status),
            });
        }
        signals.pass_on(&child);
        if let Some(lost) = heartbeat.beat() {
            tell(&lost);
        }
        std::thread::sleep(GLANCE);
    }
}

fn program(session: &Session<'_>) -> OsString {
    let shell = || std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    match session.command.first() {
        Some(program) => program.clone(),
        None => shell().unwrap_or_else(|| "/bin/sh".into()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command that the caller asked to run"
)]
fn command(session: &Session<'_>, program: &OsString) -> Command {
    let taken = session.taken;
    let mut command = Command::new(program);
    command
        .args(session.command.iter().skip(1))
        .current_dir(Path::new(&taken.worktree))
        .env("GIT_STREAM", taken.stream.as_str())
        .env(AGENT, taken.agent.as_str())
        .env("GIT_STREAM_SLOT", taken.slot.to_string())
        .env("GIT_STREAM_EPOCH", taken.epoch.to_string());
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_PREFIX",
        "GIT_COMMON_DIR",
    ] {
        command.env_remove(name);
    }
    command
}

fn as_shell(status: ExitStatus) -> u8 {
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 255,
    };
    u8::try_from(code & 0xff).expect("masked to a byte")
}

/// The signals that this process outlives, to tell the command's own status.
struct Signals {
    terminated: Arc<AtomicBool>,
    hung_up: Arc<AtomicBool>,
}

impl Signals {
    fn watch() -> Signals {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let flag = |signal| {
            let flag = Arc::new(AtomicBool::new(false));
            // Where a signal cannot be watched it does what it always does.
            drop(signal_hook::flag::register(signal, Arc::clone(&flag)));
            flag
        };
        // The terminal sends these two to the command as well.
        drop(flag(SIGINT));
        drop(flag(SIGQUIT));
        Signals {
            terminated: flag(SIGTERM),
            hung_up: flag(SIGHUP),
        }
    }

    fn pass_on(&self, child: &Child) {
        use rustix::process::{Pid, Signal, kill_process};
        let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
            return;
        };
        for (flag, signal) in [
            (&self.terminated, Signal::TERM),
            (&self.hung_up, Signal::HUP),
        ] {
            if flag.swap(false, Ordering::Relaxed) {
                // A command that has just ended needs no signal.
                kill_process(pid, signal).ok();
            }
        }
    }
}

/// Tells the ledger, from time to time, that the holder is alive.
struct Heartbeat<'a> {
    repo: &'a Repo,
    taken: &'a Taken,
    every: Duration,
    last: Instant,
    is_lost: bool,
}

impl<'a> Heartbeat<'a> {
    fn of(repo: &'a Repo, taken: &'a Taken) -> Heartbeat<'a> {
        let lease = Workspace::open(repo)
            .ok()
            .and_then(|workspace| Some(workspace.state.claim(&taken.stream)?.lease));
        let every = lease.map_or(Duration::from_secs(3600), |lease| {
            (lease / RENEWALS).unsigned_abs().max(SHORTEST)
        });
        Heartbeat {
            repo,
            taken,
            every,
            last: Instant::now(),
            is_lost: false,
        }
    }

    /// Answers once why the stream is not the caller's any more, if it is not.
    fn beat(&mut self) -> Option<Error> {
        if self.is_lost || self.last.elapsed() < self.every {
            return None;
        }
        self.last = Instant::now();
        // A renewal that fails is tried again next time; the lease is several times as long.
        match self.renew() {
            Err(error @ Error::Refused(Refusal::TakenOver(_))) => {
                self.is_lost = true;
                Some(error)
            }
            Ok(()) | Err(_) => None,
        }
    }

    fn renew(&self) -> Result<(), Error> {
        let mut workspace = Workspace::open(self.repo)?;
        let mut by = workspace.caller(Some(&self.taken.agent))?;
        by.kind = Kind::Agent;
        let what = What::Renew {
            stream: self.taken.stream.clone(),
        };
        let request = workspace.request(&OpId::new(), &by, what, Vec::new());
        workspace.submit(&request)??;
        // Whatever else waits travels along; where nothing does, this is the only sign of life.
        workspace.flush()?;
        // On what the others have said meanwhile, it may have been refused.
        workspace.decide(&request)?;
        // What cannot be pushed now is pushed, or told, at the next sync point.
        drop(copies::hand_on(self.repo));
        Ok(())
    }
}
