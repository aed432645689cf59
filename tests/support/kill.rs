//! What is left when a command dies at one of its git processes?
//!
//! A directory with `git-shim.sh` under the name `git` stands first in PATH. Its calls are numbered
//! in the order in which they start.
//!
//! # Limits
//!
//! git puts its own directory in front of PATH: what a hook starts is not seen.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use tempfile::TempDir;

/// More git processes than any command may start.
const TOO_MANY: usize = 500;

/// Where a command dies. The first git process has the number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kill {
    /// This git process has not been started.
    Before(usize),
    /// This git process has ended, and the command has not heard of it.
    After(usize),
}

/// Calls `attempt` with every place where a command can die, until the command survives because it
/// has no more git processes. `attempt` prepares a repository, runs the command with
/// `killed_at(kill)`, checks what is left, and says whether the command was killed. Returns how
/// many git processes there were.
#[track_caller]
pub(crate) fn for_every_git_call(mut attempt: impl FnMut(Kill) -> bool) -> usize {
    for call in 1..TOO_MANY {
        if !attempt(Kill::Before(call)) {
            assert!(call > 1, "the command started no git process at all");
            return call - 1;
        }
        assert!(
            attempt(Kill::After(call)),
            "it was over before its git process {call} was"
        );
    }
    panic!("the command started {TOO_MANY} git processes");
}

/// Calls `attempt` with every number of a change that a command makes to the file system by itself
/// (a rename, a removal, a link), until it survives. `attempt` prepares a repository, runs the
/// command with `killed_at_change(number)`, checks what is left, and says whether the command was
/// killed. Returns how many there were; 0 where nothing can kill it there, which is said loudly.
#[track_caller]
pub(crate) fn for_every_change(mut attempt: impl FnMut(usize) -> bool) -> usize {
    if !can_trace() {
        return 0;
    }
    for number in 1..TOO_MANY {
        if !attempt(number) {
            assert!(number > 1, "the command changed nothing at all");
            return number - 1;
        }
    }
    panic!("the command made {TOO_MANY} changes");
}

/// Whether processes can be traced here; where they cannot, that is said loudly.
pub(crate) fn can_trace() -> bool {
    let traces = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output();
    let can = traces.is_ok_and(|output| output.status.success());
    if !can {
        println!("!!!!  SKIPPED: strace is not here, or may not trace  !!!!");
    }
    can
}

/// What has a command killed just before it moves a file or a directory, in front of its line.
pub(super) fn at_move_of(path: &Path) -> Vec<OsString> {
    const MOVES: &str = "rename,renameat,renameat2";
    let words = ["strace", "-qq", "-o", "/dev/null", "-P"].map(OsString::from);
    let moves = [
        format!("--trace={MOVES}"),
        format!("--inject={MOVES}:signal=KILL:when=1"),
    ];
    let path = path.as_os_str().to_owned();
    words
        .into_iter()
        .chain([path])
        .chain(moves.map(OsString::from))
        .collect()
}

/// What has a command killed at one of its own changes, in front of the command's line. What it
/// starts is not killed.
pub(super) fn at_change(number: usize) -> Vec<OsString> {
    const CHANGES: &str = "rename,renameat,renameat2,unlink,unlinkat,link,linkat,rmdir";
    let words = [
        "strace".to_owned(),
        "-qq".to_owned(),
        "-o".to_owned(),
        "/dev/null".to_owned(),
        format!("--trace={CHANGES}"),
        format!("--inject={CHANGES}:signal=KILL:when={number}"),
    ];
    words.map(OsString::from).to_vec()
}

/// A `git` that counts and kills.
pub(super) struct Shim {
    directory: TempDir,
    kill: String,
}

impl Shim {
    pub(super) fn new(root: &Path, kill: Option<Kill>) -> Shim {
        let directory = tempfile::Builder::new()
            .prefix("shim-")
            .tempdir_in(root)
            .unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/git-shim.sh");
        fs::create_dir(directory.path().join("bin")).unwrap();
        fs::create_dir(directory.path().join("calls")).unwrap();
        symlink(script, directory.path().join("bin/git")).unwrap();
        let kill = match kill {
            None => String::new(),
            Some(Kill::Before(call)) => format!("before {call}"),
            Some(Kill::After(call)) => format!("after {call}"),
        };
        Shim { directory, kill }
    }

    /// Puts the shim in front of the git that PATH leads to.
    pub(super) fn enter(&self, environment: &mut BTreeMap<OsString, OsString>) {
        let path = environment
            .remove(&OsString::from("PATH"))
            .unwrap_or_default();
        let git = env::split_paths(&path)
            .map(|directory| directory.join("git"))
            .find(|git| git.is_file())
            .expect("git is on PATH");
        let bin = self.directory.path().join("bin");
        let all = std::iter::once(bin).chain(env::split_paths(&path));
        environment.insert("PATH".into(), env::join_paths(all).unwrap());
        environment.insert("SHIM_GIT".into(), git.into());
        environment.insert("SHIM_CALLS".into(), self.numbered().into());
        environment.insert("SHIM_KILL".into(), self.kill.clone().into());
        environment.insert("SHIM_SPARE".into(), process::id().to_string().into());
    }

    pub(super) fn calls(&self) -> Vec<String> {
        (1..TOO_MANY)
            .map_while(|call| fs::read(self.numbered().join(call.to_string())).ok())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect()
    }

    fn numbered(&self) -> PathBuf {
        self.directory.path().join("calls")
    }
}
