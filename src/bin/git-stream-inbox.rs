//! Show the questions that wait for a person

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::inbox::Inbox>()
}
