//! How does a stream change hands on one machine, with the former holder still there?

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use crate::support::{Call, Fingerprint, Ran, Sandbox, assert_sound, for_every_git_call};

const TAKE: [&str; 3] = ["claim", "api", "--takeover"];

/// A repository in which a1 holds `api`, has committed there, and has more that is not committed.
struct Scene {
    sandbox: Sandbox,
    old: PathBuf,
    new: PathBuf,
}

impl Scene {
    fn new() -> Scene {
        let sandbox = Sandbox::new();
        let claim = ["claim", "api", "--files", "src/api/**"];
        sandbox.run(claim).agent("a1").go().succeeded();
        let old = sandbox.root().join("repo.streams/api");
        let new = sandbox.root().join("repo.streams/api@2");
        fs::write(old.join("src/api/lib.rs"), "// of a1\n").unwrap();
        sandbox.git_in(&old, &["commit", "--quiet", "-am", "Of a1"]);
        fs::write(old.join("src/api/lib.rs"), "// not yet\n").unwrap();
        Scene { sandbox, old, new }
    }

    fn person(&self) -> Call {
        let reason = ["--reason", "a1 has crashed"];
        self.sandbox.run(TAKE.iter().chain(&reason))
    }

    fn commit(&self, worktree: &Path) -> Ran {
        self.sandbox
            .program("git", ["commit", "--quiet", "-am", "More"])
            .in_dir(worktree)
            .go()
    }
}

#[test]
fn the_old_worktree_stays_as_it_is_and_the_work_goes_on_in_a_new_one() {
    let scene = Scene::new();
    let tip = scene.sandbox.git_in(&scene.old, &["rev-parse", "HEAD"]);
    assert_snapshot!(scene.person().block(), @"
    $ git stream claim api --takeover --reason 'a1 has crashed'
    $ROOT/repo.streams/api@2
    --- stderr ---
    taken from a1: goes on with its 1 commit; refs/stream/kept/api/$KEPT-1 keeps them
    api was taken over: '$ROOT/repo.streams/api' has let go of its branch, and nothing in it has changed
    ada@$HOST takes api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    let at = |worktree: &Path| scene.sandbox.git_in(worktree, &["rev-parse", "HEAD"]);
    assert_eq!(at(&scene.old), tip);
    assert_eq!(at(&scene.new), tip);
    let text = |worktree: &Path| fs::read_to_string(worktree.join("src/api/lib.rs")).unwrap();
    assert_eq!(text(&scene.old), "// not yet\n");
    assert_eq!(text(&scene.new), "// of a1\n");
    assert_snapshot!(scene.commit(&scene.old).block(), @r#"
    $ cd $ROOT/repo.streams/api && git commit --quiet -am More
    --- stderr ---
    error: 'api' was taken from a1 by ada@$HOST at $TIME ("a1 has crashed"): epoch 1 has ended, and it is in epoch 2 now
    hint: Nothing was changed. What a1 had committed is kept: see it with `git log refs/stream/kept/api/$KEPT-1`.
    hint: What was not committed is where it was: see it with `git -C $ROOT/repo.streams/api status`.
    hint: Now ada@$HOST holds it on $MACHINE: see the stream with `git stream status api`.
    [status 1]
    "#);
    let asked = scene.sandbox.run(["land"]).agent("a1").in_dir(&scene.old);
    assert_eq!(asked.status(), 1);
    fs::write(scene.new.join("src/api/lib.rs"), "// gone on\n").unwrap();
    assert_eq!(scene.commit(&scene.new).status(), 0);
    assert_snapshot!(scene.sandbox.run(["status", "api"]).block(), @"
    $ git stream status api
    stream:       api
    state:        in-progress
    held by:      ada@$HOST, $AGO, in slot 0
    files:        src/api/**
    branch:       stream/api
    distance:     2 commits ahead of main, 0 behind
    worktree:     $ROOT/repo.streams/api@2
    epoch:        2, round 1

    commits:
      $oid2 More
      $oid3 Of a1
    [status 0]
    ");
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
}

#[test]
fn a_rebase_that_somebody_has_begun_does_not_come_back_to_the_branch() {
    let scene = Scene::new();
    fs::write(scene.old.join("src/api/lib.rs"), "// of a1\n").unwrap();
    let edit = "GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' git rebase --quiet -i HEAD~1";
    let begun = scene
        .sandbox
        .program("sh", ["-c", edit])
        .in_dir(&scene.old)
        .go();
    assert_eq!(begun.status(), 0, "{}", begun.block());
    scene.person().go().succeeded();
    let branch = scene.sandbox.git_in(&scene.new, &["rev-parse", "HEAD"]);
    let amend = "git -c core.hooksPath=/dev/null commit --quiet --amend -m Other && \
                 git -c core.hooksPath=/dev/null rebase --continue";
    let ended = scene
        .sandbox
        .program("sh", ["-c", amend])
        .in_dir(&scene.old)
        .go();
    assert_eq!(ended.status(), 0, "{}", ended.block());
    assert_eq!(
        scene.sandbox.git_in(&scene.new, &["rev-parse", "HEAD"]),
        branch
    );
    let listed = ["rev-parse", "refs/heads/stream/api"];
    assert_eq!(scene.sandbox.git_in(&scene.new, &listed), branch);
}

#[test]
fn a_dry_run_changes_nothing_and_ends_as_the_real_one_would() {
    let scene = Scene::new();
    let look = || Fingerprint::of(&scene.sandbox, &scene.old);
    let before = look();
    assert_eq!(scene.person().arg("--dry-run").status(), 0);
    let agent = || scene.sandbox.run(TAKE).agent("a2");
    assert_eq!(agent().arg("--dry-run").status(), 1);
    assert_eq!(look(), before);
    assert!(!scene.new.exists());
    let taken = agent().env("GIT_STREAM_TEST_CLOCKS", "0 90000").go();
    assert_eq!(taken.status(), 0, "{}", taken.block());
}

#[test]
fn whoever_has_it_needs_no_takeover() {
    let scene = Scene::new();
    let asked = scene.sandbox.run(TAKE).agent("a1").go();
    assert_eq!(asked.status(), 0, "{}", asked.block());
    assert!(!scene.new.exists());
    let nobodys = scene.sandbox.run(["claim", "ui", "--takeover"]).agent("a1");
    assert_snapshot!(nobodys.block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim ui --takeover
    --- stderr ---
    error: nobody holds 'ui'; it is unclaimed
    hint: Nothing was changed. Take it first with `git stream claim ui`.
    [status 1]
    ");
}

#[test]
fn a_takeover_that_dies_is_finished_by_the_same_command() {
    let calls = for_every_git_call(|kill| {
        let scene = Scene::new();
        let take = || scene.sandbox.run(TAKE).agent("a2");
        assert_eq!(take().status(), 1);
        let take = || take().env("GIT_STREAM_TEST_CLOCKS", "0 90000");
        let killed = take().killed_at(kill).go().was_killed();
        let again = take().go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        let json = scene.sandbox.run(["status", "api", "--json"]).json();
        let worktree = json["streams"][0]["worktree"].as_str().unwrap();
        let worktree = Path::new(worktree);
        assert_ne!(worktree, scene.old, "{kill:?}");
        fs::write(worktree.join("src/api/lib.rs"), "// gone on\n").unwrap();
        assert_eq!(scene.commit(worktree).status(), 0, "{kill:?}");
        assert_eq!(scene.commit(&scene.old).status(), 1, "{kill:?}");
        assert_sound(&scene.sandbox, &scene.sandbox.repo());
        killed
    });
    assert!(calls >= 3, "{calls}");
}
