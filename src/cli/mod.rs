//! How do arguments come in, and how does one answer go out?
//!
//! A verb is a clap parser that knows how to run; [`main`] is the whole life of its process. stdout
//! carries the answer (text, or one JSON object with `--json`), stderr the narration. Nothing
//! below this module prints.

pub mod dispatch;
mod out;
mod report;

use std::ffi::OsString;
use std::process::ExitCode;

pub use out::Out;

use crate::exit::Failure;

/// The options that every verb takes.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Common {
    /// Print one JSON object on stdout
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Say nothing but the answer and errors
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Output"
    )]
    pub quiet: bool,
    /// Say more about what is done
    #[arg(short, long, global = true, help_heading = "Output")]
    pub verbose: bool,
}

/// One command of git stream.
pub trait Verb: clap::Parser {
    /// How it ends: [`Exit`], or the status of a command that is passed through.
    type Status: Into<ExitCode>;

    /// What the man page shows under EXAMPLES: a sentence and the command.
    const EXAMPLES: &'static [(&'static str, &'static str)];

    /// The options that every verb takes.
    fn common(&self) -> Common;

    /// Does the work: one domain call, one answer.
    fn run(&self, out: &mut Out) -> Result<Self::Status, Failure>;
}

/// The whole life of a verb's process: arguments, work, answer, status.
pub fn main<V: Verb>() -> ExitCode {
    main_with::<V>(std::env::args_os().collect())
}

/// [`main`] with the arguments given; the first is the program's name.
pub fn main_with<V: Verb>(arguments: Vec<OsString>) -> ExitCode {
    let json = arguments.iter().any(|argument| argument == "--json");
    let verb = match V::try_parse_from(arguments) {
        Ok(verb) => verb,
        Err(error) => return report::usage(&error, json).into(),
    };
    let mut out = Out::new(verb.common());
    match verb.run(&mut out) {
        Ok(status) => status.into(),
        Err(failure) => report::failure(&mut out, failure.as_ref()).into(),
    }
}
