//! How is one table read, whatever is wrong in it?
//!
//! Each reader of a value answers with what it understood and puts every mistake into [`Found`],
//! so the caller goes on with a default and never has to stop. The readers are in `table`,
//! `scalar` and `list`; what they say about mistakes is in `complaint`.

mod complaint;
mod list;
mod scalar;
mod table;

use toml::de::DeTable;

pub(super) use list::{Item, Patterns};

use super::found::Found;
use super::schema::Table;

/// A table of the document, or the absence of one.
pub(in crate::plan) struct Section<'a> {
    pub(in crate::plan) found: &'a Found,
    /// Where its header is; nothing for the top level and for absent tables.
    pub(in crate::plan) line: Option<usize>,
    schema: &'static Table,
    /// How it is written: `[streams.api]`; empty at the top level.
    title: String,
    /// The stream that it is about.
    stream: Option<&'a str>,
    table: Option<&'a DeTable<'a>>,
}
