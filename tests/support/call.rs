//! What did a command do?
//!
//! A [`Call`] is prepared by its builder methods and started once, by `go()`. It may not run longer
//! than [`LONGEST`]: a command that hangs fails its test instead of the whole run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::kill::{Shim, at_change, at_move_of};
use super::mask::Mask;
use super::{Kill, Sandbox};

/// The time after which a command counts as hung.
const LONGEST: Duration = Duration::from_secs(120);

/// A command that is about to run.
#[must_use = "nothing runs before `go()`"]
pub(crate) struct Call {
    program: PathBuf,
    args: Vec<OsString>,
    /// What it is started by.
    before: Vec<OsString>,
    directory: PathBuf,
    repo: PathBuf,
    root: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    added: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    shim: Option<Shim>,
    mask: Arc<Mask>,
    sandbox: Arc<TempDir>,
}

impl Call {
    pub(super) fn new<I, A>(sandbox: &Sandbox, program: PathBuf, args: I) -> Call
    where
        I: IntoIterator<Item = A>,
        A: AsRef<OsStr>,
    {
        Call {
            program,
            args: args
                .into_iter()
                .map(|arg| arg.as_ref().to_owned())
                .collect(),
            directory: sandbox.repo(),
            repo: sandbox.repo(),
            root: sandbox.root().to_owned(),
            environment: sandbox.environment().clone(),
            added: Vec::new(),
            before: Vec::new(),
            stdin: Vec::new(),
            shim: None,
            mask: sandbox.mask(),
            sandbox: sandbox.directory(),
        }
    }

