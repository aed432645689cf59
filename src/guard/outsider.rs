//! Whose held paths do commits touch that belong to no stream?
//!
//! A person may change anything, and a pull request need not come from a stream. What it changes
//! of what somebody holds is worth a word before it is merged: the holder will meet it at the next
//! sync. Nobody's and shared paths are free, and so are those of streams that nobody holds.

use std::collections::HashSet;

use bstr::{BString, ByteSlice as _};

use super::owner::{Owner, Owners};
use super::{Error, Refused, Verdict, What, ask};
use crate::git::{Id, Repo};
use crate::ledger::{Ledger, State};
use crate::pattern::Matcher;
use crate::plan::Plan;
use crate::rule::{self, Breach, Why};
use crate::workspace;

/// Which held streams' paths the commits of `BASE..TIP` touch.
pub fn outsider(repo: &Repo, range: &str) -> Result<Verdict, Error> {
    let (base, trusted, tip) = ask::ends(repo, range)?;
    let ledger = Ledger::of(repo);
    let known = ledger.tip()?.is_some();
    let plan = match workspace::plan_at(repo, trusted, base) {
        Ok((plan, _)) => plan,
        // What mends a broken plan has to pass; only who holds what is asked here.
        Err(workspace::Error::Plan(_)) => Plan::empty(),
        Err(error) => return Err(error.into()),
    };
    let ids = repo.commits_between(&[tip], &[trusted])?;
    let mut verdict = touched(repo, (&ledger.read()?, &plan), trusted, &ids)?;
    verdict.what = What::Outsider {
        base: trusted,
        ledger: known,
    };
    Ok(verdict)
}

/// The held paths that these commits touch, newest commit first in `ids`; each path is told of
/// the first commit that touches it.
pub fn touched(
    repo: &Repo,
    (state, plan): (&State, &Plan),
    trusted: Id,
    ids: &[Id],
) -> Result<Verdict, Error> {
    repo.require_whole_history()?;
    let base = trusted;
    let ledger = true;
    let mut verdict = Verdict::new(What::Outsider { base, ledger }, None, ids.len());
    if state.held().next().is_none() {
        return Ok(verdict);
    }
    let owners = Owners::new(state, plan, None);
    let shared = Matcher::of_set(&plan.shared.files);
    let mut seen: HashSet<BString> = HashSet::new();
    for id in ids.iter().rev() {
        let made = rule::changes(repo, trusted, *id)?;
        for change in made.changes {
            let path = change.path;
            let owner = owners.of(path.as_bstr());
            if !matches!(owner, Owner::Held { .. })
                || shared.is_match(path.as_bstr())
                || !seen.insert(path.clone())
            {
                continue;
            }
            let why = Why::OutOfScope;
            verdict.refused.push(Refused {
                commit: Some((*id, made.subject.clone())),
                breach: Breach { path, why },
                owner,
            });
        }
    }
    Ok(verdict)
}
