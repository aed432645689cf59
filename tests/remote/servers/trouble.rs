//! What is told, and what is left, where a server fails in the middle of a push?
//!
//! Each time: the status and the message are right, nothing is lost, and the same command works
//! afterwards.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::super::fleet::Fleet;
use super::proxy::{Cut, Proxy};
use super::served::{By, Served};
use crate::crash::disk::{Mount, fill};
use crate::support::{Call, assert_sound};

const CLAIM: [&str; 4] = ["claim", "api", "--files", "src/api/**"];

/// Two machines of a served remote, the first of them behind a proxy where that can be.
struct Scene {
    fleet: Fleet,
    served: Served,
    proxy: Proxy,
    one: PathBuf,
    two: PathBuf,
}

impl Scene {
    fn new(by: By) -> Option<Scene> {
        let mut fleet = Fleet::new();
        let served = Served::new(by, &mut fleet)?;
        let two = fleet.ready_machine("two");
        let proxy = Proxy::before(served.port());
        fleet.url = served.url(proxy.port());
        let one = fleet.ready_machine("one");
        Some(Scene {
            fleet,
            served,
            proxy,
            one,
            two,
        })
    }

    fn claim(&self) -> Call {
        // A second try of another process is another commit.
        let times = ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"];
        let call = self.fleet.on(&self.one, &CLAIM).agent("a1");
        times.into_iter().fold(call, Call::without_env)
    }

    /// `api` is held by one claim of the ledger, whose worktree is there; nobody else can have it,
    /// and nothing is left open.
    fn assert_held_once(&self) {
        assert_eq!(self.fleet.claims(), 1);
        let other = self.fleet.on(&self.two, &CLAIM).agent("a2").go();
        assert_eq!(other.status(), 4, "{}", other.block());
        let worktree = self.fleet.sandbox.root().join("one.streams/api");
        let branch = ["branch", "--show-current"];
        assert_eq!(
            self.fleet.sandbox.git_in(&worktree, &branch),
            "stream/api\n"
        );
        for machine in [&self.one, &self.two] {
            assert_sound(&self.fleet.sandbox, machine);
            assert!(!machine.join(".git/git-stream/pushing.json").exists());
        }
        let release = self.fleet.on(&self.one, &["release", "api"]);
        release.agent("a1").go().succeeded();
    }
}

/// The server dies with a push that it has not made yet.
fn dies_in_mid_push(by: By) {
    let Some(mut scene) = Scene::new(by) else {
        return;
    };
    // Only what it has started last is in a group of its own.
    let script = "kill -9 \"-$(cat server.pid)\" $PPID; exit 1";
    scene.fleet.hook("pre-receive", script);
    let ran = scene.claim().go();
    assert_eq!(ran.status(), 5, "{}", ran.block());
    assert!(ran.stderr().contains("does not answer"), "{}", ran.block());
    assert_eq!(scene.fleet.claims(), 0);
    scene.fleet.hook("pre-receive", "exit 0");
    scene.served.kill();
    scene.served.start(&scene.fleet.sandbox);
    scene.claim().go().succeeded();
    scene.assert_held_once();
}

#[test]
fn a_daemon_that_dies_in_mid_push() {
    dies_in_mid_push(By::Daemon);
}

#[test]
fn a_web_server_that_dies_in_mid_push() {
    dies_in_mid_push(By::Http);
}

/// A push that has died on the server has left its lock.
#[test]
fn a_stale_lock_on_the_server() {
    for by in [By::Path, By::Daemon, By::Http] {
        let Some(scene) = Scene::new(by) else {
            return;
        };
        if scene.fleet.remote.join("reftable").exists() {
            println!("!!!!  SKIPPED: refs that are no files are locked in another way  !!!!");
            return;
        }
        let lock = scene.fleet.remote.join("refs/stream/ledger.lock");
        fs::write(&lock, "").unwrap();
        let ran = scene.claim().env("GIT_STREAM_PATIENCE", "1").go();
        assert_eq!(ran.status(), 4, "{}", ran.block());
        assert!(
            ran.stderr().contains("ledger.lock' is there"),
            "{}",
            ran.block()
        );
        assert_eq!(scene.fleet.claims(), 0);
        fs::remove_file(&lock).unwrap();
        scene.claim().go().succeeded();
        scene.assert_held_once();
    }
}

