//! What does `git stream status` take, and what does it answer?

use jiff::Timestamp;

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::name::StreamName;
use crate::status::{Forecast, Picture, Show};
use crate::word::count;
use crate::workspace::Workspace;

/// Show every stream, and what needs somebody
///
/// One table of the streams of the plan and of those that were claimed without one: where each
/// stands, who holds it, how far its branch is from the base, how many files are not committed,
/// and what it waits for. Below it, everything that does not go on by itself, each with the
/// command that answers it. A `?` is what this machine cannot know. Nothing is changed, and no
/// lock is taken.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-status", bin_name = "git stream status", version)]
pub struct Status {
    /// Show this stream alone: its commits, its uncommitted files, its questions
    #[arg(value_name = "NAME")]
    stream: Option<StreamName>,
    /// Print Markdown
    #[arg(long, conflicts_with = "json", conflicts_with = "stream")]
    markdown: bool,
    /// Say which of the held streams would conflict if they landed now, and where
    ///
    /// Every two of them, and each with the base, with what is not committed in their worktrees.
    /// With NAME, that stream and everything that it meets.
    #[arg(long, conflicts_with = "markdown")]
    forecast: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Status {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("See everything:", "git stream status"),
        ("See one stream:", "git stream status api"),
        (
            "See which streams are heading for a conflict:",
            "git stream status --forecast",
        ),
        (
            "List what could be claimed now:",
            "git stream status --json | jq -r '.streams[] | select(.ready).name'",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        let workspace = Workspace::open(&repo)?;
        if self.forecast {
            let picture = Picture::with_forecast(&workspace, self.stream.as_ref())?;
            let text = picture.forecast.as_ref().map(Forecast::text);
            out.answer(&text.unwrap_or_default(), &picture);
            return Ok(Exit::Done);
        }
        if let Some(name) = &self.stream {
            let picture = Picture::of_one(&workspace, name)?;
            out.answer(&picture.detail_text(Timestamp::now()), &picture);
            return Ok(Exit::Done);
        }
        let picture = Picture::of(&workspace)?;
        let show = if out.verbose() {
            Show::All
        } else {
            Show::Current
        };
        if self.markdown {
            out.text(&picture.markdown(show));
        } else {
            out.answer(&picture.text(show), &picture);
        }
        self.hint(&picture, show, out);
        Ok(Exit::Done)
    }
}

impl Status {
    fn hint(&self, picture: &Picture, show: Show, out: &mut Out) {
        if out.json() || self.markdown {
            return;
        }
        let left_out = picture.left_out();
        if show == Show::Current && left_out > 0 {
            let streams = count(left_out, "stream");
            out.hint(format!(
                "{streams} outside the plan have ended; see them with `git stream status --verbose`."
            ));
        }
        if picture.overall.streams == 0 {
            out.hint(
                "Take the first one with `git stream claim NAME --files PATTERN`, or write a plan.",
            );
        }
    }
}
