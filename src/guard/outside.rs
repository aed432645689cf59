//! Where may hooks of ours stand for the worktrees of no stream, without displacing anybody's?
//!
//! Two concern those worktrees: the one that guards the base branch where it is checked out, and,
//! with `init --strict`, the one that sees streams' branches being moved.
//!
//! ```text
//! git 2.54 and newer   [hook "git-stream-…"] in .git/config, switched off in streams
//! older                a file where git looks for hooks, if there is none of that name
//! ```
//!
//! Neither place is one that an agent's sandbox may write to: what stands there runs for the person
//! in the main checkout, outside of any sandbox.
//!
//! Never both. The place of files is taken only inside the git directory: what `core.hooksPath`
//! names elsewhere belongs to somebody, and may be tracked. What another program puts in the place
//! of ours stays; if it has kept ours to run it first, that is as good.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::hooks::{absent_is_fine, beside, filled, inside_quotes, is_ours, native, write};
use super::{Error, moves, on_base, own};
use crate::git::{self, Repo};

/// What guards the base branch in its own checkout.
const ON_BASE: &str = include_str!("../../hooks/on-base");
/// Empty; there if `init --strict` was asked for.
const STRICT: &str = "strict";
/// What managers call a hook that was there before theirs: the first is run by it, the second not.
const CHAINED: &str = "legacy";
const SET_ASIDE: [&str; 2] = [CHAINED, "old"];

/// A hook of ours that concerns the worktrees of no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Guards the base branch in its own checkout.
    Base,
    /// Sees the branches of streams being moved.
    Strict,
}

/// In which form a hook of ours is there.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// In git's configuration.
    Configured,
    /// As a file.
    File,
    /// Not at all.
    Off(Cause),
}

/// Why a hook of ours cannot be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// git looks for hooks somewhere else than in its own directory.
    Elsewhere(PathBuf),
    /// There is another program's.
    Taken(PathBuf),
    /// It is not there, though it could be.
    Missing(PathBuf),
    /// git's configuration does not name it, though it could.
    Unconfigured,
}

/// A layer that guards nothing outside of streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Off {
    /// Which one.
    pub layer: Layer,
    /// Why.
    pub cause: Cause,
}

/// What stands in the place of a file of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
enum There {
    Foreign,
    Nothing,
    Ours,
    /// Another program's, which runs ours first.
    Chained,
    Taken,
}

impl Layer {
    const ALL: [Layer; 2] = [Layer::Base, Layer::Strict];

    /// The event of git's.
    fn event(self) -> &'static str {
        match self {
            // Managers take it seldom, and git runs it with --no-verify, too.
            Layer::Base => "prepare-commit-msg",
            Layer::Strict => moves::NAME,
        }
    }

    /// What it is called in git's configuration.
    fn friendly_name(self) -> &'static str {
        match self {
            Layer::Base => "git-stream-base",
            Layer::Strict => "git-stream-strict",
        }
    }

    /// What the guard is called with, where git's configuration calls it.
    fn word(self) -> &'static str {
        match self {
            Layer::Base => on_base::NAME,
            Layer::Strict => moves::CONFIGURED,
        }
    }

    /// The word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Layer::Base => "base",
            Layer::Strict => "strict",
        }
    }

    fn is_wanted(self, repo: &Repo) -> bool {
        match self {
            Layer::Base => true,
            Layer::Strict => is_strict(repo),
        }
    }
}

impl Cause {
    /// The word for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Cause::Elsewhere(_) => "elsewhere",
            Cause::Taken(_) => "taken",
            Cause::Missing(_) | Cause::Unconfigured => "missing",
        }
    }
}

impl Off {
    /// One sentence without a full stop.
    pub fn message(&self, base: &str) -> String {
        let what = match self.layer {
            Layer::Base => format!("commits on '{base}' in its own checkout are not guarded"),
            Layer::Strict => {
                "moves of streams' branches outside of their worktrees are not judged".to_owned()
            }
        };
        let why = match &self.cause {
            Cause::Elsewhere(directory) => format!(
                "git looks for hooks in '{}', outside of its own directory",
                directory.display()
            ),
            Cause::Taken(hook) => format!("'{}' is another program's", hook.display()),
            Cause::Missing(hook) => {
                format!(
                    "'{}' is gone; `git stream init` puts it back",
                    hook.display()
                )
            }
            Cause::Unconfigured => {
                "the configuration does not name the hook; `git stream init` puts it back"
                    .to_owned()
            }
        };
        format!("{what}: {why}")
    }
}

/// Whether `init --strict` was asked for.
pub fn is_strict(repo: &Repo) -> bool {
    repo.private(STRICT).exists()
}

