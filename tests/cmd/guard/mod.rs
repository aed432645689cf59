//! `git stream guard`: as hooks, and asked directly.

mod ask;
mod behind;
mod ci;
mod commit;
mod detect;
mod flaw;
mod history;
mod hook;
mod intact;
mod large;
mod merge;
mod on_base;
mod oracle;
mod push;
mod reftable;
mod strict;
mod trusted;

use std::path::{Path, PathBuf};

use crate::support::{Ran, Sandbox};

/// `api` and `ui` own their sources; `docs` is planned and stays unclaimed.
pub(crate) const PLAN: &str = r#"version = 1
[shared]
files = ["package.json"]
create = ["fixtures/**"]
[derived]
files = ["**/*.lock"]
command = "make locks"
[streams.api]
files = ["src/api/**"]
[streams.ui]
files = ["src/ui/**"]
[streams.docs]
files = ["docs/**"]
"#;

/// A repository in which a1 holds `api` and a2 holds `ui`, and the worktree of `api`.
pub(crate) struct Held {
    pub(crate) sandbox: Sandbox,
    pub(crate) api: PathBuf,
}

impl Held {
    pub(crate) fn new() -> Held {
        Held::of(Sandbox::new())
    }

    pub(crate) fn of(sandbox: Sandbox) -> Held {
        sandbox.commit("Plan", &[("streams.toml", PLAN)]);
        sandbox.run(["init"]).go().succeeded();
        let api = claim(&sandbox, "api", "a1");
        claim(&sandbox, "ui", "a2");
        Held { sandbox, api }
    }

    /// Writes a file in the stream's worktree.
    pub(crate) fn write(&self, path: &str, text: &str) {
        self.sandbox.write(self.api.join(path), text);
    }

    /// git in the stream's worktree, which must succeed.
    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.sandbox.git_in(&self.api, args)
    }

    /// git in the stream's worktree.
    pub(crate) fn try_git(&self, args: &[&str]) -> Ran {
        self.sandbox.program("git", args).in_dir(&self.api).go()
    }

    /// `git stream guard` in the stream's worktree.
    pub(crate) fn guard(&self, args: &[&str]) -> Ran {
        let words = std::iter::once("guard").chain(args.iter().copied());
        self.sandbox.run(words).in_dir(&self.api).go()
    }

    /// Takes layers away: hooks that let everything through. Ones that are gone would be put back.
    pub(crate) fn without(&self, hooks: &[&str]) {
        for hook in hooks {
            let nothing = "#!/bin/sh\n# git stream: nothing at all\n";
            let path = format!(".git/git-stream/hooks/{hook}");
            self.sandbox.script(path, nothing);
        }
    }

    pub(crate) fn tip(&self) -> String {
        self.git(&["rev-parse", "refs/heads/stream/api"])
    }

    /// Runs git and demands that the guard refused: the branch is where it was, the reason is told.
    #[track_caller]
    pub(crate) fn refused(&self, args: &[&str], reason: &str) {
        let tip = self.tip();
        let ran = self.try_git(args);
        assert_ne!(ran.status(), 0, "{}", ran.block());
        assert!(ran.stderr().contains(reason), "{}", ran.block());
        assert_eq!(self.tip(), tip, "{}", ran.block());
    }

    /// A commit on `main`, made in the main checkout.
    pub(crate) fn on_main(&self, path: &str, text: &str) -> String {
        self.sandbox.commit("On main", &[(path, text)])
    }

    /// A commit of the stream that no hook has seen.
    pub(crate) fn slipped_by(&self, path: &str, text: &str) -> String {
        self.write(path, text);
        self.git(&["add", path]);
        let unguarded = [
            "-c",
            "core.hooksPath=/dev/null",
            "commit",
            "-qm",
            "Slipped by",
        ];
        self.git(&unguarded);
        self.tip().trim().to_owned()
    }
}

/// Whether hooks of ours outside of streams stand in git's configuration; a test of the other form
/// is left out.
fn has_configured_hooks(sandbox: &Sandbox) -> bool {
    sandbox.has_git(2, 54)
}

pub(crate) fn claim(sandbox: &Sandbox, stream: &str, agent: &str) -> PathBuf {
    let ran = sandbox.run(["claim", stream, "--agent", agent]).go();
    ran.succeeded();
    Path::new(ran.stdout().trim_end()).to_owned()
}