/// The server's disk is full.
#[test]
fn a_server_whose_disk_is_full() {
    for by in [By::Path, By::Daemon, By::Http] {
        let Some(scene) = Scene::new(by) else {
            return;
        };
        let remote = &scene.fleet.remote;
        let aside = remote.with_extension("aside");
        fs::rename(remote, &aside).unwrap();
        fs::create_dir(remote).unwrap();
        let Some(_mount) = Mount::over(remote, "4m") else {
            return;
        };
        let (from, to) = (format!("{}/.", aside.display()), remote.to_str().unwrap());
        let copy = scene.fleet.sandbox.program("cp", ["-a", &from, to]);
        copy.go().succeeded();
        for left in [0, 8, 24] {
            fill(&remote.join("filler"), left * 1024);
            let ran = scene.claim().go();
            // With a little room it may just fit.
            assert!(
                ran.status() == 5 || (ran.status() == 0 && left > 0),
                "{}",
                ran.block()
            );
            fs::remove_file(remote.join("filler")).unwrap();
            if ran.status() == 0 {
                break;
            }
            assert!(
                ran.stderr().contains("No space left on device"),
                "{by:?}, {left} KiB: {}",
                ran.block()
            );
            assert_eq!(scene.fleet.claims(), 0);
        }
        scene.claim().go().succeeded();
        scene.assert_held_once();
    }
}

