//! Does every layer of the guard refuse what it should, when it is really tried?
//!
//! In a worktree of our own, below the private directory, with a claim that only this worktree
//! sees ([`crate::workspace::write_probe`]): HEAD is detached, nothing is checked out, and what is
//! pushed goes into a bare repository inside it. Each layer is given a commit outside of the
//! claim's patterns; afterwards one inside them must go through, since a guard that refuses
//! everything proves nothing. The user's own hooks do not run there.
//!
//! Nothing of it reaches the ledger or a remote. Whatever a process that died has left is removed
//! by the next one: the directory is named by an operation, whose lock the kernel gives back.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Examined, Finding};
use crate::exit::{Explain as _, Failure};
use crate::git::{Call, Error, Expect, Id, Move, Output, Repo};
use crate::guard::{hooks, outside};
use crate::ledger::{Ledger, OpId, Operation, is_running};
use crate::name::StreamName;
use crate::word;
use crate::workspace::{Workspace, write_probe};

const NAME: &str = "guard";
/// What the stream is called in which the guard is tried, in front of the operation.
const PREFIX: &str = "doctor-";
/// Nothing of the user's configuration may stand in the way, but for what the guard is about.
const PLAINLY: [&str; 20] = [
    "-c",
    "user.name=git stream doctor",
    "-c",
    "user.email=doctor@localhost",
    "-c",
    "commit.gpgSign=false",
    "-c",
    "push.gpgSign=false",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.untrackedCache=false",
    "-c",
    "submodule.recurse=false",
    "-c",
    "merge.autoStash=false",
];
/// What is done without any hook.
const UNGUARDED: [&str; 2] = ["-c", "core.hooksPath=/dev/null"];

/// Tries every layer.
pub(super) fn examine(workspace: &Workspace<'_>) -> Examined {
    let repo = workspace.repo;
    if !hooks::is_installed(repo) {
        return Examined::skipped(NAME, "the hooks are not installed");
    }
    match prove(workspace) {
        Err(error) => {
            let why = format!("it could not be tried: {error}");
            Examined::skipped(NAME, word::one_line(&why))
        }
        Ok(tried) => judge(&tried),
    }
}

/// What a layer has done with a violation.
#[derive(Debug, PartialEq, Eq)]
enum Did {
    /// The guard has refused it, and said so.
    Refuse,
    /// It went through.
    LetThrough,
    /// Something else went wrong: git's own words.
    Fail(String),
}

/// A violation that was tried.
struct Tried {
    how: &'static str,
    did: Did,
}

fn judge(tried: &[Tried]) -> Examined {
    let mut findings = Vec::new();
    for Tried { how, did } in tried {
        let (kind, message) = match did {
            Did::Refuse => continue,
            Did::LetThrough => (
                "guard-passed",
                format!("what is outside of a stream's patterns goes through: {how}"),
            ),
            Did::Fail(said) => (
                "guard-odd",
                format!("{how} did not end as it should: {said}"),
            ),
        };
        findings.push(Finding::new(
            kind,
            message,
            "a stream's commits may come to hold files of others; landing would still refuse them",
            "git stream init",
        ));
    }
    let refused = tried.len() - 1;
    let summary = format!(
        "{} refused, and what is a stream's own went through",
        word::count(refused, "violation")
    );
    let mut examined = Examined::new(NAME, summary, findings);
    examined.notes = tried
        .iter()
        .map(|one| format!("tried: {}", one.how))
        .collect();
    examined
}

/// The worktree in which it is tried; gone when this is dropped.
struct Scene<'r> {
    repo: &'r Repo,
    top: PathBuf,
    stream: StreamName,
    id: Option<String>,
    operation: Operation,
    base: Id,
    bad: Id,
    inside: String,
    outside: String,
}

fn prove(workspace: &Workspace<'_>) -> Result<Vec<Tried>, Failure> {
    let scene = Scene::make(workspace)?;
    let message = ["-m", "git stream doctor"];
    let mut tried = Vec::new();
    let mut note = |how, did| tried.push(Tried { how, did });

    scene.stage(&scene.outside)?;
    note(
        "git commit",
        scene.attempt(&["commit", "--quiet", message[0], message[1]])?,
    );
    scene.stage(&scene.outside)?;
    let skipping = ["commit", "--quiet", "--no-verify", message[0], message[1]];
    note("git commit --no-verify", scene.attempt(&skipping)?);
    scene.clear()?;
    let bad = scene.bad.to_string();
    let merge = [
        "merge",
        "--quiet",
        "--no-ff",
        "--no-stat",
        message[0],
        message[1],
        &bad,
    ];
    note("git merge", scene.attempt(&merge)?);
    scene.quietly(&["merge", "--quit"]).run()?;
    scene.clear()?;
    note("git am", scene.apply_mail()?);
    note("git push", scene.push()?);
    note("git stream guard range", scene.range()?);
    if outside::is_strict(scene.repo) {
        note("git update-ref of its branch", scene.move_branch()?);
    }
    scene.clear()?;
    scene.stage(&scene.inside)?;
    let own = scene.call(&["commit", "--quiet", message[0], message[1]]);
    let did = match own.run() {
        Ok(_) => Did::Refuse,
        Err(error) => Did::Fail(said(&error)),
    };
    note("git commit of what is the stream's own", did);
    Ok(tried)
}

