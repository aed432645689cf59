//! What happens when a way round is really taken?
//!
//! Stream `api` is held by an agent, has one commit of its own, and stands on the plan's commit;
//! the base has moved on by a commit that changes another stream's file. A bare repository has the
//! base as it was before anything happened: it stands for the server, and a clone of it is the
//! clean place in which landing's check is asked, with the base's commit as the trusted one.

use std::path::PathBuf;

use serde_json::Value;

use super::breach;
use super::trace::{self, Hooks};
use super::way::Way;
use crate::support::{Call, Sandbox};

const PLAN: &str = r#"version = 1
[shared]
files = ["package.json"]
[streams.api]
files = ["src/api/**", "!src/api/generated/**"]
[streams.ui]
files = ["src/ui/**"]
"#;

const BRANCH: &str = "refs/heads/stream/api";

/// With which layers a way is performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// Plain git: what does the way do?
    Unguarded,
    /// As `git stream init` sets it up.
    Guarded,
    /// As `git stream init --strict` does.
    Strict,
}

/// What was found afterwards.
pub(super) struct Seen {
    /// What in the history is not the stream's; `None` where it is clean.
    pub(super) breach: Option<String>,
    /// The hooks that refused or told while the way was taken.
    pub(super) hooks: Hooks,
    /// What the way itself printed, for whoever has to find out.
    pub(super) said: String,
    /// What our programs answered afterwards; only where there is a guard.
    pub(super) asked: Option<Asked>,
    pub(super) landing: Landing,
}

/// What our programs answered about a branch on which a way has been taken.
pub(super) struct Asked {
    /// The status of `git stream verify`: 1 where it finds the breach.
    pub(super) verify: i32,
    /// The hooks that refused the push to a repository without any.
    pub(super) push: Vec<String>,
    /// What the server said to a push that no hook here has seen.
    pub(super) server: Server,
}

/// A server's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    Accepted,
    Refused,
    /// It did not come so far.
    NotPushed,
}

/// The answer of landing's check.
pub(super) enum Landing {
    Accepted,
    /// With the reasons, as its JSON names them; none where it could not even judge.
    Refused(Vec<String>),
    /// The branch could not be fetched into a clean clone.
    NotFetched,
    /// There is no such branch any more.
    NoBranch,
}

/// A repository in which ways are taken.
struct Scene {
    sandbox: Sandbox,
    worktree: PathBuf,
    server: PathBuf,
    anywhere: PathBuf,
    planned: String,
    base: String,
}

pub(super) fn perform(way: &Way, setting: Setting) -> Seen {
    let scene = Scene::new(setting);
    let trace = scene.sandbox.root().join("trace");
    let prelude = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bypass/prelude.sh");
    let script = format!(". '{prelude}'\n{}\n", way.script);
    let ran = scene
        .shell(&script)
        .env("GIT_TRACE2_EVENT", &trace)
        .agent("a1")
        .go();
    let hooks = trace::hooks(&trace);
    let asked = (setting != Setting::Unguarded).then(|| scene.ask());
    let (landing, breach) = scene.land();
    Seen {
        breach,
        hooks,
        said: ran.block(),
        asked,
        landing,
    }
}

impl Scene {
    fn new(setting: Setting) -> Scene {
        let sandbox = Sandbox::new();
        let planned = sandbox.commit("Plan", &[("streams.toml", PLAN)]);
        let worktree = sandbox.root().join("repo.streams/api");
        if setting == Setting::Unguarded {
            let path = worktree.to_str().unwrap();
            sandbox.git(&["worktree", "add", "-q", "-b", "stream/api", path]);
        } else {
            let init: &[&str] = match setting {
                Setting::Strict => &["init", "--strict"],
                Setting::Guarded | Setting::Unguarded => &["init"],
            };
            sandbox.run(init).go().succeeded();
            for (stream, agent) in [("api", "a1"), ("ui", "a2")] {
                sandbox
                    .run(["claim", stream, "--agent", agent])
                    .go()
                    .succeeded();
            }
        }
        sandbox.write(worktree.join("src/api/lib.rs"), "mine\n");
        sandbox.git_in(&worktree, &["commit", "-qam", "Mine"]);
        let base = sandbox.commit("Landed", &[("src/ui/app.js", "landed\n")]);
        let server = sandbox.root().join("server.git");
        let path = server.to_str().unwrap();
        sandbox.git(&[
            "clone",
            "-q",
            "--bare",
            "--no-local",
            "--template=",
            "-b",
            "main",
            "--single-branch",
            ".",
            path,
        ]);
        let anywhere = sandbox.root().join("anywhere.git");
        let path = anywhere.to_str().unwrap();
        sandbox.git(&["init", "-q", "--bare", "--template=", path]);
        if setting != Setting::Unguarded {
            let init = sandbox.run(["init", "--server", "--base", "main"]);
            init.in_dir(&server).go().succeeded();
            let server = server.to_str().unwrap();
            sandbox.git(&["push", "-q", server, "refs/stream/ledger"]);
        }
        Scene {
            sandbox,
            worktree,
            server,
            anywhere,
            planned,
            base,
        }
    }

