//! Take a stream and run a command or a shell in it

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::exec::Exec>()
}
