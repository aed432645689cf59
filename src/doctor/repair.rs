//! How is a finding mended?
//!
//! By what the commands themselves do: setting up, claiming, syncing, landing take up what has died
//! and make again what is gone. Only what a power cut leaves is mended here.

use std::fs;
use std::path::Path;

use super::finding::{Mend, Verdict};
use super::{Examined, Options};
use crate::claim::{self, Takeover, Wanted};
use crate::exit::Failure;
use crate::git::{Error, Expect, Id, Move, Repo};
use crate::guard::hooks;
use crate::land::{self, Beat};
use crate::ledger::{Ledger, Operation};
use crate::name::StreamName;
use crate::setup;
use crate::sync;
use crate::word;
use crate::workspace::Workspace;

/// Mends what can be mended of an examination, if that is asked for.
pub(super) fn treat(repo: &Repo, options: &Options, mut examined: Examined) -> Examined {
    if !options.repair || options.dry_run {
        return examined;
    }
    for finding in &mut examined.findings {
        let Some(mend) = &finding.mend else { continue };
        let done = mend_one(repo, options, mend);
        finding.outcome = Some(done.map_err(|error| whole(&*error)));
    }
    if examined.verdict() == Verdict::Mended {
        examined.is_skipped = false;
    }
    examined
}

/// A failure and its causes, on one line.
fn whole(error: &dyn crate::exit::Explain) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    word::one_line(&text)
}

fn mend_one(repo: &Repo, options: &Options, mend: &Mend) -> Result<String, Failure> {
    match mend {
        Mend::SetUp => set_up(repo, options),
        Mend::Refresh => {
            Workspace::open(repo)?.refresh()?;
            Ok("the remote was asked, and what arrived counts".to_owned())
        }
        Mend::Settle(stream) => settle(repo, options, stream),
        Mend::Landings => settle_landings(repo, options),
        Mend::Worktree(stream) => make_whole(repo, options, stream),
        Mend::Move(stream) => move_here(repo, options, stream),
        Mend::Remove(file) => remove(file),
        Mend::Forget(linked) => {
            let _lock = Ledger::of(repo).lock()?;
            repo.forget_half_made(linked)?;
            Ok("forgotten; files that no checkout has written stay".to_owned())
        }
        Mend::Find(place) => {
            repo.call().args(["worktree", "repair"]).arg(place).run()?;
            Ok(format!("git finds it in '{}' now", place.display()))
        }
        Mend::Ref(name, to) => write_ref(repo, name, *to),
        Mend::Index(linked) => {
            let aside = repo.write_index_anew(linked)?;
            Ok(format!(
                "made from HEAD, with nothing staged; the old one is '{}'",
                aside.display()
            ))
        }
    }
}

fn set_up(repo: &Repo, options: &Options) -> Result<String, Failure> {
    let is_new = Ledger::of(repo).tip()?.is_none();
    let mended = hooks::mend(repo)?;
    let report = setup::prepare(
        repo,
        &setup::Options {
            agent: options.agent.clone(),
            joins: is_new,
            ..setup::Options::default()
        },
    )?;
    let back = mended.back.iter().map(|name| format!("{name} is back"));
    let kept = mended.kept.iter().map(|kept| {
        let kept = kept.display();
        format!("what stood there is '{kept}' now")
    });
    let done: Vec<String> = back.chain(kept).chain(report.done).collect();
    Ok(match done.as_slice() {
        [] => "set up again".to_owned(),
        done => done.join("; "),
    })
}

/// Finishes or takes back what a dead operation has begun with a stream.
fn settle(repo: &Repo, options: &Options, stream: &StreamName) -> Result<String, Failure> {
    let mut workspace = Workspace::open(repo)?;
    let claim = workspace.state.claim(stream);
    if claim.is_none() {
        // Of streams that land together, whoever is first finishes all.
        return Ok("finished with another one".to_owned());
    }
    let intent = claim.and_then(|claim| claim.intent.as_ref());
    // Where only the lock on an index is left, a sync takes it away.
    let verb = intent.map_or(sync::VERB, |intent| intent.verb.as_str());
    match verb {
        sync::VERB | sync::UNDO => {
            let by = workspace.caller(options.agent.as_ref())?;
            let Ok(linked) = sync::worktree_of(&workspace, stream)? else {
                // Without a worktree no file of it can be half-way.
                return make_whole(repo, options, stream);
            };
            let operation = Operation::begin(repo)?;
            let note = sync::recover(&mut workspace, &operation, &by, stream, &linked)?;
            Ok(note.unwrap_or_else(|| "forgotten; it had not begun to write".to_owned()))
        }
        "claim" | "release" | claim::RESTORE => make_whole(repo, options, stream),
        _landing => settle_landings(repo, options),
    }
}

fn settle_landings(repo: &Repo, options: &Options) -> Result<String, Failure> {
    let asked = land::Options {
        agent: options.agent.clone(),
        ..land::Options::default()
    };
    let mut silent = |_: Beat| {};
    let notes = land::settle(repo, &asked, &mut silent)?;
    Ok(match notes.as_slice() {
        [] => "nothing of it is left; the base had not moved".to_owned(),
        notes => notes.join("; "),
    })
}

fn make_whole(repo: &Repo, options: &Options, stream: &StreamName) -> Result<String, Failure> {
    // The worktree of a former holder still has the branch where a takeover died.
    let mut notes = claim::give_way(repo)?;
    let mut workspace = Workspace::open(repo)?;
    let by = workspace.caller(options.agent.as_ref())?;
    let operation = Operation::begin(repo)?;
    notes.extend(claim::make_whole(&mut workspace, &operation, &by, stream)?);
    Ok(notes.join("; "))
}

/// Takes a stream to this machine that its holder has on one that may be gone.
fn move_here(repo: &Repo, options: &Options, stream: &StreamName) -> Result<String, Failure> {
    let taken = claim::take(
        repo,
        &Wanted {
            stream: stream.clone(),
            files: None,
            from: None,
            on: None,
            takeover: Some(Takeover {
                reason: options.reason.clone(),
            }),
            agent: options.agent.clone(),
            dry_run: false,
        },
    )?;
    Ok(format!("is here now, in '{}'", taken.worktree))
}

fn remove(file: &Path) -> Result<String, Failure> {
    fs::remove_file(file).map_err(Error::file("remove", file))?;
    Ok("removed".to_owned())
}

/// Writes a ref whose file is worth nothing, or that is gone.
fn write_ref(repo: &Repo, name: &str, to: Id) -> Result<String, Failure> {
    let _lock = Ledger::of(repo).lock()?;
    if let Some((_, file)) = repo.spoiled_refs().iter().find(|(one, _)| one == name) {
        fs::remove_file(file).map_err(Error::file("remove", file))?;
    }
    let now = repo.read_ref(name).ok().flatten();
    let anew = Move {
        name: name.to_owned(),
        from: Expect::from_read(now),
        to: Some(to),
    };
    repo.move_refs(&[anew], "stream: written anew by doctor")?;
    Ok(format!("is at {} again", to.to_hex_with_len(12)))
}
