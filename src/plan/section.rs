//! How is one table read, whatever is wrong in it?
//!
//! Each reader of a value answers with what it understood and puts every mistake into [`Found`],
//! so the caller goes on with a default and never has to stop.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::found::Found;
use super::problem::{Problem, kind};
use super::rules::Word;
use super::schema::{Key, TABLES, Table, nearest};
use super::value::{self, Unfit};
use crate::exit::Explain;
use crate::pattern::{self, Pattern, PatternSet};

/// A table of the document, or the absence of one.
pub(super) struct Section<'a> {
    pub(super) found: &'a Found,
    /// Where its header is; nothing for the top level and for absent tables.
    pub(super) line: Option<usize>,
    schema: &'static Table,
    /// How it is written: `[streams.api]`; empty at the top level.
    title: String,
    /// The stream that it is about.
    stream: Option<&'a str>,
    table: Option<&'a DeTable<'a>>,
}

/// A text out of a list, and its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

/// A list of patterns, as far as it was understood.
#[derive(Debug)]
pub(super) struct Patterns<'a> {
    /// What was understood.
    pub(super) set: PatternSet,
    /// The texts of that.
    pub(super) texts: Vec<&'a str>,
    /// Whether nothing is missing that would make the set smaller: a bad exclude, for one.
    pub(super) bounded: bool,
    /// Whether nothing is missing at all.
    pub(super) whole: bool,
}

