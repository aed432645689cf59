//! How does `git stream claim` behave?
