//! How does the base move, from where it was expected, or not at all?
//!
//! | the base is | it moves |
//! |---|---|
//! | a branch that nobody has checked out | in one step with the ledger |
//! | checked out somewhere | by git's own fast-forward there; then the ledger is told |
//! | on a remote, with the ledger | by one push of both that expects both old commits |
//! | on a remote that cannot do that, or without the ledger | by a push that expects the old commit; then the ledger is told |

use std::path::PathBuf;
use std::time::Duration;

use super::run::Run;
use super::{Error, pending};
use crate::git::{Checkout, Error as GitError, Expect, Id, Move, Pushed, Update};
use crate::ledger::{Error as LedgerError, RefMove, Request, What};
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

/// What the base gets, and what moves with it.
pub(super) struct Parcel {
    /// The streams it is about.
    pub(super) streams: Vec<StreamName>,
    /// What the ledger is told.
    pub(super) what: What,
    /// The other refs of this repository that move in the same step as the ledger.
    pub(super) moves: Vec<RefMove>,
    /// Where the base is, and where it goes.
    pub(super) way: (Id, Id),
}

impl Parcel {
    /// What the ledger is told before a base moves that cannot move in one step with it.
    fn announcement(&self, intends: Vec<RefMove>, publish: Vec<RefMove>) -> What {
        if let What::Unlanded { back, .. } = &self.what {
            let back = back.clone();
            return What::Reopen {
                back,
                intends,
                publish,
            };
        }
        What::Landing {
            streams: self.streams.clone(),
            intends,
            publish,
        }
    }
}

/// What the ledger is told with the base, or when it has moved.
pub(super) fn telling(run: &Run<'_>, parcel: &Parcel) -> Request {
    let mut request = run.request(parcel.what.clone());
    (request.trusted, request.recorded) = (Some(parcel.way.1), None);
    request.moves.clone_from(&parcel.moves);
    request
}

/// Moves the base, and tells the ledger.
pub(super) fn publish(run: &mut Run<'_>, parcel: &Parcel) -> Result<Published, Error> {
    let published = bring(run, parcel)?;
    if published == Published::Yes {
        run.stands_at(parcel.way.1);
    }
    Ok(published)
}

fn bring(run: &mut Run<'_>, parcel: &Parcel) -> Result<Published, Error> {
    let base = run.workspace.base.clone();
    let (old, new) = parcel.way;
    let mut request = telling(run, parcel);
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
        let there = moved(&format!("refs/heads/{}", base.branch));
        if run.workspace.ledger().is_shared()? {
            if let Some(published) = in_one_push(run, &request, &there)? {
                return Ok(published);
            }
            let note = format!(
                "'{remote}' does not move several refs in one step: '{}' first, then the ledger",
                base.branch
            );
            run.notes.push(note);
        }
        request.published = vec![there];
        return push(run, parcel, &request, remote);
    }
    let mut checkouts = run
        .workspace
        .repo
        .checkouts_of(&base.full_name)?
        .into_iter();
    let Some(checkout) = checkouts.next() else {
        request.moves.insert(0, moved(&base.full_name));
        return together(run, &request, &base.full_name);
    };
    refuse_busy(&base.branch, &checkout, checkouts.next())?;
    request.moved = vec![moved(&base.full_name)];
    fast_forward(run, parcel, &request, checkout.top)
}

/// Refuses to move the base where git has begun something in its checkout, or where it has two.
pub(super) fn refuse_busy(
    branch: &str,
    checkout: &Checkout,
    second: Option<Checkout>,
) -> Result<(), Error> {
    let second = second.map(|other| (other.top, "second checkout"));
    let busy = checkout.operation.map(|name| (checkout.top.clone(), name));
    match busy.or(second) {
        Some((checkout, operation)) => Err(Error::CheckoutBusy {
            branch: branch.to_owned(),
            checkout,
            operation,
        }),
        None => Ok(()),
    }
}

/// The base and the ledger move on the remote together; nothing where it cannot do that.
fn in_one_push(
    run: &mut Run<'_>,
    request: &Request,
    there: &RefMove,
) -> Result<Option<Published>, Error> {
    let mut request = request.clone();
    request.publish = vec![there.clone()];
    // Another process of this machine may be the one that pushes.
    run.workspace.repo.flush()?;
    let error = match run.submit(&request) {
        Ok(()) => {
            let new = there.new.expect("a base goes somewhere");
            follow(run, new);
            return Ok(Some(Published::Yes));
        }
        Err(Error::Workspace(workspace::Error::Ledger(error))) => error,
        Err(error) => return Err(error),
    };
    let branch = run.workspace.base.branch.clone();
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all the others are passed on"
    )]
    match error {
        LedgerError::Git(GitError::Moved { name, .. }) if name == there.name => {
            Ok(Some(Published::Raced))
        }
        LedgerError::NotAtomic { .. } => Ok(None),
        LedgerError::Unwanted { remote, name, why } if name == there.name => Err(Error::Rejected {
            remote,
            branch,
            reason: why,
        }),
        LedgerError::Unreachable { remote, source } if run.workspace.ledger().is_pushing()? => {
            run.has_moved = true;
            let streams = request.what.streams();
            Err(Error::Unknown {
                remote,
                branch,
                stream: streams.first().expect("a landing has a stream").clone(),
                source,
            })
        }
        error => Err(workspace::Error::Ledger(error).into()),
    }
}

/// One transaction for both.
pub(super) fn together(
    run: &mut Run<'_>,
    request: &Request,
    name: &str,
) -> Result<Published, Error> {
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
    parcel: &Parcel,
    request: &Request,
    checkout: PathBuf,
) -> Result<Published, Error> {
    let (old, new) = parcel.way;
    let repo = run.workspace.repo;
    let base = run.workspace.base.clone();
    if repo.read_ref(&base.full_name)? != Some(old) {
        return Ok(Published::Raced);
    }
    pending::write(repo, request)?;
    let announcement = parcel.announcement(request.moved.clone(), Vec::new());
    run.submit(&run.request(announcement))?;
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

/// The branch moves on its remote; then the ledger is told.
fn push(
    run: &mut Run<'_>,
    parcel: &Parcel,
    request: &Request,
    remote: &str,
) -> Result<Published, Error> {
    let (old, new) = parcel.way;
    let repo = run.workspace.repo;
    let base = run.workspace.base.clone();
    let name = format!("refs/heads/{}", base.branch);
    pending::write(repo, request)?;
    let announcement = parcel.announcement(Vec::new(), request.published.clone());
    run.submit(&run.request(announcement))?;
    let mut attempt = 1;
    loop {
        let update = Update {
            name: name.clone(),
            from: Expect::At(old),
            to: Some(new),
        };
        let source = match repo.push(remote, &[update], PUSH)? {
            Pushed::Done => break,
            Pushed::Lost { .. } => {
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
            Pushed::NotAtomic => unreachable!("one ref is pushed"),
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
                stream: parcel.streams[0].clone(),
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
