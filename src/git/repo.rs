//! Which repository is this, and can git stream work in it?

use std::any::{Any, TypeId};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bstr::BString;

use super::bases::keep_bases;
use super::recent::Recent;
use super::{Call, Error, Git, Id, Version, version};

/// How many bytes of trees are kept that were read.
const TREES: usize = 8 * 1024 * 1024;
/// The same of commits: some tens of thousands.
const COMMITS: usize = 32 * 1024 * 1024;

/// An open repository, seen from the worktree (or git directory) that the caller stands in.
pub struct Repo {
    pub(super) gix: gix::Repository,
    pub(super) git: Git,
    /// Objects that were written and are not yet known to be on disk.
    pub(super) unflushed: RefCell<Vec<Id>>,
    /// Trees that were read.
    pub(super) trees: RefCell<Recent>,
    /// Commits that were read.
    pub(super) commits: RefCell<Recent>,
    common_dir: PathBuf,
    git_dir: PathBuf,
    top: Option<PathBuf>,
    main_top: Option<PathBuf>,
    version: OnceCell<Version>,
    /// Whether refs are kept in a way that only git can read.
    pub(super) asks_git_for_refs: bool,
    /// Whether it is somebody else's, in which nothing is ever written.
    pub(super) is_only_read: bool,
    /// Who commits, at the time of the first question.
    committer: OnceCell<BString>,
    /// What others have understood of the objects here.
    aside: RefCell<HashMap<TypeId, Rc<dyn Any>>>,
}

impl Repo {
    /// The repository of the current directory, as `GIT_DIR` and its kin say or as found upwards.
    pub fn here() -> Result<Repo, Error> {
        let directory = std::env::current_dir().map_err(Error::file("find", PathBuf::from(".")))?;
        // In receive-pack's hooks the git directory is called `.`, which is not taken for one where
        // it has a worktree.
        if std::env::var_os("GIT_DIR").is_some_and(|git_dir| git_dir == ".") {
            return Repo::at(&directory);
        }
        let defaults = gix::sec::trust::Mapping::<gix::open::Options>::default();
        let opened = gix::ThreadSafeRepository::discover_with_environment_overrides_opts(
            &directory,
            gix::discover::upwards::Options::default(),
            gix::sec::trust::Mapping {
                full: strict(defaults.full),
                reduced: strict(defaults.reduced),
            },
        );
        Repo::new(opened, &directory)
    }

    /// The repository at a worktree's top or a git directory, whatever the environment says.
    pub fn at(directory: &Path) -> Result<Repo, Error> {
        let opened =
            gix::ThreadSafeRepository::open_opts(directory, strict(gix::open::Options::default()));
        Repo::new(opened, directory)
    }

    fn new(
        opened: Result<gix::ThreadSafeRepository, gix::Error>,
        directory: &Path,
    ) -> Result<Repo, Error> {
        let mut gix = opened
            .map_err(|error| not_opened(&error, directory))?
            .to_thread_local();
        if gix.git_dir_trust() != gix::sec::Trust::Full {
            return Err(Error::Untrusted {
                path: gix.git_dir().to_owned(),
            });
        }
        gix.object_cache_size_if_unset(4 * 1024 * 1024);
        keep_bases(&mut gix.objects);
        let absolute = |path: &Path| path.canonicalize().map_err(Error::file("resolve", path));
        let common_dir = absolute(gix.common_dir())?;
        let git_dir = absolute(gix.git_dir())?;
        let top = gix.workdir().map(absolute).transpose()?;
        let main_top = if git_dir == common_dir {
            top.clone()
        } else {
            main_top_of(&common_dir, &gix)
        };
        let storage = gix.config_snapshot().string("extensions.refStorage");
        let asks_git_for_refs =
            storage.is_some_and(|storage| !storage.eq_ignore_ascii_case(b"files"));
        Ok(Repo {
            gix,
            git: Git,
            unflushed: RefCell::default(),
            trees: RefCell::new(Recent::new(TREES)),
            commits: RefCell::new(Recent::new(COMMITS)),
            common_dir,
            git_dir,
            top,
            main_top,
            version: OnceCell::new(),
            committer: OnceCell::new(),
            aside: RefCell::default(),
            asks_git_for_refs,
            is_only_read: false,
        })
    }

    /// The git directory that all worktrees share, absolute.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The git directory of the caller's worktree, absolute; for the main worktree the shared one.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The top of the caller's worktree, if the caller stands in one.
    pub fn top(&self) -> Option<&Path> {
        self.top.as_deref()
    }

    /// The top of the main worktree, unless the repository is bare.
    pub fn main_top(&self) -> Option<&Path> {
        self.main_top.as_deref()
    }

    /// The top of the caller's worktree; an error in a bare repository.
    pub fn require_top(&self) -> Result<&Path, Error> {
        self.top().ok_or(Error::Bare)
    }

    /// A place of ours inside the shared git directory: `.git/git-stream/<name>`.
    pub fn private(&self, name: &str) -> PathBuf {
        self.common_dir.join("git-stream").join(name)
    }

    /// Whether it is somebody else's, in which nothing is ever written.
    pub fn is_only_read(&self) -> bool {
        self.is_only_read
    }

    /// Whether the caller stands in a linked worktree, and what git calls it.
    pub fn worktree_id(&self) -> Option<String> {
        let id = self
            .git_dir
            .strip_prefix(self.common_dir.join("worktrees"))
            .ok()?;
        Some(id.to_str()?.to_owned())
    }

