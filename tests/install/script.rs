//! What does `install.sh` write, refuse and remove?
//!
//! The programs are those of this build (`--built`); that the script builds them is checked by
//! `.ci/check`, which installs for real.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use crate::support::{Call, Sandbox};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");
const BUILT: &str = env!("CARGO_BIN_EXE_git-stream");

fn install(sandbox: &Sandbox, prefix: &str, more: &[&str]) -> Call {
    let built = Path::new(BUILT).parent().unwrap().to_str().unwrap();
    let args = ["--built", built, "--prefix", prefix];
    sandbox.program(SCRIPT, args.iter().chain(more))
}

/// Every file below a directory, relative to it.
fn files(directory: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.insert(
                    path.strip_prefix(directory)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    found
}

/// The names of the source files of `src/bin`, without `.rs`.
fn programs() -> BTreeSet<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    files(&sources)
        .iter()
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .collect()
}

#[test]
fn what_was_installed_is_removed_and_nothing_else() {
    let sandbox = Sandbox::empty();
    let prefix = sandbox.root().join("it's a prefix");
    sandbox.write(
        prefix.join("share/man/man1/other.1"),
        "somebody else's page",
    );
    let ran = install(&sandbox, prefix.to_str().unwrap(), &[]).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());

    let written = files(&prefix);
    for program in programs() {
        let path = format!("bin/{program}");
        assert!(written.contains(&path), "{path}");
        let mode = fs::metadata(prefix.join(&path))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
        assert!(ran.stdout().contains(&format!("\n  {program}\n")));
    }
    let manifest = fs::read_to_string(prefix.join("share/git-stream/manifest")).unwrap();
    let mut listed: BTreeSet<String> = manifest
        .lines()
        .filter(|line| !line.ends_with('/'))
        .map(str::to_owned)
        .collect();
    listed.insert("share/man/man1/other.1".to_owned());
    assert_eq!(listed, written);

    let removed = install(&sandbox, prefix.to_str().unwrap(), &["--uninstall"]).go();
    assert_eq!(removed.status(), 0, "{}", removed.block());
    assert_eq!(
        files(&prefix),
        BTreeSet::from(["share/man/man1/other.1".to_owned()])
    );
    assert!(!prefix.join("bin").exists());
    assert!(!prefix.join("share/git-stream").exists());
}

#[test]
fn a_program_that_runs_keeps_its_old_file() {
    let sandbox = Sandbox::empty();
    let prefix = sandbox.root().join("prefix");
    let program = prefix.join("bin/git-stream");
    sandbox.write(&program, "the version that runs");
    let mut running = File::open(&program).unwrap();
    assert_eq!(install(&sandbox, prefix.to_str().unwrap(), &[]).status(), 0);
    let mut text = String::new();
    running.read_to_string(&mut text).unwrap();
    assert_eq!(text, "the version that runs");
    assert_eq!(fs::read(&program).unwrap(), fs::read(BUILT).unwrap());
}

#[test]
fn a_second_installation_changes_nothing_but_drops_what_is_outdated() {
    let sandbox = Sandbox::empty();
    let prefix = sandbox.root().join("prefix");
    let run = || install(&sandbox, prefix.to_str().unwrap(), &[]).go();
    assert_eq!(run().status(), 0);
    let manifest = prefix.join("share/git-stream/manifest");
    let (files_before, before) = (files(&prefix), fs::read_to_string(&manifest).unwrap());
    assert_eq!(run().status(), 0);
    assert_eq!(files(&prefix), files_before);
    assert_eq!(fs::read_to_string(&manifest).unwrap(), before);

    sandbox.write(prefix.join("bin/git-stream-gone"), "");
    sandbox.write(prefix.join("bin/git-stream-foreign"), "");
    sandbox.write(&manifest, format!("{before}bin/git-stream-gone\n"));
    let said = run().stdout();
    assert!(
        said.contains("bin/git-stream-gone, which this version does not have"),
        "{said}"
    );
    assert!(!prefix.join("bin/git-stream-gone").exists());
    assert!(prefix.join("bin/git-stream-foreign").exists());
    assert_eq!(fs::read_to_string(&manifest).unwrap(), before);
}

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = Sandbox::empty();
    let prefix = sandbox.root().join("prefix");
    let name = prefix.to_str().unwrap();
    let ran = install(&sandbox, name, &["--dry-run"]).go();
    assert_eq!(ran.status(), 0);
    assert!(
        ran.stdout().ends_with("nothing was changed\n"),
        "{}",
        ran.block()
    );
    assert!(!prefix.exists());

    assert_eq!(install(&sandbox, name, &[]).status(), 0);
    let before = files(&prefix);
    let ran = install(&sandbox, name, &["--uninstall", "-n"]).go();
    assert!(
        ran.stdout().contains("  bin/git-stream\n"),
        "{}",
        ran.block()
    );
    assert!(
        ran.stdout().ends_with("nothing was changed\n"),
        "{}",
        ran.block()
    );
    assert_eq!(files(&prefix), before);
}

