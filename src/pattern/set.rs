//! What do several patterns say together?
//!
//! A set is read and written as a plain list of strings, in the order a person chose.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::LARGEST_SET;
use super::{Error, Pattern};

/// What its includes match and none of its excludes does; the order does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
}

impl PatternSet {
    /// Reads a list of patterns, and reports every problem at once.
    pub fn parse<S: AsRef<str>>(
        texts: impl IntoIterator<Item = S>,
    ) -> Result<PatternSet, Vec<Error>> {
        let mut patterns = Vec::new();
        let mut problems = Vec::new();
        for text in texts {
            match Pattern::parse(text.as_ref()) {
                Ok(pattern) => patterns.push(pattern),
                Err(problem) => problems.push(problem),
            }
        }
        let count = patterns.len() + problems.len();
        if count > LARGEST_SET {
            problems.push(Error::TooMany { count });
        }
        if problems.is_empty() && patterns.iter().all(Pattern::is_exclude) {
            problems.push(Error::Empty);
        }
        if problems.is_empty() {
            Ok(PatternSet { patterns })
        } else {
            Err(problems)
        }
    }

    /// The set that matches nothing, for what a plan leaves out. [`PatternSet::parse`] refuses it,
    /// and so does deserialisation: a field that may hold it is left out when it is empty.
    pub fn empty() -> PatternSet {
        PatternSet {
            patterns: Vec::new(),
        }
    }

    /// Whether this is [`PatternSet::empty`].
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The patterns, in the order they were written.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The patterns as written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(Pattern::text)
    }

    pub(super) fn includes(&self) -> impl Iterator<Item = &Pattern> {
        self.patterns.iter().filter(|pattern| !pattern.is_exclude())
    }

    pub(super) fn excludes(&self) -> impl Iterator<Item = &Pattern> {
        self.patterns.iter().filter(|pattern| pattern.is_exclude())
    }
}

impl Serialize for PatternSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.texts())
    }
}

impl<'de> Deserialize<'de> for PatternSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        PatternSet::parse(texts).map_err(|problems| {
            let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
            serde::de::Error::custom(messages.join("; "))
        })
    }
}

/// What a claim owns: the union of pattern sets, minus what it has given away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Territory {
    /// A path is owned if any of these matches.
    pub sets: Vec<PatternSet>,
    /// And none of these does.
    pub away: Vec<PatternSet>,
}

impl From<PatternSet> for Territory {
    fn from(set: PatternSet) -> Territory {
        Territory {
            sets: vec![set],
            away: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, PatternSet};

    #[test]
    fn every_problem_of_a_list_is_reported_at_once() {
        let problems = PatternSet::parse(["src/", "", "/x", "[a"]).unwrap_err();
        assert_eq!(problems.len(), 3);
        assert_eq!(problems[1].pattern(), Some("/x"));
    }

    #[test]
    fn a_list_that_includes_nothing_is_an_error() {
        assert_eq!(PatternSet::parse([""; 0]).unwrap_err(), [Error::Empty]);
        assert_eq!(PatternSet::parse(["!src/"]).unwrap_err(), [Error::Empty]);
    }

    #[test]
    fn a_list_of_a_thousand_is_the_limit() {
        assert!(PatternSet::parse(vec!["a"; 1000]).is_ok());
        let problems = PatternSet::parse(vec!["a"; 1001]).unwrap_err();
        assert_eq!(problems, [Error::TooMany { count: 1001 }]);
    }

    #[test]
    fn a_set_is_stored_as_the_list_that_was_written() {
        let text = r#"["src/","!src/b","a"]"#;
        let set: PatternSet = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), text);
        let problem = serde_json::from_str::<PatternSet>(r#"["/x"]"#).unwrap_err();
        assert!(
            problem.to_string().contains("'/x' is absolute"),
            "{problem}"
        );
        assert!(serde_json::from_str::<PatternSet>("[]").is_err());
    }
}
