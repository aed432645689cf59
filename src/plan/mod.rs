//! What does `streams.toml` say, and what is wrong with it?
