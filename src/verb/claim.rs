//! What does `git stream claim` take, and what does it answer?