    /// Runs it there; a relative path counts from the main checkout.
    pub(crate) fn in_dir(mut self, directory: impl AsRef<Path>) -> Call {
        self.directory = self.repo.join(directory);
        self
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Call {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds a variable, or replaces one.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Call {
        let (name, value) = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.environment.insert(name.clone(), value.clone());
        self.added.push((name, value));
        self
    }

    /// The same, not shown in the command's line.
    pub(crate) fn env_quietly(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Call {
        let (name, value) = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.environment.insert(name, value);
        self
    }

    /// Takes a variable of the sandbox away.
    pub(crate) fn without_env(mut self, name: impl AsRef<OsStr>) -> Call {
        self.environment.remove(name.as_ref());
        self
    }

    /// Runs it as this agent.
    pub(crate) fn agent(self, name: &str) -> Call {
        self.env("GIT_STREAM_AGENT", name)
    }

    /// What it reads; nothing, unless told.
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Call {
        bytes.as_ref().clone_into(&mut self.stdin);
        self
    }

    /// Writes down every git process that it starts, for [`Ran::git_calls`].
    pub(crate) fn counting(self) -> Call {
        self.shimmed(None)
    }

    /// Ends it by SIGKILL at one of the git processes that it starts.
    pub(crate) fn killed_at(self, kill: Kill) -> Call {
        self.shimmed(Some(kill))
    }

    /// Ends it by SIGKILL at one of the changes that it makes to the file system by itself.
    pub(crate) fn killed_at_change(mut self, number: usize) -> Call {
        self.before = at_change(number);
        self
    }

    /// Ends it by SIGKILL just before it moves a file or a directory away.
    pub(crate) fn killed_at_move_of(mut self, path: &Path) -> Call {
        self.before = at_move_of(path);
        self
    }

    fn shimmed(mut self, kill: Option<Kill>) -> Call {
        let shim = Shim::new(&self.root, kill);
        shim.enter(&mut self.environment);
        self.shim = Some(shim);
        self
    }

    /// Runs it to its end.
    pub(crate) fn go(self) -> Ran {
        let child = self.spawn(&self.command());
        self.finish(child)
    }

    /// Runs it; [`Ran::block`].
    pub(crate) fn block(self) -> String {
        self.go().block()
    }

    /// Runs it; [`Ran::status`].
    pub(crate) fn status(self) -> i32 {
        self.go().status()
    }

    /// Runs it; [`Ran::json`].
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        self.go().json()
    }

    /// Program and arguments, in that order.
    pub(super) fn command(&self) -> Vec<OsString> {
        let program = self.program.clone().into_os_string();
        let before = self.before.iter().cloned();
        before
            .chain([program])
            .chain(self.args.iter().cloned())
            .collect()
    }

    fn spawn(&self, words: &[OsString]) -> Child {
        let mut child = match self.prepare(words).stdin(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) => panic!("{} does not start: {error}", self.program.display()),
        };
        let mut pipe = child.stdin.take().expect("stdin is piped");
        let bytes = self.stdin.clone();
        // A command that does not read its stdin closes the pipe, which is no failure.
        thread::spawn(move || pipe.write_all(&bytes).ok());
        child
    }

    pub(super) fn prepare(&self, words: &[OsString]) -> Command {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(&self.directory);
        command.env_clear().envs(&self.environment);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(super) fn finish(self, child: Child) -> Ran {
        let id = Pid::from_child(&child);
        let (done, wait) = mpsc::channel();
        let reader = thread::spawn(move || {
            let output = child.wait_with_output();
            done.send(()).ok();
            output
        });
        if wait.recv_timeout(LONGEST).is_err() {
            kill_process(id, Signal::KILL).ok();
            panic!("still running after {LONGEST:?}: {}", self.line());
        }
        let output = reader.join().unwrap().unwrap();
        Ran {
            line: self.line(),
            output,
            shim: self.shim,
            repo: self.repo,
            mask: self.mask,
            _sandbox: self.sandbox,
        }
    }

    /// The command as a person would paste it.
    fn line(&self) -> String {
        let mut words = Vec::new();
        if self.directory != self.repo {
            words.push(format!("cd {} &&", self.directory.display()));
        }
        for (name, value) in &self.added {
            words.push(format!("{}={}", name.display(), quoted(value)));
        }
        let name = self
            .program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        match name.strip_prefix("git-stream-") {
            Some(verb) => words.push(format!("git stream {verb}")),
            None => words.push(name.into_owned()),
        }
        words.extend(self.args.iter().map(|arg| quoted(arg)));
        words.join(" ")
    }
}

fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@+,~^%{}".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// What a command answered.
#[must_use = "a command's answer is what a test is about"]
pub(crate) struct Ran {
    line: String,
    output: Output,
    shim: Option<Shim>,
    repo: PathBuf,
    mask: Arc<Mask>,
    _sandbox: Arc<TempDir>,
}

impl Ran {
    /// The exit status; 128+n when signal n ended it, as a shell says it.
    pub(crate) fn status(&self) -> i32 {
        let status = self.output.status;
        status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
    }

    /// Fails unless it ended with 0.
    #[track_caller]
    pub(crate) fn succeeded(&self) {
        assert_eq!(self.status(), 0, "{}", self.block());
    }

    /// Whether SIGKILL ended it.
    pub(crate) fn was_killed(&self) -> bool {
        self.output.status.signal() == Some(9)
    }

    /// What it printed, unmasked.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// What it printed to stderr, unmasked.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// What it printed, as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_slice(&self.output.stdout) {
            Ok(value) => value,
            Err(error) => panic!("not JSON ({error}):\n{}", self.block()),
        }
    }

    /// The arguments of every git process it started, in order. Only after `counting()`.
    #[track_caller]
    pub(crate) fn git_calls(&self) -> Vec<String> {
        let shim = self
            .shim
            .as_ref()
            .expect("the call was made with `counting()`");
        shim.calls()
            .iter()
            .map(|call| self.mask.apply(call, &self.repo))
            .collect()
    }

    /// Command line, stdout, stderr and status, with all that differs from run to run masked.
    pub(crate) fn block(&self) -> String {
        let mut block = format!("$ {}\n{}", self.line, ended(self.stdout()));
        if !self.output.stderr.is_empty() {
            block.push_str("--- stderr ---\n");
            block.push_str(&ended(self.stderr()));
        }
        let status = self.status();
        self.mask
            .apply(&format!("{block}[status {status}]"), &self.repo)
    }
}

fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
