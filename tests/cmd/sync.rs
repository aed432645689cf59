//! `git stream sync`: what it prints, how it ends, and what it leaves as it was.

mod all;
mod autostash;
mod engine;
mod escalation;
mod killed;
mod landed;
mod meanwhile;
mod odd;
pub(super) mod oracle;
mod remembered;
mod resolve;

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use crate::support::{Call, Fingerprint, Sandbox, assert_sound};

/// A repository in which `a1` holds `api`, which owns `src/api/**`.
struct Scene {
    sandbox: Sandbox,
    api: PathBuf,
}

impl Scene {
    fn new() -> Scene {
        Scene::with(Sandbox::new())
    }

    fn with(sandbox: Sandbox) -> Scene {
        let api = claim(&sandbox, "api", "src/api/**", "a1");
        Scene { sandbox, api }
    }

    /// Commits in the stream's worktree; `None` removes a file.
    fn work(&self, message: &str, files: &[(&str, Option<&str>)]) -> String {
        commit_in(&self.sandbox, &self.api, message, files)
    }

    /// Commits on the base.
    fn base(&self, message: &str, files: &[(&str, Option<&str>)]) -> String {
        commit_in(&self.sandbox, &self.sandbox.repo(), message, files)
    }

    fn sync(&self) -> Call {
        self.sandbox.run(["sync", "api"]).agent("a1")
    }

