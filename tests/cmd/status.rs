//! How does `git stream status` behave?
