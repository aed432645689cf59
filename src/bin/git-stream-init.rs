//! Set a repository up for streams; safe to run again

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::init::Init>()
}
