//! What happens when the disk is full, or cannot be written at all?
//!
//! Needs a file system of its own, so these tests mount one; where that is not allowed they say
//! loudly that they were skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Fingerprint, Sandbox, assert_sound};

/// A small file system, mounted over a sandbox's directory until it is dropped.
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// `None` where mounting is not allowed here.
    pub(crate) fn over(directory: &Path, size: &str) -> Option<Mount> {
        let options = format!("size={size},mode=755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(directory)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Mount(directory.to_owned()));
        }
        println!("!!!!  SKIPPED: no file system can be mounted here  !!!!");
        None
    }

    fn read_only(&self, yes: bool) {
        let how = if yes { "remount,ro" } else { "remount,rw" };
        let mut mount = Command::new("mount");
        assert!(
            mount
                .args(["-o", how])
                .arg(&self.0)
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

/// A sandbox whose directory is a small file system, with one stream's worth of files.
fn on_a_small_disk() -> Option<(Mount, Sandbox)> {
    let empty = Sandbox::empty();
    let mount = Mount::over(empty.root(), "4m")?;
    Some((mount, empty.begun()))
}

#[test]
fn a_disk_that_is_full_ends_a_claim_with_a_reason_and_loses_nothing() {
    let mut refused = 0;
    for left in [0, 4, 8, 16, 32, 64, 128, 256] {
        let Some((_mount, sandbox)) = on_a_small_disk() else {
            return;
        };
        let filler = sandbox.root().join("filler");
        fill(&filler, left * 1024);
        let claim = || {
            sandbox
                .run(["claim", "api", "--files", "src/api/**"])
                .agent("a1")
        };
        let ran = claim().go();
        assert!(
            [0, 5].contains(&ran.status()),
            "{left} KiB: {}",
            ran.block()
        );
        fs::remove_file(&filler).unwrap();
        if ran.status() == 5 {
            refused += 1;
            assert!(
                ran.stderr().contains("ree some space"),
                "{left} KiB: {}",
                ran.block()
            );
        }
        let again = claim().go();
        assert_eq!(again.status(), 0, "{left} KiB: {}", again.block());
        let worktree = sandbox.root().join("repo.streams/api");
        assert_eq!(sandbox.git_in(&worktree, &["status", "--porcelain"]), "");
        assert_sound(&sandbox, &sandbox.repo());
    }
    assert!(refused > 0, "the disk was never full");
}

/// Text that does not compress.
fn noise(bytes: usize) -> String {
    let mut state = 88_172_645_463_325_252_u64;
    let mut text = String::new();
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(&format!("{state:016x}\n"));
    }
    text
}

#[test]
fn a_disk_that_fills_up_in_a_sync_leaves_the_stream_where_it_was() {
    let mut refused = 0;
    for left in [0, 8, 32, 64, 128, 256, 512] {
        let Some((_mount, sandbox)) = on_a_small_disk() else {
            return;
        };
        let claim = sandbox.run(["claim", "api", "--files", "src/api/**"]);
        claim.agent("a1").go().succeeded();
        let top = sandbox.root().join("repo.streams/api");
        let git = |args: &[&str]| sandbox.git_in(&top, args);
        sandbox.write(top.join("src/api/new.rs"), "new\n");
        git(&["add", "."]);
        git(&["-c", "core.hooksPath=/dev/null", "commit", "-qm", "Work"]);
        sandbox.write(top.join("src/api/draft.rs"), "draft\n");
        sandbox.commit(
            "Large",
            &[("data.txt", &noise(300_000)), ("docs/guide.md", "new\n")],
        );
        let filler = sandbox.root().join("filler");
        fill(&filler, left * 1024);
        let sync = || sandbox.run(["sync", "api"]).agent("a1");
        let ran = sync().go();
        assert!(
            [0, 5].contains(&ran.status()),
            "{left} KiB: {}",
            ran.block()
        );
        fs::remove_file(&filler).unwrap();
        if ran.status() == 5 {
            refused += 1;
            let said = ran.stderr();
            assert!(said.contains("space"), "{left} KiB: {}", ran.block());
        }
        let again = sync().go();
        assert_eq!(again.status(), 0, "{left} KiB: {}", again.block());
        assert_eq!(git(&["log", "--format=%s", "main.."]), "Work\n");
        assert_eq!(git(&["status", "--porcelain"]), "?? src/api/draft.rs\n");
        assert_sound(&sandbox, &sandbox.repo());
    }
    assert!(refused > 0, "the disk was never full");
}

/// A check that fills the disk has not passed, and what it has left does not stay in the way.
#[test]
fn a_check_that_fills_the_disk_lands_nothing_and_the_next_one_has_room() {
    let Some((_mount, sandbox)) = on_a_small_disk() else {
        return;
    };
    let check = "test -e ../../room || { cat /dev/zero >filler 2>/dev/null; exit 1; }";
    let plan =
        format!("version = 1\n[land]\ncheck = '{check}'\n[streams.api]\nfiles = ['src/api/**']\n");
    sandbox.commit("Plan", &[("streams.toml", &plan)]);
    sandbox.run(["init"]).go().succeeded();
    sandbox.run(["init", "--approve"]).go().succeeded();
    let claim = sandbox.run(["claim", "api"]).agent("a1");
    claim.go().succeeded();
    let top = sandbox.root().join("repo.streams/api");
    sandbox.write(top.join("src/api/new.rs"), "new\n");
    sandbox.git_in(&top, &["add", "."]);
    let commit = ["-c", "core.hooksPath=/dev/null", "commit", "-qm", "Work"];
    sandbox.git_in(&top, &commit);
    let main = sandbox.git(&["rev-parse", "main"]);
    let land = || sandbox.run(["land", "api"]).agent("a1");
    let ran = land().go();
    assert!([1, 5].contains(&ran.status()), "{}", ran.block());
    assert_eq!(sandbox.git(&["rev-parse", "main"]), main);
    assert_eq!(sandbox.git_in(&top, &["status", "--porcelain"]), "");
    assert_sound(&sandbox, &sandbox.repo());
    sandbox.write(sandbox.root().join("room"), "");
    land().go().succeeded();
    assert_eq!(sandbox.git(&["show", "main:src/api/new.rs"]), "new\n");
    assert_sound(&sandbox, &sandbox.repo());
}

/// Fills the file system until so many bytes are left.
pub(crate) fn fill(filler: &Path, left: u64) {
    let all = vec![b'x'; 8 * 1024 * 1024];
    // It ends with an error, when the file system is full.
    drop(fs::write(filler, &all));
    let size = fs::metadata(filler).unwrap().len();
    let file = fs::OpenOptions::new().write(true).open(filler).unwrap();
    file.set_len(size.saturating_sub(left)).unwrap();
}

#[test]
fn a_repository_that_cannot_be_written_says_so_and_can_be_read() {
    let Some((mount, sandbox)) = on_a_small_disk() else {
        return;
    };
    sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
        .go()
        .succeeded();
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    mount.read_only(true);
    let claim = sandbox
        .run(["claim", "ui", "--files", "src/ui/**"])
        .agent("a2")
        .go();
    assert_eq!(claim.status(), 5, "{}", claim.block());
    assert!(
        claim.stderr().contains("Read-only file system"),
        "{}",
        claim.block()
    );
    assert_eq!(sandbox.run(["path", "api"]).go().status(), 0);
    mount.read_only(false);
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
}