impl<'r> Scene<'r> {
    fn make(workspace: &Workspace<'r>) -> Result<Scene<'r>, Failure> {
        let repo = workspace.repo;
        let base = workspace.base.commit;
        let operation = Operation::begin(repo)?;
        let op = operation.id().clone();
        let stream: StreamName = format!("{PREFIX}{op}").parse()?;
        let (inside, outside) = (format!("{stream}/inside"), format!("{stream}/outside"));
        let above = repo.private("scratch");
        fs::create_dir_all(&above).map_err(Error::file("create", &above))?;
        let mut scene = Scene {
            repo,
            top: above.join(op.as_str()),
            stream,
            id: None,
            operation,
            base,
            bad: base,
            inside,
            outside,
        };
        let lock = Ledger::of(repo).lock()?;
        let add = ["worktree", "add", "--quiet", "--detach", "--no-checkout"];
        repo.call()
            .args(UNGUARDED)
            .args(add)
            .arg(&scene.top)
            .arg(base.to_string())
            .holding(scene.operation.lock())
            .run()?;
        let linked = repo
            .linked_worktree_at(&scene.top)?
            .ok_or_else(|| Error::Odd {
                command: "git worktree add".to_owned(),
                answer: "it registered no worktree".to_owned(),
            })?;
        scene.id = Some(linked.id.clone());
        let patterns = [scene.inside.clone()];
        write_probe(&linked.git_dir, &scene.stream, &patterns)?;
        hooks::activate(repo, &linked.id, &lock)?;
        drop(lock);
        scene.stage(&scene.outside)?;
        let tree = scene.quietly(&["write-tree"]).run()?.line();
        let parent = base.to_string();
        let subject = subject(&scene.stream);
        let commit = ["commit-tree", &tree, "-p", &parent, "-m", &subject];
        let bad = scene.quietly(&commit).run()?.line();
        scene.bad = repo.parse_id(&bad).unwrap_or(base);
        scene.clear()?;
        Ok(scene)
    }

    fn call(&self, args: &[&str]) -> Call {
        self.repo.call_in(&self.top).args(PLAINLY).args(args)
    }

    /// What is no attempt, but leads to one.
    fn quietly(&self, args: &[&str]) -> Call {
        let call = self.repo.call_in(&self.top).args(PLAINLY);
        call.args(UNGUARDED).args(args)
    }

    /// Puts a new file into the index of the base's commit, and nowhere else.
    fn stage(&self, path: &str) -> Result<(), Failure> {
        self.clear()?;
        let blob = self.repo.write_blob(b"git stream doctor\n")?;
        self.repo.flush()?;
        let entry = format!("100644,{blob},{path}");
        let args = ["update-index", "--add", "--cacheinfo", &entry];
        self.quietly(&args).run()?;
        Ok(())
    }

    /// HEAD and the index are the base's commit again; no file is there.
    fn clear(&self) -> Result<(), Failure> {
        let base = self.base.to_string();
        let head = ["update-ref", "--no-deref", "HEAD", &base];
        self.quietly(&head).run()?;
        self.quietly(&["read-tree", "--reset", &base]).run()?;
        drop(fs::remove_dir_all(self.top.join(self.stream.as_str())));
        Ok(())
    }

    /// Runs what the guard should refuse.
    fn attempt(&self, args: &[&str]) -> Result<Did, Failure> {
        let ended = self.call(args).run();
        self.ended(ended)
    }

    fn apply_mail(&self) -> Result<Did, Failure> {
        let bad = self.bad.to_string();
        let mail = ["format-patch", "--stdout", "-1", &bad];
        let mail = self.quietly(&mail).run()?.stdout;
        let ended = self.call(&["am", "--quiet"]).run_with_input(&mail);
        let did = self.ended(ended)?;
        // Nothing is in progress where it went through.
        drop(self.quietly(&["am", "--quit"]).run());
        Ok(did)
    }

    /// Pushes into a repository that has the base already, so that nothing is sent but the attempt.
    fn push(&self) -> Result<Did, Failure> {
        let bare = self.top.join("remote.git");
        let format = self
            .quietly(&["rev-parse", "--show-object-format"])
            .run()?
            .line();
        let format = format!("--object-format={format}");
        self.quietly(&["init", "--quiet", "--bare", "--template=", &format])
            .arg(&bare)
            .run()?;
        let objects = format!("{}\n", self.repo.common_dir().join("objects").display());
        let alternates = bare.join("objects/info/alternates");
        crate::git::replace_file(&alternates, objects.as_bytes(), 0o644)?;
        let begin = ["update-ref", "refs/heads/base", &self.base.to_string()];
        let call = self.repo.call_in(&self.top).arg("--git-dir").arg(&bare);
        call.args(begin).run()?;
        let to = format!("{}:{}", self.bad, self.stream.branch_ref());
        let call = self.call(&["push", "--quiet"]).arg(&bare).arg(to);
        let ended = call.run();
        self.ended(ended)
    }

    /// Asks the program itself, as a build server does.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is no git, but a program of ours"
    )]
    fn range(&self) -> Result<Did, Failure> {
        let program = hooks::beside("git-stream-guard")?;
        let range = format!("{}..{}", self.base, self.bad);
        let output = Command::new(&program)
            .args(["range", &range, "--files", &self.inside])
            .current_dir(&self.top)
            .stdin(Stdio::null())
            .output()
            .map_err(Error::file("start", &program))?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        Ok(match output.status.code() {
            Some(0) => Did::LetThrough,
            Some(1) if said.contains(&self.outside) => Did::Refuse,
            _ => Did::Fail(said.lines().next().unwrap_or_default().to_owned()),
        })
    }

    fn move_branch(&self) -> Result<Did, Failure> {
        let (branch, bad) = (self.stream.branch_ref(), self.bad.to_string());
        let ended = self.call(&["update-ref", &branch, &bad]).run();
        let did = self.ended(ended)?;
        remove_branch(self.repo, &self.stream)?;
        Ok(did)
    }

    /// Whether it was the guard who refused: it names the stream and the path.
    fn ended(&self, ended: Result<Output, Error>) -> Result<Did, Failure> {
        Ok(match ended {
            Ok(_) => Did::LetThrough,
            Err(Error::Failed { stderr, .. })
                if stderr.contains(self.stream.as_str()) && stderr.contains(&self.outside) =>
            {
                Did::Refuse
            }
            Err(error @ Error::Failed { .. }) => Did::Fail(said(&error)),
            Err(error) => return Err(error.into()),
        })
    }
}

