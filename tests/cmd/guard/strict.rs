//! `init --strict`: which moves of a stream's branch go through, and which are refused?

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;

use super::{Held, claim, has_configured_hooks};
use crate::support::{Ran, Sandbox, assert_sound};

impl Held {
    fn strict() -> Held {
        Held::strict_in(Sandbox::new())
    }

    fn strict_in(sandbox: Sandbox) -> Held {
        let held = Held::of(sandbox);
        held.sandbox.run(["init", "--strict"]).go().succeeded();
        held.write("src/api/lib.rs", "one\n");
        held.git(&["commit", "-qam", "One"]);
        held
    }

    /// A commit that nothing has seen, with this file changed, as a child of `parent`.
    fn made(&self, parent: &str, path: &str) -> String {
        let script = format!(
            "export GIT_INDEX_FILE=\"$TMPDIR/made\" && git read-tree {parent} &&
             blob=$(echo made | git hash-object -w --stdin) &&
             git update-index --add --cacheinfo 100644,$blob,{path} &&
             git commit-tree -p {parent} -m Made $(git write-tree)"
        );
        let made = self
            .sandbox
            .program("sh", ["-c", &script])
            .in_dir(&self.api)
            .go();
        made.succeeded();
        made.stdout().trim().to_owned()
    }

    fn foreign(&self) -> String {
        self.made("stream/api", "src/ui/app.js")
    }

    fn own(&self) -> String {
        self.made("stream/api", "src/api/new.rs")
    }

    /// git in the main checkout.
    fn try_main(&self, args: &[&str]) -> Ran {
        self.sandbox.program("git", args).go()
    }

    /// The move was refused, and the branch is where it was.
    #[track_caller]
    fn stays(&self, tip: &str, ran: &Ran) {
        assert_ne!(ran.status(), 0, "{}", ran.block());
        let said = ran.stderr();
        assert!(
            said.contains("'stream/api' stays where it is"),
            "{}",
            ran.block()
        );
        assert_eq!(self.tip(), tip, "{}", ran.block());
    }

    fn main_hook(&self, name: &str) -> PathBuf {
        self.sandbox.repo().join(".git/hooks").join(name)
    }
}

