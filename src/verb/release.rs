//! What does `git stream release` take, and what does it answer?
