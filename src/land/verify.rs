//! May a stream land, as it stands?
//!
//! Every commit that the base lacks is judged anew against the base as it was just fetched,
//! whatever any hook has said before. What is in the worktree counts for nothing.

use bstr::ByteSlice as _;

use super::{Error, Refused};
use crate::exit::Explain as _;
use crate::git::{Id, Linked};
use crate::guard::{self, Verdict};
use crate::name::StreamName;
use crate::rule;
use crate::sync;
use crate::word;
use crate::workspace::Workspace;

/// A stream that may land.
pub(super) struct Verified {
    /// The commit that was judged.
    pub(super) tip: Id,
    /// Its worktree, where it is whole.
    pub(super) linked: Option<Linked>,
    /// What the caller should know.
    pub(super) notes: Vec<String>,
}

/// Refuses what carries the number of an earlier claim: `exec` sets it for all that it starts.
pub(super) fn refuse_old_epoch(
    workspace: &Workspace<'_>,
    stream: &StreamName,
) -> Result<(), Error> {
    let about = std::env::var("GIT_STREAM").is_ok_and(|name| name == stream.as_str());
    let Some(had) = std::env::var("GIT_STREAM_EPOCH").ok().filter(|_| about) else {
        return Ok(());
    };
    let now = workspace
        .state
        .stream(stream)
        .map_or(0, |record| record.epoch);
    if had == now.to_string() {
        return Ok(());
    }
    let stream = stream.clone();
    Err(Error::OldEpoch { stream, had, now })
}

/// Looks at the worktree and judges every commit.
pub(super) fn verify(
    workspace: &mut Workspace<'_>,
    stream: &StreamName,
    dry_run: bool,
) -> Result<Result<Verified, Refused>, Error> {
    let repo = workspace.repo;
    let Some(tip) = repo.read_ref(&stream.branch_ref())? else {
        let stream = stream.clone();
        return Err(sync::Error::NoBranch { stream }.into());
    };
    let mut notes = Vec::new();
    let linked = match sync::worktree_of(workspace, stream)? {
        Ok(linked) => Some(linked),
        Err(gone) => {
            notes.push(format!("{}; what is committed can land", gone.reason()));
            None
        }
    };
    if let Some(linked) = &linked {
        if let Some(obstacle) = sync::obstacle_in(repo, linked, stream)? {
            return Ok(Err(Refused {
                cause: "unfinished",
                reason: obstacle.reason(),
                text: String::new(),
                paths: obstacle.paths().to_vec(),
                hints: obstacle.hints(stream),
            }));
        }
        let dirty = repo.uncommitted(&linked.top)?.len();
        if dirty > 0 {
            let files = word::count(dirty, "file");
            notes.push(format!("uncommitted changes in {files} do not land"));
        }
    }
    if let Some(refused) = judge(workspace, stream, tip, dry_run)? {
        return Ok(Err(refused));
    }
    Ok(Ok(Verified { tip, linked, notes }))
}

/// Whether a commit of the stream breaks the rule; a real run marks the stream, or takes the mark
/// away.
fn judge(
    workspace: &mut Workspace<'_>,
    stream: &StreamName,
    tip: Id,
    dry_run: bool,
) -> Result<Option<Refused>, Error> {
    let base = workspace.base.commit;
    let trusted = workspace.trusted_for(stream, tip)?;
    let ids = workspace.repo.commits_between(&[tip], &[base, trusted])?;
    let refused = match guard::history(workspace, stream, trusted, &ids) {
        Ok(verdict) => refused(stream, &verdict),
        Err(guard::Error::Rule(error)) if !matches!(error, rule::Error::Git(_)) => Some(Refused {
            cause: "history",
            reason: error.to_string(),
            text: String::new(),
            paths: Vec::new(),
            hints: error.hints(),
        }),
        Err(error) => return Err(error.into()),
    };
    let record = workspace.state.stream(stream);
    let is_marked = record.is_some_and(|record| record.tainted.is_some());
    if !dry_run && (refused.is_some() || is_marked) {
        // The same judgement, written down: a mark and a question, or neither.
        guard::verify(workspace, stream, tip)?;
    }
    Ok(refused)
}

/// A verdict as the answer of a landing, if it refuses.
pub(super) fn refused(stream: &StreamName, verdict: &Verdict) -> Option<Refused> {
    if verdict.accepts() {
        return None;
    }
    let refused = verdict.refused.iter();
    let mut paths: Vec<_> = refused.map(|one| one.breach.path.clone()).collect();
    paths.sort();
    paths.dedup();
    let text = verdict.text();
    let (headline, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let mut hints = verdict.hints();
    hints.push(format!(
        "Nothing was changed. How the history becomes clean is said by `git stream verify {stream}`."
    ));
    Some(Refused {
        cause: "out-of-scope",
        reason: headline.to_owned(),
        text: rest.as_bytes().to_str_lossy().into_owned(),
        paths,
        hints,
    })
}
