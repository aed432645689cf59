//! Judge a stream's whole history, and record what is found

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::verify::Verify>()
}
