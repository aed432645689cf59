//! Check the plan before it is committed

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::plan::Plan>()
}
