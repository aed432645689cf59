//! How far is each stream's branch ahead of the base, and how far behind?

use std::collections::BTreeMap;

use super::Error;
use crate::copies;
use crate::git::{Id, Repo};
use crate::name::StreamName;

/// A stream's branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Branch {
    /// Where it points.
    pub(super) tip: Id,
    /// How many commits it has that the base has not; `None` where git cannot tell.
    pub(super) ahead: Option<usize>,
    /// How many commits the base has that it has not.
    pub(super) behind: Option<usize>,
}

/// The branches of streams.
#[derive(Debug, Default)]
pub(super) struct Branches {
    /// In this repository.
    pub(super) here: BTreeMap<StreamName, Branch>,
    /// What was fetched of those that other machines have pushed.
    pub(super) fetched: BTreeMap<StreamName, Branch>,
}

/// Every stream's branch, and where the ledger is shared through a remote, what is known of those
/// that are elsewhere. One git process for all of them, or one each where git is older than 2.41;
/// none where there is no branch.
pub(super) fn all(repo: &Repo, base: Id, remote: Option<&str>) -> Result<Branches, Error> {
    let mut branches = Branches::default();
    let below = remote.map(copies::below);
    for (name, tip) in repo.refs_below(HERE)? {
        branches.found(&name, tip, HERE);
    }
    if let Some(below) = &below {
        for (name, tip) in repo.refs_below(below)? {
            branches.found(&name, tip, below);
        }
    }
    let below = below.unwrap_or_default();
    if branches.each().next().is_some() {
        let counted = repo.version()?.counts_ahead_behind();
        if !(counted && at_once(repo, base, &mut branches, &below)) {
            one_by_one(repo, base, &mut branches);
        }
    }
    Ok(branches)
}

const HERE: &str = "refs/heads/stream/";

impl Branches {
    fn found(&mut self, full_name: &str, tip: Id, below: &str) {
        let branch = Branch {
            tip,
            ahead: None,
            behind: None,
        };
        let name = full_name
            .strip_prefix(below)
            .and_then(|name| name.parse().ok());
        if let Some(name) = name {
            self.of(below).insert(name, branch);
        }
    }

    fn of(&mut self, below: &str) -> &mut BTreeMap<StreamName, Branch> {
        if below == HERE {
            &mut self.here
        } else {
            &mut self.fetched
        }
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Branch> {
        self.here.values_mut().chain(self.fetched.values_mut())
    }
}

/// Whether git could count them; it cannot where one of the branches is broken.
fn at_once(repo: &Repo, base: Id, branches: &mut Branches, fetched: &str) -> bool {
    let format = format!("--format=%(refname) %(ahead-behind:{base})");
    let is_there = |one: &&str| !one.is_empty();
    let places = [HERE, fetched];
    let call = repo
        .call()
        .args(["for-each-ref", &format])
        .args(places.iter().filter(|one| is_there(one)));
    let Ok(output) = call.run() else {
        return false;
    };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut words = line.split(' ');
        let full_name = words.next().unwrap_or_default();
        let below = if full_name.starts_with(HERE) {
            HERE
        } else {
            fetched
        };
        let name: Option<StreamName> = full_name
            .strip_prefix(below)
            .and_then(|name| name.parse().ok());
        let branch = name.and_then(|name| branches.of(below).get_mut(&name));
        if let Some(branch) = branch {
            branch.ahead = words.next().and_then(|word| word.parse().ok());
            branch.behind = words.next().and_then(|word| word.parse().ok());
        }
    }
    true
}

fn one_by_one(repo: &Repo, base: Id, branches: &mut Branches) {
    for branch in branches.each() {
        let range = format!("{base}...{}", branch.tip);
        let call = repo
            .call()
            .args(["rev-list", "--left-right", "--count", &range]);
        // What git cannot count is shown as unknown; the other streams are still worth a look.
        let Ok(output) = call.run() else { continue };
        let line = output.line();
        let mut counts = line.split('\t').map(|word| word.parse().ok());
        branch.behind = counts.next().flatten();
        branch.ahead = counts.next().flatten();
    }
}
