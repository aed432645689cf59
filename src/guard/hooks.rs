//! Where do our hooks live, and in which worktrees are they active?
//!
//! ```text
//! .git/config              [includeIf "gitdir:./worktrees/"] path = git-stream.config   once, by `init`
//! .git/git-stream.config   one [includeIf "gitdir:./worktrees/ID"] per stream's worktree
//! .git/git-stream/worktree.config      core.hooksPath = .git/git-stream/hooks
//! .git/git-stream/hooks/               our hooks, and a pass-through for each of the user's
//! ```
//!
//! A hook is a script of the shell that starts the guard. One that git calls so often that a shell
//! would be too much has the guard itself behind its `#!`. It is no link to the program: who makes a
//! link not executable, or writes to it, does so to what it leads to.
//!
//! Everything is written as a whole and only where it differs, so installing again is free.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

pub use super::intact::{Mended, Trouble, is_installed, mend, trouble};
use super::{Error, intact, moves, outside, own};
use crate::git::{self, Lock, Repo, replace_file};
use crate::workspace::MARKER;

/// The file in the shared git directory that its configuration includes in linked worktrees.
pub const INCLUDED: &str = "git-stream.config";
/// The file that each stream's worktree includes.
pub(super) const WORKTREE_CONFIG: &str = "worktree.config";
/// The directory of our hooks.
pub(super) const HOOKS: &str = "hooks";
/// What the second line of every hook of ours begins with.
pub const SIGNATURE: &[u8] = b"\n# git stream:";
/// The hook that makes git read its index a second time, in the same commit.
const READS_AGAIN: &str = "pre-commit";
/// The size of an index, in bytes, above which that costs more than all that the guard does: some
/// ten thousand files. `prepare-commit-msg`, which every `git commit` runs and `--no-verify` does
/// not skip, asks there alone.
const LARGE: u64 = 1 << 20;
/// The longest name of a program that every system starts by a `#!` line.
const LONGEST_NAME: usize = 120;

/// When git calls a hook of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// Before it commits what is in the index.
    BeforeCommit,
    /// Before it pushes.
    BeforePush,
    /// When it has moved a branch.
    After,
}

/// The hooks that ask the guard.
const GUARDED: [(&str, Layer, &str); 9] = [
    (
        "pre-commit",
        Layer::BeforeCommit,
        include_str!("../../hooks/pre-commit"),
    ),
    (
        "pre-merge-commit",
        Layer::BeforeCommit,
        include_str!("../../hooks/pre-merge-commit"),
    ),
    (
        "pre-applypatch",
        Layer::BeforeCommit,
        include_str!("../../hooks/pre-applypatch"),
    ),
    (
        "prepare-commit-msg",
        Layer::BeforeCommit,
        include_str!("../../hooks/prepare-commit-msg"),
    ),
    (
        "pre-push",
        Layer::BeforePush,
        include_str!("../../hooks/pre-push"),
    ),
    ("post-commit", Layer::After, DETECTOR),
    ("post-merge", Layer::After, DETECTOR),
    ("post-rewrite", Layer::After, DETECTOR),
    ("post-checkout", Layer::After, DETECTOR),
];
const DETECTOR: &str = include_str!("../../hooks/detector");
const PASS_THROUGH: &str = include_str!("../../hooks/pass-through");
const BY_NAME: &str = include_str!("../../hooks/by-name");

/// The hooks that are handed on to the user's own, where there is one. `push-to-checkout` and
/// `proc-receive` are not among them: git behaves differently as soon as they exist.
const PASSED: [&str; 16] = [
    "applypatch-msg",
    "commit-msg",
    "p4-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
    "p4-prepare-changelist",
    "post-applypatch",
    "post-index-change",
    "post-receive",
    "post-update",
    "pre-auto-gc",
    "pre-rebase",
    "pre-receive",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

/// Every hook that we may be called as.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    always().chain(PASSED)
}

/// The hooks that are there whatever the user has.
pub(super) fn always() -> impl Iterator<Item = &'static str> {
    GUARDED.iter().map(|(name, ..)| *name)
}

