//! How does `git stream plan` behave?
