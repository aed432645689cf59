//! How does the state look as files in the ledger's tree?
//!
//! ```text
//! format                  the format's number
//! base.toml               the base branch and its trusted commit
//! streams/<name>.toml     a stream and its claim
//! escalations/<id>.toml   an open question
//! archive/<name>/         what was archived with each landing; not part of the state
//! ```
//!
//! Files that are not known are kept as they are: another version may have put them there.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use bstr::BString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::Error;
use super::known::{Known, MANY};
use super::record::Stream;
use super::state::{State, Streams};
use crate::git::{Id, Leaf, Repo};
use crate::name::StreamName;

/// The newest format that is known.
pub(super) const FORMAT: u32 = 1;

/// Reads the state of a ledger commit.
pub(super) fn read(repo: &Repo, commit: Id) -> Result<State, Error> {
    let tree = repo.tree_of(commit)?;
    let known: Rc<Known> = repo.aside();
    if let Some(state) = known.state(tree) {
        return Ok(state);
    }
    check_format(repo, tree)?;
    let mut state = State::default();
    if let Some(bytes) = repo.blob_at(tree, "base.toml")? {
        state.base = Some(parse("base.toml", &bytes)?);
    }
    state.streams = streams(repo, tree, &known)?;
    known.save(repo, &state);
    for (file, blob) in repo.files_in(tree, "escalations")? {
        let path = format!("escalations/{file}");
        let Some(stem) = stem(&file) else { continue };
        state
            .escalations
            .insert(stem, parse(&path, &repo.blob(blob)?)?);
    }
    known.keep_state(tree, &state);
    Ok(state)
}

/// Reads the records of the streams, as far as they are not those that were read before.
fn streams(repo: &Repo, tree: Id, known: &Known) -> Result<Streams, Error> {
    let Some(tree) = repo.tree_at(tree, "streams")? else {
        return Ok(Streams::default());
    };
    let (before, mut streams) = match known.streams() {
        Some((before, streams)) => (Some(before), streams),
        None => (None, Streams::default()),
    };
    let changes = repo.diff_trees(before, Some(tree))?;
    if changes.len() >= MANY {
        known.load(repo);
    }
    for change in changes {
        // Directories are not known here.
        let Some(stem) = stem(&change.path).filter(|stem| !stem.contains('/')) else {
            continue;
        };
        let path = format!("streams/{}", change.path);
        let name: StreamName = stem.parse().map_err(|source| Error::Unreadable {
            file: path.clone(),
            source: Box::new(source),
        })?;
        match change.new {
            Some(Leaf { id, .. }) => {
                let record = match known.record(id) {
                    Some(record) => record,
                    None => known.keep_record(id, parse(&path, &repo.blob(id)?)?),
                };
                streams.insert(name, record);
            }
            None => drop(streams.remove(&name)),
        }
    }
    known.keep_streams(tree, &streams);
    Ok(streams)
}

/// Reads one stream of a ledger commit.
pub(super) fn read_stream(
    repo: &Repo,
    commit: Id,
    name: &StreamName,
) -> Result<Option<Stream>, Error> {
    let tree = repo.tree_of(commit)?;
    check_format(repo, tree)?;
    let path = format!("streams/{name}.toml");
    let blob = repo.blob_at(tree, path.as_str())?;
    blob.map(|bytes| parse(&path, &bytes)).transpose()
}

fn check_format(repo: &Repo, tree: Id) -> Result<(), Error> {
    let bytes = repo.blob_at(tree, "format")?.unwrap_or_default();
    let found = String::from_utf8_lossy(&bytes).trim().to_owned();
    match found.parse::<u32>() {
        Ok(FORMAT) => Ok(()),
        Ok(newer) if newer > FORMAT => Err(Error::Newer {
            found,
            known: FORMAT,
        }),
        _ => Err(Error::Unreadable {
            file: "format".to_owned(),
            source: format!("{found:?} is no format").into(),
        }),
    }
}

fn stem(file: &BString) -> Option<String> {
    file.to_string().strip_suffix(".toml").map(str::to_owned)
}

pub(super) fn parse<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, Error> {
    let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| Error::Unreadable {
        file: file.to_owned(),
        source,
    };
    let text = std::str::from_utf8(bytes).map_err(|error| unreadable(error.into()))?;
    toml::from_str(text).map_err(|error| unreadable(error.into()))
}

/// Writes the tree of the next state: only the files that have changed, and those that the event
/// puts beside the state.
pub(super) fn write(
    repo: &Repo,
    tree: Option<Id>,
    (before, after): (&State, &State),
    more: &[(String, String)],
) -> Result<Id, Error> {
    let mut edits = BTreeMap::new();
    for (name, content) in more {
        let blob = repo.write_blob(content.as_bytes())?;
        edits.insert(name.as_str().into(), Some(blob));
    }
    if tree.is_none() {
        let blob = repo.write_blob(format!("{FORMAT}\n").as_bytes())?;
        edits.insert("format".into(), Some(blob));
    }
    if before.base != after.base {
        edit(
            repo,
            &mut edits,
            "base.toml".to_owned(),
            after.base.as_ref(),
        )?;
    }
    for (name, one, other) in changed(&before.streams, &after.streams) {
        debug_assert!(one.is_some() || other.is_some());
        let other = other.map(Deref::deref);
        edit(repo, &mut edits, format!("streams/{name}.toml"), other)?;
    }
    for (id, _, other) in changed(&before.escalations, &after.escalations) {
        edit(repo, &mut edits, format!("escalations/{id}.toml"), other)?;
    }
    Ok(repo.write_tree_with(tree, &edits)?)
}

type Pair<'a, K, V> = (&'a K, Option<&'a V>, Option<&'a V>);

fn changed<'a, K: Ord, V: PartialEq>(
    before: &'a BTreeMap<K, V>,
    after: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = Pair<'a, K, V>> {
    let gone = before.iter().filter(|(key, _)| !after.contains_key(key));
    let gone = gone.map(|(key, old)| (key, Some(old), None));
    let here = after
        .iter()
        .map(|(key, new)| (key, before.get(key), Some(new)));
    here.filter(|(_, old, new)| old != new).chain(gone)
}

fn edit<T: Serialize>(
    repo: &Repo,
    edits: &mut BTreeMap<BString, Option<Id>>,
    path: String,
    record: Option<&T>,
) -> Result<(), Error> {
    let blob = match record {
        Some(record) => {
            let text = toml::to_string(record).map_err(|source| Error::Unreadable {
                file: path.clone(),
                source: Box::new(source),
            })?;
            Some(repo.write_blob(text.as_bytes())?)
        }
        None => None,
    };
    edits.insert(path.into(), blob);
    Ok(())
}
