//! Which work does the remote have, too, and what becomes of it when its machine is lost?

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::fleet::{Fleet, without_ids};
use crate::support::{Call, assert_sound, for_every_git_call};

/// A machine's clocks moved: awake for a day and an hour more.
const LATER: (&str, &str) = ("GIT_STREAM_TEST_CLOCKS", "0 90000");
const CLAIM: [&str; 4] = ["claim", "api", "--files", "src/api/**"];
const TAKE: [&str; 3] = ["claim", "api", "--takeover"];

/// Two machines; a1 on the first holds `api`.
struct Scene {
    fleet: Fleet,
    one: PathBuf,
    two: PathBuf,
}

impl Scene {
    fn new() -> Scene {
        let fleet = Fleet::new();
        let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
        fleet.on(&one, &CLAIM).agent("a1").go().succeeded();
        Scene { fleet, one, two }
    }

    fn on_one(&self, words: &[&str]) -> Call {
        self.fleet.on(&self.one, words).agent("a1")
    }

    fn on_two(&self, words: &[&str]) -> Call {
        self.fleet.on(&self.two, words).agent("a2")
    }

    fn take(&self) -> Call {
        self.on_two(&TAKE).env(LATER.0, LATER.1)
    }

    /// The second machine sees the holder, from which its silence counts.
    fn look(&self) {
        assert_eq!(self.on_two(&TAKE).status(), 1);
    }

    fn git(&self, directory: &Path, args: &[&str]) -> String {
        let text = self.fleet.sandbox.git_in(directory, args);
        text.trim().to_owned()
    }

    fn worktree(&self, machine: &str) -> PathBuf {
        self.fleet
            .sandbox
            .root()
            .join(format!("{machine}.streams/api"))
    }

    /// Commits in the stream on a machine, and answers the commit.
    fn commit(&self, machine: &str, text: &str) -> String {
        let worktree = self.worktree(machine);
        fs::write(worktree.join("src/api/lib.rs"), text).unwrap();
        self.git(&worktree, &["commit", "--quiet", "-am", text]);
        self.git(&worktree, &["rev-parse", "HEAD"])
    }

    /// Where a repository has the stream's branch; empty where it has none.
    fn branch(&self, directory: &Path) -> String {
        let list = [
            "for-each-ref",
            "--format=%(objectname)",
            "refs/heads/stream/api",
        ];
        self.git(directory, &list)
    }

    fn pushed(&self) -> String {
        self.branch(&self.fleet.remote)
    }

