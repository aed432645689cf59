//! What does `git stream path` take, and what does it answer?
