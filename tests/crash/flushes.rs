//! Is what a command says on disk when it says it?
//!
//! `tests/crash/flushes` looks at more commands, and measures what it costs.

use std::path::Path;
use std::process::Command;

/// What the program answers where nothing can be traced.
const SKIPPED: i32 = 77;
const COMMANDS: [&str; 6] = [
    "claim",
    "sync-merge",
    "sync-autostash",
    "land",
    "release",
    "shared-claim-behind",
];

#[test]
fn a_ref_moves_after_what_it_leads_to_is_on_disk() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/flushes");
    let binaries = Path::new(env!("CARGO_BIN_EXE_git-stream"))
        .parent()
        .unwrap();
    let ran = match Command::new(program)
        .arg("--only")
        .args(COMMANDS)
        .arg("--bin")
        .arg(binaries)
        .output()
    {
        Ok(ran) => ran,
        Err(error) => {
            println!("!!!!  SKIPPED: tests/crash/flushes does not start here: {error}  !!!!");
            return;
        }
    };
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    if ran.status.code() == Some(SKIPPED) {
        println!("{said}");
        return;
    }
    assert!(ran.status.success(), "{said}");
    let counted = said.lines().filter(|line| line.contains("'flushes': "));
    assert_eq!(counted.count(), COMMANDS.len(), "{said}");
}
