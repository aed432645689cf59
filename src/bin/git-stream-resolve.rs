//! Finish a stopped sync in a worktree of its own

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::resolve::Resolve>()
}
