//! The real program against `git rebase`, in a stream's worktree.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::dice::Dice;
use super::history::History;
use super::{BLIND, is_blind, seeds};
use crate::support::Sandbox;

#[test]
fn a_sync_gives_what_git_rebase_gives() {
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for seed in seeds(24) {
        *verdicts.entry(compare(seed)).or_default() += 1;
    }
    println!("verdicts: {verdicts:?}");
    // Both verdicts must occur, or the histories test nothing.
    for wanted in ["rebased", "stopped"] {
        assert!(verdicts.contains_key(wanted), "{verdicts:?}");
    }
}

/// Makes a history; its two ends are the branches `main` and `work`.
fn make(sandbox: &Sandbox, seed: u64) -> (History, Vec<String>) {
    // A stream may not have submodules, unless the plan allows them.
    let history = History::without_submodules(&mut Dice::new(seed));
    let marks = sandbox.root().join("marks");
    let export = format!("--export-marks={}", marks.display());
    let import = sandbox.program("git", ["fast-import", "--quiet", &export]);
    import.stdin(history.input.clone()).go().succeeded();
    let marks = fs::read_to_string(marks).unwrap();
    let mut ids = vec![String::new(); history.commits.len()];
    for line in marks.lines() {
        let (mark, id) = line[1..].split_once(' ').unwrap();
        id.clone_into(&mut ids[mark.parse::<usize>().unwrap() - 1]);
    }
    for (branch, at) in [("main", history.base), ("work", history.tip)] {
        let name = format!("refs/heads/{branch}");
        sandbox.git(&["update-ref", &name, &ids[at]]);
    }
    for (name, driver) in [
        ("both", "cat %B >>%A"),
        ("noisy", "echo noise; cat %B >>%A"),
        ("fails", "exit 1"),
    ] {
        sandbox.git(&["config", &format!("merge.{name}.driver"), driver]);
    }
    sandbox.git(&["reset", "--quiet", "--hard"]);
    (history, ids)
}

/// Compares one history; answers the verdict.
fn compare(seed: u64) -> String {
    let sandbox = Sandbox::unborn();
    let (history, ids) = make(&sandbox, seed);
    let call = sandbox.run(["claim", "all", "--files", "**", "--from", "work"]);
    let claimed = call.agent("a1").go();
    assert_eq!(claimed.status(), 0, "seed {seed}: {}", claimed.block());
    let worktree = claimed.stdout().trim_end().to_owned();
    let (worktree, rebased) = (Path::new(&worktree), sandbox.root().join("rebased"));
    let path = rebased.to_str().unwrap();
    sandbox.git(&["worktree", "add", "--quiet", "--detach", path, "work"]);
    let synced = sandbox.run(["sync", "all", "--json"]).agent("a1").go();
    let answer = synced.json();
    let outcome = answer["outcome"].as_str().unwrap().to_owned();
    let mut rebase = vec!["-c", "merge.directoryRenames=false", "rebase"];
    rebase.extend(["--no-fork-point", "--onto", "main"]);
    rebase.push(history.landed().map_or("main", |one| &ids[one]));
    let expected = sandbox.program("git", rebase).in_dir(&rebased).go();
    if is_blind(&expected.stderr()) {
        return BLIND.to_owned();
    }
    let context = format!("seed {seed}: {}\n{}", expected.block(), synced.block());
    let log = |at: &Path, format: &str| {
        let words = ["log", "--topo-order", "--date=raw", format, "main.."];
        sandbox.git_in(at, &words)
    };
    match outcome.as_str() {
        // Merges of the base stay, where the stream stands on the base.
        "up-to-date" => assert_eq!(answer["old"], answer["new"], "{context}"),
        "rebased" | "landed" => {
            assert_eq!(expected.status(), 0, "{context}");
            for format in ["--format=%T", "--format=%an <%ae> %ad%n%B"] {
                let (ours, theirs) = (log(worktree, format), log(&rebased, format));
                assert_eq!(ours, theirs, "{context}");
            }
            // Line ends that the attributes do not want are changes to git, on either side, as soon
            // as it looks into the file; which depends on the time, unless all files are younger.
            let status = |at: &Path| {
                make_younger(&sandbox, at);
                sandbox.git_in(at, &["status", "--porcelain"])
            };
            assert_eq!(status(worktree), status(&rebased), "{context}");
        }
        "stopped" => {
            assert_eq!(expected.status(), 1, "{context}");
            let at = sandbox.git_in(&rebased, &["rev-parse", "REBASE_HEAD"]);
            assert_eq!(answer["escalation"]["commit"], at.trim(), "{context}");
            let listing = ["diff", "--name-only", "--diff-filter=U"];
            let unmerged = sandbox.git_in(&rebased, &listing);
            // Where both sides were put beside one another, git has made names up.
            let mut theirs: Vec<&str> = unmerged
                .lines()
                .map(|path| path.trim_matches('"').split('~').next().unwrap())
                .collect();
            theirs.sort_unstable();
            theirs.dedup();
            let paths = serde_json::json!(theirs);
            assert_eq!(answer["escalation"]["paths"], paths, "{context}");
        }
        other => panic!("{other}: {context}"),
    }
    fs::remove_dir_all(rebased).unwrap();
    outcome
}

/// Makes git look into every file again: none is as it was when git has noted what it is.
fn make_younger(sandbox: &Sandbox, top: &Path) {
    let later = SystemTime::now() + Duration::from_secs(60);
    for name in sandbox
        .git_in(top, &["ls-files", "-z"])
        .split_terminator('\0')
    {
        let path = top.join(name);
        if path.is_file() && !path.is_symlink() {
            let file = fs::File::options().append(true).open(&path).unwrap();
            file.set_modified(later).unwrap();
        }
    }
}
