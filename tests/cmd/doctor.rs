//! How does `git stream doctor` behave?

mod compact;
mod mends;
mod power;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Call, Fingerprint, Sandbox, assert_sound, for_every_git_call};

/// A repository in which a1 holds `api` and has committed.
struct Scene {
    sandbox: Sandbox,
    worktree: PathBuf,
}

impl Scene {
    fn new() -> Scene {
        let sandbox = Sandbox::new();
        sandbox.run(["init", "--private"]).go().succeeded();
        sandbox
            .run(["claim", "api", "--files", "src/api/**"])
            .agent("a1")
            .go()
            .succeeded();
        let worktree = sandbox.root().join("repo.streams/api");
        sandbox.write(worktree.join("src/api/new.rs"), "// new\n");
        sandbox.git_in(&worktree, &["add", "."]);
        sandbox.git_in(&worktree, &["commit", "--quiet", "-m", "Work"]);
        Scene { sandbox, worktree }
    }

    fn doctor(&self, words: &[&str]) -> Call {
        self.sandbox.run([&["doctor"], words].concat())
    }

    /// What it says, whichever git is installed.
    fn says(&self, words: &[&str]) -> String {
        let block = self.doctor(words).block();
        let version = self.sandbox.git(&["version"]);
        let version = version.trim_start_matches("git version ");
        let number: String = version
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        block.replace(number.trim_end_matches('.'), "$GIT")
    }

    /// The kinds of what is found, with what was done about each.
    #[track_caller]
    fn found(&self, words: &[&str]) -> Vec<String> {
        let answer = self.doctor(&[&["--json"], words].concat()).json();
        found(&answer)
    }

    /// Refs, worktrees and which of them the hooks are active in.
    fn traces(&self) -> [String; 3] {
        let included = self.sandbox.repo().join(".git/git-stream.config");
        [
            self.sandbox.git(&["for-each-ref"]),
            self.sandbox.git(&["worktree", "list", "--porcelain"]),
            fs::read_to_string(included).unwrap(),
        ]
    }

    fn hook(&self, name: &str) -> PathBuf {
        self.sandbox.repo().join(".git/git-stream/hooks").join(name)
    }

    fn tip(&self) -> String {
        self.sandbox.git(&["rev-parse", "stream/api"])
    }

    #[track_caller]
    fn is_well(&self) {
        let well = self.doctor(&[]).go();
        assert_eq!(well.status(), 0, "{}", well.block());
        assert_sound(&self.sandbox, &self.sandbox.repo());
    }
}

fn found(answer: &Value) -> Vec<String> {
    let all = match answer.get("examinations") {
        Some(all) => all,
        None => &answer["error"]["evidence"]["examinations"],
    };
    let findings = all.as_array().unwrap().iter();
    let findings = findings.flat_map(|one| one["findings"].as_array().unwrap());
    let words = findings.map(|one| {
        let kind = one["kind"].as_str().unwrap();
        match (one["mended"].as_str(), one["failed"].as_str()) {
            (Some(_), _) => format!("{kind}, mended"),
            (_, Some(_)) => format!("{kind}, not mended"),
            _ => kind.to_owned(),
        }
    });
    words.collect()
}

