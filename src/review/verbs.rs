//! How do the verbs that fetch, or wait for what was merged, notice it on their way?
//!
//! Where no pull request waits they do what they always do, and ask no remote.

use super::notice::{notice, waits};
use super::noticed::{News, Noticed};
use crate::claim::{self, Taken, Wanted};
use crate::git::{Id, Repo};
use crate::ledger::{Operation, Refusal};
use crate::name::{AgentName, StreamName};
use crate::sync::{self, Many, Options, Outcome, Replay, Synced};
use crate::workspace::Workspace;

/// What became of one stream.
type Ended = Result<Synced, sync::Error>;

/// Syncs a stream, unless its pull request turns out to be merged.
pub fn sync(repo: &Repo, named: Option<&StreamName>, options: &Options) -> Ended {
    let mut workspace = Workspace::open(repo)?;
    if !waits(&workspace) {
        return sync::sync(repo, named, options);
    }
    let stream = workspace.stream(named)?;
    let noticed = look(&mut workspace, options.agent.as_ref(), options.dry_run)?;
    let told = lines(&workspace, &noticed);
    let merged = noticed.iter().find(|one| one.stream == stream);
    let mut synced = match merged.and_then(|one| has_landed(&workspace, one)) {
        Some(synced) => synced,
        None => sync::sync(repo, Some(&stream), options)?,
    };
    synced.notes.splice(0..0, told);
    Ok(synced)
}

/// Syncs every stream of the caller; those whose pull request was merged have landed.
pub fn sync_all(
    repo: &Repo,
    many: &Many,
    options: &Options,
    told: &mut dyn FnMut(&StreamName, &Ended),
) -> Result<Vec<(StreamName, Ended)>, sync::Error> {
    let mut workspace = Workspace::open(repo)?;
    if !waits(&workspace) {
        return sync::sync_all(repo, many, options, told);
    }
    let noticed = look(&mut workspace, options.agent.as_ref(), options.dry_run)?;
    let mut answers = Vec::new();
    for one in &noticed {
        if let Some(mut synced) = has_landed(&workspace, one) {
            synced.notes = lines(&workspace, std::slice::from_ref(one));
            let ended = Ok(synced);
            told(&one.stream, &ended);
            answers.push((one.stream.clone(), ended));
        }
    }
    answers.extend(sync::sync_all(repo, many, options, told)?);
    Ok(answers)
}

/// Takes a stream. What stands in its way may have been merged meanwhile.
pub fn take(repo: &Repo, wanted: &Wanted) -> Result<Taken, claim::Error> {
    let refusal = match claim::take(repo, wanted) {
        Err(claim::Error::Refused(refusal)) if !wanted.dry_run && waits_for_others(&refusal) => {
            refusal
        }
        answer => return answer,
    };
    let mut workspace = Workspace::open(repo)?;
    if !waits(&workspace) {
        return Err(refusal.into());
    }
    // Where the remote cannot be asked, the answer is what is known.
    let noticed = look(&mut workspace, wanted.agent.as_ref(), false).unwrap_or_default();
    if noticed.is_empty() {
        return Err(refusal.into());
    }
    let mut taken = claim::take(repo, wanted)?;
    taken.notes.splice(0..0, lines(&workspace, &noticed));
    Ok(taken)
}

fn waits_for_others(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::NotLanded { .. } | Refusal::Overlaps { .. } | Refusal::Conflicts { .. }
    )
}

fn look(
    workspace: &mut Workspace<'_>,
    agent: Option<&AgentName>,
    dry_run: bool,
) -> Result<Vec<Noticed>, sync::Error> {
    let by = workspace.caller(agent)?;
    let operation = Operation::begin(workspace.repo)?;
    notice(workspace, &operation, &by, dry_run)
}

fn lines(workspace: &Workspace<'_>, noticed: &[Noticed]) -> Vec<String> {
    let branch = &workspace.base.branch;
    let each = noticed.iter().flat_map(|one| {
        let details = one.details().into_iter();
        std::iter::once(one.text(branch)).chain(details)
    });
    each.collect()
}

/// The answer about a stream whose claim has ended with the merge of its pull request.
fn has_landed(workspace: &Workspace<'_>, noticed: &Noticed) -> Option<Synced> {
    let News::Merged {
        tip,
        settled: Some(settled),
        ..
    } = &noticed.news
    else {
        return None;
    };
    if settled.unlanded > 0 {
        return None;
    }
    let base: Id = workspace.base.commit;
    Some(Synced {
        stream: noticed.stream.clone(),
        old: *tip,
        new: base,
        base,
        base_branch: workspace.base.branch.clone(),
        commits: 0,
        outcome: Outcome::Landed(Replay {
            new: base,
            picked: Vec::new(),
            dropped: Vec::new(),
            merges: 0,
        }),
        aside: None,
        recalled: Vec::new(),
        notes: Vec::new(),
        dry_run: false,
    })
}
