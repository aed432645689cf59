//! Take one's last operation back, or roll a stream back

use std::process::ExitCode;

fn main() -> ExitCode {
    git_stream::cli::main::<git_stream::verb::undo::Undo>()
}
