//! What are several machines to a test? Clones of one bare repository, each with its own host name
//! in the ledger, on one disk.

use std::path::{Path, PathBuf};

use crate::support::{Call, Sandbox};

/// A plan that shares the ledger.
const PLAN: &str = "version = 1\nbase = \"main\"\nremote = \"origin\"\n";

/// A remote, and clones of it.
pub(super) struct Fleet {
    pub(super) sandbox: Sandbox,
    pub(super) remote: PathBuf,
    /// Where machines reach it, if not by its path.
    pub(super) url: Option<String>,
}

impl Fleet {
    /// A remote with a plan that says no more than that the ledger is shared.
    pub(super) fn new() -> Fleet {
        Fleet::with_plan("")
    }

    /// The same with more in the plan.
    pub(super) fn with_plan(more: &str) -> Fleet {
        let sandbox = Sandbox::new();
        sandbox.commit("Plan", &[("streams.toml", &format!("{PLAN}{more}"))]);
        let remote = sandbox.bare_remote();
        Fleet {
            sandbox,
            remote,
            url: None,
        }
    }

    /// Another machine.
    pub(super) fn machine(&self, name: &str) -> PathBuf {
        let machine = self.sandbox.clone_of(&self.remote, name);
        if let Some(url) = &self.url {
            let set = ["remote", "set-url", "origin", url];
            self.sandbox.git_in(&machine, &set);
        }
        machine
    }

    /// A command on a machine.
    pub(super) fn on(&self, machine: &Path, words: &[&str]) -> Call {
        let call = self.sandbox.run(words).in_dir(machine);
        call.env_quietly("GIT_ALLOW_PROTOCOL", "file:git:http")
    }

    /// The subjects on the remote's ledger, oldest first.
    pub(super) fn ledger(&self) -> Vec<String> {
        let log = self.sandbox.git_in(
            &self.remote,
            &["log", "--reverse", "--format=%s", "refs/stream/ledger"],
        );
        log.lines().map(str::to_owned).collect()
    }

    /// A machine that knows the ledger already.
    pub(super) fn ready_machine(&self, name: &str) -> PathBuf {
        let machine = self.machine(name);
        self.on(&machine, &["init"]).go().succeeded();
        machine
    }

    /// Has these machines ask git where the remote's refs are, as over a network.
    pub(super) fn ask_git<'m>(&self, machines: impl IntoIterator<Item = &'m PathBuf>) {
        for machine in machines {
            let words = ["config", "remote.origin.uploadpack", "git-upload-pack"];
            self.sandbox.git_in(machine, &words);
        }
    }

    /// How many claims the remote's ledger has seen.
    pub(super) fn claims(&self) -> usize {
        let subjects = self.ledger();
        let took = subjects
            .iter()
            .filter(|subject| subject.contains(" takes "));
        took.count()
    }

    /// Makes the remote run a script as one of its hooks.
    pub(super) fn hook(&self, name: &str, script: &str) {
        let path = self.remote.join("hooks").join(name);
        self.sandbox.script(path, &format!("#!/bin/sh\n{script}\n"));
    }

    /// Begins to count the pushes that arrive.
    pub(super) fn count_pushes(&self) {
        self.hook("post-receive", "echo push >>\"$GIT_DIR/pushes\"");
    }

    /// How many have arrived since.
    pub(super) fn pushes(&self) -> usize {
        let counted = std::fs::read_to_string(self.remote.join("pushes"));
        counted.unwrap_or_default().lines().count()
    }
}

/// A block in which every abbreviated id is `$oid`: those of a clone are not known to the mask.
pub(super) fn without_ids(block: &str) -> String {
    let mut text = String::new();
    for word in block.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        if digits.len() == 12 {
            text.push_str("$oid");
            text.push_str(&word[12..]);
        } else {
            text.push_str(word);
        }
    }
    text
}