/// A machine is stopped in front of its push, and wakes up when its stream was taken over.
#[test]
fn a_machine_that_was_paused_wakes_up_after_its_lease() {
    for by in [By::Path, By::Http] {
        let Some(scene) = Scene::new(by) else {
            return;
        };
        scene.claim().go().succeeded();
        let on_two = |words: &[&str]| scene.fleet.on(&scene.two, words).agent("a2");
        let take = ["claim", "api", "--takeover"];
        assert_eq!(on_two(&take).status(), 1);
        let bin = scene.fleet.sandbox.root().join("bin");
        let pids = bin.join("pids");
        scene.fleet.sandbox.script(bin.join("git"), PAUSE);
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", bin.display());
        let add = ["claim", "api", "--add", "docs/**"];
        let add = scene.fleet.on(&scene.one, &add).agent("a1");
        let add = add.env("PATH", path).env("PIDS", &pids);
        let paused = std::thread::spawn(move || add.go());
        // However long that takes; the command's own limit ends a hang.
        while !pids.exists() {
            assert!(!paused.is_finished());
            std::thread::sleep(Duration::from_millis(5));
        }
        let later = on_two(&take).env("GIT_STREAM_TEST_CLOCKS", "0 90000");
        later.go().succeeded();
        let text = fs::read_to_string(&pids).unwrap();
        let pids = text.split_whitespace().map(|pid| pid.parse().unwrap());
        let pids: Vec<Pid> = pids.filter_map(Pid::from_raw).collect();
        while !paused.is_finished() {
            for pid in &pids {
                kill_process(*pid, Signal::CONT).ok();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let ran = paused.join().unwrap();
        assert_eq!(ran.status(), 1, "{by:?}: {}", ran.block());
        assert!(
            ran.stderr().contains("was taken from a1 by a2"),
            "{}",
            ran.block()
        );
        let ledger = scene.fleet.ledger();
        assert!(
            !ledger.iter().any(|one| one.contains(" adds ")),
            "{ledger:?}"
        );
        on_two(&["release", "api"]).go().succeeded();
        scene.claim().go().succeeded();
        assert_sound(&scene.fleet.sandbox, &scene.one);
    }
}

/// Stops its caller, and itself, in front of its first push.
const PAUSE: &str = "#!/bin/sh
PATH=${PATH#*:}
case \"$*\" in *'push --porcelain'*)
\tif mkdir \"$PIDS.once\" 2>/dev/null; then
\t\techo \"$PPID $$\" >\"$PIDS.new\"
\t\tmv \"$PIDS.new\" \"$PIDS\"
\t\tkill -STOP $PPID
\t\tkill -STOP $$
\tfi ;;
esac
exec git \"$@\"
";

/// The connection is cut after everything was sent.
fn is_cut(by: By, cut: Cut) {
    let Some(scene) = Scene::new(by) else {
        return;
    };
    scene.proxy.arm(cut);
    let ran = scene.claim().go();
    assert_eq!(scene.proxy.cut(), 1);
    ran.succeeded();
    scene.assert_held_once();
    // The same of giving back: what has happened is not refused because it has happened.
    scene.claim().go().succeeded();
    scene.proxy.arm(cut);
    let release = scene.fleet.on(&scene.one, &["release", "api"]);
    let ran = release.agent("a1").go();
    assert_eq!(scene.proxy.cut(), 2);
    ran.succeeded();
    let ends = scene.fleet.ledger();
    let ends = ends.iter().filter(|one| one.contains(" gives it back"));
    assert_eq!(ends.count(), 2);
    assert_sound(&scene.fleet.sandbox, &scene.one);
}

#[test]
fn an_answer_of_a_daemon_that_is_lost() {
    is_cut(By::Daemon, Cut::Answer);
}

#[test]
fn an_answer_of_a_web_server_that_is_lost() {
    is_cut(By::Http, Cut::Answer);
}

#[test]
fn a_push_that_reaches_a_daemon_late() {
    is_cut(By::Daemon, Cut::Late);
}

#[test]
fn a_push_that_reaches_a_web_server_late() {
    is_cut(By::Http, Cut::Late);
}

/// A hook of the server says no.
fn says_no(by: By) {
    let Some(scene) = Scene::new(by) else {
        return;
    };
    scene
        .fleet
        .hook("pre-receive", "echo 'refs are frozen today' >&2; exit 1");
    let ran = scene.claim().go();
    assert_eq!(ran.status(), 5, "{}", ran.block());
    assert!(
        ran.stderr().contains("refs are frozen today"),
        "{}",
        ran.block()
    );
    assert_eq!(scene.fleet.claims(), 0);
    scene.fleet.hook("pre-receive", "exit 0");
    scene.claim().go().succeeded();
    scene.assert_held_once();
}

#[test]
fn a_daemon_that_says_no() {
    says_no(By::Daemon);
}

#[test]
fn a_web_server_that_says_no() {
    says_no(By::Http);
}

/// What is committed while the server is away lands when it is back.
#[test]
fn offline_commits_go_on_and_land_afterwards() {
    for by in [By::Daemon, By::Http] {
        let Some(mut scene) = Scene::new(by) else {
            return;
        };
        scene.claim().go().succeeded();
        scene.served.kill();
        let worktree = scene.fleet.sandbox.root().join("one.streams/api");
        fs::write(worktree.join("src/api/lib.rs"), "// offline\n").unwrap();
        let commit = ["commit", "--quiet", "-am", "Offline"];
        scene.fleet.sandbox.git_in(&worktree, &commit);
        let land = || {
            scene
                .fleet
                .on(&scene.one, &["land", "api"])
                .agent("a1")
                .go()
        };
        let ran = land();
        assert_eq!(ran.status(), 5, "{by:?}: {}", ran.block());
        let status = scene.fleet.on(&scene.one, &["status"]).agent("a1").go();
        status.succeeded();
        scene.served.start(&scene.fleet.sandbox);
        land().succeeded();
        let main = ["show", "main:src/api/lib.rs"];
        let text = scene.fleet.sandbox.git_in(&scene.fleet.remote, &main);
        assert_eq!(text, "// offline\n");
        assert_sound(&scene.fleet.sandbox, &scene.one);
    }
}

/// The time of day of the machines is hours apart.
#[test]
fn clocks_that_are_hours_apart_change_nothing() {
    for by in [By::Path, By::Http] {
        let Some(scene) = Scene::new(by) else {
            return;
        };
        let clocks = |call: Call, hours: i64| {
            let clocks = format!("{} 0", hours * 3600);
            call.env("GIT_STREAM_TEST_CLOCKS", clocks)
        };
        clocks(scene.claim(), 11).go().succeeded();
        let on_two = |words: &[&str]| scene.fleet.on(&scene.two, words).agent("a2");
        for hours in [-11, 40] {
            assert_eq!(clocks(on_two(&CLAIM), hours).status(), 4);
            let take = clocks(on_two(&["claim", "api", "--takeover"]), hours).go();
            assert_eq!(take.status(), 1, "{}", take.block());
        }
        scene.assert_held_once();
        clocks(on_two(&CLAIM), -11).go().succeeded();
    }
}
