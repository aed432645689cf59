//! Which commits would a rebase pick, and which commits changed a place?

use bstr::{BString, ByteSlice as _};

use super::{Error, Id, Repo};

/// One commit of a range, as `git rebase` looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The commit.
    pub id: Id,
    /// Whether a commit on the other side makes the same change, by patch id.
    pub is_on_other_side: bool,
}

/// A commit, as evidence in a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The commit.
    pub id: Id,
    /// Its author's name.
    pub author: String,
    /// Its first line.
    pub subject: String,
    /// What its `Stream:` trailers say.
    pub streams: String,
}

impl Repo {
    /// The commits of `tip` that `base` does not have, in the order in which a rebase picks them;
    /// merges among them.
    pub fn candidates(&self, base: Id, tip: Id) -> Result<Vec<Candidate>, Error> {
        let output = self
            .call()
            .args(["rev-list", "--reverse", "--topo-order", "--right-only"])
            .args(["--cherry-mark", &format!("{base}...{tip}"), "--"])
            .run()?;
        let odd = |line: &[u8]| Error::Odd {
            command: "git rev-list --cherry-mark".to_owned(),
            answer: line.as_bstr().to_string(),
        };
        let lines = output.stdout.lines();
        lines
            .map(|line| {
                let (mark, hex) = line.split_first().ok_or_else(|| odd(line))?;
                let id = hex.to_str().ok().and_then(|hex| self.parse_id(hex));
                Ok(Candidate {
                    id: id.ok_or_else(|| odd(line))?,
                    is_on_other_side: *mark == b'=',
                })
            })
            .collect()
    }

    /// The newest commits of `to` that `from` does not have and that touch one of these paths, at
    /// most so many.
    pub fn mentions(
        &self,
        from: Id,
        to: Id,
        paths: &[BString],
        most: usize,
    ) -> Result<Vec<Mention>, Error> {
        let trailer = "%(trailers:key=Stream,valueonly,separator=%x2C%x20)";
        let mut call = self
            .call()
            .args(["--literal-pathspecs", "log", "-z", "--no-show-signature"])
            .arg(format!("--format=%H%n%an%n%s%n{trailer}"))
            .arg(format!("--max-count={most}"))
            .arg(format!("{from}..{to}"))
            .arg("--");
        for path in paths {
            call = call.arg(os(path));
        }
        let output = call.run()?;
        let entries = output.stdout.split_str("\0");
        Ok(entries
            .filter_map(|entry| {
                let mut lines = entry.lines().map(|line| line.to_str_lossy().into_owned());
                Some(Mention {
                    id: self.parse_id(&lines.next()?)?,
                    author: lines.next()?,
                    subject: lines.next()?,
                    streams: lines.next().unwrap_or_default(),
                })
            })
            .collect())
    }

    /// The files that were renamed between two commits, as their old and new paths.
    pub fn renames(&self, from: Id, to: Id) -> Result<Vec<(BString, BString)>, Error> {
        let output = self
            .call()
            .args([
                "diff-tree",
                "-r",
                "-z",
                "--name-status",
                "-M",
                "--diff-filter=R",
            ])
            .args([from.to_string(), to.to_string()])
            .run()?;
        let mut words = output.stdout.split_str("\0");
        let mut found = Vec::new();
        while let (Some(_), Some(old), Some(new)) = (words.next(), words.next(), words.next()) {
            found.push((old.into(), new.into()));
        }
        Ok(found)
    }

    /// The changed lines between two blobs, with a few lines around them.
    pub fn diff_blobs(&self, old: Id, new: Id) -> Result<Vec<String>, Error> {
        let output = self
            .call()
            .args(["diff", "--no-ext-diff", "--no-color", "--no-textconv"])
            .args([old.to_string(), new.to_string()])
            .run()?;
        let lines = output.stdout.lines();
        let lines = lines.skip_while(|line| !line.starts_with(b"@@"));
        Ok(lines.map(|line| line.to_str_lossy().into_owned()).collect())
    }
}

/// A path as an argument of a program.
pub(super) fn os(path: &BString) -> &std::ffi::OsStr {
    use std::os::unix::ffi::OsStrExt as _;
    std::ffi::OsStr::from_bytes(path)
}
