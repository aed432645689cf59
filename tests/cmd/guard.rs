//! How does `git stream guard` behave?
