//! Which pull requests were merged, closed or opened again since the last look?

use std::collections::HashMap;
use std::time::Duration;

use super::merged::{landed_stream, merged_by};
use super::noticed::{News, Noticed};
use crate::claim::{self, Settled};
use crate::git::Id;
use crate::ledger::{Actor, Operation, Request, Review, State, Stream, StreamState, What};
use crate::name::StreamName;
use crate::sync;
use crate::workspace::Workspace;

/// How long the remote may take to say which branches it has.
const TALK: Duration = Duration::from_secs(30);
/// In a landing's record, that a forge has merged it.
const FORGE: &str = "forge";

/// Whether anything may have happened that is to be noticed.
pub fn waits(workspace: &Workspace<'_>) -> bool {
    let (state, machine) = (&workspace.state, &workspace.machine.id);
    let mut held = state.held();
    in_question(state).next().is_some()
        || held.any(|(_, record, claim)| claim.machine == *machine && is_merged(record))
}

/// The streams whose pull request waits, or was closed and may be opened again.
fn in_question(state: &State) -> impl Iterator<Item = (&StreamName, &Stream, &Review)> {
    let held = state.held().filter_map(|(name, record, _)| {
        let review = record.review.as_ref()?;
        let record: &Stream = record;
        Some((name, record, review))
    });
    held.filter(|(_, record, _)| record.state != StreamState::Landed)
}

/// Whether a forge has merged it, and its claim goes on.
fn is_merged(record: &Stream) -> bool {
    let landing = record.landing.as_ref();
    let is_newest = landing.is_some_and(|one| one.strategy == FORGE && one.round == record.round);
    record.state == StreamState::Landed && is_newest
}

/// Fetches the base, and finds out what has become of the pull requests that wait. The ledger is
/// told, and a stream that has landed is settled where the caller may do that. A dry run goes on
/// with the state that this would lead to.
pub fn notice(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    dry_run: bool,
) -> Result<Vec<Noticed>, sync::Error> {
    if !dry_run {
        // What other machines have pushed, or noticed, stands in the ledger.
        workspace.refresh()?;
    }
    let there = branches(workspace)?;
    sync::fetch(workspace)?;
    let mut noticed = Vec::new();
    for (stream, news) in news(workspace, &there)? {
        let request = workspace.request(
            operation.id(),
            by,
            what(workspace, &stream, &news)?,
            Vec::new(),
        );
        if put(workspace, &request, dry_run)? {
            noticed.push(Noticed { stream, news });
        }
    }
    if dry_run {
        return Ok(noticed);
    }
    for (stream, tip, base) in unsettled(workspace) {
        let Some(settled) = settle(workspace, operation, by, &stream, (tip, base))? else {
            continue;
        };
        let known = noticed.iter_mut().find(|one| one.stream == stream);
        match known.map(|one| &mut one.news) {
            Some(News::Merged { settled: of, .. }) => *of = Some(settled),
            Some(_) | None => noticed.push(Noticed {
                stream,
                news: News::Merged {
                    tip,
                    by: base,
                    commits: 0,
                    settled: Some(settled),
                },
            }),
        }
    }
    Ok(noticed)
}

/// Where the base's remote has the branches of streams, if anything is to be known of them.
fn branches(workspace: &Workspace<'_>) -> Result<HashMap<String, Id>, sync::Error> {
    let base = &workspace.base;
    let (Some(remote), Some(_)) = (&base.remote, in_question(&workspace.state).next()) else {
        return Ok(HashMap::new());
    };
    let all = workspace
        .repo
        .remote_refs(remote, &["refs/heads/stream/*"], TALK)
        .map_err(|source| sync::Error::Unreachable {
            remote: remote.clone(),
            branch: "stream/*".to_owned(),
            source,
        })?;
    Ok(all.into_iter().collect())
}

