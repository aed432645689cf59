//! What becomes of what a machine announces because it has lost a race?

use std::path::Path;

use super::fleet::Fleet;
use crate::support::{Call, Kill, assert_sound, for_every_git_call};

/// The next push of the ledger loses, as if somebody else had the ref locked; the one after it finds
/// the lock gone.
const LOSE_ONCE: &str = "rm -f refs/stream/ledger.lock\n\
                         while read -r _ _ name; do\n\
                         if [ \"$name\" = refs/stream/ledger ] && [ -e armed ]; then\n\
                         rm armed; touch refs/stream/ledger.lock; fi; done; exit 0";

/// Two machines, on a server on which pushes can be made to lose.
struct Scene {
    fleet: Fleet,
    one: std::path::PathBuf,
    two: std::path::PathBuf,
}

impl Scene {
    fn new() -> Scene {
        let fleet = Fleet::new();
        let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
        fleet.hook("pre-receive", LOSE_ONCE);
        fleet.ask_git([&two]);
        Scene { fleet, one, two }
    }

    fn arm(&self) {
        std::fs::write(self.fleet.remote.join("armed"), "").unwrap();
    }

    fn claim(&self, machine: &Path, agent: &str, name: &str, files: &str) -> Call {
        let words = ["claim", name, "--files", files];
        self.fleet.on(machine, &words).agent(agent)
    }

    /// The announcements on the remote.
    fn announced(&self) -> String {
        let list = ["for-each-ref", "refs/stream/inbox"];
        self.fleet.sandbox.git_in(&self.fleet.remote, &list)
    }

    /// How many entries of the ledger were decided for another machine.
    fn decided(&self) -> usize {
        let log = [
            "log",
            "--format=%(trailers:key=Asked)",
            "refs/stream/ledger",
        ];
        let log = self.fleet.sandbox.git_in(&self.fleet.remote, &log);
        log.lines().filter(|line| !line.is_empty()).count()
    }
}

#[test]
fn whoever_finds_nobody_else_decides_what_it_has_announced_itself() {
    let scene = Scene::new();
    scene.arm();
    let claim = scene.claim(&scene.one, "a1", "api", "src/api/**");
    let ran = claim.counting().go();
    ran.succeeded();
    let pushes = ran.git_calls();
    let pushes = pushes.iter().filter(|call| call.contains(" push "));
    // Lost, announced, and both in one.
    assert_eq!(pushes.count(), 3);
    assert_eq!(scene.announced(), "");
    assert_eq!((scene.fleet.claims(), scene.decided()), (1, 0));
    assert!(!scene.one.join(".git/git-stream/announced.json").exists());
}

#[test]
fn who_stands_behind_sees_that_the_answer_is_no_by_now() {
    let scene = Scene::new();
    let remote = |words: &[&str]| scene.fleet.sandbox.git_in(&scene.fleet.remote, words);
    let before = remote(&["rev-parse", "refs/stream/ledger"]);
    let first = scene.claim(&scene.one, "a1", "all", "src/**");
    first.go().succeeded();
    // It counts only when the other one has announced what it asks; somebody else stands first.
    remote(&["update-ref", "refs/taken", "refs/stream/ledger"]);
    remote(&["update-ref", "refs/stream/ledger", before.trim()]);
    remote(&["update-ref", "refs/stream/inbox/0", "refs/heads/main"]);
    let taken = "env -u GIT_QUARANTINE_PATH git update-ref refs/stream/ledger refs/taken";
    let announced = format!("case \"$name\" in refs/stream/inbox/*) {taken};; esac; done");
    scene
        .fleet
        .hook("pre-receive", &LOSE_ONCE.replace("done", &announced));
    scene.arm();
    let claim = scene.claim(&scene.two, "a2", "api", "src/api/**");
    let ran = claim.counting().go();
    assert_eq!(ran.status(), 4, "{}", ran.block());
    let calls = ran.git_calls();
    let looks = calls.iter().filter(|call| call.contains("ls-remote"));
    assert_eq!(looks.count(), 1, "{calls:#?}");
    assert_eq!(scene.announced().lines().count(), 1);
}

/// A machine dies at any point of announcing; another one, which has lost as well, writes next.
fn dies_and_is_decided(files: &str, both: &dyn Fn(i32, i32) -> bool) -> usize {
    let mut decided = 0;
    let calls = for_every_git_call(|kill: Kill| {
        let scene = Scene::new();
        scene.arm();
        let mine = || scene.claim(&scene.one, "a1", "api", "src/api/**");
        let killed = mine().killed_at(kill).go().was_killed();
        scene.arm();
        let other = scene.claim(&scene.two, "a2", "ui", files).go();
        decided += scene.decided();
        let again = mine().go();
        assert!(
            both(other.status(), again.status()),
            "{kill:?}:\n{}\n{}",
            other.block(),
            again.block()
        );
        assert_eq!(scene.announced(), "", "{kill:?}");
        for machine in [&scene.one, &scene.two] {
            assert_sound(&scene.fleet.sandbox, machine);
            let left = |name: &str| machine.join(".git/git-stream").join(name).exists();
            assert!(!left("announced.json") && !left("pushing.json"), "{kill:?}");
        }
        killed
    });
    assert!(calls >= 6, "{calls}");
    decided
}

