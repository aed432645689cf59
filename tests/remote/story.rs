//! What do two machines see of one another?

use insta::assert_snapshot;

use super::fleet::Fleet;

#[test]
fn what_one_machine_claims_the_other_is_refused() {
    let fleet = Fleet::new();
    let (one, two) = (fleet.machine("one"), fleet.machine("two"));
    let took = fleet.on(&one, &["claim", "api", "--files", "src/api/**"]);
    assert_snapshot!(took.agent("a1").block(), @r#"
    $ cd $ROOT/one && GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    $ROOT/one.streams/api
    --- stderr ---
    wrote the hooks in '$ROOT/one/.git/git-stream/hooks'
    wrote '$ROOT/one/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout
    included 'git-stream.config' in '$ROOT/one/.git/config'
    recorded the base branch 'main'
    a1 takes api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    "#);
    let refused = fleet.on(&two, &["claim", "api", "--files", "src/api/**"]);
    assert_snapshot!(refused.agent("a2").block(), @r#"
    $ cd $ROOT/two && GIT_STREAM_AGENT=a2 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: 'api' is held by a1 in '$ROOT/one.streams/api'
    hint: Nothing was changed. Take another stream; `git stream status` shows which are free.
    [status 4]
    "#);
    let overlap = fleet.on(&two, &["claim", "core", "--files", "src/**"]);
    assert_snapshot!(overlap.agent("a2").block(), @r#"
    $ cd $ROOT/two && GIT_STREAM_AGENT=a2 git stream claim core --files 'src/**'
    --- stderr ---
    error: 'core' and 'api', which a1 holds, would both own 'src/api/a'
    hint: Nothing was changed. Narrow the patterns, or wait until `git stream status api` shows the other stream released or landed.
    [status 4]
    "#);
    let beside = fleet.on(&two, &["claim", "ui", "--files", "src/ui/**"]);
    assert_snapshot!(beside.agent("a2").block(), @r#"
    $ cd $ROOT/two && GIT_STREAM_AGENT=a2 git stream claim ui --files 'src/ui/**'
    $ROOT/two.streams/ui
    --- stderr ---
    a2 takes ui: src/ui/**
    on branch stream/ui, from main $oid1
    [status 0]
    "#);
    assert_snapshot!(fleet.ledger().join("\n"), @r#"
    base main: set up, at 29ad94ac92e7
    claim api: a1 takes src/api/**
    claim ui: a2 takes src/ui/**
    "#);
}

#[test]
fn what_one_machine_gives_back_the_other_can_take() {
    let fleet = Fleet::new();
    let (one, two) = (fleet.machine("one"), fleet.machine("two"));
    let claim = ["claim", "api", "--files", "src/api/**"];
    fleet.on(&one, &claim).agent("a1").go().succeeded();
    assert_eq!(fleet.on(&two, &claim).agent("a2").status(), 4);
    fleet
        .on(&one, &["release", "api"])
        .agent("a1")
        .go()
        .succeeded();
    fleet.on(&two, &claim).agent("a2").go().succeeded();
    assert_snapshot!(fleet.ledger().join("\n"), @r#"
    base main: set up, at 29ad94ac92e7
    claim api: a1 takes src/api/**
    claim api: its worktree is ready
    release api: a1 begins
    release api: a1 gives it back; nothing was left
    claim api: a2 takes src/api/**
    "#);
}
