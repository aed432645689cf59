//! Do the real hook managers and ours live side by side?
//!
//! Each runs three hooks before a commit: one writes a line, one refuses what says FORBIDDEN, one
//! rewrites what is staged. They are installed before us and after us, in the main checkout and in
//! a stream's worktree, where a plan's `setup` would do it.

mod base;
mod beside;
mod displaced;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Call, Fingerprint, Ran, Sandbox};

const PLAN: &str = "version = 1
[streams.api]
files = [\"src/api/**\"]
[streams.ui]
files = [\"src/ui/**\"]
";

const NOTE: &str = "#!/bin/sh\necho theirs >>\"$NOTES\"\n";
const REFUSE: &str = "#!/bin/sh
! git diff --cached | grep -q '^+.*FORBIDDEN' || { echo 'theirs: no' >&2; exit 1; }
";
const REWRITE: &str = "#!/bin/sh
for file in $(git diff --cached --name-only --diff-filter=AM); do
	! grep -q teh \"$file\" || { sed -i s/teh/the/ \"$file\" && git add \"$file\"; }
done
";

/// A hook manager.
#[derive(Clone, Copy)]
struct Manager {
    name: &'static str,
    /// What it is asked to install itself.
    install: &'static [&'static str],
    /// Its configuration, which is committed.
    config: (&'static str, &'static str),
}

const HUSKY: Manager = Manager {
    name: "husky",
    install: &[],
    config: (
        ".husky/pre-commit",
        "tools/note\ntools/refuse\ntools/rewrite\n",
    ),
};

const LEFTHOOK: Manager = Manager {
    name: "lefthook",
    install: &["install"],
    config: (
        "lefthook.yml",
        "pre-commit:
  jobs:
    - run: tools/note
    - run: tools/refuse
    - run: tools/rewrite
",
    ),
};

/// The same configuration for both that read it.
const YAML: &str = "repos:
- repo: local
  hooks:
  - {id: note, name: note, language: system, entry: tools/note, always_run: true, pass_filenames: false}
  - {id: refuse, name: refuse, language: system, entry: tools/refuse, always_run: true, pass_filenames: false}
  - {id: rewrite, name: rewrite, language: system, entry: tools/rewrite, always_run: true, pass_filenames: false}
";

const PRE_COMMIT: Manager = Manager {
    name: "pre-commit",
    install: &["install"],
    config: (".pre-commit-config.yaml", YAML),
};

const PREK: Manager = Manager {
    name: "prek",
    install: &["install"],
    config: (".pre-commit-config.yaml", YAML),
};

/// A repository that is configured for a manager, where neither it nor we are installed.
struct Home {
    sandbox: Sandbox,
    manager: Manager,
}

impl Home {
    /// `None` where the manager cannot be had.
    fn of(manager: Manager) -> Option<Home> {
        if !tools::is_here(manager.name) {
            return None;
        }
        let sandbox = Sandbox::new();
        for (name, text) in [("note", NOTE), ("refuse", REFUSE), ("rewrite", REWRITE)] {
            sandbox.script(format!("tools/{name}"), text);
        }
        sandbox.commit("Plan", &[("streams.toml", PLAN), manager.config]);
        Some(Home { sandbox, manager })
    }

    fn api(&self) -> PathBuf {
        self.sandbox.root().join("repo.streams/api")
    }

    /// Sets us up and claims `api`.
    fn set_up(&self) {
        self.sandbox.run(["init"]).go().succeeded();
        let claim = self.sandbox.run(["claim", "api"]).agent("a1").go();
        claim.succeeded();
        assert_eq!(Path::new(claim.stdout().trim_end()), self.api());
    }

    /// What the managers need to know.
    fn with_environment(&self, call: Call) -> Call {
        let tmp = self.sandbox.root().join("tmp");
        call.env("NOTES", tmp.join("notes"))
            .env("PRE_COMMIT_HOME", tmp.join("pre-commit"))
            .env("PREK_HOME", tmp.join("prek"))
            .env("XDG_CACHE_HOME", tmp.join("cache"))
    }

    /// Has the manager install itself in a worktree.
    fn install_in(&self, directory: &Path) -> Ran {
        let program = tools::program(self.manager.name);
        let call = self.sandbox.program(program, self.manager.install);
        self.with_environment(call.in_dir(directory)).go()
    }

    fn git(&self, directory: &Path, args: &[&str]) -> Ran {
        let call = self.sandbox.program("git", args).in_dir(directory);
        self.with_environment(call).go()
    }

    /// How often the hook that writes a line has run.
    fn notes(&self) -> usize {
        let notes = self.sandbox.root().join("tmp/notes");
        fs::read_to_string(notes).map_or(0, |text| text.lines().count())
    }

    /// Writes a file in a worktree and commits it, with these options.
    fn commit(&self, directory: &Path, path: &str, text: &str, options: &[&str]) -> Ran {
        self.sandbox.write(directory.join(path), text);
        self.sandbox.git_in(directory, &["add", path]);
        self.git(directory, &[&["commit", "-qm", "More"], options].concat())
    }

    /// Their three hooks do their work on a commit there.
    #[track_caller]
    fn theirs_run_in(&self, directory: &Path) {
        let path = "src/api/lib.rs";
        let before = self.notes();
        let text = format!("teh {before}\n");
        self.commit(directory, path, &text, &[]).succeeded();
        assert_eq!(self.notes(), before + 1, "theirs run once");
        let committed = self.git(directory, &["show", &format!("HEAD:{path}")]);
        assert_eq!(committed.stdout(), format!("the {before}\n"));

        let tip = self.git(directory, &["rev-parse", "HEAD"]).stdout();
        let ran = self.commit(directory, path, "FORBIDDEN\n", &[]);
        assert_ne!(ran.status(), 0, "{}", ran.block());
        let said = ran.stdout() + &ran.stderr();
        assert!(said.contains("theirs: no"), "{}", ran.block());
        assert_eq!(self.git(directory, &["rev-parse", "HEAD"]).stdout(), tip);
        self.restore(directory);
    }

    /// Ours refuses a foreign edit in the stream's worktree, with and without --no-verify.
    #[track_caller]
    fn ours_guards(&self) {
        for options in [&["--no-verify"][..], &[]] {
            self.refuses_foreign(options);
        }
    }

    #[track_caller]
    fn refuses_foreign(&self, options: &[&str]) {
        let (api, path) = (self.api(), "src/ui/app.js");
        let tip = self.git(&api, &["rev-parse", "HEAD"]).stdout();
        let ran = self.commit(&api, path, "foreign\n", options);
        assert_ne!(ran.status(), 0, "{}", ran.block());
        assert!(
            ran.stderr().contains("stream 'api' may not"),
            "{}",
            ran.block()
        );
        assert_eq!(self.git(&api, &["rev-parse", "HEAD"]).stdout(), tip);
        self.restore(&api);
    }

    /// An agent's commit on the base is refused, in its own checkout; where it is not, `status` says
    /// why. Which of the two?
    #[track_caller]
    fn base_guard(&self) -> String {
        let repo = self.sandbox.repo();
        let tip = self.git(&repo, &["rev-parse", "HEAD"]).stdout();
        self.sandbox.write("README.md", format!("after {tip}"));
        self.sandbox.git(&["add", "README.md"]);
        let commit = ["commit", "-qm", "On main", "--no-verify"];
        let call = self.sandbox.program("git", commit).agent("a1");
        let ran = self.with_environment(call).go();
        let refused = ran.stderr().contains("agents do not commit on 'main'");
        assert_eq!(refused, ran.status() != 0, "{}", ran.block());
        let status = self.sandbox.run(["status", "--json"]).json();
        let off = status["off"].as_array().unwrap();
        assert_eq!(off.is_empty(), refused, "{off:?}\n{}", ran.block());
        let back = ["-c", "core.hooksPath=/dev/null", "reset", "-q", "--hard"];
        self.sandbox.git(&[&back[..], &[tip.trim()]].concat());
        match off.first() {
            None => "guarded".to_owned(),
            Some(off) => off["why"].as_str().unwrap().to_owned(),
        }
    }

    fn restore(&self, directory: &Path) {
        let reset = ["-c", "core.hooksPath=/dev/null", "reset", "-q", "--hard"];
        self.sandbox.git_in(directory, &reset);
    }

    /// Every byte in which a manager keeps itself, but for our line in the configuration and for
    /// the hook of ours that stands among theirs.
    fn theirs(&self) -> (Fingerprint, String) {
        let repo = self.sandbox.repo();
        let hooks = fs::read_dir(repo.join(".git/hooks")).into_iter().flatten();
        let hooks = hooks.map(|entry| entry.unwrap().path());
        let is_ours = |path: &PathBuf| {
            let text = fs::read(path).unwrap_or_default();
            String::from_utf8_lossy(&text).contains("\n# git stream:")
        };
        let others = [".git/info", ".husky"].map(|place| repo.join(place));
        let places: Vec<PathBuf> = hooks.filter(|path| !is_ours(path)).chain(others).collect();
        let config = fs::read_to_string(repo.join(".git/config")).unwrap();
        let config = config.replace(
            "[includeIf \"gitdir:./worktrees/\"]\n\tpath = git-stream.config\n",
            "",
        );
        (Fingerprint::of_paths(&self.sandbox, &places), config)
    }

    /// Takes us down, and demands that theirs is as it was, and at work.
    #[track_caller]
    fn uninstalling_leaves_theirs(&self) {
        let (files, config) = self.theirs();
        let release = self.sandbox.run(["release", "api"]).agent("a1").go();
        release.succeeded();
        self.sandbox.run(["init", "--uninstall"]).go().succeeded();
        let text = fs::read_to_string(self.sandbox.repo().join(".git/config")).unwrap();
        assert_eq!(text, config);
        files.assert_same(&self.theirs().0);
        self.theirs_run_in(&self.sandbox.repo());
    }
}
