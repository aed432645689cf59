//! What has this machine pushed of its streams, and what did the remote not want?

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use crate::git::{Error, Expect, Id, Move, Repo, replace_file};
use crate::name::StreamName;

/// What the remote did not want; one that cannot be read is as good as empty.
const FILE: &str = "unwanted.json";

/// Where the refs are that remember what this machine has pushed to a remote.
fn below(remote: &str) -> String {
    format!("refs/stream/remotes/{remote}/pushed/")
}

/// What this machine has pushed of each stream, the last time.
pub fn pushed(repo: &Repo, remote: &str) -> Result<BTreeMap<StreamName, Id>, Error> {
    let below = below(remote);
    let all = repo.refs_below(&below)?;
    let named = all.into_iter().filter_map(|(name, id)| {
        let stream = name.strip_prefix(&below)?.parse().ok()?;
        Some((stream, id))
    });
    Ok(named.collect())
}

/// Remembers what the remote has of a stream from this machine: `None` for nothing.
pub(super) fn remember(
    repo: &Repo,
    remote: &str,
    stream: &StreamName,
    tip: Option<Id>,
) -> Result<(), Error> {
    let name = format!("{}{stream}", below(remote));
    let from = repo.read_ref(&name)?;
    if from == tip {
        return Ok(());
    }
    let one = Move {
        name,
        from: Expect::from_read(from),
        to: tip,
    };
    repo.move_refs(&[one], "stream: pushed")
}

/// The tips that the remote did not want, and why: the same one is not offered again.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Unwanted(BTreeMap<StreamName, Offer>);

#[derive(Debug, Serialize, Deserialize)]
struct Offer {
    tip: String,
    why: String,
}

impl Unwanted {
    pub(super) fn read(repo: &Repo) -> Unwanted {
        let text = fs::read(repo.private(FILE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(super) fn has(&self, stream: &StreamName, tip: Id) -> bool {
        let hex = tip.to_string();
        self.0.get(stream).is_some_and(|known| known.tip == hex)
    }

    pub(super) fn note(&mut self, stream: &StreamName, tip: Id, why: &str) {
        let offer = Offer {
            tip: tip.to_string(),
            why: why.to_owned(),
        };
        self.0.insert(stream.clone(), offer);
    }

    pub(super) fn write(&self, repo: &Repo) -> Result<(), Error> {
        let text = serde_json::to_vec(self).expect("what was unwanted is plain data");
        replace_file(&repo.private(FILE), &text, 0o644)
    }
}
