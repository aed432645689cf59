//! How does `git stream release` behave?
