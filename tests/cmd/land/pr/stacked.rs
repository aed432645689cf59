//! What becomes of a stream that stands on another one, which is in review?

use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::super::{ArgJson as _, FAST, commit_in};
use super::forge::Forge;
use crate::support::{Call, assert_sound};

/// `api` is in review, and `a2` holds `ui`, which stands on it.
struct Stack {
    forge: Forge,
    ui: PathBuf,
}

impl Stack {
    fn new() -> Stack {
        let forge = Forge::new();
        forge.work();
        forge.land().go().succeeded();
        let ran = claim_ui(&forge).go();
        ran.succeeded();
        let ui = PathBuf::from(ran.stdout().trim_end());
        Stack { forge, ui }
    }

    fn ui(&self, verb: &str) -> Call {
        self.forge.sandbox.run([verb, "ui"]).agent("a2")
    }

    /// Commits in `ui` as its agent does, under the hooks.
    fn commit(&self, message: &str, path: &str, text: &str) -> Call {
        let sandbox = &self.forge.sandbox;
        sandbox.write(self.ui.join(path), text);
        sandbox.git_in(&self.ui, &["add", "--all"]);
        let commit = ["commit", "--quiet", "-m", message];
        sandbox.program("git", commit).in_dir(&self.ui)
    }

    fn title(&self) {
        let commit = self.commit("Another title", "src/ui/app.js", "new\n");
        commit.go().succeeded();
    }

    /// The subjects of `ui`, newest first.
    fn log(&self) -> String {
        let log = ["log", "--format=%s"];
        self.forge.sandbox.git_in(&self.ui, &log)
    }

    fn record(&self) -> String {
        self.forge.record_of("ui")
    }
}

fn claim_ui(forge: &Forge) -> Call {
    let claim = ["claim", "ui", "--on", "api"];
    forge.sandbox.run(claim).agent("a2")
}

