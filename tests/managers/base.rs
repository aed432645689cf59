//! Does the hook that guards the base in its own checkout stand beside each manager's?

use super::beside::for_each_manager;
use super::{HUSKY, Home, LEFTHOOK, Manager, PRE_COMMIT, PREK};

/// The same hooks as in the other tests, before a commit only.
const YAML: (&str, &str) = (
    ".pre-commit-config.yaml",
    "default_stages: [pre-commit]
repos:
- repo: local
  hooks:
  - {id: note, name: note, language: system, entry: tools/note, always_run: true, pass_filenames: false}
  - {id: refuse, name: refuse, language: system, entry: tools/refuse, always_run: true, pass_filenames: false}
  - {id: rewrite, name: rewrite, language: system, entry: tools/rewrite, always_run: true, pass_filenames: false}
",
);
const BOTH: &[&str] = &["install", "-t", "pre-commit", "-t", "prepare-commit-msg"];

/// Managers that are asked for the very hook that ours is: two run first what they have found, and
/// one puts it aside.
const SAME_HOOK: [Manager; 3] = [
    Manager {
        install: BOTH,
        config: YAML,
        ..PRE_COMMIT
    },
    Manager {
        install: BOTH,
        config: YAML,
        ..PREK
    },
    PUTS_ASIDE,
];
const PUTS_ASIDE: Manager = Manager {
    config: (
        "lefthook.yml",
        "pre-commit: {jobs: [{run: tools/note}, {run: tools/refuse}, {run: tools/rewrite}]}
prepare-commit-msg: {jobs: [{run: 'true'}]}
",
    ),
    ..LEFTHOOK
};

impl Home {
    /// What is to be expected beside a manager: git runs what its configuration names in any case.
    #[track_caller]
    fn expects(&self, otherwise: &str) {
        let configured = self.sandbox.has_git(2, 54);
        let expected = if configured { "guarded" } else { otherwise };
        assert_eq!(self.base_guard(), expected);
    }
}

/// husky sends git to its own directory; the others leave alone what they are not asked for.
fn beside(manager: Manager) -> &'static str {
    if manager.name == HUSKY.name {
        "elsewhere"
    } else {
        "guarded"
    }
}

for_each_manager!(the_base_is_guarded_beside_one_that_was_there_or_it_is_said);
fn the_base_is_guarded_beside_one_that_was_there_or_it_is_said(manager: Manager) {
    let Some(home) = Home::of(manager) else {
        return;
    };
    let repo = home.sandbox.repo();
    home.install_in(&repo).succeeded();
    home.set_up();
    home.expects(beside(manager));
    home.theirs_run_in(&repo);
    home.install_in(&repo).succeeded();
    home.expects(beside(manager));
    home.uninstalling_leaves_theirs();
}

for_each_manager!(the_base_is_guarded_beside_one_that_comes_later_or_it_is_said);
fn the_base_is_guarded_beside_one_that_comes_later_or_it_is_said(manager: Manager) {
    let Some(home) = Home::of(manager) else {
        return;
    };
    let repo = home.sandbox.repo();
    home.set_up();
    home.expects("guarded");
    home.install_in(&repo).succeeded();
    home.expects(beside(manager));
    home.theirs_run_in(&repo);
    home.sandbox.run(["init"]).go().succeeded();
    home.expects(beside(manager));
    home.theirs_run_in(&home.api());
    home.ours_guards();
    home.uninstalling_leaves_theirs();
}

#[test]
fn one_that_is_asked_for_the_very_hook_later_runs_ours_first_or_it_is_said() {
    for manager in SAME_HOOK {
        let Some(home) = Home::of(manager) else {
            continue;
        };
        let repo = home.sandbox.repo();
        let there = if manager.name == PUTS_ASIDE.name {
            "taken"
        } else {
            "guarded"
        };
        home.set_up();
        home.install_in(&repo).succeeded();
        home.expects(there);
        home.sandbox.run(["init"]).go().succeeded();
        home.expects(there);
        home.theirs_run_in(&repo);
        home.theirs_run_in(&home.api());
        home.ours_guards();
        home.uninstalling_leaves_theirs();
        for aside in ["legacy", "old"] {
            let aside = format!(".git/hooks/prepare-commit-msg.{aside}");
            assert!(!repo.join(&aside).exists(), "{aside}");
        }
    }
}

#[test]
fn one_that_was_asked_for_the_very_hook_before_keeps_it() {
    for manager in SAME_HOOK {
        let Some(home) = Home::of(manager) else {
            continue;
        };
        home.install_in(&home.sandbox.repo()).succeeded();
        home.set_up();
        home.expects("taken");
        home.uninstalling_leaves_theirs();
    }
}

#[test]
fn one_that_goes_away_leaves_the_place_to_ours_again() {
    let Some(home) = Home::of(PUTS_ASIDE) else {
        return;
    };
    let repo = home.sandbox.repo();
    home.set_up();
    home.install_in(&repo).succeeded();
    home.expects("taken");
    let program = super::tools::program(PUTS_ASIDE.name);
    let gone = home.sandbox.program(program, ["uninstall"]);
    home.with_environment(gone).go().succeeded();
    home.sandbox.run(["init"]).go().succeeded();
    home.expects("guarded");
}
