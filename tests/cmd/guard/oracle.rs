//! Does the guard see the same differences as `git diff-index`?
//!
//! The rule is asked for a pattern that owns nothing which exists, so that each difference is
//! refused and listed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::Sandbox;

/// A stream's worktree over a tree that is wide and deep enough to prune.
fn worktree() -> (Sandbox, std::path::PathBuf) {
    let sandbox = Sandbox::new();
    for directory in ["a", "a/b", "a-b", "a.b", "z/y/x"] {
        for n in 0..6 {
            sandbox.write(format!("{directory}/f{n}"), format!("{directory} {n}\n"));
        }
    }
    sandbox.commit("Many", &[]);
    assert_eq!(sandbox.run(["init"]).status(), 0);
    let claim = ["claim", "none", "--files", "no/such/path", "--agent", "a1"];
    let claim = sandbox.run(claim).go();
    let top = claim.stdout().trim_end().into();
    (sandbox, top)
}

fn from_git(sandbox: &Sandbox, top: &Path) -> Vec<String> {
    let diff = [
        "diff-index",
        "--cached",
        "--raw",
        "-z",
        "--no-renames",
        "--ita-invisible-in-index",
        "HEAD",
    ];
    let raw = sandbox.git_in(top, &diff);
    let mut fields = raw.split('\0');
    let mut paths = Vec::new();
    while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
        assert!(about.starts_with(':'), "{about}");
        paths.push(path.to_owned());
    }
    paths.sort();
    paths.dedup();
    paths
}

fn from_guard(sandbox: &Sandbox, top: &Path) -> Vec<String> {
    let ran = sandbox.run(["guard", "staged", "--json"]).in_dir(top).go();
    let answer = ran.json();
    let refused = answer["paths"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", ran.block()));
    let mut paths: Vec<String> = refused
        .iter()
        .map(|path| path["path"].as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths
}

/// Small deterministic noise: each seed stages another mixture of changes.
fn stage_changes(sandbox: &Sandbox, top: &Path, seed: u64) {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let directories = ["a", "a/b", "a-b", "a.b", "z/y/x", "new", "a/b/deep"];
    for _ in 0..=next(6) {
        let directory = directories[usize::try_from(next(7)).unwrap()];
        let file = format!("{directory}/f{}", next(8));
        let path = top.join(&file);
        match next(8) {
            0 => drop(
                sandbox
                    .program("git", ["rm", "-q", "--cached", "--ignore-unmatch", &file])
                    .in_dir(top)
                    .go(),
            ),
            1 => {
                drop(fs::remove_file(&path));
                fs::create_dir_all(&path).ok();
                fs::write(path.join("below"), "x").ok();
            }
            2 => {
                drop(fs::remove_dir_all(top.join(directory)));
                fs::create_dir_all(top.join(directory).parent().unwrap()).ok();
                fs::write(top.join(directory), "a file now").ok();
            }
            3 => {
                drop(fs::remove_file(&path));
                symlink("elsewhere", &path).ok();
            }
            4 => drop(
                sandbox
                    .program("git", ["update-index", "--chmod=+x", &file])
                    .in_dir(top)
                    .go(),
            ),
            5 => {
                fs::write(&path, "intended").ok();
                drop(
                    sandbox
                        .program("git", ["add", "-N", &file])
                        .in_dir(top)
                        .go(),
                );
                continue;
            }
            _ => {
                fs::create_dir_all(path.parent().unwrap()).ok();
                fs::write(&path, format!("changed {seed}")).ok();
            }
        }
        drop(
            sandbox
                .program("git", ["add", "--all", "--", directory])
                .in_dir(top)
                .go(),
        );
    }
}

#[test]
fn the_same_paths_as_git_in_every_form_of_index() {
    let (sandbox, top) = worktree();
    let forms: [&[&str]; 4] = [
        &["update-index", "--index-version=2"],
        &["update-index", "--index-version=4"],
        &["update-index", "--split-index"],
        &["update-index", "--no-split-index", "--index-version=3"],
    ];
    let mut different = 0;
    for seed in 0..24 {
        sandbox.git_in(&top, &["reset", "-q", "--hard"]);
        sandbox.git_in(&top, &["clean", "-qfdx"]);
        let form = forms[usize::try_from(seed % 4).unwrap()];
        sandbox.git_in(&top, form);
        stage_changes(&sandbox, &top, seed + 1);
        let expected = from_git(&sandbox, &top);
        different += usize::from(!expected.is_empty());
        assert_eq!(
            from_guard(&sandbox, &top),
            expected,
            "seed {seed}, {form:?}"
        );
    }
    assert!(
        different > 12,
        "only {different} of 24 indexes differ from HEAD"
    );
}

#[test]
fn the_same_paths_as_git_in_a_sparse_index() {
    let (sandbox, top) = worktree();
    sandbox.git_in(
        &top,
        &["sparse-checkout", "init", "--cone", "--sparse-index"],
    );
    sandbox.git_in(&top, &["sparse-checkout", "set", "a/b"]);
    let listing = sandbox.git_in(&top, &["ls-files", "--sparse"]);
    assert!(
        listing.lines().any(|line| line == "z/"),
        "not sparse:\n{listing}"
    );
    assert_eq!(from_guard(&sandbox, &top), [""; 0]);
    sandbox.write(top.join("a/b/f0"), "changed\n");
    sandbox.git_in(&top, &["add", "a/b/f0"]);
    assert_eq!(from_guard(&sandbox, &top), ["a/b/f0"]);
    sandbox.write(top.join("z/y/x/f1"), "changed\n");
    sandbox.git_in(&top, &["add", "--sparse", "z/y/x/f1"]);
    let listing = sandbox.git_in(&top, &["ls-files", "--sparse"]);
    assert!(
        listing.lines().any(|line| line == "a-b/"),
        "not sparse:\n{listing}"
    );
    assert_eq!(from_guard(&sandbox, &top), ["a/b/f0", "z/y/x/f1"]);
    assert_eq!(from_guard(&sandbox, &top), from_git(&sandbox, &top));
}

#[test]
fn a_directory_that_is_listed_beside_its_own_file_is_refused() {
    let (sandbox, top) = worktree();
    sandbox.git_in(
        &top,
        &["sparse-checkout", "init", "--cone", "--sparse-index"],
    );
    sandbox.git_in(&top, &["sparse-checkout", "set", "a/b"]);
    // git writes such an index, and calls it broken afterwards.
    let blob = sandbox.git_in(&top, &["rev-parse", "HEAD:a/f0"]);
    let entry = format!("100644,{},z/y/x/f1", blob.trim());
    sandbox.git_in(&top, &["update-index", "--add", "--cacheinfo", &entry]);
    assert!(from_guard(&sandbox, &top).contains(&"z/y/x/f1".to_owned()));
}
