//! A local server that plays a forge, and a command that plays its client.
//!
//! The base is protected: only what is done here moves it. `open` is a script outside of the
//! repository that writes down how it was called and prints an address.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cmd::land::{FAST, claim, commit_in};
use crate::support::{Call, Sandbox};

/// A repository whose base is protected on its remote, and `a1` holding `api`.
pub(super) struct Forge {
    pub(super) sandbox: Sandbox,
    pub(super) remote: PathBuf,
    pub(super) api: PathBuf,
}

const STREAMS: &str = "
[streams.api]
files = ['src/api/**']
[streams.ui]
files = ['src/ui/**']
dependencies = ['api']
[streams.docs]
files = ['docs/**']
";

/// Lets nobody push to the base.
const PROTECTED: &str = "#!/bin/sh
while read -r old new name; do
    test \"$name\" != refs/heads/main || { echo 'main is protected' >&2; exit 1; }
done
";

/// Writes its arguments down and prints an address.
const OPEN: &str = "#!/bin/sh
echo \"$*\" >>\"$0.calls\"
echo \"https://forge.example/pulls/$(wc -l <\"$0.calls\" | tr -d ' ')\"
";

impl Forge {
    pub(super) fn new() -> Forge {
        Forge::with("")
    }

    /// With more in the plan's `[land]`.
    pub(super) fn with(land: &str) -> Forge {
        let sandbox = Sandbox::new();
        let open = sandbox.root().join("open");
        let plan = format!(
            "version = 1\nremote = 'origin'\n[land]\nthrough = 'pr'\nopen = '{} {{branch}} {{base}} {{stream}}'\n{land}\n{STREAMS}",
            open.display()
        );
        sandbox.script(&open, OPEN);
        sandbox.commit("Plan", &[("streams.toml", &plan)]);
        let remote = sandbox.bare_remote();
        sandbox.run(["init"]).go().succeeded();
        sandbox.run(["init", "--approve"]).go().succeeded();
        sandbox.script(remote.join("hooks/pre-receive"), PROTECTED);
        let api = claim(&sandbox, "api", "a1");
        Forge {
            sandbox,
            remote,
            api,
        }
    }

    // ---- what an agent does ----

    pub(super) fn land(&self) -> Call {
        self.sandbox.run(["land", "api"]).agent("a1")
    }

    pub(super) fn sync(&self) -> Call {
        self.sandbox.run(["sync", "api"]).agent("a1")
    }

    pub(super) fn work(&self) -> String {
        self.commit("Answer faster", "src/api/lib.rs", FAST)
    }

    pub(super) fn commit(&self, message: &str, path: &str, text: &str) -> String {
        commit_in(&self.sandbox, &self.api, message, path, text)
    }

    /// Puts another script in the place of `open`.
    pub(super) fn opens_with(&self, text: &str) {
        self.sandbox.script(self.sandbox.root().join("open"), text);
    }

    pub(super) fn opens_again(&self) {
        self.opens_with(OPEN);
    }

