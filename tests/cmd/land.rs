//! `git stream land`: what it prints, how it ends, and what it leaves as it was.

mod bad;
mod killed;
mod pr;
mod queue;
mod remote;
mod unland;

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Call, Fingerprint, Sandbox, assert_sound};

/// A repository in which `a1` holds `api`, which owns `src/api/**`, and `main` is checked out
/// nowhere: the main checkout is on another branch.
struct Scene {
    sandbox: Sandbox,
    api: PathBuf,
}

/// What a plan says beside its streams.
const STREAMS: &str = "
[streams.api]
files = ['src/api/**']
[streams.ui]
files = ['src/ui/**']
[streams.docs]
files = ['docs/**']
";

impl Scene {
    /// With what the plan says in front of its streams.
    fn new(plan: &str) -> Scene {
        let scene = Scene::checked_out(plan);
        scene.sandbox.git(&["switch", "--quiet", "-c", "aside"]);
        scene
    }

    /// The same with `main` checked out in the main worktree.
    fn checked_out(plan: &str) -> Scene {
        let sandbox = Sandbox::new();
        let plan = format!("version = 1\n{plan}\n{STREAMS}");
        sandbox.commit("Plan", &[("streams.toml", &plan)]);
        sandbox.run(["init"]).go().succeeded();
        sandbox.run(["init", "--approve"]).go().succeeded();
        let api = claim(&sandbox, "api", "a1");
        Scene { sandbox, api }
    }

    fn land(&self) -> Call {
        self.sandbox.run(["land", "api"]).agent("a1")
    }

    fn work(&self, message: &str, path: &str, text: &str) -> String {
        commit_in(&self.sandbox, &self.api, message, path, text)
    }

    /// Commits on the base, in a worktree that is gone again.
    fn base(&self, message: &str, path: &str, text: &str) -> String {
        let place = self.sandbox.root().join("base");
        let at = place.to_str().unwrap();
        self.sandbox
            .git(&["worktree", "add", "--quiet", at, "main"]);
        let id = commit_in(&self.sandbox, &place, message, path, text);
        self.sandbox.git(&["worktree", "remove", "--force", at]);
        id
    }

    fn main(&self) -> String {
        self.sandbox.git(&["rev-parse", "main"]).trim().to_owned()
    }

    fn log(&self, format: &str) -> String {
        let format = format!("--format={format}");
        self.sandbox.git(&["log", &format, "main"])
    }

    fn ledger(&self, path: &str) -> String {
        let at = format!("refs/stream/ledger:{path}");
        self.sandbox.git(&["show", &at])
    }

    /// The base is where it was, and the repository whole.
    #[track_caller]
    fn assert_unmoved(&self, main: &str) {
        assert_eq!(self.main(), main);
        assert_sound(&self.sandbox, &self.sandbox.repo());
    }
}

fn claim(sandbox: &Sandbox, name: &str, agent: &str) -> PathBuf {
    let ran = sandbox.run(["claim", name]).agent(agent).go();
    ran.succeeded();
    PathBuf::from(ran.stdout().trim_end())
}

fn commit_in(sandbox: &Sandbox, directory: &Path, message: &str, path: &str, text: &str) -> String {
    sandbox.write(directory.join(path), text);
    sandbox.git_in(directory, &["add", "--all"]);
    let commit = [
        "-c",
        "core.hooksPath=/dev/null",
        "commit",
        "--quiet",
        "-m",
        message,
    ];
    sandbox.git_in(directory, &commit);
    let head = sandbox.git_in(directory, &["rev-parse", "HEAD"]);
    head.trim().to_owned()
}

const FAST: &str = "pub fn answer() -> u8 {\n    43\n}\n";

