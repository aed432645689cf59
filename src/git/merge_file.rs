//! What does git make of three versions of one text?

use std::fs;
use std::io::Write as _;

use super::{Error, Repo};

impl Repo {
    /// Applies what happened between `base` and `theirs` to `ours`; `None` where they conflict.
    pub fn merge_texts(
        &self,
        ours: &[u8],
        base: &[u8],
        theirs: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        let place = self.common_dir();
        let directory = tempfile::Builder::new()
            .prefix("git-stream-merge-")
            .tempdir()
            .map_err(Error::file("create a directory in", place))?;
        let mut names = Vec::new();
        for (name, text) in [("ours", ours), ("base", base), ("theirs", theirs)] {
            let path = directory.path().join(name);
            fs::File::create(&path)
                .and_then(|mut file| file.write_all(text))
                .map_err(Error::file("write", &path))?;
            names.push(path);
        }
        let output = self
            .call()
            .args(["merge-file", "--stdout", "--quiet"])
            .args(&names)
            .run_allowing(&(0..=127).collect::<Vec<i32>>(), None)?;
        Ok((output.status == 0).then_some(output.stdout))
    }
}
