//! How are a few files of a large worktree rewritten without a look at all the others?
//!
//! `git read-tree -m -u` walks both trees and the whole index, and writes all of it anew. Here git
//! is given an index that holds only the files that are to be written, and writes them, with the
//! user's filters and line ends, into a directory beside the index. What fails there has touched
//! nothing. Then each file is looked at once more and replaced by a rename, so that everybody sees
//! the old content or the new one; and what is known of them takes the place of the old entries in
//! the index.
//!
//! # Limits
//!
//! Where anything is out of the ordinary the long way is taken: submodules, attributes that change
//! or that somebody has edited, a sparse checkout, a split or sparse index, names without regard to
//! case, filters that take many files at once, a worktree on another file system than its admin
//! directory. The user's post-index-change hook is not run.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bstr::{BStr, ByteSlice as _};

use super::below::{About, Below};
use super::history::os;
use super::index::{Look, entry_of, small_index};
use super::{Change, Differences, Error, GITLINK, IndexHold, Leaf, Lock, Repo};

impl Repo {
    /// Whether this can be done here, as far as the configuration goes.
    fn writes_plainly(&self) -> bool {
        let is_set = |key| self.config_bool(key) == Some(true);
        !is_set("core.ignoreCase") && !is_set("core.sparseCheckout") && !self.has_filter_process()
    }
}

impl IndexHold<'_> {
    /// Brings files and index along these differences; `false` where nothing was touched, because
    /// [`IndexHold::go`] has to do it. `is_untouched` where they were seen to be as committed just
    /// now, and are looked at once more only when each of them is replaced.
    ///
    /// After an error nothing is known about the files until [`IndexHold::settle`] has run.
    pub fn go_quickly(
        &mut self,
        differences: &Differences,
        is_untouched: bool,
        operation: &Lock,
    ) -> Result<bool, Error> {
        let Differences {
            changes,
            directories,
        } = differences;
        let (repo, top) = (self.repo, self.linked.top.clone());
        let is_gitlink = |leaf: Option<Leaf>| leaf.is_some_and(|leaf| leaf.mode == GITLINK);
        let is_plain = repo.writes_plainly()
            && !changes
                .iter()
                .any(|one| is_gitlink(one.old) || is_gitlink(one.new))
            && changes.iter().all(Change::is_fit)
            && is_same_file_system(&top, &self.linked.git_dir);
        if !is_plain {
            return Ok(false);
        }
        let linked = self.linked.clone();
        let entries = repo.look(&linked, |look| {
            if !look.is_ready(differences, is_untouched) {
                return Ok(None);
            }
            self.write_aside(changes, operation)?;
            self.is_settled = false;
            self.put(look, changes).map(Some)
        })?;
        let Some(entries) = entries.transpose()?.flatten() else {
            return Ok(false);
        };
        let spliced = repo.splice(&self.index, (changes, &entries), directories)?;
        let spliced = spliced.ok_or_else(|| meanwhile(&self.index))?;
        new_file(&self.copy, &spliced)?;
        fs::rename(&self.copy, &self.index).map_err(Error::file("replace", &self.index))?;
        self.is_settled = true;
        Ok(true)
    }

    /// Puts what was written aside where it belongs; answers what the index says of it.
    fn put(&self, look: &Look<'_>, changes: &[Change]) -> Result<Vec<Vec<u8>>, Error> {
        let place = &self.staged;
        let staged = Below::of(place).map_err(Error::file("open", place))?;
        let written = changes.iter().map(|change| about(&staged, change));
        let written = written.collect::<Result<Vec<_>, _>>()?;
        put(look, (&self.linked.top, &staged), changes)?;
        look.below.forget();
        let noted = changes.iter().zip(written);
        let noted = noted.map(|(change, written)| note(&look.below, change, written));
        Ok(noted.collect())
    }

    /// Has git write what is new beside the index.
    fn write_aside(&self, changes: &[Change], operation: &Lock) -> Result<(), Error> {
        let written: Vec<(&BStr, Leaf)> = changes
            .iter()
            .filter_map(|change| Some((change.path.as_bstr(), change.new?)))
            .collect();
        drop(fs::remove_dir_all(&self.staged));
        fs::create_dir(&self.staged).map_err(Error::file("create", &self.staged))?;
        if written.is_empty() {
            return Ok(());
        }
        let part = small_index(&written, self.repo.null_id().kind())?;
        new_file(&self.part, &part)?;
        self.repo
            .call_in(&self.linked.top)
            .env("GIT_INDEX_FILE", &self.part)
            .args(["checkout-index", "--all", "--quiet"])
            .arg(format!("--prefix={}/", self.staged.display()))
            .holding(operation)
            .run()?;
        Ok(())
    }
}