/// Writes down whether it is; what follows from it is written by the next installation.
pub fn set_strict(repo: &Repo, strict: bool) -> Result<(), Error> {
    let path = repo.private(STRICT);
    if strict {
        git::replace_file(&path, b"", 0o644)?;
    } else {
        absent_is_fine(fs::remove_file(&path)).map_err(git::Error::file("remove", &path))?;
    }
    Ok(())
}

/// Decides in which form a hook is there.
fn form(knows_configured: bool, directory: &Path, event: &str, there: &There) -> Form {
    if knows_configured {
        return Form::Configured;
    }
    match there {
        There::Foreign => Form::Off(Cause::Elsewhere(directory.to_owned())),
        There::Taken => Form::Off(Cause::Taken(directory.join(event))),
        There::Nothing | There::Ours | There::Chained => Form::File,
    }
}

/// Writes the files that are wanted and can be there, and removes those that are not; whether
/// anything changed.
pub(super) fn install(repo: &Repo) -> Result<bool, Error> {
    let knows_configured = repo.version()?.configures_hooks();
    let directory = directory(repo)?;
    let mut changed = false;
    for layer in Layer::ALL {
        let there = there(repo, &directory, layer);
        let wanted = layer.is_wanted(repo);
        let form = form(knows_configured, &directory, layer.event(), &there);
        match form {
            Form::File if wanted => changed |= put(&directory, layer, &there)?,
            Form::File | Form::Configured | Form::Off(_) => {
                changed |= remove_file(repo, &directory, layer, wanted)?;
            }
        }
        // A sandbox may forbid it. The hooks of streams are elsewhere and do not depend on it.
        changed |= match form {
            Form::Configured if wanted => configure(repo, layer).unwrap_or(false),
            Form::Configured | Form::File | Form::Off(_) => {
                remove_configured(repo, layer).unwrap_or(false)
            }
        };
    }
    Ok(changed)
}

/// Names a hook in the shared configuration; whether that had to change.
fn configure(repo: &Repo, layer: Layer) -> Result<bool, Error> {
    if is_configured(repo, layer)? {
        return Ok(false);
    }
    remove_configured(repo, layer)?;
    let command = command(layer)?;
    for (key, value) in [
        ("command", OsStr::from_bytes(&command)),
        ("event", OsStr::new(layer.event())),
    ] {
        let key = format!("hook.{}.{key}", layer.friendly_name());
        let call = repo.call().args(["config", "--local", &key]);
        call.arg(value).run()?;
    }
    Ok(true)
}

/// Takes it away; whether there was any.
fn remove_configured(repo: &Repo, layer: Layer) -> Result<bool, Error> {
    let section = format!("hook.{}", layer.friendly_name());
    // What is written first, and so is there whenever anything is.
    if repo.shared_config(&format!("{section}.command"))?.is_none() {
        return Ok(false);
    }
    let call = repo.call().args(["config", "--local", "--remove-section"]);
    call.arg(section).run()?;
    Ok(true)
}

fn is_configured(repo: &Repo, layer: Layer) -> Result<bool, git::Error> {
    let value = |key: &str| repo.shared_config(&format!("hook.{}.{key}", layer.friendly_name()));
    Ok(
        value("command")?.is_some_and(|value| command(layer).is_ok_and(|wanted| *value == *wanted))
            && value("event")?.is_some_and(|value| value == layer.event()),
    )
}

/// What git's configuration calls.
fn command(layer: Layer) -> Result<Vec<u8>, Error> {
    let guard = inside_quotes(&beside("git-stream-guard")?);
    Ok([b"'", guard.as_slice(), b"' ", layer.word().as_bytes()].concat())
}

/// The files of ours among the user's hooks.
pub fn files(repo: &Repo) -> Result<Vec<(Layer, PathBuf)>, Error> {
    let directory = directory(repo)?;
    let mut found = Vec::new();
    for layer in Layer::ALL {
        if there(repo, &directory, layer) == There::Ours {
            found.push((layer, directory.join(layer.event())));
        }
    }
    Ok(found)
}

/// Removes everything, whatever git is installed by now.
pub(super) fn uninstall(repo: &Repo) -> Result<(), Error> {
    let directory = directory(repo)?;
    for layer in Layer::ALL {
        remove_file(repo, &directory, layer, false)?;
        remove_configured(repo, layer)?;
    }
    set_strict(repo, false)?;
    // Ours may have been the only one; it stays where anything else is in it.
    drop(fs::remove_dir(repo.common_dir().join("hooks")));
    Ok(())
}

/// Whether [`install`] would change something.
pub(super) fn is_stale(repo: &Repo) -> Result<bool, Error> {
    Ok(!off(repo)?
        .iter()
        .all(|off| !matches!(off.cause, Cause::Missing(_) | Cause::Unconfigured)))
}

