//! Can bytes that call themselves an index make the reader panic, or make it accept what the
//! slower reader refuses or sees otherwise?
//!
//! The ids in the seeds are those of the trees that `fixture` makes, so a mutated cache-tree can
//! name a tree that is there and is the wrong one.

#![no_main]

use std::path::Path;

use git_stream::git::{Git, Id, Repo};
use libfuzzer_sys::fuzz_target;

struct Bench {
    repo: Repo,
    trees: Vec<Option<Id>>,
}

thread_local! {
    static BENCH: Bench = bench();
}

fn bench() -> Bench {
    let directory = std::env::temp_dir().join(format!("git-stream-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixture");
    let made = std::process::Command::new("sh").arg(script).arg(&directory).status().unwrap();
    assert!(made.success(), "the fixture cannot be made");
    let repo = Repo::at(&directory.join("repo")).unwrap();
    let tree = |name: &str| {
        let call = Git.at(repo.git_dir()).args(["rev-parse", "--verify", name]);
        Some(repo.parse_id(&call.run().unwrap().line()).unwrap())
    };
    let trees = vec![tree("old^{tree}"), tree("new^{tree}"), None];
    Bench { repo, trees }
}

fuzz_target!(|bytes: &[u8]| {
    BENCH.with(|bench| {
        for tree in &bench.trees {
            bench.repo.judge_alike(bytes, *tree);
        }
    });
});