/// What the commit is called that is outside of the patterns.
fn subject(stream: &StreamName) -> String {
    format!("{stream}: outside")
}

/// git's own words, on one line.
fn said(error: &Error) -> String {
    let text = error.git_said().join("\n");
    let text = if text.is_empty() {
        error.to_string()
    } else {
        text
    };
    let line = text.lines().next().unwrap_or_default();
    word::one_line(line)
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next one.
        if let (Some(id), Ok(lock)) = (&self.id, Ledger::of(self.repo).lock()) {
            drop(hooks::deactivate(self.repo, id, &lock));
        }
        self.repo
            .sweep_scratch(&|op| op != self.operation.id().as_str());
    }
}

/// Removes what a process that died has left.
pub(super) fn sweep(repo: &Repo) {
    let scratch = repo.private("scratch");
    let dead = |op: &str| !is_running(repo, op).unwrap_or(true);
    for entry in fs::read_dir(&scratch).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if OpId::parse(&name).is_none() || !dead(&name) {
            continue;
        }
        if let Ok(lock) = Ledger::of(repo).lock() {
            drop(hooks::deactivate(repo, &name, &lock));
        }
    }
    repo.sweep_scratch(&|op| !dead(op));
    let below = format!("refs/heads/stream/{PREFIX}");
    for (name, _) in repo.refs_below(&below).unwrap_or_default() {
        let op = name.strip_prefix(&below).unwrap_or_default();
        if let (Some(_), true) = (OpId::parse(op), dead(op))
            && let Some(stream) = StreamName::from_branch_ref(&name)
        {
            drop(remove_branch(repo, &stream));
        }
    }
}

fn remove_branch(repo: &Repo, stream: &StreamName) -> Result<(), Error> {
    let name = stream.branch_ref();
    let Some(tip) = repo.read_ref(&name)? else {
        return Ok(());
    };
    if repo.commit(tip)?.subject() != subject(stream).as_str() {
        return Ok(());
    }
    let away = Move {
        name,
        from: Expect::At(tip),
        to: None,
    };
    repo.move_refs(&[away], "stream: the guard was tried")
}