impl<'a> Section<'a> {
    /// The top level.
    pub(super) fn top(found: &'a Found, table: &'a DeTable<'a>, schema: &'static Table) -> Self {
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
    pub(super) fn table(&self, key: &'static str, schema: &'static Table) -> Section<'a> {
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
    pub(super) fn named_tables(
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
            let title = format!("[{key}.{}]", value::toml_key(name));
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
                    "`{name}` in [{key}] must be a table, not {}",
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
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// Reports that a key has to be given.
    pub(super) fn report_missing(&self, key: &'static str, why: &str) {
        let message = format!("`{key}`{} is missing: {why}", self.place());
        let hint = format!(
            "Write `{key} = {}`{}.",
            self.schema_of(key).example,
            self.below()
        );
        self.add(self.line, kind::MISSING_KEY, message, hint);
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &'static str) -> Option<&'a str> {
        self.checked(key, "text in quotes", Ok)
    }

    /// A text, and what it means.
    pub(super) fn checked<T>(
        &self,
        key: &'static str,
        wanted: &str,
        check: impl FnOnce(&'a str) -> Result<T, Unfit>,
    ) -> Option<T> {
        let (line, value) = self.entry(key)?;
        let DeValue::String(text) = value.get_ref() else {
            self.report_type(key, line, value.get_ref(), wanted);
            return None;
        };
        let text = self.filled(key, line, text)?;
        match check(text) {
            Ok(meaning) => Some(meaning),
            Err(unfit) => {
                let message = format!("`{key}`{} cannot be {text:?}: {}", self.place(), unfit.why);
                self.add(
                    line,
                    kind::BAD_VALUE,
                    message,
                    self.instead(key, unfit.instead),
                );
                None
            }
        }
    }

    /// A length of time.
    pub(super) fn duration(&self, key: &'static str, default: SignedDuration) -> SignedDuration {
        self.checked(key, "a length of time in quotes", value::duration)
            .unwrap_or(default)
    }

    /// One of some words.
    pub(super) fn word<W: Word>(&self, key: &'static str, default: W) -> W {
        let check = |text: &str| {
            let found = W::WORDS.iter().find(|(word, _)| *word == text);
            found
                .map(|(_, value)| *value)
                .ok_or_else(|| value::not_a_word(text, key, W::WORDS))
        };
        self.checked(key, "a word in quotes", check)
            .unwrap_or(default)
    }

    /// Yes or no.
    pub(super) fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some((line, value)) = self.entry(key) else {
            return default;
        };
        if let DeValue::Boolean(flag) = value.get_ref() {
            return *flag;
        }
        self.report_type(key, line, value.get_ref(), "true or false");
        default
    }

    /// A whole number, and its line.
    pub(super) fn integer(&self, key: &'static str) -> Option<(i64, usize)> {
        let (line, value) = self.entry(key)?;
        if let DeValue::Integer(digits) = value.get_ref() {
            // What does not fit is as far out of every range as the largest that does.
            let number = i64::from_str_radix(digits.as_str(), digits.radix());
            let far = if digits.as_str().starts_with('-') {
                i64::MIN
            } else {
                i64::MAX
            };
            return Some((number.unwrap_or(far), line));
        }
        self.report_type(key, line, value.get_ref(), "a whole number");
        None
    }

    /// A number within a range.
    pub(super) fn count(&self, key: &'static str, range: RangeInclusive<u32>, default: u32) -> u32 {
        let Some((number, line)) = self.integer(key) else {
            return default;
        };
        if let Some(count) = u32::try_from(number)
            .ok()
            .filter(|count| range.contains(count))
        {
            return count;
        }
        let (least, most) = (range.start(), range.end());
        let why = format!("`{key}`{} must be from {least} to {most}", self.place());
        self.add(line, kind::BAD_VALUE, why, self.instead(key, None));
        default
    }

    /// The texts of a list that are texts; none of them is empty.
    pub(super) fn list(&self, key: &'static str) -> Vec<Item<'a>> {
        self.list_and_rejects(key).0
    }

    /// Reports a list that is there and has nothing in it.
    pub(super) fn refuse_empty_list(&self, key: &'static str, why: &str) {
        if let Some((line, value)) = self.entry(key)
            && let DeValue::Array(elements) = value.get_ref()
            && elements.is_empty()
        {
            let message = format!("`{key}`{} is an empty list: {why}", self.place());
            self.add(line, kind::EMPTY, message, self.instead(key, None));
        }
    }

    /// The list, and how many of its elements were reported.
    fn list_and_rejects(&self, key: &'static str) -> (Vec<Item<'a>>, usize) {
        let Some((line, value)) = self.entry(key) else {
            return (Vec::new(), 0);
        };
        let DeValue::Array(elements) = value.get_ref() else {
            self.report_type(key, line, value.get_ref(), "a list");
            return (Vec::new(), 1);
        };
        let items: Vec<Item> = elements
            .iter()
            .filter_map(|e| self.element(key, e))
            .collect();
        let rejects = elements.len() - items.len();
        (items, rejects)
    }

    fn element(&self, key: &'static str, element: &'a Spanned<DeValue<'a>>) -> Option<Item<'a>> {
        let line = self.found.line(&element.span());
        let DeValue::String(text) = element.get_ref() else {
            let got = sort(element.get_ref());
            let message = format!("`{key}`{} is a list of texts, not of {got}", self.place());
            self.add(line, kind::BAD_TYPE, message, self.instead(key, None));
            return None;
        };
        Some(Item {
            text: self.filled(key, line, text)?,
            line,
        })
    }

    /// A list of patterns.
    pub(super) fn patterns(&self, key: &'static str) -> Patterns<'a> {
        let (items, rejects) = self.list_and_rejects(key);
        let (mut bounded, mut whole) = (rejects == 0, rejects == 0);
        let mut texts = Vec::new();
        for item in items {
            match Pattern::parse(item.text) {
                Ok(_) => texts.push(item.text),
                Err(error) => {
                    self.report_pattern(key, item.line, &error);
                    bounded &= !item.text.starts_with('!');
                    whole = false;
                }
            }
        }
        let set = self.set(key, &texts, whole).unwrap_or_else(|| {
            (bounded, whole) = (false, false);
            PatternSet::empty()
        });
        Patterns {
            set,
            texts,
            bounded,
            whole,
        }
    }

    /// The set, unless it is nothing even though all of its patterns were understood.
    fn set(&self, key: &'static str, texts: &[&str], whole: bool) -> Option<PatternSet> {
        if texts.is_empty() {
            return Some(PatternSet::empty());
        }
        let errors = match PatternSet::parse(texts) {
            Ok(set) => return Some(set),
            Err(errors) => errors,
        };
        let line = self.entry(key).map(|(line, _)| line);
        for error in errors
            .iter()
            .filter(|error| whole || **error != pattern::Error::Empty)
        {
            self.report_pattern(key, line, error);
        }
        None
    }

    fn report_pattern(
        &self,
        key: &'static str,
        line: impl Into<Option<usize>>,
        error: &pattern::Error,
    ) {
        let kind = match error.pattern() {
            Some(_) => kind::BAD_PATTERN,
            None if *error == pattern::Error::Empty => kind::EMPTY,
            None => kind::TOO_LARGE,
        };
        let message = format!("`{key}`{}: {error}", self.place());
        self.add(line, kind, message, self.instead(key, error.hints().pop()));
    }

    /// Reports something about this section.
    pub(super) fn add(
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
    pub(super) fn place(&self) -> String {
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

    /// The line and the value of a key.
    fn entry(&self, key: &'static str) -> Option<(usize, &'a Spanned<DeValue<'a>>)> {
        debug_assert!(
            self.schema.key(key).is_some(),
            "every key that is read is in the schema"
        );
        let (name, value) = self.table?.get_key_value(key)?;
        Some((self.found.line(&name.span()), value))
    }

    fn schema_of(&self, key: &'static str) -> &'static Key {
        self.schema
            .key(key)
            .expect("every key that is read is in the schema")
    }

    /// The text, unless nothing is in it or no program could be given it.
    fn filled(&self, key: &'static str, line: usize, text: &'a str) -> Option<&'a str> {
        if text.trim().is_empty() {
            let message = format!("`{key}`{} holds an empty text", self.place());
            self.add(
                line,
                kind::EMPTY,
                message,
                "Write what is meant, or remove it.",
            );
            None
        } else if text.contains('\0') {
            let message = format!("`{key}`{} holds a NUL character", self.place());
            self.add(
                line,
                kind::BAD_VALUE,
                message,
                "Remove `\\u0000` from the text.",
            );
            None
        } else {
            Some(text)
        }
    }

    fn report_type(&self, key: &'static str, line: usize, got: &DeValue, wanted: &str) {
        let message = format!(
            "`{key}`{} must be {wanted}, not {}",
            self.place(),
            sort(got)
        );
        self.add(line, kind::BAD_TYPE, message, self.instead(key, None));
    }

    /// The remedy: what is known to be right, or else the key's example.
    fn instead(&self, key: &'static str, better: Option<String>) -> String {
        let example = self.schema_of(key).example;
        better.unwrap_or_else(|| {
            if example.starts_with('[') && !example.contains('"') {
                format!("Write a table: `{example}`.")
            } else {
                format!("Write, for example, `{key} = {example}`.")
            }
        })
    }

    fn report_unknown_keys(&self) {
        for (name, _) in self.table.into_iter().flatten() {
            let (line, name) = (self.found.line(&name.span()), name.get_ref().as_ref());
            if self.schema.key(name).is_none() && !name.starts_with("x-") {
                let place = if self.title.is_empty() {
                    " at the top level".to_owned()
                } else {
                    self.place()
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
    }

    fn remedy_for_unknown(&self, name: &str) -> String {
        let elsewhere = || TABLES.iter().find(|table| table.key(name).is_some());
        if let Some(near) = nearest(name, self.schema.keys.iter().map(|key| key.name)) {
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
}

/// What a value is, in words.
fn sort(value: &DeValue) -> &'static str {
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
