//! What happens to a commit that leaves its stream?

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use super::Held;
use crate::support::assert_sound;

#[test]
fn a_commit_outside_of_the_stream_is_refused() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    held.write("src/ui/app.js", "theirs\n");
    held.write("README.md", "nobody's\n");
    held.write("docs/guide.md", "planned\n");
    held.write("package.json", "{}\n");
    held.write("streams.toml", "version = 1\n");
    assert_snapshot!(held.try_git(&["commit", "-am", "All"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -am All
    --- stderr ---
    error: stream 'api' may not change 5 of the 6 paths to be committed: 1 owned by nobody, 1 of docs (held by nobody), 1 shared by all streams (locks do not exist yet), 1 of ui (held by a2), 1 the plan, which belongs to no stream
      owned by nobody:
        README.md
      of docs (held by nobody):
        docs/guide.md
      shared by all streams (locks do not exist yet):
        package.json
      of ui (held by a2):
        src/ui/app.js
      the plan, which belongs to no stream:
        streams.toml
    hint: Take what nobody owns with `git stream claim api --add='README.md'`.
    hint: Change the paths of 'docs' in its own worktree, with `git stream exec docs`.
    hint: Leave the plan and shared files to a person, in the main checkout, which `git worktree list` names first.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Commit the stream's own paths only, by naming them, as in `git commit -- PATH`.
    [status 1]
    ");
    held.git(&["add", "--update"]);
    assert_snapshot!(held.try_git(&["commit", "-m", "All"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit -m All
    --- stderr ---
    error: stream 'api' may not change 5 of the 6 paths to be committed: 1 owned by nobody, 1 of docs (held by nobody), 1 shared by all streams (locks do not exist yet), 1 of ui (held by a2), 1 the plan, which belongs to no stream
      owned by nobody:
        README.md
      of docs (held by nobody):
        docs/guide.md
      shared by all streams (locks do not exist yet):
        package.json
      of ui (held by a2):
        src/ui/app.js
      the plan, which belongs to no stream:
        streams.toml
    hint: Take what nobody owns with `git stream claim api --add='README.md'`.
    hint: Change the paths of 'docs' in its own worktree, with `git stream exec docs`.
    hint: Leave the plan and shared files to a person, in the main checkout, which `git worktree list` names first.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take what is refused out of the commit with `git stream guard unstage`; the files keep their content.
    [status 1]
    ");
    assert_sound(&held.sandbox, &held.api);
}

#[test]
fn no_verify_does_not_help() {
    let held = Held::new();
    held.write("src/ui/app.js", "theirs\n");
    assert_snapshot!(held.try_git(&["commit", "--no-verify", "-am", "All"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git commit --no-verify -am All
    --- stderr ---
    error: stream 'api' may not change the path to be committed: 1 of ui (held by a2)
      of ui (held by a2):
        src/ui/app.js
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Commit the stream's own paths only, by naming them, as in `git commit -- PATH`.
    [status 1]
    ");
}

#[test]
fn every_way_of_committing_is_judged_by_what_it_would_commit() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    held.write("src/ui/app.js", "theirs\n");
    for commit in [
        &["commit", "-a", "-m", "x"][..],
        &["commit", "-m", "x", "src/ui/app.js"],
        &["commit", "-m", "x", "--include", "src/ui/app.js"],
        &["commit", "-m", "x", "--", "src"],
        &["commit", "-n", "-m", "x", "src/ui/app.js"],
        &["commit", "-a", "--amend", "--no-edit"],
    ] {
        held.refused(commit, "src/ui/app.js");
    }
    // What is staged does not matter to a commit that takes named paths.
    held.git(&["add", "src/ui/app.js"]);
    held.git(&["commit", "-qm", "Mine", "src/api/lib.rs"]);
    assert_eq!(
        held.git(&["diff", "--name-only", "main", "stream/api"]),
        "src/api/lib.rs\n"
    );
    held.refused(&["commit", "-m", "x"], "src/ui/app.js");
}

#[test]
fn an_amended_commit_is_judged_as_a_whole() {
    let held = Held::new();
    held.write("src/api/a.rs", "1\n");
    held.git(&["add", "src/api/a.rs"]);
    held.git(&["commit", "-qm", "Mine"]);
    held.write("src/api/a.rs", "2\n");
    held.git(&["commit", "-q", "-a", "--amend", "--no-edit"]);
    // A commit that slipped by makes every later one a breach, until it is taken back.
    held.slipped_by("src/ui/app.js", "theirs\n");
    held.write("src/api/a.rs", "3\n");
    held.refused(&["commit", "-am", "More"], "src/ui/app.js");
    held.refused(&["commit", "-a", "--amend", "--no-edit"], "src/ui/app.js");
    held.git(&["checkout", "-q", "main", "--", "src/ui/app.js"]);
    held.git(&["commit", "-qam", "Taken back"]);
}

#[test]
fn what_everybody_may_change_passes() {
    let held = Held::new();
    held.write("Cargo.lock", "derived\n");
    held.write("fixtures/new.txt", "created\n");
    held.write("src/api/new/deep.rs", "owned\n");
    held.git(&["add", "--all"]);
    held.git(&["commit", "-qm", "Allowed"]);
}

#[test]
fn every_kind_of_change_counts() {
    let held = Held::new();
    let refused = |what: &str, prepare: &dyn Fn()| {
        held.git(&["reset", "-q", "--hard", "main"]);
        prepare();
        held.refused(&["commit", "-m", "x"], what);
    };
    refused("src/ui/app.js", &|| {
        drop(held.git(&["rm", "-q", "src/ui/app.js"]));
    });
    refused("src/ui/app.js", &|| {
        drop(held.git(&["mv", "src/ui/app.js", "src/api/app.js"]));
    });
    refused("src/ui/app.js", &|| {
        drop(held.git(&["update-index", "--chmod=+x", "src/ui/app.js"]));
    });
    refused("src/ui/app.js", &|| {
        let blob = held.git(&["rev-parse", "HEAD:README.md"]);
        let entry = format!("120000,{},src/ui/app.js", blob.trim());
        held.git(&["update-index", "--cacheinfo", &entry]);
    });
    refused("src/api/link -> ../ui/app.js", &|| {
        symlink("../ui/app.js", held.api.join("src/api/link")).unwrap();
        held.git(&["add", "src/api/link"]);
    });
    refused("src/api/sub", &|| {
        let commit = held.git(&["rev-parse", "HEAD"]);
        let entry = format!("160000,{},src/api/sub", commit.trim());
        held.git(&["update-index", "--add", "--cacheinfo", &entry]);
    });
    refused("src/api/LIB.rs collides with src/api/lib.rs", &|| {
        held.write("src/api/LIB.rs", "");
        held.git(&["add", "src/api/LIB.rs"]);
    });
}

#[test]
fn a_conflict_and_a_mere_intent_are_told_apart() {
    let held = Held::new();
    held.write("src/ui/planned.js", "");
    held.git(&["add", "--intent-to-add", "src/ui/planned.js"]);
    assert_eq!(held.guard(&["staged"]).status(), 0);
    held.git(&["reset", "-q"]);

    let blob = held.git(&["rev-parse", "HEAD:README.md"]);
    let blob = blob.trim();
    let stages: String = (1..=3)
        .flat_map(|stage| {
            ["src/api/lib.rs", "src/ui/app.js"]
                .map(|path| format!("100644 {blob} {stage}\t{path}\n"))
        })
        .collect();
    for path in ["src/api/lib.rs", "src/ui/app.js"] {
        held.git(&["update-index", "--force-remove", path]);
    }
    let update = held
        .sandbox
        .program("git", ["update-index", "--index-info"]);
    assert_eq!(update.in_dir(&held.api).stdin(stages).status(), 0);
    assert_snapshot!(held.guard(&["staged"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git stream guard staged
    stream 'api' may not change any of the 2 paths to be committed: 1 with an unresolved conflict, 1 of ui (held by a2)
    with an unresolved conflict:
      src/api/lib.rs
    of ui (held by a2):
      src/ui/app.js
    --- stderr ---
    hint: Resolve the conflict, then stage it with `git add src/api/lib.rs`.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take what is refused out of the commit with `git stream guard unstage`; the files keep their content.
    [status 1]
    ");
}

#[test]
fn names_that_need_care() {
    let held = Held::new();
    let names: [&[u8]; 6] = [
        b"two\nlines",
        b"say \"hi\"",
        b"-rf",
        b"not\xfftext",
        b"with space",
        "größe".as_bytes(),
    ];
    for name in names {
        let path = held.api.join("src/api").join(OsStr::from_bytes(name));
        fs::write(path, "mine\n").unwrap();
    }
    held.git(&["add", "--all"]);
    held.git(&["commit", "-qm", "Mine"]);
    for name in names {
        fs::write(held.api.join(OsStr::from_bytes(name)), "not mine\n").unwrap();
    }
    held.git(&["add", "--all"]);
    assert_snapshot!(held.try_git(&["commit", "-m", "x"]).block(), @r#"
    $ cd $ROOT/repo.streams/api && git commit -m x
    --- stderr ---
    error: stream 'api' may not change 6 of the 12 paths to be committed: 6 owned by nobody
      owned by nobody:
        -rf
        größe
        "not\377text"
        "say \"hi\""
        "two\nlines"
        with space
    hint: Take what nobody owns with `git stream claim api --add='-rf'`.
    hint: Take what is refused out of the commit with `git stream guard unstage`; the files keep their content.
    [status 1]
    "#);
    assert_snapshot!(held.guard(&["staged", "--json"]).block(), @r#"
    $ cd $ROOT/repo.streams/api && git stream guard staged --json
    {"version":1,"verdict":"refuse","stream":"api","paths":[{"path":"-rf","why":"out-of-scope","owner":null,"agent":null},{"path":"größe","why":"out-of-scope","owner":null,"agent":null},{"path":{"bytes":"bm90/3RleHQ="},"why":"out-of-scope","owner":null,"agent":null},{"path":"say \"hi\"","why":"out-of-scope","owner":null,"agent":null},{"path":"two\nlines","why":"out-of-scope","owner":null,"agent":null},{"path":"with space","why":"out-of-scope","owner":null,"agent":null}]}
    [status 1]
    "#);
    assert_eq!(held.guard(&["unstage"]).status(), 0);
    assert_eq!(held.git(&["diff", "--cached", "--name-only"]), "");
}

#[test]
fn ids_of_either_kind() {
    let held = Held::of(crate::support::Sandbox::sha256());
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qm", "Mine", "src/api"]);
}

#[test]
fn nobody_is_guarded_outside_of_the_streams_worktrees() {
    let held = Held::new();
    held.sandbox.write("src/ui/app.js", "a person's\n");
    held.sandbox.write("src/api/lib.rs", "a person's\n");
    held.sandbox
        .git(&["commit", "-qam", "In the main checkout"]);
    let other = held.sandbox.root().join("other");
    held.sandbox.git(&[
        "worktree",
        "add",
        "-q",
        "-b",
        "other",
        other.to_str().unwrap(),
    ]);
    held.sandbox
        .write(other.join("src/ui/app.js"), "elsewhere\n");
    held.sandbox
        .git_in(&other, &["commit", "-qam", "In another worktree"]);
}

/// The second hook of a commit believes the first, as long as nothing has changed in between.
#[test]
fn what_a_hook_stages_after_the_first_look_is_looked_at_again() {
    let held = Held::new();
    let stages = "#!/bin/sh\necho theirs >src/ui/app.js\ngit add src/ui/app.js\n";
    held.sandbox.script(".git/hooks/prepare-commit-msg", stages);
    held.write("src/api/lib.rs", "mine\n");
    held.refused(&["commit", "-qam", "Mine"], "src/ui/app.js");
    held.sandbox
        .script(".git/hooks/prepare-commit-msg", "#!/bin/sh\n:\n");
    held.git(&["reset", "-q"]);
    held.git(&["checkout", "-q", "--", "src/ui"]);
    held.git(&["commit", "-qam", "Mine"]);
}

#[test]
fn what_one_git_was_told_is_nothing_to_another() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["add", "src/api/lib.rs"]);
    let git_dir = held.sandbox.repo().join(".git/worktrees/api");
    let accepted = git_dir.join("git-stream-accepted");
    // As git names the worktree to every hook.
    let ask = || {
        let call = held.sandbox.run(["guard", "pre-commit"]).in_dir(&held.api);
        call.env("GIT_DIR", &git_dir).go().succeeded();
    };
    ask();
    let first = fs::read_to_string(&accepted).unwrap();
    ask();
    // The same caller here, and the same index: the same words.
    assert_eq!(fs::read_to_string(&accepted).unwrap(), first);
    held.git(&["commit", "-qm", "Mine"]);
    assert_ne!(fs::read_to_string(&accepted).unwrap(), first);
    // An index that was accepted is worth nothing to the next commit.
    held.write("src/ui/app.js", "theirs\n");
    held.git(&["add", "src/ui/app.js"]);
    held.refused(
        &["commit", "-q", "--no-verify", "-m", "Theirs"],
        "src/ui/app.js",
    );
}

/// Nobody overwrites a file of the user's because somebody has put a link to it there.
#[test]
fn what_was_told_is_not_written_through_a_link() {
    let held = Held::new();
    held.sandbox.write("precious", "precious\n");
    let link = held
        .sandbox
        .repo()
        .join(".git/worktrees/api/git-stream-accepted");
    symlink(held.sandbox.repo().join("precious"), link).unwrap();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    let precious = fs::read_to_string(held.sandbox.repo().join("precious"));
    assert_eq!(precious.unwrap(), "precious\n");
}
