//! Prove that every layer works, name what is wrong, and mend it

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::doctor::Doctor>()
}