/// The layers that are wanted, and guard nothing outside of streams.
pub fn off(repo: &Repo) -> Result<Vec<Off>, git::Error> {
    let knows_configured = repo.version()?.configures_hooks();
    let directory = directory(repo)?;
    let mut found = Vec::new();
    for layer in Layer::ALL.into_iter().filter(|layer| layer.is_wanted(repo)) {
        let there = there(repo, &directory, layer);
        let cause = match form(knows_configured, &directory, layer.event(), &there) {
            Form::Off(cause) => Some(cause),
            Form::File => {
                (there == There::Nothing).then(|| Cause::Missing(directory.join(layer.event())))
            }
            Form::Configured => (!is_configured(repo, layer)?).then_some(Cause::Unconfigured),
        };
        found.extend(cause.map(|cause| Off { layer, cause }));
    }
    Ok(found)
}

/// What belongs into the configuration of streams' worktrees, which have hooks of their own.
pub(super) fn config_of_streams(repo: &Repo) -> Result<Vec<u8>, Error> {
    let off = configured(repo)?
        .into_iter()
        .map(|layer| format!("[hook \"{}\"]\n\tenabled = false\n", layer.friendly_name()));
    Ok(off.collect::<String>().into_bytes())
}

fn configured(repo: &Repo) -> Result<Vec<Layer>, Error> {
    if !repo.version()?.configures_hooks() {
        return Ok(Vec::new());
    }
    let wanted = Layer::ALL.into_iter().filter(|layer| layer.is_wanted(repo));
    Ok(wanted.collect())
}

/// Where git looks for hooks in the main checkout.
fn directory(repo: &Repo) -> Result<PathBuf, git::Error> {
    let configured = own::configured(&Repo::at(repo.common_dir())?);
    let top = repo.main_top().unwrap_or_else(|| repo.common_dir());
    Ok(configured.map_or_else(|| repo.common_dir().join("hooks"), |path| top.join(path)))
}

fn there(repo: &Repo, directory: &Path, layer: Layer) -> There {
    let real = directory
        .canonicalize()
        .unwrap_or_else(|_| directory.to_owned());
    if !real.starts_with(repo.common_dir()) || own::is_ours(repo, directory) {
        return There::Foreign;
    }
    let hook = directory.join(layer.event());
    if is_ours(&hook) {
        There::Ours
    } else if fs::symlink_metadata(&hook).is_err() {
        There::Nothing
    } else if is_ours(&hook.with_extension(CHAINED)) {
        There::Chained
    } else {
        There::Taken
    }
}

/// Writes a file of ours; whether it had to change. One that cannot be written is told as missing.
fn put(directory: &Path, layer: Layer, there: &There) -> Result<bool, Error> {
    let mut hook = directory.join(layer.event());
    if *there == There::Chained {
        hook.set_extension(CHAINED);
    }
    let guard = beside("git-stream-guard")?;
    let written = match layer {
        Layer::Base => write(&hook, &filled(ON_BASE, &guard), 0o755),
        Layer::Strict => write(&hook, &native(&guard), 0o755),
    };
    // A sandbox may forbid it. The hooks of streams are elsewhere and do not depend on it.
    Ok(written.unwrap_or(false))
}

/// Removes files of ours: from where git looks, and from where it looked before somebody changed
/// that. What a manager has set aside waits for its turn, unless nothing is `wanted` any more.
fn remove_file(repo: &Repo, directory: &Path, layer: Layer, wanted: bool) -> Result<bool, Error> {
    let mut changed = false;
    for place in [directory.to_owned(), repo.common_dir().join("hooks")] {
        if there(repo, &place, layer) == There::Foreign {
            continue;
        }
        let hook = place.join(layer.event());
        let aside = SET_ASIDE.map(|extension| hook.with_extension(extension));
        let aside = aside.into_iter().filter(|_| !wanted);
        for file in std::iter::once(hook)
            .chain(aside)
            .filter(|file| is_ours(file))
        {
            fs::remove_file(&file).map_err(git::Error::file("remove", &file))?;
            changed = true;
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Cause, Form, There, form};
    use crate::git::Version;

    #[test]
    fn one_form_or_none_and_never_two() {
        let directory = Path::new("/r/.git/hooks");
        let at = |version: Version, there| {
            let knows = version.configures_hooks();
            form(knows, directory, "prepare-commit-msg", &there)
        };
        let (old, new) = (Version(2, 53, 9), Version(2, 54, 0));
        let hook = PathBuf::from("/r/.git/hooks/prepare-commit-msg");
        for there in [There::Nothing, There::Ours, There::Chained] {
            assert_eq!(at(old, there.clone()), Form::File);
            assert_eq!(at(new, there), Form::Configured);
        }
        assert_eq!(at(old, There::Taken), Form::Off(Cause::Taken(hook)));
        assert_eq!(at(new, There::Taken), Form::Configured);
        let elsewhere = Cause::Elsewhere(directory.to_owned());
        assert_eq!(at(old, There::Foreign), Form::Off(elsewhere));
        assert_eq!(at(new, There::Foreign), Form::Configured);
    }
}
