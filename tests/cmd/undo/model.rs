//! Does an undo, after whatever has happened, bring back what was before it, and is nothing lost?
//!
//! Random verbs, and after each that changed something an undo now and then: branches, files and
//! record must be what they were. Every commit that ever was on a branch is led to by some ref.

use std::collections::BTreeSet;

use super::Scene;

/// How many runs; `GIT_STREAM_TEST_RUNS` sets another number.
fn runs() -> u64 {
    std::env::var("GIT_STREAM_TEST_RUNS").map_or(2, |number| number.parse().unwrap())
}

/// A small generator: the same numbers in every run of the tests.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Everything that an undo has to bring back.
fn picture(scene: &Scene) -> (Option<crate::support::Fingerprint>, String) {
    let is_there = scene.api.exists();
    let files = is_there.then(|| {
        let paths = [scene.api.clone()];
        crate::support::Fingerprint::of_paths(&scene.sandbox, &paths)
    });
    (files, format!("{}\n{}", scene.branches(), scene.record()))
}

fn step(scene: &Scene, chance: &mut Chance, at: u64) -> bool {
    let is_there = scene.api.exists();
    match chance.below(8) {
        0 | 1 if is_there => {
            scene.work(&format!("work {at}\n"));
            false
        }
        2 if is_there => {
            scene.write(&format!("{at}.log"), "log\n");
            false
        }
        3 => {
            let text = format!("base {at}\n");
            scene.sandbox.commit("Base", &[("README.md", &text)]);
            false
        }
        4 => scene.run(&["release", "api"]).status() == 0,
        5 => scene.claim().status() == 0,
        6 if is_there => {
            let to = ["undo", "api", "--to", "stream/api~1"];
            scene.run(&to).status() == 0
        }
        _ => scene.run(&["sync", "api"]).status() == 0,
    }
}

#[test]
fn what_an_undo_brings_back_is_what_was_there() {
    let (mut undone, mut steps) = (0, 0);
    for run in 0..runs() {
        let scene = Scene::new();
        let mut chance = Chance(run.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
        let mut tips = BTreeSet::new();
        for at in 0..14 {
            let (before, ledger) = (picture(&scene), scene.last_op());
            let is_operation = step(&scene, &mut chance, at);
            steps += 1;
            tips.extend(
                scene
                    .branches()
                    .lines()
                    .map(|line| line.split(' ').next_back().unwrap().to_owned()),
            );
            let has_changed = is_operation && picture(&scene).1 != before.1;
            if has_changed && scene.last_op() != ledger && chance.below(3) > 0 {
                let ran = scene.undo().go();
                assert_eq!(ran.status(), 0, "run {run}, step {at}: {}", ran.block());
                let after = picture(&scene);
                assert_eq!(after.1, before.1, "run {run}, step {at}: {}", ran.block());
                match (&before.0, &after.0) {
                    (Some(before), Some(after)) => before.assert_same(after),
                    (before, after) => assert_eq!(before, after, "run {run}, step {at}"),
                }
                undone += 1;
            }
        }
        for tip in &tips {
            let refs = ["for-each-ref", "--contains", tip, "--format=%(refname)"];
            assert_ne!(scene.sandbox.git(&refs), "", "run {run}: {tip} is lost");
        }
        crate::support::assert_sound(&scene.sandbox, &scene.sandbox.repo());
    }
    assert!(undone * 10 > steps, "only {undone} undos in {steps} steps");
}
