//! Can what git tells a hook on stdin make it panic, or let a move or a push of a stream's branch
//! through unseen?

#![no_main]

use git_stream::git::Repo;
use git_stream::guard::judge_stdin;
use git_stream::receive::Update;
use libfuzzer_sys::fuzz_target;

mod bench;

thread_local! {
    static REPO: Repo = bench::repo(&bench::directory());
}

fuzz_target!(|bytes: &[u8]| {
    REPO.with(|repo| {
        judge_stdin(repo, bytes);
        let Ok(updates) = Update::parse_all(repo, bytes) else { return };
        // What was understood is what stands there, line by line.
        let id = |id: Option<_>| id.unwrap_or(repo.null_id()).to_string();
        let lines = String::from_utf8_lossy(bytes).to_lowercase();
        assert_eq!(lines.lines().count(), updates.len());
        for (line, update) in lines.lines().zip(&updates) {
            let told = format!("{} {} {}", id(update.old), id(update.new), update.name);
            assert_eq!(line, told.to_lowercase());
        }
    });
});
