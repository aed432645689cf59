//! What does `git stream doctor` do on a new machine, and what does it say of the remote?

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::fleet::Fleet;
use crate::support::Ran;

/// Awake for a day and an hour more.
const CLOCKS: (&str, &str) = ("GIT_STREAM_TEST_CLOCKS", "0 90000");

struct Scene {
    fleet: Fleet,
    lost: PathBuf,
    new: PathBuf,
}

impl Scene {
    /// a1 and the person hold a stream each on a machine that is lost.
    fn new() -> Scene {
        let fleet = Fleet::new();
        let lost = fleet.ready_machine("lost");
        let claim = |name: &str| {
            let files = format!("src/{name}/**");
            fleet.on(&lost, &["claim", name, "--files", &files])
        };
        claim("api").agent("a1").go().succeeded();
        claim("ui").go().succeeded();
        let new = fleet.machine("new");
        Scene { fleet, lost, new }
    }

    fn doctor(&self, words: &[&str], agent: Option<&str>) -> Ran {
        let call = self
            .fleet
            .on(&self.new, &[&["doctor", "--json"], words].concat());
        match agent {
            Some(agent) => call.agent(agent).go(),
            None => call.go(),
        }
    }

    fn has(&self, stream: &str) -> bool {
        self.fleet
            .sandbox
            .root()
            .join("new.streams")
            .join(stream)
            .join("src")
            .exists()
    }
}

fn outcomes(answer: &Value) -> Vec<String> {
    let all = match answer.get("examinations") {
        Some(all) => all,
        None => &answer["error"]["evidence"]["examinations"],
    };
    let findings = all.as_array().unwrap().iter();
    let findings = findings.flat_map(|one| one["findings"].as_array().unwrap());
    let words = findings.map(|one| {
        let stream = one["stream"].as_str().unwrap_or_default();
        let done = if one["mended"].is_string() {
            "mended"
        } else {
            "left"
        };
        format!("{} {stream} {done}", one["kind"].as_str().unwrap())
    });
    words.collect()
}

#[test]
fn a_fresh_clone_joins_the_ledger_and_is_told_what_is_held_elsewhere() {
    let scene = Scene::new();
    let before = scene.doctor(&[], None);
    assert_eq!(before.status(), 5, "{}", before.block());
    let joined = scene.doctor(&["--repair"], None);
    assert_eq!(joined.status(), 0, "{}", joined.block());
    let notes = joined.stdout();
    assert!(notes.contains("ui is yours"), "{notes}");
    assert!(!notes.contains("api is yours"), "{notes}");
    assert!(!scene.has("ui") && !scene.has("api"));
}

#[test]
fn a_person_who_says_that_the_machine_is_gone_goes_on_in_the_new_clone() {
    let scene = Scene::new();
    let moved = scene.doctor(&["--repair", "--reason", "the disk is dead"], None);
    assert_eq!(moved.status(), 0, "{}", moved.block());
    let done = outcomes(&moved.json());
    assert!(
        done.contains(&"lease-over ui mended".to_owned()),
        "{done:?}"
    );
    assert!(scene.has("ui") && !scene.has("api"));
    let status = scene.fleet.on(&scene.new, &["status", "--json"]).json();
    let streams = status["streams"].as_array().unwrap();
    let ui = streams.iter().find(|one| one["name"] == "ui").unwrap();
    assert_eq!(ui["epoch"], 2);
    // Whoever comes back on the old machine is told.
    let refused = scene.fleet.on(&scene.lost, &["release", "ui"]).go();
    assert_eq!(refused.status(), 1, "{}", refused.block());
}

#[test]
fn an_agent_waits_for_its_lease_whatever_it_says() {
    let scene = Scene::new();
    scene.doctor(&["--repair"], Some("a1")).succeeded();
    let refused = scene.doctor(&["--repair", "--reason", "I am sure"], Some("a1"));
    assert_eq!(refused.status(), 1, "{}", refused.block());
    assert_eq!(outcomes(&refused.json()), ["lease-over api left"]);
    assert!(!scene.has("api"));
    let call = scene
        .fleet
        .on(&scene.new, &["doctor", "--repair", "--json"]);
    let moved = call.agent("a1").env(CLOCKS.0, CLOCKS.1).go();
    let done = outcomes(&moved.json());
    assert!(
        done.contains(&"lease-over api mended".to_owned()),
        "{}",
        moved.block()
    );
    // What another holds is that one's, however silent.
    assert!(done.contains(&"lease-over ui left".to_owned()), "{done:?}");
    assert!(scene.has("api") && !scene.has("ui"));
}

#[test]
fn a_remote_that_is_away_lost_the_ledger_or_rewound_it_is_named() {
    let scene = Scene::new();
    scene.doctor(&["--repair"], None).succeeded();
    let kinds = |scene: &Scene| outcomes(&scene.doctor(&[], None).json());
    assert!(kinds(&scene).is_empty());
    let remote: &Path = &scene.fleet.remote;
    let git = |args: &[&str]| scene.fleet.sandbox.git_in(remote, args);
    let tip = git(&["rev-parse", "refs/stream/ledger"]);
    git(&["update-ref", "refs/stream/ledger", "refs/stream/ledger~1"]);
    assert_eq!(kinds(&scene), ["ledger-rewound  left"]);
    git(&["update-ref", "-d", "refs/stream/ledger"]);
    assert_eq!(kinds(&scene), ["ledger-gone  left"]);
    git(&["update-ref", "refs/stream/ledger", tip.trim()]);
    git(&["config", "receive.advertiseAtomic", "false"]);
    assert_eq!(kinds(&scene), ["remote-not-atomic  left"]);
    fs::rename(remote, remote.with_extension("away")).unwrap();
    let silent = scene.doctor(&[], None);
    assert_eq!(silent.status(), 1, "{}", silent.block());
    assert_eq!(outcomes(&silent.json()), ["remote-silent  left"]);
}
