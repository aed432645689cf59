//! What does `git stream status` take, and what does it answer?
