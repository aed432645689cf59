//! How are files below a directory reached, so that no link leads away and no path is walked twice?
//!
//! Each directory is opened from the one above it, and a symbolic link is none. Paths that come
//! sorted find most of their directories open: looking at a file, or renaming it, costs the system
//! one name instead of a path from the root on.
//!
//! # Limits
//!
//! A directory that somebody moves away while it is open stays the one that was opened, wherever
//! it is by then. [`Below::forget`] looks anew.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::{Error, ErrorKind};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, Stat};
use rustix::fs::{openat, renameat, renameat_with, statat, unlinkat};

/// What an index notes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct About {
    pub(super) mode: u32,
    pub(super) dev: u64,
    pub(super) ino: u64,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) size: u64,
    /// Seconds and nanoseconds since 1970, of the last change to the file's record.
    pub(super) changed: (i64, i64),
    /// The same of the last change to its content.
    pub(super) written: (i64, i64),
}

impl From<&Metadata> for About {
    fn from(about: &Metadata) -> About {
        About {
            mode: about.mode(),
            dev: about.dev(),
            ino: about.ino(),
            uid: about.uid(),
            gid: about.gid(),
            size: about.size(),
            changed: (about.ctime(), about.ctime_nsec()),
            written: (about.mtime(), about.mtime_nsec()),
        }
    }
}

impl From<Stat> for About {
    fn from(about: Stat) -> About {
        About {
            mode: number(about.st_mode),
            dev: number(about.st_dev),
            ino: number(about.st_ino),
            uid: number(about.st_uid),
            gid: number(about.st_gid),
            size: number(about.st_size),
            changed: (number(about.st_ctime), number(about.st_ctime_nsec)),
            written: (number(about.st_mtime), number(about.st_mtime_nsec)),
        }
    }
}

/// A number of the system's, whose type is another one on each system.
fn number<From, To: TryFrom<From> + Default>(of: From) -> To {
    To::try_from(of).unwrap_or_default()
}

/// The files below a directory.
pub(super) struct Below {
    top: OwnedFd,
    way: RefCell<Way>,
}

/// The directories that are open, each with how much of the path leads to it.
#[derive(Default)]
struct Way {
    to: BString,
    open: Vec<(usize, OwnedFd)>,
}

impl Below {
    /// The files below `top`, to which links may lead.
    pub(super) fn of(top: &Path) -> Result<Below, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Below {
            top: openat(CWD, top, flags, Mode::empty())?,
            way: RefCell::default(),
        })
    }

    /// Looks at a file, or at a link itself.
    pub(super) fn about(&self, path: &BStr) -> Result<About, Error> {
        self.within(path, |directory, name| {
            statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        })
        .map(Into::into)
    }

    /// Whether directories lead to where a path is, all the way.
    pub(super) fn is_real(&self, path: &BStr) -> bool {
        self.within(path, |_, _| Ok(())).is_ok()
    }

    /// Removes a file.
    pub(super) fn remove(&self, path: &BStr) -> Result<(), Error> {
        self.within(path, |directory, name| {
            unlinkat(directory, name, AtFlags::empty())
        })
    }

    /// Puts a file in the place of one below another directory.
    pub(super) fn replace(&self, path: &BStr, other: &Below) -> Result<(), Error> {
        self.rename(path, other, |from, to, name| renameat(from, name, to, name))
    }

    /// Puts a file where there is none, below another directory.
    pub(super) fn put_new(&self, path: &BStr, other: &Below) -> Result<(), Error> {
        self.rename(path, other, |from, to, name| {
            match renameat_with(from, name, to, name, RenameFlags::NOREPLACE) {
                // A file system that cannot look and rename in one step.
                Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                    if statat(to, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
                        return Err(rustix::io::Errno::EXIST);
                    }
                    renameat(from, name, to, name)
                }
                done => done,
            }
        })
    }

    fn rename(
        &self,
        path: &BStr,
        other: &Below,
        act: impl FnOnce(BorrowedFd<'_>, BorrowedFd<'_>, &OsStr) -> rustix::io::Result<()>,
    ) -> Result<(), Error> {
        self.within(path, |from, name| {
            let done = other.within(path, |to, _| act(from, to, name));
            done.map_err(|error| {
                rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO)
            })
        })
    }

    /// Looks anew at every directory: they were made or removed meanwhile.
    pub(super) fn forget(&self) {
        self.way.take();
    }

    fn within<T>(
        &self,
        path: &BStr,
        act: impl FnOnce(BorrowedFd<'_>, &OsStr) -> rustix::io::Result<T>,
    ) -> Result<T, Error> {
        let (directory, name) = match path.rfind_byte(b'/') {
            Some(end) => (&path[..end], &path[end + 1..]),
            None => (BStr::new(""), path),
        };
        plain(name)?;
        let mut way = self.way.borrow_mut();
        way.lead(&self.top, directory.as_bstr())?;
        let directory = way.open.last().map_or(&self.top, |(_, open)| open);
        Ok(act(directory.as_fd(), OsStr::from_bytes(name))?)
    }
}

