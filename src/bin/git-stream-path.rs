//! Print a stream's worktree

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::path::Path>()
}
