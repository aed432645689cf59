//! What becomes of a landing where something behaves badly?

use std::fs;

use super::{ArgJson as _, FAST, Scene, claim, commit_in};
use crate::support::race;

/// A check that does not end is ended, with all that it has started.
#[test]
fn a_check_that_hangs_is_ended_with_what_it_forked() {
    let check = "sleep 600 & echo $! >\"$TMPDIR/forked\"; sleep 600";
    let scene = Scene::new(&format!("[land]\ncheck = '{check}'\ntimeout = '1s'"));
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let main = scene.main();
    let answer = scene.land().arg_json();
    assert_eq!(answer["check"]["ending"], "timed-out");
    assert_eq!(answer["outcome"], "refused");
    scene.assert_unmoved(&main);
    let forked = fs::read_to_string(scene.sandbox.root().join("tmp/forked")).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", forked.trim())).unwrap_or_default();
    assert!(
        state.is_empty() || state.contains(") Z "),
        "still running: {state}"
    );
}

#[test]
fn a_check_that_ends_leaves_nothing_running_behind() {
    let check = "sleep 600 & echo $! >\"$TMPDIR/forked\"";
    let scene = Scene::new(&format!("[land]\ncheck = '{check}'"));
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    let forked = fs::read_to_string(scene.sandbox.root().join("tmp/forked")).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", forked.trim())).unwrap_or_default();
    assert!(
        state.is_empty() || state.contains(") Z "),
        "still running: {state}"
    );
}

