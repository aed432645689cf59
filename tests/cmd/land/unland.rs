//! How is a landing taken back, and what does it leave as it was?

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use super::{ArgJson as _, FAST, Scene, claim, commit_in};
use crate::support::{Call, Fingerprint, Kill, Sandbox, assert_sound, for_every_git_call, race};

/// With the check that a landing needs, which counts its runs.
const CHECK: &str = "[land]\ncheck = 'echo x >>\"$TMPDIR/count\"; ! grep -r bad src'\n";

impl Scene {
    fn undo(&self) -> Call {
        self.sandbox.run(["undo"]).agent("a1")
    }

    fn tip(&self, revision: &str) -> String {
        self.sandbox.git(&["rev-parse", revision]).trim().to_owned()
    }

    /// What undo has to bring back: the record without what only grows, branches, and base.
    fn picture(&self) -> String {
        let record = self.ledger("streams/api.toml");
        let grows = ["epoch", "taken", "renewed"];
        let lines = record
            .lines()
            .filter(|line| !grows.iter().any(|key| line.starts_with(key)));
        let refs = [
            "for-each-ref",
            "--format=%(refname) %(objectname)",
            "refs/heads",
        ];
        let refs = self.sandbox.git(&refs);
        format!("{refs}{}", lines.collect::<Vec<_>>().join("\n"))
    }

    fn files(&self) -> Fingerprint {
        Fingerprint::of_paths(&self.sandbox, std::slice::from_ref(&self.api))
    }

    fn counted(&self) -> usize {
        let count = fs::read_to_string(self.sandbox.root().join("tmp/count"));
        count.unwrap_or_default().lines().count()
    }

    /// Refused, with what it says; nothing has moved.
    #[track_caller]
    fn assert_refuses(&self, call: Call, cause: &str) -> Value {
        let before = self.picture();
        let ran = call.arg("--json").go();
        assert_eq!(ran.status(), 1, "{}", ran.block());
        let object = ran.json();
        assert_eq!(object["evidence"]["cause"], cause, "{object}");
        assert_eq!(self.picture(), before);
        assert_sound(&self.sandbox, &self.sandbox.repo());
        object
    }
}

