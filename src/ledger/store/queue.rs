//! Which requests of this machine wait for the remote's word, and what was it?
//!
//! A request that must be acknowledged lies in the queue as a file. Whoever holds the pusher's lock
//! takes all that lie there along, and puts each answer beside its request. The process that asked
//! reads it; a file whose process has died is thrown away unanswered, since nobody was told.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::git::{self, Id, Repo, replace_file};
use crate::ledger::error::Error;
use crate::ledger::operation::{OpId, is_running};
use crate::ledger::request::Request;

/// A request in the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ticket {
    path: PathBuf,
    pub(super) request: Request,
}

/// What the pusher has said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is on the ledger, as this commit.
    Written(Id),
    /// It is not on the ledger. Its own process finds out why, on the state as it is now.
    No,
    /// A ref that moves with it, here or on the remote, was not where it had to be.
    Moved(String),
    /// The remote does not take a ref that moves with it: which, and why, in its words.
    Unwanted(String, String),
    /// The remote cannot move what it publishes together with the ledger.
    NotAtomic,
}

impl Ticket {
    /// Queues a request.
    pub(super) fn put(repo: &Repo, request: &Request) -> Result<Ticket, Error> {
        let name = format!("{}-{}.json", request.op, OpId::new());
        let path = repo.private("queue").join(name);
        let text = serde_json::to_vec(request).expect("a request is plain data");
        replace_file(&path, &text, 0o644)?;
        Ok(Ticket {
            path,
            request: request.clone(),
        })
    }

    /// Whether nobody has answered yet.
    pub(super) fn waits(&self) -> bool {
        self.path.exists()
    }

    /// Queues it again, where it was thrown away unanswered: what a dead operation had asked for is
    /// put to the ledger by another process, and is taken for a dead one's. Only for the pusher.
    pub(super) fn insist(&self) -> Result<(), Error> {
        if self.waits() || self.answered().exists() {
            return Ok(());
        }
        let text = serde_json::to_vec(&self.request).expect("a request is plain data");
        Ok(replace_file(&self.path, &text, 0o644)?)
    }

    /// Answers it.
    pub(super) fn answer(&self, answer: &Answer) -> Result<(), Error> {
        let text = match answer {
            Answer::Written(commit) => format!("written {commit}"),
            Answer::No => "no".to_owned(),
            Answer::Moved(name) => format!("moved {name}"),
            Answer::Unwanted(name, why) => format!("unwanted {name} {why}"),
            Answer::NotAtomic => "not-atomic".to_owned(),
        };
        replace_file(&self.answered(), text.as_bytes(), 0o644)?;
        remove(&self.path)
    }

    /// Takes the answer out of the queue.
    pub(super) fn take_answer(&self, repo: &Repo) -> Result<Answer, Error> {
        let path = self.answered();
        let text = fs::read_to_string(&path).map_err(git::Error::file("read", &path))?;
        remove(&path)?;
        let answer = match text.split_once(' ') {
            Some(("written", hex)) => repo.parse_id(hex).map(Answer::Written),
            Some(("moved", name)) => Some(Answer::Moved(name.to_owned())),
            Some(("unwanted", rest)) => {
                let (name, why) = rest.split_once(' ').unwrap_or((rest, ""));
                Some(Answer::Unwanted(name.to_owned(), why.to_owned()))
            }
            _ => match text.as_str() {
                "no" => Some(Answer::No),
                "not-atomic" => Some(Answer::NotAtomic),
                _ => None,
            },
        };
        answer.ok_or_else(|| Error::Unreadable {
            file: path.display().to_string(),
            source: format!("{text:?} is no answer").into(),
        })
    }

    /// Takes it out of the queue unanswered.
    pub(super) fn withdraw(&self) -> Result<(), Error> {
        remove(&self.path)
    }

    fn answered(&self) -> PathBuf {
        self.path.with_extension("answer")
    }
}

/// Everything that waits: the pusher's own first, then the others.
///
/// Requests that this program cannot decide are left for one that can.
pub(super) fn waiting(
    repo: &Repo,
    own: Option<&Ticket>,
    decides: &dyn Fn(&Request) -> bool,
) -> Result<Vec<Ticket>, Error> {
    let directory = repo.private("queue");
    let mut tickets: Vec<Ticket> = own.cloned().into_iter().collect();
    let entries = match fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(tickets),
        Err(error) => return Err(git::Error::file("read", &directory)(error).into()),
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    for path in paths {
        if own.is_some_and(|own| own.path == path)
            || path.extension().is_none_or(|end| end != "json")
        {
            continue;
        }
        // One that vanishes, or is not whole, is not this process's to judge.
        let Some(request) = parse(&path) else {
            continue;
        };
        if !is_running(repo, request.op.as_str())? {
            remove(&path)?;
        } else if decides(&request) {
            tickets.push(Ticket { path, request });
        }
    }
    Ok(tickets)
}

fn parse(path: &Path) -> Option<Request> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(git::Error::file("remove", path)(error).into()),
    }
}
