//! Is every index judged as git would judge it, and is every other one refused?
//!
//! `GIT_STREAM_CASES` multiplies the number of generated cases (1 by default).

mod chance;
mod drawn;
mod forged;
mod made;
mod oracle;
mod spliced;

use std::path::Path;

use self::chance::Chance;
use self::drawn::{Drawn, shown};
use super::{Asked, Change, Compared, Error, Id, Repo};
use crate::git::Git;

/// A repository whose new objects stay in memory.
struct Bench {
    repo: Repo,
    _directory: tempfile::TempDir,
}

impl Bench {
    fn new(format: &str) -> Bench {
        let mut bench = Bench::on_disk(format);
        bench.repo.gix = bench.repo.gix.with_object_memory();
        bench
    }

    fn on_disk(format: &str) -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let init = ["init", "-q", "--object-format", format];
        Git.at(directory.path()).args(init).run().unwrap();
        Bench {
            repo: Repo::at(directory.path()).unwrap(),
            _directory: directory,
        }
    }

    fn judge(&self, bytes: &[u8], tree: Option<Id>, unpack: bool) -> Result<Vec<Change>, Error> {
        Ok(self.compare(bytes, tree, unpack)?.changes)
    }

    /// The same, and which tree it is for certain: whose changes are the same, then.
    fn compare(&self, bytes: &[u8], tree: Option<Id>, unpack: bool) -> Result<Compared, Error> {
        let how = (Asked::TreeAsWell, unpack);
        let mut compared = self.repo.judge(Path::new("index"), bytes, tree, how)?;
        sort(&mut compared.changes);
        let new = compared
            .tree
            .map(|new| self.repo.diff_trees(tree, Some(new)));
        // Not every tree that a cache-tree names is there to be read.
        if let Some(Ok(mut expected)) = new {
            sort(&mut expected);
            assert_eq!(shown(&compared.changes), shown(&expected));
        }
        Ok(compared)
    }
}

fn sort(changes: &mut [Change]) {
    changes.sort_by(|one, other| one.path.cmp(&other.path));
}

fn cases(number: u64) -> std::ops::Range<u64> {
    let times = std::env::var("GIT_STREAM_CASES").ok();
    0..number * times.map_or(1, |times| times.parse().unwrap())
}

#[test]
fn what_differs_is_what_the_entries_say() {
    for (format, number) in [("sha1", 1000), ("sha256", 200)] {
        let (bench, mut proven) = (Bench::new(format), 0);
        for seed in cases(number) {
            let drawn = Drawn::new(&bench.repo, &mut Chance::new(seed));
            let (bytes, expected) = (drawn.made.bytes(), drawn.by_entries());
            for unpack in [false, true] {
                let found = bench.compare(&bytes, drawn.tree, unpack).unwrap();
                assert_eq!(
                    shown(&found.changes),
                    shown(&expected),
                    "seed {seed}, unpack {unpack}"
                );
                proven += u64::from(found.tree.is_some());
            }
        }
        assert!(
            proven > number / 10,
            "{proven} of {number} are the tree that they say"
        );
    }
}
