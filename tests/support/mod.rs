//! How does a test run real commands without seeing the machine it runs on?
//!
//! A [`Sandbox`] is a temporary directory with a repository, and an environment that is built from
//! nothing. `sandbox.run(["claim", "api"])` prepares a [`Call`]; `go()` makes it a [`Ran`], whose
//! `block()` is what a snapshot holds. [`race`] starts many calls at one instant, [`Kill`] ends a
//! call at one of the git processes it starts, [`Fingerprint`] proves that nothing has changed and
//! [`assert_sound`] that a repository is whole.
//!
//! `GIT_STREAM_TEST_GIT_DIR=DIR` runs everything with the git program found in DIR, and
//! `GIT_STREAM_TEST_REF_FORMAT=reftable` with refs that are no files.

mod call;
mod fingerprint;
mod kill;
mod mask;
mod race;
mod sandbox;

pub(crate) use call::{Call, Ran};
pub(crate) use fingerprint::{Fingerprint, assert_sound};
pub(crate) use kill::{Kill, can_trace, for_every_change, for_every_git_call};
pub(crate) use race::race;
pub(crate) use sandbox::Sandbox;
