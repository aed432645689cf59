//! The base branch where it is checked out: who may commit there, and who is told what?

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;

use super::{Held, PLAN, claim, has_configured_hooks};
use crate::support::{Call, Ran, Sandbox};

impl Held {
    fn base_hook(&self) -> PathBuf {
        self.sandbox.repo().join(".git/hooks/prepare-commit-msg")
    }

    /// A commit in the main checkout that changes these files.
    fn committing(&self, paths: &[&str], options: &[&str]) -> Call {
        for path in paths {
            self.sandbox.write(path, "changed\n");
        }
        self.sandbox.git(&["add", "--all"]);
        let words = [&["commit", "-q", "-m", "On main"], options].concat();
        self.sandbox.program("git", words)
    }

    fn main_tip(&self) -> String {
        self.sandbox.git(&["rev-parse", "refs/heads/main"])
    }
}

/// Why the base is not guarded in its own checkout, by `status`.
fn off(sandbox: &Sandbox) -> serde_json::Value {
    sandbox.run(["status", "--json"]).json()["off"].clone()
}

/// A commit of the stream in its own worktree.
fn work(held: &Held, path: &str, text: &str) {
    held.write(path, text);
    held.git(&["add", path]);
    held.git(&["commit", "-qm", "Work"]);
}

fn quiet(ran: &Ran) {
    ran.succeeded();
    assert_eq!(ran.stderr(), "", "{}", ran.block());
}

