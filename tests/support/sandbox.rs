//! Where does a test live?
//!
//! In a temporary directory: `repo` (branch `main`, one commit), `tmp`, and whatever the test adds.
//! Every process starts from an empty environment and gets the list in [`environment`], so neither
//! the person's configuration nor the variables by which agents are recognised can leak in.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use super::Call;
use super::mask::Mask;

/// The files of the first commit.
const FILES: [(&str, &str); 5] = [
    ("README.md", "# A small project\n"),
    ("docs/guide.md", "Read me first.\n"),
    ("package.json", "{ \"name\": \"small\" }\n"),
    ("src/api/lib.rs", "pub fn answer() -> u8 {\n    42\n}\n"),
    ("src/ui/app.js", "export const title = \"small\";\n"),
];

/// A throwaway repository and the environment for everything that runs in it.
pub(crate) struct Sandbox {
    mask: Arc<Mask>,
    environment: BTreeMap<OsString, OsString>,
    root: PathBuf,
    directory: Arc<TempDir>,
}

impl Sandbox {
    /// A repository with one commit on `main`.
    pub(crate) fn new() -> Sandbox {
        let sandbox = Sandbox::unborn();
        sandbox.commit("Begin", &FILES);
        sandbox
    }

    /// A repository whose ids have 64 digits, with one commit on `main`.
    pub(crate) fn sha256() -> Sandbox {
        let sandbox = Sandbox::empty();
        sandbox.init("--object-format=sha256");
        sandbox.commit("Begin", &FILES);
        sandbox
    }

    /// A repository whose refs are no files, with one commit on `main`; `None` where git cannot
    /// make it.
    pub(crate) fn reftable() -> Option<Sandbox> {
        let mut sandbox = Sandbox::empty();
        let variable = "GIT_DEFAULT_REF_FORMAT";
        sandbox
            .environment
            .insert(variable.into(), "reftable".into());
        sandbox.init("--object-format=sha1");
        // An older git knows nothing of the variable.
        let is_there = sandbox.repo().join(".git/reftable").is_dir();
        sandbox.commit("Begin", &FILES);
        is_there.then_some(sandbox)
    }

    /// A repository without a commit.
    pub(crate) fn unborn() -> Sandbox {
        let sandbox = Sandbox::empty();
        sandbox.init("--object-format=sha1");
        sandbox
    }

    /// The repository of [`Sandbox::new`], made in an empty sandbox.
    pub(crate) fn begun(self) -> Sandbox {
        for name in ["repo", "tmp"] {
            fs::create_dir_all(self.root().join(name)).unwrap();
        }
        self.init("--object-format=sha1");
        self.commit("Begin", &FILES);
        self
    }

