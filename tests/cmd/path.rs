//! How does `git stream path` behave?
