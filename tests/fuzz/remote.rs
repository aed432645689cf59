//! Can what a remote answers to a push or to `ls-remote` make the reader panic, or be taken for a
//! ref that it does not name, or for done where something was refused?

#![no_main]

use git_stream::git::{Repo, judge_answer};
use libfuzzer_sys::fuzz_target;

mod bench;

thread_local! {
    static REPO: Repo = bench::repo(&bench::directory());
}

fuzz_target!(|bytes: &[u8]| {
    // The first byte is the status, and whether the rest is split into the two streams.
    let Some((first, rest)) = bytes.split_first() else { return };
    let at = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let (stdout, stderr) = rest.split_at(at);
    judge_answer(stdout, i32::from(first % 3), &String::from_utf8_lossy(stderr));
    REPO.with(|repo| {
        let text = String::from_utf8_lossy(rest).to_lowercase();
        for (name, id) in repo.refs_told(rest) {
            let line = format!("{id}\t{name}").to_lowercase();
            assert!(text.lines().any(|one| one == line), "{line}");
        }
    });
});
