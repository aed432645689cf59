//! May the branches of streams be moved, by whatever command?
//!
//! git asks `reference-transaction` of every change of refs, five to seven times in one commit, and
//! once more for each ref that `git gc` packs. So nearly every call leaves at once: only the phase
//! `prepared` is looked at, and there only the lines of streams' branches. What a move brings beyond
//! the trusted base and beyond what the branch has already is judged by the rule.
//!
//! Some moves are never refused, since git could not finish what it has begun, or give it up:
//! a removal (packing refs looks like one), and a commit at or below which the branch has been.
//!
//! The user's own hook runs afterwards, in every phase, with the arguments and the stdin of git.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bstr::{BStr, BString, ByteSlice as _};

use super::own::Own;
use super::taint::judge;
use super::verdict::What;
use super::{Error, Outcome, Verdict, own};
use crate::exit::Explain as _;
use crate::git::{self, Id, Receiving, Repo};
use crate::name::StreamName;
use crate::path;
use crate::workspace::Workspace;

/// What git calls the hook.
pub(super) const NAME: &str = "reference-transaction";
/// What git's configuration calls the guard with; the user's own hook is then run by git.
pub(super) const CONFIGURED: &str = "moves";
/// Beside the hook, where the user has one of their own as well.
pub(super) const HAS_OWN: &str = ".reference-transaction";
/// How long git may be kept from a move: other commands wait for the refs that it has locked.
const LONGEST: Duration = Duration::from_secs(30);
/// How many entries of a branch's reflog are looked through for an old tip.
const REMEMBERED: usize = 256;

/// Why something is not done, in words.
#[derive(Debug, PartialEq, Eq)]
pub struct Stopped {
    /// What is refused, and why.
    pub text: String,
    /// Sentences with one command each.
    pub hints: Vec<String>,
}

/// The move of a stream's branch.
struct Move {
    stream: StreamName,
    to: To,
}

/// Where a branch is to be.
enum To {
    At(String),
    /// It would follow another ref from then on.
    Alias(BString),
}

/// What happens when git calls the hook, by the file `called_as` if it is one.
pub(super) fn run(called_as: Option<&Path>, args: &[OsString]) -> Result<Outcome, Error> {
    if args.first().is_none_or(|phase| phase != "prepared") {
        return hand_on(called_as, args, None);
    }
    let mut input = Vec::new();
    let read = io::stdin().read_to_end(&mut input);
    read.map_err(git::Error::file("read", PathBuf::from("stdin")))?;
    let moves = of_streams(&input);
    if !moves.is_empty() {
        let judged = within(LONGEST, move || judge_all(&moves));
        let stopped = judged.ok_or(Error::TooLong { limit: LONGEST })??;
        if !stopped.is_empty() {
            return Ok(Outcome::Stopped(stopped));
        }
    }
    hand_on(called_as, args, Some(&input))
}

/// Runs the user's own hook, if there was one when ours were written.
fn hand_on(
    called_as: Option<&Path>,
    args: &[OsString],
    input: Option<&[u8]>,
) -> Result<Outcome, Error> {
    if !called_as.is_some_and(|file| file.with_file_name(HAS_OWN).exists()) {
        return Ok(Outcome::Passed);
    }
    let repo = Repo::here()?;
    let status = match input {
        Some(input) => own::run_with(&repo, NAME, args, input)?,
        None => {
            own::become_it(&Own::of(&repo), NAME, args)?;
            0
        }
    };
    Ok(match status {
        0 => Outcome::Passed,
        status => Outcome::RefusedByOwn(status),
    })
}

/// The moves of streams' branches among git's lines `OLD NEW REF`.
///
/// The old value is not believed: it is all zeros where the caller has not said which one it wants.
fn of_streams(input: &[u8]) -> Vec<Move> {
    let moves = input.lines().filter_map(|line| {
        let mut words = line.splitn_str(3, " ");
        let (_old, new, name) = (words.next()?, words.next()?, words.next()?);
        let is_removed = [40, 64].contains(&new.len()) && new.iter().all(|digit| *digit == b'0');
        if !name.starts_with(b"refs/heads/stream/") || is_removed {
            return None;
        }
        let stream = StreamName::from_branch_ref(name.to_str().ok()?)?;
        let to = match new.strip_prefix(b"ref:") {
            Some(target) => To::Alias(target.into()),
            // What is no id is refused, and not passed over.
            None => To::At(new.to_str_lossy().into_owned()),
        };
        Some(Move { stream, to })
    });
    moves.collect()
}

