//! How are tables found, and which of their keys does nobody know?

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Section;
use super::complaint::sort;
use crate::plan::found::Found;
use crate::plan::problem::{Problem, kind};
use crate::plan::schema::Table;
use crate::plan::value;

impl<'a> Section<'a> {
    /// The top level.
    pub(in crate::plan) fn top(
        found: &'a Found,
        table: &'a DeTable<'a>,
        schema: &'static Table,
    ) -> Self {
        let title = String::new();
        let section = Section {
            found,
            line: None,
            schema,
            title,
            stream: None,
            table: Some(table),
        };
        section.report_unknown_keys();
        section
    }

    /// The table under a key; absent is like empty.
    pub(in crate::plan) fn table(&self, key: &'static str, schema: &'static Table) -> Section<'a> {
        let entry = self.entry(key).and_then(|(line, value)| {
            let DeValue::Table(table) = value.get_ref() else {
                self.report_type(key, line, value.get_ref(), "a table");
                return None;
            };
            Some((line, table))
        });
        let section = Section {
            found: self.found,
            line: entry.map(|(line, _)| line),
            schema,
            title: format!("[{key}]"),
            stream: None,
            table: entry.map(|(_, table)| table),
        };
        section.report_unknown_keys();
        section
    }

    /// The tables under a key whose names are the plan's own, as in `[streams.NAME]`.
    pub(in crate::plan) fn named_tables(
        &self,
        key: &'static str,
        schema: &'static Table,
    ) -> Vec<(&'a str, Section<'a>)> {
        let Some((line, value)) = self.entry(key) else {
            return Vec::new();
        };
        let DeValue::Table(tables) = value.get_ref() else {
            self.report_type(key, line, value.get_ref(), "tables with names");
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (name, value) in tables {
            let (line, name) = (self.found.line(&name.span()), name.get_ref().as_ref());
            let stream = (key == "streams").then_some(name);
            let written = value::toml_key(name);
            let title = format!("[{key}.{written}]");
            if let DeValue::Table(table) = value.get_ref() {
                let (found, line, table) = (self.found, Some(line), Some(table));
                let section = Section {
                    found,
                    line,
                    schema,
                    title,
                    stream,
                    table,
                };
                section.report_unknown_keys();
                sections.push((name, section));
            } else if !name.starts_with("x-") {
                let message = format!(
                    "`{written}` in [{key}] must be a table, not {}",
                    sort(value.get_ref())
                );
                let hint = format!("Write the keys below a header of their own: `{title}`.");
                self.found.add(
                    Problem::new(kind::BAD_TYPE, message, hint)
                        .at(line)
                        .about(stream),
                );
            }
        }
        sections
    }

    /// Whether a key is there, with whatever value.
    pub(in crate::plan) fn has(&self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// The line and the value of a key.
    pub(super) fn entry(&self, key: &'static str) -> Option<(usize, &'a Spanned<DeValue<'a>>)> {
        debug_assert!(
            self.schema.key(key).is_some(),
            "every key that is read is in the schema"
        );
        let (name, value) = self.table?.get_key_value(key)?;
        Some((self.found.line(&name.span()), value))
    }
}
