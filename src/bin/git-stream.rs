//! Become the program of a verb, or list the verbs

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::dispatch::main()
}
