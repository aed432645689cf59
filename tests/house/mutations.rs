//! Can each layer still be switched off, to see which tests depend on it?
//!
//! `tests/bypass/mutate` takes hours on a slow machine, so it runs now and then; that its edits find
//! their places is asked each time.

use std::process::Command;

use super::tree::top;

#[test]
fn every_layer_is_found_where_mutate_switches_it_off() {
    let program = top().join("tests/bypass/mutate");
    let ran = match Command::new(program).arg("--check").output() {
        Ok(ran) => ran,
        Err(error) => {
            println!("!!!!  SKIPPED: tests/bypass/mutate does not start here: {error}  !!!!");
            return;
        }
    };
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}
