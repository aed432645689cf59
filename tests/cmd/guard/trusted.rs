//! Which commits of a base without a remote are trusted?

use super::Held;

/// The commit that a new claim starts from: the trusted one.
fn trusted(held: &Held) -> String {
    let claim = ["claim", "docs", "--agent", "a3", "--json"];
    let answer = held.sandbox.run(claim).json();
    answer["base"].as_str().unwrap().to_owned()
}

fn main_tip(held: &Held) -> String {
    held.sandbox.git(&["rev-parse", "main"]).trim().to_owned()
}

fn merge_into_main(held: &Held, how: &str) {
    held.sandbox
        .git(&["merge", "-q", "--no-edit", how, "stream/api"]);
}

fn mine(held: &Held) {
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
}

#[test]
fn a_stream_that_was_merged_by_hand_is_on_the_base() {
    for how in ["--ff-only", "--no-ff"] {
        let held = Held::new();
        mine(&held);
        merge_into_main(&held, how);
        assert_eq!(trusted(&held), main_tip(&held), "{how}");
    }
}

#[test]
fn a_breach_that_was_merged_by_hand_is_not_trusted() {
    for how in ["--ff-only", "--no-ff"] {
        let held = Held::new();
        let before = main_tip(&held);
        mine(&held);
        held.slipped_by("src/ui/app.js", "theirs\n");
        held.write("src/ui/app.js", "export const title = \"small\";\n");
        held.git(&["commit", "-qam", "Taken back"]);
        merge_into_main(&held, how);
        held.on_main("README.md", "more\n");
        assert_eq!(trusted(&held), before, "{how}");
    }
}

#[test]
fn a_stream_on_top_of_a_newer_base_does_not_own_what_is_below() {
    for bring in [&["rebase", "-q", "main"][..], &["merge", "-q", "main"]] {
        for commits in [0, 1] {
            let held = Held::new();
            for _ in 0..commits {
                mine(&held);
            }
            held.on_main("README.md", "newer\n");
            held.git(bring);
            assert_eq!(trusted(&held), main_tip(&held), "{bring:?} {commits}");
        }
    }
}

#[test]
fn a_stream_may_bring_the_base_back_to_the_base() {
    let held = Held::new();
    mine(&held);
    held.on_main("README.md", "newer\n");
    held.git(&["merge", "-q", "--no-edit", "main"]);
    held.on_main("README.md", "newest\n");
    merge_into_main(&held, "--no-ff");
    assert_eq!(trusted(&held), main_tip(&held));
}

#[test]
fn a_merge_that_dropped_the_bases_change_is_not_trusted() {
    let held = Held::new();
    let before = main_tip(&held);
    mine(&held);
    held.on_main("README.md", "newer\n");
    let unguarded = ["-c", "core.hooksPath=/dev/null"];
    let merge = ["merge", "-q", "-s", "ours", "--no-edit", "main"];
    held.git(&[&unguarded[..], &merge].concat());
    merge_into_main(&held, "--ff-only");
    assert_eq!(trusted(&held), before);
}

#[test]
fn what_is_not_trusted_is_no_part_of_the_base_for_the_others() {
    let held = Held::new();
    held.slipped_by("src/ui/app.js", "theirs\n");
    merge_into_main(&held, "--ff-only");
    let ui = held.sandbox.root().join("repo.streams/ui");
    let merge = held
        .sandbox
        .program("git", ["merge", "--no-ff", "--no-edit", "main"]);
    let answer = merge.in_dir(&ui).go();
    assert_eq!(answer.status(), 0, "src/ui is ui's own: {}", answer.block());
    held.slipped_by("README.md", "nobody's\n");
    merge_into_main(&held, "--ff-only");
    let merge = held
        .sandbox
        .program("git", ["merge", "--no-ff", "--no-edit", "main"]);
    let answer = merge.in_dir(&ui).go();
    assert_ne!(answer.status(), 0, "{}", answer.block());
}
