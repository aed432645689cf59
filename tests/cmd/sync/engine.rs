//! What the engine does beyond plain picks: attributes, merge drivers, signatures, rename limits.

use std::fs;

use git_stream::git::{Id, Repo};
use insta::assert_snapshot;

use super::{FASTER, LIB, Scene};

const LOG: &str = "src/api/log.txt";

/// Both sides add a line at the same place.
fn both_append(scene: &Scene) {
    scene.work("Mine", &[(LOG, Some("one\nmine\n"))]);
    scene.base("Theirs", &[(LOG, Some("one\ntheirs\n"))]);
}

fn log(scene: &Scene) -> String {
    fs::read_to_string(scene.api.join(LOG)).unwrap()
}

fn begun() -> Scene {
    let scene = Scene::new();
    scene.base("Begin a log", &[(LOG, Some("one\n"))]);
    assert_eq!(scene.sync().status(), 0);
    scene
}

#[test]
fn attributes_are_those_of_the_base_it_lands_on() {
    let scene = begun();
    both_append(&scene);
    scene.base(
        "Join logs",
        &[(".gitattributes", Some("*.txt merge=union\n"))],
    );
    assert_eq!(scene.sync().status(), 0);
    assert_eq!(log(&scene), "one\ntheirs\nmine\n");
    scene.assert_clean();
}

#[test]
fn attributes_that_the_base_has_taken_away_do_not_count() {
    let scene = Scene::new();
    let files = [
        (LOG, Some("one\n")),
        (".gitattributes", Some("*.txt merge=union\n")),
    ];
    scene.base("Begin a log", &files);
    assert_eq!(scene.sync().status(), 0);
    both_append(&scene);
    scene.base("Join no logs", &[(".gitattributes", None)]);
    assert_eq!(scene.sync().status(), 3);
}

