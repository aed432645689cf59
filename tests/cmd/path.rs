//! How does `git stream path` behave?

use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn it_prints_the_worktree_of_a_held_stream() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(["path", "api"]).block(), @"
    $ git stream path api
    --- stderr ---
    error: git stream is not set up in this repository
    hint: Set it up with `git stream init`.
    [status 5]
    ");
    sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
        .go()
        .succeeded();
    assert_snapshot!(sandbox.run(["path", "api"]).block(), @"
    $ git stream path api
    $ROOT/repo.streams/api
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["path", "--json"]).in_dir("../repo.streams/api").block(), @r#"
    $ cd $ROOT/repo/../repo.streams/api && git stream path --json
    {"version":1,"stream":"api","worktree":"$ROOT/repo.streams/api"}
    [status 0]
    "#);
    assert_snapshot!(sandbox.run(["path"]).block(), @"
    $ git stream path
    --- stderr ---
    error: which stream? none was named, and this is not the worktree of one
    hint: Name it, as in `git stream status api`, or change into its worktree.
    [status 2]
    ");
    sandbox.run(["release", "api"]).agent("a1").go().succeeded();
    assert_snapshot!(sandbox.run(["path", "api"]).block(), @"
    $ git stream path api
    --- stderr ---
    error: nobody holds 'api'; it is unclaimed
    hint: Nothing was changed. Take it first with `git stream claim api`.
    [status 1]
    ");
}
