//! Can bytes that call themselves a file of the ledger, or all files of its tree, make the reader
//! panic, or be taken for something else than what is then written?
//!
//! An input is read as one file; and as a tree, whose files begin with a line `@PATH` each.

#![no_main]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;

use git_stream::git::{Commit, Id, Repo};
use git_stream::ledger::{judge_file, judge_state};
use libfuzzer_sys::fuzz_target;

mod bench;

/// After so many trees their objects are removed.
const MANY: usize = 2000;
const IDENTITY: &str = "Ada <ada@example.com> 1700000000 +0000";

struct Bench {
    directory: PathBuf,
    repo: RefCell<Repo>,
    written: Cell<usize>,
}

thread_local! {
    static BENCH: Bench = {
        let directory = bench::directory();
        let repo = RefCell::new(bench::repo(&directory));
        Bench { directory, repo, written: Cell::new(0) }
    };
}

impl Bench {
    fn judge(&self, bytes: &[u8]) {
        judge_file(bytes);
        let Some(commit) = self.commit(bytes) else { return };
        judge_state(&self.repo.borrow(), commit);
        self.written.set(self.written.get() + 1);
        if self.written.get() % MANY == 0 {
            std::fs::remove_dir_all(self.directory.join("objects")).unwrap();
            std::fs::create_dir_all(self.directory.join("objects/pack")).unwrap();
            *self.repo.borrow_mut() = bench::repo(&self.directory);
        }
    }

    /// A commit with the files of an input; `None` where it names none.
    fn commit(&self, bytes: &[u8]) -> Option<Id> {
        let repo = self.repo.borrow();
        let text = bytes.strip_prefix(b"@")?;
        let mut edits = BTreeMap::new();
        for file in String::from_utf8_lossy(text).split("\n@").take(16) {
            let (path, content) = file.split_once('\n').unwrap_or((file, ""));
            let is_path = |part: &str| !["", ".", ".."].contains(&part);
            if !path.split('/').all(is_path) || path.contains('\0') {
                return None;
            }
            let blob = repo.write_blob(content.as_bytes()).unwrap();
            edits.insert(path.into(), Some(blob));
        }
        let tree = repo.write_tree_with(None, &edits).ok()?;
        let commit = Commit {
            tree,
            parents: Vec::new(),
            author: IDENTITY.into(),
            committer: IDENTITY.into(),
            encoding: None,
            message: "fuzz\n".into(),
        };
        Some(repo.write_commit(&commit).unwrap())
    }
}

fuzz_target!(|bytes: &[u8]| {
    BENCH.with(|bench| bench.judge(bytes));
});
