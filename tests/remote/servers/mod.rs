//! Is it the same over a path, over `git daemon` and over a web server, and when they fail?

mod proxy;
mod served;
mod story;
mod trouble;