#[test]
fn attributes_that_the_stream_itself_changes_count_from_there_on() {
    let scene = begun();
    let attributes = "src/api/.gitattributes";
    scene.work("Join logs", &[(attributes, Some("*.txt merge=union\n"))]);
    both_append(&scene);
    let calls = scene.sync().counting().go();
    assert_eq!(calls.status(), 0, "{}", calls.block());
    assert_eq!(log(&scene), "one\ntheirs\nmine\n");
    scene.assert_clean();
    assert_eq!(scene.sandbox.git(&["worktree", "list"]).lines().count(), 2);
    // A conflict is the same question, whichever way it was found.
    scene.work("Mine again", &[(LIB, Some(FASTER)), (attributes, None)]);
    scene.base("Theirs again", &[(LIB, Some("other\n"))]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    stopped api: commit $oid1 'Mine again' of api conflicts with main in 'src/api/lib.rs'
    --- stderr ---
    asked as conflict-51ff49ac; worktree, index and branch are as they were
      git: CONFLICT (content): Merge conflict in src/api/lib.rs
      src/api/lib.rs is api's, held by a1
      changed on main by:
        $oid2 'Theirs again' (Ada)

      src/api/lib.rs:
      <<<<<<< main
      other
      =======
      pub fn answer() -> u8 {
          43
      }
      >>>>>>> $oid1 (Mine again)
    hint: Resolve it with `git stream resolve api`, in a worktree of its own.
    hint: Rebase it by hand with `git -C $ROOT/repo.streams/api rebase main`, then `git stream sync api`.
    hint: Give the stream back with `git stream release api`; its commits are kept.
    [status 3]
    ");
    if super::picks_in_memory(&scene.sandbox) {
        let calls = calls.git_calls();
        let merging = calls.iter().filter(|call| call.contains("merge-tree"));
        // The attributes are told when git is started; the first pick needs no merging.
        assert_eq!(merging.count(), 1, "{calls:?}");
    }
    assert_eq!(scene.sandbox.git(&["worktree", "list"]).lines().count(), 2);
}

#[test]
fn the_users_merge_driver_decides() {
    let scene = begun();
    scene
        .sandbox
        .git(&["config", "merge.both.driver", "cat %B >>%A"]);
    let attributes = scene.sandbox.repo().join(".git/info/attributes");
    scene.sandbox.write(attributes, "*.txt merge=both\n");
    both_append(&scene);
    assert_eq!(scene.sync().status(), 0);
    assert_eq!(log(&scene), "one\ntheirs\none\nmine\n");
    scene.assert_clean();
}

#[test]
fn commits_are_signed_where_the_user_signs() {
    let scene = begun();
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    let gpg = scene.sandbox.root().join("gpg");
    let script = "#!/bin/sh\ncat >/dev/null\nprintf '[GNUPG:] SIG_CREATED x\\n' >&2\n\
                  printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n";
    scene.sandbox.script(&gpg, script);
    scene
        .sandbox
        .git(&["config", "gpg.program", gpg.to_str().unwrap()]);
    scene.sandbox.git(&["config", "commit.gpgSign", "true"]);
    let author = scene.git(&["log", "-1", "--format=%an <%ae> %ad%n%B"]);
    assert_eq!(scene.sync().status(), 0);
    let commit = scene.git(&["cat-file", "commit", "HEAD"]);
    assert!(
        commit.contains("gpgsig -----BEGIN PGP SIGNATURE-----"),
        "{commit}"
    );
    assert_eq!(
        scene.git(&["log", "-1", "--format=%an <%ae> %ad%n%B"]),
        author
    );
}

#[test]
fn a_directory_that_was_renamed_does_not_carry_new_files_along() {
    let scene = Scene::new();
    let many: Vec<(String, String)> = (0..4)
        .map(|n| {
            (
                format!("src/api/d/{n}.txt"),
                format!("file {n}\nwith\nsome\nlines\n"),
            )
        })
        .collect();
    let files: Vec<(&str, Option<&str>)> = many
        .iter()
        .map(|(path, text)| (path.as_str(), Some(text.as_str())))
        .collect();
    scene.base("A directory", &files);
    assert_eq!(scene.sync().status(), 0);
    scene.work("A new file", &[("src/api/d/new.txt", Some("new\n"))]);
    scene.sandbox.git(&["mv", "src/api/d", "src/api/e"]);
    scene
        .sandbox
        .git(&["commit", "--quiet", "-m", "Rename the directory"]);
    assert_eq!(scene.sync().status(), 0);
    assert!(scene.api.join("src/api/d/new.txt").exists());
}

#[test]
fn a_repository_with_long_ids_is_no_different() {
    let scene = Scene::with(crate::support::Sandbox::sha256());
    scene.work("Answer faster", &[(LIB, Some(FASTER))]);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    rebased api: 1 commit onto main $oid1
    [status 0]
    ");
    scene.base("Answer slower", &[(LIB, Some("other\n"))]);
    assert_eq!(scene.sync().status(), 3);
    scene.assert_clean();
}

#[test]
fn many_merges_are_tried_at_once_and_leave_no_object() {
    let scene = Scene::new();
    let tree = |text: &str| {
        scene.work("A version", &[(LIB, Some(text))]);
        Id::from_hex(scene.git(&["rev-parse", "HEAD^{tree}"]).trim().as_bytes()).unwrap()
    };
    let text = |first: &str, last: &str| format!("{first}\n2\n3\n4\n5\n6\n7\n{last}\n");
    let [base, top, end, other] = [("1", "8"), ("one", "8"), ("1", "eight"), ("uno", "8")]
        .map(|(first, last)| tree(&text(first, last)));
    let before = scene.git(&["count-objects", "-v"]);
    let repo = Repo::at(&scene.sandbox.repo()).unwrap();
    let trial = repo.trial().unwrap();
    let commit = Id::from_hex(scene.head().as_bytes()).unwrap();
    let questions = [[base, top, end], [base, top, other], [base, end, other]];
    let merged = trial.merge_all(&scene.api, commit, &questions).unwrap();
    let shown: Vec<String> = merged
        .iter()
        .map(|merged| match &merged.conflict {
            None => {
                let file = format!("{}:{LIB}", merged.tree);
                let call = trial.call_in(&scene.api).args(["show", &file]);
                String::from_utf8(call.run().unwrap().stdout).unwrap()
            }
            Some(conflict) => conflict.messages.join("\n"),
        })
        .collect();
    let conflict = format!("CONFLICT (content): Merge conflict in {LIB}");
    assert_eq!(
        shown,
        [text("one", "eight"), conflict, text("uno", "eight")]
    );
    assert_eq!(scene.git(&["count-objects", "-v"]), before);
}

/// What a driver prints, or that it ends badly, is not taken for git's answer.
#[test]
fn a_merge_driver_may_print_and_may_fail() {
    let scene = begun();
    let attributes = scene.sandbox.repo().join(".git/info/attributes");
    scene.sandbox.write(attributes, "*.txt merge=mine\n");
    let driver = |command: &str| {
        let words = ["config", "merge.mine.driver", command];
        scene.sandbox.git(&words);
    };
    both_append(&scene);
    driver("exit 1");
    assert_eq!(scene.sync().status(), 3);
    driver("no-such-program %A");
    assert_eq!(scene.sync().status(), 3);
    // git itself gives up where a driver is ended by a signal.
    driver("echo useless; exit 129");
    assert_snapshot!(scene.sync().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream sync api
    --- stderr ---
    error: `git -c core.ignoreStat=true -c core.hooksPath=/dev/null -c maintenance.auto=false -c merge.directoryRenames=false -c rerere.enabled=false cherry-pick --no-commit …` failed with exit status 128
    git: useless
    git: error: failed to execute internal merge for src/api/log.txt
    git: fatal: cherry-pick failed
    [status 5]
    ");
    driver("printf 2; echo '1'; cat %B >>%A; printf '0\\0' # noise");
    assert_eq!(scene.sync().status(), 0);
    assert_eq!(log(&scene), "one\ntheirs\none\nmine\n");
    scene.assert_clean();
}

/// `git rebase` would clean it up; a message is somebody's words.
#[test]
fn a_message_stays_as_it_is_whatever_is_configured() {
    let scene = Scene::new();
    let message = "Answer faster  \n\n# by one\n\n\n";
    let words = ["commit", "--quiet", "--cleanup=verbatim", "-m", message];
    scene.sandbox.write(scene.api.join(LIB), FASTER);
    scene.git(&["add", "--all"]);
    scene.git(&words);
    scene.base("Another title", &[("src/ui/app.js", Some("new\n"))]);
    scene.sandbox.git(&["config", "commit.cleanup", "strip"]);
    assert_eq!(scene.sync().status(), 0);
    let commit = scene.git(&["cat-file", "commit", "HEAD"]);
    assert!(commit.ends_with(message), "{commit:?}");
}
