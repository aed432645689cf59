//! Does a repository whose refs are no files get the same answers?

use std::fs;

use super::Held;
use crate::support::{Sandbox, assert_sound};

/// The repository, unless the git of this machine is too old to make one.
fn held() -> Option<Held> {
    let sandbox = Sandbox::reftable();
    if sandbox.is_none() {
        println!("!!!!  SKIPPED: this git keeps refs in no other way than as files  !!!!");
    }
    sandbox.map(Held::of)
}

#[test]
fn the_guard_answers_as_with_files() {
    let Some(held) = held() else { return };
    held.write("src/ui/app.js", "theirs\n");
    let refused = held.try_git(&["commit", "-am", "All"]).block();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "--quiet", "-m", "Mine", "src/api/lib.rs"]);

    let files = Held::new();
    files.write("src/ui/app.js", "theirs\n");
    assert_eq!(refused, files.try_git(&["commit", "-am", "All"]).block());
    files.write("src/api/lib.rs", "mine\n");
    files.git(&["commit", "--quiet", "-m", "Mine", "src/api/lib.rs"]);

    for argv in [
        &["status"][..],
        &["status", "api", "--json"],
        &["log"],
        &["path", "api"],
        &["guard", "range", "main..stream/api", "--stream", "api"],
    ] {
        let answers = [&held, &files].map(|held| held.sandbox.run(argv).go().block());
        assert_eq!(answers[0], answers[1], "{argv:?}");
    }
    assert_sound(&held.sandbox, &held.api);
}

#[test]
fn what_got_past_is_found() {
    let Some(held) = held() else { return };
    held.write("src/ui/app.js", "theirs\n");
    let argv = [
        "-c",
        "core.hooksPath=/dev/null",
        "commit",
        "--quiet",
        "-am",
        "All",
    ];
    held.git(&argv);
    let ran = held.sandbox.run(["land", "api"]).go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert_eq!(
        held.sandbox.git(&["show", "main:src/ui/app.js"]),
        "export const title = \"small\";\n"
    );
}

#[test]
fn a_stream_goes_from_its_claim_to_the_base_and_back() {
    let Some(held) = held() else { return };
    let sandbox = &held.sandbox;
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "--quiet", "-am", "Mine"]);
    sandbox.commit("Meanwhile", &[("docs/guide.md", "Read me.\n")]);
    sandbox.run(["sync", "api"]).go().succeeded();
    assert_eq!(
        held.git(&["merge-base", "HEAD", "main"]),
        sandbox.git(&["rev-parse", "main"])
    );
    sandbox.run(["land", "api"]).go().succeeded();
    assert_eq!(sandbox.git(&["show", "main:src/api/lib.rs"]), "mine\n");
    assert_eq!(
        fs::read_to_string(sandbox.repo().join("src/api/lib.rs")).unwrap(),
        "mine\n"
    );
    sandbox.run(["release", "ui"]).go().succeeded();
    sandbox.run(["undo"]).go().succeeded();
    assert!(
        sandbox
            .git(&["for-each-ref", "refs/heads/stream/ui"])
            .contains("stream/ui")
    );
    sandbox.run(["init", "--uninstall"]).go().succeeded();
    sandbox.git(&["fsck", "--strict"]);
}