#[test]
fn a_landing_that_nobody_has_seen_is_gone_and_the_stream_is_what_it_was() {
    let scene = Scene::new(CHECK);
    scene.sandbox.write(".git/info/exclude", "*.log\n");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.sandbox.write(scene.api.join("one.log"), "1\n");
    let (before, files) = (scene.picture(), scene.files());
    scene.land().go().succeeded();
    assert!(!scene.api.exists());
    let landed = scene.picture();
    assert_snapshot!(scene.sandbox.run(["undo", "-n"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo -n
    --- stderr ---
    a1 would take back land: 'land api: 1 commit onto main, now $oid1'
    main: $oid1 to $oid2
    stream/api: at $oid1 again
    api would be in-progress
    [status 0]
    ");
    assert_eq!(scene.picture(), landed);
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    a1 takes back land: 'land api: 1 commit onto main, now $oid1'
    main: $oid1 to $oid2
    stream/api: at $oid1 again
    '$ROOT/repo.streams/api' is there already, with what was left in it
    api is in-progress, in '$ROOT/repo.streams/api'
    hint: Take that back, too, with `git stream undo`.
    [status 0]
    ");
    assert_eq!(scene.picture(), before);
    scene.files().assert_same(&files);
    assert_eq!(
        fs::read_to_string(scene.api.join("one.log")).unwrap(),
        "1\n"
    );
    assert_eq!(scene.counted(), 1, "nothing is checked anew for it");
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
    assert_sound(&scene.sandbox, &scene.api);
    // Taken back in its turn, it lands again.
    assert_snapshot!(scene.undo().block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    check: `echo x >>"$TMPDIR/count"; ! grep -r bad src`; its output is in '$ROOT/repo/.git/git-stream/checks/$OP-1.log'
    a1 takes back undo: 'undo api: a1 takes back land $OP'
    main: $oid2 to $oid1
    `echo x >>"$TMPDIR/count"; ! grep -r bad src` passed in 0 s
    api is landed
    hint: Take that back, too, with `git stream undo`.
    [status 0]
    "#);
    assert_eq!(scene.log("%s").matches("Answer faster").count(), 1);
    assert!(!scene.api.exists());
    assert!(
        scene
            .ledger("streams/api.toml")
            .contains("state = \"landed\"")
    );
    let log = scene.sandbox.run(["log", "api"]).go().stdout();
    assert!(log.contains("(taken back)"), "{log}");
    scene.undo().go().succeeded();
    assert_eq!(scene.picture(), before);
    assert_eq!(scene.counted(), 2);
}

#[test]
fn a_checked_out_base_goes_back_with_its_files_and_keeps_what_is_dirty() {
    let scene = Scene::checked_out("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.work("More", "src/api/more.rs", "// more\n");
    let before = scene.picture();
    scene.sandbox.write("README.md", "staged\n");
    scene.sandbox.git(&["add", "README.md"]);
    scene.sandbox.write("README.md", "and changed\n");
    scene.sandbox.write("notes", "mine\n");
    let changes = || {
        let of = |args: &[&str]| scene.sandbox.git(args);
        format!("{}{}", of(&["diff"]), of(&["diff", "--cached"]))
    };
    let dirty = changes();
    let status = ["status", "--porcelain"];
    assert_eq!(scene.sandbox.git(&status), "MM README.md\n?? notes\n");
    scene.land().go().succeeded();
    let ran = scene.undo().arg_json();
    assert_eq!(ran["base"]["way"], "back", "{ran}");
    assert_eq!(scene.picture(), before);
    assert_eq!(scene.sandbox.git(&status), "MM README.md\n?? notes\n");
    assert_eq!(changes(), dirty);
    assert!(!scene.sandbox.repo().join("src/api/more.rs").exists());
    assert!(!scene.sandbox.repo().join(".git/index.lock").exists());
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
}

#[test]
fn what_is_in_the_way_in_the_base_s_checkout_keeps_it_where_it_is() {
    let scene = Scene::checked_out("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    scene.sandbox.write("src/api/lib.rs", "mine\n");
    let object = scene.assert_refuses(scene.undo(), "uncommitted");
    assert_eq!(object["evidence"]["paths"][0], "src/api/lib.rs");
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    error: 'main' cannot go back in '$ROOT/repo': uncommitted changes are where files would be rewritten: 'src/api/lib.rs'
    hint: Nothing was changed. Commit these files; `git -C $ROOT/repo status` shows them.
    [status 1]
    ");
    let read = || fs::read_to_string(scene.sandbox.repo().join("src/api/lib.rs")).unwrap();
    assert_eq!(read(), "mine\n");
    let dry = scene.sandbox.run(["undo", "-n"]).agent("a1");
    assert_eq!(dry.status(), 1);
    scene
        .sandbox
        .git(&["checkout", "--quiet", "src/api/lib.rs"]);
    scene.sandbox.git(&["checkout", "--quiet", "-b", "aside"]);
    scene.sandbox.git(&["checkout", "--quiet", "main"]);
    // By now another branch leads to it.
    assert_eq!(scene.undo().arg_json()["base"]["way"], "reverted");
}

#[test]
fn what_the_base_has_got_since_stays_and_a_commit_takes_the_landing_back() {
    let scene = Scene::new(CHECK);
    let tip = scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.work("Say why", "src/api/why.md", "because\n");
    scene.land().go().succeeded();
    scene.base("Another title", "src/ui/app.js", "newer\n");
    assert_snapshot!(scene.undo().block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    check: `echo x >>"$TMPDIR/count"; ! grep -r bad src`; its output is in '$ROOT/repo/.git/git-stream/checks/$OP-1.log'
    a1 takes back land: 'land api: 2 commits onto main, now $oid1'
    main: $oid2 to $oid3
    stream/api: at $oid4 again
    main has a commit that takes it back
    api is in-progress, in '$ROOT/repo.streams/api'
    hint: Take that back, too, with `git stream undo`.
    [status 0]
    "#);
    assert_eq!(scene.counted(), 2, "what takes it back is checked");
    assert_snapshot!(scene.sandbox.git(&["log", "-1", "--format=%B", "main"]), @"
    Revert the landing of api

    This reverts commit 0c686763512e795b007fe3fd1620ff94fbcfadc3.
    This reverts commit 85b8fc7e4598e767ddee881150a22e5316939942.

    Stream: api
    Agent: a1
    ");
    let diff = ["diff", "--stat=80", "main~4", "main"];
    assert_snapshot!(scene.sandbox.git(&diff), @"
    src/ui/app.js | 2 +-
    1 file changed, 1 insertion(+), 1 deletion(-)
    ");
    // The stream has its commits on top of that, and can go on and land again.
    let subjects = ["log", "--format=%s", "main..stream/api"];
    assert_eq!(scene.sandbox.git(&subjects), "Say why\nAnswer faster\n");
    assert_ne!(scene.tip("stream/api~1"), tip);
    assert_eq!(
        scene.sandbox.git_in(&scene.api, &["status", "--porcelain"]),
        ""
    );
    let synced = scene
        .sandbox
        .run(["sync", "api", "--json"])
        .agent("a1")
        .json();
    assert_eq!(synced["outcome"], "up-to-date", "{synced}");
    scene.work("Mended", "src/api/lib.rs", "// mended\n");
    scene.land().go().succeeded();
    assert_eq!(
        scene.sandbox.git(&["show", "main:src/api/lib.rs"]),
        "// mended\n"
    );
    assert_eq!(
        scene.sandbox.git(&["show", "main:src/ui/app.js"]),
        "newer\n"
    );
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
}

#[test]
fn an_undo_by_a_commit_is_taken_back_by_landing_again() {
    let scene = Scene::checked_out("[land]\nstrategy = 'squash'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    scene
        .sandbox
        .commit("Another title", &[("src/ui/app.js", "newer\n")]);
    scene.sandbox.write("notes", "mine\n");
    scene.undo().go().succeeded();
    let read = || fs::read_to_string(scene.sandbox.repo().join("src/api/lib.rs")).unwrap();
    assert_ne!(read(), FAST);
    let again = scene.undo().arg_json();
    assert_eq!(again["base"]["way"], "landed", "{again}");
    assert_eq!(read(), FAST);
    assert_eq!(scene.sandbox.git(&["status", "--porcelain"]), "?? notes\n");
    assert_eq!(scene.log("%s").matches("Answer faster").count(), 3);
    // And once more: the base is not where that has left it only if somebody has moved it.
    let landed = scene.main();
    assert_eq!(scene.undo().arg_json()["base"]["way"], "back");
    // The commit that the squash had made is kept.
    let kept = ["for-each-ref", "--format=%(objectname)", "refs/stream/kept"];
    assert!(scene.sandbox.git(&kept).contains(&landed));
}

#[test]
fn commits_since_the_undo_are_not_landed_by_taking_it_back() {
    let scene = Scene::new("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    scene.undo().go().succeeded();
    scene.work("More", "src/api/lib.rs", "// more\n");
    scene.assert_refuses(scene.undo(), "moved-on");
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    error: 1 commit was made on 'stream/api' since its landing was taken back
    hint: Nothing was changed. Land all of it with `git stream land api`.
    [status 1]
    ");
}

#[test]
fn what_cannot_be_taken_out_any_more_is_said_with_what_is_in_the_way() {
    let scene = Scene::new("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    scene.base(
        "By hand",
        "src/api/lib.rs",
        "pub fn answer() -> u8 {\n    44\n}\n",
    );
    let object = scene.assert_refuses(scene.undo(), "conflict");
    assert_eq!(object["evidence"]["commits"].as_array().unwrap().len(), 1);
    assert_snapshot!(scene.undo().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream undo
    --- stderr ---
    error: what has landed cannot be taken out of 'main' any more: 'src/api/lib.rs' changed since, by $oid1 'By hand'
    hint: Nothing was changed. Take it back by hand, as a change of its own, with `git revert $OID2..$OID3`.
    [status 1]
    ");
    assert!(!scene.ledger("streams/api.toml").contains("[claim"));
}

#[test]
fn a_check_that_fails_without_it_keeps_it_on_the_base() {
    let check = "[land]\ncheck = 'grep -q 43 src/api/lib.rs'";
    let scene = Scene::new(check);
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    scene.base("Another title", "src/ui/app.js", "newer\n");
    scene.assert_refuses(scene.undo(), "check-failed");
    assert!(!scene.ledger("streams/api.toml").contains("[claim"));
    // And it can be tried again.
    scene.assert_refuses(scene.undo(), "check-failed");
}

#[test]
fn a_later_landing_of_the_same_files_and_a_dependent_are_named() {
    let scene = Scene::checked_out("");
    let plan = fs::read_to_string(scene.sandbox.repo().join("streams.toml")).unwrap();
    let plan = plan.replace("['docs/**']", "['docs/**']\ndependencies = ['api']");
    scene.sandbox.commit("Plan", &[("streams.toml", &plan)]);
    scene.sandbox.git(&["switch", "--quiet", "-c", "aside"]);
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    let op = last_landing(&scene.sandbox);
    let undo = || scene.sandbox.run(["undo", "--op", &op]).agent("a1");
    let docs = claim(&scene.sandbox, "docs", "a2");
    let object = scene.assert_refuses(undo(), "depended-on");
    assert_eq!(object["evidence"]["stream"], "docs");
    commit_in(&scene.sandbox, &docs, "Docs", "docs/guide.md", "new\n");
    let land = |name: &str| {
        scene
            .sandbox
            .run(["land", name])
            .agent("a2")
            .go()
            .succeeded();
    };
    land("docs");
    scene.assert_refuses(undo(), "depended-on");
    scene.sandbox.run(["undo"]).agent("a2").go().succeeded();
    scene
        .sandbox
        .run(["release", "docs"])
        .agent("a2")
        .go()
        .succeeded();
    // Another stream owns the same file later.
    let files = ["claim", "lib", "--files", "src/api/*.rs"];
    let ran = scene.sandbox.run(files).agent("a2").go();
    let lib = std::path::PathBuf::from(ran.stdout().trim_end());
    let held = undo().go();
    assert_eq!(held.status(), 4, "{}", held.block());
    commit_in(&scene.sandbox, &lib, "Lib", "src/api/lib.rs", "// lib\n");
    land("lib");
    let object = scene.assert_refuses(undo(), "later");
    assert_eq!(object["evidence"]["streams"][0], "lib");
    assert_eq!(object["evidence"]["paths"][0], "src/api/lib.rs");
    scene.sandbox.run(["undo"]).agent("a2").go().succeeded();
    scene
        .sandbox
        .run(["release", "lib"])
        .agent("a2")
        .go()
        .succeeded();
    undo().go().succeeded();
}

/// The operation of the newest landing.
fn last_landing(sandbox: &Sandbox) -> String {
    let log = [
        "log",
        "-1",
        "--grep=^land .* onto main, now",
        "--format=%(trailers:key=Op,valueonly)",
        "refs/stream/ledger",
    ];
    sandbox.git(&log).trim().to_owned()
}

#[test]
fn another_s_landing_is_taken_back_by_a_person_only() {
    let scene = Scene::new("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    let op = last_landing(&scene.sandbox);
    let undo = || scene.sandbox.run(["undo", "--op", &op]);
    scene.assert_refuses(undo().agent("a2"), "person-only");
    undo().go().succeeded();
    assert!(scene.api.exists());
    assert!(scene.ledger("streams/api.toml").contains("agent = \"a1\""));
}

#[test]
fn a_batch_is_taken_back_as_a_whole_and_what_has_gone_on_goes_on() {
    let scene = Scene::new("");
    let ui = claim(&scene.sandbox, "ui", "a2");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    commit_in(&scene.sandbox, &ui, "Title", "src/ui/app.js", "title\n");
    for (name, agent) in [("api", "a1"), ("ui", "a2")] {
        let done = scene.sandbox.run(["progress", name, "--complete"]);
        done.agent(agent).go().succeeded();
    }
    let main = scene.main();
    scene.sandbox.run(["land", "--all"]).go().succeeded();
    let undone = scene.sandbox.run(["undo"]).arg_json();
    assert_eq!(undone["base"]["way"], "back");
    let streams = undone["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 2, "{undone}");
    for one in streams {
        assert_eq!(one["state"], "completed", "{undone}");
        assert!(fs::metadata(one["worktree"].as_str().unwrap()).is_ok());
    }
    assert_eq!(scene.main(), main);
    let again = scene.sandbox.run(["undo"]).arg_json();
    assert_eq!(again["streams"].as_array().unwrap().len(), 2, "{again}");
    assert_eq!(scene.log("%s").matches("Title").count(), 1);
    // A base that has moved on gets one commit for both.
    scene.base("Docs", "docs/guide.md", "newer\n");
    let undone = scene.sandbox.run(["undo"]).arg_json();
    assert_eq!(undone["base"]["way"], "reverted", "{undone}");
    assert_snapshot!(scene.sandbox.git(&["log", "-1", "--format=%B", "main"]), @r#"
    Revert "Answer faster"

    This reverts commit e4c76211bd12676c74d938f88f674196a894f606.

    Stream: api
    Stream: ui
    Agent: ada@vm
    "#);
    let show = |at: &str| scene.sandbox.git(&["show", at]);
    assert_eq!(show("stream/ui:src/ui/app.js"), "title\n");
    assert_ne!(show("main:src/ui/app.js"), "title\n");
}

#[test]
fn a_holder_that_has_gone_on_meanwhile_keeps_what_it_has_made() {
    let commit = "git -C ../api -c core.hooksPath=/dev/null commit --quiet --allow-empty -m Later";
    let scene = Scene::new(&format!("[land]\ncheck = '{commit}'"));
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let main = scene.main();
    assert_eq!(scene.land().arg_json()["unlanded"], 1);
    let tip = scene.tip("stream/api");
    let undone = scene.undo().arg_json();
    assert_eq!(undone["base"]["way"], "back", "{undone}");
    assert_eq!((scene.main(), scene.tip("stream/api")), (main, tip));
    let record = scene.ledger("streams/api.toml");
    assert!(record.contains("round = 1"), "{record}");
    // Where others have seen it, the holder takes it back in the stream.
    scene.land().go().succeeded();
    scene.base("Another title", "src/ui/app.js", "newer\n");
    let object = scene.assert_refuses(scene.undo(), "gone-on");
    assert_eq!(object["evidence"]["stream"], "api");
}

#[test]
fn a_landing_that_came_to_nothing_is_passed_over() {
    let scene = Scene::new("[land]\ncheck = 'false'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.base("Another title", "src/ui/app.js", "newer\n");
    scene
        .sandbox
        .run(["sync", "api"])
        .agent("a1")
        .go()
        .succeeded();
    let before = scene.picture();
    assert_eq!(scene.land().status(), 1);
    let op = ["log", "-1", "--format=%(trailers:key=Op,valueonly)"];
    let op = scene
        .sandbox
        .git(&[&op[..], &["refs/stream/ledger"]].concat());
    let named = scene.sandbox.run(["undo", "--op", op.trim()]).agent("a1");
    assert_eq!(named.status(), 1);
    assert_eq!(scene.picture(), before);
    let undone = scene.undo().arg_json();
    assert_eq!(undone["undone"]["verb"], "sync", "{undone}");
}

#[test]
fn of_many_undos_at_once_one_counts() {
    let scene = Scene::checked_out("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let before = scene.picture();
    scene.land().go().succeeded();
    let op = last_landing(&scene.sandbox);
    let undo = || scene.sandbox.run(["undo", "--op", &op]).agent("a1");
    let ran = race((0..4).map(|_| undo()).collect());
    let with = |status| ran.iter().filter(|ran| ran.status() == status).count();
    let all: Vec<String> = ran.iter().map(crate::support::Ran::block).collect();
    assert_eq!(with(0), 1, "{}", all.join("\n"));
    assert_eq!(with(0) + with(1) + with(4), ran.len(), "{}", all.join("\n"));
    assert_eq!(scene.picture(), before);
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
}

/// The base moves while what takes the landing back is checked: it is made anew on that.
#[test]
fn a_base_that_moves_meanwhile_is_combined_and_checked_again() {
    let moves = "test -e \"$TMPDIR/moved\" || { touch \"$TMPDIR/moved\"; \
        git update-ref refs/heads/main $(git commit-tree -p main -m Meanwhile main^{tree}); }";
    let check =
        format!("test ! -e \"$TMPDIR/moves\" || {{ {moves}; }}; echo x >>\"$TMPDIR/count\"");
    let scene = Scene::new(&format!("[land]\ncheck = '''{check}'''"));
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    scene.base("Another title", "src/ui/app.js", "newer\n");
    scene
        .sandbox
        .write(scene.sandbox.root().join("tmp/moves"), "");
    scene.undo().go().succeeded();
    let subjects = scene.log("%s");
    assert!(
        subjects.starts_with("Revert \"Answer faster\"\nMeanwhile\nAnother title\n"),
        "{subjects}"
    );
}

// ---- killed ----

/// Kills an undo at each of its calls of git; the same again, or a landing, finishes it.
fn killed(make: impl Fn() -> Scene, check: impl Fn(&Scene, Kill)) {
    let calls = for_every_git_call(|kill| {
        let scene = make();
        let op = last_landing(&scene.sandbox);
        let undo = || scene.sandbox.run(["undo", "--op", &op]).agent("a1");
        let was_killed = undo().killed_at(kill).go().was_killed();
        let again = undo().go();
        assert!(
            [0, 1].contains(&again.status()),
            "{kill:?}: {}",
            again.block()
        );
        let log = ["log", "--format=%B", "refs/stream/ledger"];
        let log = scene.sandbox.git(&log);
        assert_eq!(log.matches(&format!("Undoes: {op}")).count(), 1, "{kill:?}");
        // Its worktree may be missing still; whoever claims the stream again makes it.
        claim(&scene.sandbox, "api", "a1");
        let record = scene.ledger("streams/api.toml");
        assert!(!record.contains("intent"), "{kill:?}: {record}");
        assert!(
            record.contains("state = \"in-progress\""),
            "{kill:?}: {record}"
        );
        let status = scene.sandbox.git_in(&scene.api, &["status", "--porcelain"]);
        assert_eq!(status, "", "{kill:?}");
        let status = scene.sandbox.git(&["status", "--porcelain"]);
        assert_eq!(status, "?? notes\n", "{kill:?}");
        assert!(!scene.sandbox.repo().join(".git/index.lock").exists());
        check(&scene, kill);
        assert_sound(&scene.sandbox, &scene.sandbox.repo());
        scene.land().go().succeeded();
        let left = scene.sandbox.repo().join(".git/git-stream/landing");
        assert_eq!(fs::read_dir(left).map_or(0, Iterator::count), 0, "{kill:?}");
        was_killed
    });
    assert!(calls > 3, "{calls}");
}

fn landed(scene: Scene) -> Scene {
    scene.sandbox.write("notes", "mine\n");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.land().go().succeeded();
    scene
}

#[test]
fn an_undo_that_dies_while_the_base_goes_back_is_finished_or_forgotten() {
    let check = |scene: &Scene, kill: Kill| {
        let log = scene.log("%s");
        assert!(!log.contains("Answer faster"), "{kill:?}: {log}");
    };
    killed(|| landed(Scene::new("")), check);
    killed(|| landed(Scene::checked_out("")), check);
}

#[test]
fn an_undo_that_dies_while_a_commit_takes_it_back_is_finished_or_forgotten() {
    let check = |scene: &Scene, kill: Kill| {
        let log = scene.log("%s");
        assert_eq!(log.matches("Revert ").count(), 1, "{kill:?}: {log}");
        let own = ["log", "--format=%s", "main..stream/api"];
        assert_eq!(scene.sandbox.git(&own), "Answer faster\n", "{kill:?}");
    };
    let seen = |scene: Scene| {
        let scene = landed(scene);
        scene.sandbox.git(&["tag", "seen", "main"]);
        scene
    };
    killed(|| seen(Scene::new("[land]\ncheck = 'true'")), check);
    killed(|| seen(Scene::checked_out("")), check);
}
