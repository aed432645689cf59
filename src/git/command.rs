//! How is the `git` program run?
//!
//! Every process of git starts here. The environment of the caller is passed on, except for the
//! variables that tie git to one repository: a hook's `GIT_DIR` or `GIT_INDEX_FILE` would
//! otherwise make a command in another worktree answer for this one
//! (`git rev-parse --local-env-vars` lists them).

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{Error, file};

/// The variables that tie git to one repository.
const LOCAL: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// The `git` program.
#[derive(Debug, Clone, Default)]
pub struct Git;

impl Git {
    /// A command that runs in a directory.
    pub fn at(&self, directory: &Path) -> Call {
        Call {
            directory: directory.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            lock: None,
            flushes: false,
        }
    }
}

/// One call of git, being put together.
#[must_use = "a call does nothing until it is run"]
pub struct Call {
    directory: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    lock: Option<File>,
    flushes: bool,
}

/// What a successful call of git wrote.
#[derive(Debug)]
pub struct Output {
    /// Its stdout.
    pub stdout: Vec<u8>,
    /// Its exit status.
    pub status: i32,
    /// Its stderr, as text.
    pub stderr: String,
}

impl Output {
    /// The stdout as one trimmed line of text.
    pub fn line(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }
}

impl Call {
    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Call {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Call {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Call {
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Has git flush the objects that it writes to disk, because a ref is to point at them.
    pub(super) fn flushing(mut self) -> Call {
        self.flushes = true;
        self
    }

    /// Lets git hold a lock of ours as long as it lives, so that a git which outlives us keeps it.
    ///
    /// The lock travels as stdin: only for commands that do not read theirs.
    pub fn holding(mut self, lock: &super::Lock) -> Call {
        self.lock = lock.share();
        self
    }

    /// Runs it; any status but 0 is an error.
    pub fn run(self) -> Result<Output, Error> {
        self.run_allowing(&[0], None)
    }

    /// Runs it with this on its stdin; any status but 0 is an error.
    pub fn run_with_input(self, input: &[u8]) -> Result<Output, Error> {
        self.run_allowing(&[0], Some(input))
    }

    /// Runs it, and ends it when it takes longer; the statuses given are answers, any other is an
    /// error.
    pub fn run_within(self, statuses: &[i32], limit: Duration) -> Result<Output, Error> {
        let (shown, directory) = (self.shown(), self.directory.clone());
        let child = self.spawn(None)?;
        let id = Pid::from_child(&child);
        let (done, wait) = mpsc::channel();
        let waiter = std::thread::spawn(move || {
            let output = child.wait_with_output();
            // Nobody waits any more where the limit was reached.
            done.send(()).ok();
            output
        });
        let is_late = wait.recv_timeout(limit).is_err();
        if is_late {
            // git passes this on to what it has started: ssh, a remote helper.
            kill_process(id, Signal::TERM).ok();
        }
        let output = waiter
            .join()
            .expect("waiting for a process does not panic")
            .map_err(Error::NoGit)?;
        if is_late && !output.status.success() {
            return Err(Error::Failed {
                command: shown,
                how: format!("took longer than {} s and was ended", limit.as_secs()),
                status: None,
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
                full: false,
            });
        }
        judged(output, statuses, (shown, &directory))
    }

    /// Runs it; the statuses given are answers, any other is an error.
    pub fn run_allowing(self, statuses: &[i32], input: Option<&[u8]>) -> Result<Output, Error> {
        let (shown, directory) = (self.shown(), self.directory.clone());
        let child = self.spawn(if input.is_some() {
            Some(Stdio::piped())
        } else {
            None
        })?;
        let output = feed(child, input).map_err(Error::NoGit)?;
        judged(output, statuses, (shown, &directory))
    }

    /// Starts it with pipes on stdin and stdout, for a conversation; stderr goes nowhere.
    pub fn converse(self) -> Result<Child, Error> {
        let mut command = self.command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command.spawn().map_err(Error::NoGit)
    }

    fn spawn(mut self, stdin: Option<Stdio>) -> Result<Child, Error> {
        let lock = self.lock.take();
        let mut command = self.command();
        command.stdin(match (stdin, lock) {
            (Some(stdin), _) => stdin,
            (None, Some(lock)) => Stdio::from(lock),
            (None, None) => Stdio::null(),
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(Error::NoGit)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that starts git"
    )]
    fn command(&self) -> Command {
        let mut command = Command::new("git");
        for name in LOCAL {
            command.env_remove(name);
        }
        // What we move, we have judged. git runs hooks of its configuration whatever
        // core.hooksPath says.
        command
            .env("GIT_CONFIG_COUNT", if self.flushes { "2" } else { "1" })
            .env("GIT_CONFIG_KEY_0", "hook.git-stream-strict.enabled")
            .env("GIT_CONFIG_VALUE_0", "false")
            .env("GIT_CONFIG_KEY_1", "core.fsync")
            .env("GIT_CONFIG_VALUE_1", "committed");
        // Never ask anybody, never page, and speak the language that the few parsed texts are in.
        // Not LC_ALL: that would also change the encoding.
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_PAGER", "cat")
            .env("LC_MESSAGES", "C")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .args(&self.args)
            .current_dir(&self.directory);
        command
    }

    /// The command line for messages, cut where it gets long.
    fn shown(&self) -> String {
        let mut text = String::from("git");
        for (at, arg) in self.args.iter().enumerate() {
            if at >= 12 {
                text.push_str(" …");
                break;
            }
            text.push(' ');
            let arg = arg.to_string_lossy();
            if arg.contains(char::is_whitespace) || arg.is_empty() {
                text.push_str(&format!("'{arg}'"));
            } else {
                text.push_str(&arg);
            }
        }
        text
    }
}

/// Tells an answer from a failure.
fn judged(
    output: std::process::Output,
    statuses: &[i32],
    (shown, directory): (String, &Path),
) -> Result<Output, Error> {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(status) if statuses.contains(&status) => Ok(Output {
            stdout: output.stdout,
            status,
            stderr,
        }),
        status => Err(Error::Failed {
            command: shown,
            how: match (status, output.status.signal()) {
                (Some(status), _) => format!("failed with exit status {status}"),
                (None, Some(signal)) => format!("was ended by signal {signal}"),
                (None, None) => "ended in an unknown way".to_owned(),
            },
            status,
            stderr,
            full: file::is_full(directory),
        }),
    }
}

/// Writes the input from a thread of its own: git may fill its stdout before it has read it all.
fn feed(mut child: Child, input: Option<&[u8]>) -> std::io::Result<std::process::Output> {
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            // A git that stops reading says why by its status, which is read below.
            scope.spawn(move || drop(stdin.write_all(input)));
        }
        child.wait_with_output()
    })
}
