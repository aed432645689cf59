//! Can each layer still be switched off, to see which tests depend on it?
//!
//! `tests/bypass/mutate` takes hours on a slow machine, so it runs now and then; that its edits find
//! their places is asked each time.

use std::process::Command;

use super::tree::top;

#[test]
fn every_layer_is_found_where_mutate_switches_it_off() {
    assert_found("tests/bypass/mutate");
}

#[test]
fn what_finishes_a_dead_command_is_found_where_mutate_switches_it_off() {
    assert_found("tests/crash/mutate");
}

fn assert_found(name: &str) {
    let ran = match Command::new(top().join(name)).arg("--check").output() {
        Ok(ran) => ran,
        Err(error) => {
            println!("!!!!  SKIPPED: {name} does not start here: {error}  !!!!");
            return;
        }
    };
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}
