//! What does `git stream exec` take, and what does it answer?
