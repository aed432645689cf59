//! What is in the object database, and how is something put there?
//!
//! Objects are written in process. They are flushed to disk before a ref may point at them
//! ([`Repo::flush`]): git itself flushes neither by default, and an empty object behind a ref is
//! what power cuts leave.

use std::cell::RefCell;
use std::fs::File;

use bstr::{BStr, BString, ByteSlice as _};
use gix::hash::oid;
use gix::objs::{Data, Find, Kind, Write as _};

use super::between::between;
use super::recent::Recent;
use super::{Error, Id, Repo, loose};

/// A commit, in the parts that are needed here; bytes are as git stores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its tree.
    pub tree: Id,
    /// Its parents, first parent first.
    pub parents: Vec<Id>,
    /// `Name <mail> seconds +zone`.
    pub author: BString,
    /// `Name <mail> seconds +zone`.
    pub committer: BString,
    /// The encoding of the message, where it says one.
    pub encoding: Option<BString>,
    /// The message.
    pub message: BString,
}

impl Commit {
    /// The first line of the message.
    pub fn subject(&self) -> &BStr {
        self.message.lines().next().unwrap_or_default().as_bstr()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("tree {}\n", self.tree).into_bytes();
        for parent in &self.parents {
            bytes.extend(format!("parent {parent}\n").into_bytes());
        }
        for (key, value) in [("author", &self.author), ("committer", &self.committer)] {
            bytes.extend([key.as_bytes(), b" ", value, b"\n"].concat());
        }
        if let Some(encoding) = &self.encoding {
            bytes.extend([b"encoding ", encoding.as_slice(), b"\n"].concat());
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.message);
        bytes
    }
}

impl Repo {
    /// Reads an object of a kind that is expected, and makes sure that it is what its id says.
    pub(super) fn bytes(&self, id: Id, kind: Kind) -> Result<Vec<u8>, Error> {
        let bytes = self.stored_bytes(id, kind)?;
        match is_what_its_id_says(&id, kind, &bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(Error::Object {
                attempt: "read",
                what: format!("{kind} {id}"),
                source: error.into(),
            }),
        }
    }

    /// Reads an object of a kind that is expected, as it is stored: for what is judged again from
    /// the commit.
    pub(super) fn stored_bytes(&self, id: Id, kind: Kind) -> Result<Vec<u8>, Error> {
        let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| Error::Object {
            attempt: "read",
            what: format!("{kind} {id}"),
            source,
        };
        let mut object = self
            .gix
            .find_object(id)
            .map_err(|error| unreadable(error.into()))?;
        if object.kind != kind {
            return Err(unreadable(format!("it is a {}", object.kind).into()));
        }
        Ok(std::mem::take(&mut object.data))
    }

    /// Reads a commit.
    pub fn commit(&self, id: Id) -> Result<Commit, Error> {
        let known = self.commits.borrow().get(&id);
        let bytes = match known {
            Some(bytes) => bytes,
            None => {
                let bytes = self.bytes(id, Kind::Commit)?.into();
                self.commits.borrow_mut().keep(id, &bytes);
                bytes
            }
        };
        parse(&bytes, id.kind()).map_err(|source| Error::Object {
            attempt: "understand",
            what: format!("commit {id}"),
            source: source.into(),
        })
    }

    /// Reads a blob.
    pub fn blob(&self, id: Id) -> Result<Vec<u8>, Error> {
        self.bytes(id, Kind::Blob)
    }

    /// How many bytes a blob has, which may be more than anybody wants to read.
    pub fn blob_size(&self, id: Id) -> Result<u64, Error> {
        let header = self.gix.find_header(id).map_err(|error| Error::Object {
            attempt: "read",
            what: format!("blob {id}"),
            source: error.into(),
        })?;
        Ok(header.size())
    }

    /// Whether an object is there.
    pub fn has(&self, id: Id) -> bool {
        self.gix.has_object(id)
    }

    /// The id that a string of hex digits spells, if it has the length of this repository's ids.
    pub fn parse_id(&self, hex: &str) -> Option<Id> {
        let id = Id::from_hex(hex.as_bytes()).ok()?;
        (id.kind() == self.gix.object_hash()).then_some(id)
    }

    /// The id of all zeros: git's word for "does not exist".
    pub fn null_id(&self) -> Id {
        Id::null(self.gix.object_hash())
    }

