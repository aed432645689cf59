//! What happens when many commands run at one instant?

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::process::Stdio;
use std::thread;

use super::{Call, Ran};

/// A shell that says it is there, waits for the end of its stdin, and becomes the command.
const GATE: &str = "echo ready; read -r _; exec \"$@\" </dev/null";
const READY: &[u8] = b"ready\n";

/// Starts every call, waits until all of them stand at the gate, opens it, and returns the answers
/// in the order of the calls. Nobody's stdin is used.
pub(crate) fn race(calls: Vec<Call>) -> Vec<Ran> {
    let (gate, opener) = io::pipe().unwrap();
    let mut waiting = Vec::new();
    for call in calls {
        let mut words: Vec<OsString> = ["sh", "-c", GATE, "sh"].map(OsString::from).to_vec();
        words.extend(call.command());
        let stdin = Stdio::from(gate.try_clone().unwrap());
        let mut child = call.prepare(&words).stdin(stdin).spawn().unwrap();
        let mut said = [0; READY.len()];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut said)
            .unwrap();
        assert_eq!(said, READY);
        waiting.push((call, child));
    }
    drop(opener);
    let runners: Vec<_> = waiting
        .into_iter()
        .map(|(call, child)| thread::spawn(move || call.finish(child)))
        .collect();
    runners
        .into_iter()
        .map(|runner| runner.join().unwrap())
        .collect()
}
