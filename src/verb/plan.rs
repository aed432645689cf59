//! What does `git stream plan` take, and what does it answer?
