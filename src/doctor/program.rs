//! Is git new enough, and is every program of ours there that another one starts?

use super::{Examined, Finding};
use crate::exit::{Exit, Explain as _};
use crate::git::Repo;
use crate::guard::hooks;

const NAME: &str = "programs";
/// What hooks and other programs of ours start by name.
const STARTED: [&str; 2] = ["git-stream-guard", "git-stream-verify"];

/// Looks at git and at what is installed beside the running program.
pub(super) fn examine(repo: &Repo) -> Examined {
    let mut findings = Vec::new();
    let version = match repo.version() {
        Ok(version) => format!("git {version}"),
        Err(error) => {
            let is_grave = error.exit() == Exit::Broken;
            let finding = Finding::new(
                "git",
                error.to_string(),
                "merging in memory and running hooks need a newer one",
                "git --version",
            );
            findings.push(if is_grave { finding.grave() } else { finding });
            String::new()
        }
    };
    for name in STARTED {
        let program = hooks::beside(name).ok();
        if program.as_ref().is_none_or(|program| !program.is_file()) {
            findings.push(Finding::new(
                "program-missing",
                format!("the program '{name}' is not installed beside this one"),
                "hooks that cannot start it refuse every commit in a stream",
                "./install.sh",
            ));
        }
    }
    if let Err(error) = repo.require_whole_history() {
        findings.push(
            Finding::new(
                "shallow",
                error.to_string(),
                "whether a stream's history obeys the rule cannot be told, so nothing lands",
                "git fetch --unshallow",
            )
            .grave(),
        );
    }
    if !repo.has_identity() {
        findings.push(Finding::new(
            "identity",
            "git does not know who you are: user.name or user.email is not set",
            "git refuses to commit, and so does everything that makes a commit",
            "git config user.email MAIL",
        ));
    }
    Examined::new(NAME, version, findings)
}
