//! How is a single value read, whatever stands there?

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use toml::de::DeValue;

use super::Section;
use crate::plan::problem::kind;
use crate::plan::rules::Word;
use crate::plan::value::{self, Unfit};

impl<'a> Section<'a> {
    /// A text that is not empty.
    pub(in crate::plan) fn text(&self, key: &'static str) -> Option<&'a str> {
        self.checked(key, "text in quotes", Ok)
    }

    /// A text, and what it means.
    pub(in crate::plan) fn checked<T>(
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
    pub(in crate::plan) fn duration(
        &self,
        key: &'static str,
        default: SignedDuration,
    ) -> SignedDuration {
        self.checked(key, "a length of time in quotes", value::duration)
            .unwrap_or(default)
    }

    /// One of some words.
    pub(in crate::plan) fn word<W: Word>(&self, key: &'static str, default: W) -> W {
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
    pub(in crate::plan) fn flag(&self, key: &'static str, default: bool) -> bool {
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
    pub(in crate::plan) fn integer(&self, key: &'static str) -> Option<(i64, usize)> {
        let (line, value) = self.entry(key)?;
        if let DeValue::Integer(written) = value.get_ref() {
            return Some((value::integer(written), line));
        }
        self.report_type(key, line, value.get_ref(), "a whole number");
        None
    }

    /// A number within a range.
    pub(in crate::plan) fn count(
        &self,
        key: &'static str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> u32 {
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

    /// The text, unless nothing is in it or no program could be given it.
    pub(super) fn filled(&self, key: &'static str, line: usize, text: &'a str) -> Option<&'a str> {
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
}