/// How many moves of streams' branches are among git's lines.
pub(super) fn number(input: &[u8]) -> usize {
    of_streams(input).len()
}

/// What a piece of work answers, unless it takes longer.
fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, wait) = mpsc::channel();
    // Whoever waits has gone where the limit was reached.
    thread::spawn(move || done.send(work()).ok());
    wait.recv_timeout(limit).ok()
}

/// The moves that are refused.
fn judge_all(moves: &[Move]) -> Result<Vec<Stopped>, Error> {
    // Objects may lie where only this process of git looks for them.
    let receiving = Receiving::here()?;
    let repo = receiving.repo();
    let (mut workspace, mut stopped) = (None, Vec::new());
    for Move { stream, to } in moves {
        let new = match to {
            To::Alias(target) => {
                stopped.push(alias(stream, target.as_bstr()));
                continue;
            }
            To::At(hex) => repo.parse_id(hex).ok_or_else(|| Error::Garbled {
                path: PathBuf::from("stdin"),
                line: hex.clone(),
            })?,
        };
        let at = repo.read_ref(&stream.branch_ref())?;
        if at == Some(new) {
            continue;
        }
        stopped.extend(why(repo, &mut workspace, stream, (at, new)));
    }
    Ok(stopped)
}

/// Why a branch may not go from one commit to another, if it may not.
fn why<'r>(
    repo: &'r Repo,
    workspace: &mut Option<Workspace<'r>>,
    stream: &StreamName,
    (at, new): (Option<Id>, Id),
) -> Option<Stopped> {
    let judged = verdict(repo, workspace, stream, (at, new));
    if matches!(&judged, Ok(None)) || matches!(&judged, Ok(Some(verdict)) if verdict.accepts()) {
        return None;
    }
    if has_been(repo, stream, (at, new)).unwrap_or(false) {
        return None;
    }
    let (why, mut hints) = match judged {
        Ok(verdict) => verdict.map(|verdict| (verdict.text(), verdict.hints()))?,
        Err(error) => (error.to_string(), error.hints()),
    };
    hints.extend(way_back(repo, stream));
    Some(Stopped {
        text: format!("'{}' stays where it is: {why}", stream.branch()),
        hints,
    })
}

/// How to leave a rebase that is refused when it is at its end.
fn way_back(repo: &Repo, stream: &StreamName) -> Option<String> {
    let branch = stream.branch();
    let is_there = |state: &str| repo.git_dir().join(state).exists();
    if is_there("rebase-merge") {
        return Some(format!("Go back to '{branch}' with `git rebase --abort`."));
    }
    // `git rebase --apply` has forgotten by then where it would go back to.
    is_there("rebase-apply/rebasing")
        .then(|| format!("Go back to '{branch}' with `git rebase --quit && git switch {branch}`."))
}

/// The verdict on what a move brings; `None` where the branch is that of no stream.
fn verdict<'r>(
    repo: &'r Repo,
    workspace: &mut Option<Workspace<'r>>,
    stream: &StreamName,
    (at, new): (Option<Id>, Id),
) -> Result<Option<Verdict>, Error> {
    let workspace = match workspace {
        Some(workspace) => workspace,
        None => workspace.insert(Workspace::within_git(repo)?),
    };
    let is_planned = workspace.plan.streams.contains_key(stream);
    if !is_planned && workspace.state.claim(stream).is_none() {
        return Ok(None);
    }
    let trusted = workspace.trusted_for(stream, new)?;
    let mut known = vec![trusted];
    known.extend(at);
    let brought = repo.commits_between(&[new], &known)?;
    let mut verdict = judge(workspace, stream, trusted, &brought)?;
    if let Some(at) = at {
        // A walk by date meets commits that the branch has, too, where clocks were wrong.
        let is_there = |id: Id| repo.is_ancestor(id, at).unwrap_or(false);
        let refused = &mut verdict.refused;
        refused.retain(|one| one.commit.as_ref().is_none_or(|(id, _)| !is_there(*id)));
    }
    let base = trusted;
    verdict.what = What::Brought { base };
    Ok(Some(verdict))
}

