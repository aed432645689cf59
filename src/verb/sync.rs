//! What does `git stream sync` take, and what does it answer?