impl Way {
    fn lead(&mut self, top: &OwnedFd, directory: &BStr) -> Result<(), Error> {
        if self.to == directory {
            return Ok(());
        }
        // What the two have in common is open.
        let known = common(self.to.as_bstr(), directory);
        self.open.retain(|(end, _)| *end <= known);
        self.to.truncate(known);
        let ends = directory.find_iter("/").chain([directory.len()]);
        for end in ends.filter(|end| *end > known) {
            let begin = self.open.last().map_or(0, |(before, _)| before + 1);
            let name = plain(&directory[begin..end])?;
            let above = self.open.last().map_or(top, |(_, open)| open);
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let open = openat(above, name, flags, Mode::empty())?;
            self.open.push((end, open));
            self.to = directory[..end].into();
        }
        Ok(())
    }
}

/// The length of the directory that both lie in, or are.
fn common(one: &BStr, other: &BStr) -> usize {
    let same = one.iter().zip(other.iter());
    let same = same.take_while(|(a, b)| a == b).count();
    let is_whole = |path: &BStr| path.get(same).is_none_or(|next| *next == b'/');
    if is_whole(one) && is_whole(other) {
        return same;
    }
    one[..same].rfind_byte(b'/').unwrap_or(0)
}

/// A name that leads to nothing but what is in its directory.
fn plain(name: &[u8]) -> Result<&OsStr, Error> {
    if matches!(name, b"" | b"." | b"..") {
        return Err(ErrorKind::InvalidInput.into());
    }
    Ok(OsStr::from_bytes(name))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use bstr::{BStr, ByteSlice as _};

    use super::{About, Below, common};

    #[test]
    fn what_two_directories_have_in_common_ends_where_a_name_ends() {
        let of = |one: &str, other: &str| common(BStr::new(one), BStr::new(other));
        assert_eq!(of("", "a/b"), 0);
        assert_eq!(of("a/b", ""), 0);
        assert_eq!(of("a/b", "a/b"), 3);
        assert_eq!(of("a/b", "a/b/c"), 3);
        assert_eq!(of("a/b/c", "a/b"), 3);
        assert_eq!(of("a/bc", "a/b"), 1);
        assert_eq!(of("a/b", "a/bc"), 1);
        assert_eq!(of("ab", "a"), 0);
    }

    #[test]
    fn a_file_is_seen_as_by_its_path_and_through_no_link() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir_all(at("top/a/b")).unwrap();
        fs::create_dir(at("outside")).unwrap();
        for file in ["top/a/b/one", "top/a/two", "top/three", "outside/four"] {
            fs::File::create(at(file)).unwrap();
        }
        symlink(at("outside"), at("top/a/link")).unwrap();
        let below = Below::of(&at("top")).unwrap();
        for path in ["a/b/one", "a/two", "three", "a/link", "a/b"] {
            let metadata = fs::symlink_metadata(at("top").join(path)).unwrap();
            let found = below.about(BStr::new(path)).unwrap();
            assert_eq!(found, About::from(&metadata), "{path}");
        }
        for path in [
            "a/link/four",
            "a/b/one/x",
            "a/../three",
            "../outside/four",
            "",
            "a/",
        ] {
            assert!(below.about(path.as_bytes().as_bstr()).is_err(), "{path}");
        }
        assert!(below.is_real(BStr::new("a/new")));
        assert!(!below.is_real(BStr::new("a/link/new")));
        assert!(!below.is_real(BStr::new("new/new")));
    }

    #[test]
    fn a_file_takes_the_place_of_another_but_a_new_one_only_a_free_place() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        for top in [&from, &to] {
            fs::create_dir_all(top.join("a")).unwrap();
            fs::File::create(top.join("a/x")).unwrap();
        }
        let ino = |below: &Below| below.about(BStr::new("a/x")).unwrap().ino;
        let (from, to) = (Below::of(&from).unwrap(), Below::of(&to).unwrap());
        let (new, path) = (ino(&from), BStr::new("a/x"));
        assert!(from.put_new(path, &to).is_err());
        from.replace(path, &to).unwrap();
        assert_eq!(ino(&to), new);
        to.put_new(path, &from).unwrap();
        assert_eq!(ino(&from), new);
        from.remove(path).unwrap();
        assert!(from.about(path).is_err());
    }

    #[test]
    fn a_directory_that_was_made_anew_is_found_after_a_new_look() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("a");
        fs::create_dir(&place).unwrap();
        let below = Below::of(directory.path()).unwrap();
        assert!(below.is_real(BStr::new("a/x")));
        fs::remove_dir(&place).unwrap();
        fs::create_dir(&place).unwrap();
        fs::File::create(place.join("x")).unwrap();
        assert!(below.about(BStr::new("a/x")).is_err());
        below.forget();
        assert!(below.about(BStr::new("a/x")).is_ok());
    }
}
