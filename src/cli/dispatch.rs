//! Which program does `git stream VERB` become?
//!
//! The verb is a program of its own, `git-stream-VERB`: first the one beside the running program,
//! so that two installations never mix, then one of PATH, where anybody may add verbs. The
//! process is replaced, so signals and the exit status pass untouched. Nothing here asks git or
//! opens a repository.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use rustix::fs::{Access, access};
use serde_json::json;

use super::{Common, Out, report};
use crate::exit::{Exit, Explain, Failure};

/// What every verb's program begins with.
const PREFIX: &str = "git-stream-";

/// One verb, as the list of all shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The word behind `git stream`.
    pub verb: &'static str,
    /// What it does, on one line.
    pub summary: &'static str,
}

const fn known(verb: &'static str, summary: &'static str) -> Known {
    Known { verb, summary }
}

/// Every verb, under the headings of the list, in its order.
pub const VERBS: [(&str, &[Known]); 3] = [
    (
        "everyday",
        &[
            known("exec", "Take a stream and run a command or a shell in it"),
            known("status", "Show every stream, and what needs somebody"),
            known(
                "sync",
                "Rebase a stream onto its base, or stop before anything is touched",
            ),
            known(
                "land",
                "Bring a finished stream onto the base, verified and checked",
            ),
            known("inbox", "Show the questions that wait for a person"),
            known("log", "Show what has happened, newest first"),
            known(
                "undo",
                "Take one's last operation back, or roll a stream back",
            ),
            known("resolve", "Finish a stopped sync in a worktree of its own"),
            known(
                "release",
                "Give a stream back; unlanded work is kept and named",
            ),
        ],
    ),
    (
        "setting up",
        &[
            known("init", "Set a repository up for streams; safe to run again"),
            known("plan", "Check the plan before it is committed"),
            known(
                "doctor",
                "Prove that every layer works, name what is wrong, and mend it",
            ),
        ],
    ),
    (
        "for scripts and agents",
        &[
            known("claim", "Take a stream and print its worktree"),
            known("path", "Print a stream's worktree"),
            known(
                "progress",
                "Say how far a stream is: complete, failed, or in work after all",
            ),
            known("guard", "Ask whether a change stays inside its stream"),
            known(
                "verify",
                "Judge a stream's whole history, and record what is found",
            ),
            known(
                "receive",
                "Judge a push, as a hook of the repository that is pushed to",
            ),
        ],
    ),
];

/// Why no verb could be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No program of that name is installed.
    #[error("'{verb}' is no verb of git stream")]
    Unknown {
        /// What was given.
        verb: String,
        /// The verb that looks most like it.
        nearest: Option<String>,
    },
    /// A verb that belongs to git stream, and whose program is gone.
    #[error("the program '{PREFIX}{verb}' is not installed")]
    Missing {
        /// The verb.
        verb: String,
    },
    /// An option in front of the verb.
    #[error("'{option}' is no option of git stream")]
    Option {
        /// What was given.
        option: String,
    },
    /// The program is there and does not start.
    #[error("cannot start '{}'", program.display())]
    CannotStart {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Unknown { .. } | Error::Option { .. } => Exit::Usage,
            Error::Missing { .. } | Error::CannotStart { .. } => Exit::Broken,
        }
    }

    fn hints(&self) -> Vec<String> {
        let see = "See every verb with `git stream`.".to_owned();
        match self {
            Error::Unknown { nearest, .. } => nearest
                .iter()
                .map(|near| format!("Did you mean `git stream {near}`?"))
                .chain([see])
                .collect(),
            Error::Option { .. } => {
                vec![
                    "Options follow their verb, as in `git stream status --json`.".to_owned(),
                    see,
                ]
            }
            Error::Missing { .. } | Error::CannotStart { .. } => {
                vec!["Install git stream again with `./install.sh`.".to_owned()]
            }
        }
    }
}

/// The whole life of `git-stream`, unless it becomes another program.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let mut out = Out::new(Common {
        json: arguments.iter().any(|argument| argument == "--json"),
        ..Common::default()
    });
    let ended = Installed::find().run(&arguments, &mut out);
    ended
        .unwrap_or_else(|failure| report::failure(&mut out, failure.as_ref()))
        .into()
}

/// Where verbs are looked for.
struct Installed {
    directories: Vec<PathBuf>,
}

impl Installed {
    fn find() -> Installed {
        let beside = env::current_exe()
            .and_then(|program| program.canonicalize())
            .ok()
            .and_then(|program| program.parent().map(Path::to_owned));
        let path = env::var_os("PATH").unwrap_or_default();
        // A relative directory would let a repository bring its own verbs.
        let on_path = env::split_paths(&path).filter(|directory| directory.is_absolute());
        Installed {
            directories: beside.into_iter().chain(on_path).collect(),
        }
    }