#[test]
fn a_stream_lands_and_leaves_nothing_behind() {
    let scene = Scene::new("");
    let main = scene.main();
    let tip = scene.work("Answer faster", "src/api/lib.rs", FAST);
    assert_snapshot!(scene.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    landed api: 1 commit onto main, now $oid1
    --- stderr ---
    the plan has no check: nothing was checked
    [status 0]
    ");
    assert_eq!(scene.main(), tip, "a fast-forward needs no new commit");
    assert!(!scene.api.exists());
    assert_eq!(scene.sandbox.git(&["branch", "--list", "stream/*"]), "");
    assert!(
        scene
            .ledger("streams/api.toml")
            .contains("state = \"landed\"")
    );
    let log = ["log", "--format=%s %(trailers:key=Ref)", "-3"];
    let ledger = scene
        .sandbox
        .git(&[&log[..], &["refs/stream/ledger"]].concat());
    let lines: Vec<&str> = ledger.lines().filter(|line| !line.is_empty()).collect();
    let short = &tip[..12];
    assert_eq!(
        lines,
        [
            &format!(
                "release api: a1 gives it back; all of it is on the base Ref: \
                 refs/heads/stream/api {tip} {}",
                "0".repeat(40)
            ),
            &format!("land api: 1 commit onto main, now {short} Ref: refs/heads/main {main} {tip}"),
            "land api: a1 begins ",
        ]
    );
    assert_snapshot!(scene.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    api has nothing to land
    --- stderr ---
    api has landed before
    [status 0]
    ");
    assert_sound(&scene.sandbox, &scene.sandbox.repo());
}

#[test]
fn what_has_landed_is_archived_in_the_ledger() {
    let scene = Scene::new("[land]\ncheck = 'echo all is well'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let answer = scene.land().arg_json();
    assert_eq!(answer["outcome"], "landed");
    assert_eq!(answer["new"], scene.main());
    assert_eq!(answer["commits"], 1);
    assert_eq!(answer["check"]["command"], "echo all is well");
    assert_eq!(answer["check"]["status"], 0);
    let log = fs::read_to_string(answer["check"]["log"].as_str().unwrap()).unwrap();
    assert_eq!(log, "all is well\n");
    assert_eq!(scene.ledger("archive/api/1.log"), "all is well\n");
    let archived: toml::Table = toml::from_str(&scene.ledger("archive/api/1.toml")).unwrap();
    assert_eq!(archived["files"][0].as_str(), Some("src/api/lib.rs"));
    assert_eq!(archived["commits"][0].as_str().unwrap(), scene.main());
    assert_eq!(archived["landing"]["check"]["status"].as_integer(), Some(0));
    // The next claim is a new round, from the base as it is now.
    let again = claim(&scene.sandbox, "api", "a2");
    let head = scene.sandbox.git_in(&again, &["rev-parse", "HEAD"]);
    assert_eq!(head.trim(), scene.main());
    assert!(scene.ledger("streams/api.toml").contains("round = 2"));
}

#[test]
fn it_is_combined_with_the_newest_base_and_that_is_what_is_checked() {
    let scene = Scene::new("[land]\ncheck = 'cat src/api/lib.rs src/ui/app.js >&2'");
    let tip = scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.base("Another title", "src/ui/app.js", "newer\n");
    let answer = scene.land().arg_json();
    assert_eq!(answer["old"], tip);
    let log = fs::read_to_string(answer["check"]["log"].as_str().unwrap()).unwrap();
    assert_eq!(log, format!("{FAST}newer\n"));
    assert_eq!(
        scene.log("%s"),
        "Answer faster\nAnother title\nPlan\nBegin\n"
    );
    // The base has the commit only as a copy; the original is kept.
    let kept = scene.sandbox.git(&[
        "for-each-ref",
        "--format=%(objectname)",
        "refs/stream/kept/api",
    ]);
    assert_eq!(kept.trim(), tip);
}

#[test]
fn a_squash_is_one_commit_that_names_its_stream_and_every_author() {
    let scene = Scene::new("[land]\nstrategy = 'squash'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let other = [
        "-c",
        "user.name=Grace",
        "-c",
        "user.email=grace@example.com",
    ];
    scene
        .sandbox
        .write(scene.api.join("src/api/why.md"), "because\n");
    scene.sandbox.git_in(&scene.api, &["add", "--all"]);
    let commit = [
        "commit",
        "--quiet",
        "-m",
        "Say why",
        "--author=Grace <grace@example.com>",
    ];
    scene
        .sandbox
        .git_in(&scene.api, &[&other[..], &commit].concat());
    scene.land().go().succeeded();
    assert_snapshot!(scene.sandbox.git(&["log", "-1", "--format=%an%n%B", "main"]), @r"
    Grace
    api

    Answer faster

    Say why

    Co-authored-by: Ada <ada@example.com>
    Stream: api
    Agent: a1
    ");
    assert_eq!(scene.log("%s").lines().count(), 3);
}

#[test]
fn a_merge_joins_the_stream_with_the_base() {
    let scene = Scene::new("[land]\nstrategy = 'merge'");
    let tip = scene.work("Answer faster", "src/api/lib.rs", FAST);
    let base = scene.base("Another title", "src/ui/app.js", "newer\n");
    scene.land().go().succeeded();
    assert_snapshot!(scene.sandbox.git(&["log", "-1", "--format=%B", "main"]), @r"
    Land api

    * Answer faster

    Stream: api
    Agent: a1
    ");
    let parents = scene.sandbox.git(&["log", "-1", "--format=%P", "main"]);
    assert_eq!(parents.trim(), format!("{base} {tip}"));
}

#[test]
fn a_failed_check_is_a_refusal_with_its_log_and_moves_nothing() {
    let scene = Scene::new("[land]\ncheck = 'echo no good; exit 3'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let main = scene.main();
    let before = Fingerprint::of(&scene.sandbox, &scene.api).without_ledger();
    assert_snapshot!(mask_log(&scene.land().block()), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    refused to land api: its check `echo no good; exit 3` failed with exit status 3 on the combined tree $oid1
    --- stderr ---
    check: `echo no good; exit 3`; its output is in '$ROOT/repo/.git/git-stream/checks/$LOG.log'
      no good
    hint: Nothing was changed. See all that it printed with `less $ROOT/repo/.git/git-stream/checks/$LOG.log`.
    hint: Mend it in the stream's worktree, commit, and run `git stream land api` again.
    [status 1]
    ");
    scene.assert_unmoved(&main);
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api).without_ledger());
    let answer = scene.land().arg_json();
    assert_eq!(answer["outcome"], "refused");
    assert_eq!(answer["cause"], "check-failed");
    assert_eq!(answer["check"]["status"], 3);
    // Mended, it lands.
    assert!(
        scene
            .ledger("streams/api.toml")
            .contains("state = \"in-progress\"")
    );
}

#[test]
fn a_conflict_with_the_base_is_the_question_that_a_sync_asks() {
    let scene = Scene::new("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.base(
        "Answer slower",
        "src/api/lib.rs",
        "pub fn answer() -> u8 {\n    41\n}\n",
    );
    let main = scene.main();
    let landed = scene.land().arg_json();
    assert_eq!(landed["outcome"], "stopped");
    assert_eq!(landed["escalation"]["kind"], "conflict");
    assert_eq!(scene.land().status(), 3);
    let synced = scene
        .sandbox
        .run(["sync", "api", "--json"])
        .agent("a1")
        .json();
    assert_eq!(synced["escalation"]["id"], landed["escalation"]["id"]);
    scene.assert_unmoved(&main);
}

#[test]
fn what_a_worktree_did_behind_every_hook_does_not_land() {
    let scene = Scene::new("");
    scene.work("Mine", "src/api/lib.rs", FAST);
    scene.work("Not mine", "src/ui/app.js", "taken\n");
    let main = scene.main();
    assert_snapshot!(scene.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    refused to land api: 1 of the 2 commits of stream 'api' changes what it may not: 1 of ui (held by nobody)
    --- stderr ---
      of ui (held by nobody):
        src/ui/app.js in $oid1 (Not mine)
    hint: Change the paths of 'ui' in its own worktree, with `git stream exec ui`.
    hint: Take it out of the commits with `git rebase -i $oid2`.
    hint: Nothing was changed. How the history becomes clean is said by `git stream verify api`.
    [status 1]
    ");
    scene.assert_unmoved(&main);
    // Taking it back in a later commit does not help: the history has it.
    scene.work(
        "Take it back",
        "src/ui/app.js",
        "export const title = \"small\";\n",
    );
    assert_eq!(scene.land().status(), 1);
    scene.assert_unmoved(&main);
}

#[test]
fn shared_files_and_the_plan_do_not_land() {
    let scene = Scene::new("[shared]\nfiles = ['package.json']");
    let main = scene.main();
    for path in ["package.json", "streams.toml"] {
        scene.work("Shared", path, "{}\n");
        let answer = scene.land().arg_json();
        assert_eq!(answer["outcome"], "refused", "{path}");
        assert_eq!(answer["cause"], "out-of-scope", "{path}");
        scene
            .sandbox
            .git_in(&scene.api, &["reset", "--quiet", "--hard", "HEAD~1"]);
    }
    scene.assert_unmoved(&main);
}

#[test]
fn a_dry_run_says_what_would_happen_and_runs_nothing() {
    let scene = Scene::new("[land]\ncheck = 'touch ran; false'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    assert_snapshot!(scene.sandbox.run(["land", "api", "-n"]).agent("a1").block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api -n
    would land api: 1 commit onto main, now $oid1
    --- stderr ---
    `touch ran; false` would have to pass first; it was not run
    nothing was changed (--dry-run)
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
    assert!(!scene.sandbox.root().join("repo.streams/.check").exists());
}

#[test]
fn nothing_to_land_is_said() {
    let scene = Scene::new("");
    assert_snapshot!(scene.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    api has nothing to land
    [status 0]
    ");
    assert!(scene.api.exists(), "its holder has only just begun");
    let answer = scene.land().arg_json();
    assert_eq!(answer["outcome"], "nothing");
}

#[test]
fn a_checked_out_base_moves_with_its_files_and_keeps_what_is_dirty() {
    let scene = Scene::checked_out("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let old = scene.main();
    scene.sandbox.write("README.md", "mine\n");
    scene.sandbox.write("notes", "mine\n");
    scene.land().go().succeeded();
    let read = |path: &str| fs::read_to_string(scene.sandbox.repo().join(path)).unwrap();
    assert_eq!(read("src/api/lib.rs"), FAST);
    assert_eq!(read("README.md"), "mine\n");
    assert_eq!(
        scene.sandbox.git(&["status", "--porcelain"]),
        " M README.md\n?? notes\n"
    );
    assert!(
        scene
            .ledger("streams/api.toml")
            .contains("state = \"landed\"")
    );
    let trailers = [
        "log",
        "--format=%(trailers:key=Ref)",
        "-2",
        "refs/stream/ledger",
    ];
    let moved = format!("Ref: refs/heads/main {old} {}", scene.main());
    assert!(scene.sandbox.git(&trailers).contains(&moved));
}

#[test]
fn a_checked_out_base_with_something_in_the_way_does_not_move() {
    let scene = Scene::checked_out("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.sandbox.write("src/api/lib.rs", "mine\n");
    // git notes in ORIG_HEAD where it was before it looks at the files.
    let seen = || {
        let seen = Fingerprint::of(&scene.sandbox, &scene.sandbox.repo());
        seen.without_ledger().without("admin ORIG_HEAD")
    };
    let before = seen();
    assert_snapshot!(scene.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    --- stderr ---
    error: 'main' is checked out in '$ROOT/repo', and git cannot move it forward there
    caused by: `git -c core.hooksPath=/dev/null -c gc.auto=0 -c maintenance.auto=false -c core.fsync=committed merge --ff-only --no-autostash --quiet …` failed with exit status 1
    git: error: Your local changes to the following files would be overwritten by merge:
    git: 	src/api/lib.rs
    git: Please commit your changes or stash them before you merge.
    git: Aborting
    hint: Nothing was changed. Commit what is in the way, or move it away; `git -C $ROOT/repo status` shows it.
    [status 4]
    ");
    before.assert_same(&seen());
    assert_eq!(scene.land().status(), 4, "no intent is left in the way");
    scene
        .sandbox
        .git(&["checkout", "--quiet", "src/api/lib.rs"]);
    scene.land().go().succeeded();
}

#[test]
fn uncommitted_work_keeps_the_worktree_and_the_next_claim_finds_it() {
    let scene = Scene::new("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene
        .sandbox
        .write(scene.api.join("src/api/more.rs"), "// more\n");
    assert_snapshot!(scene.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    landed api: 1 commit onto main, now $oid1
    --- stderr ---
    the plan has no check: nothing was checked
    kept '$ROOT/repo.streams/api': 1 file in it that is nowhere else
    [status 0]
    ");
    assert!(scene.api.join("src/api/more.rs").exists());
    assert_eq!(claim(&scene.sandbox, "api", "a2"), scene.api);
    assert!(scene.ledger("streams/api.toml").contains("round = 2"));
}

#[test]
fn who_does_not_hold_it_cannot_land_it_and_a_person_of_the_machine_can() {
    let scene = Scene::new("");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    let main = scene.main();
    assert_snapshot!(scene.sandbox.run(["land", "api"]).agent("a2").block(), @r"
    $ GIT_STREAM_AGENT=a2 git stream land api
    --- stderr ---
    error: 'api' is not yours: a1 holds it
    hint: Nothing was changed. Ask a1 or a person to do it; `git stream status api` shows the stream.
    [status 1]
    ");
    scene.assert_unmoved(&main);
    let old = scene
        .land()
        .env("GIT_STREAM", "api")
        .env("GIT_STREAM_EPOCH", "0");
    assert_snapshot!(old.block(), @r"
    $ GIT_STREAM_AGENT=a1 GIT_STREAM=api GIT_STREAM_EPOCH=0 git stream land api
    --- stderr ---
    error: 'api' has changed hands: this process began in its epoch 0, and it is in 1
    hint: Nothing was changed. See who holds it now with `git stream status api`.
    [status 1]
    ");
    scene.sandbox.run(["land", "api"]).go().succeeded();
}

#[test]
fn derived_files_are_made_anew_from_the_combined_tree() {
    let plan = "[derived]\nfiles = ['lock']\ncommand = 'cat src/api/lib.rs src/ui/app.js >lock; echo x >>README.md'\n[land]\ncheck = 'git status --porcelain; cat lock'";
    let scene = Scene::new(plan);
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    scene.work("Lock", "lock", "half\n");
    scene.base("Another title", "src/ui/app.js", "newer\n");
    let answer = scene.land().arg_json();
    assert_eq!(answer["outcome"], "landed", "{answer}");
    let lock = scene.sandbox.git(&["show", "main:lock"]);
    assert_eq!(lock, format!("{FAST}newer\n"));
    let log = fs::read_to_string(answer["check"]["log"].as_str().unwrap()).unwrap();
    assert_eq!(log, lock, "the check saw a clean tree with it");
    assert_snapshot!(scene.sandbox.git(&["log", "-1", "--format=%B", "main"]), @r"
    Regenerate derived files

    Stream: api
    Agent: a1
    ");
    assert_eq!(
        scene.sandbox.git(&["show", "main:README.md"]),
        "# A small project\n"
    );
}

#[test]
fn commands_that_nobody_has_approved_do_not_run() {
    let scene = Scene::new("[land]\ncheck = 'touch ../ran'");
    scene.work("Answer faster", "src/api/lib.rs", FAST);
    fs::remove_file(scene.sandbox.repo().join(".git/git-stream/approved")).unwrap();
    let main = scene.main();
    assert_snapshot!(scene.land().block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream land api
    --- stderr ---
    error: the plan wants to run commands that no person has approved on this machine
    hint: Nothing was changed, and nothing was run. The commands are: check: `touch ../ran`.
    hint: A person who has read them approves them with `git stream init --approve`; on a machine without one, set GIT_STREAM_APPROVED to what `git stream plan --digest` prints.
    [status 1]
    ");
    assert_eq!(
        scene
            .sandbox
            .run(["land", "api", "-n"])
            .agent("a1")
            .status(),
        1
    );
    scene.assert_unmoved(&main);
    let digest = scene.sandbox.git(&["show", "main:streams.toml"]);
    scene.sandbox.write("draft.toml", digest);
    let digest = scene
        .sandbox
        .run(["plan", "--digest", "draft.toml"])
        .go()
        .stdout();
    assert_eq!(scene.land().env("GIT_STREAM_APPROVED", "wrong").status(), 1);
    let approved = scene.land().env("GIT_STREAM_APPROVED", digest.trim());
    approved.go().succeeded();
}

/// The name of a log holds the id of the operation.
fn mask_log(block: &str) -> String {
    let mut text = block.to_owned();
    let mut from = 0;
    while let Some(at) = text[from..].find("/checks/") {
        let begin = from + at + "/checks/".len();
        if let Some(end) = text[begin..].find(".log") {
            text.replace_range(begin..begin + end, "$LOG");
        }
        from = begin;
    }
    text
}

trait ArgJson {
    fn arg_json(self) -> Value;
}

impl ArgJson for Call {
    /// The same command with `--json`.
    fn arg_json(self) -> Value {
        self.arg("--json").json()
    }
}
