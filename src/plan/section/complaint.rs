//! How is it said that something in a table is wrong?
//!
//! The words of every complaint about keys and types: what is wrong, in which table, and what to
//! write instead, taken from the schema's examples.

use toml::de::DeValue;

use super::Section;
use crate::plan::problem::{Problem, kind};
use crate::plan::schema::{Key, TABLES, nearest};
use crate::plan::value;

impl<'a> Section<'a> {
    /// Reports something about this section.
    pub(in crate::plan) fn add(
        &self,
        line: impl Into<Option<usize>>,
        kind: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found.add(
            Problem::new(kind, message, hint)
                .at(line)
                .about(self.stream),
        );
    }

    /// ` in [claim]`, or nothing at the top level.
    pub(in crate::plan) fn place(&self) -> String {
        if self.title.is_empty() {
            String::new()
        } else {
            format!(" in {}", self.title)
        }
    }

    /// ` below [claim]`, or where the top level is.
    fn below(&self) -> String {
        if self.title.is_empty() {
            " at the top of the file".to_owned()
        } else {
            format!(" below `{}`", self.title)
        }
    }

    /// Reports that a key has to be given.
    pub(in crate::plan) fn report_missing(&self, key: &'static str, why: &str) {
        if self
            .unknown_keys()
            .any(|(_, name)| self.nearest_key(name) == Some(key))
        {
            return; // It is there, misspelt, and reported as that.
        }
        let message = format!("`{key}`{} is missing: {why}", self.place());
        let hint = format!(
            "Write `{key} = {}`{}.",
            self.schema_of(key).example,
            self.below()
        );
        self.add(self.line, kind::MISSING_KEY, message, hint);
    }

    /// Reports a list that is there and has nothing in it.
    pub(in crate::plan) fn refuse_empty_list(&self, key: &'static str, why: &str) {
        if let Some((line, value)) = self.entry(key)
            && let DeValue::Array(elements) = value.get_ref()
            && elements.is_empty()
        {
            let message = format!("`{key}`{} is an empty list: {why}", self.place());
            self.add(line, kind::EMPTY, message, self.instead(key, None));
        }
    }

    pub(super) fn report_type(&self, key: &'static str, line: usize, got: &DeValue, wanted: &str) {
        let message = format!(
            "`{key}`{} must be {wanted}, not {}",
            self.place(),
            sort(got)
        );
        self.add(line, kind::BAD_TYPE, message, self.instead(key, None));
    }

    /// The remedy: what is known to be right, or else the key's example.
    pub(super) fn instead(&self, key: &'static str, better: Option<String>) -> String {
        let example = self.schema_of(key).example;
        better.unwrap_or_else(|| {
            if example.starts_with('[') && !example.contains('"') {
                format!("Write a table: `{example}`.")
            } else {
                format!("Write, for example, `{key} = {example}`.")
            }
        })
    }

    pub(super) fn report_unknown_keys(&self) {
        for (line, name) in self.unknown_keys() {
            let place = match self.place() {
                place if place.is_empty() => " at the top level".to_owned(),
                place => place,
            };
            let message = format!("unknown key `{}`{place}", value::toml_key(name));
            self.add(
                line,
                kind::UNKNOWN_KEY,
                message,
                self.remedy_for_unknown(name),
            );
        }
    }

    /// The keys that nothing reads, and their lines.
    fn unknown_keys(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let keys = self.table.into_iter().flat_map(|table| table.keys());
        let keys = keys.map(|name| (self.found.line(&name.span()), name.get_ref().as_ref()));
        keys.filter(|(_, name)| self.schema.key(name).is_none() && !name.starts_with("x-"))
    }

    fn nearest_key(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.schema.keys.iter().map(|key| key.name))
    }

    fn remedy_for_unknown(&self, name: &str) -> String {
        let elsewhere = || TABLES.iter().find(|table| table.key(name).is_some());
        if let Some(near) = self.nearest_key(name) {
            format!("Did you mean `{near}`?")
        } else if let Some(table) = elsewhere() {
            match table.place {
                "" => format!("Move `{name}` to the top of the file, above all tables."),
                place => format!("Move `{name}` below `[{place}]`."),
            }
        } else {
            let known: Vec<String> = self
                .schema
                .keys
                .iter()
                .map(|key| format!("`{}`", key.name))
                .collect();
            let known = known.join(", ");
            format!("Remove it, or begin its name with `x-`; the keys here are {known}.")
        }
    }

    fn schema_of(&self, key: &'static str) -> &'static Key {
        self.schema
            .key(key)
            .expect("every key that is read is in the schema")
    }
}

/// What a value is, in words.
pub(super) fn sort(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
