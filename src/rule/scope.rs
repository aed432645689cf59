//! What may one stream touch?

use bstr::{BStr, BString};

use super::Why;
use crate::pattern::{Matcher, Territory, path_problem};
use crate::plan::{Plan, Policy};

/// The plan's file at the top of the repository; it belongs to no stream.
pub const PLAN: &str = "streams.toml";

/// Everything that one stream may touch, ready to be asked about many paths.
#[derive(Debug)]
pub struct Scope {
    owned: Matcher,
    shared: Matcher,
    create: Matcher,
    derived: Matcher,
    locked: Vec<BString>,
    pub(super) policy: Policy,
}

impl Scope {
    /// What a claim owns, seen together with the plan's shared and derived files.
    pub fn new(territory: &Territory, plan: &Plan) -> Scope {
        Scope {
            owned: Matcher::new(territory),
            shared: Matcher::of_set(&plan.shared.files),
            create: Matcher::of_set(&plan.shared.create),
            derived: Matcher::of_set(&plan.derived.files),
            locked: Vec::new(),
            policy: plan.policy.clone(),
        }
    }

    /// The same with these shared files locked by the stream.
    #[must_use]
    pub fn with_locks(mut self, mut locked: Vec<BString>) -> Scope {
        locked.sort();
        self.locked = locked;
        self
    }

    /// Whether the stream owns the path. Shared beats owned.
    pub fn owns(&self, path: &BStr) -> bool {
        path != PLAN && self.owned.is_match(path) && !self.shared.is_match(path)
    }

    /// Whether the path is not for this stream to change, whoever else it belongs to; `is_new` where
    /// the base lacks it.
    pub fn is_foreign(&self, path: &BStr, is_new: bool) -> bool {
        match self.refuses(path, is_new) {
            Some(Why::OutOfScope | Why::Shared | Why::Plan) => true,
            Some(
                Why::BadPath(_)
                | Why::CaseCollision { .. }
                | Why::SymlinkOut { .. }
                | Why::Gitlink
                | Why::Unmerged,
            )
            | None => false,
        }
    }

    /// Why the path may not be changed, if it may not; `is_new` where the base lacks it.
    pub(super) fn refuses(&self, path: &BStr, is_new: bool) -> Option<Why> {
        if let Some(problem) = path_problem(path) {
            return Some(Why::BadPath(problem));
        }
        if path == PLAN {
            return Some(Why::Plan);
        }
        if self.derived.is_match(path) || (is_new && self.create.is_match(path)) {
            return None;
        }
        if self.shared.is_match(path) {
            let locked = self
                .locked
                .binary_search_by(|one| one.as_slice().cmp(path))
                .is_ok();
            return (!locked).then_some(Why::Shared);
        }
        (!self.owned.is_match(path)).then_some(Why::OutOfScope)
    }
}
