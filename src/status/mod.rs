//! What is the one picture of everything?
