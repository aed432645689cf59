//! Is a command still running whose landing was killed?
//!
//! The kernel ends nobody's children. So the process group is written down while it runs, and
//! whoever uses the worktree next ends what is left of it.
//!
//! # Limits
//!
//! Only where `/proc` tells who a process is (Linux); elsewhere what was left goes on beside the
//! next check.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::git::replace_file;

/// The file in the worktree's admin directory: the group, and when its leader began.
const RUNNING: &str = "git-stream-running";

/// Writes down what runs now.
pub(super) fn remember(admin: &Path, group: u32) {
    let text = format!("{group} {}\n", began(group).unwrap_or_default());
    // Without it the command runs all the same.
    drop(replace_file(&admin.join(RUNNING), text.as_bytes(), 0o644));
}

/// It has ended.
pub(super) fn forget(admin: &Path) {
    drop(fs::remove_file(admin.join(RUNNING)));
}

/// Whether a command whose landing is dead still runs.
pub(in crate::land) fn runs(admin: &Path) -> bool {
    group(admin).is_some()
}

/// Ends what is left of a command whose landing is dead.
pub(in crate::land) fn end(admin: &Path) {
    if let Some(group) = group(admin) {
        kill_process_group(group, Signal::KILL).ok();
    }
    forget(admin);
}

/// The group of what is written down, if its leader is still that process.
fn group(admin: &Path) -> Option<Pid> {
    let text = fs::read_to_string(admin.join(RUNNING)).ok()?;
    let mut words = text.split_whitespace();
    let group: u32 = words.next()?.parse().ok()?;
    let then = words.next()?;
    let is_same = began(group).as_deref() == Some(then);
    Pid::from_raw(i32::try_from(group).ok().filter(|_| is_same)?)
}

/// When a process began: the 22nd field of `/proc/PID/stat`, behind the name in parentheses.
fn began(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name
        .split_ascii_whitespace()
        .nth(19)
        .map(str::to_owned)
}
