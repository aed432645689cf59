//! Which git is installed, and what can it do?
//!
//! The minimum is 2.39: `merge-tree --write-tree` (2.38) decides a sync in memory, `git hook run`
//! (2.36) runs the user's post-checkout hook in a new worktree, and 2.39 is the oldest git that
//! the tests run on. Newer gits make some things faster, never different.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Error, Git, replace_file};

/// The oldest git that works.
pub const MINIMUM: Version = Version(2, 39, 0);

/// A version of git: major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// `merge-tree --stdin` takes trees, and answers line by line.
    pub fn merges_trees(self) -> bool {
        self >= Version(2, 45, 0)
    }

    /// `git hook run` has `--to-stdin`.
    pub fn feeds_hooks(self) -> bool {
        self >= Version(2, 40, 0)
    }

    /// `git --attr-source` names the tree whose attributes count.
    pub fn names_attributes(self) -> bool {
        self >= Version(2, 41, 0)
    }

    /// `for-each-ref` knows `%(ahead-behind:…)`.
    pub fn counts_ahead_behind(self) -> bool {
        self >= Version(2, 41, 0)
    }

    /// Hooks can stand in the configuration (`hook.<name>.command`).
    pub fn configures_hooks(self) -> bool {
        self >= Version(2, 54, 0)
    }

    /// Reads `git version 2.47.3`, with whatever a vendor put behind it.
    fn parse(line: &str) -> Option<Version> {
        let text = line.strip_prefix("git version ")?.split(' ').next()?;
        let mut numbers = text.split('.').map(|part| {
            part.chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .unwrap_or(0)
        });
        Some(Version(
            numbers.next()?,
            numbers.next()?,
            numbers.next().unwrap_or(0),
        ))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Which file on PATH `git` is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Program {
    path: String,
    bytes: u64,
    modified: String,
}

/// How many programs are remembered: in a hook, git puts its own directory first on PATH, so two
/// are asked in turn.
const REMEMBERED: usize = 4;

/// What is remembered about the installed gits, so that not every command asks again.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Remembered {
    git: Vec<Known>,
}

/// One installed git.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    version: Version,
    program: Program,
}

/// The version of the installed git; an error where it is too old.
///
/// Remembered in `cache` for as long as the program on PATH is the same file.
pub(super) fn installed(git: &Git, directory: &Path, cache: &Path) -> Result<Version, Error> {
    let program = program();
    let mut remembered = read(cache).unwrap_or_default();
    let known = remembered
        .git
        .iter()
        .find(|known| Some(&known.program) == program.as_ref());
    if let Some(known) = known {
        return checked(known.version);
    }
    let line = git.at(directory).arg("version").run()?.line();
    let version = Version::parse(&line).ok_or_else(|| Error::Odd {
        command: "git version".to_owned(),
        answer: line,
    })?;
    if let Some(program) = program {
        remembered
            .git
            .retain(|known| known.program.path != program.path);
        remembered.git.insert(0, Known { version, program });
        remembered.git.truncate(REMEMBERED);
        let text = toml::to_string(&remembered).unwrap_or_default();
        // Remembering saves a process; where it cannot be written, the next command asks again.
        drop(replace_file(cache, text.as_bytes(), 0o644));
    }
    checked(version)
}

fn checked(found: Version) -> Result<Version, Error> {
    if found < MINIMUM {
        Err(Error::TooOld {
            found,
            needed: MINIMUM,
        })
    } else {
        Ok(found)
    }
}

fn read(cache: &Path) -> Option<Remembered> {
    toml::from_str(&std::fs::read_to_string(cache).ok()?).ok()
}

/// Which file `git` is, found as the system finds it.
fn program() -> Option<Program> {
    let path = std::env::var_os("PATH")?;
    let (path, file) = std::env::split_paths(&path).find_map(|directory| {
        let path = directory.join("git");
        let file = std::fs::metadata(&path)
            .ok()
            .filter(std::fs::Metadata::is_file)?;
        Some((path, file))
    })?;
    Some(Program {
        path: path.to_string_lossy().into_owned(),
        bytes: file.len(),
        modified: format!("{:?}", file.modified().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn vendors_put_words_behind_the_numbers() {
        let parse = |line| Version::parse(line).expect("a version");
        assert_eq!(parse("git version 2.47.3"), Version(2, 47, 3));
        assert_eq!(
            parse("git version 2.39.5 (Apple Git-154)"),
            Version(2, 39, 5)
        );
        assert_eq!(parse("git version 2.55.0.windows.1"), Version(2, 55, 0));
        assert_eq!(parse("git version 2.50.GIT"), Version(2, 50, 0));
        assert!(Version::parse("gut version 1").is_none());
    }
}
