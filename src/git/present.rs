//! What would a commit of everything in a worktree hold?
//!
//! Of the paths that are not committed, what `git add` would stage: git reads the files, so that
//! the filters, line ends and modes that are configured hold. It does so for an index of its own
//! with nothing but these paths in it, and its objects go to a [`Trial`]: neither the worktree's
//! index nor the repository is touched.
//!
//! # Limits
//!
//! A repository inside the worktree that is no submodule of it is left out.

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice as _};
use gix::index::entry::{Flags, Mode, Stat};

use super::{Error, Leaf, Linked, Trial};

/// A path that is not committed, and what the last commit has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The path; that of a directory in which git knows nothing ends with `/`.
    pub path: BString,
    /// What is committed there.
    pub committed: Option<Leaf>,
}

impl Trial<'_> {
    /// What a commit of these paths would record in a worktree, for each of them; `None` where
    /// nothing is there any more.
    pub fn present(
        &self,
        linked: &Linked,
        pending: &[Pending],
    ) -> Result<BTreeMap<BString, Option<Leaf>>, Error> {
        let directory = tempfile::tempdir()
            .map_err(Error::file("make a directory in", std::env::temp_dir()))?;
        let index = directory.path().join("index");
        let (directories, files): (Vec<&Pending>, Vec<&Pending>) =
            pending.iter().partition(|one| one.path.ends_with(b"/"));
        let mut found: BTreeMap<BString, Option<Leaf>> =
            files.iter().map(|one| (one.path.clone(), None)).collect();
        let inside = self.files_in(linked, &directories)?;
        found.extend(inside.into_iter().map(|path| (path, None)));
        self.write_index(&index, &files)?;
        let mut input = Vec::new();
        for path in found.keys() {
            input.extend_from_slice(path);
            input.push(0);
        }
        self.call_in(&linked.top)
            .env("GIT_INDEX_FILE", &index)
            .args(["-c", "core.fsmonitor=false", "-c", "core.splitIndex=false"])
            .args(["update-index", "-z", "--add", "--remove", "--replace"])
            .arg("--stdin")
            .run_with_input(&input)?;
        for change in self.repo().diff_index(&index, None)? {
            found.insert(change.path, change.new);
        }
        Ok(found)
    }

    /// The files below directories in which git knows nothing, as `git add` would find them.
    fn files_in(&self, linked: &Linked, directories: &[&Pending]) -> Result<Vec<BString>, Error> {
        if directories.is_empty() {
            return Ok(Vec::new());
        }
        let mut call = self
            .call_in(&linked.top)
            .args(["--literal-pathspecs", "ls-files", "-z", "--others"])
            .args(["--exclude-standard", "--"]);
        for directory in directories {
            call = call.arg(directory.path.to_os_str_lossy());
        }
        let output = call.run()?;
        let paths = output.stdout.split_str("\0");
        Ok(paths
            .filter(|path| !path.is_empty() && !path.ends_with(b"/"))
            .map(BString::from)
            .collect())
    }

    /// An index that holds what is committed at these paths: where line ends are converted, git
    /// looks at them.
    fn write_index(&self, index: &std::path::Path, files: &[&Pending]) -> Result<(), Error> {
        let mut state = gix::index::State::new(self.repo().null_id().kind());
        for one in files {
            let Some(Leaf { mode, id }) = one.committed else {
                continue;
            };
            let mode = Mode::from_bits_truncate(mode);
            let path = one.path.as_bstr();
            state.dangerously_push_entry(Stat::default(), id, Flags::empty(), mode, path);
        }
        state.sort_entries();
        let failed = |source: gix::Error| Error::Object {
            attempt: "write",
            what: format!("the index '{}'", index.display()),
            source: source.into(),
        };
        gix::index::File::from_state(state, index)
            .write(gix::index::write::Options::default())
            .map_err(failed)
    }
}
