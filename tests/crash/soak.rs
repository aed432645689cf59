//! Does every promise hold after half a minute of everything, and does a promise that is broken show?
//!
//! `tests/soak/run` does more with more time ([an hour](../../docs/crash/soak.md)).

use std::path::Path;
use std::process::{Command, Output};

fn soak(words: &[&str]) -> Option<Output> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/soak/run");
    let binaries = Path::new(env!("CARGO_BIN_EXE_git-stream"))
        .parent()
        .unwrap();
    let ran = Command::new(program)
        .args(words)
        .arg("--bin")
        .arg(binaries)
        .output();
    match ran {
        Ok(ran) => Some(ran),
        Err(error) => {
            println!("!!!!  SKIPPED: tests/soak/run does not start here: {error}  !!!!");
            None
        }
    }
}

#[test]
fn half_a_minute_of_everything_breaks_no_promise() {
    let Some(ran) = soak(&["--minutes", "0.4"]) else {
        return;
    };
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("\"acknowledged\": "), "{said}");
}

#[test]
fn a_ledger_that_breaks_a_promise_is_found_out() {
    let Some(ran) = soak(&["--minutes", "0.05", "--seed", "1", "--forge"]) else {
        return;
    };
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    for wrong in [
        "both own",
        "the epoch of forged falls",
        "is forgotten",
        "told and not on the ledger",
        "no landing has brought it there",
        "somebody's",
        "a lock is left",
        "is lost",
        "is not reachable",
    ] {
        assert!(said.contains(wrong), "{wrong:?} is not found out:\n{said}");
    }
}
