//! How is a command of the plan run: with a time limit, its output kept, and nothing left behind?
//!
//! It is the leader of a process group of its own. Whatever ends it ends the group: the limit, too
//! much output, a signal to us, its own end.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::Beat;
use super::leftover;
use crate::git;
use crate::land::{Ending, Error};

/// How often the command is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// How often it is said that it still runs.
const BEAT: Duration = Duration::from_secs(30);
/// How long it may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(5);
/// The most that it may print.
const MOST: u64 = 64 << 20;
/// How much of the end is kept in the ledger.
const TAIL: u64 = 32 << 10;
/// How many lines of the end are shown.
const SHOWN: usize = 20;

/// What ties a process to one repository, or to another stream.
const NOT_PASSED_ON: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_STREAM_EPOCH",
    "GIT_STREAM_SLOT",
];

/// Runs `$1` and writes its status to `$2`, the whole of it or nothing.
const TELLING: &str =
    r#"sh -c "$1"; status=$?; echo "$status" >"$2.new" && mv "$2.new" "$2"; exit "$status""#;

/// A command that is to be run.
pub(in crate::land) struct Job<'a> {
    /// What it is for: `check`, `setup`, `derived`.
    pub(in crate::land) what: &'static str,
    /// The command, for `sh -c`.
    pub(in crate::land) command: &'a str,
    /// Where it runs.
    pub(in crate::land) top: &'a Path,
    /// The admin directory of that worktree.
    pub(in crate::land) admin: &'a Path,
    /// The streams it is about.
    pub(in crate::land) streams: String,
    /// Where its output goes.
    pub(in crate::land) log: PathBuf,
    /// Where its shell writes its exit status, so that it is known even if its landing is dead.
    pub(in crate::land) tells: Option<PathBuf>,
    /// How long it may take.
    pub(in crate::land) limit: Duration,
}

/// How it ended.
pub(in crate::land) struct Ran {
    pub(in crate::land) ending: Ending,
    /// 128+n where signal n ended it.
    pub(in crate::land) status: i32,
    pub(in crate::land) seconds: u64,
    /// The end of what it printed.
    pub(in crate::land) tail: String,
    /// The last lines of that.
    pub(in crate::land) last: Vec<String>,
}

/// The signals that end the command before they end us.
pub(in crate::land) struct Signals(Arc<AtomicBool>);

impl Signals {
    /// From now on these signals are noticed here.
    pub(in crate::land) fn watch() -> Signals {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            // Where a signal cannot be watched it does what it always does.
            drop(signal_hook::flag::register(signal, Arc::clone(&flag)));
        }
        Signals(flag)
    }

    /// Whether one has come.
    pub(in crate::land) fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs it to its end.
pub(in crate::land) fn run(
    job: &Job<'_>,
    signals: &Signals,
    tell: &mut dyn FnMut(Beat),
) -> Result<Ran, Error> {
    let (output, errors) = open(&job.log)?;
    tell(Beat::Begins {
        what: job.what,
        command: job.command.to_owned(),
        log: job.log.clone(),
    });
    let not_started = |source| Error::NotStarted {
        command: job.command.to_owned(),
        source,
    };
    let began = Instant::now();
    let mut child = shell(job, output, errors).spawn().map_err(not_started)?;
    leftover::remember(job.admin, child.id());
    let ended = watch(&mut child, job, (signals, began), tell).map_err(not_started);
    // What it has started and left behind goes with it.
    end(&child, Signal::KILL);
    leftover::forget(job.admin);
    let (ending, status) = match ended? {
        Watched::Interrupted => {
            let command = job.command.to_owned();
            return Err(Error::Interrupted { command });
        }
        Watched::Ended(ending, status) => (ending, status),
    };
    let tail = tail(&job.log)?;
    let lines: Vec<&str> = tail.lines().collect();
    Ok(Ran {
        ending,
        status,
        seconds: began.elapsed().as_secs(),
        last: lines[lines.len().saturating_sub(SHOWN)..]
            .iter()
            .map(|line| (*line).to_owned())
            .collect(),
        tail,
    })
}

fn open(log: &Path) -> Result<(File, File), Error> {
    if let Some(directory) = log.parent() {
        fs::create_dir_all(directory).map_err(git::Error::file("create", directory))?;
    }
    let file = File::create(log).map_err(git::Error::file("create", log))?;
    let second = file.try_clone().map_err(git::Error::file("open", log))?;
    Ok((file, second))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a command of the plan, after its approval"
)]
fn shell(job: &Job<'_>, output: File, errors: File) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c");
    match &job.tells {
        Some(file) => shell.args([TELLING, "sh", job.command]).arg(file),
        None => shell.arg(job.command),
    };
    shell
        .current_dir(job.top)
        .env("GIT_STREAM", &job.streams)
        // It has no terminal; git would ask at the one that we have.
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .process_group(0);
    for name in NOT_PASSED_ON {
        shell.env_remove(name);
    }
    shell
}

enum Watched {
    Ended(Ending, i32),
    Interrupted,
}

fn watch(
    child: &mut Child,
    job: &Job<'_>,
    (signals, began): (&Signals, Instant),
    tell: &mut dyn FnMut(Beat),
) -> std::io::Result<Watched> {
    let mut told = began;
    loop {
        if let Some(status) = child.try_wait()? {
            let (ending, status) = read(status);
            return Ok(Watched::Ended(ending, status));
        }
        let printed = fs::metadata(&job.log).map_or(0, |about| about.len());
        let stop = if signals.came() {
            Some(Watched::Interrupted)
        } else if began.elapsed() > job.limit {
            Some(Watched::Ended(Ending::TimedOut, 128 + 15))
        } else if printed > MOST {
            Some(Watched::Ended(Ending::TooMuch, 128 + 15))
        } else {
            None
        };
        if let Some(stop) = stop {
            end_gently(child)?;
            return Ok(stop);
        }
        if told.elapsed() > BEAT {
            told = Instant::now();
            tell(Beat::Runs {
                what: job.what,
                since: began.elapsed(),
            });
        }
        std::thread::sleep(GLANCE);
    }
}

fn read(status: ExitStatus) -> (Ending, i32) {
    match (status.code(), status.signal()) {
        (Some(0), _) => (Ending::Passed, 0),
        (Some(code), _) => (Ending::Failed, code),
        (None, signal) => (Ending::Killed, 128 + signal.unwrap_or_default()),
    }
}

/// Asks the group to end, and makes it.
fn end_gently(child: &mut Child) -> std::io::Result<()> {
    end(child, Signal::TERM);
    let asked = Instant::now();
    while asked.elapsed() < GRACE {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(GLANCE);
    }
    end(child, Signal::KILL);
    child.wait()?;
    Ok(())
}

fn end(child: &Child, signal: Signal) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Where nothing is left of it there is nothing to end.
        kill_process_group(group, signal).ok();
    }
}

/// The end of what was printed, from the beginning of a line.
pub(in crate::land) fn tail(log: &Path) -> Result<String, Error> {
    let unreadable = || git::Error::file("read", log);
    let mut file = File::open(log).map_err(unreadable())?;
    let length = file.metadata().map_err(unreadable())?.len();
    let from = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(from)).map_err(unreadable())?;
    let mut bytes = Vec::new();
    file.take(TAIL)
        .read_to_end(&mut bytes)
        .map_err(unreadable())?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, rest)) if from > 0 => rest.to_owned(),
        Some(_) | None => text,
    })
}