    fn run(&self, arguments: &[OsString], out: &mut Out) -> Result<Exit, Failure> {
        let (first, rest) = match arguments {
            [] => return Ok(self.list(out)),
            [first, rest @ ..] => (first, rest),
        };
        match (first.to_str(), rest) {
            (Some("-h" | "--help" | "--json"), _) | (Some("help"), []) => Ok(self.list(out)),
            (Some("-V" | "--version"), _) => {
                out.text(&concat!("git stream ", env!("CARGO_PKG_VERSION")));
                Ok(Exit::Done)
            }
            (Some("help"), [verb, ..]) => Err(self.help(verb)?.into()),
            (Some(option), _) if option.starts_with('-') => Err(Error::Option {
                option: option.to_owned(),
            }
            .into()),
            _ => Err(start(&self.program(first)?, rest).into()),
        }
    }

    /// The verb's man page; its own help where no page is found. Returns only if it fails.
    fn help(&self, verb: &OsStr) -> Result<Error, Error> {
        let program = self.program(verb)?;
        let page = named(verb);
        if has_page(&page) {
            return Ok(start(Path::new("man"), &[page]));
        }
        Ok(start(&program, &["--help".into()]))
    }

    fn program(&self, verb: &OsStr) -> Result<PathBuf, Error> {
        // With a separator in it, the name would leave the directories that are searched.
        let plain = !verb.is_empty() && !verb.as_encoded_bytes().contains(&b'/');
        let found = plain.then(|| self.look_for(verb)).flatten();
        found.ok_or_else(|| {
            let verb = verb.to_string_lossy().into_owned();
            if all_known().any(|known| known.verb == verb) {
                return Error::Missing { verb };
            }
            let nearest = self.nearest(&verb);
            Error::Unknown { verb, nearest }
        })
    }

    fn look_for(&self, verb: &OsStr) -> Option<PathBuf> {
        let name = named(verb);
        let candidates = self
            .directories
            .iter()
            .map(|directory| directory.join(&name));
        candidates.into_iter().find(|path| is_program(path))
    }

    fn nearest(&self, verb: &str) -> Option<String> {
        let installed = all_known().map(|known| known.verb.to_owned());
        let installed = installed.filter(|verb| self.look_for(verb.as_ref()).is_some());
        installed
            .chain(self.added())
            .map(|name| (strsim::osa_distance(verb, &name), name))
            .filter(|(distance, name)| *distance <= name.len().max(3) / 3)
            .min()
            .map(|(_, name)| name)
    }

    /// The verbs that others have put on PATH.
    fn added(&self) -> BTreeSet<String> {
        let listings = self.directories.iter().filter_map(|at| at.read_dir().ok());
        let programs = listings.flatten().flatten().filter_map(|entry| {
            let verb = entry.file_name().to_str()?.strip_prefix(PREFIX)?.to_owned();
            is_program(&entry.path()).then_some(verb)
        });
        programs
            .filter(|verb| !verb.is_empty() && all_known().all(|known| known.verb != verb))
            .collect()
    }

    fn list(&self, out: &mut Out) -> Exit {
        let mut text = String::from("usage: git stream VERB [ARGUMENTS]\n");
        let mut verbs = Vec::new();
        let mut line = |group: &str, verb: &str, summary: &str| {
            verbs.push(json!({"verb": verb, "group": group, "summary": summary}));
            format!("  {verb:<10} {summary}").trim_end().to_owned() + "\n"
        };
        for (group, known) in VERBS {
            let here = known
                .iter()
                .filter(|known| self.look_for(known.verb.as_ref()).is_some());
            let lines: String = here
                .map(|known| line(group, known.verb, known.summary))
                .collect();
            if !lines.is_empty() {
                text.push_str(&format!("\n{group}\n{lines}"));
            }
        }
        let added = self.added();
        if !added.is_empty() {
            text.push_str("\nadded on PATH\n");
            for verb in &added {
                text.push_str(&line("added", verb, ""));
            }
        }
        text.push_str(
            "\n`git stream help VERB` opens a verb's page, `git stream VERB -h` is short.\n",
        );
        out.answer(&text, &json!({"version": 1, "verbs": verbs}));
        Exit::Done
    }
}

fn all_known() -> impl Iterator<Item = &'static Known> {
    VERBS.iter().flat_map(|(_, verbs)| *verbs)
}

fn named(verb: &OsStr) -> OsString {
    let mut name = OsString::from(PREFIX);
    name.push(verb);
    name
}

fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "asks man, not git, whether it has a page"
)]
fn has_page(page: &OsStr) -> bool {
    let asked = Command::new("man")
        .arg("-w")
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

/// Becomes another program; what is answered is why it did not.
#[expect(
    clippy::disallowed_methods,
    reason = "the process is replaced by a verb or by man, never by git"
)]
fn start(program: &Path, arguments: &[OsString]) -> Error {
    let source = Command::new(program).args(arguments).exec();
    Error::CannotStart {
        program: program.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::{VERBS, all_known};

    #[test]
    fn every_verb_is_listed_once() {
        let mut verbs: Vec<&str> = all_known().map(|known| known.verb).collect();
        let all = verbs.len();
        verbs.sort_unstable();
        verbs.dedup();
        assert_eq!(verbs.len(), all);
        assert_eq!(VERBS[0].0, "everyday");
    }
}
