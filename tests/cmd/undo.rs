//! `git stream undo`: what goes back, what is refused, and what it leaves behind.

mod killed;
mod model;
mod roll;

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use crate::support::{Call, Fingerprint, Ran, Sandbox, assert_sound, race};

const LIB: &str = "src/api/lib.rs";

/// A repository in which `a1` holds `api`, which owns `src/api/**`.
struct Scene {
    sandbox: Sandbox,
    api: PathBuf,
}

impl Scene {
    fn new() -> Scene {
        let sandbox = Sandbox::new();
        sandbox.commit("Ignore", &[(".gitignore", "*.log\nmodules/\n")]);
        let api = sandbox.root().join("repo.streams/api");
        let scene = Scene { sandbox, api };
        scene.claim().go().succeeded();
        scene
    }

    fn run(&self, words: &[&str]) -> Call {
        self.sandbox.run(words).agent("a1")
    }

    fn claim(&self) -> Call {
        self.run(&["claim", "api", "--files", "src/api/**"])
    }

    fn undo(&self) -> Call {
        self.run(&["undo"])
    }

    fn write(&self, path: &str, text: &str) {
        self.sandbox.write(self.api.join(path), text);
    }

    fn git(&self, args: &[&str]) -> String {
        self.sandbox.git_in(&self.api, args)
    }

    fn work(&self, text: &str) -> String {
        self.write(LIB, text);
        self.git(&["commit", "--quiet", "-a", "-m", text]);
        self.tip()
    }

    fn base(&self) {
        self.sandbox.commit("Base", &[("README.md", "more\n")]);
    }

    fn tip(&self) -> String {
        self.sandbox
            .git(&["rev-parse", "stream/api"])
            .trim()
            .to_owned()
    }

    fn record(&self) -> String {
        let file = "refs/stream/ledger:streams/api.toml";
        let text = self.sandbox.git(&["show", file]);
        let grows = |line: &&str| {
            let grows = ["epoch", "taken", "renewed"];
            !grows.iter().any(|key| line.starts_with(key))
        };
        text.lines().filter(grows).collect::<Vec<_>>().join("\n")
    }

    /// Files, branch and record; what only says when something was looked at does not count.
    fn everything(&self) -> (Fingerprint, String) {
        let files = Fingerprint::of_paths(&self.sandbox, std::slice::from_ref(&self.api));
        (files, format!("{}\n{}", self.branches(), self.record()))
    }

    fn branches(&self) -> String {
        let refs = [
            "for-each-ref",
            "--format=%(refname) %(objectname)",
            "refs/heads",
        ];
        self.sandbox.git(&refs)
    }

    #[track_caller]
    fn assert_as(&self, before: &(Fingerprint, String)) {
        let now = self.everything();
        before.0.assert_same(&now.0);
        assert_eq!(before.1, now.1);
        assert_sound(&self.sandbox, &self.sandbox.repo());
        assert_sound(&self.sandbox, &self.api);
    }

    fn last_op(&self) -> String {
        let format = "--format=%(trailers:key=Op,valueonly)";
        let op = self
            .sandbox
            .git(&["log", "-1", format, "refs/stream/ledger"]);
        op.trim().to_owned()
    }
}