    /// Writes a blob.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<Id, Error> {
        self.write(Kind::Blob, bytes)
    }

    /// Writes a commit.
    pub fn write_commit(&self, commit: &Commit) -> Result<Id, Error> {
        self.write(Kind::Commit, &commit.to_bytes())
    }

    pub(super) fn write(&self, kind: Kind, bytes: &[u8]) -> Result<Id, Error> {
        let unwritable = |source: Box<dyn std::error::Error + Send + Sync>| Error::Object {
            attempt: "write",
            what: format!("a {kind}"),
            source,
        };
        let id = gix::objs::compute_hash(self.gix.object_hash(), kind, bytes)
            .map_err(|error| unwritable(error.into()))?;
        // What is new is in no pack: to look for new packs each time would read their directory for
        // every object that is written.
        if !self.gix.objects.exists_without_refresh(&id) {
            if bytes.len() <= loose::SMALL {
                let objects = self.gix.objects.store_ref().path();
                loose::write(objects, kind, bytes, id).map_err(|error| unwritable(error.into()))?;
                self.unflushed.borrow_mut().push(id);
                return Ok(id);
            }
            self.gix
                .objects
                .write_buf_with_known_id(kind, bytes, id)
                .map_err(|error| unwritable(error.into()))?;
            self.unflushed.borrow_mut().push(id);
        }
        Ok(id)
    }

    /// Flushes what was written to disk, so that a ref may point at it.
    pub fn flush(&self) -> Result<(), Error> {
        for id in self.unflushed.borrow_mut().drain(..) {
            let hex = id.to_string();
            let (directory, file) = hex.split_at(2);
            let path = self.common_dir().join("objects").join(directory).join(file);
            // Packed meanwhile by a gc, which flushes its packs: nothing is left to do.
            if let Ok(file) = File::open(&path) {
                file.sync_all().map_err(Error::file("flush", &path))?;
            }
        }
        Ok(())
    }

    fn checked(&self) -> Checked<'_> {
        Checked {
            objects: &self.gix.objects,
            commits: &self.commits,
        }
    }

    /// The best common ancestors of one commit and a merge of the others, as
    /// `git merge-base --all one others…` has them.
    pub fn merge_bases(&self, one: Id, others: &[Id]) -> Result<Vec<Id>, Error> {
        let objects = self.checked();
        let mut graph = gix::revwalk::Graph::new(&objects, None);
        let found = self
            .gix
            .merge_bases_many_with_graph(one, others, &mut graph)
            .map_err(|source| Error::Object {
                attempt: "compare",
                what: format!("the history of {one}"),
                source: source.into(),
            })?;
        Ok(found.into_iter().map(gix::Id::detach).collect())
    }

    /// Whether a commit is another one or one of its ancestors.
    pub fn is_ancestor(&self, old: Id, new: Id) -> Result<bool, Error> {
        Ok(old == new || self.merge_bases(old, &[new])?.contains(&old))
    }

    /// The commits that are reachable from `tips` and not from `hidden`, newest first.
    pub fn commits_between(&self, tips: &[Id], hidden: &[Id]) -> Result<Vec<Id>, Error> {
        between(&self.checked(), tips, hidden)
    }
}

/// Objects for a walk through history, each of which is what its id says.
///
/// Objects are files, and nothing but their hash says whose content they have: one with another
/// commit's content would lead the walk elsewhere, for as long as somebody looks.
struct Checked<'r> {
    objects: &'r gix::OdbHandle,
    commits: &'r RefCell<Recent>,
}

impl Find for Checked<'_> {
    fn try_find<'a>(
        &self,
        id: &oid,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<Data<'a>>, gix::Error> {
        let known = self.commits.borrow().get(&id.to_owned());
        if let Some(known) = known {
            buffer.clear();
            buffer.extend_from_slice(&known);
            return Ok(Some(Data::new(buffer, Kind::Commit, id.kind())));
        }
        let found = Find::try_find(self.objects, id, buffer)?;
        if let Some(data) = &found {
            is_what_its_id_says(id, data.kind, data.data).map_err(gix::Error::from_error)?;
            if data.kind == Kind::Commit {
                self.commits
                    .borrow_mut()
                    .keep(id.to_owned(), &data.data.into());
            }
        }
        Ok(found)
    }
}

/// An object whose content is another's.
#[derive(Debug, thiserror::Error)]
#[error("what is stored as {id} is another object, or damaged")]
pub(super) struct NotItself {
    id: Id,
}

pub(super) fn is_what_its_id_says(id: &oid, kind: Kind, content: &[u8]) -> Result<(), NotItself> {
    match gix::objs::compute_hash(id.kind(), kind, content) {
        Ok(hash) if *hash == *id => Ok(()),
        _ => Err(NotItself { id: id.to_owned() }),
    }
}

pub(super) fn parse(bytes: &[u8], hash: gix::hash::Kind) -> Result<Commit, gix::Error> {
    let commit = gix::objs::CommitRef::from_bytes(bytes, hash)?;
    Ok(Commit {
        tree: commit.tree(),
        parents: commit.parents().collect(),
        author: commit.author.to_owned(),
        committer: commit.committer.to_owned(),
        encoding: commit.encoding.map(ToOwned::to_owned),
        message: commit.message.to_owned(),
    })
}
