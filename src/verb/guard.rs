//! What does `git stream guard` take, and what does it answer?
