//! The one integration binary: real commands against real git, in throwaway repositories.
//!
//! | folder    | holds                                                             |
//! |-----------|-------------------------------------------------------------------|
//! | `cmd`     | what each command prints, and how it ends                         |
//! | `bypass`  | every way round the guard, and what stops it                      |
//! | `race`    | many processes at one instant                                     |
//! | `remote`  | several machines on one remote, and what serves it                |
//! | `crash`   | what is left when a command dies                                  |
//! | `support` | the sandbox: no configuration of the person who runs the tests    |
//! | `house`   | rules about the source tree, and the tests of the sandbox itself  |
//! | `managers`| the real husky, lefthook, pre-commit and prek beside ours         |
//! | `install` | `install.sh`, the hooks and what they leave behind                |

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and the sandbox starts processes and writes files itself"
)]

mod bypass;
mod cmd;
mod crash;
mod house;
mod install;
mod managers;
mod race;
mod remote;
mod support;