#[test]
fn a_stream_is_stacked_on_one_in_review_only() {
    let forge = Forge::new();
    forge.work();
    assert_snapshot!(claim_ui(&forge).block(), @r"
    $ GIT_STREAM_AGENT=a2 git stream claim ui --on api
    --- stderr ---
    error: 'ui' can stand on 'api' when that is in review; it is in-progress
    hint: Nothing was changed. See how far it is with `git stream status api`.
    [status 4]
    ");
    forge.land().go().succeeded();
    let answer = claim_ui(&forge).arg_json();
    assert_eq!(answer["outcome"], "claimed");
    assert_eq!(answer["on"], "api");
    assert_eq!(answer["base"], forge.branch("stream/api"));
    let ui = Path::new(answer["worktree"].as_str().unwrap());
    let text = std::fs::read_to_string(ui.join("src/api/lib.rs")).unwrap();
    assert_eq!(text, FAST, "the work of the other is there");
    assert_eq!(claim_ui(&forge).arg_json()["outcome"], "already-yours");
    assert_sound(&forge.sandbox, &forge.sandbox.repo());
}

/// What is below its own commits is the other stream's.
#[test]
fn only_its_own_commits_are_judged() {
    let stack = Stack::new();
    stack.title();
    let refused = stack.commit("Mine", "src/api/lib.rs", "mine\n").go();
    assert_eq!(refused.status(), 1, "{}", refused.block());
    assert!(refused.stderr().contains("src/api/lib.rs"));
    let sandbox = &stack.forge.sandbox;
    sandbox.git_in(&stack.ui, &["reset", "--quiet", "--hard"]);
    stack.ui("verify").go().succeeded();
    // Also where it leaves the repository.
    sandbox.git_in(&stack.ui, &["push", "--quiet", "origin", "stream/ui"]);
    let past = commit_in(
        sandbox,
        &stack.ui,
        "Past the hooks",
        "src/api/lib.rs",
        "mine\n",
    );
    let push = ["push", "--quiet", "origin", "stream/ui"];
    let ran = sandbox.program("git", push).in_dir(&stack.ui).go();
    assert_ne!(ran.status(), 0, "{}", ran.block());
    let verified = stack.ui("verify").go();
    assert_eq!(verified.status(), 1, "{}", verified.block());
    assert_ne!(stack.forge.branch("stream/ui"), past);
}

#[test]
fn it_cannot_land_before_what_it_stands_on() {
    let stack = Stack::new();
    stack.title();
    let ran = stack.ui("land").arg("--json").go();
    assert_eq!(ran.status(), 4, "{}", ran.block());
    let error = &ran.json()["error"];
    assert_eq!(error["evidence"]["stream"], "api");
    assert_eq!(error["evidence"]["state"], "in-review");
    assert_eq!(stack.forge.branch("stream/ui"), "");
}

#[test]
fn it_follows_what_is_pushed_of_the_other() {
    let stack = Stack::new();
    stack.title();
    assert_eq!(stack.ui("sync").arg_json()["outcome"], "up-to-date");
    let forge = &stack.forge;
    forge.commit("Say why", "src/api/why.md", "because\n");
    assert_eq!(stack.ui("sync").arg_json()["outcome"], "up-to-date");
    // A newer base under the other moves it as a whole.
    forge.other("More to read", "docs/more.md");
    forge.land().go().succeeded();
    let synced = stack.ui("sync").arg_json();
    assert_eq!(synced["outcome"], "rebased", "{synced}");
    assert_eq!(synced["base"], forge.branch("stream/api"));
    assert_eq!(synced["base_branch"], "stream/api");
    assert_eq!(synced["commits"], 1);
    assert_eq!(
        stack.log(),
        "Another title\nSay why\nAnswer faster\nMore to read\nPlan\nBegin\n"
    );
    assert!(stack.record().contains("[claim.on]"));
    stack.ui("verify").go().succeeded();
}

/// Whichever way the other was merged, only its own commits go onto the base.
#[test]
fn it_moves_onto_the_base_when_the_other_has_landed() {
    type Way = (&'static str, fn(&Forge));
    let ways: [Way; 3] = [
        ("merge", |forge| forge.merge("api")),
        ("squash", |forge| forge.squash("api")),
        ("rebase", |forge| forge.rebase("api")),
    ];
    for (how, merge) in ways {
        let stack = Stack::new();
        stack.title();
        let forge = &stack.forge;
        // What the other had in the end was never followed.
        forge.commit(
            "Faster still",
            "src/api/lib.rs",
            "pub fn answer() -> u8 { 44 }\n",
        );
        forge.other("More to read", "docs/more.md");
        forge.land().go().succeeded();
        merge(forge);
        forge.remove("api");
        let synced = stack.ui("sync").arg_json();
        assert_eq!(synced["outcome"], "rebased", "{how}: {synced}");
        assert_eq!(synced["base"], forge.branch("main"), "{how}");
        let own = ["log", "--format=%s", "origin/main..stream/ui"];
        assert_eq!(forge.sandbox.git(&own), "Another title\n", "{how}");
        assert!(!stack.record().contains("[claim.on]"), "{how}");
        let answer = stack.ui("land").arg_json();
        assert_eq!(answer["outcome"], "submitted", "{how}: {answer}");
        assert_eq!(answer["commits"], 1, "{how}");
        assert_sound(&forge.sandbox, &forge.sandbox.repo());
    }
}

#[test]
fn a_landing_moves_it_as_well() {
    let stack = Stack::new();
    stack.title();
    let forge = &stack.forge;
    forge.commit(
        "Faster still",
        "src/api/lib.rs",
        "pub fn answer() -> u8 { 44 }\n",
    );
    forge.land().go().succeeded();
    forge.squash("api");
    let answer = stack.ui("land").arg_json();
    assert_eq!(answer["outcome"], "submitted", "{answer}");
    assert_eq!(answer["commits"], 1);
    let own = forge.at_remote(&["log", "--format=%s", "main..stream/ui"]);
    assert_eq!(own, "Another title");
    assert!(!stack.record().contains("[claim.on]"));
}

#[test]
fn one_without_commits_of_its_own_moves_along() {
    let stack = Stack::new();
    stack.forge.squash("api");
    let synced = stack.ui("sync").arg_json();
    assert_eq!(synced["outcome"], "rebased", "{synced}");
    assert_eq!(synced["new"], stack.forge.branch("main"));
    assert!(stack.record().contains("state = \"in-progress\""));
}

#[test]
fn where_the_other_was_closed_its_holder_is_told_what_can_be_done() {
    let stack = Stack::new();
    stack.title();
    let forge = &stack.forge;
    forge.remove("api");
    let ran = stack.ui("sync").go();
    assert_snapshot!(ran.block(), @r"
    $ GIT_STREAM_AGENT=a2 git stream sync ui
    refused to move ui: it stands on api, which is in-progress: its pull request was closed
    --- stderr ---
    the pull request of api was closed without a merge: its branch is gone, and main has nothing of it
    hint: Nothing was changed. It goes on when the other is submitted again, with `git stream land api`.
    hint: Or put it onto the base without that, with `git -C $ROOT/repo.streams/ui rebase --onto $oid1 $oid2`, then `git stream sync ui` again.
    [status 1]
    ");
    assert_eq!(stack.ui("sync").arg_json()["cause"], "closed");
    assert_eq!(stack.ui("land").status(), 4);
    // Submitted again, it goes on.
    forge.land().go().succeeded();
    assert_eq!(stack.ui("sync").arg_json()["outcome"], "up-to-date");
    // Or it goes on without the other, as the hint says.
    forge.remove("api");
    let hint = stack.ui("sync").arg_json()["hints"][1].to_string();
    let (_, command) = hint.split_once("with `").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    let run = forge.sandbox.program("sh", ["-c", command]);
    run.go().succeeded();
    assert_eq!(stack.ui("sync").arg_json()["outcome"], "up-to-date");
    assert_eq!(stack.log(), "Another title\nPlan\nBegin\n");
    assert!(!stack.record().contains("[claim.on]"));
}

#[test]
fn given_back_and_taken_again_it_stands_where_it_stood() {
    let stack = Stack::new();
    stack.title();
    stack.ui("release").go().succeeded();
    let again = stack.ui("claim").arg_json();
    assert_eq!(again["on"], "api", "{again}");
    stack.ui("verify").go().succeeded();
    stack.forge.squash("api");
    assert_eq!(stack.ui("sync").arg_json()["outcome"], "rebased");
}

#[test]
fn a_stream_of_another_machine_can_be_stood_on() {
    let forge = Forge::new();
    forge.work();
    forge.land().go().succeeded();
    let clone = forge.sandbox.root().join("second");
    forge.sandbox.git(&[
        "clone",
        "--quiet",
        "--template=",
        "--single-branch",
        forge.remote.to_str().unwrap(),
        clone.to_str().unwrap(),
    ]);
    let there = |words: &[&str]| forge.sandbox.run(words).in_dir(&clone).agent("b1");
    there(&["init"]).go().succeeded();
    let answer = there(&["claim", "ui", "--on", "api"]).arg_json();
    assert_eq!(answer["base"], forge.branch("stream/api"), "{answer}");
    forge.commit("Say why", "src/api/why.md", "because\n");
    forge.land().go().succeeded();
    let synced = there(&["sync", "ui"]).arg_json();
    assert_eq!(synced["base"], forge.branch("stream/api"), "{synced}");
}
