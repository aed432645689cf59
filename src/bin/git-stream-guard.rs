//! Ask whether a change stays inside its stream

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::verb::guard::main()
}
