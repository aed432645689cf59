//! Take a stream and print its worktree

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::claim::Claim>()
}