/// Whether this is the name of a hook that we write.
pub(super) fn is_name(name: &str) -> bool {
    names().any(|known| known == name)
}

/// What the guard has to do in a hook; `None` where it only hands on to the user's own.
pub(super) fn layer(name: &str) -> Option<Layer> {
    let mut guarded = GUARDED.iter();
    guarded
        .find(|(guarded, ..)| *guarded == name)
        .map(|(_, layer, _)| *layer)
}

/// Writes the hooks and the configuration that makes them active in the worktrees that are marked;
/// `false` where nothing had to change.
///
/// Under the repository's lock: two commands that each add a worktree must not lose one.
pub fn install(repo: &Repo, _lock: &Lock) -> Result<bool, Error> {
    let directory = repo.private(HOOKS);
    let mut changed = false;
    intact::put_aside(repo)?;
    let wanted = wanted(repo)?;
    for (name, text) in &wanted {
        changed |= write(&directory.join(name), text, 0o755)?;
    }
    for name in names().filter(|name| !wanted.contains_key(name)) {
        let path = directory.join(name);
        if is_ours(&path) {
            fs::remove_file(&path).map_err(git::Error::file("remove", &path))?;
            changed = true;
        }
    }
    changed |= mark_own_moves(repo)?;
    changed |= outside::install(repo)?;
    let config = [format_config(&directory), outside::config_of_streams(repo)?];
    changed |= write(&repo.private(WORKTREE_CONFIG), &config.concat(), 0o644)?;
    changed |= write(&repo.common_dir().join(INCLUDED), &included(repo)?, 0o644)?;
    Ok(changed)
}

/// Removes all that [`install`] has written. What others had put among it stays, and is named.
pub fn uninstall(repo: &Repo) -> Result<Vec<PathBuf>, Error> {
    // The configuration first: without it, git looks for no hook of ours.
    for path in [
        repo.common_dir().join(INCLUDED),
        repo.private(WORKTREE_CONFIG),
    ] {
        absent_is_fine(fs::remove_file(&path)).map_err(git::Error::file("remove", &path))?;
    }
    outside::uninstall(repo)?;
    intact::remove_all(repo)
}

pub(super) fn absent_is_fine(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The hooks that should be there, by name.
fn wanted(repo: &Repo) -> Result<BTreeMap<&'static str, Vec<u8>>, Error> {
    let guard = beside("git-stream-guard")?;
    let mut wanted: BTreeMap<_, _> = GUARDED
        .iter()
        .map(|(name, _, text)| (*name, filled(text, &guard)))
        .collect();
    let theirs = own::directories(repo);
    for name in PASSED {
        if is_own(repo, &theirs, name) {
            wanted.insert(name, filled(PASS_THROUGH, &guard));
        }
    }
    if outside::is_strict(repo) {
        wanted.insert(moves::NAME, native(&guard));
    }
    if has_large_index(repo) && !is_own(repo, &theirs, READS_AGAIN) {
        wanted.remove(READS_AGAIN);
    }
    Ok(wanted)
}

/// Whether a hook of ours is not there because it shall not be.
pub(super) fn is_left_out(repo: &Repo, name: &str) -> bool {
    name == READS_AGAIN
        && has_large_index(repo)
        && !repo.private(HOOKS).join(name).exists()
        && !is_own(repo, &own::directories(repo), name)
}

/// Told by the main checkout, so that it is the same for all worktrees.
fn has_large_index(repo: &Repo) -> bool {
    fs::metadata(repo.common_dir().join("index")).is_ok_and(|about| about.len() > LARGE)
}

/// Whether the user has a hook of this name, in its place or where we have put it.
fn is_own(repo: &Repo, theirs: &[PathBuf], name: &str) -> bool {
    is_among(theirs, name) || intact::theirs(&repo.private(HOOKS), name).is_some()
}

/// Whether the user has a hook of this name in one of these directories.
fn is_among(directories: &[PathBuf], name: &str) -> bool {
    let mut hooks = directories.iter().map(|directory| directory.join(name));
    hooks.any(|hook| own::is_runnable(&hook) && !is_ours(&hook))
}

