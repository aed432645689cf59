//! How are the objects of a push read before git has taken them in?
//!
//! While `pre-receive` runs, what was pushed lies in a directory of its own, which git names in the
//! environment together with the one where everything else is. Here both are listed as the
//! alternates of an empty object directory of ours, so that nothing is written to either. Refs and
//! configuration are those of the repository.
//!
//! # Limits
//!
//! The view takes a directory in `TMPDIR`. A process that is killed leaves that behind: two empty
//! directories and a file of two lines.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice as _};
use tempfile::TempDir;

use super::bases::keep_bases;
use super::{Error, Repo};

/// Where git puts what a push brings.
pub(super) const OWN: &str = "GIT_OBJECT_DIRECTORY";
/// Where all other objects are.
const OTHERS: &str = "GIT_ALTERNATE_OBJECT_DIRECTORIES";

/// A repository that something is being pushed to.
pub struct Receiving {
    repo: Repo,
    /// Read again when an object is not found: it has to live as long as the repository.
    _view: Option<TempDir>,
}

impl Receiving {
    /// The repository for which git has started us as a hook.
    pub fn here() -> Result<Receiving, Error> {
        let mut repo = Repo::here()?;
        let Some(own) = std::env::var_os(OWN) else {
            return Ok(Receiving { repo, _view: None });
        };
        let mut places = vec![PathBuf::from(own), repo.common_dir().join("objects")];
        places.extend(listed(&std::env::var_os(OTHERS).unwrap_or_default()));
        let place = std::env::temp_dir();
        let view = view(&place, "git-stream-receive-", &places)
            .map_err(Error::file("look into a push from", place))?;
        repo.read_objects_at(view.path())?;
        Ok(Receiving {
            repo,
            _view: Some(view),
        })
    }

    /// The repository, with the objects of the push.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }
}

impl Repo {
    pub(super) fn read_objects_at(&mut self, directory: &Path) -> Result<(), Error> {
        let hash = self.gix.object_hash();
        // Without a table of replacements: objects are what their id says.
        let odb = gix::odb::at(directory, hash).map_err(Error::file("open", directory))?;
        self.gix.objects = gix::odb::memory::Proxy::from(odb).with_write_passthrough();
        self.gix.object_cache_size_if_unset(4 * 1024 * 1024);
        keep_bases(&mut self.gix.objects);
        Ok(())
    }
}

/// An empty object directory in a place, with these as its alternates.
pub(super) fn view(at: &Path, prefix: &str, places: &[PathBuf]) -> std::io::Result<TempDir> {
    let view = tempfile::Builder::new().prefix(prefix).tempdir_in(at)?;
    let info = view.path().join("info");
    std::fs::create_dir(&info)?;
    let real: Result<BTreeSet<PathBuf>, _> = places.iter().map(|at| at.canonicalize()).collect();
    let mut lines = Vec::new();
    for place in real? {
        lines.extend(quoted(place.as_os_str()));
        lines.push(b'\n');
    }
    File::create_new(info.join("alternates"))?.write_all(&lines)?;
    Ok(view)
}

/// A path as a line of `info/alternates` that can hold any.
fn quoted(path: &OsStr) -> Vec<u8> {
    let mut line = vec![b'"'];
    for byte in path.as_bytes() {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', *byte]),
            b'\n' => line.extend(b"\\n"),
            _ => line.push(*byte),
        }
    }
    line.push(b'"');
    line
}

/// The paths of the variable: separated by colons, in double quotes where they hold one.
fn listed(value: &OsStr) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut rest = value.as_bytes().as_bstr();
    while !rest.is_empty() {
        let (path, after) = first(rest);
        if !path.is_empty() {
            paths.push(PathBuf::from(OsString::from_vec(path)));
        }
        rest = after;
    }
    paths
}

/// The first path, and what follows its colon.
fn first(list: &BStr) -> (Vec<u8>, &BStr) {
    if list.first() != Some(&b'"') {
        return match list.find_byte(b':') {
            Some(end) => (list[..end].to_vec(), list[end + 1..].as_bstr()),
            None => (list.to_vec(), b"".as_bstr()),
        };
    }
    let (mut path, mut bytes) = (Vec::new(), list.iter().enumerate().skip(1));
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return (path, list.get(at + 2..).unwrap_or_default().as_bstr()),
            b'\\' => match bytes.next() {
                Some((_, b'n')) => path.push(b'\n'),
                Some((_, other)) => path.push(*other),
                None => {}
            },
            other => path.push(*other),
        }
    }
    // Quotes that do not end are part of the path, as git has it.
    (list.to_vec(), b"".as_bstr())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::{listed, quoted};

    #[test]
    fn a_list_of_paths_is_read_as_git_writes_it() {
        let paths = |text: &str| listed(OsStr::new(text));
        assert!(paths("").is_empty());
        assert_eq!(paths("/a:/b c:"), [Path::new("/a"), Path::new("/b c")]);
        assert_eq!(
            paths(r#""/a:\"b\\":/c"#),
            [Path::new(r#"/a:"b\"#), Path::new("/c")]
        );
        assert_eq!(paths("\"/a:/b"), [Path::new("\"/a:/b")]);
    }

    #[test]
    fn a_path_is_one_line() {
        assert_eq!(quoted(OsStr::new("/a \"b\"\n#")), br#""/a \"b\"\n#""#);
    }
}
