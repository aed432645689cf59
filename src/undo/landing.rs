//! How is a landing taken back, or what has taken one back?
//!
//! What the base needs is `land`'s to know; here is what the ledger has to say before.

use std::path::PathBuf;

use serde_json::Value;

use super::find::{Found, Kind, Wanted, find};
use super::run::Options;
use super::{Error, OfLanding, Undone};
use crate::git::Repo;
use crate::land::{self, Beat, Checked, Landed, Outcome, Past, Unlanded, Unlanding};
use crate::ledger::{Actor, Kind as Who, RefMove, Refusal, StreamState, Undo};
use crate::workspace::Workspace;

pub(super) fn undo<'r>(
    workspace: &Workspace<'r>,
    found: Found,
    options: &Options,
    tell: &'r mut dyn FnMut(Beat),
) -> Result<Undone, Error> {
    let repo = workspace.repo;
    let by = workspace.caller(options.agent.as_ref())?;
    if by.kind != Who::Person && by.agent != found.agent {
        let what = format!("take back what {} has done", found.agent);
        return Err(Refusal::PersonOnly { what }.into());
    }
    let how = land::Options {
        agent: options.agent.clone(),
        dry_run: options.dry_run,
        ..land::Options::default()
    };
    if let Kind::Unlanding { back } = &found.kind {
        refuse_overtaken(workspace, &found, &by)?;
        refuse_committed(repo, &found, back)?;
        let landed = land::land_again(repo, back, &how, tell)?;
        return again(found, by, options, landed);
    }
    let branch = workspace.base.branch.clone();
    let unlanding = Unlanding::begin(repo, &how, tell)?;
    // What came later may have come while others had their turn.
    let wanted = Wanted {
        op: Some(found.op.as_str()),
        stream: Some(&found.stream),
        agent: &found.agent,
    };
    let (found, _) = find(repo, &wanted)?;
    let now = Workspace::open(repo)?;
    refuse_overtaken(&now, &found, &by)?;
    let Kind::Landing { back, ways, later } = &found.kind else {
        let stream = found.stream.clone();
        return Err(Refusal::Overtaken { stream }.into());
    };
    let past = Past {
        back: back.clone(),
        ways: ways.clone(),
        later: later.clone(),
    };
    let unlanded = unlanding.take_back(&past)?;
    Ok(taken_back(found, by, options, (branch, unlanded)))
}

/// Refuses where something has happened to one of the streams since.
fn refuse_overtaken(workspace: &Workspace<'_>, found: &Found, by: &Actor) -> Result<(), Error> {
    let wanted = Wanted {
        op: Some(found.op.as_str()),
        stream: None,
        agent: &by.agent,
    };
    let (_, newer) = find(workspace.repo, &wanted)?;
    match found.overtaken(&workspace.state, &newer) {
        None => Ok(()),
        Some(later) => Err(Error::Later {
            stream: later.event.stream().unwrap_or(&found.stream).clone(),
            op: found.op.clone(),
            later: later.event.op.clone(),
            event: later.event.subject.clone(),
            agent: later.event.agent.clone(),
        }),
    }
}

/// Refuses where more was committed than was taken off the base.
fn refuse_committed(repo: &Repo, found: &Found, back: &[Undo]) -> Result<(), Error> {
    for undo in back {
        let name = undo.stream.branch_ref();
        let left = found.move_of(&name).and_then(|one| one.new);
        let now = repo.read_ref(&name)?;
        let (Some(left), Some(now)) = (left, now) else {
            continue;
        };
        if left != now {
            return Err(Error::CommittedSince {
                stream: undo.stream.clone(),
                commits: repo.commits_between(&[now], &[left])?.len(),
            });
        }
    }
    Ok(())
}

fn taken_back(
    found: Found,
    by: Actor,
    options: &Options,
    (base, unlanded): (String, Unlanded),
) -> Undone {
    let places = unlanded.streams.into_iter();
    let streams: Vec<(_, StreamState, Option<PathBuf>)> = places
        .map(|(stream, state, worktree)| (stream, state, worktree.map(Into::into)))
        .collect();
    let own = streams.iter().find(|(stream, ..)| *stream == found.stream);
    let (state, worktree) = own.map_or((found.before.state, None), |(_, state, worktree)| {
        (*state, worktree.clone())
    });
    Undone {
        op: found.op,
        verb: found.verb,
        event: found.event,
        agent: found.agent,
        by: by.agent,
        stream: found.stream,
        state,
        moves: unlanded.moves,
        worktree,
        kept: None,
        trash: None,
        landing: Some(OfLanding {
            way: unlanded.way.word(),
            base,
            streams,
            check: unlanded.check.map_or(Value::Null, |check| check.json()),
        }),
        notes: unlanded.notes,
        dry_run: options.dry_run,
    }
}

/// What was taken off the base has landed again; or the first that has not.
fn again(found: Found, by: Actor, options: &Options, landed: Vec<Landed>) -> Result<Undone, Error> {
    let (mut moves, mut notes, mut streams) = (Vec::new(), Vec::new(), Vec::new());
    let (mut check, mut base) = (Value::Null, String::new());
    for one in landed {
        if !matches!(one.outcome, Outcome::Landed) {
            return Err(Error::LandsNot(Box::new(one)));
        }
        moves.push(RefMove {
            name: format!("refs/heads/{}", one.base_branch),
            old: Some(one.base),
            new: Some(one.new),
        });
        check = one.check.as_ref().map_or(Value::Null, Checked::json);
        base.clone_from(&one.base_branch);
        notes.extend(one.narration());
        let place = one.left.worktree.map(|kept| kept.path);
        streams.push((one.stream, StreamState::Landed, place));
    }
    Ok(Undone {
        op: found.op,
        verb: found.verb,
        event: found.event,
        agent: found.agent,
        by: by.agent,
        stream: found.stream,
        state: StreamState::Landed,
        moves,
        worktree: None,
        kept: None,
        trash: None,
        landing: Some(OfLanding {
            way: "landed",
            base,
            streams,
            check,
        }),
        notes,
        dry_run: options.dry_run,
    })
}
