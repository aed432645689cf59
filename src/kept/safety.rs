//! Which refs lead to what a command has left behind?

use jiff::Timestamp;

use super::{read_stamp, stamp};
use crate::git::{Error, Id, Repo};
use crate::ledger::{OpId, RefMove};
use crate::name::StreamName;

/// Where they are.
const BELOW: &str = "refs/stream/kept/";
/// The most that one operation makes.
const MOST: usize = 100;

/// A ref that is there only so that its commit is not lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafetyRef {
    /// The full name.
    pub name: String,
    /// What it leads to.
    pub commit: Id,
    /// Whose work it is.
    pub stream: StreamName,
    /// When it was made, and by which operation; `None` where the name does not say.
    pub made: Option<(Timestamp, OpId)>,
}

/// The name of the n-th safety ref of an operation: `refs/stream/kept/<stream>/<time>-<op>-<n>`.
pub fn name(stream: &StreamName, at: Timestamp, op: &OpId, number: usize) -> String {
    format!("{BELOW}{stream}/{}-{op}-{number}", stamp(at))
}

/// New safety refs for those of these commits that neither one of `known` nor a safety ref of the
/// stream leads to. What is no commit needs none.
pub fn keep(
    repo: &Repo,
    stream: &StreamName,
    (at, op): (Timestamp, &OpId),
    commits: impl IntoIterator<Item = Id>,
    known: &[Id],
) -> Result<Vec<RefMove>, Error> {
    let mut commits = commits.into_iter().peekable();
    if commits.peek().is_none() {
        return Ok(Vec::new());
    }
    let mut known = known.to_vec();
    let there = repo.refs_below(&format!("{BELOW}{stream}/"))?;
    // Whatever else is kept there may go at any moment, as uncommitted work does that is put back.
    let there = there.into_iter().filter_map(read);
    known.extend(there.filter(|one| one.made.is_some()).map(|one| one.commit));
    let mut kept = Vec::new();
    for id in commits {
        if kept.len() == MOST {
            break;
        }
        if repo.commit(id).is_err() || repo.commits_between(&[id], &known)?.is_empty() {
            continue;
        }
        known.push(id);
        kept.push(RefMove {
            name: name(stream, at, op, kept.len() + 1),
            old: None,
            new: Some(id),
        });
    }
    Ok(kept)
}

/// Every safety ref, the oldest of each stream first.
pub fn safety_refs(repo: &Repo) -> Result<Vec<SafetyRef>, Error> {
    let all = repo.refs_below(BELOW)?;
    Ok(all.into_iter().filter_map(read).collect())
}

fn read((name, commit): (String, Id)) -> Option<SafetyRef> {
    let (stream_name, last) = name.strip_prefix(BELOW)?.split_once('/')?;
    let stream = stream_name.parse().ok()?;
    let mut parts = last.splitn(3, '-');
    let at = parts.next().and_then(read_stamp);
    let op = parts.next().and_then(OpId::parse);
    let made = at.zip(op);
    // A ledger that gave way to another one is kept beside the streams.
    if made.is_none() && stream_name == "ledger" {
        return None;
    }
    Some(SafetyRef {
        name,
        commit,
        stream,
        made,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{name, read};
    use crate::git::Id;
    use crate::ledger::OpId;

    #[test]
    fn a_name_says_whose_when_and_by_what() {
        let (stream, op) = ("a-1".parse().unwrap(), OpId::new());
        let at: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let name = name(&stream, at, &op, 12);
        assert_eq!(
            name,
            format!("refs/stream/kept/a-1/20260102T030405Z-{op}-12")
        );
        let id = Id::from_bytes_or_panic(&[1; 20]);
        let found = read((name, id)).unwrap();
        assert_eq!((found.stream, found.made), (stream, Some((at, op))));
        let other = read(("refs/stream/kept/a/by-hand".to_owned(), id)).unwrap();
        assert_eq!(other.made, None);
        assert_eq!(read(("refs/stream/kept/x".to_owned(), id)), None);
    }
}
