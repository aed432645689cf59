//! Who else is at work on this machine?
//!
//! One look at all processes: where each of them stands, and which of them are the caller's own,
//! namely itself, whatever started it, and everything in its terminal session.
//!
//! # Limits
//!
//! Only Linux tells (`/proc`), and only of the caller's own user. Elsewhere nobody is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{SESSION, field, session_of};

/// All processes that can be seen.
#[derive(Debug, Default)]
pub struct Company {
    processes: BTreeMap<u32, Process>,
    own: BTreeSet<u32>,
    own_session: Option<String>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// What it is called.
    pub name: String,
    parent: u32,
    session: String,
    /// Where it stands; `None` where that cannot be seen.
    directory: Option<PathBuf>,
}

/// The third field of `/proc/PID/stat` (proc(5)), counted from behind the name.
const STATE: usize = 0;
/// The fourth.
const PARENT: usize = 1;

impl Company {
    /// Looks around.
    pub fn look() -> Company {
        let listing = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = listing.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let processes: BTreeMap<u32, Process> = numbers
            .filter_map(|pid| Some((pid, Process::read(pid)?)))
            .collect();
        let me = std::process::id();
        let own_session = processes.get(&me).map(|process| process.session.clone());
        let own = ancestors(&processes, me);
        Company {
            processes,
            own,
            own_session,
        }
    }

    /// Somebody who stands in a directory or below it, the lowest number first.
    pub fn in_directory(&self, top: &Path) -> Option<&Process> {
        let others = self.processes.values().filter(|one| !self.is_own(one));
        let mut there = others.filter(|one| {
            let directory = one.directory.as_deref();
            directory.is_some_and(|directory| directory.starts_with(top))
        });
        there.next()
    }

    /// Whether the terminal session that a claim has on record goes on, and is another one than
    /// the caller's.
    pub fn goes_on(&self, session: &str) -> bool {
        let number = session.split('.').next().unwrap_or_default();
        if session_of(number).as_deref() != Some(session) {
            return false;
        }
        let mut others = self.processes.values().filter(|one| !self.is_own(one));
        others.any(|one| one.session == number)
    }

    /// Whether the caller was started by this process, or is it.
    pub fn comes_from(&self, pid: u32) -> bool {
        self.own.contains(&pid)
    }

    fn is_own(&self, process: &Process) -> bool {
        self.own.contains(&process.pid) || Some(&process.session) == self.own_session.as_ref()
    }
}

impl Process {
    fn read(pid: u32) -> Option<Process> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (before, _) = stat.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        if field(&stat, STATE)? == "Z" {
            return None;
        }
        Some(Process {
            pid,
            name: name.replace(char::is_control, "?"),
            parent: field(&stat, PARENT)?.parse().ok()?,
            session: field(&stat, SESSION)?,
            directory: fs::read_link(format!("/proc/{pid}/cwd")).ok(),
        })
    }
}

/// A process and all from which it comes.
fn ancestors(processes: &BTreeMap<u32, Process>, pid: u32) -> BTreeSet<u32> {
    let mut found = BTreeSet::from([pid]);
    let mut at = processes.get(&pid);
    while let Some(process) = at {
        // The first of all has the parent 0.
        if process.parent == 0 || !found.insert(process.parent) {
            break;
        }
        at = processes.get(&process.parent);
    }
    found
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Company;

    #[test]
    fn the_caller_and_those_it_comes_from_are_its_own() {
        let company = Company::look();
        assert!(company.comes_from(std::process::id()));
        let parent = rustix::process::getppid().unwrap().as_raw_nonzero();
        assert!(company.comes_from(u32::try_from(parent.get()).unwrap()));
        assert!(!company.comes_from(0));
        let here = std::env::current_dir().unwrap();
        let other = company.in_directory(&here);
        assert!(other.is_none_or(|one| one.pid != std::process::id()));
        assert!(!company.goes_on(&super::super::session()));
        assert!(!company.goes_on(""));
    }
}
