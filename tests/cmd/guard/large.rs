//! What is different where the index is large?
//!
//! That there is a `pre-commit` at all makes git read its index again. `prepare-commit-msg`, which
//! `--no-verify` does not skip either, asks there alone.

use std::fmt::Write as _;

use super::Held;
use crate::support::Sandbox;

const OURS: &str = ".git/git-stream/hooks/pre-commit";

/// A repository whose index is larger than a megabyte: its files have long names.
fn large() -> Held {
    let sandbox = Sandbox::new();
    let blob = sandbox.git(&["rev-parse", "HEAD:README.md"]);
    let mut listing = String::new();
    for at in 0..4_500 {
        let path = format!("many/d{}/{at:0200}", at / 100);
        writeln!(listing, "100644 {}\t{path}", blob.trim()).unwrap();
    }
    let index = sandbox.program("git", ["update-index", "--index-info"]);
    index.stdin(listing).go().succeeded();
    sandbox.git(&["checkout-index", "--all", "--force", "--quiet", "-u"]);
    sandbox.git(&["commit", "--quiet", "-m", "Many"]);
    Held::of(sandbox)
}

#[test]
fn one_hook_asks_and_refuses_in_the_same_words() {
    let (large, small) = (large(), Held::new());
    assert!(!large.sandbox.repo().join(OURS).exists());
    assert!(small.sandbox.repo().join(OURS).exists());
    let refusals = [&large, &small].map(|held| {
        held.write("src/ui/app.js", "theirs\n");
        [
            held.try_git(&["commit", "-am", "All"]).block(),
            held.try_git(&["commit", "--no-verify", "-am", "All"])
                .block(),
        ]
    });
    assert_eq!(refusals[0], refusals[1]);
    large.git(&["checkout", "--quiet", "src/ui/app.js"]);
    large.write("src/api/lib.rs", "mine\n");
    large.git(&["commit", "--quiet", "-am", "Mine"]);
    let status = large.sandbox.run(["status", "api"]).go();
    assert!(!status.block().contains("hook"), "{}", status.block());
}

#[test]
fn the_users_own_brings_ours_back() {
    let held = large();
    let own = "#!/bin/sh\necho 'their own'\n";
    held.sandbox.script(".git/hooks/pre-commit", own);
    held.sandbox.run(["init"]).go().succeeded();
    assert!(held.sandbox.repo().join(OURS).exists());
    held.write("src/ui/app.js", "theirs\n");
    let ran = held.try_git(&["commit", "-am", "All"]);
    assert!(ran.stderr().contains("their own"), "{}", ran.block());
    assert_eq!(ran.status(), 1, "{}", ran.block());
    std::fs::remove_file(held.sandbox.repo().join(".git/hooks/pre-commit")).unwrap();
    held.sandbox.run(["init"]).go().succeeded();
    assert!(!held.sandbox.repo().join(OURS).exists());
}
