//! Which changes break the rule?

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice as _};

use super::collision::Collisions;
use super::{Breach, Scope, Why};
use crate::git::{self, Change, GITLINK, Id, Leaf, Node, Repo, SYMLINK};

/// What the rule looks up beside the changes themselves.
pub trait Content {
    /// What the base's tree has directly inside a directory; `None` where there is none.
    /// The empty path is the top.
    fn list(&self, directory: &BStr) -> Result<Option<Rc<Listing>>, git::Error>;

    /// The text of a blob: a symlink's target.
    fn blob(&self, id: Id) -> Result<Vec<u8>, git::Error>;
}

/// What is directly inside a directory, by name.
pub type Listing = Vec<(BString, Node)>;

/// The tree of a commit in a repository, each directory read once.
pub struct TreeContent<'r> {
    repo: &'r Repo,
    tree: Id,
    read: RefCell<HashMap<BString, Option<Rc<Listing>>>>,
}

impl<'r> TreeContent<'r> {
    /// The base's tree.
    pub fn new(repo: &'r Repo, tree: Id) -> TreeContent<'r> {
        TreeContent {
            repo,
            tree,
            read: RefCell::default(),
        }
    }

    fn read(&self, directory: &BStr) -> Result<Option<Rc<Listing>>, git::Error> {
        if directory.is_empty() {
            return Ok(Some(Rc::new(self.repo.list(self.tree)?)));
        }
        let (parent, name) = directory.rsplit_once_str("/").unwrap_or((b"", directory));
        let Some(siblings) = self.list(parent.as_bstr())? else {
            return Ok(None);
        };
        let found = siblings.iter().find(|(other, _)| other.as_slice() == name);
        match found.map(|(_, node)| node) {
            Some(Node::Directory(tree)) => Ok(Some(Rc::new(self.repo.list(*tree)?))),
            Some(Node::Leaf(_)) | None => Ok(None),
        }
    }
}

impl Content for TreeContent<'_> {
    fn list(&self, directory: &BStr) -> Result<Option<Rc<Listing>>, git::Error> {
        if let Some(known) = self.read.borrow().get(directory) {
            return Ok(known.clone());
        }
        let listing = self.read(directory)?;
        self.read
            .borrow_mut()
            .insert(directory.to_owned(), listing.clone());
        Ok(listing)
    }

    fn blob(&self, id: Id) -> Result<Vec<u8>, git::Error> {
        // What is longer than any path may have any length.
        if self.repo.blob_size(id)? > LONGEST {
            return Err(git::Error::Object {
                attempt: "read",
                what: format!("the symlink {id}"),
                source: "its target is longer than any path".into(),
            });
        }
        self.repo.blob(id)
    }
}

/// The longest target of a symlink that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The changes that break the rule, in the order given; each path is named once, with the first
/// part of the rule that it breaks.
pub fn judge(
    scope: &Scope,
    changes: &[Change],
    base: &impl Content,
) -> Result<Vec<Breach>, git::Error> {
    let mut collisions = Collisions::new(changes, base);
    let mut breaches = Vec::new();
    for change in changes {
        if let Some(why) = why(scope, change, base, &mut collisions)? {
            let path = change.path.clone();
            breaches.push(Breach { path, why });
        }
    }
    Ok(breaches)
}

fn why<C: Content>(
    scope: &Scope,
    change: &Change,
    base: &C,
    collisions: &mut Collisions<'_, C>,
) -> Result<Option<Why>, git::Error> {
    let path = change.path.as_bstr();
    let refused = scope.refuses(path, change.old.is_none());
    if refused.is_some() {
        return Ok(refused);
    }
    if change.unmerged {
        return Ok(Some(Why::Unmerged));
    }
    let Some(new) = change.new else {
        return Ok(None);
    };
    if let Some(why) = kind_refused(scope, path, new, base)? {
        return Ok(Some(why));
    }
    if change.old.is_some() {
        return Ok(None);
    }
    let other = collisions.of(path)?;
    Ok(other.map(|other| Why::CaseCollision { other }))
}

/// Whether what is put there is of a kind that the plan's policy does not allow.
fn kind_refused(
    scope: &Scope,
    path: &BStr,
    new: Leaf,
    base: &impl Content,
) -> Result<Option<Why>, git::Error> {
    if new.mode == GITLINK {
        return Ok((!scope.policy.gitlinks).then_some(Why::Gitlink));
    }
    if new.mode != SYMLINK || scope.policy.symlinks_out {
        return Ok(None);
    }
    let target = BString::from(base.blob(new.id)?);
    let inside =
        lands_at(path, target.as_bstr()).is_some_and(|place| stays(scope, place.as_bstr()));
    Ok((!inside).then_some(Why::SymlinkOut { target }))
}

/// Where a symlink leads, by its text; `None` outside of the repository, and where the text does
/// not say it: what a name leads to may itself be a link, so `..` after it may lead anywhere.
fn lands_at(path: &BStr, target: &BStr) -> Option<BString> {
    if target.starts_with(b"/") {
        return None;
    }
    let directory = path.rsplit_once_str("/").map_or(&b""[..], |(dir, _)| dir);
    let is_name = |component: &&[u8]| !matches!(*component, b"" | b"." | b"..");
    let mut place: Vec<&[u8]> = directory.split_str("/").filter(is_name).collect();
    let mut is_certain = true;
    for component in target.split_str("/") {
        match component {
            b"" | b"." => {}
            b".." if is_certain => drop(place.pop()?),
            b".." => return None,
            name => {
                place.push(name);
                is_certain = false;
            }
        }
    }
    Some(place.join(&b'/').into())
}

/// Whether a symlink may lead there: to an owned path, or to a directory in which new files would
/// be the stream's.
fn stays(scope: &Scope, place: &BStr) -> bool {
    let below = if place.is_empty() {
        BString::from("git-stream-new-file")
    } else {
        [place.as_bytes(), b"/git-stream-new-file"].concat().into()
    };
    scope.owns(place) || scope.owns(below.as_bstr())
}
