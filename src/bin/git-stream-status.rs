//! Show every stream, and what needs somebody

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::status::Status>()
}