/// What is new about each stream in question.
fn news(
    workspace: &Workspace<'_>,
    there: &HashMap<String, Id>,
) -> Result<Vec<(StreamName, News)>, sync::Error> {
    let (repo, base) = (workspace.repo, &workspace.base);
    let mut found = Vec::new();
    for (stream, record, review) in in_question(&workspace.state) {
        // What another machine has pushed, and nobody has brought here, cannot be judged here.
        if base.remote.as_ref() != Some(&review.remote) || !repo.has(review.head) {
            continue;
        }
        let branch = there.get(&format!("refs/heads/{}", review.branch));
        let is_waiting = record.state == StreamState::InReview;
        let news = match merged_by(repo, base.commit, review.head)? {
            Some(by) => News::Merged {
                tip: review.tip,
                by,
                commits: repo.commits_between(&[review.head], &[review.onto])?.len(),
                settled: None,
            },
            None if is_waiting && branch.is_none() => News::Closed,
            None if !is_waiting && review.closed.is_some() && branch == Some(&review.head) => {
                News::Reopened
            }
            None => continue,
        };
        found.push((stream.clone(), news));
    }
    Ok(found)
}

/// The same, as the ledger hears of it.
fn what(workspace: &Workspace<'_>, stream: &StreamName, news: &News) -> Result<What, sync::Error> {
    let stream = stream.clone();
    Ok(match news {
        News::Closed => What::Returned {
            stream,
            why: "its branch is gone from the remote, and the base has nothing of it".to_owned(),
        },
        News::Reopened => What::Reopened { stream },
        News::Merged { by, .. } => {
            let record = workspace.state.stream(&stream);
            let Some((record, review)) = record.and_then(|one| Some((one, one.review.as_ref()?)))
            else {
                return Ok(What::Reopened { stream });
            };
            let (repo, base) = (workspace.repo, &workspace.base);
            let landed = landed_stream(repo, base, (&stream, record), review, *by)?;
            What::Merged {
                landed: Box::new(landed),
            }
        }
    })
}

/// Tells the ledger; whether it was news to it. Another command that works on the stream at this
/// moment, or was faster, keeps it from being told, and will notice by itself.
fn put(
    workspace: &mut Workspace<'_>,
    request: &Request,
    dry_run: bool,
) -> Result<bool, sync::Error> {
    if dry_run {
        let Ok(applied) = workspace.decide(request) else {
            return Ok(false);
        };
        let is_news = applied.event.is_some();
        workspace.state = applied.state;
        return Ok(is_news);
    }
    let submitted = workspace.submit(request)?;
    Ok(submitted.is_ok_and(|submitted| submitted.event.is_some()))
}

/// The streams of this machine that a forge has merged, and whose claim goes on: what has landed,
/// and the commit of the base that has it.
fn unsettled(workspace: &Workspace<'_>) -> Vec<(StreamName, Id, Id)> {
    let held = workspace.state.held();
    let here = held
        .filter(|(_, record, claim)| claim.machine == workspace.machine.id && is_merged(record));
    let all = here.filter_map(|(name, record, _)| {
        let landing = record.landing.as_ref()?;
        Some((name.clone(), landing.tip, landing.new))
    });
    all.collect()
}

/// Ends the claim of a stream that has landed, or lets its holder go on; `None` where that is not
/// the caller's to do now.
fn settle(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    way: (Id, Id),
) -> Result<Option<Settled>, sync::Error> {
    let what = What::Begin {
        stream: stream.clone(),
        verb: "land".to_owned(),
        intends: Vec::new(),
    };
    let begin = workspace.request(operation.id(), by, what, Vec::new());
    if workspace.submit(&begin)?.is_err() {
        return Ok(None);
    }
    if let Ok(settled) = claim::settle(workspace, operation, by, stream, way) {
        return Ok(Some(settled));
    }
    // The base has it. What could not be cleared away is cleared away the next time.
    let what = What::Abandon {
        stream: stream.clone(),
        dead: operation.id().clone(),
    };
    let abandon = workspace.request(operation.id(), by, what, Vec::new());
    drop(workspace.submit(&abandon)?);
    Ok(None)
}
