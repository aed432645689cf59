//! How does `git stream inbox` behave?