#[test]
fn plumbing_is_refused_with_the_paths_and_whose_they_are() {
    let held = Held::strict();
    let foreign = held.foreign();
    let ran = held.try_git(&["update-ref", "refs/heads/stream/api", &foreign]);
    // The last line is git's, and differs between versions.
    let block = ran.block();
    let ours: Vec<&str> = block
        .lines()
        .filter(|line| !line.starts_with("fatal:"))
        .collect();
    assert_snapshot!(ours.join("\n"), @"
    $ cd $ROOT/repo.streams/api && git update-ref refs/heads/stream/api $OID1
    --- stderr ---
    error: 'stream/api' stays where it is: the commit of stream 'api' changes what it may not: 1 of ui (held by a2)
      of ui (held by a2):
        src/ui/app.js in $oid1 (Made)
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: See with `git status` what the command had changed in the index and the files before it was refused.
    [status 128]
    ");
    held.stays(&held.tip(), &ran);
    held.git(&["update-ref", "refs/heads/stream/api", &held.own()]);
}

#[test]
fn every_way_to_move_the_branch_takes_own_work_and_refuses_what_is_foreign() {
    let held = Held::strict();
    let (foreign, own, tip) = (held.foreign(), held.own(), held.tip());
    let lines = |new: &str| format!("start\nupdate refs/heads/stream/api {new}\nprepare\ncommit\n");
    let stdin = |new: &str| {
        let call = held.sandbox.program("git", ["update-ref", "--stdin"]);
        call.in_dir(&held.api).stdin(lines(new)).go()
    };
    held.stays(&tip, &stdin(&foreign));
    held.stays(&tip, &held.try_git(&["update-ref", "HEAD", &foreign]));
    held.stays(&tip, &held.try_git(&["reset", "-q", "--soft", &foreign]));
    held.stays(
        &tip,
        &held.try_git(&["checkout", "-q", "-B", "stream/api", &foreign]),
    );
    held.stays(&tip, &held.try_git(&["merge", "-q", "--ff-only", &foreign]));
    let evil = held.try_git(&["symbolic-ref", "refs/heads/stream/api", "refs/heads/main"]);
    // git before 2.46 shows such a change to no hook.
    if evil.status() == 0 {
        held.git(&[
            "update-ref",
            "--no-deref",
            "refs/heads/stream/api",
            tip.trim(),
        ]);
    } else {
        assert!(
            evil.stderr().contains("as an alias of refs/heads/main"),
            "{}",
            evil.block()
        );
    }
    held.git(&["switch", "-q", "--detach"]);
    held.stays(
        &tip,
        &held.try_git(&["branch", "-f", "stream/api", &foreign]),
    );
    held.stays(
        &tip,
        &held.try_git(&["fetch", "-q", ".", &format!("+{foreign}:stream/api")]),
    );
    held.stays(
        &tip,
        &held.try_git(&[
            "push",
            "-q",
            "--no-verify",
            ".",
            &format!("+{foreign}:stream/api"),
        ]),
    );
    held.git(&["branch", "-f", "stream/api", &own]);
    held.git(&["fetch", "-q", ".", &format!("+{}:stream/api", tip.trim())]);
    held.git(&["push", "-q", ".", &format!("{own}:stream/api")]);
    held.git(&["switch", "-q", "stream/api"]);
    stdin(tip.trim()).succeeded();
    held.git(&["reset", "-q", "--hard", &own]);
    assert_eq!(held.tip().trim(), own);
    assert_sound(&held.sandbox, &held.sandbox.repo());
}

#[test]
fn the_same_from_the_main_checkout() {
    let held = Held::strict();
    let (foreign, own, tip) = (held.foreign(), held.own(), held.tip());
    let branch = "refs/heads/stream/api";
    held.stays(&tip, &held.try_main(&["update-ref", branch, &foreign]));
    held.git(&["switch", "-q", "--detach"]);
    held.stays(
        &tip,
        &held.try_main(&["branch", "-f", "stream/api", &foreign]),
    );
    held.stays(
        &tip,
        &held.try_main(&["fetch", "-q", ".", &format!("{foreign}:stream/api")]),
    );
    held.stays(
        &tip,
        &held.try_main(&["push", "-q", ".", &format!("{foreign}:stream/api")]),
    );
    held.sandbox.git(&["branch", "-f", "stream/api", &own]);
    // What is no stream's is nobody's business.
    held.sandbox.git(&["branch", "topic", &foreign]);
    held.sandbox
        .git(&["branch", "-f", "stream/of-nobody", &foreign]);
}

#[test]
fn a_push_from_another_clone_is_judged_by_what_it_brings() {
    let held = Held::strict();
    let tip = held.tip();
    let clone = held.sandbox.clone_of(&held.sandbox.repo(), "clone");
    held.sandbox.git_in(&clone, &["switch", "-q", "stream/api"]);
    held.sandbox.write(clone.join("src/ui/app.js"), "theirs\n");
    held.sandbox.git_in(&clone, &["commit", "-qam", "Theirs"]);
    let push = || {
        let push = ["push", "-q", "-f", "origin", "stream/api"];
        held.sandbox.program("git", push).in_dir(&clone).go()
    };
    held.git(&["switch", "-q", "--detach"]);
    held.sandbox
        .git(&["config", "receive.denyCurrentBranch", "ignore"]);
    held.stays(&tip, &push());
    held.sandbox
        .git_in(&clone, &["reset", "-q", "--hard", "HEAD~1"]);
    held.sandbox.write(clone.join("src/api/lib.rs"), "own\n");
    held.sandbox.git_in(&clone, &["commit", "-qam", "Own"]);
    push().succeeded();
}

#[test]
fn fast_import_and_am_and_picks_bring_own_work_only() {
    let held = Held::strict();
    let (tip, foreign, own) = (held.tip(), held.foreign(), held.own());
    let back = ["reset", "-q", "--hard", tip.trim()];
    let import = |path: &str| {
        let stream = format!(
            "commit refs/heads/stream/api\ncommitter A <a@b> 1700000000 +0000\ndata 1\nx\n\
             from {}\nM 644 inline {path}\ndata 1\ny\n\n",
            held.tip().trim()
        );
        let call = held.sandbox.program("git", ["fast-import", "--quiet"]);
        call.in_dir(&held.api).stdin(stream).go()
    };
    held.stays(&tip, &import("src/ui/app.js"));
    import("src/api/import.rs").succeeded();
    held.git(&["reset", "-q", "--hard"]);
    held.refused(&["cherry-pick", &foreign], "src/ui/app.js");
    held.git(&["cherry-pick", "--abort"]);
    held.git(&["cherry-pick", &own]);
    for (commit, status) in [(&foreign, 128), (&own, 0)] {
        held.git(&back);
        let patch = held.git(&["format-patch", "-1", "--stdout", commit]);
        // pre-applypatch left out: the branch itself is what refuses.
        let am = held.sandbox.program("git", ["am", "-q", "--no-verify"]);
        let ran = am.in_dir(&held.api).stdin(patch).go();
        if ran.stderr().contains("unknown option `no-verify'") {
            continue;
        }
        assert_eq!(ran.status(), status, "{}", ran.block());
        if status != 0 {
            held.stays(&tip, &ran);
            held.git(&["am", "--abort"]);
        }
    }
    assert_sound(&held.sandbox, &held.sandbox.repo());
}

#[test]
fn a_rebase_goes_through_or_can_be_given_up() {
    let held = Held::strict();
    held.on_main("src/ui/app.js", "landed\n");
    held.git(&["rebase", "-q", "main"]);
    // The apply backend, and a conflict that is resolved, and one that is given up.
    held.on_main("src/ui/app.js", "landed again\n");
    held.git(&["rebase", "-q", "--apply", "main"]);
    held.on_main("src/api/lib.rs", "main's\n");
    let tip = held.tip();
    assert_eq!(held.try_git(&["rebase", "-q", "main"]).status(), 1);
    held.git(&["rebase", "--abort"]);
    assert_eq!(held.tip(), tip);
    assert_eq!(held.try_git(&["rebase", "-q", "main"]).status(), 1);
    held.write("src/api/lib.rs", "both\n");
    held.git(&["add", "src/api/lib.rs"]);
    held.git(&["-c", "core.editor=true", "rebase", "--continue"]);
    assert_ne!(held.tip(), tip);
    assert_eq!(held.git(&["branch", "--show-current"]), "stream/api\n");
    assert_sound(&held.sandbox, &held.sandbox.repo());
}

#[test]
fn a_rebase_onto_what_is_foreign_is_refused_at_its_end_and_can_be_given_up() {
    let held = Held::strict();
    let (tip, foreign) = (held.tip(), held.made("main", "src/ui/app.js"));
    held.sandbox.git(&["branch", "topic", &foreign]);
    held.without(&["pre-commit", "prepare-commit-msg", "pre-applypatch"]);
    let back = [
        "git rebase --abort",
        "git rebase --quit && git switch stream/api",
    ];
    for (backend, back) in ["--merge", "--apply"].into_iter().zip(back) {
        let ran = held.try_git(&["rebase", "-q", backend, "topic"]);
        held.stays(&tip, &ran);
        assert!(
            ran.stderr().contains(&format!("`{back}`")),
            "{}",
            ran.block()
        );
        let back = held
            .sandbox
            .program("sh", ["-c", back])
            .in_dir(&held.api)
            .go();
        back.succeeded();
        assert_eq!(held.tip(), tip);
        assert_eq!(held.git(&["branch", "--show-current"]), "stream/api\n");
        assert_eq!(held.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn packing_and_removing_are_never_refused() {
    let held = Held::strict();
    // Also what breaks the rule already: it is not brought, it is there.
    let slipped = held.slipped_by("src/ui/app.js", "theirs\n");
    held.git(&["pack-refs", "--all"]);
    held.git(&["gc", "-q", "--prune=now"]);
    assert_eq!(held.tip().trim(), slipped);
    held.sandbox.git(&["gc", "-q", "--prune=now"]);
    held.git(&["switch", "-q", "--detach"]);
    held.git(&["branch", "-m", "stream/api", "stream/moved"]);
    held.git(&["branch", "-m", "stream/moved", "stream/api"]);
    held.git(&["branch", "-D", "stream/api"]);
    assert_sound(&held.sandbox, &held.sandbox.repo());
}

#[test]
fn an_old_tip_is_never_refused_whatever_it_holds() {
    let held = Held::strict();
    let clean = held.tip();
    let slipped = held.slipped_by("src/ui/app.js", "theirs\n");
    // On from what is there already: only what is new is judged.
    held.git(&["reset", "-q", "--soft", clean.trim()]);
    held.git(&["reset", "-q", "--hard", "HEAD@{1}"]);
    assert_eq!(held.tip().trim(), slipped);
    held.git(&["reset", "-q", "--hard", clean.trim()]);
    held.git(&["pack-refs", "--all"]);
    held.sandbox
        .git(&["update-ref", "refs/heads/stream/api", &slipped]);
    held.sandbox
        .git(&["update-ref", "refs/heads/stream/api", clean.trim()]);
    // Another commit with the same content is not one of them.
    let twin = held.made(clean.trim(), "src/ui/app.js");
    assert_ne!(twin, slipped);
    held.stays(&clean, &held.try_git(&["reset", "-q", "--hard", &twin]));
    // Nor is it once the branch's own memory is gone, unless a kept ref has it.
    fs::remove_file(held.sandbox.repo().join(".git/logs/refs/heads/stream/api")).unwrap();
    held.git(&["reset", "-q", "--hard"]);
    held.stays(&clean, &held.try_git(&["update-ref", "HEAD", &slipped]));
    held.sandbox
        .git(&["update-ref", "refs/stream/kept/api/op-1", &slipped]);
    held.git(&["update-ref", "HEAD", &slipped]);
}

#[test]
fn a_branch_that_is_tainted_may_still_be_corrected_on_top() {
    let held = Held::strict();
    held.slipped_by("src/ui/app.js", "theirs\n");
    held.git(&["checkout", "-q", "main", "--", "src/ui/app.js"]);
    held.git(&["commit", "-qm", "Take it back"]);
}

#[test]
fn an_ordinary_day_is_not_disturbed_and_ours_are_not_judged() {
    let held = Held::strict();
    held.write("src/api/lib.rs", "two\n");
    held.git(&["commit", "-qam", "Two"]);
    held.git(&["commit", "-q", "--amend", "-m", "Two, amended"]);
    held.write("src/api/lib.rs", "stashed\n");
    held.git(&["stash", "-q"]);
    held.git(&["stash", "pop", "-q"]);
    held.git(&["commit", "-qam", "Three"]);
    held.on_main("docs/guide.md", "more\n");
    held.git(&["merge", "-q", "--no-edit", "main"]);
    held.git(&["tag", "here"]);
    held.on_main("docs/guide.md", "and more\n");
    held.sandbox
        .run(["sync", "api"])
        .agent("a1")
        .go()
        .succeeded();
    held.sandbox
        .run(["release", "api"])
        .agent("a1")
        .go()
        .succeeded();
    let api = claim(&held.sandbox, "api", "a3");
    held.sandbox
        .git_in(&api, &["worktree", "add", "-q", "-b", "other", "../other"]);
    held.sandbox.git_in(
        &api,
        &[
            "worktree",
            "add",
            "-q",
            "-b",
            "stream/unknown",
            "../unknown",
        ],
    );
    assert_sound(&held.sandbox, &held.sandbox.repo());
}

#[test]
fn ids_of_sixty_four_digits_are_read_as_well() {
    let held = Held::strict_in(Sandbox::sha256());
    let tip = held.tip();
    held.stays(
        &tip,
        &held.try_git(&["reset", "-q", "--hard", &held.foreign()]),
    );
    held.git(&["reset", "-q", "--hard", &held.own()]);
    held.git(&["pack-refs", "--all"]);
}

#[test]
fn the_users_own_hook_gets_every_phase_with_its_lines() {
    let sandbox = Sandbox::new();
    let own =
        "#!/bin/sh\n{ echo \"$@\"; grep stream/; } >>\"$TMPDIR/seen\"; [ ! -e \"$TMPDIR/no\" ]\n";
    sandbox.script(".git/hooks/reference-transaction", own);
    let held = Held::strict_in(sandbox);
    let seen = held.sandbox.root().join("tmp/seen");
    let (tip, next) = (held.tip(), held.own());
    fs::remove_file(&seen).unwrap();
    held.git(&["update-ref", "refs/heads/stream/api", &next, tip.trim()]);
    let line = format!("{} {next} refs/heads/stream/api\n", tip.trim());
    let told = fs::read_to_string(&seen).unwrap();
    assert!(
        told.ends_with(&format!("prepared\n{line}committed\n{line}")),
        "{told}"
    );
    // What ours refuses never comes to it.
    fs::remove_file(&seen).unwrap();
    held.stays(
        &format!("{next}\n"),
        &held.try_git(&["update-ref", "HEAD", &held.foreign()]),
    );
    let told = fs::read_to_string(&seen).unwrap();
    assert!(!told.contains("prepared"), "{told}");
    // And what it refuses is refused.
    fs::write(held.sandbox.root().join("tmp/no"), "").unwrap();
    let ran = held.try_git(&["update-ref", "refs/heads/stream/api", tip.trim()]);
    assert_ne!(ran.status(), 0, "{}", ran.block());
    assert_eq!(held.tip().trim(), next);
}

#[test]
fn it_is_kept_by_a_second_init_and_taken_away_by_a_person() {
    let held = Held::new();
    if has_configured_hooks(&held.sandbox) {
        return;
    }
    let ours = held
        .sandbox
        .repo()
        .join(".git/git-stream/hooks/reference-transaction");
    assert!(!ours.exists() && !held.main_hook("reference-transaction").exists());
    assert_snapshot!(held.sandbox.run(["init", "--strict", "-n"]).block(), @"
    $ git stream init --strict -n
    moves of streams' branches would be judged from now on
    [status 0]
    ");
    assert_snapshot!(held.sandbox.run(["init", "--strict"]).block(), @"
    $ git stream init --strict
    moves of streams' branches are judged from now on
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    wrote '$ROOT/repo/.git/hooks/reference-transaction', which sees streams' branches being moved
    [status 0]
    ");
    assert!(ours.exists() && held.main_hook("reference-transaction").exists());
    assert_snapshot!(held.sandbox.run(["init"]).block(), @"
    $ git stream init
    nothing to do: everything is set up
    [status 0]
    ");
    assert!(ours.exists());
    assert_snapshot!(held.sandbox.run(["init", "--no-strict"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream init --no-strict
    --- stderr ---
    error: only a person may take a layer of the guard away
    hint: Nothing was changed. Ask a person to run the same command in a terminal of their own.
    [status 1]
    ");
    assert!(ours.exists());
    assert_snapshot!(held.sandbox.run(["init", "--no-strict"]).block(), @"
    $ git stream init --no-strict
    moves of streams' branches are not judged from now on
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    [status 0]
    ");
    assert!(!ours.exists() && !held.main_hook("reference-transaction").exists());
    held.sandbox.run(["init", "--strict"]).go().succeeded();
    held.sandbox.run(["init", "--uninstall"]).go().succeeded();
    assert!(!ours.exists() && !held.main_hook("reference-transaction").exists());
    held.sandbox.run(["init"]).go().succeeded();
    assert!(!ours.exists());
}

#[test]
fn an_unreadable_ledger_refuses_but_old_tips_and_removals_pass() {
    let held = Held::strict();
    let (old, tip) = (held.git(&["rev-parse", "HEAD~1"]), held.tip());
    let next = held.own();
    held.sandbox
        .git(&["update-ref", "refs/stream/ledger", "main"]);
    let ran = held.try_git(&["update-ref", "refs/heads/stream/api", &next]);
    held.stays(&tip, &ran);
    held.git(&["update-ref", "refs/heads/stream/api", old.trim()]);
    held.git(&["update-ref", "-d", "refs/heads/stream/api"]);
}

#[test]
fn where_the_main_checkout_has_one_of_its_own_it_is_said() {
    let sandbox = Sandbox::new();
    if has_configured_hooks(&sandbox) {
        return;
    }
    sandbox.script(".git/hooks/reference-transaction", "#!/bin/sh\n");
    let held = Held::of(sandbox);
    assert_snapshot!(held.sandbox.run(["init", "--strict"]).block(), @"
    $ git stream init --strict
    moves of streams' branches are judged from now on
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    --- stderr ---
    hint: moves of streams' branches outside of their worktrees are not judged: '$ROOT/repo/.git/hooks/reference-transaction' is another program's.
    [status 0]
    ");
    let status = held.sandbox.run(["status", "--json"]).json();
    assert_eq!(status["off"][0]["layer"], "strict");
    assert_eq!(status["off"][0]["why"], "taken");
    let text = fs::read_to_string(held.main_hook("reference-transaction")).unwrap();
    assert_eq!(text, "#!/bin/sh\n");
}

#[test]
fn who_spoils_the_hook_spoils_no_program_and_it_comes_back() {
    let held = Held::strict();
    let hooks = held.sandbox.repo().join(".git/git-stream/hooks");
    for hook in fs::read_dir(&hooks).unwrap() {
        let hook = hook.unwrap().path();
        assert!(!hook.is_symlink(), "{}", hook.display());
    }
    let hook = hooks.join("reference-transaction");
    let text = fs::read_to_string(&hook).unwrap();
    assert!(text.contains("/git-stream-guard\n# git stream:"), "{text}");
    for spoil in ["chmod -x", "echo '#!/bin/true' >", "rm"] {
        let spoil = format!("{spoil} {}", hook.display());
        held.sandbox.program("sh", ["-c", &spoil]).go().succeeded();
        held.write("src/api/lib.rs", &spoil);
        held.git(&["commit", "-qam", "Own work"]);
        assert_eq!(fs::read_to_string(&hook).unwrap(), text, "{spoil}");
        held.stays(
            &held.tip(),
            &held.try_git(&["update-ref", "HEAD", &held.foreign()]),
        );
    }
}

#[test]
fn where_git_configures_hooks_each_move_is_judged_once() {
    let sandbox = Sandbox::new();
    if !has_configured_hooks(&sandbox) {
        println!("!!!!  SKIPPED: this git has no hooks in its configuration  !!!!");
        return;
    }
    let held = Held::strict_in(sandbox);
    assert!(!held.main_hook("reference-transaction").exists());
    let trace = held.sandbox.root().join("tmp/trace");
    let started = |directory: &std::path::Path, args: &[&str]| {
        drop(fs::remove_file(&trace));
        let call = held.sandbox.program("git", args).in_dir(directory);
        let _any_answer = call.env("GIT_TRACE2_EVENT", &trace).go();
        let text = fs::read_to_string(&trace).unwrap();
        let hooks = text
            .lines()
            .filter(|line| line.contains("\"hook_name\":\"reference-transaction\""));
        let (configured, files): (Vec<&str>, Vec<&str>) =
            hooks.partition(|line| line.contains("git-stream-guard' moves"));
        (configured.len(), files.len())
    };
    let (own, branch) = (held.own(), "refs/heads/stream/api");
    // Three phases, in either place.
    assert_eq!(started(&held.api, &["update-ref", branch, &own]), (0, 3));
    let tip = held.tip();
    assert_eq!(
        started(&held.sandbox.repo(), &["update-ref", branch, "HEAD"]),
        (3, 0)
    );
    // It cannot be switched off by the flag that switches off files, and does not see our own moves.
    let unhooked = [
        "-c",
        "core.hooksPath=/dev/null",
        "update-ref",
        branch,
        &held.foreign(),
    ];
    held.git(&["update-ref", branch, tip.trim()]);
    held.stays(&tip, &held.try_main(&unhooked));
    held.sandbox
        .run(["release", "api"])
        .agent("a1")
        .go()
        .succeeded();
    held.sandbox.run(["init", "--no-strict"]).go().succeeded();
    assert_eq!(started(&held.sandbox.repo(), &["tag", "any"]), (0, 0));
}
