//! `git stream resolve`: a person finishes what a sync could not.

use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::Value;

use super::{FASTER, LIB, SLOWER, Scene};
use crate::support::{Call, Fingerprint, Ran, for_every_git_call};

/// A stream of two commits, the first of which conflicts with the base.
struct Stopped {
    scene: Scene,
    top: PathBuf,
}

impl Stopped {
    fn new() -> Stopped {
        Stopped::with(Scene::new())
    }

    fn with(scene: Scene) -> Stopped {
        scene.work("Answer faster", &[(LIB, Some(FASTER))]);
        scene.work("Say why", &[("src/api/why.md", Some("because\n"))]);
        scene.base("Answer slower", &[(LIB, Some(SLOWER))]);
        assert_eq!(scene.sync().status(), 3);
        let top = scene.api.with_file_name("api.resolve");
        Stopped { scene, top }
    }

    /// `git stream resolve api` as a person.
    fn resolve(&self, args: &[&str]) -> Call {
        let words = ["resolve", "api"].iter().chain(args);
        self.scene.sandbox.run(words)
    }

    fn begin(&self) {
        self.resolve(&[]).go().succeeded();
    }

    fn git(&self, args: &[&str]) -> Ran {
        let call = self.scene.sandbox.program("git", args);
        call.in_dir(&self.top).env("GIT_EDITOR", "true").go()
    }

    /// Resolves the conflict with ordinary commands.
    fn finish(&self, text: &str) {
        self.scene.sandbox.write(self.top.join(LIB), text);
        self.git(&["add", LIB]).succeeded();
        self.git(&["rebase", "--continue"]).succeeded();
    }

    fn done(&self) -> Value {
        self.resolve(&["--done", "--json"]).json()
    }

    /// Nothing of a resolution is left.
    #[track_caller]
    fn assert_over(&self) {
        assert!(!self.top.exists());
        let sandbox = &self.scene.sandbox;
        assert_eq!(sandbox.git(&["for-each-ref", "refs/stream/resolved"]), "");
        let file = sandbox.repo().join(".git/git-stream/resolve/api.toml");
        assert!(!file.exists());
        self.scene.assert_clean();
    }
}

const BOTH: &str = "pub fn answer() -> u8 {\n    42\n}\n";