    /// The version of the installed git; an error where it is too old.
    pub fn version(&self) -> Result<Version, Error> {
        if let Some(version) = self.version.get() {
            return Ok(*version);
        }
        let found = version::installed(&self.git, &self.common_dir, &self.private("git-version"))?;
        Ok(*self.version.get_or_init(|| found))
    }

    /// A call of git about the repository as a whole: refs, objects, configuration.
    pub fn call(&self) -> Call {
        self.git
            .at(&self.common_dir)
            .arg("--git-dir")
            .arg(&self.common_dir)
    }

    /// A call of git in some directory: a worktree, mostly.
    pub fn call_in(&self, directory: &Path) -> Call {
        self.git.at(directory)
    }

    /// A value of git's configuration as the caller's worktree sees it; the last one counts.
    pub fn config(&self, key: &str) -> Option<BString> {
        self.gix
            .config_snapshot()
            .string(key)
            .map(|value| BString::from(value.to_vec()))
    }

    /// A path of git's configuration, with a leading `~` resolved; the last one counts.
    pub fn config_path(&self, key: &'static str) -> Option<PathBuf> {
        self.gix.config_snapshot().trusted_path(key).ok().flatten()
    }

    /// A path of git's configuration as it would be without one of its files.
    pub fn config_path_outside(&self, key: &str, file: &Path) -> Option<PathBuf> {
        let is_it = |path: &PathBuf| {
            // Nothing is asked of the file system for the names of other files.
            path.file_name() == file.file_name()
                && path.canonicalize().is_ok_and(|path| path == file)
        };
        let config = self.gix.config_snapshot();
        let config = config.plumbing();
        let value = config.path_filter(key, |section| !section.path.as_ref().is_some_and(is_it))?;
        if value.is_empty() {
            return Some(PathBuf::new());
        }
        let home = gix::path::env::home_dir();
        let places = gix::config::path::interpolate::Context {
            home_dir: home.as_deref(),
            home_for_user: Some(gix::config::path::interpolate::home_for_user),
            ..Default::default()
        };
        value.interpolate(places).ok()
    }

    /// A yes-or-no value of git's configuration.
    pub fn config_bool(&self, key: &str) -> Option<bool> {
        self.gix.config_snapshot().boolean(key)
    }

    /// Refuses a clone whose history is cut off. What `GIT_SHALLOW_FILE` names cuts nothing off:
    /// no walk of ours stops there.
    pub fn require_whole_history(&self) -> Result<(), Error> {
        if self.common_dir.join("shallow").exists() {
            Err(Error::Shallow)
        } else {
            Ok(())
        }
    }

    /// What somebody keeps beside this repository, as long as it is open: what was understood of its
    /// objects, mostly, which never change.
    pub fn aside<T: Any + Default>(&self) -> Rc<T> {
        let mut aside = self.aside.borrow_mut();
        let kept = aside.entry(TypeId::of::<T>());
        let kept = kept.or_insert_with(|| Rc::new(T::default()));
        Rc::clone(kept).downcast().expect("it is kept by its type")
    }

    /// Who commits, as `Name <mail> seconds +zone`; a generic identity where none is configured.
    ///
    /// For the ledger: an audit entry must not fail because somebody has not set `user.name`.
    pub fn committer(&self) -> Result<BString, Error> {
        if let Some(known) = self.committer.get() {
            return Ok(known.clone());
        }
        let mut gix = self.gix.clone();
        let signature =
            gix.committer_or_set_generic_fallback()
                .map_err(|source| Error::Object {
                    attempt: "find",
                    what: "the committer's identity".to_owned(),
                    source: source.into(),
                })?;
        let mut line = Vec::new();
        signature
            .write_to(&mut line)
            .map_err(|source| Error::Object {
                attempt: "write",
                what: "the committer's identity".to_owned(),
                source: source.into(),
            })?;
        Ok(self.committer.get_or_init(|| line.into()).clone())
    }

    /// Whether git knows who commits here: what `git commit` would refuse without.
    pub fn has_identity(&self) -> bool {
        matches!(self.gix.committer(), Some(Ok(_)))
    }
}

/// How repositories are opened: as git does, but objects are always what their id says.
///
/// A replace ref (`git replace`) would show another tree or other parents in place of a commit's,
/// and a commit-graph is a file that anybody can write: what is decided here must hold for the
/// commit itself.
fn strict(options: gix::open::Options) -> gix::open::Options {
    options.config_overrides(["core.useReplaceRefs=false", "core.commitGraph=false"])
}

/// A repository that is there and cannot be read is another matter than none at all.
fn not_opened(error: &gix::Error, directory: &Path) -> Error {
    let text = format!("{error:#}");
    let mut upwards = directory.ancestors();
    match upwards.find(|place| place.join(".git").exists() || place.join("HEAD").is_file()) {
        Some(place) => Error::Object {
            attempt: "open",
            what: format!("the repository at '{}'", place.display()),
            source: text.into(),
        },
        None => Error::NoRepository {
            directory: directory.to_owned(),
        },
    }
}

/// Where the main worktree of a linked one is; `None` where the repository is bare.
fn main_top_of(common_dir: &Path, gix: &gix::Repository) -> Option<PathBuf> {
    let snapshot = gix.config_snapshot();
    if snapshot.boolean("core.bare") == Some(true) {
        return None;
    }
    if let Some(configured) = snapshot.string("core.worktree") {
        let configured = std::ffi::OsStr::from_bytes(configured.as_ref());
        return common_dir.join(configured).canonicalize().ok();
    }
    common_dir
        .parent()
        .filter(|_| common_dir.ends_with(".git"))
        .map(Path::to_owned)
}
