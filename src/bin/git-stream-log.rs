//! Show what has happened, newest first

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::log::Log>()
}
