//! Judge a push, as a hook of the repository that is pushed to

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::receive::Receive>()
}
