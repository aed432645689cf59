//! How far is each stream's branch ahead of the base, and how far behind?

use std::collections::BTreeMap;

use super::Error;
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

/// Every stream's branch. One git process for all of them, or one each where git is older than
/// 2.41; none where there is no branch.
pub(super) fn all(repo: &Repo, base: Id) -> Result<BTreeMap<StreamName, Branch>, Error> {
    let mut branches = BTreeMap::new();
    for (full_name, tip) in repo.refs_below("refs/heads/stream/")? {
        if let Some(name) = StreamName::from_branch_ref(&full_name) {
            let branch = Branch {
                tip,
                ahead: None,
                behind: None,
            };
            branches.insert(name, branch);
        }
    }
    if branches.is_empty() {
        return Ok(branches);
    }
    let counted = repo.version()?.counts_ahead_behind() && at_once(repo, base, &mut branches);
    if !counted {
        one_by_one(repo, base, &mut branches);
    }
    Ok(branches)
}

/// Whether git could count them; it cannot where one of the branches is broken.
fn at_once(repo: &Repo, base: Id, branches: &mut BTreeMap<StreamName, Branch>) -> bool {
    let format = format!("--format=%(refname) %(ahead-behind:{base})");
    let call = repo
        .call()
        .args(["for-each-ref", &format, "refs/heads/stream/"]);
    let Ok(output) = call.run() else {
        return false;
    };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut words = line.split(' ');
        let name = words.next().and_then(StreamName::from_branch_ref);
        let branch = name.and_then(|name| branches.get_mut(&name));
        if let Some(branch) = branch {
            branch.ahead = words.next().and_then(|word| word.parse().ok());
            branch.behind = words.next().and_then(|word| word.parse().ok());
        }
    }
    true
}

fn one_by_one(repo: &Repo, base: Id, branches: &mut BTreeMap<StreamName, Branch>) {
    for branch in branches.values_mut() {
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