    /// A script in the stream's worktree.
    fn shell(&self, script: &str) -> Call {
        let repo = self.sandbox.repo();
        let forge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bypass/forge.py");
        self.sandbox
            .program("sh", ["-c", script])
            .in_dir(&self.worktree)
            .env("REPO", &repo)
            .env("ADMIN", repo.join(".git/worktrees/api"))
            .env("BASE", &self.base)
            .env("PLANNED", &self.planned)
            .env("FORGE", forge)
    }

    fn ask(&self) -> Asked {
        let trace = self.sandbox.root().join("push-trace");
        let refspec = format!("+{BRANCH}:{BRANCH}");
        let push = self
            .sandbox
            .program(
                "git",
                ["push", "-q", self.anywhere.to_str().unwrap(), &refspec],
            )
            .in_dir(&self.worktree)
            .env("GIT_TRACE2_EVENT", &trace)
            .agent("a1");
        let _any_answer = push.go();
        // Last: our commands mend hooks that are gone.
        let verify = self.sandbox.run(["verify", "api"]).go();
        Asked {
            verify: verify.status(),
            push: trace::hooks(&trace).refused,
            server: self.serve(),
        }
    }

    /// Pushes the branch past every hook of this repository.
    fn serve(&self) -> Server {
        let refspec = format!("+{BRANCH}:{BRANCH}");
        let unhooked = ["-c", "core.hooksPath=/dev/null", "push", "-q"];
        let to = [self.server.to_str().unwrap(), &refspec];
        let words = unhooked.iter().chain(&to);
        let ran = self.sandbox.program("git", words).go();
        match ran.status() {
            0 => Server::Accepted,
            _ if ran.stderr().contains("pre-receive hook declined") => Server::Refused,
            _ => Server::NotPushed,
        }
    }

    /// Landing's check in a clean clone, and what git sees there.
    fn land(&self) -> (Landing, Option<String>) {
        let (sandbox, clean) = (&self.sandbox, self.sandbox.root().join("clean"));
        let (server, path) = (self.server.to_str().unwrap(), clean.to_str().unwrap());
        sandbox.git(&[
            "clone",
            "-q",
            "--template=",
            "-b",
            "main",
            "--single-branch",
            server,
            path,
        ]);
        let refspec = format!("+{BRANCH}:{BRANCH}");
        let repo = sandbox.repo();
        let from = repo.to_str().unwrap();
        let fetched = sandbox
            .program("git", ["fetch", "-q", "--no-tags", from, &refspec])
            .in_dir(&clean)
            .go();
        let there = ["rev-parse", "--verify", "--quiet", BRANCH];
        let arrived = sandbox.program("git", there).in_dir(&clean).go();
        if fetched.status() != 0 || arrived.status() != 0 {
            let is_there = sandbox.program("git", there).in_dir(&repo).status() == 0;
            let landing = if is_there {
                Landing::NotFetched
            } else {
                Landing::NoBranch
            };
            return (landing, None);
        }
        let range = format!("{}..{BRANCH}", self.base);
        let ran = sandbox
            .run(["guard", "range", &range, "--stream", "api", "--json"])
            .in_dir(&clean)
            .go();
        let landing = match ran.status() {
            0 => Landing::Accepted,
            _ => Landing::Refused(reasons(&ran.json())),
        };
        (
            landing,
            breach::in_history(sandbox, &clean, &self.base, BRANCH),
        )
    }
}

/// The words for why each path is refused, each once.
fn reasons(answer: &Value) -> Vec<String> {
    let paths = answer["paths"].as_array().into_iter().flatten();
    let mut all: Vec<String> = paths
        .filter_map(|path| Some(path["why"].as_str()?.to_owned()))
        .collect();
    all.sort();
    all.dedup();
    all
}