#[test]
fn a_place_where_it_would_not_be_found_is_named() {
    let sandbox = Sandbox::empty();
    let man = sandbox.root().join("tools");
    sandbox.script(man.join("man"), "#!/bin/sh\n");
    let path = format!("{}:{}", man.display(), tools(&sandbox, &[]));
    let warnings = |path: &str, manual: &str| {
        let call = install(&sandbox, "../prefix", &[])
            .env("PATH", path)
            .env("MANPATH", manual);
        let ran = call.go();
        assert_eq!(ran.status(), 0, "{}", ran.block());
        ran.stderr()
            .replace(sandbox.root().to_str().unwrap(), "$ROOT")
    };
    assert_snapshot!(warnings(&path, "/usr/share/man"), @r#"
    warning: $ROOT/prefix/bin is not on PATH; git will not find 'git stream' there.
    warning: add to your shell's profile: export PATH="$ROOT/prefix/bin:$PATH"
    warning: MANPATH leaves out $ROOT/prefix/share/man; 'git stream --help' will find no page.
    warning: add to your shell's profile: export MANPATH="$ROOT/prefix/share/man:$MANPATH"
    "#);
    let bin = sandbox.root().join("prefix/bin");
    let found = format!("{}:{path}", bin.display());
    assert_eq!(warnings(&found, ""), "");
    assert_eq!(warnings(&found, ":/usr/share/man"), "");
    let pages = sandbox.root().join("prefix/share/man");
    assert_eq!(warnings(&found, pages.to_str().unwrap()), "");

    sandbox.script(man.join("git-stream"), "#!/bin/sh\n");
    let hidden = format!("{path}:{}", bin.display());
    assert_snapshot!(warnings(&hidden, ""), @"warning: $ROOT/tools/git-stream comes first on PATH and hides this installation.");
}

#[test]
fn an_old_git_is_refused_before_anything_is_built() {
    let sandbox = Sandbox::empty();
    let path = tools(&sandbox, &["git"]);
    let with = |version: &str| {
        let text = format!("#!/bin/sh\necho 'git version {version}'\n");
        sandbox.script(Path::new(&path).join("git"), &text);
        install(&sandbox, "../prefix", &["--dry-run"]).env("PATH", &path)
    };
    for good in [
        "2.39.0",
        "2.39.5 (Apple Git-154)",
        "2.55.0.rc1",
        "2.47.3.windows.1",
        "3.0.0",
    ] {
        assert_eq!(with(good).status(), 0, "{good}");
    }
    for bad in ["1.99.1", "2.38.5", "2.9.3", "unknown"] {
        assert_eq!(with(bad).status(), 1, "{bad}");
    }
    assert_snapshot!(with("2.34.1").go().stderr(), @r"
    error: git version 2.34.1 is too old: 'git merge-tree --write-tree' and 'git hook run' are needed
    hint: Install git 2.39 or newer; no other part of the system has to change.
    ");
}

#[test]
fn without_rust_there_is_a_hint() {
    let sandbox = Sandbox::empty();
    let call = || sandbox.program(SCRIPT, ["--prefix", "../prefix"]);
    let none = tools(&sandbox, &[]);
    assert_snapshot!(call().env("PATH", &none).go().stderr(), @r"
    error: 'cargo' is not on PATH
    hint: Install Rust from https://rustup.rs, then run this again.
    ");
    sandbox.script(Path::new(&none).join("cargo"), "#!/bin/sh\n");
    sandbox.script(
        Path::new(&none).join("rustc"),
        "#!/bin/sh\necho 'rustc 1.70.0 (90c541806)'\n",
    );
    let ran = call().env("PATH", &none).go();
    let wanted = concat!(
        "Rust 1.70 is too old; ",
        env!("CARGO_PKG_RUST_VERSION"),
        " is needed"
    );
    assert_eq!(ran.status(), 1);
    assert!(ran.stderr().contains(wanted), "{}", ran.block());
}

#[test]
fn it_builds_and_finds_what_cargo_built() {
    let sandbox = Sandbox::empty();
    let target = sandbox.root().join("elsewhere");
    let path = tools(&sandbox, &[]);
    let cargo = |build: &str| {
        let text = format!(
            "#!/bin/sh\ncase $1 in\nbuild) echo \"$*\" >&2; {build} ;;\n\
             metadata) echo '{{\"packages\":[],\"target_directory\":\"{}\",\"version\":1}}' ;;\nesac\n",
            target.display()
        );
        sandbox.script(Path::new(&path).join("cargo"), &text);
        sandbox
            .program(SCRIPT, ["--prefix=../prefix"])
            .env("PATH", &path)
    };
    sandbox.script(
        Path::new(&path).join("rustc"),
        "#!/bin/sh\necho 'rustc 9.0.0'\n",
    );

    let failed = cargo("exit 101").go();
    assert_snapshot!(failed.block(), @r"
    $ PATH=$ROOT/only install.sh --prefix=../prefix
    --- stderr ---
    build --release --locked --bins
    error: the build failed; nothing was installed
    [status 1]
    ");
    assert!(!sandbox.root().join("prefix").exists());

    for program in programs() {
        sandbox.write(target.join("release").join(program), "fresh");
    }
    assert_eq!(cargo(":").status(), 0);
    let installed = fs::read_to_string(sandbox.root().join("prefix/bin/git-stream")).unwrap();
    assert_eq!(installed, "fresh");
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    let sandbox = Sandbox::empty();
    sandbox.write("../file", "");
    let at = |prefix: &str, more: &[&str]| install(&sandbox, prefix, more).go();
    assert_eq!(at("../prefix", &["--frobnicate"]).status(), 2);
    assert_eq!(at("", &[]).status(), 1);
    let below_a_file = at("../file/prefix", &[]);
    assert_snapshot!(below_a_file.stderr().replace(sandbox.root().to_str().unwrap(), "$ROOT"), @"error: '$ROOT/repo/../file' is not a directory; nothing was changed");
    assert_eq!(below_a_file.status(), 1);
    let absent = at("../prefix", &["--uninstall"]);
    assert_eq!(absent.status(), 1);
    assert!(!sandbox.root().join("prefix").exists());

    let bare = sandbox
        .program(SCRIPT, ["--built", "."])
        .without_env("HOME")
        .go();
    assert_eq!(bare.status(), 1);
    assert!(
        bare.stderr().starts_with("error: HOME is not set\n"),
        "{}",
        bare.block()
    );
}

#[test]
fn a_manifest_that_leads_out_of_the_prefix_is_not_obeyed() {
    for path in ["../precious", "/etc/precious", "bin/../../precious"] {
        let sandbox = Sandbox::empty();
        sandbox.write("../precious", "");
        let manifest = format!("bin/git-stream\n{path}\n");
        sandbox.write("../prefix/share/git-stream/manifest", manifest);
        sandbox.write("../prefix/bin/git-stream", "");
        assert_eq!(
            install(&sandbox, "../prefix", &["--uninstall"]).status(),
            1,
            "{path}"
        );
        assert!(sandbox.root().join("precious").exists());
        assert!(sandbox.root().join("prefix/bin/git-stream").exists());
    }
}

/// A PATH with what the script needs and nothing else: no cargo, no git stream.
fn tools(sandbox: &Sandbox, without: &[&str]) -> String {
    let directory: PathBuf = sandbox.root().join("only");
    fs::create_dir(&directory).unwrap();
    let needed = [
        "basename", "cat", "chmod", "cp", "dirname", "git", "grep", "mkdir", "mktemp", "mv", "rm",
        "rmdir", "sed", "sh", "sort", "tr",
    ];
    for name in needed.iter().filter(|name| !without.contains(name)) {
        let place = sandbox
            .program("sh", ["-c", &format!("command -v {name}")])
            .go()
            .stdout();
        symlink(place.trim_end(), directory.join(name)).unwrap();
    }
    directory.to_str().unwrap().to_owned()
}
