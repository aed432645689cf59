//! Installed before us or after us, here or there: do both work?

use super::{HUSKY, Home, LEFTHOOK, Manager, PRE_COMMIT, PREK};

/// A test of one name for each manager.
macro_rules! for_each_manager {
    ($test:ident) => {
        mod $test {
            #[test]
            fn husky() {
                super::$test(super::HUSKY);
            }

            #[test]
            fn lefthook() {
                super::$test(super::LEFTHOOK);
            }

            #[test]
            fn pre_commit() {
                super::$test(super::PRE_COMMIT);
            }

            #[test]
            fn prek() {
                super::$test(super::PREK);
            }
        }
    };
}

pub(super) use for_each_manager;

for_each_manager!(one_that_was_there_first_goes_on);
fn one_that_was_there_first_goes_on(manager: Manager) {
    let Some(home) = Home::of(manager) else {
        return;
    };
    let repo = home.sandbox.repo();
    home.install_in(&repo).succeeded();
    let (before, config) = home.theirs();
    home.set_up();
    before.assert_same(&home.theirs().0);
    assert_eq!(home.theirs().1, config);
    home.theirs_run_in(&home.api());
    home.ours_guards();
    home.theirs_run_in(&repo);

    // It installs itself again, as every `npm install` has it do.
    home.install_in(&repo).succeeded();
    home.theirs_run_in(&home.api());
    home.ours_guards();
    home.uninstalling_leaves_theirs();
}

for_each_manager!(one_that_comes_after_us_is_found);
fn one_that_comes_after_us_is_found(manager: Manager) {
    let Some(home) = Home::of(manager) else {
        return;
    };
    let repo = home.sandbox.repo();
    home.set_up();
    home.install_in(&repo).succeeded();
    home.theirs_run_in(&home.api());
    home.ours_guards();
    home.theirs_run_in(&repo);
    home.uninstalling_leaves_theirs();
}

for_each_manager!(one_that_is_installed_inside_a_stream_switches_nothing_off);
fn one_that_is_installed_inside_a_stream_switches_nothing_off(manager: Manager) {
    let Some(home) = Home::of(manager) else {
        return;
    };
    home.set_up();
    let ran = home.install_in(&home.api());
    if manager.name == PRE_COMMIT.name {
        // It never installs itself where core.hooksPath is set, by whomever.
        assert_eq!(ran.status(), 1, "{}", ran.block());
        home.ours_guards();
        return;
    }
    ran.succeeded();
    home.ours_guards();
    home.theirs_run_in(&home.api());
    home.ours_guards();
    // In the main checkout it runs when it is installed there.
    home.commit(&home.sandbox.repo(), "src/api/lib.rs", "FORBIDDEN\n", &[])
        .succeeded();
    // And again, now that it is there.
    home.install_in(&home.api()).succeeded();
    home.ours_guards();
    home.theirs_run_in(&home.api());
}
