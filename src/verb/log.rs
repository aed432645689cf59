//! What does `git stream log` take, and what does it answer?

use jiff::Timestamp;

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::log::{self, Error, Filter, Line};
use crate::name::{AgentName, StreamName};
use crate::workspace::Workspace;

/// How many lines are set in columns at once; whoever reads the first need not wait for more.
const AT_ONCE: usize = 200;

/// Show what has happened, newest first
///
/// One line for each decision in the ledger: the operation it belongs to, when, by whom, on which
/// stream, and what. With `--verbose` also the steps on the way: that an operation has begun, that
/// a worktree is ready, that a holder is alive. What was taken back by `undo` is marked. With
/// `--json` each entry is one object on a line of its own.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-log", bin_name = "git stream log", version)]
pub struct Log {
    /// Only what is about these streams
    #[arg(value_name = "NAME")]
    streams: Vec<StreamName>,
    /// Only what this agent, or this person, has done
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Only what is newer, as `git log` takes it: `2 days ago`, `2026-01-02`
    #[arg(long, visible_alias = "after", value_name = "DATE")]
    since: Option<String>,
    /// Only what is older
    #[arg(long, visible_alias = "before", value_name = "DATE")]
    until: Option<String>,
    /// Show at most so many
    #[arg(short = 'n', long, value_name = "NUMBER")]
    max_count: Option<usize>,
    /// Only this operation, with all its steps; the beginning of its id is enough
    #[arg(long, value_name = "ID")]
    op: Option<String>,
    /// Show what is kept instead: safety refs and the trash, and how each is brought back
    #[arg(long, conflicts_with_all = ["agent", "since", "until", "op"])]
    kept: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Log {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("The last ten decisions:", "git stream log -n 10"),
        (
            "What an agent has done to a stream since yesterday:",
            "git stream log api --agent a1 --since yesterday",
        ),
        (
            "Every ref that an operation has moved:",
            "git stream log --op 9f2c61d0 --json | jq -c '.refs[]'",
        ),
        (
            "What could be brought back, and how:",
            "git stream log --kept",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        if self.kept {
            return self.show_kept(&repo, out);
        }
        let filter = self.filter(&repo, out.verbose())?;
        let mut lines = Vec::new();
        let mut widths = [0; 4];
        let mut is_empty = true;
        for line in log::log(&repo, &filter)? {
            lines.push(line?);
            is_empty = false;
            if lines.len() == AT_ONCE && !show(&mut lines, &mut widths, out) {
                return Ok(Exit::Done);
            }
        }
        if let (true, Some(op)) = (is_empty, &self.op) {
            return Err(Error::NoOperation { op: op.clone() }.into());
        }
        show(&mut lines, &mut widths, out);
        if is_empty && !out.json() {
            out.say("nothing has happened, as far as was asked");
        }
        Ok(Exit::Done)
    }
}

impl Log {
    fn show_kept(&self, repo: &Repo, out: &mut Out) -> Result<Exit, Failure> {
        let workspace = Workspace::open(repo)?;
        let mut things = log::kept(&workspace, &self.streams)?;
        things.truncate(self.max_count.unwrap_or(usize::MAX));
        let text = if out.json() {
            things
                .iter()
                .map(|one| format!("{}\n", one.json()))
                .collect()
        } else {
            log::kept_text(&things, repo, Timestamp::now())
        };
        out.part(&text);
        if things.is_empty() && !out.json() {
            out.say("nothing is kept");
        }
        Ok(Exit::Done)
    }

    fn filter(&self, repo: &Repo, steps: bool) -> Result<Filter, Error> {
        Ok(Filter {
            streams: self.streams.clone(),
            agent: self.agent.clone(),
            since: date(repo, self.since.as_deref())?,
            until: date(repo, self.until.as_deref())?,
            op: self.op.clone(),
            most: self.max_count,
            steps,
        })
    }
}

fn date(repo: &Repo, text: Option<&str>) -> Result<Option<Timestamp>, Error> {
    let Some(text) = text else { return Ok(None) };
    let text = text.to_owned();
    match repo.date(&text)? {
        None => Err(Error::NoDate { text }),
        found => Ok(found),
    }
}

/// Shows what has been read; whether anybody still reads.
fn show(lines: &mut Vec<Line>, widths: &mut [usize; 4], out: &mut Out) -> bool {
    let text = if out.json() {
        lines
            .iter()
            .map(|line| format!("{}\n", line.json()))
            .collect()
    } else {
        log::text(lines, widths)
    };
    lines.clear();
    out.part(&text)
}
