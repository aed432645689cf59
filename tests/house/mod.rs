//! Rules about the source tree, and the tests of the sandbox.

mod arrows;
mod harness;
mod mutations;
mod pages;
mod shape;
mod tree;
mod words;
