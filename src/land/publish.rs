//! How does the base move, from where it was expected, or not at all?
//!
//! | the base is | it moves |
//! |---|---|
//! | a branch that nobody has checked out | in one step with the ledger |
//! | checked out somewhere | by git's own fast-forward there; then the ledger is told |
//! | on a remote | by a push that expects the old commit; then the ledger is told |

use std::path::PathBuf;
use std::time::Duration;

use super::run::Run;
use super::{Error, pending};
use crate::git::{Error as GitError, Expect, Id, Move, Pushed, Update};
use crate::ledger::{Error as LedgerError, LandedStream, RefMove, Request, What};
use crate::name::StreamName;
use crate::sync;
use crate::workspace;

/// How long a push may take.
const PUSH: Duration = Duration::from_secs(120);

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Published {
    /// The base and the ledger have it.
    Yes,
    /// The base was not where it was expected: nothing has moved.
    Raced,
}

/// Moves the base from `old` to `new`, and tells the ledger.
pub(super) fn publish(
    run: &mut Run<'_>,
    landed: Vec<LandedStream>,
    (old, new): (Id, Id),
) -> Result<Published, Error> {
    let base = run.workspace.base.clone();
    let streams: Vec<StreamName> = landed.iter().map(|one| one.stream.clone()).collect();
    let mut request = run.request(What::Landed { landed });
    request.trusted = Some(new);
    let moved = |name: &str| RefMove {
        name: name.to_owned(),
        old: Some(old),
        new: Some(new),
    };
    if old == new {
        // The base has all of it already; only the ledger does not know.
        run.submit(&request)?;
        return Ok(Published::Yes);
    }
    if let Some(remote) = &base.remote {
        request.publish = vec![moved(&format!("refs/heads/{}", base.branch))];
        return push(run, &streams, &request, remote, (old, new));
    }
    let mut checkouts = run
        .workspace
        .repo
        .checkouts_of(&base.full_name)?
        .into_iter();
    let Some(checkout) = checkouts.next() else {
        request.moves = vec![moved(&base.full_name)];
        return together(run, &request, &base.full_name);
    };
    let second = checkouts.next().map(|other| (other.top, "second checkout"));
    let busy = checkout.operation.map(|name| (checkout.top.clone(), name));
    if let Some((checkout, operation)) = busy.or(second) {
        let branch = base.branch;
        return Err(Error::CheckoutBusy {
            branch,
            checkout,
            operation,
        });
    }
    request.moved = vec![moved(&base.full_name)];
    fast_forward(run, &streams, &request, checkout.top, (old, new))
}

/// One transaction for both.
fn together(run: &mut Run<'_>, request: &Request, name: &str) -> Result<Published, Error> {
    match run.submit(request) {
        Ok(()) => Ok(Published::Yes),
        Err(Error::Workspace(workspace::Error::Ledger(LedgerError::Git(GitError::Moved {
            name: moved,
            ..
        }))))
            if moved == name =>
        {
            Ok(Published::Raced)
        }
        Err(error) => Err(error),
    }
}

/// The branch moves in its checkout, with its files.
fn fast_forward(
    run: &mut Run<'_>,
    streams: &[StreamName],
    request: &Request,
    checkout: PathBuf,
    (old, new): (Id, Id),
) -> Result<Published, Error> {
    let repo = run.workspace.repo;
    let base = run.workspace.base.clone();
    if repo.read_ref(&base.full_name)? != Some(old) {
        return Ok(Published::Raced);
    }
    pending::write(repo, request)?;
    run.announce(streams, request.moved.clone(), Vec::new())?;
    let gone = repo.fast_forward(&checkout, new, run.operation.lock());
    let now = repo.read_ref(&base.full_name)?;
    if now != Some(new) {
        pending::forget(repo, run.operation.id());
        return match gone {
            _ if now != Some(old) => Ok(Published::Raced),
            Err(source) => Err(Error::InTheWay {
                branch: base.branch,
                checkout,
                source,
            }),
            // Somebody has switched to another branch at this very moment, and git moved that.
            Ok(_) => Ok(Published::Raced),
        };
    }
    run.has_moved = true;
    if let Ok(Some(hook)) = gone {
        run.notes
            .push(format!("the post-merge hook failed: {hook}"));
    }
    tell(run, request)
}

/// The branch moves on its remote.
fn push(
    run: &mut Run<'_>,
    streams: &[StreamName],
    request: &Request,
    remote: &str,
    (old, new): (Id, Id),
) -> Result<Published, Error> {
    let repo = run.workspace.repo;
    let base = run.workspace.base.clone();
    let name = format!("refs/heads/{}", base.branch);
    pending::write(repo, request)?;
    run.announce(streams, Vec::new(), request.publish.clone())?;
    let mut attempt = 1;
    loop {
        let update = Update {
            name: name.clone(),
            from: Expect::At(old),
            to: Some(new),
        };
        let source = match repo.push(remote, &[update], PUSH)? {
            Pushed::Done => break,
            Pushed::Lost => {
                pending::forget(repo, run.operation.id());
                return Ok(Published::Raced);
            }
            Pushed::Unwanted { why, .. } => {
                pending::forget(repo, run.operation.id());
                return Err(Error::Rejected {
                    remote: remote.to_owned(),
                    branch: base.branch,
                    reason: why,
                });
            }
            Pushed::Unknown(source) => source,
        };
        // The same commit again is either there already, or as good as at the first time.
        let asked = sync::fetch(&mut run.workspace);
        let there = repo.read_ref(&base.full_name)?;
        if asked.is_ok() && there.is_some_and(|tip| repo.is_ancestor(new, tip).unwrap_or(false)) {
            break;
        }
        if asked.is_err() || attempt > 1 {
            run.has_moved = asked.is_err();
            let (remote, branch) = (remote.to_owned(), base.branch);
            if !run.has_moved {
                pending::forget(repo, run.operation.id());
            }
            return Err(Error::Unknown {
                remote,
                branch,
                stream: streams[0].clone(),
                source,
            });
        }
        attempt += 1;
    }
    run.has_moved = true;
    follow(run, new);
    tell(run, request)
}

/// git moves the tracking ref with a push, unless the remote has no refspec for it.
fn follow(run: &mut Run<'_>, new: Id) {
    let (repo, name) = (run.workspace.repo, run.workspace.base.full_name.clone());
    let Ok(now) = repo.read_ref(&name) else {
        return;
    };
    let is_behind = now.is_none_or(|now| now != new && repo.is_ancestor(now, new).unwrap_or(false));
    if is_behind {
        let one = Move {
            name,
            from: Expect::from_read(now),
            to: Some(new),
        };
        // The next fetch does it as well.
        drop(repo.move_refs(&[one], "stream: land"));
    }
}

/// Tells the ledger what has happened.
fn tell(run: &mut Run<'_>, request: &Request) -> Result<Published, Error> {
    run.submit(request)?;
    run.has_moved = false;
    pending::forget(run.workspace.repo, run.operation.id());
    Ok(Published::Yes)
}
