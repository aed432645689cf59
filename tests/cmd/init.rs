//! How does `git stream init` behave?
