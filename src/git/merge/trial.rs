//! Would these trees merge? Asked of many at once, and nobody keeps the results.
//!
//! All questions go to one process of git, which answers one after the other; a conflict stops
//! nothing. The objects that it writes go to a directory of their own, which goes away with the
//! [`Trial`]: a forecast that is asked for every minute would otherwise fill the repository.
//!
//! A git that takes only commits ([`Version::merges_trees`]) is given commits, made up of the
//! trees: the one of `base` as the parent of the two others.
//!
//! # Limits
//!
//! Before git 2.41, attributes are those of the files in the directory.
//!
//! [`Version::merges_trees`]: super::super::Version::merges_trees

use std::path::{Path, PathBuf};

use gix::objs::{Kind, Write as _};
use tempfile::TempDir;

use super::answer::{Answers, Broken};
use super::{Merged, PICKING, SHOWN};
use crate::git::quarantine::{OWN, view};
use crate::git::{Call, Commit, Error, Id, Repo};

/// How many free bytes are enough for whatever merges write.
const PLENTY: u64 = 1024 * 1024 * 1024;

/// A place for objects that nobody keeps.
pub struct Trial<'r> {
    repo: &'r Repo,
    objects: TempDir,
}

impl Repo {
    /// Makes a place for objects that nobody keeps.
    pub fn trial(&self) -> Result<Trial<'_>, Error> {
        let own = self.common_dir().join("objects");
        let at = |place: &Path| view(place, "git-stream-trial-", std::slice::from_ref(&own));
        let anywhere = std::env::temp_dir();
        let objects = at(&place())
            .or_else(|_| at(&anywhere))
            .map_err(Error::file("try merges in", anywhere))?;
        Ok(Trial {
            repo: self,
            objects,
        })
    }
}

impl Trial<'_> {
    /// The repository whose objects can be used here.
    pub fn repo(&self) -> &Repo {
        self.repo
    }

    /// The same repository, whose objects are written here, and read from both places.
    pub fn inside(&self) -> Result<Repo, Error> {
        let mut inside = Repo::at(self.repo.git_dir())?;
        inside.read_objects_at(self.objects.path())?;
        Ok(inside)
    }

    /// A call of git that reads the objects of the repository and of this place, and writes here.
    pub fn call_in(&self, directory: &Path) -> Call {
        let call = self.repo.call_in(directory);
        call.env(OWN, self.objects.path())
    }

    /// What `[base, ours, theirs]`, which are trees, give, for each of them, in their order.
    ///
    /// `directory` is where merge drivers of the user run; `attributes` is the commit whose
    /// `.gitattributes` count. The trees that are answered are in this place only.
    pub fn merge_all(
        &self,
        directory: &Path,
        attributes: Id,
        questions: &[[Id; 3]],
    ) -> Result<Vec<Merged>, Error> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let version = self.repo.version()?;
        let mut input = Vec::new();
        for question in questions {
            let line = if version.merges_trees() {
                let [base, ours, theirs] = question;
                format!("{base} -- {ours} {theirs}\n")
            } else {
                self.made_up(question)?
            };
            input.extend(line.into_bytes());
        }
        let mut call = self.repo.with_quiet_drivers(self.call_in(directory));
        if version.names_attributes() {
            call = call.arg(format!("--attr-source={attributes}"));
        }
        let output = call
            .args(PICKING)
            .args(["merge-tree", "--write-tree", "--messages", "--stdin", "-z"])
            .run_with_input(&input)?;
        let mut answers = Answers(output.stdout.as_slice());
        let merged = questions.iter().map(|_| one(&mut answers));
        merged
            .collect::<Result<_, _>>()
            .map_err(|broken| match broken {
                Broken::Odd(error) => error,
                Broken::Ended => Error::Odd {
                    command: SHOWN.to_owned(),
                    answer: String::new(),
                },
            })
    }

    /// Two commits whose one merge base is a third, with these trees.
    fn made_up(&self, [base, ours, theirs]: &[Id; 3]) -> Result<String, Error> {
        let base = self.commit(*base, Vec::new())?;
        let (ours, theirs) = (
            self.commit(*ours, vec![base])?,
            self.commit(*theirs, vec![base])?,
        );
        Ok(format!("{ours} {theirs}\n"))
    }

    fn commit(&self, tree: Id, parents: Vec<Id>) -> Result<Id, Error> {
        let nobody = "nobody <> 0 +0000";
        let bytes = Commit {
            tree,
            parents,
            author: nobody.into(),
            committer: nobody.into(),
            encoding: None,
            message: "A trial\n".into(),
        }
        .to_bytes();
        let directory = self.objects.path();
        let odb = gix::odb::at(directory, tree.kind()).map_err(Error::file("open", directory))?;
        odb.write_buf(Kind::Commit, &bytes)
            .map_err(|source| Error::Object {
                attempt: "write",
                what: "a commit".to_owned(),
                source: source.into(),
            })
    }
}

/// Where files for a moment are written: in memory, where there is plenty, unless the user has said
/// where. Thousands of small files on a disk cost more than the merges that they come from.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let is_said = std::env::var_os("TMPDIR").is_some_and(|said| !said.is_empty());
    let has_plenty = || {
        let free = rustix::fs::statvfs(memory).map(|about| about.f_bavail * about.f_frsize);
        free.is_ok_and(|free| free >= PLENTY)
    };
    if !is_said && has_plenty() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

fn one(answers: &mut Answers<&[u8]>) -> Result<Merged, Broken> {
    let (is_clean, tree) = answers.head()?;
    let conflict = answers.rest()?;
    Ok(Merged {
        tree,
        conflict: (!is_clean).then_some(conflict),
    })
}
