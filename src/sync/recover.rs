//! What has a sync left that was cut off?
//!
//! Three cases. It had not begun to write files: its intent is forgotten. It was in the middle:
//! it is finished, forwards, file by file. Its branch had moved already: only the lock on the
//! index is left.
//!
//! An undo moves a stream in the same way; one that was in the middle goes back to where it began.

use super::aside::{self, Aside, Way};
use super::{Error, advance};
use crate::git::{Error as GitError, IndexHold, Linked};
use crate::ledger::{Actor, Intent, Operation, RefMove, What, is_dead, is_running};
use crate::name::StreamName;
use crate::workspace::Workspace;

/// The verb in the intents of this module.
pub const VERB: &str = "sync";
/// The verb in the intent of an undo that moves a stream.
pub const UNDO: &str = "undo";

/// Finishes or forgets what a dead sync of this stream has left. Answers what was done.
pub fn finish(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    linked: &Linked,
) -> Result<Option<String>, Error> {
    let repo = workspace.repo;
    repo.sweep_scratch(&|op| is_running(repo, op).unwrap_or(true));
    let intent = dead_intent(workspace, stream)?;
    let is_locked = match repo.index_holder(linked) {
        Some(op) => !is_running(repo, &op)?,
        None => false,
    };
    match (intent, is_locked) {
        (None, false) => Ok(None),
        (Some(intent), false) => {
            forget(workspace, operation, by, stream, &intent)?;
            Ok(None)
        }
        (None, true) => {
            IndexHold::inherit(repo, linked, operation.id().as_str())?.release();
            Ok(Some(
                "cleaned up behind an earlier command that was cut off".to_owned(),
            ))
        }
        (Some(intent), true) => {
            complete(workspace, operation, by, stream, linked, &intent)?;
            Ok(Some(if intent.verb == VERB {
                "finished an earlier sync that was cut off".to_owned()
            } else {
                "took back what an earlier undo had begun when it was cut off".to_owned()
            }))
        }
    }
}

/// Whether there is anything to finish, for a run that may not change anything.
pub(super) fn is_needed(
    workspace: &Workspace<'_>,
    stream: &StreamName,
    linked: &Linked,
) -> Result<bool, Error> {
    let intent = dead_intent(workspace, stream)?;
    Ok(intent.is_some() || workspace.repo.index_holder(linked).is_some())
}

fn dead_intent(workspace: &Workspace<'_>, stream: &StreamName) -> Result<Option<Intent>, Error> {
    let claim = workspace.state.claim(stream);
    let intent = claim.and_then(|claim| claim.intent.clone());
    match intent.filter(|intent| [VERB, UNDO].contains(&intent.verb.as_str())) {
        Some(intent) if is_dead(workspace.repo, &workspace.machine, &intent)? => Ok(Some(intent)),
        Some(_) | None => Ok(None),
    }
}

fn forget(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    intent: &Intent,
) -> Result<(), Error> {
    let what = What::Abandon {
        stream: stream.clone(),
        dead: intent.op.clone(),
    };
    let mut moves = Vec::new();
    if let Some((name, commit)) = aside::intended(&intent.moves)
        && workspace.repo.read_ref(name)? == Some(commit)
    {
        // The work that it keeps was not touched yet.
        moves.push(RefMove {
            name: name.to_owned(),
            old: Some(commit),
            new: None,
        });
    }
    let request = workspace.request(operation.id(), by, what, moves);
    workspace.submit(&request)??;
    Ok(())
}

/// Goes on where the dead operation stopped.
fn complete(
    workspace: &mut Workspace<'_>,
    operation: &Operation,
    by: &Actor,
    stream: &StreamName,
    linked: &Linked,
    intent: &Intent,
) -> Result<(), Error> {
    let repo = workspace.repo;
    let Some((one, old, new)) = intent.moves.iter().find_map(as_step) else {
        return forget(workspace, operation, by, stream, intent);
    };
    let (verb, moves) = (intent.verb.as_str(), intent.moves.clone());
    advance::announce(workspace, operation, by, (stream, verb), moves)?;
    let mut hold = IndexHold::inherit(repo, linked, operation.id().as_str())?;
    let ledger = workspace.ledger();
    let way = Way {
        repo,
        linked,
        stream,
        operation: (operation.id(), operation.lock()),
        registering: &|| Ok(ledger.lock()?),
        old,
        new,
    };
    let aside = match aside::intended(&intent.moves) {
        Some((name, commit)) => Some(Aside::again(&way, name, commit)?),
        None => None,
    };
    let kept = aside.as_ref().map(|aside| aside.name.clone());
    let (old_tree, new_tree) = match &aside {
        Some(aside) => aside.trees(),
        None => (repo.tree_of(old)?, repo.tree_of(new)?),
    };
    let actual = repo.read_ref(&one.name)?;
    let is_ours = actual == Some(old);
    let goes_on = is_ours && verb == VERB;
    // Somebody has moved the branch by force: then the files go back to where it was left.
    let (from, to) = if goes_on {
        (old_tree, new_tree)
    } else {
        (new_tree, old_tree)
    };
    let staging = aside.as_ref().map(|aside| {
        if is_ours {
            aside.staging_after()
        } else {
            aside.staging_before()
        }
    });
    hold.stage_in_the_end(staging.unwrap_or_default());
    let changes = repo.diff_trees(Some(from), Some(to))?;
    let settled = hold.settle((from, to), &changes, operation.lock());
    let foreign = settled.map_err(|source| Error::HalfWay {
        stream: stream.clone(),
        worktree: linked.top.clone(),
        kept: kept.clone(),
        source,
    })?;
    if !foreign.is_empty() {
        hold.leave();
        return Err(Error::Torn {
            stream: stream.clone(),
            worktree: linked.top.clone(),
            paths: foreign,
            kept,
        });
    }
    let let_go = aside.as_ref().map(Aside::let_go);
    if !goes_on {
        let moves = let_go.clone().into_iter().collect();
        advance::call_off(workspace, operation, by, stream, moves)?;
    }
    if is_ours && !goes_on {
        hold.release();
        return Ok(());
    }
    if !is_ours {
        return Err(Error::Git(GitError::Moved {
            name: one.name.clone(),
            expected: Some(old),
            actual,
        }));
    }
    let ground = super::ground(workspace, stream, new)?;
    let start = repo.merge_bases(ground.commit, &[new])?.first().copied();
    let start = start.unwrap_or(ground.commit);
    let what = What::Synced {
        stream: stream.clone(),
        start,
        landed: false,
        commits: repo.commits_between(&[new], &[start])?.len(),
        on: ground.on,
    };
    let put_back = aside.is_some_and(|aside| aside.put_back);
    let mut moves = advance::keeping(workspace, operation, stream, (old, new))?;
    moves.extend(let_go.filter(|_| put_back));
    let request = workspace.request(operation.id(), by, what, moves);
    workspace.submit(&request)??;
    hold.release();
    Ok(())
}

/// The branch's move: the others make refs.
fn as_step(one: &RefMove) -> Option<(&RefMove, crate::git::Id, crate::git::Id)> {
    Some((one, one.old?, one.new?))
}
