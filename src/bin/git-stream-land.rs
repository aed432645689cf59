//! Bring a finished stream onto the base, verified and checked

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::land::Land>()
}