#[test]
fn all_is_well_in_one_line_each() {
    let scene = Scene::new();
    assert_snapshot!(scene.says(&[]), @"
    $ git stream doctor
    ok       programs    git $GIT
    ok       locks       none was left behind
    ok       storage     no empty ref or object; 2 indexes can be read
    ok       ledger      1 stream held
    ok       operations  none was cut off
    ok       branches    1 branch of streams
    ok       worktrees   1 worktree of claims of this machine
    ok       hooks       as we write them, active in 1 worktree
    ok       guard       6 violations refused, and what is a stream's own went through
    ok       leases      nothing is held on another machine
    skipped  remote      the ledger is of this repository alone
    ok       plan        $ROOT/repo/.git/git-stream/streams.toml, 0 streams
    [status 0]
    ");
}

#[test]
fn what_is_not_set_up_is_not_usable() {
    let sandbox = Sandbox::new();
    let refused = sandbox.run(["doctor", "--json"]).go();
    assert_eq!(refused.status(), 5, "{}", refused.block());
    assert_eq!(refused.json()["error"]["kind"], "broken");
    assert_eq!(found(&refused.json()), ["not-set-up"]);
    // That is for a person to begin.
    let refused = sandbox.run(["doctor", "--repair"]).go();
    assert_eq!(refused.status(), 5, "{}", refused.block());
}

#[test]
fn nothing_of_what_is_tried_stays() {
    let scene = Scene::new();
    let (traces, ledger) = (
        scene.traces(),
        scene.sandbox.git(&["log", "refs/stream/ledger"]),
    );
    scene.is_well();
    assert_eq!(scene.traces(), traces);
    assert_eq!(scene.sandbox.git(&["log", "refs/stream/ledger"]), ledger);
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
}

#[test]
fn a_doctor_that_dies_leaves_nothing_behind_the_next_one() {
    let scene = Scene::new();
    let traces = scene.traces();
    let calls = for_every_git_call(|kill| {
        let killed = scene.doctor(&[]).killed_at(kill).go().was_killed();
        scene.is_well();
        assert_eq!(scene.traces(), traces, "{kill:?}");
        killed
    });
    assert!(calls > 20, "{calls}");
}

#[test]
fn a_dry_run_changes_nothing_at_all() {
    let scene = Scene::new();
    fs::remove_file(scene.hook("pre-push")).unwrap();
    let all = [scene.sandbox.repo(), scene.worktree.clone()];
    let before = Fingerprint::of_paths(&scene.sandbox, &all);
    let answer = scene.doctor(&["--dry-run", "--repair", "--json"]).go();
    assert_eq!(answer.status(), 1, "{}", answer.block());
    assert_eq!(found(&answer.json()), ["hooks"]);
    before.assert_same(&Fingerprint::of_paths(&scene.sandbox, &all));
}

#[test]
fn each_layer_that_is_off_is_found_by_trying_it() {
    let passes = "#!/bin/sh\n# git stream: not any more\nexit 0\n";
    let cases: [(&[&str], &[&str]); 4] = [
        (
            &["pre-commit", "prepare-commit-msg"],
            &["git commit", "git commit --no-verify"],
        ),
        (&["prepare-commit-msg"], &["git commit --no-verify"]),
        (&["pre-applypatch"], &["git am"]),
        (&["pre-push"], &["git push"]),
    ];
    for (hooks, ways) in cases {
        let scene = Scene::new();
        for hook in hooks {
            scene.sandbox.script(scene.hook(hook), passes);
        }
        let answer = scene.doctor(&["--json"]).go();
        assert_eq!(answer.status(), 1, "{}", answer.block());
        let answer = answer.json();
        let all = answer["examinations"].as_array().unwrap();
        let guard = all.iter().find(|one| one["name"] == "guard").unwrap();
        let through: Vec<&str> = guard["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["message"].as_str().unwrap())
            .map(|message| message.rsplit(": ").next().unwrap())
            .collect();
        for way in ways {
            assert!(through.contains(way), "{hooks:?}: {through:?}");
        }
        // Put back before it is tried again.
        let mended = scene.doctor(&["--repair"]).go();
        assert_eq!(mended.status(), 0, "{}", mended.block());
        scene.is_well();
    }
}

#[test]
fn the_strict_layer_is_tried_where_it_is_asked_for() {
    let scene = Scene::new();
    scene
        .sandbox
        .run(["init", "--private", "--strict"])
        .go()
        .succeeded();
    let notes = |scene: &Scene| {
        let answer = scene.doctor(&["--json"]).json();
        let all = answer["examinations"].as_array().unwrap().clone();
        let guard = all.into_iter().find(|one| one["name"] == "guard").unwrap();
        guard.to_string()
    };
    assert!(notes(&scene).contains("git update-ref of its branch"));
    scene.is_well();
    let passes = "#!/bin/sh\n# git stream: not any more\nexit 0\n";
    let traces = scene.traces();
    scene
        .sandbox
        .script(scene.hook("reference-transaction"), passes);
    assert!(notes(&scene).contains("goes through: git update-ref of its branch"));
    assert_eq!(scene.traces(), traces);
}

#[test]
fn the_users_own_hooks_do_not_run_where_the_guard_is_tried() {
    let scene = Scene::new();
    let ran = scene.sandbox.root().join("ran");
    let script = format!("#!/bin/sh\ntouch '{}'\nexit 1\n", ran.display());
    for hook in ["pre-commit", "commit-msg", "pre-push", "post-checkout"] {
        let path = scene.sandbox.repo().join(".git/hooks").join(hook);
        scene.sandbox.script(path, &script);
    }
    scene.sandbox.run(["init", "--private"]).go().succeeded();
    scene.is_well();
    assert!(!ran.exists());
}

#[test]
fn a_claim_of_the_probe_counts_in_no_other_worktree() {
    let scene = Scene::new();
    let admin = scene.sandbox.repo().join(".git/worktrees/api");
    fs::write(admin.join("git-stream-probe"), "**\n").unwrap();
    scene
        .sandbox
        .write(scene.worktree.join("README.md"), "mine\n");
    let refused = scene
        .sandbox
        .program("git", ["commit", "-am", "Outside"])
        .in_dir(&scene.worktree)
        .go();
    assert_eq!(refused.status(), 1, "{}", refused.block());
    // Nor below the private directory, for a stream that the ledger knows.
    let scratch = scene.sandbox.repo().join(".git/git-stream/scratch/by-hand");
    let add = [
        "worktree",
        "add",
        "--quiet",
        "--detach",
        scratch.to_str().unwrap(),
    ];
    scene.sandbox.git(&add);
    let admin = scene.sandbox.repo().join(".git/worktrees/by-hand");
    fs::write(admin.join("git-stream-probe"), "**\n").unwrap();
    fs::write(admin.join("git-stream-name"), "api\n").unwrap();
    scene.sandbox.write(scratch.join("README.md"), "mine\n");
    let refused = scene
        .sandbox
        .run(["guard", "pre-commit"])
        .in_dir(&scratch)
        .go();
    assert_ne!(refused.status(), 0, "{}", refused.block());
}

#[test]
fn it_says_what_it_can_from_a_worktree_and_without_the_right_to_write() {
    let scene = Scene::new();
    let well = scene.doctor(&[]).in_dir(&scene.worktree).agent("a1").go();
    assert_eq!(well.status(), 0, "{}", well.block());
    // Whoever may write everything is told nothing else.
    let scratch = scene.sandbox.repo().join(".git/git-stream/scratch");
    drop(fs::remove_dir_all(&scratch));
    fs::write(&scratch, "in the way").unwrap();
    let answer = scene.doctor(&["--json"]).go();
    assert_eq!(answer.status(), 0, "{}", answer.block());
    let verdicts: BTreeMap<String, String> = answer.json()["examinations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap().to_owned(),
                one["verdict"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(verdicts["guard"], "skipped");
    assert_eq!(verdicts["hooks"], "ok");
}
