//! What do patterns match, and can two claims own a common path?
//!
//! A [`Pattern`] is one line as a person wrote it. A [`PatternSet`] is what its includes match and
//! none of its excludes does. A [`Territory`] is what a claim owns: a union of sets, minus what it
//! has given away. [`Matcher`] answers for existing paths; [`Overlaps`] decides for all paths,
//! existing or not, and shows one that both would own.
//!
//! Both run the same regular expressions, the ones `globset` writes, on raw bytes; so what is
//! matched and what is decided cannot drift apart. Paths that git cannot store ([`path_problem`])
//! belong to nobody.
//!
//! Everything here is a pure function of its arguments. What is shared beats what is owned, but
//! the caller says what is shared.

mod automaton;
mod dotgit;
mod error;
mod glob;
mod hint;
mod matcher;
mod overlap;
mod search;
mod set;
mod storable;
#[cfg(test)]
mod tests;

pub use error::{Error, Invalid};
pub use glob::Pattern;
pub use hint::hint;
pub use matcher::Matcher;
pub use overlap::{Compare, Comparison, Overlaps, TooComplex, overlap};
pub use set::{PatternSet, Territory};
pub use storable::{PathProblem, path_problem};