    /// A directory that is no repository.
    pub(crate) fn empty() -> Sandbox {
        let directory = tempfile::Builder::new()
            .prefix("git-stream-test-")
            .tempdir()
            .unwrap();
        let root = directory.path().canonicalize().unwrap();
        for name in ["repo", "tmp"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let mask = Arc::new(Mask::new(&root, &binaries()));
        Sandbox {
            mask,
            environment: environment(&root),
            root,
            directory: Arc::new(directory),
        }
    }

    fn init(&self, format: &str) {
        self.git(&["init", "--quiet", "--template=", "-b", "main", format]);
    }

    /// The directory that holds everything; `$ROOT` in a block.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The main checkout, where commands run unless told otherwise.
    pub(crate) fn repo(&self) -> PathBuf {
        self.root.join("repo")
    }

    /// The directory lives as long as the sandbox and whatever was started in it.
    pub(super) fn directory(&self) -> Arc<TempDir> {
        Arc::clone(&self.directory)
    }

    pub(super) fn mask(&self) -> Arc<Mask> {
        Arc::clone(&self.mask)
    }

    /// Makes `remote.git`, a bare repository with `main`, and calls it `origin`.
    pub(crate) fn bare_remote(&self) -> PathBuf {
        let remote = self.root.join("remote.git");
        let name = remote.to_str().unwrap();
        let format = self.git(&["rev-parse", "--show-object-format"]);
        let format = format!("--object-format={}", format.trim());
        self.git(&[
            "init",
            "--quiet",
            "--bare",
            "--template=",
            "-b",
            "main",
            &format,
            name,
        ]);
        self.git(&["remote", "add", "origin", name]);
        self.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
        remote
    }

    /// Clones `remote` into `$ROOT/<name>`, as a second machine would.
    pub(crate) fn clone_of(&self, remote: &Path, name: &str) -> PathBuf {
        let clone = self.root.join(name);
        let (from, to) = (remote.to_str().unwrap(), clone.to_str().unwrap());
        self.git(&["clone", "--quiet", "--template=", from, to]);
        clone
    }

    /// Writes a file below the main checkout (or at an absolute path), with its directories.
    pub(crate) fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.repo().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Writes an executable file. Another process writes it: were it open for writing here, a
    /// child of a test that runs at the same time could hold it open and nobody could run it.
    pub(crate) fn script(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.repo().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut writer = self.command("sh");
        writer
            .args(["-c", "cat >\"$1\" && chmod 755 \"$1\"", "sh"])
            .arg(path);
        let mut child = writer.stdin(Stdio::piped()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Writes the files and commits everything in the main checkout; the commit's id.
    pub(crate) fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            self.write(path, text);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Runs git in the main checkout, demands success, returns what it printed.
    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.repo(), args)
    }

    /// The same in another directory.
    #[track_caller]
    pub(crate) fn git_in(&self, directory: &Path, args: &[&str]) -> String {
        let ran = self.program("git", args).in_dir(directory).go();
        assert_eq!(ran.status(), 0, "{}", ran.block());
        ran.stdout()
    }

    /// Whether the git of the tests is at least this one.
    pub(crate) fn has_git(&self, major: u32, minor: u32) -> bool {
        let version = self.git(&["version"]);
        let version = version.trim_start_matches("git version ");
        let mut numbers = version.split('.').map_while(|number| number.parse().ok());
        (numbers.next(), numbers.next()) >= (Some(major), Some(minor))
    }

    /// Prepares `git stream VERB ARGS…`. The verb's own binary is started: git would put the
    /// directory of its own programs first in PATH, in front of any shim.
    pub(crate) fn run<I, A>(&self, verb_and_args: I) -> Call
    where
        I: IntoIterator<Item = A>,
        A: AsRef<OsStr>,
    {
        let mut words = verb_and_args.into_iter();
        let verb = words.next().expect("a verb").as_ref().to_owned();
        let mut name = OsString::from("git-stream-");
        name.push(verb);
        Call::new(self, binaries().join(name), words)
    }

    /// Prepares any other program of PATH.
    pub(crate) fn program<I, A>(&self, name: impl AsRef<OsStr>, args: I) -> Call
    where
        I: IntoIterator<Item = A>,
        A: AsRef<OsStr>,
    {
        Call::new(self, PathBuf::from(name.as_ref()), args)
    }

    /// What every process of the sandbox gets.
    pub(crate) fn environment(&self) -> &BTreeMap<OsString, OsString> {
        &self.environment
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.repo());
        command
    }
}

/// Where the freshly built binaries are.
fn binaries() -> PathBuf {
    let one = Path::new(env!("CARGO_BIN_EXE_git-stream"));
    one.parent().expect("a binary is in a directory").to_owned()
}

fn search_path() -> OsString {
    let chosen = env::var_os("GIT_STREAM_TEST_GIT_DIR").map(PathBuf::from);
    let inherited = env::var_os("PATH").unwrap_or_default();
    let all = [binaries()]
        .into_iter()
        .chain(chosen)
        .chain(env::split_paths(&inherited));
    env::join_paths(all).expect("no directory of PATH contains a colon")
}

/// Everything a process of the sandbox knows about the world.
fn environment(root: &Path) -> BTreeMap<OsString, OsString> {
    let fixed = [
        ("GIT_ALLOW_PROTOCOL", "file"),
        ("GIT_ASKPASS", "true"),
        ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"),
        ("GIT_AUTHOR_EMAIL", "ada@example.com"),
        ("GIT_AUTHOR_NAME", "Ada"),
        ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
        ("GIT_COMMITTER_EMAIL", "ada@example.com"),
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_EDITOR", "true"),
        ("GIT_PAGER", "cat"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("HOME", "/nonexistent"),
        ("LC_MESSAGES", "C"),
        ("LOGNAME", "ada"),
        ("NO_COLOR", "1"),
        ("TERM", "dumb"),
        ("TZ", "UTC"),
        ("USER", "ada"),
    ];
    let mut all: BTreeMap<OsString, OsString> = fixed
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    all.insert("PATH".into(), search_path());
    all.insert("TMPDIR".into(), root.join("tmp").into());
    all.insert("GIT_CEILING_DIRECTORIES".into(), root.into());
    if let Some(format) = env::var_os("GIT_STREAM_TEST_REF_FORMAT") {
        all.insert("GIT_DEFAULT_REF_FORMAT".into(), format);
    }
    all
}
