//! How does `git stream sync` behave?
