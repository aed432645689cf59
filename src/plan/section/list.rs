//! How is a list read, whatever is wrong with its elements?
//!
//! An element that cannot be understood is reported at its own line and left out; who reads the
//! list learns what that may have changed ([`Patterns`]).

use toml::Spanned;
use toml::de::DeValue;

use super::Section;
use super::complaint::sort;
use crate::exit::Explain;
use crate::pattern::{self, Pattern, PatternSet};
use crate::plan::problem::kind;

/// A text out of a list, and its line.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Item<'a> {
    pub(in crate::plan) text: &'a str,
    pub(in crate::plan) line: usize,
}

/// A list of patterns, as far as it was understood.
#[derive(Debug)]
pub(in crate::plan) struct Patterns<'a> {
    /// What was understood.
    pub(in crate::plan) set: PatternSet,
    /// The texts of that.
    pub(in crate::plan) texts: Vec<&'a str>,
    /// Whether nothing is missing that would make the set smaller: a bad exclude, for one.
    pub(in crate::plan) bounded: bool,
    /// Whether nothing is missing at all.
    pub(in crate::plan) whole: bool,
}

impl<'a> Patterns<'a> {
    /// The patterns that include.
    pub(in crate::plan) fn includes(&self) -> Vec<&'a str> {
        self.texts
            .iter()
            .copied()
            .filter(|text| !text.starts_with('!'))
            .collect()
    }
}

impl<'a> Section<'a> {
    /// The texts of a list that are texts; none of them is empty.
    pub(in crate::plan) fn list(&self, key: &'static str) -> Vec<Item<'a>> {
        self.list_and_rejects(key).0
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
    pub(in crate::plan) fn patterns(&self, key: &'static str) -> Patterns<'a> {
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
}