/// Writes down whether the user has the hook as well that git calls most often, so that ours need
/// not look for it each time.
fn mark_own_moves(repo: &Repo) -> Result<bool, Error> {
    let mark = repo.private(HOOKS).join(moves::HAS_OWN);
    let is_there = is_own(repo, &own::directories(repo), moves::NAME);
    let has_own = outside::is_strict(repo) && is_there;
    match (has_own, mark.exists()) {
        (true, false) => replace_file(&mark, b"", 0o644)?,
        (false, true) => fs::remove_file(&mark).map_err(git::Error::file("remove", &mark))?,
        (true, true) | (false, false) => return Ok(false),
    }
    Ok(true)
}

/// What other programs had put in the place of hooks of ours: the hook, and where it is now.
pub fn displaced(repo: &Repo) -> Vec<(&'static str, PathBuf)> {
    let directory = repo.private(HOOKS);
    let kept = names().filter_map(|name| Some((name, intact::theirs(&directory, name)?)));
    kept.collect()
}

/// A template with the program's place.
pub(super) fn filled(template: &str, guard: &Path) -> Vec<u8> {
    template.as_bytes().replace("@GUARD@", inside_quotes(guard))
}

/// A hook that is called by its own name, without a shell where the system can do without.
pub(super) fn native(guard: &Path) -> Vec<u8> {
    let name = guard.as_os_str().as_bytes();
    if name.len() > LONGEST_NAME || name.iter().any(u8::is_ascii_whitespace) {
        return filled(BY_NAME, guard);
    }
    let about =
        b"\n# git stream: may the branches of streams be moved so? Not a script of the shell.\n";
    [b"#!", name, about].concat()
}

/// Whether a hook is one of ours: its second line says so.
pub(super) fn is_ours(hook: &Path) -> bool {
    intact::beginning(hook).contains_str(SIGNATURE)
}

/// The program of ours that belongs to the one that runs: beside it, whatever PATH says.
pub fn beside(name: &str) -> Result<PathBuf, Error> {
    let program = std::env::current_exe()
        .and_then(|program| program.canonicalize())
        .map_err(git::Error::file("find", Path::new("git-stream")))?;
    Ok(program.with_file_name(name))
}

/// A path as it stands between the single quotes of a shell script.
pub fn inside_quotes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().replace("'", "'\\''")
}

/// Whether [`install`] would write or remove a hook.
pub fn are_stale(repo: &Repo) -> Result<bool, Error> {
    let directory = repo.private(HOOKS);
    let wanted = wanted(repo)?;
    let stale = names().any(|name| {
        let path = directory.join(name);
        match wanted.get(name) {
            Some(text) => !is_so(&path, text, 0o755),
            None => path.exists(),
        }
    });
    let included = included(repo)?;
    let there = fs::read(repo.common_dir().join(INCLUDED));
    let is_in_force = there.is_ok_and(|there| there == included);
    Ok(stale || !is_in_force || outside::is_stale(repo)?)
}

/// Writes a file unless it is there with exactly this content and mode.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> Result<bool, Error> {
    let same = is_so(path, content, mode);
    if !same {
        replace_file(path, content, mode)?;
    }
    Ok(!same)
}

fn is_so(path: &Path, content: &[u8], mode: u32) -> bool {
    fs::read(path).is_ok_and(|there| there == content)
        && fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o777 == mode)
}

/// What a stream's worktree includes.
fn format_config(hooks: &Path) -> Vec<u8> {
    let path = quoted(hooks.as_os_str());
    [b"[core]\n\thooksPath = ", path.as_slice(), b"\n"].concat()
}

/// What the repository includes: our configuration, for each marked worktree.
fn included(repo: &Repo) -> Result<Vec<u8>, Error> {
    let mut text = String::new();
    for linked in repo.linked_worktrees()? {
        if linked.git_dir.join(MARKER).exists() {
            text.push_str(&section(&linked.id));
        }
    }
    let header = b"# Written by git stream: which worktrees belong to streams.\n".to_vec();
    Ok([header, text.into_bytes()].concat())
}

