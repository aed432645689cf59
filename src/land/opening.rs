//! Was a stream's pull request opened, and what did the command say?
//!
//! The plan's `open` runs once for each pull request. Its shell writes down how it ended, also when
//! nobody waits for it any more: a landing that died meanwhile is not followed by a second pull
//! request. The next one waits for the command where it still runs, and believes it where it has
//! succeeded.
//!
//! # Limits
//!
//! Where the command was cut off together with its landing, what it had printed decides: with an
//! address in it, the pull request is there.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::check::{Beat, Job, end_leftover, leftover_runs, run, tail};
use super::outcome::Ending;
use super::run::Run;
use super::{Error, derived};
use crate::git::{self, replace_file};
use crate::ledger::Review;
use crate::name::StreamName;
use crate::word;

/// For which pull request the command was started last.
const BEGUN: &str = "begun";
/// How it ended.
const STATUS: &str = "status";
/// What it printed.
const LOG: &str = "log";
/// How often one is looked at that an earlier landing has started.
const GLANCE: Duration = Duration::from_millis(20);
/// The most that is remembered of what it said, in characters.
const MOST: usize = 500;

/// Opens the pull request of a stream whose branch is pushed, unless that was done; answers what
/// the command has said.
pub(super) fn open(run_: &mut Run<'_>, stream: &StreamName) -> Result<Option<String>, Error> {
    let repo = run_.workspace.repo;
    let place = repo.private("opening").join(stream.as_str());
    let key = key(run_, stream);
    if let Some(text) = earlier(run_, &place, &key)? {
        run_.notes
            .push("an earlier landing has opened the pull request".to_owned());
        return Ok(said(&text));
    }
    fs::create_dir_all(&place).map_err(git::Error::file("create", &place))?;
    drop(fs::remove_file(place.join(STATUS)));
    replace_file(&place.join(BEGUN), key.as_bytes(), 0o644)?;
    let plan = &run_.workspace.plan;
    let command = filled(&plan.land.open, stream, &run_.workspace.base.branch);
    let top = repo.main_top().unwrap_or_else(|| repo.common_dir());
    let job = Job {
        what: "open",
        command: &command,
        top,
        admin: &place,
        streams: derived::names(std::slice::from_ref(stream)),
        log: place.join(LOG),
        tells: Some(place.join(STATUS)),
        limit: plan.land.timeout.unsigned_abs(),
    };
    let ran = run(&job, &run_.signals, &mut *run_.tell)?;
    if ran.ending == Ending::Passed || is_there_already(&ran.tail) {
        return Ok(said(&ran.tail));
    }
    Err(Error::NotOpened {
        stream: stream.clone(),
        how: ran.ending.how(ran.status, ran.seconds),
        said: said(&ran.tail).unwrap_or_else(|| "nothing".to_owned()),
        log: job.log,
        command,
    })
}

/// The ledger knows of it by now.
pub(super) fn forget(run: &Run<'_>, stream: &StreamName) {
    let place = run.workspace.repo.private("opening").join(stream.as_str());
    for name in [BEGUN, STATUS] {
        drop(fs::remove_file(place.join(name)));
    }
}

/// Which pull request it is: what the ledger knows of the one before it changes when it is told of
/// this one.
fn key(run: &Run<'_>, stream: &StreamName) -> String {
    let record = run.workspace.state.stream(stream);
    let round = record.map_or(1, |record| record.round);
    let before = record.and_then(|record| record.review.as_ref());
    let before = before.map(
        |Review {
             head,
             since,
             closed,
             ..
         }| format!("{head} {since} {closed:?}"),
    );
    format!("{round} {}\n", before.unwrap_or_default())
}

/// What the command has printed that a landing which died had started, if it has opened the pull
/// request.
fn earlier(run: &mut Run<'_>, place: &Path, key: &str) -> Result<Option<String>, Error> {
    let begun = fs::read_to_string(place.join(BEGUN)).unwrap_or_default();
    if begun != key {
        return Ok(None);
    }
    if leftover_runs(place) {
        (run.tell)(Beat::Waits {
            what: "the command that opens the pull request still runs, begun by a landing that \
                   was cut off"
                .to_owned(),
        });
    }
    let (since, limit) = (
        Instant::now(),
        run.workspace.plan.land.timeout.unsigned_abs(),
    );
    while leftover_runs(place) {
        if run.signals.came() {
            let command = run.workspace.plan.land.open.clone();
            return Err(Error::Interrupted { command });
        }
        if since.elapsed() > limit {
            break;
        }
        std::thread::sleep(GLANCE);
    }
    end_leftover(place);
    let log = place.join(LOG);
    let text = if log.exists() {
        tail(&log)?
    } else {
        String::new()
    };
    let status = fs::read_to_string(place.join(STATUS)).ok();
    let is_open = match status.as_deref().map(str::trim) {
        Some("0") => true,
        Some(_) => is_there_already(&text),
        None => is_there_already(&text) || text.lines().any(has_address),
    };
    Ok(is_open.then_some(text))
}

/// The command with the names in their places.
fn filled(command: &str, stream: &StreamName, base: &str) -> String {
    let (branch, base) = (word::quoted(&stream.branch()), word::quoted(base));
    command
        .replace("{branch}", &branch)
        .replace("{base}", &base)
        .replace("{stream}", &word::quoted(stream.as_str()))
}

/// Whether it has failed because there is a pull request of this branch: as `gh pr create` and
/// `glab mr create` say it.
fn is_there_already(text: &str) -> bool {
    let text = text.to_lowercase();
    let request = ["pull request", "merge request"];
    text.contains("already exists") && request.iter().any(|word| text.contains(word))
}

/// The last address that it has printed, or its last line.
fn said(text: &str) -> Option<String> {
    let lines = || text.lines().rev().map(str::trim);
    let line = lines().find(|line| has_address(line));
    let line = line.or_else(|| lines().find(|line| !line.is_empty()))?;
    Some(word::one_line(line).chars().take(MOST).collect())
}

fn has_address(line: &str) -> bool {
    line.contains("://")
}

#[cfg(test)]
mod tests {
    use super::{filled, is_there_already, said};

    #[test]
    fn the_names_are_put_into_their_places() {
        let stream = "api".parse().unwrap();
        let command = filled("open {branch} --base {base} -t {stream}", &stream, "a b");
        assert_eq!(command, "open stream/api --base 'a b' -t api");
    }

    #[test]
    fn what_counts_is_the_address() {
        let gh = "Warning: 1 uncommitted change\n\nhttps://example.com/pull/7\n";
        assert_eq!(said(gh).as_deref(), Some("https://example.com/pull/7"));
        assert_eq!(said("one\ntwo\n\n").as_deref(), Some("two"));
        assert_eq!(said(" \n"), None);
    }

    #[test]
    fn one_that_is_open_already_is_open() {
        let gh = "a pull request for branch \"stream/api\" into branch \"main\" already exists:\n\
                  https://example.com/pull/7\n";
        assert!(is_there_already(gh));
        assert!(is_there_already(
            "Another open merge request already exists for this source branch: !12"
        ));
        assert!(!is_there_already("fatal: destination path already exists"));
    }
}
