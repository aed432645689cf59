//! What does installing put where, and does it leave nothing behind?

mod hooks;
mod script;
