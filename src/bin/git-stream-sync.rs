//! Rebase a stream onto its base, or stop before anything is touched

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::sync::Sync>()
}
