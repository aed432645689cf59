//! `git stream sync --autostash`: uncommitted work where the base has changed the same files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use serde_json::Value;

use super::{LIB, Scene};
use crate::support::{Call, Fingerprint, Sandbox, assert_sound, for_every_git_call};

const LONG: &str = "src/api/long.rs";
const TOOL: &str = "src/api/tool.sh";

fn lines() -> String {
    (1..=20).map(|n| format!("line {n}\n")).collect()
}

fn with(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(lines(), |text, (from, to)| {
        text.replace(&format!("{from}\n"), &format!("{to}\n"))
    })
}

/// Uncommitted work of every sort, and a base that has changed the same files elsewhere.
fn scene() -> Scene {
    let sandbox = Sandbox::new();
    let (long, tool) = (lines(), "#!/bin/sh\n\necho one\n\necho two\n");
    sandbox.commit(
        "Files",
        &[(LONG, &*long), (TOOL, tool), ("src/api/gone.rs", "gone\n")],
    );
    let scene = Scene::with(sandbox);
    scene.work("Say why", &[("src/api/why.md", Some("because\n"))]);
    let base = with(&[("line 18", "line 18 of the base")]);
    scene.base(
        "Change the same files",
        &[
            (LONG, Some(&base)),
            (TOOL, Some("#!/bin/sh\n\necho one\n\necho 2\n")),
            ("src/api/gone.rs", None),
            ("src/ui/app.js", Some("new\n")),
        ],
    );
    let write = |path: &str, text: &str| scene.sandbox.write(scene.api.join(path), text);
    write(LONG, &with(&[("line 3", "line 3, staged")]));
    scene.git(&["add", LONG]);
    write(
        LONG,
        &with(&[
            ("line 3", "line 3, staged"),
            ("line 10", "line 10, not staged"),
        ]),
    );
    fs::set_permissions(scene.api.join(TOOL), fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(scene.api.join("src/api/gone.rs")).unwrap();
    // None of these meets the base: they stay where they are.
    write("src/api/new.rs", "new\n");
    scene.git(&["add", "--intent-to-add", "src/api/new.rs"]);
    scene.git(&["rm", "--quiet", "--cached", LIB]);
    fs::remove_file(scene.api.join(LIB)).unwrap();
    write("notes.txt", "untracked\n");
    scene
}

fn autostash(scene: &Scene) -> Call {
    let sync = ["sync", "api", "--autostash"];
    scene.sandbox.run(sync).agent("a1")
}

/// The work is there as it was, on the new base, and nothing else is left.
#[track_caller]
fn assert_put_back(scene: &Scene) {
    assert_eq!(scene.git(&["log", "--format=%s", "main.."]), "Say why\n");
    assert_eq!(
        scene.git(&["status", "--porcelain", "--no-renames"]),
        "D  src/api/lib.rs\nMM src/api/long.rs\n A src/api/new.rs\n M src/api/tool.sh\n\
         ?? notes.txt\n"
    );
    let base = ("line 18", "line 18 of the base");
    let staged = ("line 3", "line 3, staged");
    let text = with(&[staged, ("line 10", "line 10, not staged"), base]);
    assert_eq!(fs::read_to_string(scene.api.join(LONG)).unwrap(), text);
    assert_eq!(
        scene.git(&["show", ":src/api/long.rs"]),
        with(&[staged, base])
    );
    let tool = fs::read_to_string(scene.api.join(TOOL)).unwrap();
    assert_eq!(tool, "#!/bin/sh\n\necho one\n\necho 2\n");
    let mode = fs::metadata(scene.api.join(TOOL)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o111, 0o111);
    assert!(!scene.api.join("src/api/gone.rs").exists());
    assert_eq!(kept(scene), "");
    assert_sound(&scene.sandbox, &scene.api);
}

/// The refs that keep uncommitted work; `refs/stash` is never one of them.
fn kept(scene: &Scene) -> String {
    let refs = [
        "for-each-ref",
        "--format=%(refname)",
        "refs/stream/kept",
        "refs/stash",
    ];
    let all = scene.sandbox.git(&refs);
    let is_of_work = |name: &&str| name.ends_with("stash");
    all.lines()
        .filter(is_of_work)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn uncommitted_work_goes_along_staged_and_unstaged_apart() {
    let scene = scene();
    assert_eq!(scene.sync().status(), 1);
    let before = Fingerprint::of(&scene.sandbox, &scene.api);
    let dry = scene.sandbox.run(["sync", "api", "--autostash", "-n"]);
    assert_snapshot!(dry.agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api --autostash -n
    would rebase api: 1 commit onto main $oid1
    --- stderr ---
    would put uncommitted work back: 'src/api/gone.rs', 'src/api/long.rs', 'src/api/tool.sh'
    nothing was changed (--dry-run)
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&scene.sandbox, &scene.api));
    assert_snapshot!(autostash(&scene).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api --autostash
    rebased api: 1 commit onto main $oid1
    --- stderr ---
    put uncommitted work back: 'src/api/gone.rs', 'src/api/long.rs', 'src/api/tool.sh'
    [status 0]
    ");
    assert_put_back(&scene);
}

#[test]
fn a_program_hears_what_became_of_it() {
    let scene = scene();
    let sync = ["sync", "api", "--autostash", "--json"];
    let answer = scene.sandbox.run(sync).agent("a1").json();
    assert_eq!(answer["outcome"], "rebased");
    assert_snapshot!(answer["autostash"].to_string().replace(answer["autostash"]["commit"].as_str().unwrap(), "$COMMIT"), @r#"{"paths":["src/api/gone.rs","src/api/long.rs","src/api/tool.sh"],"put_back":true,"staged_apart":true,"ref":null,"commit":"$COMMIT"}"#);
    assert_put_back(&scene);
}

#[test]
fn a_move_of_work_that_is_killed_is_finished_by_the_next_run() {
    let calls = for_every_git_call(|kill| {
        let scene = scene();
        let was_killed = autostash(&scene).killed_at(kill).go().was_killed();
        let again = autostash(&scene).go();
        assert_eq!(again.status(), 0, "{kill:?}: {}", again.block());
        assert_put_back(&scene);
        was_killed
    });
    assert!(calls > 10, "{calls}");
}

#[test]
fn without_work_in_the_way_nothing_is_kept() {
    let scene = Scene::new();
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    scene.sandbox.write(scene.api.join(LIB), "mine\n");
    let sync = ["sync", "api", "--autostash", "--json"];
    let answer = scene.sandbox.run(sync).agent("a1").json();
    assert_eq!(answer["outcome"], "rebased");
    assert_eq!(answer["autostash"], Value::Null);
    assert_eq!(scene.git(&["status", "--porcelain"]), " M src/api/lib.rs\n");
}

/// Uncommitted work, staged and not, that the base contradicts.
fn contradicted() -> Scene {
    let sandbox = Sandbox::new();
    sandbox.commit("Files", &[(LONG, &*lines())]);
    let scene = Scene::with(sandbox);
    let base = with(&[("line 10", "line 10 of the base")]);
    scene.base("Change the same line", &[(LONG, Some(&base))]);
    scene
        .sandbox
        .write(scene.api.join(LONG), with(&[("line 3", "line 3, staged")]));
    scene.git(&["add", LONG]);
    let both = with(&[("line 3", "line 3, staged"), ("line 10", "line 10 of mine")]);
    scene.sandbox.write(scene.api.join(LONG), both);
    scene
}

#[test]
fn work_that_cannot_be_put_back_is_kept_named_and_a_question() {
    let scene = contradicted();
    let ran = autostash(&scene).go();
    assert_eq!(ran.status(), 3, "{}", ran.block());
    let name = kept(&scene).trim().to_owned();
    // As a block shows the name, with the operation masked.
    let shown = "refs/stream/kept/api/$OP-stash";
    let masked = ran.block().replace(shown, "$KEPT");
    let id = format!(
        "uncommitted-kept-{}",
        &name.rsplit('/').next().unwrap()[..8]
    );
    assert_snapshot!(masked.replace(&id, "$ID"), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api --autostash
    moved api to main $oid1: it has no commits of its own
    --- stderr ---
    asked as $ID
    uncommitted work conflicts with the base and is kept as $KEPT: 'src/api/long.rs'
    hint: Put it back, and resolve it, with `git stash apply $KEPT` in the stream's worktree; then let go of it with `git update-ref -d $KEPT`.
    [status 3]
    ");
    // The files are the base's, and nothing of it is half-way.
    scene.assert_clean();
    assert_eq!(
        scene.head(),
        scene.sandbox.git(&["rev-parse", "main"]).trim()
    );
    let inbox = scene.sandbox.run(["inbox", &id]).block();
    assert_snapshot!(inbox.replace(shown, "$KEPT").replace(&id, "$ID"), @"
    $ git stream inbox $ID
    uncommitted work of api could not be put back after it was moved: 'src/api/long.rs'

    id:      $ID
    kind:    uncommitted-kept
    streams: api
    raised:  $AGO by a1
    commit:  $OID2
    base:    $OID1
    paths:   src/api/long.rs

    evidence:
      it is kept as $KEPT; see it with `git diff $KEPT^ $KEPT`

    choices:
      1. Put it back, and resolve it there, with `git -C $ROOT/repo.streams/api stash apply $KEPT`; then let go of it with `git update-ref -d $KEPT`.
      2. Give it up with `git update-ref -d $KEPT`.
    [status 0]
    ");
    // It stays a question, whatever is synced meanwhile.
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_eq!(scene.sync().status(), 0);
    let open = || scene.sandbox.run(["inbox", "--json"]).json()["escalations"].clone();
    assert_eq!(open().as_array().unwrap().len(), 1);
    // What is kept is what was staged, and what was not.
    let show = |name: &str| scene.sandbox.git(&["show", &format!("{name}:{LONG}")]);
    let staged = ("line 3", "line 3, staged");
    assert_eq!(show(&format!("{name}^2")), with(&[staged]));
    assert_eq!(show(&name), with(&[staged, ("line 10", "line 10 of mine")]));
    // The choice works as it is printed: git stops at the conflict, in the worktree.
    let choice = open()[0]["choices"][0].as_str().unwrap().to_owned();
    let commands: Vec<&str> = choice.split('`').skip(1).step_by(2).collect();
    let apply = scene.sandbox.program("sh", ["-c", commands[0]]).go();
    assert_eq!(apply.status(), 1, "{}", apply.block());
    let text = fs::read_to_string(scene.api.join(LONG)).unwrap();
    assert!(
        text.contains("line 3, staged\n") && text.contains("line 10 of mine\n"),
        "{text}"
    );
    scene.git(&["checkout", "--quiet", "--theirs", LONG]);
    scene.git(&["add", LONG]);
    scene
        .sandbox
        .program("sh", ["-c", commands[1]])
        .go()
        .succeeded();
    assert_eq!(scene.sync().status(), 0);
    assert_eq!(open(), Value::Array(Vec::new()));
}

#[test]
fn work_that_cannot_be_put_back_survives_every_death() {
    for_every_git_call(|kill| {
        let scene = contradicted();
        let was_killed = autostash(&scene).killed_at(kill).go().was_killed();
        let again = autostash(&scene).go();
        assert!(
            [0, 3].contains(&again.status()),
            "{kill:?}: {}",
            again.block()
        );
        let name = kept(&scene);
        assert_eq!(name.lines().count(), 1, "{kill:?}: {name}");
        let kept = scene
            .sandbox
            .git(&["show", &format!("{}:{LONG}", name.trim())]);
        assert!(kept.contains("line 10 of mine\n"), "{kill:?}: {kept}");
        let open = scene.sandbox.run(["inbox", "--json"]).json();
        assert_eq!(
            open["escalations"][0]["kind"], "uncommitted-kept",
            "{kill:?}"
        );
        scene.assert_clean();
        was_killed
    });
}

#[test]
fn where_only_what_was_staged_is_contradicted_all_of_it_is_put_back_unstaged() {
    let sandbox = Sandbox::new();
    sandbox.commit("Files", &[(LONG, &*lines())]);
    let scene = Scene::with(sandbox);
    let base = with(&[("line 3", "line 3 of the base")]);
    scene.base("Change a line", &[(LONG, Some(&base))]);
    let staged = with(&[("line 3", "line 3, staged")]);
    scene.sandbox.write(scene.api.join(LONG), staged);
    scene.git(&["add", LONG]);
    // The file has taken it back by now.
    let mine = with(&[("line 10", "line 10 of mine")]);
    scene.sandbox.write(scene.api.join(LONG), mine);
    assert_snapshot!(autostash(&scene).block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api --autostash
    moved api to main $oid1: it has no commits of its own
    --- stderr ---
    put uncommitted work back, all of it unstaged, since the base has changed what was staged: 'src/api/long.rs'
    [status 0]
    ");
    assert_eq!(
        scene.git(&["status", "--porcelain"]),
        " M src/api/long.rs\n"
    );
    let text = fs::read_to_string(scene.api.join(LONG)).unwrap();
    let both = with(&[
        ("line 3", "line 3 of the base"),
        ("line 10", "line 10 of mine"),
    ]);
    assert_eq!(text, both);
}

/// A git that writes to a file before one of its commands.
fn writing_before(scene: &Scene, command: &str, text: &str) -> String {
    let file = scene.api.join(LONG);
    let script = format!(
        "#!/bin/sh\nPATH=${{PATH#*:}}\ncase \"$*\" in *'{command}'*)\n\
         echo '{text}' >'{}' ;; esac\nexec git \"$@\"\n",
        file.display()
    );
    scene
        .sandbox
        .script(scene.sandbox.root().join("bin/git"), &script);
    let path = std::env::var("PATH").unwrap();
    format!("{}/bin:{path}", scene.sandbox.root().display())
}

#[test]
fn a_file_that_is_written_while_it_moves_is_not_overwritten() {
    let scene = scene();
    let path = writing_before(&scene, "read-tree -m", "precious");
    let ran = autostash(&scene).env("PATH", path).go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    assert!(
        ran.stdout().contains("'src/api/long.rs'"),
        "{}",
        ran.block()
    );
    let text = fs::read_to_string(scene.api.join(LONG)).unwrap();
    assert_eq!(text, "precious\n");
    assert_eq!(kept(&scene), "");
    assert_sound(&scene.sandbox, &scene.api);
}

#[test]
fn a_file_that_is_written_just_before_it_moves_without_autostash_is_not_overwritten() {
    let scene = scene();
    scene.git(&["reset", "--quiet", "--hard"]);
    let path = writing_before(&scene, "checkout-index", "precious");
    let ran = scene.sync().env("PATH", path).go();
    assert_eq!(ran.status(), 1, "{}", ran.block());
    let text = fs::read_to_string(scene.api.join(LONG)).unwrap();
    assert_eq!(text, "precious\n");
    assert_eq!(scene.git(&["log", "--format=%s", "-1"]), "Say why\n");
    assert_sound(&scene.sandbox, &scene.api);
}

#[test]
fn what_was_resolved_takes_uncommitted_work_along() {
    let scene = contradicted();
    scene.git(&["commit", "--quiet", "-m", "Staged"]);
    scene.git(&["commit", "--quiet", "-a", "-m", "Mine"]);
    assert_eq!(scene.sync().status(), 3);
    scene.sandbox.run(["resolve", "api"]).go().succeeded();
    let top = scene.api.with_file_name("api.resolve");
    scene.sandbox.write(
        top.join(LONG),
        with(&[("line 3", "line 3, staged"), ("line 10", "both")]),
    );
    scene.sandbox.git_in(&top, &["add", LONG]);
    scene.sandbox.git_in(&top, &["rebase", "--continue"]);
    let now = with(&[
        ("line 3", "line 3, staged"),
        ("line 10", "line 10 of mine"),
        ("line 18", "later"),
    ]);
    scene.sandbox.write(scene.api.join(LONG), now);
    assert_eq!(scene.sandbox.run(["resolve", "api", "--done"]).status(), 4);
    assert_eq!(autostash(&scene).status(), 0);
    let text = fs::read_to_string(scene.api.join(LONG)).unwrap();
    assert_eq!(
        text,
        with(&[
            ("line 3", "line 3, staged"),
            ("line 10", "both"),
            ("line 18", "later")
        ])
    );
    assert_eq!(
        scene.git(&["status", "--porcelain"]),
        " M src/api/long.rs\n"
    );
}
