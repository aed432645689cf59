//! `git stream receive`: what a server takes, by real pushes to real bare repositories.

mod base;
mod install;
mod ledger;
mod objects;
mod stream;

use std::path::{Path, PathBuf};

use super::guard::Held;
use crate::support::{Ran, Sandbox};

/// What a push said, without the blanks that git ends the server's lines with.
fn told(ran: &Ran) -> String {
    let block = ran.block();
    let lines: Vec<&str> = block.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// The ledger's ref.
const LEDGER: &str = "refs/stream/ledger";

/// A server that judges what is pushed, and [`Held`] as a clone of it: `origin`.
struct Server {
    held: Held,
    bare: PathBuf,
}

impl Server {
    fn new() -> Server {
        Server::of(Sandbox::new())
    }

    /// The base and the ledger are there; no stream's branch is.
    fn of(sandbox: Sandbox) -> Server {
        let bare = sandbox.bare_remote();
        let url = format!("file://{}", bare.display());
        sandbox.git(&["remote", "set-url", "origin", &url]);
        let held = Held::of(sandbox);
        let server = Server { held, bare };
        let init = server.sandbox().run(["init", "--server"]);
        init.in_dir(&server.bare).go().succeeded();
        server.accepts(&["main", LEDGER]);
        server
    }

    fn sandbox(&self) -> &Sandbox {
        &self.held.sandbox
    }

    /// A push from the worktree of `api`.
    fn push(&self, args: &[&str]) -> Ran {
        let args = ["push", "-q", "--no-verify", "origin"]
            .iter()
            .chain(args)
            .copied();
        let args: Vec<&str> = args.collect();
        self.held.try_git(&args)
    }

    #[track_caller]
    fn accepts(&self, args: &[&str]) {
        let ran = self.push(args);
        assert_eq!(ran.status(), 0, "{}", ran.block());
    }

    /// Nothing on the server has changed, and the reason is told.
    #[track_caller]
    fn refuses(&self, args: &[&str], reason: &str) -> String {
        let before = self.refs();
        let ran = self.push(args);
        assert_eq!(ran.status(), 1, "{}", ran.block());
        assert!(ran.stderr().contains(reason), "{}", ran.block());
        assert_eq!(self.refs(), before, "{}", ran.block());
        told(&ran)
    }

    /// Every ref of the server.
    fn refs(&self) -> String {
        let format = "--format=%(refname) %(objectname)";
        self.git(&["for-each-ref", format])
    }

    /// git on the server.
    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        self.sandbox().git_in(&self.bare, args)
    }

    fn tip(&self, name: &str) -> String {
        self.git(&["rev-parse", "--verify", name]).trim().to_owned()
    }

    /// A commit of `api` that it may make.
    fn own(&self, text: &str) -> String {
        self.held.write("src/api/lib.rs", text);
        self.held.git(&["commit", "-qam", "Mine"]);
        self.held.tip().trim().to_owned()
    }

    /// Moves `stream/api` and its worktree, past every hook.
    fn reset(&self, to: &str) {
        self.held.git(&["reset", "-q", "--hard", to]);
    }

    fn write(&self, path: impl AsRef<Path>, text: &str) {
        self.sandbox().write(path, text);
    }
}
