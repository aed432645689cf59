//! Say how far a stream is: complete, failed, or in work after all

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::progress::Progress>()
}
