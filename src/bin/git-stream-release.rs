//! Give a stream back; unlanded work is kept and named

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::release::Release>()
}
