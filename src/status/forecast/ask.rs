//! How is git asked about many merges, and what do its answers mean?

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bstr::{BString, ByteSlice as _};

use super::super::Error;
use super::{Meeting, Place};
use crate::git::{Id, Leaf, Merged, Repo, Trial};
use crate::workspace::Workspace;

/// What was asked already.
pub(super) struct Asked<'w, 't> {
    workspace: &'w Workspace<'w>,
    trial: &'t Trial<'t>,
    base: Id,
    known: HashMap<[Id; 3], Merged>,
    count: usize,
}

impl<'w, 't> Asked<'w, 't> {
    pub(super) fn new(
        workspace: &'w Workspace<'_>,
        trial: &'t Trial<'_>,
    ) -> Result<Asked<'w, 't>, Error> {
        Ok(Asked {
            workspace,
            trial,
            base: workspace.repo.tree_of(workspace.base.commit)?,
            known: HashMap::new(),
            count: 0,
        })
    }

    /// The tree of the base.
    pub(super) fn base(&self) -> Id {
        self.base
    }

    /// How many merges git was asked for.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What `[base, ours, theirs]` give, for each of them.
    pub(super) fn ask(&mut self, questions: Vec<[Id; 3]>) -> Result<Vec<Merged>, Error> {
        let mut open = Vec::new();
        let mut seen = BTreeSet::new();
        for question in &questions {
            if answer_known(question).is_none()
                && !self.known.contains_key(question)
                && seen.insert(*question)
            {
                open.push(*question);
            }
        }
        let repo = self.workspace.repo;
        let directory = repo.main_top().unwrap_or_else(|| repo.common_dir());
        let commit = self.workspace.base.commit;
        let answers = self.trial.merge_all(directory, commit, &open)?;
        self.count += open.len();
        self.known.extend(open.into_iter().zip(answers));
        let answers = questions.into_iter().map(|question| {
            let known = answer_known(&question);
            known.unwrap_or_else(|| self.known[&question].clone())
        });
        Ok(answers.collect())
    }
}

/// The answer where no merge is needed: only one side has changed, or both are the same.
fn answer_known([base, ours, theirs]: &[Id; 3]) -> Option<Merged> {
    let tree = match (ours, theirs) {
        _ if ours == theirs || base == theirs => *ours,
        _ if base == ours => *theirs,
        _ => return None,
    };
    Some(Merged {
        tree,
        conflict: None,
    })
}

/// What a merge means.
pub(super) fn meeting(merged: &Merged) -> Meeting {
    let Some(conflict) = &merged.conflict else {
        return Meeting::Clean;
    };
    let hex = merged.tree.kind().len_in_hex();
    let paths: BTreeSet<BString> = conflict
        .stages
        .iter()
        .map(|stage| without_side(&stage.path, hex))
        .collect();
    let kinds: BTreeSet<String> = conflict.kinds.iter().cloned().collect();
    Meeting::Conflict(Place {
        paths: paths.into_iter().collect(),
        kinds: kinds.into_iter().collect(),
    })
}

/// Where both sides have to be put beside one another, git appends the name of a side, which is
/// an id here.
fn without_side(path: &BString, hex: usize) -> BString {
    match path.rsplit_once_str("~") {
        Some((real, side)) if side.len() == hex && side.iter().all(u8::is_ascii_hexdigit) => {
            real.into()
        }
        _ => path.clone(),
    }
}

/// The tree of a merge, with every conflict resolved for the second side.
pub(super) fn for_its_own_side(repo: &Repo, merged: &Merged) -> Result<Id, Error> {
    let Some(conflict) = &merged.conflict else {
        return Ok(merged.tree);
    };
    let mut leaves: BTreeMap<BString, Option<Leaf>> = BTreeMap::new();
    for stage in &conflict.stages {
        let leaf = leaves.entry(stage.path.clone()).or_default();
        if stage.stage == 3 {
            let (mode, id) = (stage.mode, stage.id);
            *leaf = Some(Leaf { mode, id });
        }
    }
    Ok(repo.overlay(Some(merged.tree), &leaves)?)
}
