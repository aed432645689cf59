//! What is a committer told about the base, and when not?

use insta::assert_snapshot;

use super::Held;

/// A commit of a new file of the stream; what was said.
fn commit(held: &Held, name: &str) -> String {
    held.write(&format!("src/api/{name}"), "new\n");
    held.git(&["add", "--all"]);
    let ran = held.try_git(&["commit", "--quiet", "-m", name]);
    ran.succeeded();
    ran.block()
}

#[test]
fn news_of_what_the_stream_builds_on_are_told_once() {
    let held = Held::new();
    assert_snapshot!(commit(&held, "one"), @"
    $ cd $ROOT/repo.streams/api && git commit --quiet -m one
    [status 0]
    ");
    held.on_main("docs/guide.md", "nothing to api\n");
    assert_snapshot!(commit(&held, "two"), @"
    $ cd $ROOT/repo.streams/api && git commit --quiet -m two
    [status 0]
    ");
    held.on_main("src/api/lib.rs", "theirs\n");
    held.on_main("docs/guide.md", "nothing to api either\n");
    held.on_main("package.json", "{ \"shared\": true }\n");
    assert_snapshot!(commit(&held, "three"), @"
    $ cd $ROOT/repo.streams/api && git commit --quiet -m three
    --- stderr ---
    main has 2 new commits that touch what 'api' builds on (package.json and 1 more path); now is a good time for `git stream sync`
    [status 0]
    ");
    assert_snapshot!(commit(&held, "four"), @"
    $ cd $ROOT/repo.streams/api && git commit --quiet -m four
    [status 0]
    ");
    // The next commit of the base is the next occasion; one that does not matter is none.
    held.on_main("docs/guide.md", "still nothing to api\n");
    assert_snapshot!(commit(&held, "five"), @"
    $ cd $ROOT/repo.streams/api && git commit --quiet -m five
    [status 0]
    ");
    held.on_main("src/api/lib.rs", "theirs again\n");
    assert_snapshot!(commit(&held, "more"), @"
    $ cd $ROOT/repo.streams/api && git commit --quiet -m more
    --- stderr ---
    main has 3 new commits that touch what 'api' builds on (package.json and 1 more path); now is a good time for `git stream sync`
    [status 0]
    ");
    // Once it has been synced, nothing is left to say.
    held.sandbox
        .run(["sync", "api"])
        .agent("a1")
        .go()
        .succeeded();
    assert_snapshot!(commit(&held, "six"), @"
    $ cd $ROOT/repo.streams/api && git commit --quiet -m six
    [status 0]
    ");
}

#[test]
fn what_the_stream_has_changed_and_what_comes_first_matter_as_well() {
    let held = Held::new();
    held.write("fixtures/one", "mine\n");
    commit(&held, "zero");
    held.on_main("fixtures/one", "theirs\n");
    assert_snapshot!(commit(&held, "one"), @"
    $ cd $ROOT/repo.streams/api && git commit --quiet -m one
    --- stderr ---
    main has 1 new commit that touches what 'api' builds on (fixtures/one); now is a good time for `git stream sync`
    [status 0]
    ");
    let plan = super::PLAN.replace(
        "files = [\"src/api/**\"]",
        "files = [\"src/api/**\"]\ndependencies = [\"docs\"]",
    );
    held.on_main("streams.toml", &plan);
    held.on_main("docs/new.md", "by the stream that comes first\n");
    assert_snapshot!(commit(&held, "two"), @"
    $ cd $ROOT/repo.streams/api && git commit --quiet -m two
    --- stderr ---
    main has 2 new commits that touch what 'api' builds on (docs/new.md and 1 more path); now is a good time for `git stream sync`
    [status 0]
    ");
}

#[test]
fn a_look_that_was_made_costs_no_process_and_does_not_follow_a_link() {
    let held = Held::new();
    commit(&held, "one");
    held.on_main("src/api/lib.rs", "theirs\n");
    let admin = held.git(&["rev-parse", "--absolute-git-dir"]);
    let file = std::path::Path::new(admin.trim()).join("git-stream-base");
    let precious = held.sandbox.root().join("precious");
    std::fs::write(&precious, "precious\n").unwrap();
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&precious, &file).unwrap();
    let told = commit(&held, "two");
    assert!(told.contains("now is a good time"), "{told}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious\n");
    std::fs::remove_file(&file).unwrap();
    let told = commit(&held, "three");
    assert!(told.contains("now is a good time"), "{told}");
    let base = held.sandbox.git(&["rev-parse", "main"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), base);
}
