//! What in a worktree is in no commit?

use std::path::Path;

use bstr::{BString, ByteSlice as _};

use super::{Error, Linked, Repo};

/// The files of a worktree that are in no commit. An ignored or untracked directory counts as one,
/// its name ending with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unclean {
    /// Those that are changed, staged or untracked.
    pub changed: Vec<BString>,
    /// Those that git was told to ignore.
    pub ignored: Vec<BString>,
}

impl Repo {
    /// The files of a worktree that are changed, staged, untracked or ignored.
    pub fn unclean_files(&self, linked: &Linked) -> Result<Vec<BString>, Error> {
        let Unclean { changed, ignored } = self.unclean(linked)?;
        Ok([changed, ignored].concat())
    }

    /// The same, told apart. The index is not refreshed: asking changes nothing.
    pub fn unclean(&self, linked: &Linked) -> Result<Unclean, Error> {
        let output = self
            .call_at(linked)
            .args([
                "--no-optional-locks",
                "status",
                "--porcelain=v1",
                "-z",
                "--no-renames",
            ])
            .args([
                "--untracked-files=normal",
                "--ignored=matching",
                "--ignore-submodules=none",
            ])
            .run()?;
        let mut unclean = Unclean::default();
        for line in output.stdout.split_str("\0").filter(|line| line.len() > 3) {
            let files = if line.starts_with(b"!!") {
                &mut unclean.ignored
            } else {
                &mut unclean.changed
            };
            files.push(BString::from(&line[3..]));
        }
        Ok(unclean)
    }

    /// The files of a worktree that git was told not to look at (`assume-unchanged`,
    /// `skip-worktree`) and that are there all the same: they may hold anything.
    pub fn overlooked_files(&self, linked: &Linked) -> Result<Vec<BString>, Error> {
        let output = self.call_at(linked).args(["ls-files", "-v", "-z"]).run()?;
        let lines = output.stdout.split_str("\0").filter(|line| line.len() > 2);
        let overlooked = lines.filter(|line| line[0].is_ascii_lowercase() || line[0] == b'S');
        let there = overlooked
            .map(|line| BString::from(&line[2..]))
            .filter(|file| {
                linked
                    .top
                    .join(file.to_path_lossy())
                    .symlink_metadata()
                    .is_ok()
            });
        Ok(there.collect())
    }

    /// Whether git knows a file of a worktree.
    pub fn is_tracked(&self, linked: &Linked, file: &BString) -> Result<bool, Error> {
        let output = self
            .call_at(linked)
            .args(["--literal-pathspecs", "ls-files", "-z", "--"])
            .arg(file.to_os_str_lossy())
            .run()?;
        Ok(!output.stdout.is_empty())
    }

    /// What git has begun and not finished in a worktree, by its admin directory.
    pub fn operation_in_progress(&self, git_dir: &Path) -> Option<&'static str> {
        const MARKS: [(&str, &str); 7] = [
            ("rebase-merge", "rebase"),
            ("rebase-apply", "rebase"),
            ("MERGE_HEAD", "merge"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
            ("BISECT_LOG", "bisect"),
            ("sequencer", "cherry-pick"),
        ];
        MARKS
            .iter()
            .find(|(mark, _)| git_dir.join(mark).exists())
            .map(|(_, what)| *what)
    }
}
