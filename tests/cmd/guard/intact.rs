//! What if git would pass by the hooks: made not executable, gone, or switched off by a setting?

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::Held;

const ALL: [&str; 9] = [
    "pre-commit",
    "pre-merge-commit",
    "pre-applypatch",
    "prepare-commit-msg",
    "pre-push",
    "post-commit",
    "post-merge",
    "post-rewrite",
    "post-checkout",
];

impl Held {
    fn hook(&self, name: &str) -> PathBuf {
        let hooks = self.sandbox.repo().join(".git/git-stream/hooks");
        hooks.join(name)
    }

    fn switch_off(&self, names: &[&str]) {
        for name in names {
            fs::set_permissions(self.hook(name), Permissions::from_mode(0o644)).unwrap();
        }
    }

    fn is_on(&self, name: &str) -> bool {
        let about = fs::metadata(self.hook(name));
        about.is_ok_and(|about| about.permissions().mode() & 0o777 == 0o755)
    }

    fn needs(&self) -> String {
        let status = self.sandbox.run(["status"]).go();
        status.succeeded();
        let block = status.block();
        let lines = block.lines().skip_while(|line| !line.starts_with("needs"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn a_hook_that_lost_its_executable_bit_gets_it_back_from_the_next_that_runs() {
    for off in [
        &["pre-commit"][..],
        &["prepare-commit-msg"],
        &["post-commit"],
    ] {
        let held = Held::new();
        held.switch_off(off);
        held.write("src/ui/app.js", "theirs\n");
        held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
        assert!(off.iter().all(|name| held.is_on(name)), "{off:?}");
    }
}

#[test]
fn hooks_that_are_gone_are_back_after_the_next_that_runs() {
    let held = Held::new();
    for name in ["pre-commit", "pre-push", "post-merge"] {
        fs::remove_file(held.hook(name)).unwrap();
    }
    held.write("src/api/lib.rs", "mine\n");
    let ran = held.try_git(&["commit", "-qam", "Mine"]);
    assert_snapshot!(ran.block(), @"
    $ cd $ROOT/repo.streams/api && git commit -qam Mine
    --- stderr ---
    warning: these hooks of the guard had been replaced, removed or made not executable, and are back: pre-commit, pre-push, post-merge
    [status 0]
    ");
    assert!(ALL.iter().all(|name| held.is_on(name)));
}

#[test]
fn a_damaged_hook_is_written_again_and_is_none_of_the_users() {
    let held = Held::new();
    fs::write(held.hook("pre-commit"), "").unwrap();
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
    assert!(!held.sandbox.repo().join(".git/hooks/pre-commit").exists());
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
}

#[test]
fn a_commit_that_no_hook_has_judged_is_found_by_the_one_after_it() {
    let held = Held::new();
    held.switch_off(&["pre-commit", "prepare-commit-msg"]);
    held.write("src/ui/app.js", "theirs\n");
    let ran = held.try_git(&["commit", "-qam", "x"]);
    assert_eq!(ran.status(), 0, "{}", ran.block());
    let status = held.sandbox.run(["status", "api", "--json"]).go().json();
    assert!(status["streams"][0]["tainted"].is_string(), "{status}");
    assert!(held.is_on("pre-commit") && held.is_on("prepare-commit-msg"));
}

#[test]
fn with_every_hook_off_the_status_says_so_and_the_next_command_mends() {
    let mends: [&[&str]; 4] = [
        &["init"],
        &["sync", "api"],
        &["claim", "api"],
        &["verify", "api"],
    ];
    for mend in mends {
        let held = Held::new();
        held.switch_off(&ALL);
        let needs = held.needs();
        assert!(needs.contains("git passes by these hooks"), "{needs}");
        let ran = held.sandbox.run(mend).agent("a1").go();
        ran.succeeded();
        assert!(ALL.iter().all(|name| held.is_on(name)), "{}", ran.block());
        assert_eq!(held.needs(), "");
    }
}

#[test]
fn a_pass_through_follows_at_the_next_command() {
    let held = Held::new();
    let text = "#!/bin/sh\necho \"own ${0##*/}\" >&2\n";
    held.sandbox.script(".git/hooks/commit-msg", text);
    assert!(!held.hook("commit-msg").exists());
    held.sandbox
        .run(["sync", "api"])
        .agent("a1")
        .go()
        .succeeded();
    held.write("src/api/lib.rs", "mine\n");
    let ran = held.try_git(&["commit", "-qam", "Mine"]);
    assert_eq!(ran.stderr(), "own commit-msg\n");
    fs::remove_file(held.sandbox.repo().join(".git/hooks/commit-msg")).unwrap();
    held.sandbox
        .run(["sync", "api"])
        .agent("a1")
        .go()
        .succeeded();
    assert!(!held.hook("commit-msg").exists());
}

const OTHER: &str = "[includeIf \"gitdir:./worktrees/\"]\n\tpath = other\n";

#[test]
fn what_an_agent_may_write_says_nothing_in_the_main_checkout() {
    let held = Held::new();
    let config = held.sandbox.repo().join(".git/git-stream.config");
    let mut text = fs::read_to_string(&config).unwrap();
    text.push_str("[core]\n\tfsmonitor = touch /tmp/out\n[alias]\n\tst = !touch /tmp/out\n");
    fs::write(&config, text).unwrap();
    let asked = ["config", "--get-regexp", "^(core.fsmonitor|alias)"];
    let ran = held.sandbox.program("git", asked).go();
    assert_eq!((ran.stdout().as_str(), ran.status()), ("", 1));
    // The next command writes it anew.
    held.sandbox.run(["init"]).go().succeeded();
    assert_eq!(held.try_git(&["config", "core.fsmonitor"]).status(), 1);
}

#[test]
fn a_setting_that_a_manager_writes_later_does_not_come_after_ours() {
    let sandbox = crate::support::Sandbox::new();
    // A section like ours before [core]: git adds ours to it.
    let config = fs::read_to_string(sandbox.repo().join(".git/config")).unwrap();
    sandbox.write(".git/config", format!("{OTHER}{config}"));
    let held = Held::of(sandbox);
    held.git(&["config", "core.hooksPath", ".husky/_"]);
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
    assert_eq!(held.needs(), "");
    let released = ["init", "--uninstall"];
    held.sandbox.run(released).go().succeeded();
    held.git(&["config", "--unset", "core.hooksPath"]);
    let text = fs::read_to_string(held.sandbox.repo().join(".git/config")).unwrap();
    assert_eq!(text, format!("{OTHER}{config}"));
}

#[test]
fn a_configuration_that_comes_after_ours_is_told_and_put_in_order() {
    let held = Held::new();
    let path = held.sandbox.repo().join(".git/config");
    let text = fs::read_to_string(&path).unwrap() + "[core]\n\thooksPath = .husky/_\n";
    fs::write(&path, text).unwrap();
    assert_snapshot!(held.needs(), @"
    needs somebody
      git's configuration does not include that of the guard, or has a [core] section after it
        git stream init

    commits on 'main' in its own checkout are not guarded: git looks for hooks in '$ROOT/repo/.husky/_', outside of its own directory

    0 of 3 streams landed, 2 held, 1 ready; base main at $oid1
    [status 0]
    ");
    assert_snapshot!(held.sandbox.run(["init"]).block(), @"
    $ git stream init
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    --- stderr ---
    hint: commits on 'main' in its own checkout are not guarded: git looks for hooks in '$ROOT/repo/.husky/_', outside of its own directory.
    [status 0]
    ");
    assert_eq!(held.needs(), "");
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
}

#[test]
fn a_worktrees_own_setting_is_told_since_nothing_can_be_stronger() {
    let held = Held::new();
    held.git(&["config", "extensions.worktreeConfig", "true"]);
    held.git(&["config", "--worktree", "core.hooksPath", ".husky/_"]);
    assert_snapshot!(held.needs(), @"
    needs somebody
      '$ROOT/repo/.git/worktrees/api/config.worktree' sets core.hooksPath, so in that worktree no hook of the guard runs
        git config --file $ROOT/repo/.git/worktrees/api/config.worktree --unset-all core.hooksPath

    0 of 3 streams landed, 2 held, 1 ready; base main at $oid1
    [status 0]
    ");
    held.git(&["config", "--worktree", "--unset", "core.hooksPath"]);
    assert_eq!(held.needs(), "");
}

#[test]
fn hooks_that_change_git_by_existing_are_never_stood_in_for() {
    let held = Held::new();
    for name in ["push-to-checkout", "proc-receive"] {
        held.sandbox
            .script(format!(".git/hooks/{name}"), "#!/bin/sh\n");
    }
    held.sandbox.run(["init"]).go().succeeded();
    held.sandbox
        .run(["sync", "api"])
        .agent("a1")
        .go()
        .succeeded();
    for name in ["push-to-checkout", "proc-receive"] {
        assert!(!held.hook(name).exists(), "{name}");
    }
}

#[test]
fn what_somebody_leaves_among_our_hooks_never_runs_outside_of_streams() {
    let held = Held::new();
    let sandbox = &held.sandbox;
    let text = "#!/bin/sh\necho \"planted ${0##*/}\" >&2\n";
    // One that we have, one that we would hand on, and one by a manager's words.
    for name in ["pre-commit", "commit-msg", "post-index-change"] {
        sandbox.script(format!(".git/git-stream/hooks/{name}"), text);
    }
    let lefthook = "#!/bin/sh\n# lefthook\ncall_lefthook run \"pre-push\" \"$@\"\n";
    sandbox.script(".git/git-stream/hooks/pre-push", lefthook);
    let hooks = sandbox.repo().join(".git/hooks");
    let names = |directory: &Path| {
        let entries = fs::read_dir(directory).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names(&hooks);
    for command in [
        &["sync", "api"][..],
        &["verify", "api"],
        &["init"],
        &["claim", "docs"],
    ] {
        sandbox.run(command).agent("a1").go().succeeded();
        assert_eq!(names(&hooks), before);
    }
    let main = sandbox.program("git", ["commit", "--allow-empty", "-qm", "x"]);
    assert_eq!(main.go().stderr(), "");
    held.write("src/api/lib.rs", "mine\n");
    let ran = held.try_git(&["commit", "-qam", "Mine"]);
    assert_snapshot!(ran.stderr(), @"
    planted post-index-change.theirs
    planted pre-commit.theirs
    planted commit-msg.theirs
    ");
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
    sandbox.run(["init", "--uninstall"]).go().succeeded();
    assert!(names(&hooks).is_empty());
}

#[test]
fn a_directory_of_hooks_that_leads_elsewhere_is_not_followed() {
    let held = Held::new();
    let hooks = held.sandbox.repo().join(".git/git-stream/hooks");
    let text = "#!/bin/sh\nexit 0\n";
    held.sandbox.script(".git/hooks/pre-commit", text);
    fs::remove_dir_all(&hooks).unwrap();
    std::os::unix::fs::symlink("../hooks", &hooks).unwrap();
    held.sandbox
        .run(["sync", "api"])
        .agent("a1")
        .go()
        .succeeded();
    assert!(!hooks.is_symlink());
    let own = held.sandbox.repo().join(".git/hooks/pre-commit");
    assert_eq!(fs::read_to_string(own).unwrap(), text);
    held.write("src/ui/app.js", "theirs\n");
    held.refused(&["commit", "-am", "x"], "of ui (held by a2)");
}

#[test]
fn a_worktree_that_lost_its_mark_is_the_streams_all_the_same() {
    let held = Held::new();
    let (repo, api) = (held.sandbox.repo(), held.api.to_str().unwrap().to_owned());
    let mark = repo.join(".git/worktrees/api/git-stream-name");
    let again = |held: &Held| {
        held.sandbox.git(&["worktree", "remove", "--force", &api]);
        held.sandbox
            .git(&["worktree", "add", "-q", &api, "stream/api"]);
    };
    for lose in [
        &(|_: &Held| fs::remove_file(&mark).unwrap()) as &dyn Fn(&Held),
        &again,
    ] {
        lose(&held);
        assert!(!mark.exists());
        held.write("src/ui/app.js", "theirs\n");
        held.refused(&["commit", "-qam", "x"], "of ui (held by a2)");
        held.git(&["reset", "-q", "--hard"]);
        held.sandbox
            .run(["sync", "api"])
            .agent("a1")
            .go()
            .succeeded();
        assert!(mark.exists());
    }
}
