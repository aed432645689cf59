//! What does `git stream guard` take, and what does it answer?
//!
//! git calls the same program as a hook: then the first argument is the hook's name, nothing is
//! parsed, and every failure is a refusal.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::{self, Common, Out, Verb};
use crate::exit::{Exit, Explain as _, Failure};
use crate::git::Repo;
use crate::guard::hook::{self, Called, Outcome};
use crate::guard::{self, Doing, Notice, Unstaged, Verdict, Whose};
use crate::name::StreamName;
use crate::pattern::PatternSet;

/// Ask whether a change stays inside its stream
///
/// Every changed path must be the stream's own, a derived file, or a file created where the plan
/// allows it. A change is counted from the newest commit of the base that it contains, so a merge
/// of the base passes, and one that edits or drops what the base brought does not.
///
/// git runs the same check by itself in the worktree of a stream, as the hooks pre-commit,
/// pre-merge-commit, pre-applypatch, prepare-commit-msg and pre-push, and looks again after a
/// commit, merge, rebase or switch; there, `git stream guard HOOK ARGUMENTS...` is what it calls.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-guard", bin_name = "git stream guard", version)]
pub struct Guard {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, clap::Subcommand)]
enum Question {
    /// Ask about what is staged
    Staged {
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Ask about every commit of a range; BASE is trusted as it is
    Range {
        /// The commits to judge
        #[arg(value_name = "BASE..TIP")]
        range: String,
        /// The commits belong to no stream: ask which held streams they touch
        #[arg(long, conflicts_with_all = ["stream", "files"])]
        outsider: bool,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Ask about paths, whether or not they exist
    Paths {
        /// The paths
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Take what the guard refuses out of the index; files keep their content
    Unstage {
        /// Only say what would be taken out
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
}

/// For whom the rule is asked; by default for the stream of this worktree.
#[derive(Debug, clap::Args)]
struct WhoseArgs {
    /// Ask for this stream: what it holds, else what the plan gives it
    #[arg(long, value_name = "NAME")]
    stream: Option<StreamName>,
    /// Ask for the owner of these patterns
    #[arg(long, value_name = "PATTERN", num_args = 1.., conflicts_with = "stream")]
    files: Vec<String>,
}

impl WhoseArgs {
    fn whose(&self) -> Result<Whose, Failure> {
        if let Some(stream) = &self.stream {
            return Ok(Whose::Stream(stream.clone()));
        }
        if self.files.is_empty() {
            return Ok(Whose::Here);
        }
        match PatternSet::parse(&self.files) {
            Ok(files) => Ok(Whose::Files(files)),
            Err(problems) => Err(problems
                .into_iter()
                .next()
                .expect("a list that is refused has a problem")
                .into()),
        }
    }
}

impl Verb for Guard {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "May what is staged be committed?",
            "git stream guard staged",
        ),
        (
            "Does every commit of a pull request stay inside its stream?",
            "git stream guard range origin/main..HEAD --stream api",
        ),
        (
            "Which held streams does a pull request of no stream touch?",
            "git stream guard range origin/main..HEAD --outsider",
        ),
        (
            "Who would be in the way?",
            "git stream guard paths src/ui/app.js --json",
        ),
        (
            "Leave out what is not the stream's:",
            "git stream guard unstage",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        let verdict = match &self.question {
            Question::Staged { whose } => guard::staged(&repo, &whose.whose()?)?,
            Question::Range {
                range,
                outsider: true,
                ..
            } => guard::outsider(&repo, range)?,
            Question::Range { range, whose, .. } => guard::range(&repo, range, &whose.whose()?)?,
            Question::Paths { paths, whose } => guard::paths(&repo, paths, &whose.whose()?)?,
            Question::Unstage { dry_run } => {
                let doing = if *dry_run {
                    Doing::DryRun
                } else {
                    Doing::Really
                };
                let unstaged = guard::unstage(&repo, doing)?;
                return Ok(told(&unstaged, doing, out));
            }
        };
        out.answer(&verdict.text(), &verdict.object());
        if !out.json() {
            if is_annotated(&self.question) {
                out.commands(&verdict.annotations());
            }
            verdict.hints().iter().for_each(|hint| out.hint(hint));
        }
        Ok(status(&verdict))
    }
}

/// Whether the answer ends up in a log that GitHub reads.
fn is_annotated(question: &Question) -> bool {
    let actions = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    actions && matches!(question, Question::Range { .. })
}

fn status(verdict: &Verdict) -> Exit {
    if verdict.accepts() {
        Exit::Done
    } else {
        Exit::Refused
    }
}

fn told(unstaged: &Unstaged, doing: Doing, out: &mut Out) -> Exit {
    let shown: Vec<String> = unstaged
        .paths
        .iter()
        .map(|path| crate::path::shown(path.as_ref()))
        .collect();
    let paths: Vec<_> = unstaged
        .paths
        .iter()
        .map(|path| crate::path::json(path.as_ref()))
        .collect();
    let stream = &unstaged.before.stream;
    let object = json!({"version": 1, "stream": stream, "unstaged": paths});
    out.answer(&shown.join("\n"), &object);
    match (doing, shown.len()) {
        (_, 0) => out.say("nothing of another owner is staged"),
        (Doing::Really, n) => out.say(format!("unstaged {n}; the files keep their content")),
        (Doing::DryRun, n) => out.say(format!("would unstage {n}; nothing was changed")),
    }
    for refused in &unstaged.left {
        let path = crate::path::shown(refused.breach.path.as_ref());
        out.warn(format!("{path} has an unresolved conflict and stays"));
    }
    if unstaged.left.is_empty() {
        Exit::Done
    } else {
        Exit::Refused
    }
}

/// The life of the process: a hook of git's, or a question.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match hook::called(&arguments) {
        Some((name, called)) => run_hook(name, called),
        None => cli::main_with::<Guard>(arguments),
    }
}

/// git asks only whether the status is 0; a failure must never be.
fn run_hook(name: &str, called: Called<'_>) -> ExitCode {
    let mut out = Out::new(Common::default());
    match hook::run(name, called) {
        Ok(Outcome::Passed) => ExitCode::SUCCESS,
        Ok(Outcome::RefusedByOwn(status)) => ExitCode::from(status),
        Ok(Outcome::Refused(verdicts)) => {
            let texts = verdicts.iter().map(Verdict::text);
            refuse(texts, verdicts.iter().flat_map(Verdict::hints), &mut out)
        }
        Ok(Outcome::Stopped(stopped)) => {
            let texts = stopped.iter().map(|one| one.text.clone());
            let hints = stopped.iter().flat_map(|one| one.hints.clone());
            refuse(texts, hints, &mut out)
        }
        Ok(Outcome::Warned(lines)) => {
            for line in &lines {
                out.warn(line);
            }
            ExitCode::SUCCESS
        }
        Ok(Outcome::Noticed { own, notices }) => {
            for notice in &notices {
                notify(notice, &mut out);
            }
            ExitCode::from(own)
        }
        Err(error) => out.failed_as(&error, Exit::Refused.code()),
    }
}

/// Tells what is refused, and each hint once.
fn refuse(
    texts: impl Iterator<Item = String>,
    hints: impl Iterator<Item = String>,
    out: &mut Out,
) -> ExitCode {
    texts.for_each(|text| out.error_line("error: ", text));
    let mut given = Vec::new();
    for hint in hints {
        if !given.contains(&hint) {
            out.hint(&hint);
            given.push(hint);
        }
    }
    ExitCode::from(Exit::Refused.code())
}

/// Tells what was found after the fact. It is no failure: git is past the point of asking.
fn notify(notice: &Notice, out: &mut Out) {
    match notice {
        Notice::Tainted(taint) => {
            let text = format!(
                "{}\nnothing was undone, but nothing of the stream lands until its history is clean",
                taint.text
            );
            out.error_line("warning: ", text);
            for hint in &taint.hints {
                out.hint(hint);
            }
        }
        Notice::CleanAgain(stream) => out.say(format!("the history of '{stream}' is clean again")),
        Notice::Behind(behind) => out.say(behind.text()),
        Notice::NotRecorded(error) => {
            out.warn(error.to_string());
            error.hints().iter().for_each(|hint| out.hint(hint));
        }
        Notice::Failed(error) => {
            out.warn(format!("cannot tell whether the history is clean: {error}"));
            error.hints().iter().for_each(|hint| out.hint(hint));
        }
    }
}
