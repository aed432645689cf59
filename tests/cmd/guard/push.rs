//! What is asked before a push, and what does the user's own hook get?

use std::path::PathBuf;

use insta::assert_snapshot;

use super::Held;
use crate::support::Sandbox;

/// The stream of [`Held`] in a repository with a remote, and that remote.
fn with_remote(own_hook: Option<&str>) -> (Held, PathBuf) {
    let sandbox = Sandbox::new();
    let remote = sandbox.bare_remote();
    if let Some(text) = own_hook {
        sandbox.script(".git/hooks/pre-push", text);
    }
    let held = Held::of(sandbox);
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["commit", "-qam", "Mine"]);
    (held, remote)
}

fn remote_tip(held: &Held, remote: &std::path::Path, branch: &str) -> String {
    held.sandbox
        .git_in(remote, &["for-each-ref", "--format=%(objectname)", branch])
}

#[test]
fn own_work_is_pushed_and_foreign_is_not() {
    let (held, remote) = with_remote(None);
    let branch = "refs/heads/stream/api";
    held.git(&["push", "-q", "origin", "stream/api"]);
    let clean = remote_tip(&held, &remote, branch);
    assert_eq!(clean, held.tip());
    held.slipped_by("src/ui/app.js", "theirs\n");
    assert_snapshot!(held.try_git(&["push", "-q", "origin", "stream/api"]).block(), @r"
    $ cd $ROOT/repo.streams/api && git push -q origin stream/api
    --- stderr ---
    error: 1 of the 2 commits of stream 'api' changes what it may not: 1 of ui (held by a2)
      of ui (held by a2):
        src/ui/app.js in $oid1 (Slipped by)
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take it out of the commits with `git rebase -i $oid2`.
    error: failed to push some refs to '$ROOT/remote.git'
    [status 1]
    ");
    assert_eq!(remote_tip(&held, &remote, branch), clean);
    // A deletion brings no commits.
    held.git(&["push", "-q", "origin", ":stream/api"]);
    assert_eq!(remote_tip(&held, &remote, branch), "");
}

#[test]
fn work_is_known_under_every_name() {
    let (held, remote) = with_remote(None);
    held.slipped_by("src/ui/app.js", "theirs\n");
    held.git(&["tag", "-a", "-m", "x", "mark"]);
    let tip = held.tip();
    let by_id = format!("{}:refs/heads/by-id", tip.trim());
    for refspec in [
        "HEAD:other",
        "HEAD:main",
        "stream/api:other",
        "main:other2",
        "stream/ui:stream/api",
        "mark",
        &by_id,
    ] {
        let is_foreign = !["main:other2", "stream/ui:stream/api"].contains(&refspec);
        let push = held.try_git(&["push", "origin", refspec]);
        assert_eq!(push.status() != 0, is_foreign, "{}", push.block());
        assert_eq!(
            push.stderr().contains("src/ui/app.js"),
            is_foreign,
            "{}",
            push.block()
        );
    }
    assert_eq!(remote_tip(&held, &remote, "refs/heads/other"), "");
}

#[test]
fn another_streams_branch_is_judged_by_its_own_rule() {
    let (held, remote) = with_remote(None);
    let ui = held.sandbox.root().join("repo.streams/ui");
    held.sandbox.write(ui.join("src/ui/app.js"), "theirs\n");
    held.sandbox.git_in(&ui, &["commit", "-qam", "Theirs"]);
    held.git(&["push", "-q", "origin", "stream/ui"]);
    held.refused(&["push", "origin", "stream/ui:stream/api"], "src/ui/app.js");
    let both = [
        "push",
        "origin",
        "+stream/api:stream/ui",
        "stream/ui:stream/api",
    ];
    let push = held.try_git(&both);
    for stream in ["stream 'api'", "stream 'ui'"] {
        assert!(push.stderr().contains(stream), "{}", push.block());
    }
    assert_eq!(remote_tip(&held, &remote, "refs/heads/stream/api"), "");
}

/// Writes down its arguments and what it was given.
const RECORDS: &str = "#!/bin/sh\n{ echo \"$@\"; cat; } >\"$TMPDIR/own\"\nexit 0\n";

#[test]
fn the_users_own_hook_gets_what_git_gave_and_only_if_the_guard_accepts() {
    let (held, remote) = with_remote(Some(RECORDS));
    let record = held.sandbox.root().join("tmp/own");
    let tip = held.tip().trim().to_owned();
    let null = "0".repeat(tip.len());
    held.git(&["push", "-q", "origin", "stream/api", "HEAD:other"]);
    let url = remote.to_str().unwrap();
    let expected = format!(
        "origin {url}\n\
         refs/heads/stream/api {tip} refs/heads/stream/api {null}\n\
         HEAD {tip} refs/heads/other {null}\n"
    );
    assert_eq!(std::fs::read_to_string(&record).unwrap(), expected);
    std::fs::remove_file(&record).unwrap();
    held.slipped_by("src/ui/app.js", "theirs\n");
    held.refused(&["push", "origin", "stream/api"], "src/ui/app.js");
    assert!(!record.exists());
    held.git(&["push", "-q", "origin", ":other"]);
    assert!(
        std::fs::read_to_string(&record)
            .unwrap()
            .contains("(delete)")
    );
}

#[test]
fn the_users_own_refusal_counts_even_if_it_reads_nothing() {
    let (held, remote) = with_remote(Some("#!/bin/sh\necho 'own: no' >&2\nexit 7\n"));
    // More than a pipe holds.
    let mut refs = String::new();
    for number in 0..1500 {
        refs.push_str(&format!("create refs/heads/many/{number} main\n"));
    }
    let create = held.sandbox.program("git", ["update-ref", "--stdin"]);
    create.stdin(refs).go().succeeded();
    held.refused(&["push", "origin", "refs/heads/many/*"], "own: no\n");
    assert_eq!(remote_tip(&held, &remote, "refs/heads/many"), "");
}
