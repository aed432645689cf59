//! Does the base bring a commit of a held stream that breaks that stream's rule?
//!
//! Without a remote nobody but us looks at what reaches the base: a person merges a stream's
//! branch by hand. Then every commit that is the stream's own has to obey the rule, as it would
//! have to in order to land. A commit is a stream's own if its branch has it, the base it stands
//! on has not, and it was not made on the base itself: a stream that was moved onto the newest
//! base by hand has the base's commits without owning them. Where they were made is told by the
//! base's reflog.
//!
//! An own commit is compared with the newest commit below it that is nobody's own; what is
//! nobody's own was made on the base, where no rule holds.
//!
//! # Limits
//!
//! Where the base keeps no reflog, a commit made on it and then taken over by a stream is judged
//! as the stream's. That may raise a doubt too many, never one too few.

use std::collections::HashSet;

use super::{Doubt, Error, plan_at};
use crate::git::{Id, Repo};
use crate::ledger::{Claim, State};
use crate::plan::Plan;
use crate::rule::{self, Scope, TreeContent};

/// What the base brings beyond the commit that was recorded, seen from one repository.
pub(super) struct Brought<'r> {
    repo: &'r Repo,
    /// The full name of the base's ref.
    base: &'r str,
    /// The short name of the base.
    branch: &'r str,
    recorded: Id,
    commits: HashSet<Id>,
}

impl<'r> Brought<'r> {
    pub(super) fn new(
        repo: &'r Repo,
        (base, branch): (&'r str, &'r str),
        recorded: Id,
        tip: Id,
    ) -> Result<Brought<'r>, Error> {
        let commits = repo.commits_between(&[tip], &[recorded])?;
        Ok(Brought {
            repo,
            base,
            branch,
            recorded,
            commits: commits.into_iter().collect(),
        })
    }

    /// The first commit found that breaks the rule of the held stream whose it is.
    pub(super) fn trespass(&self, state: &State) -> Result<Option<Doubt>, Error> {
        let mut plan = None;
        let mut made_here = None;
        for (stream, _, claim) in state.held() {
            let mut own = self.brought_from(&stream.branch_ref(), claim)?;
            if own.is_empty() {
                continue;
            }
            if made_here.is_none() {
                made_here = Some(self.made_on_the_base()?);
            }
            own.retain(|id| !made_here.iter().flatten().any(|made| made == id));
            if plan.is_none() {
                plan = Some(plan_at(self.repo, self.recorded, self.branch)?.0);
            }
            let plan = plan.as_ref().expect("it was just read");
            if let Some((commit, paths)) = self.first_breach(&own, claim, plan)? {
                let stream = stream.clone();
                return Ok(Some(Doubt::Trespass {
                    stream,
                    commit,
                    paths,
                }));
            }
        }
        Ok(None)
    }

    /// The commits that a stream's branch has of its own, and the base now has, too; oldest last.
    fn brought_from(&self, branch: &str, claim: &Claim) -> Result<Vec<Id>, Error> {
        let Some(tip) = self.repo.read_ref(branch)? else {
            return Ok(Vec::new());
        };
        let mut own = self
            .repo
            .commits_between(&[tip], &[self.recorded, claim.start])?;
        own.retain(|id| self.commits.contains(id));
        Ok(own)
    }

    /// The commits that were made by committing, merging or picking on the base, or pulled to it.
    fn made_on_the_base(&self) -> Result<HashSet<Id>, Error> {
        let mut made = HashSet::new();
        for entry in self.repo.reflog(self.base)? {
            if entry.message.starts_with(b"pull") && self.repo.has(entry.new) {
                let before: Vec<Id> = [entry.old]
                    .into_iter()
                    .filter(|id| self.repo.has(*id))
                    .collect();
                made.extend(self.repo.commits_between(&[entry.new], &before)?);
            }
            let here: [&[u8]; 5] = [b"commit", b"merge", b"cherry-pick", b"revert", b"am"];
            if here.iter().any(|word| entry.message.starts_with(word))
                && !entry.message.ends_with(b"Fast-forward")
            {
                made.insert(entry.new);
            }
        }
        Ok(made)
    }

    fn first_breach(
        &self,
        own: &[Id],
        claim: &Claim,
        plan: &Plan,
    ) -> Result<Option<(Id, Vec<bstr::BString>)>, Error> {
        let scope = Scope::new(&claim.territory(), plan);
        let all: HashSet<Id> = own.iter().copied().collect();
        for id in own.iter().rev() {
            let Some(below) = self.newest_below(*id, &all)? else {
                return Ok(Some((*id, Vec::new())));
            };
            let (before, after) = (self.repo.tree_of(below)?, self.repo.tree_of(*id)?);
            if self.repo.flaw(Some(before), after)?.is_some() {
                return Ok(Some((*id, Vec::new())));
            }
            let changes = self.repo.diff_trees(Some(before), Some(after))?;
            let breaches = rule::judge(&scope, &changes, &TreeContent::new(self.repo, before))?;
            if !breaches.is_empty() {
                let paths = breaches.into_iter().map(|breach| breach.path).collect();
                return Ok(Some((*id, paths)));
            }
        }
        Ok(None)
    }

    /// The newest commit below this one that is not the stream's own; `None` where there is none,
    /// or several of which none contains the others.
    fn newest_below(&self, id: Id, own: &HashSet<Id>) -> Result<Option<Id>, Error> {
        let (mut waiting, mut seen) = (vec![id], HashSet::new());
        let mut heads: Vec<Id> = Vec::new();
        while let Some(commit) = waiting.pop() {
            for parent in self.repo.commit(commit)?.parents {
                if !seen.insert(parent) {
                    continue;
                }
                if own.contains(&parent) {
                    waiting.push(parent);
                } else {
                    heads.push(parent);
                }
            }
        }
        let mut newest = heads.clone();
        for head in &heads {
            let others = heads.iter().filter(|other| *other != head);
            for other in others {
                if self.repo.is_ancestor(*head, *other)? {
                    newest.retain(|kept| kept != head);
                }
            }
        }
        match newest.as_slice() {
            [only] => Ok(Some(*only)),
            _ => Ok(None),
        }
    }
}
