//! `git stream status --forecast`: which streams would conflict if they landed now.

mod oracle;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::Value;

use super::claim;
use crate::support::{Call, Fingerprint, Sandbox};

fn commit(sandbox: &Sandbox, directory: &Path, files: &[(&str, Option<&str>)]) {
    for (path, text) in files {
        match text {
            Some(text) => sandbox.write(directory.join(path), text),
            None => fs::remove_file(directory.join(path)).unwrap(),
        }
    }
    sandbox.git_in(directory, &["add", "--all"]);
    let unguarded = ["-c", "core.hooksPath=/dev/null", "commit", "--quiet"];
    sandbox.git_in(directory, &[&unguarded[..], &["-m", "Work"]].concat());
}

fn taken(sandbox: &Sandbox, name: &str) -> PathBuf {
    let files = format!("{name}/**");
    PathBuf::from(claim(sandbox, "a1", &[name, "--files", &files]))
}

fn forecast(sandbox: &Sandbox, more: &[&str]) -> Call {
    sandbox.run([&["status", "--forecast"], more].concat())
}

/// The outcome of a pair, and its paths.
fn pair(picture: &Value, a: &str, b: &str) -> String {
    let pairs = picture["forecast"]["pairs"].as_array().unwrap();
    let found = pairs.iter().find(|pair| pair["a"] == a && pair["b"] == b);
    let found = found.unwrap();
    format!("{} {} {}", found["outcome"], found["paths"], found["kinds"])
}

const README: &str = "README.md";
const LIB: &str = "src/api/lib.rs";
const APP: &str = "src/ui/app.js";
const GUIDE: &str = "docs/guide.md";

