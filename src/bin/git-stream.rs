//! Runs a git stream command
fn main() {}
