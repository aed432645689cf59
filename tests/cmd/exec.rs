//! How does `git stream exec` behave?
