//! Rules about the source tree, and the tests of the sandbox.

mod harness;