    fn git(&self, args: &[&str]) -> String {
        self.sandbox.git_in(&self.api, args)
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn ledger(&self) -> String {
        self.sandbox.git(&["rev-parse", "refs/stream/ledger"])
    }

    /// The stream's worktree is whole and clean, on its branch.
    #[track_caller]
    fn assert_clean(&self) {
        let branch = self.git(&["symbolic-ref", "HEAD"]);
        assert_eq!(branch.trim(), "refs/heads/stream/api");
        assert_eq!(self.git(&["status", "--porcelain"]), "");
        assert_sound(&self.sandbox, &self.api);
    }
}

fn claim(sandbox: &Sandbox, name: &str, files: &str, agent: &str) -> PathBuf {
    let call = sandbox.run(["claim", name, "--files", files]);
    let ran = call.agent(agent).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    PathBuf::from(ran.stdout().trim_end())
}

fn commit_in(
    sandbox: &Sandbox,
    directory: &Path,
    message: &str,
    files: &[(&str, Option<&str>)],
) -> String {
    for (path, text) in files {
        match text {
            Some(text) => sandbox.write(directory.join(path), text),
            None => fs::remove_file(directory.join(path)).unwrap(),
        }
    }
    let unguarded = ["-c", "core.hooksPath=/dev/null"];
    sandbox.git_in(directory, &["add", "--all"]);
    let commit = ["commit", "--quiet", "--allow-empty", "-m", message];
    sandbox.git_in(directory, &[&unguarded[..], &commit].concat());
    let head = sandbox.git_in(directory, &["rev-parse", "HEAD"]);
    head.trim().to_owned()
}

/// Whether git picks in memory; an older one needs a scratch worktree, and more processes.
fn picks_in_memory(sandbox: &Sandbox) -> bool {
    let version = sandbox.git(&["version"]);
    let mut numbers = version
        .split([' ', '.'])
        .filter_map(|word| word.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(2), Some(45))
}

const LIB: &str = "src/api/lib.rs";
const FASTER: &str = "pub fn answer() -> u8 {\n    43\n}\n";
const SLOWER: &str = "pub fn answer() -> u8 {\n    41\n}\n";

#[test]
fn a_stream_is_rebased_onto_its_base() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.work("Say why", &[("src/api/why.md", Some("because\n"))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    rebased api: 2 commits onto main $oid1
    [status 0]
    ");
    assert_snapshot!(scene.git(&["log", "--format=%s", "main~1.."]), @"
    Say why
    Answer faster
    Another title
    ");
    let log = [
        "log",
        "--format=%s%n%(trailers)",
        "-2",
        "refs/stream/ledger",
    ];
    assert_snapshot!(scene.sandbox.program("git", log).block(), @"
    $ git log '--format=%s%n%(trailers)' -2 refs/stream/ledger
    sync api: 2 commits onto $oid1
    Stream: api
    Agent: a1
    Epoch: 1
    Op: $OP
    Ref: refs/heads/stream/api $OID2 $OID3
    Ref: refs/stream/kept/api/$KEPT-1 $ZERO $OID2

    sync api: a1 begins
    Stream: api
    Agent: a1
    Epoch: 1
    Op: $OP

    [status 0]
    ");
    assert_eq!(
        fs::read_to_string(scene.api.join("src/ui/app.js")).unwrap(),
        "new\n"
    );
    scene.assert_clean();
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api is up to date: 2 commits on main $oid1
    [status 0]
    ");
}

#[test]
fn the_answer_for_a_program_has_the_contracts_fields() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_snapshot!(scene.sandbox.run(["sync", "api", "--json"]).agent("a1").block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream sync api --json
    {"version":1,"outcome":"rebased","stream":"api","old":"$OID1","new":"$OID2","base":"$OID3","base_branch":"main","commits":1,"notes":[],"dropped":[],"merges_flattened":0}
    [status 0]
    "#);
}

#[test]
fn a_stream_without_commits_is_moved_along() {
    let scene = Scene::new();
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    moved api to main $oid1: it has no commits of its own
    [status 0]
    ");
    scene.assert_clean();
}

#[test]
fn a_stream_that_was_merged_has_landed() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.sandbox.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge api",
        "stream/api",
    ]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api has landed: main $oid1 has all of it
    [status 0]
    ");
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api is up to date: 0 commits on main $oid1
    [status 0]
    ");
    scene.assert_clean();
}

#[test]
fn a_stream_whose_commits_were_rebased_elsewhere_has_landed() {
    let scene = Scene::new();
    let one = scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    scene.sandbox.git(&["cherry-pick", &one]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api has landed: main $oid1 has all of it
    --- stderr ---
    dropped $oid2 'Answer faster': main has a commit with the same change
    [status 0]
    ");
    scene.assert_clean();
}

#[test]
fn a_fast_forward_onto_the_work_of_others_is_no_landing() {
    let scene = Scene::new();
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    scene.git(&["merge", "--quiet", "--ff-only", "main"]);
    scene.base("Yet another title", &[("src/ui/app.js", Some("newer\n"))]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    moved api to main $oid1: it has no commits of its own
    [status 0]
    ");
}

#[test]
fn a_conflict_stops_and_nothing_but_the_ledger_changes() {
    let scene = Scene::new();
    scene.work("Say why", &[("src/api/why.md", Some("because\n"))]);
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Answer slower", &[(LIB, Some(SLOWER))]);
    scene
        .sandbox
        .write(scene.api.join("src/api/why.md"), "not committed\n");
    scene
        .sandbox
        .write(scene.api.join("src/api/new.rs"), "untracked\n");
    let before = Fingerprint::of(&scene.sandbox, &scene.api).without_ledger();
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    stopped api: commit $oid1 'Answer faster' of api conflicts with main in 'src/api/lib.rs'
    --- stderr ---
    asked as conflict-8a44de05; worktree, index and branch are as they were
      git: CONFLICT (content): Merge conflict in src/api/lib.rs
      src/api/lib.rs is api's, held by a1
      changed on main by:
        $oid2 'Answer slower' (Ada)

      src/api/lib.rs:
      pub fn answer() -> u8 {
      <<<<<<< main
          41
      =======
          43
      >>>>>>> $oid1 (Answer faster)
      }
    hint: Resolve it with `git stream resolve api`, in a worktree of its own.
    hint: Rebase it by hand with `git -C $ROOT/repo.streams/api rebase main`, then `git stream sync api`.
    hint: Give the stream back with `git stream release api`; its commits are kept.
    [status 3]
    ");
    let ledger = scene.ledger();
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api).without_ledger());
    // The same conflict is asked once, whoever runs into it.
    let json = scene
        .sandbox
        .run(["sync", "api", "--json"])
        .agent("a1")
        .go();
    assert_eq!(json.status(), 3);
    assert_snapshot!(json.block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream sync api --json
    {"version":1,"outcome":"stopped","stream":"api","old":"$OID1","new":"$OID1","base":"$OID2","base_branch":"main","commits":2,"notes":[],"reason":"commit $oid1 'Answer faster' of api conflicts with main in 'src/api/lib.rs'","escalation":{"id":"conflict-8a44de05","kind":"conflict","question":"commit $oid1 'Answer faster' of api conflicts with main in 'src/api/lib.rs'","commit":"$OID1","base":"$OID2","paths":["src/api/lib.rs"],"owners":[{"path":"src/api/lib.rs","stream":"api","agent":"a1","owner":null,"shared":false}],"conflicts":["content"],"messages":["CONFLICT (content): Merge conflict in src/api/lib.rs"],"changed_by":[{"commit":"$OID2","author":"Ada","subject":"Answer slower","streams":""}],"evidence":"git: CONFLICT (content): Merge conflict in src/api/lib.rs\nsrc/api/lib.rs is api's, held by a1\nchanged on main by:\n  $oid2 'Answer slower' (Ada)\n\nsrc/api/lib.rs:\npub fn answer() -> u8 {\n<<<<<<< main\n    41\n=======\n    43\n>>>>>>> $oid1 (Answer faster)\n}\n","choices":["Resolve it with `git stream resolve api`, in a worktree of its own.","Rebase it by hand with `git -C $ROOT/repo.streams/api rebase main`, then `git stream sync api`.","Give the stream back with `git stream release api`; its commits are kept."]}}
    [status 3]
    "#);
    assert_eq!(scene.sandbox.run(["sync", "api"]).status(), 3);
    assert_eq!(scene.ledger(), ledger);
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api).without_ledger());
    assert_snapshot!(scene.sandbox.git(&["ls-tree", "-r", "--name-only", "refs/stream/ledger", "escalations/"]), @"escalations/conflict-8a44de05.toml");
}

#[test]
fn the_question_is_closed_when_the_conflict_is_gone() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Answer slower", &[(LIB, Some(SLOWER))]);
    assert_eq!(scene.sync().status(), 3);
    // Another conflict takes the place of the first.
    scene.work("Answer fastest", &[(LIB, Some("44\n"))]);
    scene.git(&["reset", "--quiet", "--soft", "HEAD~2"]);
    scene.work("Answer at once", &[]);
    assert_eq!(scene.sync().status(), 3);
    let questions = [
        "ls-tree",
        "-r",
        "--name-only",
        "refs/stream/ledger",
        "escalations/",
    ];
    assert_eq!(scene.sandbox.git(&questions).lines().count(), 1);
    scene.sandbox.git(&["revert", "--no-edit", "HEAD"]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    rebased api: 1 commit onto main $oid1
    [status 0]
    ");
    assert_eq!(scene.sandbox.git(&questions), "");
    let record = scene
        .sandbox
        .git(&["show", "refs/stream/ledger:streams/api.toml"]);
    assert!(record.contains("state = \"in-progress\""), "{record}");
}

#[test]
fn a_rebase_by_hand_answers_the_question() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Answer slower", &[(LIB, Some(SLOWER))]);
    assert_eq!(scene.sync().status(), 3);
    scene.git(&[
        "-c",
        "core.hooksPath=/dev/null",
        "rebase",
        "--quiet",
        "-X",
        "theirs",
        "main",
    ]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    api is up to date: 1 commit on main $oid1
    [status 0]
    ");
    let questions = [
        "ls-tree",
        "-r",
        "--name-only",
        "refs/stream/ledger",
        "escalations/",
    ];
    assert_eq!(scene.sandbox.git(&questions), "");
}

#[test]
fn uncommitted_changes_stay_where_they_meet_nothing() {
    let scene = Scene::new();
    scene.work("Say why", &[("src/api/why.md", Some("because\n"))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    scene.sandbox.write(scene.api.join(LIB), FASTER);
    scene
        .sandbox
        .write(scene.api.join("src/api/staged.rs"), "staged\n");
    scene.git(&["add", "src/api/staged.rs"]);
    scene.sandbox.write(scene.api.join("notes.txt"), "mine\n");
    assert_eq!(scene.sync().status(), 0);
    assert_snapshot!(scene.git(&["status", "--porcelain"]), @"
     M src/api/lib.rs
    A  src/api/staged.rs
    ?? notes.txt
    ");
    assert_eq!(fs::read_to_string(scene.api.join(LIB)).unwrap(), FASTER);
}

#[test]
fn uncommitted_changes_where_the_base_has_changed_something_are_listed() {
    let scene = Scene::new();
    scene.base(
        "Another title",
        &[("src/ui/app.js", Some("new\n")), (LIB, Some(SLOWER))],
    );
    scene.sandbox.write(scene.api.join(LIB), FASTER);
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    refused to move api: uncommitted changes are where the base has changed something: 'src/api/lib.rs'
    --- stderr ---
    hint: Nothing was changed. Commit these files, or take them along with `git stream sync api --autostash`.
    [status 1]
    ");
    assert_snapshot!(scene.sandbox.run(["sync", "api", "--json"]).agent("a1").block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream sync api --json
    {"version":1,"outcome":"refused","stream":"api","old":"$OID1","new":"$OID1","base":"$OID2","base_branch":"main","commits":0,"notes":[],"reason":"uncommitted changes are where the base has changed something: 'src/api/lib.rs'","cause":"uncommitted","paths":["src/api/lib.rs"],"hints":["Nothing was changed. Commit these files, or take them along with `git stream sync api --autostash`."]}
    [status 1]
    "#);
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
}

#[test]
fn files_that_git_does_not_know_are_never_overwritten() {
    let scene = Scene::new();
    scene.base(
        "New things",
        &[
            ("docs/a.md", Some("a\n")),
            ("docs/deep/b.md", Some("b\n")),
            ("build", Some("a file\n")),
            ("ignored.log", Some("log\n")),
        ],
    );
    scene.sandbox.write(scene.api.join("docs/a.md"), "mine\n");
    scene.sandbox.write(
        scene.api.join("docs/deep"),
        "a file where a directory must be\n",
    );
    scene.sandbox.write(
        scene.api.join("build/out/x.o"),
        "in a directory where a file must be\n",
    );
    scene.sandbox.write(scene.api.join("ignored.log"), "mine\n");
    scene.sandbox.write(
        scene.sandbox.repo().join(".git/info/exclude"),
        "*.log\nbuild/\n",
    );
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    refused to move api: files that git does not know are where the base has new ones: 'build/out/x.o', 'docs/a.md', 'docs/deep', 'ignored.log'
    --- stderr ---
    hint: Nothing was changed. Move these files away, then `git stream sync api` again; `git -C $ROOT/repo.streams/api status --ignored` shows them.
    [status 1]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
}

#[test]
fn an_operation_that_is_going_on_must_end_first() {
    let scene = Scene::new();
    let one = scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    scene.work("Answer slower", &[(LIB, Some(SLOWER))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    let pick = scene
        .sandbox
        .program("git", ["cherry-pick", &one])
        .in_dir(&scene.api);
    assert_eq!(pick.status(), 1);
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    refused to move api: a cherry-pick is going on in its worktree
    --- stderr ---
    hint: Nothing was changed. Finish it, or give it up with `git -C $ROOT/repo.streams/api cherry-pick --abort`, then `git stream sync api` again.
    [status 1]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
    scene.git(&["cherry-pick", "--quit"]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    refused to move api: its index holds a conflict in 'src/api/lib.rs'
    --- stderr ---
    hint: Nothing was changed. Resolve it and commit; `git -C $ROOT/repo.streams/api status` shows where.
    [status 1]
    ");
    scene.git(&["reset", "--quiet", "--hard"]);
    scene.git(&["switch", "--quiet", "--detach"]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    refused to move api: its worktree is on no branch, not on 'stream/api'
    --- stderr ---
    hint: Nothing was changed. Go back with `git -C $ROOT/repo.streams/api switch stream/api`, then `git stream sync api` again.
    [status 1]
    ");
    scene.git(&["switch", "--quiet", "stream/api"]);
    fs::rename(&scene.api, scene.sandbox.root().join("elsewhere")).unwrap();
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    refused to move api: its worktree '$ROOT/repo.streams/api' is gone
    --- stderr ---
    hint: Nothing was changed. If it was moved, say where with `git worktree repair PATH`, then `git stream sync api` again.
    [status 1]
    ");
}

#[test]
fn the_words_the_author_and_the_time_are_kept() {
    let scene = Scene::new();
    scene.sandbox.write(scene.api.join(LIB), FASTER);
    let message = scene.sandbox.root().join("message");
    fs::write(
        &message,
        b"Gr\xfc\xdfe\n\n\n  two spaces  \n# no comment\n\n\n",
    )
    .unwrap();
    let args = [
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "i18n.commitEncoding=ISO-8859-1",
        "commit",
        "--quiet",
        "--all",
        "--cleanup=verbatim",
        "--file",
    ];
    let args: Vec<&str> = args
        .into_iter()
        .chain([message.to_str().unwrap()])
        .collect();
    let call = scene.sandbox.program("git", args).in_dir(&scene.api);
    let call = call
        .env("GIT_AUTHOR_NAME", "Grüße, Eve")
        .env("GIT_AUTHOR_EMAIL", "eve@example.com");
    assert_eq!(
        call.env("GIT_AUTHOR_DATE", "2001-02-03T04:05:06+0530")
            .status(),
        0
    );
    let raw = |scene: &Scene| {
        let ran = scene
            .sandbox
            .program("git", ["cat-file", "commit", "HEAD"])
            .in_dir(&scene.api);
        let text = ran.go().stdout();
        let kept = text
            .lines()
            .filter(|line| !line.starts_with("tree ") && !line.starts_with("parent "));
        kept.map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let before = raw(&scene);
    assert!(before.contains("encoding ISO-8859-1"), "{before}");
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_eq!(scene.sync().status(), 0);
    assert_eq!(raw(&scene), before);
}

#[test]
fn what_the_base_has_already_is_left_out_and_named() {
    let scene = Scene::new();
    let one = scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.work("Nothing, on purpose", &[]);
    scene.work("Say why", &[("src/api/why.md", Some("because\n"))]);
    scene.work("Say how", &[("src/api/how.md", Some("so\n"))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    scene.sandbox.git(&["cherry-pick", &one]);
    // The same content with another neighbour is another change, and becomes empty.
    scene.base(
        "Say how, and more",
        &[
            ("src/api/how.md", Some("so\n")),
            ("src/ui/app.js", Some("newer\n")),
        ],
    );
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    rebased api: 2 commits onto main $oid1
    --- stderr ---
    dropped $oid2 'Answer faster': main has a commit with the same change
    dropped $oid3 'Say how': main has what it changes already
    [status 0]
    ");
    assert_snapshot!(scene.git(&["log", "--format=%s", "main.."]), @"
    Say why
    Nothing, on purpose
    ");
    scene.assert_clean();
}

#[test]
fn merges_are_flattened_as_git_rebase_does() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.git(&["switch", "--quiet", "-c", "side", "HEAD~1"]);
    scene.work("Say why", &[("src/api/why.md", Some("because\n"))]);
    scene.git(&["switch", "--quiet", "stream/api"]);
    scene.git(&[
        "-c",
        "core.hooksPath=/dev/null",
        "merge",
        "--quiet",
        "-m",
        "Merge side",
        "side",
    ]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    rebased api: 2 commits onto main $oid1
    --- stderr ---
    1 merge was flattened, as `git rebase` does
    [status 0]
    ");
    assert_eq!(scene.git(&["rev-list", "--merges", "main.."]), "");
    scene.assert_clean();
}

#[test]
fn a_dry_run_ends_as_the_real_run_would() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    assert_snapshot!(scene.sandbox.run(["sync", "api", "-n"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api -n
    would rebase api: 1 commit onto main $oid1
    --- stderr ---
    nothing was changed (--dry-run)
    [status 0]
    ");
    scene.base("Answer slower", &[(LIB, Some(SLOWER))]);
    let ledger = scene.ledger();
    assert_snapshot!(scene.sandbox.run(["sync", "api", "-n", "-q"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api -n -q
    would stop api: commit $oid2 'Answer faster' of api conflicts with main in 'src/api/lib.rs'
    [status 3]
    ");
    assert_eq!(scene.ledger(), ledger);
    scene.sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
}

#[test]
fn another_agent_may_not_and_a_person_may() {
    let scene = Scene::new();
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    assert_snapshot!(scene.sandbox.run(["sync", "api"]).agent("a2").block(), @"
    $ GIT_STREAM_AGENT=a2 git stream sync api
    --- stderr ---
    error: 'api' is not yours: a1 holds it
    hint: Nothing was changed. Ask a1 or a person to do it; `git stream status api` shows the stream.
    [status 1]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
    assert_snapshot!(scene.sandbox.run(["sync", "api"]).block(), @"
    $ git stream sync api
    moved api to main $oid1: it has no commits of its own
    [status 0]
    ");
    assert_snapshot!(scene.sandbox.run(["sync", "ui"]).block(), @"
    $ git stream sync ui
    --- stderr ---
    error: nobody holds 'ui'; it is unclaimed
    hint: Nothing was changed. Take it first with `git stream claim ui`.
    [status 1]
    ");
}

#[test]
fn inside_the_worktree_the_stream_need_not_be_named() {
    let scene = Scene::new();
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_snapshot!(scene.sandbox.run(["sync"]).in_dir(&scene.api).block(), @"
    $ cd $ROOT/repo.streams/api && git stream sync
    moved api to main $oid1: it has no commits of its own
    [status 0]
    ");
    assert_snapshot!(scene.sandbox.run(["sync"]).block(), @"
    $ git stream sync
    --- stderr ---
    error: which stream? none was named, and this is not the worktree of one
    hint: Name it, as in `git stream status api`, or change into its worktree.
    [status 2]
    ");
}

#[test]
fn a_rewritten_base_is_a_question_to_a_person() {
    let scene = Scene::new();
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_eq!(scene.sync().status(), 0);
    scene
        .sandbox
        .git(&["commit", "--quiet", "--amend", "-m", "Begin again"]);
    scene.sandbox.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    scene
        .sandbox
        .git(&["commit", "--quiet", "--amend", "-m", "Begin again"]);
    let before = Fingerprint::of(&scene.sandbox, &scene.api).without_ledger();
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    stopped api: the base 'main' was rewritten: $oid1 does not descend from $oid2
    --- stderr ---
    asked as base-moved-cf828526; worktree, index and branch are as they were
      see what has changed with `git log --graph $oid2 main`
    hint: Accept the branch as it is with `git stream init --base main --accept`.
    hint: Put it back with `git reset --keep $oid2` where it is checked out.
    [status 3]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api).without_ledger());
}

#[test]
fn edits_that_a_rename_carries_out_of_the_stream_are_a_question() {
    let scene = Scene::new();
    let long: String = (0..20).map(|n| format!("line {n}\n")).collect();
    scene.base("A long file", &[("src/api/long.rs", Some(&long))]);
    assert_eq!(scene.sync().status(), 0);
    scene.work(
        "Edit it",
        &[(
            "src/api/long.rs",
            Some(&long.replace("line 7\n", "line seven\n")),
        )],
    );
    scene
        .sandbox
        .git(&["mv", "src/api/long.rs", "src/ui/long.rs"]);
    scene.sandbox.git(&["commit", "--quiet", "-m", "Move it"]);
    let before = Fingerprint::of(&scene.sandbox, &scene.api).without_ledger();
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    stopped api: main has renamed files that api edits; its edits would now be in 'src/ui/long.rs', which is not api's
    --- stderr ---
    asked as renamed-out-of-scope-40800a46; worktree, index and branch are as they were
      src/api/long.rs is src/ui/long.rs now
      src/ui/long.rs is nobody's
      changed on main by:
        $oid1 'Move it' (Ada)
    hint: Move the claim along with `git stream claim api --add='src/ui/long.rs'`, then `git stream sync api`.
    hint: Take the edits out of api with `git -C $ROOT/repo.streams/api rebase -i main`, then `git stream sync api`.
    hint: Give the stream back with `git stream release api`; its commits are kept.
    [status 3]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api).without_ledger());
}

#[test]
fn the_base_is_fetched_from_its_remote() {
    let sandbox = Sandbox::new();
    let plan = "version = 1\nbase = \"main\"\nremote = \"origin\"\n";
    sandbox.commit("Plan", &[("streams.toml", plan)]);
    let remote = sandbox.bare_remote();
    let scene = Scene::with(sandbox);
    let other = scene.sandbox.clone_of(&remote, "other");
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    commit_in(
        &scene.sandbox,
        &other,
        "Another title",
        &[("src/ui/app.js", Some("new\n"))],
    );
    scene.sandbox.git_in(&other, &["push", "--quiet"]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    rebased api: 1 commit onto main $oid1
    [status 0]
    ");
    scene.assert_clean();
    fs::rename(&remote, scene.sandbox.root().join("away.git")).unwrap();
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    --- stderr ---
    error: cannot fetch 'main' from 'origin'
    caused by: `git --git-dir $ROOT/repo/.git fetch --quiet --no-tags --no-write-fetch-head --no-auto-maintenance --no-recurse-submodules --end-of-options origin +refs/heads/main:refs/remotes/origin/main` failed with exit status 128
    git: fatal: '$ROOT/remote.git' does not appear to be a git repository
    git: fatal: Could not read from remote repository.
    git: Please make sure you have the correct access rights
    git: and the repository exists.
    hint: Nothing was changed, and committing works without the remote; see whether it answers with `git ls-remote origin`.
    [status 5]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
}

#[test]
fn the_users_hook_hears_of_rewritten_commits() {
    let sandbox = Sandbox::new();
    let hook = "#!/bin/sh\n{ echo \"$@\"; cat; } >\"$PWD/../heard\"\n";
    sandbox.script(".git/hooks/post-rewrite", hook);
    let scene = Scene::with(sandbox);
    let one = scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_eq!(scene.sync().status(), 0);
    let heard = fs::read_to_string(scene.api.join("../heard")).unwrap();
    assert_eq!(heard, format!("rebase\n{one} {}\n", scene.head()));
    // A hook that fails cannot take back what was done.
    scene.sandbox.script(
        ".git/hooks/post-rewrite",
        "#!/bin/sh\necho oh no >&2\nexit 7\n",
    );
    scene.base("Yet another title", &[("src/ui/app.js", Some("newer\n"))]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    rebased api: 1 commit onto main $oid1
    --- stderr ---
    the post-rewrite hook failed with exit status 7
    oh no
    [status 0]
    ");
}

#[test]
fn git_must_know_who_commits() {
    let scene = Scene::new();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    let nobody = |mut call: Call| {
        for name in [
            "GIT_COMMITTER_NAME",
            "GIT_COMMITTER_EMAIL",
            "GIT_AUTHOR_NAME",
            "GIT_AUTHOR_EMAIL",
        ] {
            call = call.without_env(name);
        }
        call
    };
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    assert_snapshot!(nobody(scene.sync()).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    --- stderr ---
    error: git does not know who commits here
    hint: Nothing was changed. Tell git who commits with `git config user.name NAME` and `git config user.email MAIL`.
    [status 1]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
}

#[test]
fn each_outcome_starts_so_many_processes_of_git() {
    let scene = Scene::new();
    if !picks_in_memory(&scene.sandbox) {
        return;
    }
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    let calls = |scene: &Scene| {
        let verbs = scene.sync().counting().go().git_calls();
        let verb = |call: &String| {
            let mut words = call.split(' ').peekable();
            while let Some(word) = words.next() {
                match word {
                    "-c" | "--git-dir" => drop(words.next()),
                    word if word.starts_with('-') => {}
                    word => return word.to_owned(),
                }
            }
            call.clone()
        };
        let verbs = verbs.iter().map(verb);
        // Asked where the files are so new that the index cannot tell.
        let verbs = verbs.filter(|verb| verb != "status");
        verbs.collect::<Vec<_>>().join(" ")
    };
    // `version` is asked because the git that counts is another program than the last one.
    assert_snapshot!(calls(&scene), @"version");
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_snapshot!(calls(&scene), @"version update-ref checkout-index update-ref");
    scene.base("Answer slower", &[(LIB, Some(SLOWER))]);
    assert_snapshot!(calls(&scene), @"version rev-list merge-tree log log update-ref");
}