#[test]
fn every_pair_is_foreseen_with_what_is_not_committed() {
    let sandbox = Sandbox::new();
    let [api, db, docs, ui, web] = ["api", "db", "docs", "ui", "web"].map(|n| taken(&sandbox, n));
    // Committed by one and not by the other; the same file removed; what the base has changed.
    commit(&sandbox, &api, &[(README, Some("# Mine\n"))]);
    sandbox.write(db.join(README), "# Not committed\n");
    commit(&sandbox, &docs, &[(GUIDE, None)]);
    sandbox.write(ui.join(GUIDE), "Changed\n");
    commit(
        &sandbox,
        &ui,
        &[(APP, Some("export const title = \"ui\";\n"))],
    );
    sandbox.git_in(&web, &["mv", LIB, "src/api/main.rs"]);
    sandbox.commit("Theirs", &[(APP, "export const title = \"main\";\n")]);
    let before = [&api, &db, &docs, &ui, &web].map(|top| Fingerprint::of(&sandbox, top));
    let objects = sandbox.git(&["count-objects", "-v"]);
    assert_snapshot!(forecast(&sandbox, &[]).block(), @"
    $ git stream status --forecast
             main   1   2   3   4
     1 api      .
     2 db       .   x
     3 docs     .   .   .
     4 ui       x   .   .   x
     5 web      .   .   .   .   .

    . can land   x conflict   ? unknown

    conflicts
      README.md (contents)
        api with db
      docs/guide.md (modify/delete)
        docs with ui
      src/ui/app.js (contents)
        ui with main

    2 of 10 pairs conflict, 1 of 5 streams with main; base main at $oid1
    [status 0]
    ");
    assert_snapshot!(forecast(&sandbox, &["api"]).block(), @"
    $ git stream status --forecast api
    conflicts
      README.md (contents)
        api with db

    1 of 4 pairs conflict, 0 of 1 stream with main; base main at $oid1
    [status 0]
    ");
    let picture = forecast(&sandbox, &["--json"]).json();
    let text = serde_json::to_string_pretty(&picture["forecast"]["streams"][3]["base"]).unwrap();
    assert_snapshot!(text, @r#"
    {
      "outcome": "conflict",
      "paths": [
        "src/ui/app.js"
      ],
      "kinds": [
        "contents"
      ]
    }
    "#);
    assert_snapshot!(pair(&picture, "api", "db"), @r#""conflict" ["README.md"] ["contents"]"#);
    assert_snapshot!(pair(&picture, "docs", "ui"), @r#""conflict" ["docs/guide.md"] ["modify/delete"]"#);
    assert_snapshot!(pair(&picture, "ui", "web"), @r#""clean" [] []"#);
    assert_snapshot!(picture["forecast"]["merges"].to_string(), @"3");
    let after = [&api, &db, &docs, &ui, &web].map(|top| Fingerprint::of(&sandbox, top));
    assert_eq!(before, after);
    assert_eq!(sandbox.git(&["count-objects", "-v"]), objects);
    assert_eq!(fs::read_dir(sandbox.root().join("tmp")).unwrap().count(), 0);
}

#[test]
fn what_is_not_committed_is_read_as_git_would_add_it() {
    let sandbox = Sandbox::new();
    sandbox.commit("Line ends", &[("windows.txt", "one\r\ntwo\r\n")]);
    let [a, b] = ["a", "b"].map(|name| taken(&sandbox, name));
    // What both have in the same form is no conflict, however it lies there.
    sandbox.git(&["config", "core.autocrlf", "input"]);
    commit(
        &sandbox,
        &a,
        &[
            ("new/one.txt", Some("same\n")),
            ("new/two.txt", Some("two\n")),
        ],
    );
    sandbox.write(b.join("new/one.txt"), "same\r\n");
    sandbox.write(b.join("new/two.txt"), "two\n");
    fs::set_permissions(b.join("new/two.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    for top in [&a, &b] {
        std::os::unix::fs::symlink("README.md", top.join("link")).unwrap();
        sandbox.write(top.join("ignored.log"), top.to_str().unwrap());
        sandbox.write(top.join(".gitignore"), "*.log\n");
        // Committed with such line ends, it keeps them.
        sandbox.write(top.join("windows.txt"), "one\r\ntwo\r\nthree\r\n");
    }
    // Staged, and changed again.
    sandbox.git_in(&b, &["add", "link"]);
    fs::remove_file(b.join("link")).unwrap();
    std::os::unix::fs::symlink("README.md", b.join("link")).unwrap();
    let picture = forecast(&sandbox, &["--json"]).json();
    assert_snapshot!(pair(&picture, "a", "b"), @r#""conflict" ["new/two.txt"] ["contents"]"#);
}

#[test]
fn streams_that_touch_nothing_in_common_are_not_asked_about() {
    let sandbox = Sandbox::new();
    let tops: Vec<PathBuf> = (0..14)
        .map(|n| taken(&sandbox, &format!("s{n:02}")))
        .collect();
    for (n, top) in tops.iter().enumerate() {
        let file = format!("s{n:02}/file");
        commit(&sandbox, top, &[(&file, Some("mine\n"))]);
        sandbox.write(top.join(format!("s{n:02}/more")), "not committed\n");
    }
    sandbox.commit("Theirs", &[(LIB, "theirs\n")]);
    let calls = forecast(&sandbox, &[]).counting().go();
    let git = calls.git_calls();
    assert!(
        !git.iter().any(|call| call.contains("merge-tree")),
        "{git:#?}"
    );
    assert!(
        !git.iter().any(|call| call.contains("update-index")),
        "{git:#?}"
    );
    assert_snapshot!(calls.block(), @"
    $ git stream status --forecast
    0 of 91 pairs conflict, 0 of 14 streams with main; base main at $oid1
    [status 0]
    ");
    // One process for all of them where there is something to ask; what is the same is asked once.
    for top in &tops {
        sandbox.write(top.join(README), format!("# {}\n", top.display()));
    }
    sandbox.write(
        tops[1].join(README),
        fs::read(tops[0].join(README)).unwrap(),
    );
    let calls = forecast(&sandbox, &[]).counting().go();
    let merges = calls.git_calls().into_iter();
    assert_eq!(merges.filter(|call| call.contains("merge-tree")).count(), 1);
    assert_snapshot!(calls.block(), @"
    $ git stream status --forecast
    conflicts
      README.md (contents)
        s00 with s02
        s00 with s03
        s00 with s04
        s00 with s05
        s00 with s06
        s00 with s07
        s00 with s08
        s00 with s09
        s00 with s10
        s00 with s11
        and 80 more; see all with --json

    90 of 91 pairs conflict, 0 of 14 streams with main; base main at $oid1
    [status 0]
    ");
    let picture = forecast(&sandbox, &["--json"]).json();
    assert_eq!(picture["forecast"]["pairs"].as_array().unwrap().len(), 91);
}

#[test]
fn a_matrix_fits_into_a_terminal() {
    let sandbox = Sandbox::new();
    for n in 0..12 {
        let name = format!("a-stream-with-quite-a-long-name-{n:02}");
        let top = taken(&sandbox, &name);
        sandbox.write(top.join(format!("shared-{}", n % 4)), format!("{n}\n"));
    }
    let ran = forecast(&sandbox, &[]).go();
    let text = ran.stdout();
    let (matrix, _) = text.split_once("conflicts\n").unwrap();
    assert_snapshot!(matrix, @"
                                    main   1   2   3   4   5   6   7   8   9  10  11
     1 a-stream-with…-long-name-00     .
     2 a-stream-with…-long-name-01     .   .
     3 a-stream-with…-long-name-02     .   .   .
     4 a-stream-with…-long-name-03     .   .   .   .
     5 a-stream-with…-long-name-04     .   x   .   .   .
     6 a-stream-with…-long-name-05     .   .   x   .   .   .
     7 a-stream-with…-long-name-06     .   .   .   x   .   .   .
     8 a-stream-with…-long-name-07     .   .   .   .   x   .   .   .
     9 a-stream-with…-long-name-08     .   x   .   .   .   x   .   .   .
    10 a-stream-with…-long-name-09     .   .   x   .   .   .   x   .   .   .
    11 a-stream-with…-long-name-10     .   .   .   x   .   .   .   x   .   .   .
    12 a-stream-with…-long-name-11     .   .   .   .   x   .   .   .   x   .   .   .

    . can land   x conflict   ? unknown
    ");
    assert!(matrix.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn what_cannot_be_known_is_said() {
    let sandbox = Sandbox::new();
    let [a, b, c, _] = ["a", "b", "c", "d"].map(|name| taken(&sandbox, name));
    for (top, text) in [(&a, "a\n"), (&b, "b\n"), (&c, "c\n")] {
        commit(&sandbox, top, &[(README, Some(text))]);
    }
    sandbox.commit("Theirs", &[(README, "theirs\n")]);
    // In the middle of a rebase, and on another branch.
    let rebase = [
        "-c",
        "core.hooksPath=/dev/null",
        "rebase",
        "--quiet",
        "main",
    ];
    assert_eq!(sandbox.program("git", rebase).in_dir(&b).status(), 1);
    sandbox.git_in(
        &c,
        &[
            "-c",
            "core.hooksPath=/dev/null",
            "switch",
            "--quiet",
            "--detach",
        ],
    );
    assert_snapshot!(forecast(&sandbox, &[]).block(), @"
    $ git stream status --forecast
          main   1   2   3
     1 a     x
     2 b     ?   ?
     3 c     ?   ?   ?
     4 d     .   .   ?   ?

    . can land   x conflict   ? unknown

    conflicts
      README.md (contents)
        a with main

    unknown
      b: a rebase is under way in its worktree
      c: its worktree is on another branch

    0 of 6 pairs conflict, 5 unknown, 1 of 4 streams with main; base main at $oid1
    [status 0]
    ");
    // Seen from another clone, whose machine has none of the worktrees.
    let other = sandbox.clone_of(&sandbox.repo(), "other");
    sandbox.git_in(
        &other,
        &["fetch", "--quiet", "origin", "refs/stream/*:refs/stream/*"],
    );
    sandbox.git_in(
        &other,
        &["branch", "--quiet", "stream/a", "origin/stream/a"],
    );
    assert_snapshot!(forecast(&sandbox, &[]).in_dir(&other).block(), @"
    $ cd $ROOT/other && git stream status --forecast
          main   1   2   3
     1 a     x
     2 b     ?   ?
     3 c     ?   ?   ?
     4 d     ?   ?   ?   ?

    . can land   x conflict   ? unknown

    conflicts
      README.md (contents)
        a with main

    unknown
      b: its work is on $MACHINE alone
      c: its work is on $MACHINE alone
      d: its work is on $MACHINE alone

    not counted
      a: what only $MACHINE has

    0 of 6 pairs conflict, 6 unknown, 1 of 4 streams with main; base main at $oid1
    [status 0]
    ");
    assert_snapshot!(forecast(&sandbox, &["nobody"]).block(), @"
    $ git stream status --forecast nobody
    --- stderr ---
    error: there is no stream 'nobody', neither in the plan nor in the ledger
    hint: See every stream with `git stream status`.
    [status 1]
    ");
    assert_snapshot!(forecast(&sandbox, &["--markdown"]).status().to_string(), @"2");
}

#[test]
fn a_squash_that_has_landed_is_no_conflict() {
    let sandbox = Sandbox::new();
    let [a, b] = ["a", "b"].map(|name| taken(&sandbox, name));
    commit(&sandbox, &a, &[(README, Some("# One\n"))]);
    commit(&sandbox, &a, &[(README, Some("# Two\n"))]);
    sandbox.commit("Squashed", &[(README, "# Two\n")]);
    sandbox.commit("Edited since", &[(README, "# Three\n")]);
    sandbox.write(b.join(GUIDE), "mine\n");
    let picture = forecast(&sandbox, &["--json"]).json();
    assert_eq!(
        picture["forecast"]["streams"][0]["base"]["outcome"],
        "clean"
    );
    assert_eq!(picture["forecast"]["merges"], 0);
}

#[test]
fn without_a_stream_there_is_nothing_to_foresee() {
    let sandbox = super::planned();
    assert_snapshot!(forecast(&sandbox, &[]).block(), @"
    $ git stream status --forecast
    no stream is held; base main at $oid1
    [status 0]
    ");
}