#[test]
fn a_person_resolves_a_conflict() {
    let stopped = Stopped::new();
    assert_snapshot!(stopped.resolve(&[]).block(), @"
    $ git stream resolve api
    $ROOT/repo.streams/api.resolve
    --- stderr ---
    commit $oid1 'Answer faster' of api conflicts with main in 'src/api/lib.rs'
      src/api/lib.rs
    edit these, `git add` them, `git rebase --continue`; then `git stream resolve api --done`
    [status 0]
    ");
    assert_snapshot!(stopped.git(&["status", "--porcelain", "--branch"]).stdout(), @"
    ## HEAD (no branch)
    UU src/api/lib.rs
    ");
    // Asked again, it says where it is.
    assert_snapshot!(stopped.resolve(&[]).block(), @"
    $ git stream resolve api
    $ROOT/repo.streams/api.resolve
    --- stderr ---
      src/api/lib.rs
    edit these, `git add` them, `git rebase --continue`; then `git stream resolve api --done`
    [status 0]
    ");
    assert_snapshot!(stopped.resolve(&["--done"]).block(), @"
    $ git stream resolve api --done
    --- stderr ---
    error: the rebase in '$ROOT/repo.streams/api.resolve' is not finished
    hint: Finish it there: `cd $ROOT/repo.streams/api.resolve`, edit, `git add` what is resolved, and `git rebase --continue`.
    [status 1]
    ");
    stopped.finish(BOTH);
    assert_snapshot!(stopped.resolve(&["--done", "--dry-run"]).block(), @"
    $ git stream resolve api --done --dry-run
    would resolve api: 2 commits on main
    --- stderr ---
    nothing was changed (--dry-run)
    [status 0]
    ");
    assert_snapshot!(stopped.resolve(&["--done"]).block(), @"
    $ git stream resolve api --done
    resolved api: 2 commits on main
    [status 0]
    ");
    stopped.assert_over();
    let scene = &stopped.scene;
    assert_eq!(
        scene.git(&["log", "--format=%s", "main.."]),
        "Say why\nAnswer faster\n"
    );
    assert_eq!(scene.git(&["show", &format!("HEAD:{LIB}")]), BOTH);
    let inbox = scene.sandbox.run(["inbox", "--json"]).json();
    assert_eq!(inbox["escalations"], Value::Array(Vec::new()));
    assert_eq!(scene.sync().status(), 0);
}

#[test]
fn a_dry_run_changes_nothing() {
    let stopped = Stopped::new();
    let before = Fingerprint::of(&stopped.scene.sandbox, &stopped.scene.api);
    assert_snapshot!(stopped.resolve(&["--dry-run", "--json"]).block(), @r#"
    $ git stream resolve api --dry-run --json
    {"version":1,"outcome":"would-begin","stream":"api","worktree":"$ROOT/repo.streams/api.resolve","paths":["src/api/lib.rs"],"escalation":{"id":"conflict-8a44de05","kind":"conflict","question":"commit $oid1 'Answer faster' of api conflicts with main in 'src/api/lib.rs'","commit":"$OID1","base":"$OID2","paths":["src/api/lib.rs"],"owners":[{"path":"src/api/lib.rs","stream":"api","agent":"a1","owner":null,"shared":false}],"conflicts":["content"],"messages":["CONFLICT (content): Merge conflict in src/api/lib.rs"],"changed_by":[{"commit":"$OID2","author":"Ada","subject":"Answer slower","streams":""}],"evidence":"git: CONFLICT (content): Merge conflict in src/api/lib.rs\nsrc/api/lib.rs is api's, held by a1\nchanged on main by:\n  $oid2 'Answer slower' (Ada)\n\nsrc/api/lib.rs:\npub fn answer() -> u8 {\n<<<<<<< main\n    41\n=======\n    43\n>>>>>>> $oid1 (Answer faster)\n}\n","choices":["Resolve it with `git stream resolve api`, in a worktree of its own.","Rebase it by hand with `git -C $ROOT/repo.streams/api rebase main`, then `git stream sync api`.","Give the stream back with `git stream release api`; its commits are kept."]}}
    --- stderr ---
    commit $oid1 'Answer faster' of api conflicts with main in 'src/api/lib.rs'
      src/api/lib.rs
    nothing was changed (--dry-run)
    [status 0]
    "#);
    before.assert_same(&Fingerprint::of(&stopped.scene.sandbox, &stopped.scene.api));
    assert!(!stopped.top.exists());
}

#[test]
fn what_the_agent_committed_meanwhile_comes_along() {
    let stopped = Stopped::new();
    stopped.begin();
    stopped
        .scene
        .work("Meanwhile", &[("src/api/more.rs", Some("more\n"))]);
    stopped.finish(BOTH);
    let answer = stopped.done();
    assert_eq!(answer["outcome"], "resolved", "{answer}");
    stopped.assert_over();
    assert_eq!(
        stopped.scene.git(&["log", "--format=%s", "main.."]),
        "Meanwhile\nSay why\nAnswer faster\n"
    );
}

#[test]
fn where_that_conflicts_with_the_result_it_is_resolved_next() {
    let stopped = Stopped::new();
    stopped.begin();
    let faster = FASTER.replace("43", "44");
    stopped.scene.work("Still faster", &[(LIB, Some(&faster))]);
    stopped.finish(BOTH);
    assert_snapshot!(stopped.resolve(&["--done"]).block(), @"
    $ git stream resolve api --done
    stopped api: commit $oid1 'Still faster' of api conflicts with main in 'src/api/lib.rs'
    --- stderr ---
    asked as conflict-47b82803; worktree, index and branch are as they were
      git: CONFLICT (content): Merge conflict in src/api/lib.rs
      src/api/lib.rs is api's, held by a1
      changed on main by:
        $oid2 'Answer slower' (Ada)

      src/api/lib.rs:
      pub fn answer() -> u8 {
      <<<<<<< main
          42
      =======
          44
      >>>>>>> $oid1 (Still faster)
      }
    hint: Resolve it with `git stream resolve api`, in a worktree of its own.
    hint: Rebase it by hand with `git -C $ROOT/repo.streams/api rebase main`, then `git stream sync api`.
    hint: Give the stream back with `git stream release api`; its commits are kept.
    [status 3]
    ");
    assert_snapshot!(stopped.resolve(&[]).block(), @"
    $ git stream resolve api
    $ROOT/repo.streams/api.resolve
    --- stderr ---
      src/api/lib.rs
    edit these, `git add` them, `git rebase --continue`; then `git stream resolve api --done`
    [status 0]
    ");
    stopped.finish(&BOTH.replace("42", "45"));
    assert_eq!(stopped.done()["outcome"], "resolved");
    stopped.assert_over();
    assert_eq!(
        stopped.scene.git(&["log", "--format=%s", "main.."]),
        "Still faster\nSay why\nAnswer faster\n"
    );
}

#[test]
fn uncommitted_changes_in_the_way_make_the_result_wait() {
    let stopped = Stopped::new();
    stopped.begin();
    stopped.finish(BOTH);
    let scene = &stopped.scene;
    scene.sandbox.write(scene.api.join(LIB), "half\n");
    assert_snapshot!(stopped.resolve(&["--done"]).block(), @"
    $ git stream resolve api --done
    api is resolved, and cannot move there yet: uncommitted changes are where the base has changed something: 'src/api/lib.rs'
    --- stderr ---
    hint: Nothing was changed. Commit these files, or take them along with `git stream sync api --autostash`.
    [status 4]
    ");
    let refused = scene.sync().go();
    assert_eq!(refused.status(), 4, "{}", refused.block());
    scene.git(&["checkout", "-q", "--", LIB]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    resolved api: 2 commits on main
    [status 0]
    ");
    stopped.assert_over();
    assert_eq!(scene.git(&["show", &format!("HEAD:{LIB}")]), BOTH);
}

#[test]
fn the_result_must_stay_inside_the_stream() {
    let stopped = Stopped::new();
    stopped.begin();
    stopped
        .scene
        .sandbox
        .write(stopped.top.join("src/ui/app.js"), "mine\n");
    stopped.git(&["add", "src/ui/app.js"]).succeeded();
    stopped.finish(BOTH);
    let head = stopped.scene.head();
    assert_snapshot!(stopped.resolve(&["--done"]).block(), @"
    $ git stream resolve api --done
    --- stderr ---
    error: all 2 commits of stream 'api' change what it may not: 2 owned by nobody
    hint: See every path with `cd $ROOT/repo.streams/api.resolve && git stream guard range $OID1..HEAD --stream api`.
    hint: Take what nobody owns with `git stream claim api --add='src/ui/app.js'`.
    hint: Take it out of the commits with `git rebase -i $oid1`.
    [status 1]
    ");
    assert_eq!(stopped.scene.head(), head);
}

#[test]
fn what_is_in_no_commit_is_not_lost() {
    let stopped = Stopped::new();
    stopped.begin();
    stopped.finish(BOTH);
    stopped
        .scene
        .sandbox
        .write(stopped.top.join("src/api/new.rs"), "new\n");
    assert_snapshot!(stopped.resolve(&["--done"]).block(), @"
    $ git stream resolve api --done
    --- stderr ---
    error: in '$ROOT/repo.streams/api.resolve' these files are in no commit: 'src/api/new.rs'
    hint: Commit them there, or remove them: `git -C $ROOT/repo.streams/api.resolve status`.
    [status 1]
    ");
    assert!(stopped.top.join("src/api/new.rs").exists());
}

#[test]
fn the_result_must_stand_on_the_base() {
    let stopped = Stopped::new();
    stopped.begin();
    stopped.git(&["rebase", "--abort"]).succeeded();
    assert_snapshot!(stopped.resolve(&["--done"]).block(), @"
    $ git stream resolve api --done
    --- stderr ---
    error: what is checked out in '$ROOT/repo.streams/api.resolve' does not stand on the base's commit $OID1
    hint: Nothing was changed. Put it there with `git -C $ROOT/repo.streams/api.resolve rebase $OID1`.
    [status 1]
    ");
}

#[test]
fn what_was_resolved_is_kept_when_it_is_given_up() {
    let stopped = Stopped::new();
    stopped.begin();
    stopped.finish(BOTH);
    let resolved = stopped.git(&["rev-parse", "HEAD"]).stdout();
    assert_snapshot!(stopped.resolve(&["--abort", "-n"]).block(), @"
    $ git stream resolve api --abort -n
    would give up the resolution of api; nothing was changed
    [status 0]
    ");
    let aborted = stopped.resolve(&["--abort", "--json"]).json();
    assert_eq!(aborted["outcome"], "aborted");
    stopped.assert_over();
    let kept = aborted["kept"].as_str().unwrap();
    assert!(kept.starts_with("refs/stream/kept/api/"), "{kept}");
    assert_eq!(stopped.scene.sandbox.git(&["rev-parse", kept]), resolved);
    assert_snapshot!(stopped.resolve(&["--abort"]).block(), @"
    $ git stream resolve api --abort
    --- stderr ---
    error: no conflict of 'api' is being resolved here
    hint: Begin with `git stream resolve api`.
    [status 1]
    ");
    assert_snapshot!(stopped.resolve(&["--done"]).block(), @"
    $ git stream resolve api --done
    --- stderr ---
    error: no conflict of 'api' is being resolved here
    hint: Begin with `git stream resolve api`.
    [status 1]
    ");
    // It can be begun again.
    stopped.begin();
    assert!(stopped.top.exists());
}

#[test]
fn an_agent_may_only_where_the_plan_lets_it_and_only_what_is_its_own() {
    let stopped = Stopped::new();
    assert_snapshot!(stopped.resolve(&[]).agent("a1").block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream resolve api
    --- stderr ---
    error: the conflict of 'api' waits for a person
    hint: Nothing was changed. The question is in `git stream inbox`; `resolver = "holder"` below `[sync]` in the plan would let the holder resolve what is its own.
    [status 3]
    "#);
    let plan = "version = 1\n[sync]\nresolver = \"holder\"\n[streams.x]\nfiles = [\"x/\"]\n";
    let stopped = Stopped::with({
        let scene = Scene::new();
        scene.base("Plan", &[("streams.toml", Some(plan))]);
        scene.sync().go().succeeded();
        scene
    });
    let other = stopped.resolve(&[]).agent("a2").go();
    assert_ne!(other.status(), 0, "{}", other.block());
    stopped.resolve(&[]).agent("a1").go().succeeded();
    stopped.finish(BOTH);
    stopped.resolve(&["--done"]).agent("a1").go().succeeded();
    stopped.assert_over();
}

#[test]
fn what_a_person_has_begun_no_agent_ends() {
    let stopped = Stopped::new();
    stopped.begin();
    stopped.finish(BOTH);
    for end in ["--done", "--abort"] {
        let ran = stopped.resolve(&[end]).agent("a1").go();
        assert_eq!(ran.status(), 3, "{}", ran.block());
        assert!(stopped.top.exists());
    }
    assert_eq!(stopped.done()["outcome"], "resolved");
    stopped.assert_over();
}

#[test]
fn a_shared_file_is_nobodys_own() {
    let plan =
        "version = 1\n[sync]\nresolver = \"holder\"\n[shared]\nfiles = [\"src/api/lib.rs\"]\n";
    let sandbox = crate::support::Sandbox::new();
    sandbox.commit("Plan", &[("streams.toml", plan)]);
    let stopped = Stopped::with(Scene::with(sandbox));
    let ran = stopped.resolve(&[]).agent("a1").go();
    assert_eq!(ran.status(), 3, "{}", ran.block());
    assert!(
        ran.stderr().contains("waits for a person"),
        "{}",
        ran.block()
    );
}

#[test]
fn an_abort_that_is_killed_is_finished_by_the_next_one() {
    for_every_git_call(|kill| {
        let stopped = Stopped::new();
        stopped.begin();
        stopped.finish(BOTH);
        let resolved = stopped.git(&["rev-parse", "HEAD"]).stdout();
        let head = stopped.scene.head();
        let abort = stopped.resolve(&["--abort"]);
        let was_killed = abort.killed_at(kill).go().was_killed();
        let again = stopped.resolve(&["--abort"]).go();
        assert!([0, 1].contains(&again.status()), "{}", again.block());
        stopped.assert_over();
        assert_eq!(stopped.scene.head(), head, "{kill:?}");
        let kept = [
            "for-each-ref",
            "--format=%(objectname)",
            "refs/stream/kept/api",
        ];
        let kept = stopped.scene.sandbox.git(&kept);
        assert!(kept.contains(resolved.trim()), "{kill:?}: {kept}");
        was_killed
    });
}

#[test]
fn inside_its_worktree_the_stream_need_not_be_named() {
    let stopped = Stopped::new();
    stopped.begin();
    stopped.finish(BOTH);
    let done = stopped.scene.sandbox.run(["resolve", "--done"]);
    done.in_dir(&stopped.top).go().succeeded();
    stopped.assert_over();
}

#[test]
fn a_history_that_was_rewritten_meanwhile_is_not_overwritten() {
    let stopped = Stopped::new();
    stopped.begin();
    stopped.finish(BOTH);
    stopped.scene.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let head = stopped.scene.head();
    assert_snapshot!(stopped.resolve(&["--done"]).block(), @"
    $ git stream resolve api --done
    --- stderr ---
    error: the history of 'api' was rewritten while it was being resolved
    hint: Give this one up with `git stream resolve api --abort`, and begin again.
    [status 1]
    ");
    assert_eq!(stopped.scene.head(), head);
}

#[test]
fn without_a_conflict_there_is_nothing_to_resolve() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    assert_snapshot!(scene.sandbox.run(["resolve", "api"]).block(), @"
    $ git stream resolve api
    --- stderr ---
    error: there is nothing to resolve in 'api'
    hint: Bring it onto its base with `git stream sync api`.
    [status 1]
    ");
}

#[test]
fn what_has_landed_is_not_resolved_again() {
    let scene = Scene::new();
    scene.work("One", &[(LIB, Some("1\n2\n"))]);
    scene.work("Two", &[(LIB, Some("3\n4\n"))]);
    scene
        .sandbox
        .git(&["merge", "-q", "--squash", "stream/api"]);
    scene
        .sandbox
        .git(&["-c", "core.hooksPath=/dev/null", "commit", "-qm", "Squash"]);
    scene.base("Edit", &[(LIB, Some("5\n4\n"))]);
    scene.work("Three", &[(LIB, Some("6\n4\n"))]);
    assert_eq!(scene.sync().status(), 3);
    let top = scene.api.with_file_name("api.resolve");
    let stopped = Stopped { scene, top };
    stopped.begin();
    stopped.finish("7\n4\n");
    assert_eq!(stopped.done()["outcome"], "resolved");
    assert_eq!(
        stopped.scene.git(&["log", "--format=%s", "main.."]),
        "Three\n"
    );
}

#[test]
fn a_done_that_is_killed_is_finished_by_the_next_run() {
    let kills = for_every_git_call(|kill| {
        let stopped = Stopped::new();
        stopped.begin();
        let scene = &stopped.scene;
        scene.work("Meanwhile", &[("src/api/more.rs", Some("more\n"))]);
        stopped.finish(BOTH);
        let was_killed = stopped
            .resolve(&["--done"])
            .killed_at(kill)
            .go()
            .was_killed();
        if was_killed {
            let again = stopped.resolve(&["--done"]).go();
            // What was over before it died is not being resolved any more.
            if again.status() != 0 {
                assert!(
                    again.stderr().contains("no conflict of"),
                    "{}",
                    again.block()
                );
            }
        }
        stopped.assert_over();
        assert_eq!(
            scene.git(&["log", "--format=%s", "main.."]),
            "Meanwhile\nSay why\nAnswer faster\n"
        );
        was_killed
    });
    assert!(kills > 10, "{kills}");
}

#[test]
fn a_beginning_that_is_killed_is_begun_again() {
    for_every_git_call(|kill| {
        let stopped = Stopped::new();
        let head = stopped.scene.head();
        let was_killed = stopped.resolve(&[]).killed_at(kill).go().was_killed();
        stopped.begin();
        assert_eq!(stopped.scene.head(), head);
        stopped.finish(BOTH);
        assert_eq!(stopped.done()["outcome"], "resolved");
        stopped.assert_over();
        was_killed
    });
}
