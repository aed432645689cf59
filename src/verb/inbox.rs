//! What does `git stream inbox` take, and what does it answer?
