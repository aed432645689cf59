//! What is asked before a merge that git commits by itself, and before a patch of `git am`?

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;

use super::Held;
use crate::support::Sandbox;

/// Says its name.
const TALKS: &str = "#!/bin/sh\necho \"own ${0##*/}\" >&2\n";

/// Both hooks of the user's, and a repository that leaves it to these layers alone.
fn with_own_hooks() -> Held {
    let sandbox = Sandbox::new();
    for name in ["pre-merge-commit", "pre-applypatch"] {
        sandbox.script(format!(".git/hooks/{name}"), TALKS);
    }
    let held = Held::of(sandbox);
    // The later layer would hide what the earlier one lets through.
    held.without(&["prepare-commit-msg"]);
    held
}

/// A branch off the base that changes one file.
fn topic(held: &Held, path: &str) {
    held.sandbox.git(&["switch", "-q", "-c", "topic", "main"]);
    held.on_main(path, "topic\n");
    held.sandbox.git(&["switch", "-q", "main"]);
}

/// A mail with a patch that changes one file.
fn patch(held: &Held, path: &str) -> PathBuf {
    topic(held, path);
    let to = held.sandbox.root().join("mail");
    let directory = to.to_str().unwrap();
    held.sandbox
        .git(&["format-patch", "-q", "-1", "-o", directory, "topic"]);
    let mut mails = fs::read_dir(to).unwrap();
    mails.next().unwrap().unwrap().path()
}

#[test]
fn a_merge_that_brings_foreign_paths_is_refused_before_it_is_committed() {
    let held = with_own_hooks();
    topic(&held, "src/ui/app.js");
    let tip = held.tip();
    let merge = held.try_git(&["merge", "-q", "--no-ff", "--no-edit", "topic"]);
    assert_snapshot!(merge.block(), @r"
    $ cd $ROOT/repo.streams/api && git merge -q --no-ff --no-edit topic
    --- stderr ---
    own pre-merge-commit
    error: stream 'api' may not change the path to be committed: 1 of ui (held by a2)
      of ui (held by a2):
        src/ui/app.js
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take what is refused out of the commit with `git stream guard unstage`; the files keep their content.
    Not committing merge; use 'git commit' to complete the merge.
    [status 1]
    ");
    assert_eq!(held.tip(), tip);
    assert_eq!(held.guard(&["unstage"]).stdout(), "src/ui/app.js\n");
}

#[test]
fn a_merge_of_own_paths_and_one_of_the_base_pass() {
    let held = with_own_hooks();
    topic(&held, "src/api/lib.rs");
    held.git(&["merge", "-q", "--no-ff", "--no-edit", "topic"]);
    // The base brings foreign paths, which are no change of the stream's: only the commit that is
    // being merged, named in the environment, tells that.
    held.on_main("src/ui/app.js", "landed\n");
    held.on_main("README.md", "landed\n");
    let merge = held.try_git(&["merge", "-q", "--no-edit", "main"]);
    assert_snapshot!(merge.block(), @r"
    $ cd $ROOT/repo.streams/api && git merge -q --no-edit main
    --- stderr ---
    own pre-merge-commit
    [status 0]
    ");
    assert_eq!(held.guard(&["range", "main..HEAD"]).status(), 0);
}

#[test]
fn a_merge_of_two_at_once_is_judged_by_both() {
    let held = with_own_hooks();
    topic(&held, "src/api/lib.rs");
    held.on_main("src/ui/app.js", "landed\n");
    held.git(&["merge", "-q", "--no-edit", "topic", "main"]);
    held.sandbox.git(&["switch", "-q", "topic"]);
    held.on_main("docs/a.md", "topic\n");
    held.sandbox.git(&["switch", "-q", "main"]);
    held.on_main("README.md", "landed\n");
    held.refused(&["merge", "--no-edit", "topic", "main"], "docs/a.md");
}

#[test]
fn a_foreign_patch_is_refused() {
    let held = with_own_hooks();
    let mail = patch(&held, "src/ui/app.js");
    let tip = held.tip();
    let am = held.try_git(&["am", "-q", mail.to_str().unwrap()]);
    assert_snapshot!(am.block(), @r"
    $ cd $ROOT/repo.streams/api && git am -q $ROOT/mail/0001-On-main.patch
    --- stderr ---
    own pre-applypatch
    error: stream 'api' may not change the path to be committed: 1 of ui (held by a2)
      of ui (held by a2):
        src/ui/app.js
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take what is refused out of the commit with `git stream guard unstage`; the files keep their content.
    [status 1]
    ");
    assert_eq!(held.tip(), tip);
    held.git(&["am", "--abort"]);
}

#[test]
fn an_own_patch_passes() {
    let held = with_own_hooks();
    let mail = patch(&held, "src/api/lib.rs");
    let am = held.try_git(&["am", "-q", mail.to_str().unwrap()]);
    assert_snapshot!(am.block(), @r"
    $ cd $ROOT/repo.streams/api && git am -q $ROOT/mail/0001-On-main.patch
    --- stderr ---
    own pre-applypatch
    [status 0]
    ");
    assert_eq!(held.git(&["show", "HEAD:src/api/lib.rs"]), "topic\n");
}

#[test]
fn a_rebase_by_patches_is_judged_by_the_stream() {
    let held = with_own_hooks();
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    held.on_main("README.md", "landed\n");
    held.git(&["rebase", "-q", "--apply", "main"]);
    held.slipped_by("src/ui/app.js", "theirs\n");
    held.on_main("README.md", "more\n");
    held.refused(&["rebase", "--apply", "main"], "src/ui/app.js");
    held.git(&["rebase", "--abort"]);
}

#[test]
fn the_users_own_refusal_of_a_merge_counts() {
    let held = with_own_hooks();
    topic(&held, "src/api/lib.rs");
    held.sandbox.script(
        ".git/hooks/pre-merge-commit",
        "#!/bin/sh\necho 'own: no' >&2\nexit 7\n",
    );
    held.refused(&["merge", "--no-ff", "--no-edit", "topic"], "own: no\n");
}