/// The lines for one worktree.
fn section(id: &str) -> String {
    let condition = format!("gitdir:./worktrees/{}", literal(id));
    let condition = condition.replace('\\', "\\\\").replace('"', "\\\"");
    format!("[includeIf \"{condition}\"]\n\tpath = git-stream/{WORKTREE_CONFIG}\n")
}

/// Makes the hooks active in one worktree more, and changes nothing else.
pub fn activate(repo: &Repo, id: &str, _lock: &Lock) -> Result<(), Error> {
    let file = repo.common_dir().join(INCLUDED);
    let mut text = fs::read(&file).map_err(git::Error::file("read", &file))?;
    text.extend(section(id).bytes());
    write(&file, &text, 0o644)?;
    Ok(())
}

/// Takes back what [`activate`] has done.
pub fn deactivate(repo: &Repo, id: &str, _lock: &Lock) -> Result<(), Error> {
    let file = repo.common_dir().join(INCLUDED);
    let text = match fs::read(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(git::Error::file("read", &file))?,
    };
    write(&file, &text.replace(section(id), ""), 0o644)?;
    Ok(())
}

/// A worktree's id as a glob that matches it alone. git's configuration cannot hold a line feed
/// there, and takes `?` for it.
fn literal(id: &str) -> String {
    let mut glob = String::new();
    for c in id.chars() {
        match c {
            '*' | '?' | '[' | '\\' => glob.extend(['\\', c]),
            '\n' => glob.push('?'),
            c => glob.push(c),
        }
    }
    glob
}

/// A value as git's configuration quotes it.
pub(super) fn quoted(value: &OsStr) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in value.as_bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend([b'\\', *byte]),
            b'\n' => quoted.extend(b"\\n"),
            _ => quoted.push(*byte),
        }
    }
    quoted.push(b'"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{DETECTOR, GUARDED, PASS_THROUGH, SIGNATURE, literal, names, quoted};
    use bstr::ByteSlice as _;

    #[test]
    fn an_id_is_a_glob_that_matches_it_alone() {
        assert_eq!(literal("api"), "api");
        assert_eq!(literal("a*b?[c]\\d"), "a\\*b\\?\\[c]\\\\d");
    }

    #[test]
    fn a_value_survives_its_quoting() {
        let value = std::ffi::OsStr::new("a \"b\"\\c#;\nd");
        assert_eq!(quoted(value), br#""a \"b\"\\c#;\nd""#);
    }

    #[test]
    fn hooks_that_change_git_by_existing_are_never_written() {
        for name in ["push-to-checkout", "proc-receive", "fsmonitor-watchman"] {
            assert!(!names().any(|other| other == name));
        }
    }

    #[test]
    fn a_program_that_no_system_starts_by_its_name_is_started_by_the_shell() {
        let begins = |path: &str, text: &str| super::native(path.as_ref()).starts_with_str(text);
        assert!(begins(
            "/opt/bin/git-stream-guard",
            "#!/opt/bin/git-stream-guard\n# git stream:"
        ));
        let long = format!("/{}/git-stream-guard", "x".repeat(120));
        for path in ["/opt/my bin/git-stream-guard", &long] {
            assert!(begins(path, "#!/bin/sh\n# git stream:"), "{path}");
        }
    }

    #[test]
    fn every_template_is_signed_and_names_its_guard() {
        let guarded = GUARDED.into_iter().map(|(name, _, text)| (name, text));
        for (name, text) in guarded.chain([("${0##*/}", PASS_THROUGH)]) {
            assert!(text.as_bytes().contains_str(SIGNATURE));
            assert_eq!(text.matches("'@GUARD@'").count(), 1);
            let last = text.lines().last().unwrap();
            let is_named = last.contains(name) || text == DETECTOR;
            assert!(last.starts_with("exec \"$guard\" ") && is_named, "{last}");
        }
    }
}