#[test]
fn an_agent_is_refused_and_a_person_is_told_what_streams_hold() {
    let held = Held::new();
    let tip = held.main_tip();
    let ran = held.committing(&["docs/guide.md"], &[]).agent("a1").go();
    assert_snapshot!(ran.block(), @"
    $ GIT_STREAM_AGENT=a1 git commit -q -m 'On main'
    --- stderr ---
    error: agents do not commit on 'main': streams start from it
    hint: Nothing was committed, and what is staged stays so. Work in the worktree of a stream, which `git stream claim NAME` takes and prints.
    hint: A person may commit here, in a terminal of their own; see what there is to commit with `git status`.
    [status 1]
    ");
    let ran = held
        .committing(&[], &["--no-verify"])
        .env("CLAUDECODE", "1")
        .go();
    assert_ne!(ran.status(), 0);
    assert_eq!(held.main_tip(), tip);

    quiet(
        &held
            .committing(&["docs/guide.md", "package.json"], &[])
            .go(),
    );
    let paths = [
        "src/api/lib.rs",
        "src/api/b.rs",
        "src/api/c.rs",
        "src/ui/app.js",
        "README.md",
    ];
    assert_snapshot!(held.committing(&paths, &[]).go().block(), @"
    $ git commit -q -m 'On main'
    --- stderr ---
    warning: this commit changes 'src/api/b.rs' and 2 other files, which 'api' holds (a1 works on it)
    warning: this commit changes 'src/ui/app.js', which 'ui' holds (a2 works on it)
    [status 0]
    ");
}

#[test]
fn other_branches_and_other_worktrees_are_nobodys_business() {
    let held = Held::new();
    held.sandbox.git(&["switch", "-q", "-c", "topic"]);
    quiet(&held.committing(&["src/api/lib.rs"], &[]).agent("a1").go());
    let other = held.sandbox.root().join("other");
    held.sandbox
        .git(&["worktree", "add", "-q", "--detach", other.to_str().unwrap()]);
    held.sandbox.write(other.join("src/api/lib.rs"), "x\n");
    let commit = held.sandbox.program("git", ["commit", "-qam", "x"]);
    quiet(&commit.in_dir(&other).agent("a1").go());
    // The base in a linked worktree is the base.
    held.sandbox.git_in(&other, &["switch", "-q", "main"]);
    held.sandbox.write(other.join("src/api/lib.rs"), "y\n");
    let commit = held.sandbox.program("git", ["commit", "-qam", "x"]);
    let ran = commit.in_dir(&other).agent("a1").go();
    assert!(
        ran.stderr().contains("agents do not commit on 'main'"),
        "{}",
        ran.block()
    );
}

#[test]
fn in_a_streams_worktree_it_is_not_asked() {
    let held = Held::new();
    held.write("src/api/lib.rs", "mine\n");
    let commit = held.sandbox.program("git", ["commit", "-qam", "Mine"]);
    quiet(&commit.in_dir(&held.api).agent("a1").go());
    if has_configured_hooks(&held.sandbox) {
        return;
    }
    // Not even where a manager calls it from among the user's own.
    let by_hand = "#!/bin/sh\nexec \"$0.legacy\" \"$@\"\n";
    fs::rename(held.base_hook(), held.base_hook().with_extension("legacy")).unwrap();
    held.sandbox
        .script(".git/hooks/prepare-commit-msg", by_hand);
    held.write("src/api/lib.rs", "more\n");
    let commit = held.sandbox.program("git", ["commit", "-qam", "More"]);
    quiet(&commit.in_dir(&held.api).agent("a1").go());
    let ran = held.committing(&["README.md"], &[]).agent("a1").go();
    assert!(
        ran.stderr().contains("agents do not commit on 'main'"),
        "{}",
        ran.block()
    );
    assert_eq!(off(&held.sandbox), serde_json::json!([]));
}

#[test]
fn a_merge_is_told_of_what_others_hold_and_not_of_its_own_stream() {
    let held = Held::new();
    work(&held, "src/api/lib.rs", "mine\n");
    held.on_main("README.md", "Moved on\n");
    let merge = |agent: Option<&str>| {
        let words = ["merge", "-q", "--no-ff", "--no-edit", "stream/api"];
        let call = held.sandbox.program("git", words);
        agent
            .map_or_else(
                || held.sandbox.program("git", words),
                |name| call.agent(name),
            )
            .go()
    };
    let ran = merge(Some("a1"));
    assert!(
        ran.stderr().contains("agents do not commit on 'main'"),
        "{}",
        ran.block()
    );
    held.sandbox.git(&["merge", "--abort"]);
    quiet(&merge(None));

    // The base has come to differ from what the stream has made of the same file.
    work(&held, "src/api/lib.rs", "top\nmine\n");
    held.on_main("src/api/lib.rs", "mine\nend\n");
    quiet(&merge(None));

    // Another stream's file in the same merge.
    work(&held, "src/api/lib.rs", "again\n");
    held.sandbox.git(&[
        "merge",
        "-q",
        "--no-commit",
        "--no-ff",
        "-X",
        "theirs",
        "stream/api",
    ]);
    let ran = held.committing(&["src/ui/app.js"], &[]).go();
    assert_snapshot!(ran.stderr(), @"warning: this commit changes 'src/ui/app.js', which 'ui' holds (a2 works on it)");
}

#[test]
fn a_streams_work_that_is_squashed_or_picked_is_no_news_to_it() {
    let held = Held::new();
    work(&held, "src/api/lib.rs", "mine\n");
    work(&held, "src/api/new.rs", "new\n");
    held.sandbox.git(&["merge", "-q", "--squash", "stream/api"]);
    quiet(&held.committing(&[], &[]).go());
    work(&held, "src/api/new.rs", "newer\n");
    quiet(
        &held
            .sandbox
            .program("git", ["cherry-pick", "stream/api"])
            .go(),
    );
}

#[test]
fn what_cannot_be_found_out_stops_no_person() {
    let held = Held::new();
    held.sandbox
        .git(&["update-ref", "refs/stream/ledger", "main"]);
    let ran = held.committing(&["README.md"], &[]).go();
    ran.succeeded();
    assert!(
        ran.stderr().starts_with("warning: cannot tell"),
        "{}",
        ran.block()
    );
    let ran = held.committing(&["docs/guide.md"], &[]).agent("a1").go();
    assert_ne!(ran.status(), 0, "{}", ran.block());
}

#[test]
fn it_displaces_nothing_and_says_where_it_is_not() {
    let sandbox = Sandbox::new();
    if has_configured_hooks(&sandbox) {
        return;
    }
    sandbox.script(
        ".git/hooks/prepare-commit-msg",
        "#!/bin/sh\necho by hand >&2\n",
    );
    sandbox.commit("Plan", &[("streams.toml", PLAN)]);
    assert_snapshot!(sandbox.run(["init"]).block(), @"
    $ git stream init
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    recorded the base branch 'main'
    --- stderr ---
    hint: commits on 'main' in its own checkout are not guarded: '$ROOT/repo/.git/hooks/prepare-commit-msg' is another program's.
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["status"]).block(), @"
    $ git stream status
    stream  state      note
    api     unclaimed  ready
    docs    unclaimed  ready
    ui      unclaimed  ready

    commits on 'main' in its own checkout are not guarded: '$ROOT/repo/.git/hooks/prepare-commit-msg' is another program's

    0 of 3 streams landed, 3 ready; base main at $oid1
    [status 0]
    ");
    sandbox.run(["init", "--uninstall"]).go().succeeded();
    let hook = sandbox.repo().join(".git/hooks/prepare-commit-msg");
    assert_eq!(
        fs::read_to_string(&hook).unwrap(),
        "#!/bin/sh\necho by hand >&2\n"
    );

    // A directory that is not git's is never written into.
    fs::remove_file(&hook).unwrap();
    sandbox.git(&["config", "core.hooksPath", "githooks"]);
    assert_snapshot!(sandbox.run(["init"]).block(), @"
    $ git stream init
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    --- stderr ---
    hint: commits on 'main' in its own checkout are not guarded: git looks for hooks in '$ROOT/repo/githooks', outside of its own directory.
    [status 0]
    ");
    assert!(!sandbox.repo().join("githooks").exists());
    assert_eq!(off(&sandbox)[0]["why"], "elsewhere");

    // Nor one outside that .git/hooks leads to.
    sandbox.git(&["config", "--unset", "core.hooksPath"]);
    fs::create_dir(sandbox.repo().join("tracked")).unwrap();
    fs::remove_dir_all(sandbox.repo().join(".git/hooks")).unwrap();
    std::os::unix::fs::symlink("../tracked", sandbox.repo().join(".git/hooks")).unwrap();
    sandbox.run(["init"]).go().succeeded();
    assert_eq!(off(&sandbox)[0]["why"], "elsewhere");
    assert_eq!(
        fs::read_dir(sandbox.repo().join("tracked"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn one_that_is_gone_is_told_and_put_back() {
    let held = Held::new();
    if has_configured_hooks(&held.sandbox) {
        return;
    }
    fs::remove_file(held.base_hook()).unwrap();
    assert_eq!(off(&held.sandbox)[0]["why"], "missing");
    claim(&held.sandbox, "docs", "a3");
    assert!(held.base_hook().exists());
    assert_eq!(off(&held.sandbox), serde_json::json!([]));
    // Whoever takes the place has it, until it is free again.
    fs::write(held.base_hook(), "#!/bin/sh\n").unwrap();
    assert_eq!(off(&held.sandbox)[0]["why"], "taken");
    held.sandbox.run(["init"]).go().succeeded();
    assert_eq!(fs::read_to_string(held.base_hook()).unwrap(), "#!/bin/sh\n");
}

#[test]
fn without_the_program_a_person_can_commit_and_is_told_how_to_remove_it() {
    let held = Held::new();
    if has_configured_hooks(&held.sandbox) {
        return;
    }
    let text = fs::read_to_string(held.base_hook()).unwrap();
    let gone = text.replace("git-stream-guard'", "gone'");
    assert_ne!(gone, text);
    fs::write(held.base_hook(), gone).unwrap();
    let path = std::env::var("PATH").unwrap();
    let ran = held.committing(&["README.md"], &[]).env("PATH", path).go();
    ran.succeeded();
    assert_snapshot!(ran.stderr(), @"warning: git stream is gone; remove what is left of it: rm '.git/hooks/prepare-commit-msg'");
}

#[test]
fn where_git_configures_hooks_it_stands_there_and_nowhere_else() {
    let sandbox = Sandbox::new();
    if !has_configured_hooks(&sandbox) {
        println!("!!!!  SKIPPED: this git has no hooks in its configuration  !!!!");
        return;
    }
    let own = "#!/bin/sh\necho by hand >&2\n";
    sandbox.script(".git/hooks/prepare-commit-msg", own);
    let held = Held::of(sandbox);
    let ran = held.committing(&["README.md"], &[]).agent("a1").go();
    let said = ran.stderr();
    assert!(said.contains("agents do not commit on 'main'"), "{said}");
    assert!(said.contains("by hand"), "{said}");
    assert_eq!(off(&held.sandbox), serde_json::json!([]));

    // In a stream it is switched off, and the user's own runs once.
    held.write("src/api/lib.rs", "mine\n");
    held.git(&["add", "--all"]);
    let list = held.git(&["hook", "list", "--show-scope", "prepare-commit-msg"]);
    let ours = list.lines().find(|line| line.contains("git-stream-base"));
    assert!(ours.is_none_or(|line| line.contains("disabled")), "{list}");
    assert_eq!(
        held.try_git(&["commit", "-qm", "Mine"]).stderr(),
        "by hand\n"
    );

    // The file of an older git goes as soon as it is seen.
    fs::write(
        held.base_hook(),
        "#!/bin/sh\n# git stream: of an older git\n",
    )
    .unwrap();
    held.sandbox.run(["init"]).go().succeeded();
    assert!(!held.base_hook().exists());
    held.sandbox.run(["init", "--uninstall"]).go().succeeded();
    quiet(&held.committing(&["README.md"], &[]).agent("a1").go());
}

#[test]
fn where_git_has_only_files_nothing_is_configured() {
    let held = Held::new();
    if has_configured_hooks(&held.sandbox) {
        return;
    }
    let config = held.sandbox.repo().join(".git/git-stream.config");
    let text = fs::read_to_string(&config).unwrap();
    assert!(!text.contains("[hook"), "{text}");
    fs::write(
        &config,
        format!("[hook \"git-stream-base\"]\n\tevent = x\n{text}"),
    )
    .unwrap();
    held.sandbox.run(["init"]).go().succeeded();
    assert_eq!(fs::read_to_string(&config).unwrap(), text);
}