#[test]
fn a_claim_is_given_back() {
    let scene = Scene::new();
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    assert_snapshot!(scene.run(&["undo", "-n"]).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo -n
    --- stderr ---
    a1 would take back claim: 'claim api: a1 takes src/api/**'
    stream/api: gone, it was at $oid1
    api would be unclaimed
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    a1 takes back claim: 'claim api: a1 takes src/api/**'
    stream/api: gone, it was at $oid1
    api is unclaimed
    hint: Take that back, too, with `git stream undo`.
    [status 0]
    ");
    assert!(!scene.api.exists());
    assert_eq!(scene.sandbox.git(&["branch", "--list", "stream/*"]), "");
    assert_snapshot!(scene.record(), @r#"
    state = "unclaimed"
    round = 1
    "#);
    assert_snapshot!(scene.run(&["log"]).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream log
    $OP  2026-01-02 03:04  a1  api  undo: takes back claim $OP
    $OP  2026-01-02 03:04  a1  api  claim: takes src/api/** (taken back)
    $OP  2026-01-02 03:04  a1       base: main: set up, at $oid1
    [status 0]
    ");
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
}

#[test]
fn commits_made_since_a_claim_are_kept_on_the_branch() {
    let scene = Scene::new();
    let tip = scene.work("one");
    scene.undo().go().succeeded();
    assert!(!scene.api.exists());
    assert_eq!(scene.tip(), tip);
    scene.claim().go().succeeded();
    assert_eq!(scene.tip(), tip);
    scene.undo().go().succeeded();
    assert_eq!(scene.tip(), tip, "it was there before that claim");
}

#[test]
fn a_claim_that_adopted_work_takes_its_branch_away_and_keeps_the_work() {
    let scene = Scene::new();
    scene.sandbox.git(&["checkout", "--quiet", "-b", "idea"]);
    let idea = scene
        .sandbox
        .commit("Idea", &[("src/ui/app.js", "better\n")]);
    scene.sandbox.git(&["checkout", "--quiet", "main"]);
    let claim = ["claim", "ui", "--files", "src/ui/**", "--from", "idea"];
    scene.run(&claim).go().succeeded();
    scene.sandbox.git(&["branch", "--quiet", "-D", "idea"]);
    scene.undo().go().succeeded();
    assert_eq!(scene.sandbox.git(&["branch", "--list", "stream/ui"]), "");
    let kept = [
        "for-each-ref",
        "--format=%(objectname)",
        "refs/stream/kept/ui",
    ];
    assert_eq!(scene.sandbox.git(&kept).trim(), idea);
    scene.undo().go().succeeded();
    assert_eq!(scene.sandbox.git(&["rev-parse", "stream/ui"]).trim(), idea);
}

#[test]
fn a_release_is_taken_back_with_everything_in_the_worktree() {
    let scene = Scene::new();
    scene.work("one");
    scene.write("one.log", "1\n");
    scene.write("modules/two", "2\n");
    let before = scene.everything();
    scene.run(&["release", "api"]).go().succeeded();
    assert!(!scene.api.exists());
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    a1 takes back release: 'release api: a1 gives it back; kept at $oid1'
    '$ROOT/repo.streams/api' is there already, with what was left in it
    api is in-progress, in '$ROOT/repo.streams/api'
    hint: Take that back, too, with `git stream undo`.
    [status 0]
    ");
    scene.assert_as(&before);
    assert!(!scene.sandbox.repo().join(".git/git-stream/trash").exists());
    // The guard is there again, too.
    scene.write("README.md", "not its own\n");
    let commit = scene
        .sandbox
        .program("git", ["commit", "-a", "-m", "Out of scope"]);
    assert_eq!(commit.in_dir(&scene.api).status(), 1);
}

#[test]
fn a_release_that_left_the_worktree_where_it_was_is_taken_back_in_place() {
    let scene = Scene::new();
    scene.work("one");
    scene.write("src/api/draft", "draft\n");
    fs::remove_file(scene.api.join("docs/guide.md")).unwrap();
    let before = scene.everything();
    scene.run(&["release", "api"]).go().succeeded();
    scene.undo().go().succeeded();
    scene.assert_as(&before);
}

#[test]
fn a_release_after_a_landing_is_taken_back_with_the_branch() {
    let scene = Scene::new();
    scene.work("one");
    scene
        .sandbox
        .git(&["merge", "--quiet", "--no-ff", "-m", "Take", "stream/api"]);
    let before = scene.everything();
    let release = scene.run(&["release", "api", "--json"]).json();
    assert_eq!(release["state"], "landed");
    assert_eq!(scene.sandbox.git(&["branch", "--list", "stream/*"]), "");
    scene.undo().go().succeeded();
    scene.assert_as(&before);
}

#[test]
fn a_sync_is_taken_back_and_so_is_that() {
    let scene = Scene::new();
    let old = scene.work("one");
    scene.base();
    scene.write("docs/guide.md", "uncommitted\n");
    let before = scene.everything();
    scene.run(&["sync", "api"]).go().succeeded();
    let (after, new) = (scene.everything(), scene.tip());
    assert_ne!(old, new);
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    a1 takes back sync: 'sync api: 1 commit onto $oid1'
    stream/api: $oid2 to $oid3
    api is in-progress, in '$ROOT/repo.streams/api'
    hint: Take that back, too, with `git stream undo`.
    [status 0]
    ");
    scene.assert_as(&before);
    assert_snapshot!(scene.run(&["undo", "--json"]).block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream undo --json
    {"version":1,"outcome":"undone","stream":"api","undone":{"op":"$OP","verb":"undo","agent":"a1","event":"undo api: a1 takes back sync $OP"},"state":"in-progress","refs":[{"name":"refs/heads/stream/api","old":"$OID3","new":"$OID2"}],"worktree":"$ROOT/repo.streams/api","kept":null,"reasons":[],"trash":null,"notes":[],"dry_run":false}
    --- stderr ---
    a1 takes back undo: 'undo api: a1 takes back sync $OP'
    stream/api: $oid3 to $oid2
    api is in-progress, in '$ROOT/repo.streams/api'
    hint: Take that back, too, with `git stream undo`.
    [status 0]
    "#);
    scene.assert_as(&after);
    scene.undo().go().succeeded();
    scene.assert_as(&before);
    let kept = [
        "for-each-ref",
        "--format=%(objectname)",
        "refs/stream/kept/api",
    ];
    let kept = scene.sandbox.git(&kept);
    assert!(kept.contains(&old) && kept.contains(&new), "{kept}");
}

#[test]
fn what_was_taken_away_from_a_claim_comes_back_only_where_nobody_owns_it_by_now() {
    let scene = Scene::new();
    scene
        .run(&["claim", "api", "--add", "docs/**"])
        .go()
        .succeeded();
    scene.undo().go().succeeded();
    let other = ["claim", "docs", "--files", "docs/*.md"];
    let other = scene.sandbox.run(other).agent("a2");
    other.go().succeeded();
    let refused = scene.undo().go();
    assert_eq!(refused.status(), 4, "{}", refused.block());
    let release = scene.sandbox.run(["release", "docs"]).agent("a2");
    release.go().succeeded();
    scene.undo().go().succeeded();
    let files = scene.run(&["status", "api", "--json"]).json();
    assert_eq!(files["streams"][0]["files"][1], "docs/**");
}

/// A landing that was refused has done nothing, even if the stream was marked meanwhile.
#[test]
fn a_landing_that_came_to_nothing_is_passed_over() {
    let scene = Scene::new();
    scene.write("docs/guide.md", "trespass\n");
    scene.git(&["add", "."]);
    let commit = [
        "-c",
        "core.hooksPath=/dev/null",
        "commit",
        "-qm",
        "Trespass",
    ];
    scene.git(&commit);
    assert_eq!(scene.run(&["land", "api"]).status(), 1);
    let log = scene
        .sandbox
        .git(&["log", "--format=%s", "refs/stream/ledger"]);
    assert!(
        log.starts_with("land api: the operation came to nothing\ntaint api: "),
        "{log}"
    );
    let refused = scene.undo().go();
    assert_eq!(refused.status(), 4, "{}", refused.block());
    assert!(
        !refused.stderr().contains("land api"),
        "{}",
        refused.block()
    );
}

#[test]
fn what_was_added_to_a_claim_is_taken_away_unless_it_is_in_use() {
    let scene = Scene::new();
    let add = ["claim", "api", "--add", "docs/**"];
    let before = scene.everything();
    scene.run(&add).go().succeeded();
    scene.undo().go().succeeded();
    scene.assert_as(&before);
    scene.run(&add).go().succeeded();
    scene.write("docs/guide.md", "mine\n");
    scene.git(&["commit", "--quiet", "-a", "-m", "Docs"]);
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    error: commits of 'api' change what it would not own any more: 'docs/guide.md'
    hint: Nothing was changed. Leave these commits behind with `git stream undo api --to COMMIT`, or keep what is owned.
    [status 1]
    ");
}

#[test]
fn a_new_round_is_taken_back() {
    let scene = Scene::new();
    scene.work("one");
    scene
        .sandbox
        .git(&["merge", "--quiet", "--no-ff", "-m", "Take", "stream/api"]);
    scene.run(&["sync", "api"]).go().succeeded();
    let before = scene.everything();
    assert!(before.1.contains("state = \"landed\""), "{}", before.1);
    scene.claim().go().succeeded();
    assert!(scene.record().contains("round = 2"));
    scene.undo().go().succeeded();
    scene.assert_as(&before);
}

#[test]
fn what_came_later_is_named() {
    let scene = Scene::new();
    let claim = scene.last_op();
    scene.base();
    scene.run(&["sync", "api"]).go().succeeded();
    assert_snapshot!(scene.run(&["undo", "--op", &claim]).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo --op $OP
    --- stderr ---
    error: 'sync api: a1 begins' came later, and depends on it
    hint: Nothing was changed. Take that back first with `git stream undo --op $OP`.
    [status 1]
    ");
    let object = scene.run(&["undo", "--op", &claim, "--json"]).json();
    assert_eq!(object["evidence"]["cause"], "later");
    scene.undo().go().succeeded();
    // With that taken back, nothing depends on it any more.
    scene.run(&["undo", "--op", &claim]).go().succeeded();
    assert!(!scene.api.exists());
}

#[test]
fn commits_made_since_a_sync_are_in_its_way() {
    let scene = Scene::new();
    let old = scene.work("one");
    scene.base();
    scene.run(&["sync", "api"]).go().succeeded();
    scene.work("two");
    let before = scene.everything();
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    error: 1 commit was made on 'stream/api' since then
    hint: Nothing was changed. To leave these commits behind, too, kept under a name, use `git stream undo api --to $OID1`.
    [status 1]
    ");
    scene.assert_as(&before);
    scene.run(&["undo", "api", "--to", &old]).go().succeeded();
    assert_eq!(scene.tip(), old);
}

#[test]
fn uncommitted_work_is_never_overwritten() {
    let scene = Scene::new();
    scene.work("one");
    scene.base();
    scene.run(&["sync", "api"]).go().succeeded();
    scene.write("README.md", "mine\n");
    let before = scene.everything();
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    error: 'api' cannot be moved: uncommitted changes are where files would be rewritten: 'README.md'
    hint: Nothing was changed. Commit these files; `git -C $ROOT/repo.streams/api status` shows them.
    [status 1]
    ");
    assert_snapshot!(scene.run(&["undo", "-n"]).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo -n
    --- stderr ---
    error: 'api' cannot be moved: uncommitted changes are where files would be rewritten: 'README.md'
    hint: Nothing was changed. Commit these files; `git -C $ROOT/repo.streams/api status` shows them.
    [status 1]
    ");
    scene.assert_as(&before);
}

#[test]
fn a_stream_whose_paths_others_hold_by_now_is_not_taken_again() {
    let scene = Scene::new();
    scene.run(&["release", "api"]).go().succeeded();
    let other = ["claim", "lib", "--files", "src/api/lib.rs"];
    scene.sandbox.run(other).agent("a2").go().succeeded();
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    error: 'api' and 'lib', which a2 holds, would both own 'src/api/lib.rs'
    hint: Nothing was changed. Narrow the patterns, or wait until `git stream status lib` shows the other stream released or landed.
    [status 4]
    ");
    // Nor where the stream itself has another holder.
    scene
        .sandbox
        .run(["release", "lib"])
        .agent("a2")
        .go()
        .succeeded();
    let claim = ["claim", "api", "--files", "src/api/**"];
    scene.sandbox.run(claim).agent("a2").go().succeeded();
    assert_eq!(scene.undo().status(), 1);
}

#[test]
fn another_s_operation_is_taken_back_by_a_person_only() {
    let scene = Scene::new();
    let claim = scene.last_op();
    let by = |agent: &str| scene.sandbox.run(["undo", "--op", &claim]).agent(agent);
    assert_snapshot!(by("a2").block(), @"
    $ GIT_STREAM_AGENT=a2 git stream undo --op $OP
    --- stderr ---
    error: only a person may take back what a1 has done
    hint: Nothing was changed. Ask a person; what waits for them is in `git stream inbox`.
    [status 1]
    ");
    assert_snapshot!(scene.sandbox.run(["undo"]).agent("a2").block(), @"
    $ GIT_STREAM_AGENT=a2 git stream undo
    --- stderr ---
    error: a2 has done nothing that can be taken back
    hint: Nothing was changed. See what others have done with `git stream log`; a person may take it back with `git stream undo --op $OP`.
    [status 1]
    ");
    let ran = scene.sandbox.run(["undo", "--op", &claim[..6]]).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    assert!(!scene.api.exists());
}

#[test]
fn what_cannot_be_taken_back_is_said() {
    let scene = Scene::new();
    let format = "--format=%(trailers:key=Op,valueonly)";
    let all = scene.sandbox.git(&["log", format, "refs/stream/ledger"]);
    let first = all.split_whitespace().last().unwrap().to_owned();
    assert_snapshot!(scene.run(&["undo", "--op", &first]).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo --op $OP
    --- stderr ---
    error: 'base main: set up, at $oid1' is nothing that can be taken back
    hint: Nothing was changed. See all of it with `git stream log --op $OP`.
    [status 1]
    ");
    assert_snapshot!(scene.run(&["undo", "--op", "zzz"]).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo --op $OP
    --- stderr ---
    error: the ledger has no operation 'zzz'
    hint: Nothing was changed. The ids are in the first column of `git stream log`.
    [status 1]
    ");
    scene.work("one");
    scene.sandbox.commit("Conflict", &[(LIB, "other\n")]);
    assert_eq!(scene.run(&["sync", "api"]).status(), 3);
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    error: what was done last has stopped and moved nothing: 'escalate conflict: commit $oid2 'one' of api conflicts with main in 'src/api/lib.rs''
    hint: Nothing was changed. The question is in `git stream inbox`; take back what was done before that with `git stream undo --op $OP`.
    [status 1]
    ");
    let held_by_one = ["undo", "--op", "x", "--to", "y"];
    assert_eq!(scene.run(&held_by_one).status(), 2);
}

#[test]
fn a_worktree_whose_place_is_taken_stays_in_the_trash() {
    let scene = Scene::new();
    scene.write("one.log", "1\n");
    scene.run(&["release", "api"]).go().succeeded();
    scene.sandbox.write(scene.api.join("mine"), "mine\n");
    let ran = scene.undo().go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert_eq!(
        fs::read_to_string(scene.api.join("mine")).unwrap(),
        "mine\n"
    );
    fs::remove_dir_all(&scene.api).unwrap();
    scene.undo().go().succeeded();
    assert_eq!(
        fs::read_to_string(scene.api.join("one.log")).unwrap(),
        "1\n"
    );
}

#[test]
fn what_is_kept_is_listed_with_the_way_back() {
    let scene = Scene::new();
    let old = scene.work("one");
    scene.base();
    scene.run(&["sync", "api"]).go().succeeded();
    let listed = scene.run(&["log", "--kept"]);
    assert_snapshot!(listed.block(), @"
    $ GIT_STREAM_AGENT=a1 git stream log --kept
    kept      stream  size      what  brought back by
    $AGO  api     1 commit  one   git stream undo api --to refs/stream/kept/api/$KEPT-1
    [status 0]
    ");
    scene.write("one.log", "1\n");
    scene.run(&["release", "api"]).go().succeeded();
    let all: Vec<serde_json::Value> = scene
        .run(&["log", "--kept", "--json"])
        .go()
        .stdout()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let trash = all.iter().find(|one| one["kept"] == "worktree").unwrap();
    assert_eq!(trash["holds"][0], "one.log");
    assert!(trash["bytes"].as_u64().unwrap() > 100, "{trash}");
    let restore = |one: &serde_json::Value| {
        let words = one["restore"].as_str().unwrap().to_owned();
        let ran = scene.sandbox.program("sh", ["-c", &words]).agent("a1").go();
        assert_eq!(ran.status(), 0, "{}", ran.block());
    };
    restore(trash);
    assert_eq!(
        fs::read_to_string(scene.api.join("one.log")).unwrap(),
        "1\n"
    );
    let reference = all
        .iter()
        .find(|one| one["commit"] == old.as_str())
        .unwrap();
    let name = reference["ref"].as_str().unwrap();
    scene.run(&["undo", "api", "--to", name]).go().succeeded();
    assert_eq!(scene.tip(), old);
}

#[test]
fn of_many_undos_at_once_one_counts() {
    let scene = Scene::new();
    scene.work("one");
    scene.base();
    let before = scene.everything();
    scene.run(&["sync", "api"]).go().succeeded();
    let op = scene.last_op();
    let calls = (0..6).map(|_| scene.run(&["undo", "--op", &op])).collect();
    let ran: Vec<Ran> = race(calls);
    let all = || ran.iter().map(Ran::block).collect::<Vec<_>>().join("\n");
    let with = |status| ran.iter().filter(|ran| ran.status() == status).count();
    assert_eq!(with(0), 1, "{}", all());
    assert_eq!(with(0) + with(1) + with(4), ran.len(), "{}", all());
    scene.assert_as(&before);
}

/// A worktree that git knows nothing about is nobody's to judge here.
fn worktrees(sandbox: &Sandbox, directory: &Path) -> String {
    sandbox.git_in(directory, &["worktree", "list", "--porcelain"])
}

#[test]
fn a_worktree_out_of_the_trash_is_one_that_git_knows() {
    let scene = Scene::new();
    scene.write("one.log", "1\n");
    let before = worktrees(&scene.sandbox, &scene.api);
    let reflog = scene.git(&["reflog", "--format=%H %gs"]);
    scene.run(&["release", "api"]).go().succeeded();
    scene.undo().go().succeeded();
    assert_eq!(worktrees(&scene.sandbox, &scene.api), before);
    assert_eq!(scene.git(&["reflog", "--format=%H %gs"]), reflog);
    assert_eq!(scene.git(&["status", "--porcelain"]), "");
}
