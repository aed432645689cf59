//! What in a worktree is in no commit?

use std::path::Path;

use bstr::{BString, ByteSlice as _};

use super::{Error, Repo};

impl Repo {
    /// The files of a worktree that are changed, staged, untracked or ignored.
    ///
    /// An ignored or untracked directory counts as one, its name ending with `/`. The index is not
    /// refreshed: asking changes nothing.
    pub fn unclean_files(&self, top: &Path) -> Result<Vec<BString>, Error> {
        let output = self
            .call_in(top)
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
        let lines = output.stdout.split_str("\0").filter(|line| line.len() > 3);
        Ok(lines.map(|line| BString::from(&line[3..])).collect())
    }

    /// Whether git knows a file of a worktree.
    pub fn is_tracked(&self, top: &Path, file: &BString) -> Result<bool, Error> {
        let output = self
            .call_in(top)
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
