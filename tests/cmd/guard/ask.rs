//! What does the guard answer when it is asked directly?

use insta::assert_snapshot;

use super::{Held, PLAN};
use crate::support::{Fingerprint, Sandbox};

#[test]
fn what_is_staged() {
    let held = Held::new();
    assert_snapshot!(held.guard(&["staged"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard staged
    nothing is staged
    [status 0]
    ");
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["add", "src/api"]);
    assert_snapshot!(held.guard(&["staged"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard staged
    the staged path stays inside stream 'api'
    [status 0]
    ");
    assert_snapshot!(held.guard(&["staged", "--json"]).block(), @r#"
    $ cd $ROOT/repo.streams/api && git stream guard staged --json
    {"version":1,"verdict":"accept","stream":"api","paths":[]}
    [status 0]
    "#);
    held.write("src/ui/app.js", "theirs\n");
    held.write("docs/guide.md", "planned\n");
    held.git(&["add", "--all"]);
    assert_snapshot!(held.guard(&["staged"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard staged
    stream 'api' may not change 2 of the 3 paths to be committed: 1 of docs (held by nobody), 1 of ui (held by a2)
    of docs (held by nobody):
      docs/guide.md
    of ui (held by a2):
      src/ui/app.js
    --- stderr ---
    hint: Change the paths of 'docs' in its own worktree, with `git stream exec docs`.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take what is refused out of the commit with `git stream guard unstage`; the files keep their content.
    [status 1]
    ");
    assert_snapshot!(held.guard(&["staged", "--json"]).block(), @r#"
    $ cd $ROOT/repo.streams/api && git stream guard staged --json
    {"version":1,"verdict":"refuse","stream":"api","paths":[{"path":"docs/guide.md","why":"out-of-scope","owner":"docs","agent":null},{"path":"src/ui/app.js","why":"out-of-scope","owner":"ui","agent":"a2"}]}
    [status 1]
    "#);
    assert_snapshot!(held.guard(&["staged", "--stream", "docs"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard staged --stream docs
    stream 'docs' may not change 2 of the 3 paths to be committed: 1 of api (held by a1), 1 of ui (held by a2)
    of api (held by a1):
      src/api/lib.rs
    of ui (held by a2):
      src/ui/app.js
    --- stderr ---
    hint: Leave the paths of 'api' to a1; what they are doing is in `git stream status api`.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take what is refused out of the commit with `git stream guard unstage`; the files keep their content.
    [status 1]
    ");
    assert_eq!(
        held.guard(&["staged", "--files", "src/*/**", "docs/**"])
            .status(),
        0
    );
}

#[test]
fn a_long_list_is_cut() {
    let held = Held::new();
    for n in 0..214 {
        held.write(&format!("src/ui/{n:03}.js"), "theirs\n");
    }
    held.write("README.md", "nobody's\n");
    held.git(&["add", "--all"]);
    assert_snapshot!(held.try_git(&["commit", "-m", "x"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -m x
    --- stderr ---
    error: stream 'api' may not change any of the 215 paths to be committed: 1 owned by nobody, 214 of ui (held by a2)
      owned by nobody:
        README.md
      of ui (held by a2):
        src/ui/000.js
        src/ui/001.js
        src/ui/002.js
        src/ui/003.js
        src/ui/004.js
        src/ui/005.js
        src/ui/006.js
        src/ui/007.js
        src/ui/008.js
        src/ui/009.js
        … and 204 more
    hint: Take what nobody owns with `git stream claim api --add='README.md'`.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take what is refused out of the commit with `git stream guard unstage`; the files keep their content.
    hint: See all of them with `git stream guard staged --json`.
    [status 1]
    ");
    let all = held.guard(&["staged", "--json"]).json();
    assert_eq!(all["paths"].as_array().unwrap().len(), 215);
}

#[test]
fn a_range() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    assert_snapshot!(held.guard(&["range", "main..HEAD"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard range main..HEAD
    the commit stays inside stream 'api'
    [status 0]
    ");
    held.slipped_by("src/ui/app.js", "theirs\n");
    held.git(&[
        "-c",
        "core.hooksPath=/dev/null",
        "revert",
        "--no-edit",
        "HEAD",
    ]);
    // The end is as it should be; the history is not.
    assert_snapshot!(held.guard(&["range", "main..HEAD"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard range main..HEAD
    1 of the 3 commits of stream 'api' changes what it may not: 1 of ui (held by a2)
    of ui (held by a2):
      src/ui/app.js in $oid1 (Slipped by)
    --- stderr ---
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take it out of the commits with `git rebase -i $oid2`.
    [status 1]
    ");
    assert_snapshot!(held.guard(&["range", "main..HEAD", "--json"]).block(), @r#"
    $ cd $ROOT/repo.streams/api && git stream guard range main..HEAD --json
    {"version":1,"verdict":"refuse","stream":"api","paths":[{"path":"src/ui/app.js","why":"out-of-scope","owner":"ui","agent":"a2","commit":"$OID1"}]}
    [status 1]
    "#);
    assert_eq!(
        held.guard(&["range", "main..HEAD", "--files", "src/**"])
            .status(),
        0
    );
    assert_eq!(
        held.guard(&["range", "main..HEAD", "--stream", "ui"])
            .status(),
        1
    );
}

#[test]
fn a_range_in_a_clone_that_knows_only_the_plan() {
    let sandbox = Sandbox::new();
    sandbox.commit("Plan", &[("streams.toml", PLAN)]);
    let base = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.commit("Mine", &[("src/api/lib.rs", "mine\n")]);
    // The range's own plan does not count.
    sandbox.commit(
        "Mine, too",
        &[(
            "streams.toml",
            "version = 1\n[streams.api]\nfiles = [\"**\"]\n",
        )],
    );
    let range = format!("{}..HEAD", base.trim());
    assert_snapshot!(sandbox.run(["guard", "range", &range, "--stream", "api"]).block(), @r"
    $ git stream guard range $OID1..HEAD --stream api
    1 of the 2 commits of stream 'api' changes what it may not: 1 the plan, which belongs to no stream
    the plan, which belongs to no stream:
      streams.toml in $oid2 (Mine, too)
    --- stderr ---
    hint: Leave the plan and shared files to a person, in the main checkout, which `git worktree list` names first.
    hint: Take it out of the commits with `git rebase -i $oid1`.
    [status 1]
    ");
    assert_eq!(
        sandbox
            .run(["guard", "range", &range, "--files", "src/**"])
            .status(),
        1
    );
}

#[test]
fn paths_that_need_not_exist() {
    let held = Held::new();
    let paths = [
        "paths",
        "src/api/new.rs",
        "src/ui/app.js",
        "fixtures/new",
        "a.lock",
        "package.json",
        "src/api/Lib.rs",
        "none",
    ];
    assert_snapshot!(held.guard(&paths).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard paths src/api/new.rs src/ui/app.js fixtures/new a.lock package.json src/api/Lib.rs none
    stream 'api' may not change 4 of the 7 paths: 1 of ui (held by a2), 1 shared by all streams (locks do not exist yet), 1 that some machines cannot tell from another, 1 owned by nobody
    of ui (held by a2):
      src/ui/app.js
    shared by all streams (locks do not exist yet):
      package.json
    that some machines cannot tell from another:
      src/api/Lib.rs collides with src/api/lib.rs
    owned by nobody:
      none
    --- stderr ---
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Leave the plan and shared files to a person, in the main checkout, which `git worktree list` names first.
    hint: Give the new path a name that differs in more, with `git mv src/api/Lib.rs NAME`.
    hint: Take what nobody owns with `git stream claim api --add='none'`.
    [status 1]
    ");
    let inside = held
        .sandbox
        .run(["guard", "paths", "new.rs", "../ui/x.js", "--json"]);
    assert_snapshot!(inside.in_dir(held.api.join("src/api")).block(), @r#"
    $ cd $ROOT/repo.streams/api/src/api && git stream guard paths new.rs ../ui/x.js --json
    {"version":1,"verdict":"refuse","stream":"api","paths":[{"path":"src/ui/x.js","why":"out-of-scope","owner":"ui","agent":"a2"}]}
    [status 1]
    "#);
    let absolute = held.api.join("src/api/x");
    assert_eq!(
        held.guard(&["paths", absolute.to_str().unwrap()]).status(),
        0
    );
    assert_eq!(
        held.guard(&["paths", "../../api/x", "--", "-x"]).status(),
        2
    );
}

#[test]
fn unstaging_takes_out_exactly_what_is_refused() {
    let held = Held::new();
    for path in [
        "src/api/lib.rs",
        "src/ui/app.js",
        "src/ui/new.js",
        "README.md",
    ] {
        held.write(path, "changed\n");
    }
    held.git(&["add", "--all"]);
    let before = Fingerprint::of(&held.sandbox, &held.api);
    assert_snapshot!(held.guard(&["unstage", "--dry-run"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard unstage --dry-run
    README.md
    src/ui/app.js
    src/ui/new.js
    --- stderr ---
    would unstage 3; nothing was changed
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&held.sandbox, &held.api));
    assert_snapshot!(held.guard(&["unstage"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard unstage
    README.md
    src/ui/app.js
    src/ui/new.js
    --- stderr ---
    unstaged 3; the files keep their content
    [status 0]
    ");
    assert_eq!(
        held.git(&["status", "--porcelain"]),
        " M README.md\nM  src/api/lib.rs\n M src/ui/app.js\n?? src/ui/new.js\n"
    );
    assert_snapshot!(held.guard(&["unstage", "--json"]).block(), @r#"
    $ cd $ROOT/repo.streams/api && git stream guard unstage --json
    {"version":1,"stream":"api","unstaged":[]}
    --- stderr ---
    nothing of another owner is staged
    [status 0]
    "#);
    held.git(&["commit", "-qm", "Mine"]);
}

#[test]
fn questions_that_cannot_be_answered() {
    let held = Held::new();
    let main = |args: &[&str]| {
        held.sandbox
            .run(std::iter::once("guard").chain(args.iter().copied()))
            .block()
    };
    assert_snapshot!(main(&["staged"]), @r"
    $ git stream guard staged
    --- stderr ---
    error: for whom? no stream and no patterns were given, and this is not a stream's worktree
    hint: Name a stream, as in `git stream guard staged --stream api`, or patterns with `--files`.
    [status 2]
    ");
    assert_snapshot!(main(&["staged", "--stream", "nobody"]), @r"
    $ git stream guard staged --stream nobody
    --- stderr ---
    error: there is no stream 'nobody': nobody holds it, and the plan does not have it
    hint: See which streams there are with `git stream status`.
    [status 1]
    ");
    assert_snapshot!(main(&["range", "main", "--stream", "api"]), @r"
    $ git stream guard range main --stream api
    --- stderr ---
    error: 'main' is not a range of commits
    hint: Write two revisions with two dots between them, as in `git stream guard range origin/main..HEAD`.
    [status 2]
    ");
    assert_snapshot!(main(&["range", "main..nowhere", "--stream", "api"]), @r"
    $ git stream guard range main..nowhere --stream api
    --- stderr ---
    error: 'nowhere' names no commit
    hint: See what git makes of it with `git rev-parse 'nowhere'`.
    [status 2]
    ");
    assert_snapshot!(main(&["paths", "../x", "--stream", "api"]), @r"
    $ git stream guard paths ../x --stream api
    --- stderr ---
    error: '../x' is outside of this worktree
    hint: Name paths of this worktree; `git rev-parse --show-toplevel` prints its top.
    [status 2]
    ");
    assert_snapshot!(main(&["staged", "--files", "/abs"]), @r"
    $ git stream guard staged --files /abs
    --- stderr ---
    error: the pattern '/abs' is absolute
    hint: Write `abs`; patterns count from the top of the repository.
    [status 2]
    ");
    let fresh = Sandbox::new();
    assert_snapshot!(fresh.run(["guard", "staged", "--files", "src/**"]).block(), @r"
    $ git stream guard staged --files 'src/**'
    --- stderr ---
    error: git stream is not set up in this repository
    hint: Set it up with `git stream init`.
    [status 5]
    ");
    assert_eq!(
        fresh
            .run(["guard", "paths", "src/x", "--files", "src/**"])
            .status(),
        0
    );
}

#[test]
fn the_guard_starts_no_process_of_git_to_judge_an_index() {
    let held = Held::new();
    held.write("src/ui/app.js", "theirs\n");
    held.git(&["add", "--all"]);
    let calls = |args: &[&str]| {
        let call = held.sandbox.run(args.iter().copied()).in_dir(&held.api);
        call.counting().go().git_calls()
    };
    // Each of these calls brings a git program of its own, whose version is asked once. A hook is
    // run by some git already.
    let asked = ["version"];
    assert_eq!(calls(&["guard", "staged"]), asked);
    assert_eq!(calls(&["guard", "pre-commit"]), [""; 0]);
    assert_eq!(calls(&["guard", "paths", "src/ui/x"]), asked);
    assert_eq!(calls(&["guard", "range", "main..HEAD"]).len(), 2);
    assert_eq!(calls(&["guard", "unstage"]).len(), 2);
}

#[test]
fn a_name_that_several_refs_have_is_no_answer() {
    let held = Held::new();
    let evil = held.slipped_by("src/ui/app.js", "theirs\n");
    // Whoever may push a tag would otherwise say what the base is.
    held.git(&["tag", "main", &evil]);
    assert_snapshot!(held.guard(&["range", "main..HEAD"]).block(), @"
    $ cd $ROOT/repo.streams/api && git stream guard range main..HEAD
    --- stderr ---
    error: 'main' may be refs/tags/main or refs/heads/main
    hint: Name the one that is meant in full, or by its id; `git show-ref 'refs/heads/main'` shows where that one points.
    [status 2]
    ");
    assert_eq!(held.guard(&["range", "main~0..HEAD"]).status(), 2);
    assert_eq!(held.guard(&["range", "refs/heads/main..HEAD"]).status(), 1);
    assert_eq!(held.guard(&["range", "refs/tags/main..HEAD"]).status(), 0);
}

#[test]
fn commits_of_the_base_are_not_judged_whatever_their_dates_say() {
    let held = Held::new();
    let tree = held.git(&["rev-parse", "main^{tree}"]);
    let commit = |parents: &[&str], date: &str| {
        let mut words = vec!["commit-tree", "-m", date, tree.trim()];
        words.extend(parents.iter().flat_map(|parent| ["-p", parent]));
        let call = held.sandbox.program("git", words).in_dir(&held.api);
        let ran = call
            .env("GIT_COMMITTER_DATE", format!("@{date} +0000"))
            .go();
        ran.stdout().trim().to_owned()
    };
    let root = commit(&[], "2000000000");
    let mut base = commit(&[&root], "1");
    for _ in 0..3 {
        base = commit(&[&base], "1");
    }
    let mine = commit(&[&base, &root], "1700000000");
    let range = held.guard(&["range", &format!("{base}..{mine}")]);
    assert_eq!(range.status(), 0, "{}", range.block());
}
