//! What does `git stream init` take, and what does it answer?