    /// How `open` was called, one line each.
    pub(super) fn opened(&self) -> Vec<String> {
        let calls = self.sandbox.root().join("open.calls");
        let text = fs::read_to_string(calls).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    // ---- what the forge does ----

    pub(super) fn at_remote(&self, args: &[&str]) -> String {
        self.sandbox.git_in(&self.remote, args).trim().to_owned()
    }

    /// The commit of a branch there; empty where there is none.
    pub(super) fn branch(&self, name: &str) -> String {
        let full_name = format!("refs/heads/{name}");
        let format = "--format=%(objectname)";
        self.at_remote(&["for-each-ref", format, &full_name])
    }

    /// The subjects of the base, newest first.
    pub(super) fn log(&self) -> String {
        self.at_remote(&["log", "--format=%s", "main"])
    }

    fn merged_tree(&self, branch: &str) -> String {
        self.at_remote(&["merge-tree", "--write-tree", "main", branch])
    }

    fn make(&self, tree: &str, message: &str, parents: &[&str]) {
        let mut args = vec!["commit-tree", tree, "-m", message];
        for parent in parents {
            args.extend(["-p", parent]);
        }
        let commit = self.at_remote(&args);
        self.at_remote(&["update-ref", "refs/heads/main", &commit]);
    }

    /// Merges a pull request with a merge commit.
    pub(super) fn merge(&self, stream: &str) {
        let branch = format!("stream/{stream}");
        let tree = self.merged_tree(&branch);
        let message = format!("Merge pull request of {branch}");
        self.make(&tree, &message, &["main", &branch]);
    }

    /// Squashes it.
    pub(super) fn squash(&self, stream: &str) {
        let tree = self.merged_tree(&format!("stream/{stream}"));
        self.make(&tree, &format!("Squash of {stream} (#1)"), &["main"]);
    }

    /// Puts its commits on top of the base, one after the other.
    pub(super) fn rebase(&self, stream: &str) {
        let range = format!("main..stream/{stream}");
        for commit in self.at_remote(&["rev-list", "--reverse", &range]).lines() {
            let base = format!("--merge-base={commit}^");
            let tree = self.at_remote(&["merge-tree", "--write-tree", &base, "main", commit]);
            let message = self.at_remote(&["log", "-1", "--format=%B", commit]);
            self.make(&tree, &message, &["main"]);
        }
    }

    /// Removes the branch, as a forge does behind a merge or when somebody asks for it.
    pub(super) fn remove(&self, stream: &str) {
        let name = format!("refs/heads/stream/{stream}");
        self.at_remote(&["update-ref", "-d", &name]);
    }

    /// Brings the branch back.
    pub(super) fn restore(&self, stream: &str, commit: &str) {
        let name = format!("refs/heads/stream/{stream}");
        self.at_remote(&["update-ref", &name, commit]);
    }

    /// Somebody else's work reaches the base.
    pub(super) fn other(&self, message: &str, path: &str) {
        let clone = self.sandbox.root().join("other");
        if !clone.exists() {
            self.sandbox.clone_of(&self.remote, "other");
        }
        let git = |args: &[&str]| self.sandbox.git_in(&clone, args);
        git(&["pull", "--quiet", "--rebase"]);
        commit_in(&self.sandbox, &clone, message, path, "theirs\n");
        git(&["push", "--quiet", "origin", "HEAD:refs/heads/theirs"]);
        self.at_remote(&["update-ref", "refs/heads/main", "refs/heads/theirs"]);
        self.at_remote(&["update-ref", "-d", "refs/heads/theirs"]);
    }

    // ---- what the ledger says ----

    pub(super) fn record_of(&self, stream: &str) -> String {
        record_in(&self.sandbox, &self.sandbox.repo(), stream)
    }

    pub(super) fn record(&self) -> String {
        self.record_of("api")
    }

    /// A file of the archive.
    pub(super) fn archive(&self, path: &str) -> String {
        let repo = self.sandbox.repo();
        self.sandbox.git(&[
            "show",
            &format!("{}:archive/{path}", newest(&self.sandbox, &repo)),
        ])
    }

    /// Where a stream stands.
    pub(super) fn state(&self, stream: &str) -> String {
        let status = self.sandbox.run(["status", stream, "--json"]).json();
        status["streams"][0]["state"].as_str().unwrap().to_owned()
    }
}

/// What a repository knows of a stream, with what waits for the remote.
pub(super) fn record_in(sandbox: &Sandbox, repo: &Path, stream: &str) -> String {
    let at = format!("{}:streams/{stream}.toml", newest(sandbox, repo));
    sandbox.git_in(repo, &["show", &at])
}

/// The ref on which the present state is.
fn newest(sandbox: &Sandbox, repo: &Path) -> &'static str {
    let refs = ["refs/stream/outbox", "refs/stream/ledger"];
    let known = [&["for-each-ref", "--format=%(refname)"][..], &refs].concat();
    let known = sandbox.git_in(repo, &known);
    refs.iter().find(|name| known.contains(**name)).unwrap()
}