#[test]
fn a_check_that_is_killed_has_not_passed() {
    let scene = Scene::new("[land]\ncheck = 'kill -KILL $$'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let main = scene.main();
    let answer = scene.land().arg_json();
    assert_eq!(answer["check"]["ending"], "killed");
    assert_eq!(answer["check"]["status"], 137);
    scene.assert_unmoved(&main);
}

#[test]
fn a_check_that_prints_without_end_is_ended() {
    let scene = Scene::new("[land]\ncheck = 'yes'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let main = scene.main();
    let answer = scene.land().arg_json();
    assert_eq!(answer["check"]["ending"], "too-much-output");
    scene.assert_unmoved(&main);
}

/// What lands was made in memory before the check began.
#[test]
fn a_check_that_writes_everywhere_changes_nothing_of_what_lands() {
    let api = "../api/src/api/lib.rs";
    let check = format!(
        "echo bad >src/ui/app.js; echo bad >src/api/lib.rs; echo bad >new; git add --all; \
         git -c core.hooksPath=/dev/null commit --quiet -m bad; git branch --force bad HEAD; \
         echo bad >{api}; echo bad >../../repo/docs/guide.md"
    );
    let scene = Scene::new(&format!("[land]\ncheck = '''{check}'''"));
    let tip = scene.work("Answer faster", "src/api/lib.rs", FAST);
    let answer = scene.land().arg_json();
    assert_eq!(answer["outcome"], "landed");
    assert_eq!(scene.main(), tip);
    assert_eq!(scene.sandbox.git(&["show", "main:src/api/lib.rs"]), FAST);
    // What it wrote into the stream's worktree is somebody's by now, and stays.
    assert!(scene.api.exists());
    // The next landing finds a clean place.
    let ui = claim(&scene.sandbox, "ui", "a2");
    commit_in(&scene.sandbox, &ui, "Title", "src/ui/app.js", "title\n");
    scene
        .sandbox
        .run(["land", "ui"])
        .agent("a2")
        .go()
        .succeeded();
    assert_eq!(
        scene.sandbox.git(&["show", "main:src/ui/app.js"]),
        "title\n"
    );
    assert!(!scene.log("%s").contains("bad"));
}

/// A file that an earlier check has left must not make the next one pass.
#[test]
fn a_check_finds_nothing_of_an_earlier_one_but_what_is_ignored() {
    let check = "test ! -e left && touch left && test -e cache/warm || { mkdir -p cache; touch cache/warm left; exit 1; }";
    let scene = Scene::new(&format!("[land]\ncheck = '''{check}'''"));
    scene.base("Ignore", ".gitignore", "cache/\n");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    assert_eq!(scene.land().status(), 1, "the cache is cold");
    scene.land().go().succeeded();
}

#[test]
fn a_stream_whose_worktree_is_gone_lands_what_was_committed() {
    let scene = Scene::new("");
    let tip = scene.work("Answer faster", "src/api/lib.rs", FAST);
    fs::remove_dir_all(&scene.api).unwrap();
    let answer = scene.land().arg_json();
    assert_eq!(answer["outcome"], "landed", "{answer}");
    assert_eq!(scene.main(), tip);
}

#[test]
fn a_rebase_that_is_going_on_comes_first() {
    let scene = Scene::new("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.base(
        "Slower",
        "src/api/lib.rs",
        "pub fn answer() -> u8 {\n    41\n}\n",
    );
    let main = scene.main();
    let rebase = scene
        .sandbox
        .program("git", ["rebase", "main"])
        .in_dir(&scene.api);
    assert_eq!(rebase.status(), 1);
    let answer = scene.land().arg_json();
    assert_eq!(
        (&answer["outcome"], &answer["cause"]),
        (&"refused".into(), &"unfinished".into())
    );
    scene.assert_unmoved(&main);
}

#[test]
fn a_base_that_was_rewritten_or_deleted_is_a_question() {
    let scene = Scene::new("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.sandbox.git(&["branch", "--force", "main", "main~1"]);
    let answer = scene.land().arg_json();
    assert_eq!(answer["escalation"]["kind"], "base-moved", "{answer}");
    scene.sandbox.git(&["branch", "-D", "main"]);
    let answer = scene.land().arg_json();
    assert_eq!(answer["outcome"], "stopped");
    assert_eq!(scene.sandbox.git(&["branch", "--list", "main"]), "");
}

/// Whoever wants pull requests has not agreed to a push.
#[test]
fn a_plan_that_wants_pull_requests_is_not_answered_by_a_push() {
    let scene = Scene::new("[land]\nthrough = 'pr'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let main = scene.main();
    let complete = ["progress", "api", "--complete"];
    scene.sandbox.run(complete).agent("a1").go().succeeded();
    for words in [
        &["land", "api"][..],
        &["land", "api", "-n"],
        &["land", "--all"],
    ] {
        let ran = scene.sandbox.run(words).agent("a1").go();
        assert_eq!(ran.status(), 1, "{}", ran.block());
        assert!(ran.stderr().contains("by pull request"), "{}", ran.block());
    }
    scene.assert_unmoved(&main);
}

#[test]
fn what_a_stream_depends_on_comes_first() {
    let scene = Scene::checked_out("");
    let plan = fs::read_to_string(scene.sandbox.repo().join("streams.toml")).unwrap();
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let plan = plan.replace("['src/api/**']", "['src/api/**']\ndependencies = ['ui']");
    scene.sandbox.commit("Plan", &[("streams.toml", &plan)]);
    let main = scene.main();
    let ran = scene.land().go();
    assert_eq!(ran.status(), 4, "{}", ran.block());
    scene.assert_unmoved(&main);
}

/// Only one of two gets it; the other hears that it is being landed, or that it has.
#[test]
fn two_landings_of_one_stream_land_it_once() {
    let scene = Scene::new("[land]\ncheck = 'true'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.base("Another title", "src/ui/app.js", "newer\n");
    let answers = race((0..4).map(|_| scene.land()).collect());
    for ran in &answers {
        assert!([0, 4].contains(&ran.status()), "{}", ran.block());
    }
    let landed = answers
        .iter()
        .filter(|ran| ran.stdout().starts_with("landed "));
    assert_eq!(landed.count(), 1);
    assert_eq!(scene.log("%s").matches("Answer faster").count(), 1);
}

#[test]
fn a_commit_made_while_the_check_runs_stays_for_the_next_round() {
    let commit = "git -C ../api -c core.hooksPath=/dev/null commit --quiet --allow-empty -m Later";
    let scene = Scene::new(&format!("[land]\ncheck = '{commit}'"));
    let tip = scene.work("Answer faster", "src/api/lib.rs", FAST);
    let answer = scene.land().arg_json();
    assert_eq!(answer["outcome"], "landed");
    assert_eq!(answer["unlanded"], 1);
    assert_eq!(scene.main(), tip);
    assert!(scene.api.exists());
    assert!(scene.ledger("streams/api.toml").contains("round = 2"));
    assert!(
        scene
            .ledger("streams/api.toml")
            .contains("state = \"in-progress\"")
    );
}

/// Moves the base to a commit with another tree, each time it runs.
const MOVE: &str = "n=$(cat \"$TMPDIR/n\" 2>/dev/null || echo 0); n=$((n+1)); \
    echo $n >\"$TMPDIR/n\"; blob=$(echo $n | git hash-object -w --stdin); \
    tree=$({ git ls-tree main | grep -v moved; printf \"100644 blob $blob\\tmoved\\n\"; } \
    | git mktree); git update-ref refs/heads/main $(git commit-tree -p main -m Meanwhile $tree)";

#[test]
fn a_base_that_moves_while_the_check_runs_is_checked_again() {
    // The first check moves the base; the second finds that done.
    let check = format!("test -e \"$TMPDIR/n\" || {{ {MOVE}; }}; git log -1 --format=%H");
    let scene = Scene::new(&format!("[land]\ncheck = '''{check}'''"));
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let answer = scene.land().arg_json();
    assert_eq!(answer["outcome"], "landed", "{answer}");
    let log = fs::read_to_string(answer["check"]["log"].as_str().unwrap()).unwrap();
    assert_eq!(
        log.trim(),
        scene.main(),
        "what landed is what was checked last"
    );
    assert_eq!(scene.log("%s"), "Answer faster\nMeanwhile\nPlan\nBegin\n");
}

#[test]
fn a_base_that_never_rests_ends_the_landing() {
    let scene = Scene::new(&format!("[land]\ncheck = '''{MOVE}'''"));
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let ran = scene.land().go();
    assert_eq!(ran.status(), 4, "{}", ran.block());
    let checks = fs::read_to_string(scene.sandbox.root().join("tmp/n")).unwrap();
    assert_eq!(checks, "5\n");
    assert!(!scene.log("%s").contains("Answer faster"));
}