    fn kept(&self, directory: &Path) -> Vec<String> {
        let list = [
            "for-each-ref",
            "--format=%(objectname)",
            "refs/stream/kept/api",
        ];
        self.git(directory, &list)
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

/// Its commits need not be here for that.
#[test]
fn a_branch_that_was_left_here_is_not_what_another_machine_has_left_since() {
    let fleet = Fleet::new();
    let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
    fleet.hook("update", "case $1 in refs/heads/stream/*) exit 1 ;; esac");
    let claim = ["claim", "api", "--files", "src/api/**"];
    for (machine, name) in [(&one, "one"), (&two, "two")] {
        fleet.on(machine, &claim).agent(name).go().succeeded();
        let top = fleet.sandbox.root().join(format!("{name}.streams/api"));
        fleet.sandbox.write(top.join("src/api/new.rs"), name);
        fleet.sandbox.git_in(&top, &["add", "."]);
        fleet
            .sandbox
            .git_in(&top, &["commit", "--quiet", "-m", name]);
        let release = fleet.on(machine, &["release", "api"]).agent(name);
        release.go().succeeded();
    }
    // It has heard of it.
    let other = ["claim", "ui", "--files", "src/ui/**"];
    fleet.on(&one, &other).agent("one").go().succeeded();
    let again = fleet.on(&one, &claim).agent("one").go();
    assert_eq!(again.status(), 1, "{}", again.block());
    assert!(
        again.stderr().contains("exists already"),
        "{}",
        again.block()
    );
    let adopted = [&claim[..], &["--from", "stream/api"]].concat();
    fleet.on(&one, &adopted).agent("one").go().succeeded();
}

#[test]
fn what_was_committed_is_pushed_at_sync_points() {
    let scene = Scene::new();
    assert_eq!(scene.pushed(), "");
    for words in [
        &["progress", "api", "--working"][..],
        &["sync", "api"],
        &["claim", "api", "--add", "docs/**"],
        &["release", "api"],
    ] {
        let tip = scene.commit("one", &format!("Before {}", words[0]));
        assert_ne!(scene.pushed(), tip, "{words:?}");
        scene.on_one(words).go().succeeded();
        assert_eq!(scene.pushed(), tip, "{words:?}");
    }
    assert_sound(&scene.fleet.sandbox, &scene.one);
}

#[test]
fn what_a_sync_has_rewritten_replaces_what_was_pushed() {
    let scene = Scene::new();
    let before = scene.commit("one", "Mine");
    scene.on_one(&["sync", "api"]).go().succeeded();
    assert_eq!(scene.pushed(), before);
    scene
        .fleet
        .sandbox
        .commit("Base", &[("README.md", "more\n")]);
    let push = ["push", "--quiet", "origin", "main"];
    scene.fleet.sandbox.git(&push);
    scene.on_one(&["sync", "api"]).go().succeeded();
    let after = scene.branch(&scene.one);
    assert_ne!(after, before);
    assert_eq!(scene.pushed(), after);
}

#[test]
fn nothing_is_pushed_where_nothing_is_new() {
    let scene = Scene::new();
    scene.commit("one", "Mine");
    scene.on_one(&["sync", "api"]).go().succeeded();
    let ran = scene.on_one(&["sync", "api"]).counting().go();
    let calls = ran.git_calls();
    assert!(
        !calls.iter().any(|call| call.contains(" push ")),
        "{calls:?}"
    );
}

#[test]
fn what_has_landed_is_taken_away_again() {
    let scene = Scene::new();
    scene.commit("one", "Mine");
    scene
        .on_one(&["progress", "api", "--complete"])
        .go()
        .succeeded();
    assert_ne!(scene.pushed(), "");
    scene.on_one(&["land", "api"]).go().succeeded();
    assert_eq!(scene.pushed(), "");
    let pushed = ["for-each-ref", "refs/stream/remotes/origin/pushed"];
    assert_eq!(scene.git(&scene.one, &pushed), "");
}

#[test]
fn a_takeover_begins_with_what_was_pushed() {
    let scene = Scene::new();
    let pushed = scene.commit("one", "Pushed");
    scene.on_one(&["sync", "api"]).go().succeeded();
    let only_there = scene.commit("one", "Not pushed");
    scene.look();
    assert_snapshot!(without_ids(&scene.take().block()), @"
    $ cd $ROOT/two && GIT_STREAM_AGENT=a2 GIT_STREAM_TEST_CLOCKS='0 90000' git stream claim api --takeover
    $ROOT/two.streams/api
    --- stderr ---
    taken from a1 on $MACHINE: begins with what it has pushed, 1 commit up to $oid, which refs/stream/kept/api/$KEPT-1 keeps; what it has not pushed is not known here
    a2 takes api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    assert_eq!(scene.branch(&scene.two), pushed);
    assert_eq!(scene.kept(&scene.two), [pushed.as_str()]);
    // What was not pushed is kept where it is, as soon as that machine hears of it.
    let told = scene.on_one(&["progress", "api", "--working"]).block();
    let lost = "nothing more of it was pushed from here";
    assert!(told.contains(lost), "{told}");
    assert_eq!(scene.pushed(), pushed);
    assert_eq!(scene.on_one(&["release", "api"]).status(), 1);
    assert_eq!(scene.kept(&scene.one), [only_there.as_str()]);
    // The new holder goes on over what the former one has pushed.
    let next = scene.commit("two", "Next");
    scene.on_two(&["sync", "api"]).go().succeeded();
    assert_eq!(scene.pushed(), next);
    for machine in [&scene.one, &scene.two] {
        assert_sound(&scene.fleet.sandbox, machine);
    }
}

#[test]
fn status_shows_what_was_pushed_and_no_more() {
    let scene = Scene::new();
    let seen = |scene: &Scene| {
        // What others have pushed comes with whatever fetches the base.
        let ui = ["claim", "ui", "--files", "src/ui/**"];
        scene.on_two(&ui).go().succeeded();
        scene.on_two(&["sync", "ui"]).go().succeeded();
        let table = scene.on_two(&["status"]).go().stdout();
        let row = table.lines().find(|line| line.starts_with("api")).unwrap();
        let words: Vec<&str> = row.split_whitespace().collect();
        let json = scene.on_two(&["status", "api", "--json"]).json();
        let api = json["streams"][0].clone();
        // What the other one has not pushed of its claim may be told behind it.
        let words = words[..words.len().min(6)].join(" ");
        (words, api["pushed"].clone(), api["ahead"].clone())
    };
    scene.commit("one", "Mine");
    let nothing = serde_json::Value::Null;
    let unknown = "api in-progress a1 ? ? ?".to_owned();
    assert_eq!(seen(&scene), (unknown, nothing.clone(), nothing));
    scene.on_one(&["sync", "api"]).go().succeeded();
    let pushed = scene.pushed();
    scene.commit("one", "Not pushed");
    let known = "api in-progress a1 1 ?".to_owned();
    assert_eq!(seen(&scene), (known, pushed.clone().into(), 1.into()));
    assert_snapshot!(without_ids(&scene.on_two(&["status", "api"]).block()), @"
    $ cd $ROOT/two && GIT_STREAM_AGENT=a2 git stream status api
    stream:       api
    state:        in-progress
    held by:      a1, $AGO, in slot 0
    files:        src/api/**
    branch:       stream/api
    distance:     1 commit ahead of main, 0 behind
    pushed:       up to $oid, as far as it was fetched; what else its machine has is not known here
    machine:      $MACHINE
    worktree:     $ROOT/one.streams/api
    epoch:        1, round 1

    commits:
      $oid Mine
    [status 0]
    ");
    let own = scene.on_one(&["status", "api", "--json"]).json();
    assert_eq!(own["streams"][0]["pushed"], pushed);
    assert_eq!(own["streams"][0]["ahead"], 2);
}

#[test]
fn who_has_lost_a_stream_pushes_nothing_more_of_it() {
    let scene = Scene::new();
    let pushed = scene.commit("one", "Pushed");
    scene.on_one(&["sync", "api"]).go().succeeded();
    scene.look();
    scene.take().go().succeeded();
    // The machine has not heard of it yet, and finds out before it pushes.
    scene.commit("one", "Late");
    let ui = ["claim", "ui", "--files", "src/ui/**"];
    scene.on_one(&ui).go().succeeded();
    assert_eq!(scene.pushed(), pushed);
}

#[test]
fn what_an_earlier_epoch_has_pushed_in_between_is_kept_and_replaced() {
    let scene = Scene::new();
    scene.commit("one", "Pushed");
    scene.on_one(&["sync", "api"]).go().succeeded();
    scene.look();
    scene.take().go().succeeded();
    // As by a push of the former holder's machine that was under way.
    let late = scene.commit("one", "Late");
    let push = ["push", "--quiet", "--no-verify", "origin", "stream/api"];
    scene.git(&scene.worktree("one"), &push);
    assert_eq!(scene.pushed(), late);
    let next = scene.commit("two", "Next");
    scene.on_two(&["sync", "api"]).go().succeeded();
    assert_eq!(scene.pushed(), next);
    assert!(scene.kept(&scene.two).contains(&late));
}

#[test]
fn a_branch_of_somebody_elses_stays() {
    let scene = Scene::new();
    let tree = scene.git(&scene.fleet.remote, &["rev-parse", "main^{tree}"]);
    let foreign = scene.git(&scene.one, &["commit-tree", "-m", "Foreign", &tree]);
    let to = format!("{foreign}:refs/heads/stream/api");
    scene.git(
        &scene.one,
        &["push", "--quiet", "--no-verify", "origin", &to],
    );
    scene.commit("one", "Mine");
    assert_snapshot!(without_ids(&scene.on_one(&["sync", "api"]).block()), @"
    $ cd $ROOT/one && GIT_STREAM_AGENT=a1 git stream sync api
    api is up to date: 1 commit on main $oid1
    --- stderr ---
    warning: 'stream/api' on 'origin' is at $oid, which is not of this stream: it stays, and what was committed here is on this machine only
    [status 0]
    ");
    assert_eq!(scene.pushed(), foreign);
}

#[test]
fn a_server_that_takes_no_such_branch_stops_nothing() {
    let scene = Scene::new();
    let script = "case \"$1\" in refs/heads/stream/*) echo 'no such branches' >&2; exit 1;; esac";
    scene.fleet.hook("update", script);
    scene.commit("one", "Mine");
    assert_snapshot!(without_ids(&scene.on_one(&["progress", "api", "--complete"]).block()), @"
    $ cd $ROOT/one && GIT_STREAM_AGENT=a1 git stream progress api --complete
    api is completed
    --- stderr ---
    warning: 'origin' does not take 'stream/api', so what was committed there is on this machine only: [remote rejected] (hook declined): no such branches; error: hook declined to update refs/heads/stream/api
    [status 0]
    ");
    assert_eq!(scene.pushed(), "");
    let last = scene.fleet.ledger().pop().unwrap();
    assert!(last.contains("complete"), "{last}");
    // The same is not offered again.
    let ran = scene.on_one(&["sync", "api"]).counting().go();
    let calls = ran.git_calls();
    assert!(
        !calls.iter().any(|call| call.contains("stream/api:")),
        "{calls:?}"
    );
}

#[test]
fn without_the_remote_work_goes_on_and_says_so() {
    let scene = Scene::new();
    scene.commit("one", "Mine");
    let away = scene.fleet.sandbox.root().join("away.git");
    fs::rename(&scene.fleet.remote, &away).unwrap();
    let ran = scene.on_one(&["progress", "api", "--complete"]).go();
    ran.succeeded();
    assert!(
        ran.block().contains("on this machine only for now"),
        "{}",
        ran.block()
    );
    fs::rename(&away, &scene.fleet.remote).unwrap();
    scene.on_one(&["sync", "api"]).go().succeeded();
    assert_eq!(scene.pushed(), scene.branch(&scene.one));
}

#[test]
fn the_users_pre_push_hook_is_not_asked() {
    let scene = Scene::new();
    let hook = scene.one.join(".git/hooks/pre-push");
    scene
        .fleet
        .sandbox
        .script(hook, "#!/bin/sh\ntouch \"$GIT_DIR/asked\"; exit 1\n");
    scene.commit("one", "Mine");
    scene.on_one(&["sync", "api"]).go().succeeded();
    assert_eq!(scene.pushed(), scene.branch(&scene.one));
    assert!(!scene.one.join(".git/asked").exists());
}

#[test]
fn a_push_that_dies_is_made_good_at_the_next_sync_point() {
    let calls = for_every_git_call(|kill| {
        let scene = Scene::new();
        scene.commit("one", "Mine");
        let killed = scene.on_one(&["progress", "api", "--complete"]);
        let killed = killed.killed_at(kill).go().was_killed();
        scene.on_one(&["sync", "api"]).go().succeeded();
        assert_eq!(scene.pushed(), scene.branch(&scene.one), "{kill:?}");
        assert_sound(&scene.fleet.sandbox, &scene.one);
        killed
    });
    assert!(calls >= 2, "{calls}");
}

#[test]
fn a_stream_called_ledger_is_not_taken_for_one() {
    let fleet = Fleet::new();
    let one = fleet.ready_machine("one");
    let ledger = one.join(".git/refs/stream/ledger");
    if !ledger.exists() {
        // Refs that are no files are not left like this.
        return;
    }
    let claim = ["claim", "ledger", "--files", "src/api/**"];
    fleet.on(&one, &claim).agent("a1").go().succeeded();
    let worktree = fleet.sandbox.root().join("one.streams/ledger");
    fs::write(worktree.join("src/api/lib.rs"), "mine").unwrap();
    let git = |args: &[&str]| fleet.sandbox.git_in(&worktree, args);
    git(&["commit", "--quiet", "-am", "Mine"]);
    fleet
        .on(&one, &["sync", "ledger"])
        .agent("a1")
        .go()
        .succeeded();
    let pushed = git(&["rev-parse", "refs/stream/remotes/origin/pushed/ledger"]);
    for gone in ["outbox", "remotes/origin/ledger"] {
        git(&["update-ref", "-d", &format!("refs/stream/{gone}")]);
    }
    // As a power cut leaves it.
    fs::write(&ledger, "").unwrap();
    let said = fleet.on(&one, &["doctor", "--json"]).go().stdout();
    assert!(!said.contains(pushed.trim()), "{said}");
    assert!(said.contains("refs/stream/ledger"), "{said}");
}

#[test]
fn what_is_marked_as_another_streams_is_pushed_when_it_is_clean_again() {
    let scene = Scene::new();
    let worktree = scene.worktree("one");
    let own = scene.commit("one", "mine");
    fs::write(worktree.join("foreign"), "not mine\n").unwrap();
    scene.git(&worktree, &["add", "foreign"]);
    let by_hand = [
        "-c",
        "core.hooksPath=/dev/null",
        "commit",
        "-qm",
        "Not mine",
    ];
    scene.git(&worktree, &by_hand);
    assert_eq!(scene.on_one(&["verify", "api"]).status(), 1);
    let exec = ["exec", "api", "--", "true"];
    scene.on_one(&exec).go().succeeded();
    assert_eq!(scene.pushed(), "");
    scene.git(&worktree, &["reset", "-q", "--hard", &own]);
    scene.on_one(&["verify", "api"]).go().succeeded();
    scene.on_one(&exec).go().succeeded();
    assert_eq!(scene.pushed(), own);
}