/// Whether the branch has been there before, or above it, as far as anything remembers.
fn has_been(repo: &Repo, stream: &StreamName, (at, new): (Option<Id>, Id)) -> Result<bool, Error> {
    let branch = stream.branch_ref();
    let log = repo.reflog(&branch)?;
    let logged = log.iter().rev().take(REMEMBERED);
    let mut tips: Vec<Id> = at.into_iter().collect();
    tips.extend(logged.flat_map(|entry| [entry.new, entry.old]));
    for place in ["kept", "resolved"] {
        let refs = repo.refs_below(&format!("refs/stream/{place}/{stream}"))?;
        let is_its = |name: &str| {
            let after = name.split('/').nth(3);
            after == Some(stream.as_str())
        };
        tips.extend(
            refs.iter()
                .filter(|(name, _)| is_its(name))
                .map(|(_, id)| *id),
        );
    }
    tips.sort();
    tips.dedup();
    let mut there = tips.iter().filter(|tip| repo.has(**tip));
    Ok(tips.contains(&new) || there.any(|tip| repo.is_ancestor(new, *tip).unwrap_or(false)))
}

fn alias(stream: &StreamName, target: &BStr) -> Stopped {
    let branch = stream.branch();
    Stopped {
        text: format!(
            "'{branch}' stays a branch of its own: as an alias of {} it would move unseen",
            path::shown(target)
        ),
        hints: vec![format!(
            "See what is there with `git log --oneline {branch}`; nothing was changed."
        )],
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{To, of_streams, within};

    #[test]
    fn only_lines_that_give_a_stream_a_new_place_are_looked_at() {
        let (zero, old, new) = ("0".repeat(40), "1".repeat(40), "2".repeat(40));
        let input = format!(
            "{old} {new} refs/heads/main\n\
             {old} {new} HEAD\n\
             {old} {zero} refs/heads/stream/removed\n\
             {zero} {zero} refs/heads/stream/packed\n\
             {zero} {new} refs/heads/stream/api\n\
             {old} ref:refs/heads/topic refs/heads/stream/ui\n\
             {old} {new} refs/heads/stream\n\
             {old} {new} refs/stream/ledger\n\
             {old} {new} refs/heads/stream/.. no name\n\
             garbled\n"
        );
        let moves = of_streams(input.as_bytes());
        let told: Vec<String> = moves
            .iter()
            .map(|one| match &one.to {
                To::At(id) => format!("{} {}", one.stream, &id[..1]),
                To::Alias(target) => format!("{} {target}", one.stream),
            })
            .collect();
        assert_eq!(told, ["api 2", "ui refs/heads/topic"]);
    }

    #[test]
    fn what_takes_too_long_has_no_answer() {
        let (_kept, never) = mpsc::channel::<()>();
        assert_eq!(within(Duration::ZERO, move || never.recv().is_ok()), None);
        assert_eq!(within(Duration::from_secs(60), || 7), Some(7));
    }

    proptest! {
        /// Whatever git writes: no line is looked at but that of a stream's branch.
        #[test]
        fn any_bytes_are_lines(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            name in "[a-z0-9]{1,9}",
        ) {
            let line = format!("\n{} {} refs/heads/stream/{name}\n", "1".repeat(40), "2".repeat(40));
            let found = of_streams(&[&bytes[..], line.as_bytes(), &bytes[..]].concat());
            prop_assert!(found.iter().any(|one| one.stream.as_str() == name));
            let all = of_streams(&bytes);
            prop_assert!(all.len() <= bytes.split(|byte| *byte == b'\n').count());
        }
    }
}