#[test]
fn what_a_machine_has_announced_before_it_died_is_decided_once() {
    let decided = dies_and_is_decided("src/ui/**", &|other, again| (other, again) == (0, 0));
    assert!(decided > 0);
}

#[test]
fn of_two_that_overlap_one_has_it_whoever_decides() {
    dies_and_is_decided("src/**", &|other, again| {
        (other, again) == (0, 4) || (other, again) == (4, 0)
    });
}

#[test]
fn a_server_that_moves_one_ref_at_a_time_sees_plain_tries() {
    let scene = Scene::new();
    let config = ["config", "receive.advertiseAtomic", "false"];
    scene.fleet.sandbox.git_in(&scene.fleet.remote, &config);
    for (machine, agent, name) in [(&scene.one, "a1", "api"), (&scene.two, "a2", "ui")] {
        scene.arm();
        let files = format!("src/{name}/**");
        scene.claim(machine, agent, name, &files).go().succeeded();
        assert_eq!(scene.announced(), "");
        assert!(!machine.join(".git/git-stream/announced.json").exists());
    }
    assert_eq!((scene.fleet.claims(), scene.decided()), (2, 0));
    let overlap = scene.claim(&scene.two, "a2", "all", "src/**");
    assert_eq!(overlap.status(), 4);
}

#[test]
fn what_was_announced_long_ago_is_taken_away_undecided() {
    let mut is_shown = false;
    for_every_git_call(|kill: Kill| {
        let scene = Scene::new();
        scene.arm();
        let mine = || scene.claim(&scene.one, "a1", "api", "src/api/**");
        let killed = mine().killed_at(kill).go().was_killed();
        if is_shown || scene.announced().is_empty() {
            return killed;
        }
        is_shown = true;
        // Meanwhile the ledger grows.
        scene
            .claim(&scene.two, "a2", "ui", "src/ui/**")
            .go()
            .succeeded();
        for at in 0..17 {
            let add = ["claim", "ui", "--add", &format!("docs/{at}/**")];
            let add = scene.fleet.on(&scene.two, &add);
            add.agent("a2").go().succeeded();
        }
        assert_ne!(scene.announced(), "");
        scene.arm();
        let add = ["claim", "ui", "--add", "docs/last/**"];
        let add = scene.fleet.on(&scene.two, &add);
        add.agent("a2").go().succeeded();
        assert_eq!(scene.announced(), "");
        assert_eq!(scene.decided(), 0);
        // Who comes back is told by its own request.
        mine().go().succeeded();
        assert_eq!((scene.fleet.claims(), scene.decided()), (2, 0));
        killed
    });
    assert!(is_shown);
}

#[test]
fn what_is_too_large_is_not_read() {
    let scene = Scene::new();
    let git = |args: &[&str]| {
        let text = scene.fleet.sandbox.git_in(&scene.fleet.remote, args);
        text.trim().to_owned()
    };
    let ledger = git(&["rev-parse", "refs/stream/ledger"]);
    for (name, padding) in [("small", 1 << 10), ("large", 1 << 21)] {
        let body = format!("{{\"format\":1,\"since\":\"{ledger}\",\"requests\":[]}}");
        let file = scene.fleet.remote.join("body");
        std::fs::write(&file, body + &" ".repeat(padding)).unwrap();
        let blob = git(&["hash-object", "-w", "body"]);
        std::fs::write(&file, format!("100644 blob {blob}\trequests.json\n")).unwrap();
        let index = scene.fleet.remote.join("body.index");
        let git_index = |args: &[&str]| {
            let call = scene.fleet.sandbox.program("git", args.to_vec());
            let ran = call
                .in_dir(&scene.fleet.remote)
                .env("GIT_INDEX_FILE", &index)
                .go();
            ran.succeeded();
            ran.stdout().trim().to_owned()
        };
        let info = format!("100644,{blob},requests.json");
        git_index(&["update-index", "--add", "--cacheinfo", &info]);
        let tree = git_index(&["write-tree"]);
        let commit = git_index(&["commit-tree", "-m", "Announced", &tree]);
        git(&["update-ref", &format!("refs/stream/inbox/{name}"), &commit]);
    }
    scene.arm();
    let claim = scene.claim(&scene.one, "a1", "api", "src/api/**");
    claim.go().succeeded();
    let left = scene.announced();
    assert!(left.contains("inbox/large"), "{left}");
    assert!(!left.contains("inbox/small"), "{left}");
}