/// Takes the files away that are to go, and puts the new ones where they belong. What is not as it
/// was committed is nobody's to replace, and ends it.
fn put(look: &Look<'_>, (top, staged): (&Path, &Below), changes: &[Change]) -> Result<(), Error> {
    let place = |change: &Change| top.join(os(&change.path));
    let untouched = |change: &Change| match look.is_untouched(change) {
        Some(true) => Ok(()),
        _ => Err(meanwhile(&place(change))),
    };
    for change in changes.iter().filter(|change| change.new.is_none()) {
        untouched(change)?;
        let removed = look.below.remove(change.path.as_bstr());
        removed.map_err(|source| Error::file("remove", place(change))(source))?;
        let place = place(change);
        let above = place.ancestors().skip(1);
        for directory in above.take_while(|directory| *directory != top) {
            // Something is left in it.
            if fs::remove_dir(directory).is_err() {
                break;
            }
        }
    }
    look.below.forget();
    for change in changes.iter().filter(|change| change.new.is_some()) {
        let path = change.path.as_bstr();
        if change.old.is_some() {
            untouched(change)?;
            let replaced = staged.replace(path, &look.below);
            replaced.map_err(|source| Error::file("replace", place(change))(source))?;
            continue;
        }
        if !look.below.is_real(path) {
            if let Some(directory) = place(change).parent() {
                make_directories(top, directory)?;
            }
            look.below.forget();
            if !look.below.is_real(path) {
                return Err(meanwhile(&place(change)));
            }
        }
        untouched(change)?;
        let put = staged.put_new(path, &look.below);
        put.map_err(|source| Error::file("create", place(change))(source))?;
    }
    Ok(())
}

/// What git has written of a change; nothing where the file is to go.
fn about(staged: &Below, change: &Change) -> Result<Option<About>, Error> {
    if change.new.is_none() {
        return Ok(None);
    }
    let about = staged.about(change.path.as_bstr());
    about
        .map(Some)
        .map_err(Error::file("read", os(&change.path)))
}

/// What the index says of a file that was put where it belongs.
///
/// What somebody has written to since is their change: of it nothing is noted, so that git looks
/// into it.
fn note(below: &Below, change: &Change, written: Option<About>) -> Vec<u8> {
    let (Some(leaf), Some(written)) = (change.new, written) else {
        return Vec::new();
    };
    let path = change.path.as_bstr();
    let now = below.about(path).ok();
    entry_of(path, leaf, now.filter(|now| is_still(&written, now)))
}

/// Whether a file that was renamed is the same, with the same content.
fn is_still(written: &About, now: &About) -> bool {
    let of = |about: &About| (about.ino, about.size, about.written);
    of(written) == of(now)
}

/// Makes what is missing of a directory below `top`, and goes through no symbolic link.
fn make_directories(top: &Path, directory: &Path) -> Result<(), Error> {
    let above = directory.ancestors().take_while(|place| *place != top);
    let above: Vec<&Path> = above.collect();
    for place in above.into_iter().rev() {
        match fs::create_dir(place) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let is_real = fs::symlink_metadata(place).is_ok_and(|about| about.is_dir());
                if !is_real {
                    return Err(meanwhile(place));
                }
            }
            made => made.map_err(Error::file("create", place))?,
        }
    }
    Ok(())
}

/// Somebody was there after it was looked at.
fn meanwhile(place: &Path) -> Error {
    Error::file("replace", place)(std::io::Error::other("it was written to meanwhile"))
}

/// Writes a file that nobody reads yet; what a dead process has left of it goes first.
fn new_file(path: &Path, content: &[u8]) -> Result<(), Error> {
    drop(fs::remove_file(path));
    let file = File::create_new(path);
    file.and_then(|mut file| file.write_all(content))
        .map_err(Error::file("write", path))
}

fn is_same_file_system(one: &Path, other: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|about| about.dev());
    matches!((device(one), device(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{About, is_still, make_directories};

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "what an agent writes: it truncates"
    )]
    fn what_was_written_to_after_the_rename_is_another_content() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("staged"), "ours\n").unwrap();
        let about = |name: &str| About::from(&fs::symlink_metadata(at(name)).unwrap());
        let written = about("staged");
        fs::rename(at("staged"), at("place")).unwrap();
        let now = || about("place");
        assert!(is_still(&written, &now()));
        fs::write(at("place"), "theirs, in the same file\n").unwrap();
        assert!(!is_still(&written, &now()));
        fs::write(at("other"), "ours\n").unwrap();
        fs::rename(at("other"), at("place")).unwrap();
        assert!(!is_still(&written, &now()));
    }

    #[test]
    fn directories_are_made_through_no_link() {
        let directory = tempfile::tempdir().unwrap();
        let (top, outside) = (directory.path().join("top"), directory.path().join("out"));
        fs::create_dir_all(top.join("there")).unwrap();
        fs::create_dir(&outside).unwrap();
        symlink(&outside, top.join("link")).unwrap();
        let make = |below: &Path| make_directories(&top, &top.join(below)).is_ok();
        assert!(make(Path::new("there/a/b")));
        assert!(top.join("there/a/b").is_dir());
        assert!(!make(Path::new("link/a")));
        assert!(!outside.join("a").exists());
        assert!(make(Path::new("")));
    }
}
